package c

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

func TestNames(t *testing.T) {
	m := shipped(t, "../testdata/tiny.msgpack", false)
	for _, name := range []string{"3", "a b", "Net", "_net", "net_", "a__b", "int", "virtual", "ünet", strings.Repeat("n", 41), "../x"} {
		if _, err := Export(m, Options{Name: name}); !errors.Is(err, ErrUnsupported) {
			t.Errorf("name %q: %v, expected that it is refused", name, err)
		}
	}
	for _, name := range []string{"n", "wand_1", "x86"} {
		if _, err := Export(m, Options{Name: name}); err != nil {
			t.Errorf("name %q: %v", name, err)
		}
	}
}

// TestUnsupported refuses what cannot be said in C, and names it.
func TestUnsupported(t *testing.T) {
	for says, change := range map[string]func(m *model.Network){
		"it has no self-test": func(m *model.Network) { m.SelfTest = nil },
		"step 0 of input 0 of the self-test has 0.5 for channel 1": func(m *model.Network) {
			m.Input.Encoder = model.Encoder{Coding: model.Events, BinUS: 1000, Counts: true}
			x := spike.NewValues(1, m.Input.Size())
			x.At(0)[1] = 0.5
			m.SelfTest.Inputs = []spike.Input{x}
		},
		"has 128 inputs through layers without neurons, expected up to 64": func(m *model.Network) {
			last := m.Layers[len(m.Layers)-1]
			m.Input.Shape = last.In
			m.Layers = nil
			from := []int{-1}
			for i := range 8 { // each takes all before it
				m.Layers = append(m.Layers, model.Layer{Kind: model.Flatten, From: slices.Clone(from), In: last.In, Out: last.In})
				from = append(from, i)
			}
			last.From = nil
			m.Layers = append(m.Layers, last)
			m.SelfTest.Inputs = []spike.Input{m.Input.New(1)}
		},
	} {
		m := shipped(t, "../testdata/tiny.msgpack", false)
		change(m)
		_, err := Export(m, Options{})
		if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, expected that %s", err, says)
		}
	}
}

// TestKnowsTheModel fails where package model has learned something that this package
// may not know: extend it, or have it refuse what is new by name, then extend this.
func TestKnowsTheModel(t *testing.T) {
	fields := []model.Field{"activation", "slope", "floor", "output", "max_spikes", "spike_value", "reset", "pool", "kernel", "stride",
		"padding", "dilation", "groups", "weight", "recurrent", "decay", "current", "synapse", "bias", "theta", "initial"}
	if got := model.LayerFields(); !slices.Equal(got, fields) {
		t.Errorf("layers have %v, of which export/c knows %v", got, fields)
	}
	if got := model.Readouts(); !slices.Equal(got, readouts) {
		t.Errorf("readouts are %v, of which export/c knows %v", got, readouts)
	}
	refused := []model.Coding{model.Sounds}
	if got, known := slices.Sorted(slices.Values(model.Codings())), slices.Sorted(slices.Values(slices.Concat(codings, refused))); !slices.Equal(got, known) {
		t.Errorf("encoders are %v, of which export/c knows %v", got, known)
	}
}

// TestHostileNames exports a network whose names would break out of comments.
func TestHostileNames(t *testing.T) {
	cc := tool(t, "gcc")
	m := shipped(t, "../testdata/tiny.msgpack", false)
	m.Name = "*/ int x; /* ??/ \\ \u202e net_step NET_H"
	for i := range m.Layers {
		m.Layers[i].Name = m.Name
	}
	dir := exportTo(t, m, Options{})
	for _, name := range []string{"net.c", "net_selftest.c"} {
		output(t, cc, append(append([]string{}, strict...), "-Wcomment", "-c", filepath.Join(dir, name), "-o", filepath.Join(dir, "x.o"))...)
	}
}

// TestFloor has the recommendations for live windows in the header, if there are any.
func TestFloor(t *testing.T) {
	m := shipped(t, "../testdata/tiny.msgpack", false)
	header := func() string {
		s, err := Export(m, Options{Name: "tiny"})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range s.Files {
			if f.Name == "tiny.h" {
				return string(f.Data)
			}
		}
		t.Fatal("there is no header")
		return ""
	}
	m.Readout.Floor = model.Floor{Events: 1 << 40, Score: 9.5, Lead: 0.125}
	if text := header(); !strings.Contains(text, "#define TINY_FLOOR_EVENTS 1099511627776\n#define TINY_FLOOR_SCORE 0x1.3p+03f\n#define TINY_FLOOR_LEAD 0x1p-03f\n") {
		t.Errorf("no floor in\n%s", text)
	}
	m.Readout.Floor = model.Floor{}
	if text := header(); strings.Contains(text, "FLOOR") {
		t.Errorf("a floor in\n%s", text)
	}
}

// TestLayouts holds the same sources in every layout.
func TestLayouts(t *testing.T) {
	m := shipped(t, "../testdata/tiny.msgpack", false)
	var texts []string
	for _, layout := range Layouts() {
		s, err := Export(m, Options{Layout: layout, Name: "tiny"})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range s.Files {
			if filepath.Base(f.Name) == "tiny.c" {
				texts = append(texts, string(f.Data))
			}
			if strings.Contains(string(f.Data), "net_") || strings.Contains(string(f.Data), "<no value>") {
				t.Errorf("layout %s: %s has names without the prefix", layout, f.Name)
			}
		}
	}
	if len(texts) != 3 || texts[0] != texts[1] || texts[1] != texts[2] {
		t.Errorf("%d sources, which differ", len(texts))
	}
}

// TestWriteDir writes whole folders or nothing.
func TestWriteDir(t *testing.T) {
	s, err := Export(shipped(t, "../testdata/tiny.msgpack", false), Options{})
	if err != nil {
		t.Fatal(err)
	}
	parent := t.TempDir()
	dir := filepath.Join(parent, "c")
	for _, replace := range []bool{false, true} {
		if err := s.WriteDir(dir, replace); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, "net.o", "what make made")
	if err := s.WriteDir(dir, true); err != nil {
		t.Errorf("over an export that was built: %v", err)
	}
	if err := s.WriteDir(dir, false); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over an export: %v, expected fs.ErrExist", err)
	}
	file := filepath.Join(parent, "file")
	write(t, parent, "file", "mine")
	write(t, dir, "mine.txt", "mine")
	for _, name := range []string{dir, file, filepath.Join(parent, "no", "c")} {
		if err := s.WriteDir(name, true); err == nil {
			t.Errorf("%s: expected an error", name)
		}
	}
	left, err := os.ReadDir(parent)
	if err != nil || len(left) != 2 {
		t.Errorf("%v is left, %v", left, err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "mine.txt")); err != nil || string(text) != "mine" {
		t.Errorf("another's file is %q, %v", text, err)
	}
}

// TestMeasure measures what the issue of sizes bounds: the code of a network is small.
func TestMeasure(t *testing.T) {
	tool(t, Compiler)
	for _, name := range []string{"../../examples/microcontrollers/wand/wand.msgpack", "../../testdata/nmnist.msgpack"} {
		m := shipped(t, name, false)
		s, err := Export(m, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, core := range selection(Cores[2:3], Cores, Cores) {
			got, err := s.Measure(context.Background(), core)
			if err != nil {
				t.Fatal(err)
			}
			if got.Code < 500 || got.Code > 6000 || got.Stack < 50 || got.Stack > 1000 {
				t.Errorf("%s, %s: %+v, expected up to 6000 bytes of code", name, core.Name, got)
			}
			if least := s.Sizes.Weights + s.Sizes.Parameters; got.Constants < least || got.Constants > least+200 {
				t.Errorf("%s, %s: %d bytes of constants, expected %d and a table at most", name, core.Name, got.Constants, least)
			}
		}
	}
}

// TestWide has more inputs than 16 bits count, and a plane longer than 8 bits.
func TestWide(t *testing.T) {
	cc := tool(t, "gcc")
	c := &trial{}
	for seed, shape := range [][]int{{70000}, {1, 300, 2}} {
		d := draw{m: &model.Network{Steps: 3, Input: model.Input{Dt: 1, Shape: shape, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100}}}}
		d.random(uint64(seed))
		l := d.fullyConnected(volume(shape), 3)
		if len(shape) == 3 {
			d.m.Layers = append(d.m.Layers, d.pool(shape))
			d.m.Layers[0].In = shape
			in := d.m.Layers[0].Out
			v := d.convolution(in)
			v.In = in
			d.m.Layers = append(d.m.Layers, v)
			l = d.fullyConnected(volume(v.Out), 3)
			l.In = v.Out
		} else {
			l.In = shape
		}
		d.m.Layers = append(d.m.Layers, l)
		d.readout()
		if err := d.m.Validate(); err != nil {
			t.Fatal(err)
		}
		c.add(t, d.m, []string{"wide", "tall"}[seed], 5, 1)
	}
	dir := t.TempDir()
	source, out := write(t, dir, "all.c", c.program()), write(t, dir, "out.c", hosted)
	binary := filepath.Join(dir, "wide")
	output(t, cc, append(append([]string{}, strict...), source, out, "-o", binary)...)
	c.compare(t, output(t, binary))
}

// TestPlaces has places along an axis of 8, 16 and 32 bits.
func TestPlaces(t *testing.T) {
	for n, want := range map[int]string{255: "uint8_t", 256: "uint16_t", 65535: "uint16_t", 65536: "uint32_t"} {
		flatten := func(n int) model.Layer { return model.Layer{Kind: model.Flatten, In: []int{1, n, 1}, Out: []int{n}} }
		g, err := newGenerator(&model.Network{
			Input:   model.Input{Shape: []int{1, n, 1}, Encoder: model.Encoder{Coding: model.Poisson}},
			Readout: model.Readout{Kind: model.SpikeCount},
			Layers:  []model.Layer{flatten(n), flatten(300 % n), flatten(2)},
		})
		if err != nil {
			t.Fatal(err)
		}
		if g.place != want {
			t.Errorf("a plane of %d rows: %s, expected %s", n, g.place, want)
		}
	}
}
