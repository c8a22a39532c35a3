//go:build !board

package dataset

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/internal/hdf5"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

const hdf5Files = "testdata/hdf5/"

// eventsOfFiles returns the first n events of the files in testdata/hdf5.
func eventsOfFiles(n int) []event.Event {
	var all []event.Event
	for i := range n {
		all = append(all, event.Event{T: int64(100*i + 50), X: uint16(7 * i % 34), Y: uint16(5 * i % 34), P: uint8(i % 2)})
	}
	return all
}

// TestHDF5Events reads the layouts that people have as the events that are in them.
func TestHDF5Events(t *testing.T) {
	in := model.Input{Shape: []int{2, 34, 34}, Encoder: model.Encoder{Coding: model.Events, BinUS: 300}}
	m := &model.Network{Steps: 14, Input: in}
	for name, n := range map[string]int{
		"dsec.h5": 40, "dsec.h5:events": 40, "e2vid.h5": 40, "metavision.h5": 40, "metavision.h5:/CD/events": 40, "v2e.h5": 40,
		"mvsec.h5:davis/left/events": 40, "mvsec.h5:davis/right/events": 20,
	} {
		s, err := Open(hdf5Files+name, m)
		if err != nil {
			t.Error(err)
			continue
		}
		want, err := Read(bytes.NewReader(recorded(t, "text", event.Size{Width: 34, Height: 34}, eventsOfFiles(n))), "x", m)
		if err != nil {
			t.Fatal(err)
		}
		if Longest(s) != Longest(want) {
			t.Errorf("%s: %d steps, expected %d", name, Longest(s), Longest(want))
		}
		sameSamples(t, s, want, 14)
	}
	poisson := model.Input{Shape: []int{2, 34, 34}, Dt: 1, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 1}}
	for _, c := range []struct {
		name string
		in   model.Input
		says string
	}{
		{hdf5Files + "mvsec.h5", in, "events in /davis/left/events, /davis/right/events, expected one of them: FILE:davis/left/events"},
		{hdf5Files + "mvsec.h5:davis/up", in, "no events: neither columns t, x, y, p, nor records with these fields, nor spikes/times and spikes/units at davis/up; it has /davis/left/events, /davis/left/pose"},
		{hdf5Files + "dsec.h5", poisson, `whose input coding is "poisson"`},
		{"../export/nir/testdata/lif_norse.nir", in, "a network in NIR"},
		{hdf5Files + "shd.h5", model.Input{Shape: []int{10}, Encoder: in.Encoder}, "sample 1, spike 3: time 0.005859375, unit 10: expected a time of 0 or more, and a unit below 10"},
		{hdf5Files + "none.h5:a", in, "none.h5"},
	} {
		if _, err := Open(c.name, &model.Network{Steps: 9, Input: c.in}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, expected %q", c.name, err, c.says)
		}
	}
}

// TestHDF5Filter names the filter of a file that is packed with another, as DSEC's are
// with blosc.
func TestHDF5Filter(t *testing.T) {
	data, err := os.ReadFile(hdf5Files + "dsec.h5")
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; ; at++ {
		i := bytes.Index(data[at:], []byte("deflate\x00"))
		if i < 0 {
			break
		}
		at += i
		copy(data[at-8:], "\x01\x7d") // 32001 in place of 1
	}
	m := &model.Network{Steps: 14, Input: model.Input{Shape: []int{2, 34, 34}, Encoder: model.Encoder{Coding: model.Events, BinUS: 300}}}
	_, err = Open(write(t, t.TempDir(), "x.h5", data), m)
	if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "/events/p") || !strings.Contains(err.Error(), "filter 32001 (blosc): h5repack -f GZIP=4 IN OUT") {
		t.Errorf("%v, expected blosc to be named", err)
	}
}

// TestHDF5Folder takes files of a folder with subfolders, and of a list.
func TestHDF5Folder(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile(hdf5Files + "dsec.h5")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "yes/a.h5", data)
	write(t, dir, "no/b.hdf5", data)
	in := model.Input{Shape: []int{2, 34, 34}, Encoder: model.Encoder{Coding: model.Events, BinUS: 300}}
	s, err := LoadFolder(t.Context(), dir, in, FolderOptions{})
	if err != nil || s.Len() != 2 || !slices.Equal(s.Classes(), []string{"no", "yes"}) {
		t.Error(s, err)
	}
	write(t, dir, "list.txt", []byte("yes/a no\nno/b.hdf5:events yes\n"))
	s, err = LoadFolder(t.Context(), dir, in, FolderOptions{List: filepath.Join(dir, "list.txt")})
	if err != nil || s.Len() != 2 || s.Label(1) != 1 {
		t.Error(s, err)
	}
}

// TestHDF5Samples reads samples of spikes with their labels, as one file and as a list.
func TestHDF5Samples(t *testing.T) {
	for _, counts := range []bool{false, true} {
		in := model.Input{Encoder: model.Encoder{Coding: model.Events, BinUS: 4000, Counts: counts}}
		s, err := LoadFolder(t.Context(), "", in, FolderOptions{List: hdf5Files + "shd.h5"})
		if err != nil {
			t.Fatal(err)
		}
		if s.Len() != 4 || !slices.Equal(s.Shape(), []int{20}) || !slices.Equal(s.Classes(), []string{"null", "eins", "zwei"}) {
			t.Fatalf("%d samples of shape %v, classes %q", s.Len(), s.Shape(), s.Classes())
		}
		in.Shape = s.Shape()
		for i, label := range []int{2, 0, 1, 2} {
			want := make([]float32, 20*8)
			steps := 1
			for k := range 5 * i {
				at := (k*1_000_000 + 256) / 512 / 4000
				steps = at + 1
				if want[20*at+(3*k+i)%20]++; !counts {
					want[20*at+(3*k+i)%20] = 1
				}
			}
			if s.Label(i) != label || Length(s, i) != steps {
				t.Errorf("sample %d: label %d, %d steps, expected %d, %d", i, s.Label(i), Length(s, i), label, steps)
			}
			x := in.New(8)
			if err := s.Load(x, i, Key{}); err != nil {
				t.Fatal(err)
			}
			got := make([]float32, len(want))
			for step := range 8 {
				for c, v := range x.Active(step) {
					got[20*step+c] = v
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("sample %d: %v, expected %v", i, got, want)
			}
		}
		short := in.New(1) // of the first step alone
		if err := s.Load(short, 3, Key{}); err != nil {
			t.Fatal(err)
		}
		if allocs := testing.AllocsPerRun(10, func() { _ = s.Load(short, 3, Key{}) }); allocs > 0 {
			t.Errorf("%v allocations a sample", allocs)
		}
		var other spike.Input = spike.NewValues(1, 20)
		if counts {
			other = spike.NewTrain(1, 20)
		}
		if err := s.Load(other, 0, Key{}); !errors.Is(err, ErrCoding) {
			t.Errorf("the other kind of input: %v, expected ErrCoding", err)
		}
	}
	m := &model.Network{Steps: 4, Classes: []string{"a", "b"}, Input: model.Input{Shape: []int{20}, Encoder: model.Encoder{Coding: model.Events, BinUS: 4000}}}
	if _, err := Open(hdf5Files+"shd.h5", m); !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), "a label of 2, expected one of the 2 classes") {
		t.Errorf("too few classes: %v, expected ErrMismatch", err)
	}
	m.Classes, m.Input.Shape = nil, []int{10}
	r, all := remarks()
	r.SkipBad = true
	o := Opener{Network: m, Reading: r}
	if s, err := o.Open(hdf5Files + "shd.h5"); err != nil || s.Len() != 4 {
		t.Errorf("units beyond the network: %v, %v", s, err)
	}
	onlyRemark(t, "shd.h5", *all, RemarkSkipped, "malformed or misplaced spikes")
}

// FuzzHDF5 opens what may be an HDF5 file of events.
func FuzzHDF5(f *testing.F) {
	files, err := filepath.Glob(hdf5Files + "*.h5")
	if err != nil || len(files) == 0 {
		f.Fatal("no files", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "")
	}
	f.Add([]byte("\x89HDF\r\n\x1a\n"), "events")
	f.Fuzz(func(t *testing.T, data []byte, member string) {
		for _, shape := range [][]int{{20}, {2, 34, 34}, nil} {
			j := job{name: "x", member: member, class: unknown, reading: &Reading{SkipBad: shape == nil}, in: model.Input{Shape: shape, Encoder: model.Encoder{Coding: model.Events, BinUS: 300}}}
			s, err := j.hdf5(bytes.NewReader(data))
			switch {
			case err != nil && errors.Is(err, hdf5.ErrNotHDF5) && !errors.Is(err, ErrFormat):
				t.Fatal(err)
			case err == nil && s.Len() > 0:
				size := 1
				for _, n := range s.Shape() {
					size *= n
				}
				if size > 1<<16 {
					continue
				}
				if err := s.Load(spike.NewTrain(3, size), s.Len()-1, Key{}); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
