package export

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/snurun/snurun/model"
)

// entries lists the names in dir.
func entries(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func expectFile(t *testing.T, name, text string) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || string(got) != text {
		t.Errorf("%s holds %q, error %v, expected %q", name, got, err, text)
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "m.msgpack")
	n, err := ReadFile(filepath.Join("testdata", "tiny.msgpack"))
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(name, n); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "tiny.msgpack"))
	if err != nil {
		t.Fatal(err)
	}
	expectFile(t, name, string(want))
	if err := WriteFile(name, &model.Network{}); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("error is %v, expected ErrInvalid", err)
	}
	expectFile(t, name, string(want))
	if got := entries(t, dir); got != "m.msgpack" {
		t.Errorf("the directory holds %s, expected m.msgpack", got)
	}
}

func TestNamesThatAreNotFiles(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, filepath.Join(file, "m"), filepath.Join(dir, "none", "m"), os.DevNull} {
		for what, read := range map[string]func(string) error{
			"ReadFile": func(s string) error { _, err := ReadFile(s); return err },
			"Stat":     func(s string) error { _, err := Stat(s); return err },
		} {
			if err := read(name); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s of %s: error is %v, expected one with the name", what, name, err)
			}
		}
	}
	for _, read := range []func(string) error{
		func(s string) error { _, err := ReadFile(s); return err },
		func(s string) error { _, err := Stat(s); return err },
	} {
		if err := read(file); !errors.Is(err, ErrNotModel) || !strings.Contains(err.Error(), file) {
			t.Errorf("error is %v, expected ErrNotModel with the name", err)
		}
	}
}
