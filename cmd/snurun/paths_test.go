//go:build !board

package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestPaths gives files and folders names that break programs that take names
// apart by hand: those of Windows, with spaces, like flags or formats. A name is
// opaque: every command reads, writes and reports it as it is.
func TestPaths(t *testing.T) {
	model, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	data := smallMNIST(t, 60)
	names := []string{"a b", "100%s", "ünï", "-x", "x.png.d", "images", "a=b,c"}
	if runtime.GOOS != "windows" { // which takes the drive and the folders out of these
		names = append(names, `C:\Users\me`, `C:me`, `\\server\share`, "a\\", "new\nline")
	}
	if testing.Short() {
		names = names[:4]
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.Mkdir(name, 0o777); err != nil {
				t.Fatal(err)
			}
			in := func(file string) string { return name + string(filepath.Separator) + file }
			writeFile(t, in(name+".msgpack"), model)
			writeFile(t, in(name+".npy"), npyOf(t, make([]uint8, 784), 1, 784))
			if err := os.CopyFS(in("data"), os.DirFS(data)); err != nil {
				t.Fatal(err)
			}
			m := in(name + ".msgpack")
			for _, args := range [][]string{
				{"verify", "--", m},
				{"inspect", "--", m},
				{"classify", "--limit=1", "--data=" + in("data"), "--", m},
				{"classify", "--", m, in(name + ".npy")},
				{"simulate", "--in=" + in(name+".npy"), "--out=" + in(name+".npz"), "--", m},
				{"plot", "weights", "--neurons=0", "--out=" + in(name+".svg"), "--", m},
				{"train", "--data=" + in("data"), "--holdout=10", "--epochs=1", "--draws=1", "--hidden=8", "--steps=2", "--out=" + in(name+".new.msgpack"), "--quiet"},
				{"man", "--out=" + in("man")},
			} {
				must(t, args...)
			}
			for _, file := range []string{name + ".npz", name + ".svg", name + ".new.msgpack", "man/snurun.1"} {
				if _, err := os.Stat(in(file)); err != nil {
					t.Error(err)
				}
			}
			entries, err := os.ReadDir(".")
			if err != nil || len(entries) != 1 {
				t.Errorf("%v, %v: files were written elsewhere", entries, err)
			}
			absent := in("absent.msgpack")
			if _, diagnostics, code := snurun(t, "verify", "--", absent); code != exitFailure || !strings.Contains(diagnostics, absent) {
				t.Errorf("exit %d, %q, expected the name %q", code, diagnostics, absent)
			}
		})
	}
}
