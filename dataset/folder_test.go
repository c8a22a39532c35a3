package dataset

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

func TestLoadFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "classes.txt", []byte("yes\r\nno \nmaybe"))
	write(t, dir, "yes/2.npy", npyFile(t, []uint8{0, 1, 1, 1}, 2, 2))
	write(t, dir, "yes/1.npy", npyFile(t, []uint8{1, 0, 0, 1}, 2, 1, 2))
	write(t, dir, "yes/notes.txt", nil)
	write(t, dir, "no/b.npy", npyFile(t, []uint8{0, 0}, 1, 2))
	write(t, dir, "maybe/none.npy", npyFile(t, []uint8{}, 0, 1, 2))
	if err := os.Mkdir(filepath.Join(dir, "yes", "3.npy"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, shape := range [][]int{nil, {2}, {2, 1, 1}} {
		src, err := LoadFolder(dir, model.Input{Shape: shape, Encoder: model.Encoder{Coding: model.Events}})
		if err != nil {
			t.Fatal(err)
		}
		want := shape
		if shape == nil {
			want = []int{2}
		}
		if src.Len() != 4 || !slices.Equal(src.Shape(), want) || !slices.Equal(src.Classes(), []string{"yes", "no", "maybe"}) {
			t.Errorf("%d samples of shape %v, classes %q", src.Len(), src.Shape(), src.Classes())
		}
		dst := spike.NewTrain(1, 2)
		for i, c := range []struct {
			label int
			word  uint64
		}{{0, 1}, {0, 2}, {0, 2}, {1, 0}} {
			if err := src.Spikes(dst, i, Key{}); err != nil || src.Label(i) != c.label || dst.Words()[0] != c.word {
				t.Errorf("sample %d: label %d, spikes %x, %v", i, src.Label(i), dst.Words(), err)
			}
		}
	}
	src, err := LoadFolder(dir, model.Input{Encoder: model.Encoder{Coding: model.Direct}})
	if err != nil {
		t.Fatal(err)
	}
	v := spike.NewValues(1, 2)
	if err := src.Values(v, 1); err != nil || !slices.Equal(v.At(0), []float32{0, 1}) || src.Len() != 4 {
		t.Errorf("values %v, %v", v, err)
	}
}

func TestLoadFolderRefuses(t *testing.T) {
	spikes := model.Input{Encoder: model.Encoder{Coding: model.Events}}
	analog := model.Input{Encoder: model.Encoder{Coding: model.Direct}}
	good := npyFile(t, []uint8{0, 1}, 1, 2)
	for name, c := range map[string]struct {
		files map[string][]byte
		in    model.Input
		want  error
		text  string
	}{
		"no classes.txt":   {nil, spikes, fs.ErrNotExist, "classes.txt"},
		"no classes":       {map[string][]byte{"classes.txt": nil}, spikes, ErrFormat, "no classes"},
		"blank line":       {map[string][]byte{"classes.txt": []byte("a\n\nb")}, spikes, ErrFormat, "classes.txt:2"},
		"class twice":      {map[string][]byte{"classes.txt": []byte("a\nb\na")}, spikes, ErrFormat, "classes.txt:3"},
		"parent":           {map[string][]byte{"classes.txt": []byte("..")}, spikes, ErrFormat, "classes.txt:1"},
		"itself":           {map[string][]byte{"classes.txt": []byte(".")}, spikes, ErrFormat, "classes.txt:1"},
		"path":             {map[string][]byte{"classes.txt": []byte("a/b")}, spikes, ErrFormat, "classes.txt:1"},
		"many classes":     {map[string][]byte{"classes.txt": make([]byte, maxClasses+1)}, spikes, ErrFormat, "bytes"},
		"no folder":        {map[string][]byte{"classes.txt": []byte("a")}, spikes, fs.ErrNotExist, "a"},
		"no recordings":    {map[string][]byte{"classes.txt": []byte("a"), "a/x.txt": nil}, spikes, fs.ErrNotExist, "no recordings"},
		"broken spikes":    {map[string][]byte{"classes.txt": []byte("a"), "a/x.npy": good[:20]}, spikes, ErrFormat, "x.npy"},
		"broken values":    {map[string][]byte{"classes.txt": []byte("a"), "a/x.npy": good[:20]}, analog, ErrFormat, "x.npy"},
		"other shape":      {map[string][]byte{"classes.txt": []byte("a"), "a/x.npy": good}, model.Input{Shape: []int{3}}, ErrMismatch, "x.npy"},
		"impossible shape": {map[string][]byte{"classes.txt": []byte("a"), "a/x.npy": good}, model.Input{Shape: []int{-3}}, errAny, "shape"},
		"two shapes":       {map[string][]byte{"classes.txt": []byte("a"), "a/x.npy": good, "a/y.npy": npyFile(t, []uint8{1}, 1, 1)}, spikes, ErrMismatch, "y.npy"},
	} {
		dir := t.TempDir()
		for file, data := range c.files {
			write(t, dir, file, data)
		}
		_, err := LoadFolder(dir, c.in)
		if err == nil || c.want != errAny && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, expected %v with %q", name, err, c.want, c.text)
		}
	}
	dir := t.TempDir()
	write(t, dir, "classes.txt", []byte("a"))
	write(t, dir, "a/x.npy", good)
	if err := os.Chmod(filepath.Join(dir, "a", "x.npy"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadFolder(dir, spikes); os.Getuid() > 0 && !errors.Is(err, fs.ErrPermission) {
		t.Errorf("an unreadable file: %v", err)
	}
	// classes.txt is a folder: it opens, but cannot be read.
	dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "classes.txt"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadFolder(dir, spikes); err == nil {
		t.Error("a folder was read as the list of classes")
	}
}
