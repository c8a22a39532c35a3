package dataset

import (
	"context"
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
		src, err := LoadFolder(t.Context(), dir, model.Input{Shape: shape, Encoder: model.Encoder{Coding: model.Events}}, FolderOptions{})
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
			if err := src.Load(dst, i, Key{}); err != nil || src.Label(i) != c.label || dst.Words()[0] != c.word {
				t.Errorf("sample %d: label %d, spikes %x, %v", i, src.Label(i), dst.Words(), err)
			}
		}
	}
	src, err := LoadFolder(t.Context(), dir, model.Input{Encoder: model.Encoder{Coding: model.Direct}}, FolderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	v := spike.NewValues(1, 2)
	if err := src.Load(v, 1, Key{}); err != nil || !slices.Equal(v.At(0), []float32{0, 1}) || src.Len() != 4 {
		t.Errorf("values %v, %v", v, err)
	}
}

// TestLoadFolderInterrupted stops between two recordings: no more are read.
func TestLoadFolderInterrupted(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "yes/1.npy", npyFile(t, []uint8{1, 0, 0, 1}, 2, 1, 2))
	write(t, dir, "yes/2.npy", []byte("broken"))
	ctx := &endsAfter{Context: t.Context(), left: 1}
	_, err := LoadFolder(ctx, dir, model.Input{Encoder: model.Encoder{Coding: model.Events}}, FolderOptions{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// endsAfter is a context that was cancelled when it is asked once more than left.
type endsAfter struct {
	context.Context
	left int
}

func (c *endsAfter) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestLoadFolderOfMarkedText(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "classes.txt", []byte("\ufeffyes\nno"))
	write(t, dir, "labels.txt", []byte("\ufeff# the only one\r\na.npy yes\r\n"))
	write(t, dir, "a.npy", npyFile(t, []uint8{0, 1, 1, 1}, 2, 2))
	src, err := LoadFolder(t.Context(), dir, model.Input{Encoder: model.Encoder{Coding: model.Events}}, FolderOptions{})
	if err != nil || src.Len() != 1 || !slices.Equal(src.Classes(), []string{"yes", "no"}) {
		t.Errorf("%v, %v", src, err)
	}
	file := filepath.Join(dir, "labels.txt")
	for kind, load := range map[string]func() error{
		"recordings": func() error { _, err := LoadFolder(t.Context(), file, model.Input{}, FolderOptions{}); return err },
		"images":     func() error { _, err := LoadImages(file, TestPart); return err },
		"MNIST":      func() error { _, err := LoadMNIST(file, TestPart); return err },
	} {
		if err := load(); err == nil || !strings.Contains(err.Error(), file+" is a file, expected a folder") {
			t.Errorf("%s, a file for a folder: %v", kind, err)
		}
	}
}

// Without classes.txt the classes are what occurs.
func TestLoadFolderNamesClasses(t *testing.T) {
	one := npyFile(t, []uint8{0, 1}, 1, 2)
	for _, c := range []struct {
		files   []string
		list    string
		o       FolderOptions
		classes []string
		labels  []int
	}{
		{[]string{"b/1.npy", "a/2.npy", "a/1.NPY", ".git/x.npy", "a/.x.npy"}, "", FolderOptions{}, []string{"a", "b"}, []int{0, 0, 1}},
		{[]string{"10/1.npy", "9/1.npy"}, "", FolderOptions{}, numbered(11), []int{9, 10}},
		{[]string{"09/1.npy", "1/1.npy"}, "", FolderOptions{}, []string{"09", "1"}, []int{0, 1}},
		{[]string{"a/1.npy", "b/1.npy"}, "", FolderOptions{Classes: []string{"c", "b", "a"}}, []string{"c", "b", "a"}, []int{1, 2}},
		{[]string{"x.npy", "sub/y z.npy"}, "# comment\n\nsub/y z.npy\tno\nx yes\nx.npy no", FolderOptions{}, []string{"no", "yes"}, []int{0, 1, 0}},
		{[]string{"1.npy"}, "1 3", FolderOptions{}, numbered(4), []int{3}},
		{[]string{"1.npy"}, "1 65536", FolderOptions{}, []string{"65536"}, []int{0}},
	} {
		dir := t.TempDir()
		for _, name := range c.files {
			write(t, dir, name, one)
		}
		if c.list != "" {
			write(t, dir, "labels.txt", []byte(c.list))
		}
		src, err := LoadFolder(t.Context(), dir, model.Input{}, c.o)
		if err != nil {
			t.Errorf("%v: %v", c.files, err)
			continue
		}
		var labels []int
		for i := range src.Len() {
			labels = append(labels, src.Label(i))
		}
		if !slices.Equal(src.Classes(), c.classes) || !slices.Equal(labels, c.labels) {
			t.Errorf("%v: classes %q, labels %v, expected %q, %v", c.files, src.Classes(), labels, c.classes, c.labels)
		}
	}
}

// One folder may hold arrays and recordings of events.
func TestLoadFolderMixes(t *testing.T) {
	dir := labelledFolder(t)
	array := make([]uint8, 2*24)
	array[24+5] = 1
	write(t, dir, "z.npy", npyFile(t, array, 2, 24))
	list := write(t, dir, "list.txt", []byte("z 1\nc 0\n"))
	src, err := LoadFolder(t.Context(), "", eventInput(2, 3, 4), FolderOptions{List: list})
	if err != nil {
		t.Fatal(err)
	}
	x := spike.NewTrain(2, 24)
	if err := src.Load(x, 0, Key{}); err != nil || !slices.Equal(x.Words(), []uint64{0, 1 << 5}) {
		t.Errorf("array: %x, %v", x.Words(), err)
	}
	if err := src.Load(x, 1, Key{}); err != nil || !slices.Equal(x.Words(), []uint64{1<<23 | 1<<11, 0}) {
		t.Errorf("events: %x, %v", x.Words(), err)
	}
	for _, i := range []int{-1, 2} {
		if src.Load(x, i, Key{}) == nil || src.Load(spike.NewValues(2, 24), i, Key{}) == nil {
			t.Errorf("took sample %d of 2", i)
		}
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
		"nothing":          {nil, spikes, fs.ErrNotExist, "labels.txt"},
		"no classes":       {map[string][]byte{"classes.txt": nil}, spikes, ErrFormat, "no classes"},
		"blank line":       {map[string][]byte{"classes.txt": []byte("a\n\nb")}, spikes, ErrFormat, "classes.txt:2"},
		"class twice":      {map[string][]byte{"classes.txt": []byte("a\nb\na")}, spikes, ErrFormat, "classes.txt:3"},
		"many classes":     {map[string][]byte{"classes.txt": make([]byte, maxClasses+1)}, spikes, ErrFormat, "bytes"},
		"no recordings":    {map[string][]byte{"classes.txt": []byte("a"), "a/x.md": nil}, spikes, fs.ErrNotExist, "subfolders"},
		"other class":      {map[string][]byte{"classes.txt": []byte("a"), "b/x.npy": good}, spikes, ErrMismatch, `class "b", expected one of the 1: a`},
		"broken spikes":    {map[string][]byte{"a/x.npy": good[:20]}, spikes, ErrFormat, "x.npy"},
		"broken values":    {map[string][]byte{"a/x.npy": good[:20]}, analog, ErrFormat, "x.npy"},
		"other kind":       {map[string][]byte{"a/x.npy": twoImages}, spikes, ErrFormat, "x.npy"},
		"other shape":      {map[string][]byte{"a/x.npy": good}, model.Input{Shape: []int{3}}, ErrMismatch, "x.npy"},
		"impossible shape": {map[string][]byte{"a/x.npy": good}, model.Input{Shape: []int{-3}}, errAny, "shape"},
		"two shapes":       {map[string][]byte{"a/x.npy": good, "a/y.npy": npyFile(t, []uint8{1}, 1, 1)}, spikes, ErrMismatch, "y.npy"},
		"empty list":       {map[string][]byte{"labels.txt": []byte("# nothing\n")}, spikes, ErrFormat, "labels.txt"},
		"no class":         {map[string][]byte{"x.npy": good, "labels.txt": []byte("\nx\n")}, spikes, ErrFormat, "labels.txt:2"},
		"no file":          {map[string][]byte{"labels.txt": []byte("x a\n")}, spikes, fs.ErrNotExist, "labels.txt:1"},
		"broken file":      {map[string][]byte{"x.npy": good[:20], "labels.txt": []byte("x a\n")}, spikes, ErrFormat, "labels.txt:1: dataset: "},
		"unnamed class":    {map[string][]byte{"x.npy": good, "labels.txt": []byte("x b\n"), "classes.txt": []byte("a")}, spikes, ErrMismatch, "labels.txt:1"},
	} {
		dir := t.TempDir()
		for file, data := range c.files {
			write(t, dir, file, data)
		}
		_, err := LoadFolder(t.Context(), dir, c.in, FolderOptions{})
		if err == nil || c.want != errAny && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), dir) && c.want != errAny {
			t.Errorf("%s: %v, expected %v with %q", name, err, c.want, c.text)
		}
	}
	if _, err := LoadFolder(t.Context(), filepath.Join(t.TempDir(), "none"), spikes, FolderOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	dir := t.TempDir()
	write(t, dir, "classes.txt", []byte("a"))
	write(t, dir, "a/x.npy", good)
	if err := os.Chmod(filepath.Join(dir, "a", "x.npy"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadFolder(t.Context(), dir, spikes, FolderOptions{}); os.Getuid() > 0 && !errors.Is(err, fs.ErrPermission) {
		t.Errorf("an unreadable file: %v", err)
	}
	// classes.txt is a folder: it opens, but cannot be read.
	dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "classes.txt"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadFolder(t.Context(), dir, spikes, FolderOptions{}); err == nil {
		t.Error("a folder was read as the list of classes")
	}
}

// FuzzParseList parses any list. What is found stands in its line.
func FuzzParseList(f *testing.F) {
	f.Add("#sample #class\n60001\t7\n\n a b/1.npy  left \r\n")
	f.Add("alone")
	f.Add(",7")
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := parseList("x", text)
		if (err == nil) != (entries != nil) || err != nil && !errors.Is(err, ErrFormat) {
			t.Fatalf("%d entries, %v", len(entries), err)
		}
		lines := strings.SplitAfter(text, "\n")
		for _, e := range entries {
			line := lines[e.line-1]
			if e.file == "" || !strings.Contains(line, e.file) || !strings.Contains(line, e.class) {
				t.Errorf("%+v of the line %q", e, line)
			}
		}
	})
}
