package dataset

import (
	"archive/zip"
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// npzFile returns an archive of files, names and contents in turn.
func npzFile(t *testing.T, files ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i].(string))
		if err == nil {
			_, err = w.Write(files[i+1].([]byte))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// recordsFile returns an array of one record t = 5, x = 1, y = 2, p = 1.
func recordsFile(names string) []byte {
	n := strings.Split(names, ",")
	header := "{'descr': [('" + n[0] + "', '<i4'), ('" + n[1] + "', '|u1'), ('" + n[2] + "', '|u1'), ('" + n[3] + "', '|b1')], 'fortran_order': False, 'shape': (1,)}"
	return append(append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8)), header+"\x05\x00\x00\x00\x01\x02\x01"...)
}

// TestArchives opens archives: the array that fits, one that is named, records, and
// tells why none does.
func TestArchives(t *testing.T) {
	dir := t.TempDir()
	steps := npyFile(t, []uint8{1, 0, 0, 1, 1, 1}, 3, 2)
	other := npyFile(t, []uint8{0, 0, 1, 1}, 2, 2)
	words := []byte("\x93NUMPY\x01\x00\x3c\x00{'descr': '<U3', 'fortran_order': False, 'shape': (), }      ")
	write(t, dir, "two.npz", npzFile(t, "a.npy", steps, "b.npy", other))
	write(t, dir, "x.npz", npzFile(t, "a.npy", steps, "x.npy", other))
	write(t, dir, "simulated.npz", npzFile(t, "layer0.membrane.npy", npyFile(t, []uint8{7, 0, 0, 1}, 2, 2), "layer0.spikes.npy", other))
	write(t, dir, "words.npz", npzFile(t, "words.npy", words))
	write(t, dir, "records.npz", npzFile(t, "e.npy", recordsFile("t,x,y,p"), "words.npy", words))
	in := model.Input{Shape: []int{2}, Dt: 1, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 1}}
	for _, c := range []struct {
		path  string
		in    model.Input
		steps int
		says  string
	}{
		{"x.npz", in, 2, ""},
		{"simulated.npz", in, 2, ""},
		{"two.npz:a", in, 3, ""},
		{"two.npz:b", in, 2, ""},
		{"records.npz", eventInput(2, 3, 4), 1, ""},
		{"records.npz:e", eventInput(2, 3, 4), 1, ""},
		{"two.npz", in, 0, `2 of the arrays ["a" "b"] fit`},
		{"two.npz:c", in, 0, `no array "c", expected one of ["a" "b"]`},
		{"words.npz", in, 0, `descr is "<U3"`},
		{"words.npz:words", in, 0, `descr is "<U3"`},
		{"records.npz", in, 0, `0 of the arrays ["e" "words"] fit`},
		{"records.npz:e", in, 0, "wrong input coding"},
		{"none.npz:c", in, 0, "none.npz"},
	} {
		s, err := Open(filepath.Join(dir, c.path), &model.Network{Steps: 9, Input: c.in})
		switch {
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v, expected %q", c.path, err, c.says)
		case c.says == "" && (err != nil || Longest(s) != c.steps):
			t.Errorf("%s: %v, %v, expected %d steps", c.path, s, err, c.steps)
		}
	}
	write(t, dir, "labels.txt", []byte("two.npz:a yes\ntwo.npz:b no\n"))
	s, err := LoadFolder(t.Context(), dir, in, FolderOptions{})
	if err != nil || s.Len() != 2 || NameOf(s, 1) != filepath.Join(dir, "two.npz:b") {
		t.Error(s, err)
	}
}

// TestFourChannels tells [N, 4] events from steps of four channels where the shape of
// the input is not known.
func TestFourChannels(t *testing.T) {
	unknownShape := model.Input{Encoder: model.Encoder{Coding: model.Events, BinUS: 1}}
	for _, c := range []struct {
		data  []uint8
		shape []int
	}{
		{[]uint8{1, 0, 0, 1, 1, 1, 0, 0}, []int{4}},
		{[]uint8{0, 3, 1, 1, 9, 2, 2, 0}, nil}, // events, of a sensor whose size nothing tells
	} {
		dir := t.TempDir()
		write(t, dir, "a/x.npy", npyFile(t, c.data, 2, 4))
		s, err := LoadFolder(t.Context(), dir, unknownShape, FolderOptions{})
		if c.shape != nil && (err != nil || !slices.Equal(s.Shape(), c.shape)) {
			t.Errorf("%v: %v, %v, expected the shape %v", c.data, s, err, c.shape)
		}
		if c.shape == nil && !errors.Is(err, ErrMismatch) {
			t.Errorf("%v: %v, expected ErrMismatch", c.data, err)
		}
	}
}

// TestTimeFirstOfFolders: as of single files, if the steps are known.
func TestTimeFirstOfFolders(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/x.npy", npyFile(t, []uint8{1, 0, 0, 1, 1, 1}, 3, 1, 2))
	write(t, dir, "a/y.npz", npzFile(t, "x.npy", npyFile(t, []uint8{1, 0, 0, 1, 1, 1}, 3, 1, 2)))
	for steps, want := range map[int]int{0: 6, 1: 6, 5: 2} {
		s, err := LoadFolder(t.Context(), dir, model.Input{Encoder: model.Encoder{Coding: model.Events}}, FolderOptions{Steps: steps})
		if err != nil || s.Len() != want || Longest(s) != 6/want {
			t.Errorf("%d steps: %v, %v, expected %d samples", steps, s, err, want)
		}
	}
}

// TestSkips passes over what cannot be read, but not what is not there.
func TestSkips(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "good.npy", npyFile(t, []uint8{1, 0}, 1, 2))
	write(t, dir, "wide.npy", npyFile(t, []uint8{1, 0, 1}, 1, 3))
	write(t, dir, "analog.npy", npyFile(t, []uint8{7, 0}, 1, 2))
	in := model.Input{Shape: []int{2}, Encoder: model.Encoder{Coding: model.Events}}
	r, all := remarks()
	r.SkipBad = true
	write(t, dir, "labels.txt", []byte("wide 0\nanalog 0\ngood 1\n"))
	s, err := LoadFolder(t.Context(), dir, in, FolderOptions{Reading: r})
	if err != nil || s.Len() != 1 || len(*all) != 2 {
		t.Errorf("%v, %v, %d remarks, expected one sample and two", s, err, len(*all))
	}
	write(t, dir, "labels.txt", []byte("none 0\ngood 1\n"))
	if _, err := LoadFolder(t.Context(), dir, in, FolderOptions{Reading: r}); err == nil {
		t.Error("a recording that is not there is passed over")
	}
	write(t, dir, "labels.txt", []byte("wide 0\n"))
	if _, err := LoadFolder(t.Context(), dir, in, FolderOptions{Reading: r}); err == nil || !strings.Contains(err.Error(), "sample 0 has 3 channels") {
		t.Errorf("nothing is left: %v, expected why", err)
	}
}

// TestTimeGoesBack counts a return of time, of which no event is left out.
func TestTimeGoesBack(t *testing.T) {
	var text strings.Builder
	for _, from := range []int{5_000_000, 0} {
		for i := range 40 {
			text.WriteString(strings.Join([]string{strconv.Itoa(from + 1000*i), "1", "1", "1\n"}, ","))
		}
	}
	r, all := remarks()
	o := Opener{Network: &model.Network{Steps: 9, Input: eventInput(2, 3, 4)}, Reading: r}
	if _, err := o.Open(write(t, t.TempDir(), "a.txt", []byte(text.String()))); err != nil {
		t.Fatal(err)
	}
	onlyRemark(t, "a.txt", *all, RemarkTime, "time goes back by 5")
	if (*all)[0].Count != 1 {
		t.Errorf("counts %d, expected 1", (*all)[0].Count)
	}
}

// TestRecordsOfFolder reads records in a folder whose input has a shape.
func TestRecordsOfFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/x.npy", recordsFile("ts,xs,ys,ps"))
	s, err := LoadFolder(t.Context(), dir, eventInput(2, 3, 4), FolderOptions{Reading: Reading{Columns: "t_ms,x,y,p"}})
	if err != nil {
		t.Fatal(err)
	}
	train := spike.NewTrain(1, 24)
	if err := s.Load(train, 0, Key{}); err != nil || !train.At(0).Get(12+2*4+1) || train.Count() != 1 {
		t.Errorf("%v, %v", train.Words(), err)
	}
	write(t, dir, "a/x.npy", recordsFile("t_ticks,x,y,p"))
	if _, err := LoadFolder(t.Context(), dir, eventInput(2, 3, 4), FolderOptions{}); err == nil || !strings.Contains(err.Error(), `"ticks"`) {
		t.Errorf("%v, expected the unit named", err)
	}
}
