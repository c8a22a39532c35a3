package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
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

func writeText(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func expectFile(t *testing.T, name, text string) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || string(got) != text {
		t.Errorf("%s holds %q, error %v, expected %q", name, got, err, text)
	}
}

func TestModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows keeps no modes")
	}
	dir := t.TempDir()
	name, link, plain := filepath.Join(dir, "m"), filepath.Join(dir, "link"), filepath.Join(dir, "plain")
	if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, 0o666); err != nil { // more than a umask leaves
		t.Fatal(err)
	}
	if err := os.Symlink("m", link); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(plain, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Write(link, writeText("new")); err != nil {
		t.Fatal(err)
	}
	expectFile(t, name, "new")
	if fi, err := os.Lstat(name); err != nil || fi.Mode() != 0o666 {
		t.Errorf("the mode is %v, error %v, expected that of the old file", fi.Mode(), err)
	}
	if fi, err := os.Lstat(link); err != nil || fi.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link was replaced: mode %v, error %v", fi.Mode(), err)
	}
	fresh := filepath.Join(dir, "fresh")
	if err := Write(fresh, writeText("new")); err != nil {
		t.Fatal(err)
	}
	a, errA := os.Stat(fresh)
	b, errB := os.Stat(plain)
	if errA != nil || errB != nil || a.Mode() != b.Mode() {
		t.Errorf("a new file has mode %v, os.WriteFile gives %v", a.Mode(), b.Mode())
	}
}

// TestFailures checks that whatever fails, the old file stays and
// nothing else does.
func TestFailures(t *testing.T) {
	full := errors.New("no space left on device")
	tests := []struct {
		name  string
		write func(w io.Writer) error
		is    error
	}{
		{"write", func(w io.Writer) error {
			if err := writeText("half a f")(w); err != nil {
				return err
			}
			return full
		}, full},
		{"sync", func(w io.Writer) error { return w.(*os.File).Close() }, fs.ErrClosed},
		{"rename", func(w io.Writer) error { return os.Remove(w.(*os.File).Name()) }, fs.ErrNotExist},
	}
	for _, tt := range tests {
		if tt.name == "rename" && runtime.GOOS == "windows" {
			continue // it does not remove open files
		}
		dir := t.TempDir()
		name := filepath.Join(dir, "m.msgpack")
		if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Write(name, tt.write); !errors.Is(err, tt.is) || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), prefix) {
			t.Errorf("%s: error is %v, expected %v with the name of the file and of no other", tt.name, err, tt.is)
		}
		expectFile(t, name, "old")
		if got := entries(t, dir); got != "m.msgpack" {
			t.Errorf("%s: the directory holds %s, expected m.msgpack", tt.name, got)
		}
	}
}

func TestNamesThatAreNotFiles(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, filepath.Join(file, "m"), filepath.Join(dir, "none", "m"), os.DevNull} {
		if err := Write(name, writeText("new")); err == nil {
			t.Errorf("writing %s gives no error", name)
		}
	}
}
