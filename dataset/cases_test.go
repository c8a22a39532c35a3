package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// caseFile returns the path of one of the files like those of people's bug reports.
func caseFile(name string) string { return filepath.Join("..", "testdata", "cases", name) }

// remarks returns a Reading and where its remarks go.
func remarks() (Reading, *[]Remark) {
	var all []Remark
	return Reading{Remark: func(r Remark) { all = append(all, r) }}, &all
}

// onlyRemark expects one remark of a kind, or none for "".
func onlyRemark(t *testing.T, name string, all []Remark, kind, text string) {
	t.Helper()
	if kind == "" && len(all) == 0 {
		return
	}
	if len(all) != 1 || all[0].Kind != kind || !strings.Contains(all[0].Text, text) {
		t.Errorf("%s: remarks %v, expected one of kind %q with %q", name, all, kind, text)
	}
}

// sameSamples expects the samples of two sources to be the same over steps.
func sameSamples(t *testing.T, got, want Source, steps int) {
	t.Helper()
	if got.Len() != want.Len() {
		t.Fatalf("%d samples, expected %d", got.Len(), want.Len())
	}
	size := 1
	for _, n := range want.Shape() {
		size *= n
	}
	a, b := spike.NewTrain(steps, size), spike.NewTrain(steps, size)
	for i := range want.Len() {
		if err := errors.Join(got.Load(a, i, Key{}), want.Load(b, i, Key{})); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(a.Words(), b.Words()) {
			t.Errorf("sample %d differs", i)
		}
	}
}

var nmnistInput = model.Input{Shape: []int{2, 34, 34}, Encoder: model.Encoder{Coding: model.Events, BinUS: 15000}}

// TestCasesOfTime reads recordings behind three left-over events of a later time, and
// with a stamp 3.9 s ahead in the middle, as those without.
func TestCasesOfTime(t *testing.T) {
	files, err := filepath.Glob("../testdata/nmnist/*.bs2")
	if err != nil || len(files) != 10 {
		t.Fatal(files, err)
	}
	kinds := []string{"clean", "stale", "glitch"}
	dir := t.TempDir()
	for i, name := range files {
		f, err := event.Open(name, event.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		events := make([]event.Event, 1<<16)
		n := 0
		for k := 1; k > 0; n += k {
			if k, err = f.Read(events[n:]); err != nil && err != io.EOF {
				t.Fatal(err)
			}
		}
		events = events[:n]
		left := event.Event{T: 35_000_000, X: 3, Y: 4, P: 1}
		ahead := events[n/2]
		ahead.T += 3_900_000
		for kind, all := range [][]event.Event{
			events, append([]event.Event{left, left, left}, events...), slices.Insert(slices.Clone(events), n/2, ahead),
		} {
			write(t, dir, fmt.Sprintf("%s/%d/%d.csv", kinds[kind], i%3, i), recorded(t, "text", event.Size{}, all))
		}
	}
	clean, err := LoadFolder(t.Context(), filepath.Join(dir, "clean"), nmnistInput, FolderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, lost := range map[string]int64{"stale": 3, "glitch": 1} {
		dir := filepath.Join(dir, name)
		o, all := remarks()
		s, err := LoadFolder(t.Context(), dir, nmnistInput, FolderOptions{Reading: o})
		if err != nil {
			t.Fatal(err)
		}
		sameSamples(t, s, clean, 20)
		for _, r := range *all {
			if r.Kind != RemarkTime || r.Count != lost {
				t.Errorf("%s: %+v", name, r)
			}
		}
		if len(*all) != 10 {
			t.Errorf("%s: %d remarks, expected one a recording", name, len(*all))
		}
		if _, err := LoadFolder(t.Context(), dir, nmnistInput, FolderOptions{Reading: Reading{Strict: true}}); !errors.Is(err, ErrImplausible) {
			t.Errorf("%s, strict: %v, expected ErrImplausible", name, err)
		}
	}
}

// TestCasesOfKinds reads HDF5 and parts of a recording, and names what is cut short.
func TestCasesOfKinds(t *testing.T) {
	events := model.Encoder{Coding: model.Events, BinUS: 1000}
	for _, c := range []struct {
		name    string
		shape   []int
		samples int
		steps   int
		says    string
	}{
		{"24-labels/dvsg/user01_led.aedat", []int{2, 128, 128}, 2, 5, ""},
		{"26-hdf5-events/dsec.h5", []int{2, 480, 640}, 1, 12, ""},
		{"26-hdf5-events/shd.h5", []int{700}, 2, 900, ""},
		{"03-aedat4/x.aedat4", []int{2, 260, 346}, 0, 0, "aedat4"},
	} {
		s, err := Open(caseFile(c.name), &model.Network{Steps: 9, Input: model.Input{Shape: c.shape, Encoder: events}})
		if c.says != "" {
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v, expected %q", c.name, err, c.says)
			}
			continue
		}
		if err != nil || s.Len() != c.samples || Longest(s) != c.steps {
			t.Errorf("%s: %v, %v", c.name, s, err)
			if err == nil {
				t.Errorf("%d samples, up to %d steps, expected %d and %d", s.Len(), Longest(s), c.samples, c.steps)
			}
		}
	}
}

func TestCasesOfSensors(t *testing.T) {
	m := &model.Network{Input: model.Input{Shape: []int{2, 480, 640}, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000}}}
	for name, size := range map[string]string{"15-sensor-size/sized.txt": "128x128", "15-sensor-size/vga_geometry.raw": ""} {
		r, all := remarks()
		o := Opener{Network: m, Reading: r}
		if _, err := o.Open(caseFile(name)); err != nil {
			t.Fatal(err)
		}
		kind := RemarkSensor
		if size == "" {
			kind = ""
		}
		onlyRemark(t, name, *all, kind, "a recording of a "+size+" sensor for a network that sees 640x480 pixels")
	}
}

func TestCasesOfBadEvents(t *testing.T) {
	for name, shape := range map[string][]int{"18-evt3-outside/y_outside.raw": {2, 720, 1280}, "08-truncated/cut.bs2": {2, 34, 34}} {
		path := caseFile(name)
		r, all := remarks()
		m := &model.Network{Input: model.Input{Shape: shape, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000}}}
		if _, err := Open(path, m); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v, expected ErrFormat", name, err)
		}
		r.SkipBad = true
		o := Opener{Network: m, Reading: r}
		if _, err := o.Open(path); err != nil {
			t.Error(err)
		}
		onlyRemark(t, name, *all, RemarkSkipped, "1 malformed or misplaced events")
	}
}

func TestCasesOfPictures(t *testing.T) {
	m := &model.Network{Input: model.Input{Shape: []int{1, 28, 28}, Dt: 1, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100}}, Steps: 1}
	lit := func(name string, p PictureOptions) (int, []Remark) {
		r, all := remarks()
		r.Picture = p
		path := caseFile("20-idx-png/png/" + name)
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		pixels, err := ReadPicture(f, path, 28, 28, p)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, v := range pixels {
			if v > 0 {
				n++
			}
		}
		o := Opener{Network: m, Reading: r}
		if _, err := o.Open(path); err != nil {
			t.Fatal(err)
		}
		return n, *all
	}
	seven, all := lit("paper_minus_0.png", PictureOptions{})
	onlyRemark(t, "white paper", all, "", "")
	for _, name := range []string{"paper_minus_5.png", "grey_on_lightgrey.png", "jpeg.jpg"} {
		_, all := lit(name, PictureOptions{})
		onlyRemark(t, name, all, RemarkPicture, "--level ")
		var level int
		if _, err := fmt.Sscanf(all[0].Text[strings.Index(all[0].Text, "--level"):], "--level %d", &level); err != nil {
			t.Fatal(err)
		}
		n, all := lit(name, PictureOptions{Level: level})
		onlyRemark(t, name+" with the level", all, "", "")
		if n > seven || n < seven*2/3 {
			t.Errorf("%s with level %d: %d pixels of ink, expected about %d", name, level, n, seven)
		}
	}
	_, all = lit("white.png", PictureOptions{})
	onlyRemark(t, "white.png", all, RemarkPicture, "an empty sheet")
	no := false
	if n, all := lit("paper_minus_0.png", PictureOptions{Invert: &no}); n < 28*28-seven {
		t.Errorf("white paper as ink: %d pixels of ink", n)
	} else {
		onlyRemark(t, "white paper as ink", all, RemarkPicture, "--level")
	}
}

func TestListsWithCommas(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"60001.bs2", "b c.bs2"} {
		write(t, dir, name, recorded(t, "nmnist", event.Size{}, fewEvents))
	}
	for _, list := range []string{"60001.bs2,right\nb c.bs2,left\n", "file,label\n60001.bs2, right\nb c, left\n", "60001;right\nb c.bs2;left\n", "60001 right\nb c.bs2\tleft\n"} {
		write(t, dir, "labels.txt", []byte(list))
		s, err := LoadFolder(t.Context(), dir, eventInput(2, 3, 4), FolderOptions{})
		if err != nil || s.Len() != 2 || !slices.Equal(s.Classes(), []string{"left", "right"}) || s.Label(0) != 1 || s.Label(1) != 0 {
			t.Errorf("%q: %v, %v", list, s, err)
			continue
		}
		second, err := Subset(s, []int{1})
		if got := NameOf(second, 0); err != nil || got != filepath.Join(dir, "b c.bs2") {
			t.Errorf("sample 1 is of %q", got)
		}
	}
}

// TestLoadFolderSkipsBad reads what is left of a folder with a bad recording.
func TestLoadFolderSkipsBad(t *testing.T) {
	dir := t.TempDir()
	good := recorded(t, "nmnist", event.Size{}, fewEvents)
	write(t, dir, "a.bs2", good)
	write(t, dir, "b.raw", []byte("% evt 9\n"))
	write(t, dir, "labels.txt", []byte("a 0\nb.raw 1\n"))
	if _, err := LoadFolder(t.Context(), dir, eventInput(2, 3, 4), FolderOptions{}); err == nil {
		t.Error("a bad recording is no error")
	}
	r, all := remarks()
	r.SkipBad = true
	s, err := LoadFolder(t.Context(), dir, eventInput(2, 3, 4), FolderOptions{Reading: r})
	if err != nil || s.Len() != 1 {
		t.Fatal(s, err)
	}
	onlyRemark(t, "b.raw", *all, RemarkSkipped, "the recording was passed over")
	write(t, dir, "labels.txt", []byte("b.raw 1\n"))
	if _, err := LoadFolder(t.Context(), dir, eventInput(2, 3, 4), FolderOptions{Reading: r}); !errors.Is(err, ErrFormat) {
		t.Errorf("no recording is left: %v", err)
	}
}

// TestKnownFiles names files that are not read.
func TestKnownFiles(t *testing.T) {
	dir := t.TempDir()
	m := &model.Network{Input: eventInput(2, 3, 4)}
	for name, c := range map[string]struct{ data, want string }{
		"a.onnx": {"\x08\x07", "ONNX"}, "a.pt": {"PK\x03\x04", "PyTorch"}, "a": {"\x1c\x00\x00\x00TFL3", "TensorFlow Lite"},
		"a.gif": {"GIF89a", "GIF"}, "a.xyz": {"nothing known", "neither IDX"}, "b": {"\xff\xfe1\x00", "UTF-16"}, "a.aedat": {"#!AER-DAT1.0\r\n", "AEDAT 1"},
	} {
		_, err := Open(write(t, dir, name, []byte(c.data)), m)
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, expected an ErrFormat with %q", name, err, c.want)
		}
	}
}

// TestCasesOfArrays reads arrays of events, as records and as [N, 4], and archives.
func TestCasesOfArrays(t *testing.T) {
	m := &model.Network{Input: model.Input{Shape: []int{2, 480, 640}, Encoder: model.Encoder{Coding: model.Events, BinUS: 400}}}
	var sources []Source
	for _, name := range []string{"events_struct.npy", "events_n4.npy"} {
		s, err := Open(caseFile("11-npy/"+name), m)
		if err != nil {
			t.Fatal(err)
		}
		if Longest(s) != 50 {
			t.Errorf("%s: %d steps, expected 50", name, Longest(s))
		}
		sources = append(sources, s)
	}
	sameSamples(t, sources[1], sources[0], 50)
	for _, name := range []string{"one.npz", "py2long.npy"} {
		n := &model.Network{Input: model.Input{Shape: []int{8}, Dt: 1, Encoder: model.Encoder{Coding: model.Direct}}}
		s, err := Open(caseFile("11-npy/"+name), n)
		if err != nil || s.Len() != 1 || Longest(s) != 5 {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}
