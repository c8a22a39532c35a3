package dataset

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/internal/npy"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// sequenceFile returns an archive of arrays.
func sequenceFile(t testing.TB, arrays map[string]*npy.Array) []byte {
	t.Helper()
	var b bytes.Buffer
	z := npy.NewZipWriter(&b)
	for name, a := range arrays {
		if err := z.Add(name, a); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func array[E npy.Element](t testing.TB, data []E, shape ...int) *npy.Array {
	t.Helper()
	a, err := npy.New(data, shape...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var stepInput = model.Input{Dt: 1, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000}}

func TestReadSequences(t *testing.T) {
	x := array(t, []uint8{1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0}, 2, 3, 2)
	classes := map[string]*npy.Array{
		"uint8": array(t, []uint8{0, 255, 2, 1, 1, 255}, 2, 3),
		"int64": array(t, []int64{0, -1, 2, 1, 1, -7}, 2, 3),
	}
	for name, y := range classes {
		source, err := ReadSequences(bytes.NewReader(sequenceFile(t, map[string]*npy.Array{"x": x, "y": y})), "f", stepInput, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := source.Classes(); !slices.Equal(got, []string{"0", "1", "2"}) || source.Len() != 2 || !slices.Equal(source.Shape(), []int{2}) {
			t.Errorf("%s: %d samples of %v, classes %q", name, source.Len(), source.Shape(), got)
		}
		if a, b := TargetsOf(source, 0), TargetsOf(source, 1); !slices.Equal(a.Classes, []int{0, -1, 2}) || !slices.Equal(b.Classes, []int{1, 1, -1}) || a.Counted() != 2 {
			t.Errorf("%s: classes %v, %v", name, a.Classes, b.Classes)
		}
		sub, err := Subset(source, []int{1})
		if err != nil || !slices.Equal(TargetsOf(sub, 0).Classes, []int{1, 1, -1}) || Length(sub, 0) != 3 {
			t.Errorf("%s: of a subset %v, %v", name, TargetsOf(sub, 0), err)
		}
	}
	sets := array(t, []uint8{1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 1}, 2, 3, 2)
	lengths := array(t, []int32{2, 3}, 2)
	source, err := ReadSequences(bytes.NewReader(sequenceFile(t, map[string]*npy.Array{"x": x, "y": sets, "lengths": lengths})), "f", stepInput, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	first := TargetsOf(source, 0)
	if Length(source, 0) != 2 || first.Steps() != 2 || !first.Sets.At(1).Get(1) || first.Sets.At(0).Get(1) {
		t.Errorf("%d steps, sets %v", Length(source, 0), first.Sets.Words())
	}
	analog := model.Input{Shape: []int{2}, Encoder: model.Encoder{Coding: model.Direct}}
	single := sequenceFile(t, map[string]*npy.Array{"x": array(t, []float32{0.5, -2, 1, 0}, 2, 2), "y": array(t, []int32{1, 0}, 2)})
	if source, err = ReadSequences(bytes.NewReader(single), "f", analog, nil); err != nil || source.Len() != 1 {
		t.Fatal(err)
	}
	v := spike.NewValues(2, 2)
	if err := source.Load(v, 0, Key{}); err != nil || v.At(0)[1] != -2 || !slices.Equal(TargetsOf(source, 0).Classes, []int{1, 0}) {
		t.Errorf("%v, %v, %v", v.Data(), TargetsOf(source, 0), err)
	}
}

func TestReadSequencesRefuses(t *testing.T) {
	x := array(t, []uint8{1, 0, 0, 1, 1, 1}, 1, 3, 2)
	for name, c := range map[string]struct {
		arrays map[string]*npy.Array
		names  []string
		want   string
	}{
		"no y":          {map[string]*npy.Array{"x": x}, nil, "there is no array y"},
		"no x":          {map[string]*npy.Array{"y": x}, nil, "there is no array x"},
		"steps":         {map[string]*npy.Array{"x": x, "y": array(t, []int32{1, 2}, 1, 2)}, nil, "array of shape [1 2], expected [1 3] classes or [1 3 outputs] sets"},
		"fraction":      {map[string]*npy.Array{"x": x, "y": array(t, []float32{1, 2, 0.5}, 1, 3)}, nil, "step 2 has class 0.5"},
		"large class":   {map[string]*npy.Array{"x": x, "y": array(t, []int32{1, 2, 70000}, 1, 3)}, nil, "step 2 has class 70000"},
		"no such class": {map[string]*npy.Array{"x": x, "y": array(t, []int32{1, 2, 0}, 1, 3)}, []string{"a", "b"}, "step 1 has class 2, expected 0 to 1"},
		"no set":        {map[string]*npy.Array{"x": x, "y": array(t, []uint8{1, 0, 0, 1, 2, 1}, 1, 3, 2)}, nil, "step 2, output 0 is 2"},
		"length":        {map[string]*npy.Array{"x": x, "y": array(t, []int32{1, 0, 1}, 1, 3), "lengths": array(t, []int32{4}, 1)}, nil, "sample 0 has 4 steps, expected 1 to 3"},
		"lengths":       {map[string]*npy.Array{"x": x, "y": array(t, []int32{1, 0, 1}, 1, 3), "lengths": array(t, []int32{1, 2}, 2)}, nil, "shape [2] for 1 samples"},
		"no spikes":     {map[string]*npy.Array{"x": array(t, []uint8{3, 0, 0, 1, 1, 1}, 1, 3, 2), "y": array(t, []int32{1, 0, 1}, 1, 3)}, nil, "is 3, expected a spike"},
	} {
		_, err := ReadSequences(bytes.NewReader(sequenceFile(t, c.arrays)), "f", stepInput, c.names)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "f") {
			t.Errorf("%s: error is %v, expected %q", name, err, c.want)
		}
	}
	if _, err := ReadSequences(strings.NewReader("PK"), "f", stepInput, nil); !errors.Is(err, ErrFormat) {
		t.Errorf("error is %v", err)
	}
	if _, err := LoadSequences(t.TempDir(), "train", stepInput, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

// An archive with x and y is sequences to a network that decides at every step, and x
// alone to others.
func TestOpenSequences(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npz")
	data := sequenceFile(t, map[string]*npy.Array{"x": array(t, []uint8{1, 0, 0, 1, 1, 1}, 1, 3, 2), "y": array(t, []int32{1, 0, 1}, 1, 3)})
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	in := stepInput
	in.Shape = []int{2}
	m := &model.Network{Steps: 3, Input: in, Readout: model.Readout{Kind: model.StepClass}, Layers: []model.Layer{{Out: []int{3}}}}
	for kind, targets := range map[model.ReadoutKind]int{model.StepClass: 3, model.MembraneSum: 0} {
		m.Readout.Kind = kind
		source, err := Open(path, m)
		if err != nil || source.Len() != 1 || TargetsOf(source, 0).Steps() != targets {
			t.Errorf("%s: %v, %v", kind, source, err)
		}
	}
}

func TestTargets(t *testing.T) {
	c := Targets{Classes: []int{1, -1, 0}}
	if c.Counted() != 2 || c.Counts(1) || !c.Counts(2) || c.Counts(3) || c.Steps() != 3 {
		t.Errorf("%+v counts wrongly", c)
	}
	s := Targets{Sets: spike.NewTrain(2, 5)}
	if s.Counted() != 2 || !s.Counts(1) || s.Counts(2) || s.Steps() != 2 {
		t.Errorf("%+v counts wrongly", s)
	}
	samples := []spike.Train{spike.NewTrain(2, 3)}
	for _, bad := range [][]Targets{{}, {{Classes: []int{2}}}, {{Classes: []int{0, 0, 0}}}, {{Classes: []int{-2}}}, {s}, {{Classes: []int{0}, Sets: spike.NewTrain(1, 2)}}} {
		if _, err := FromSequences(samples, []int{3}, bad, []string{"a", "b"}); !errors.Is(err, ErrMismatch) {
			t.Errorf("%v: error is %v, expected ErrMismatch", bad, err)
		}
	}
}

func TestJudged(t *testing.T) {
	samples := []spike.Train{spike.NewTrain(4, 3)}
	source, err := FromSequences(samples, []int{3}, []Targets{{Classes: []int{1, -1, 0, -1}}}, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	one, many := 1, 7
	judged, err := Judged(source, Judging{Skip: 2, Unlabelled: &one})
	if err != nil || !slices.Equal(TargetsOf(judged, 0).Classes, []int{-1, -1, 0, 1}) || Length(judged, 0) != 4 || Steps(judged, 9) != 4 {
		t.Errorf("%v, %v", TargetsOf(judged, 0), err)
	}
	if Unjudged(judged) != source || Unjudged(source) != source {
		t.Error("the source is another")
	}
	if same, err := Judged(source, Judging{}); err != nil || same != source {
		t.Errorf("%v", err)
	}
	if _, err := Judged(source, Judging{Unlabelled: &many}); !errors.Is(err, ErrMismatch) {
		t.Errorf("error is %v", err)
	}
	sets, err := FromSequences(samples, []int{3}, []Targets{{Sets: spike.NewTrain(4, 2)}}, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Judged(sets, Judging{Skip: 1}); !errors.Is(err, ErrMismatch) {
		t.Errorf("error is %v", err)
	}
}
