package model_test

import (
	"slices"
	"testing"

	"github.com/snurun/snurun/model"
)

// TestKindsAgree holds the rows of the table of kinds to each other: what is
// required or implied may be there, every parameter belongs to some kind, and a
// file says what it must say.
func TestKindsAgree(t *testing.T) {
	t.Parallel()
	owned := map[model.Field]bool{}
	for _, kind := range model.Kinds() {
		spec := kind.Spec()
		if spec == nil || spec.Kind != kind {
			t.Fatalf("%s: its row is %+v", kind, spec)
		}
		for _, f := range spec.Fields {
			owned[f] = true
			if spec.Requires(f) && !slices.Contains(spec.Required, f) || spec.Says(f) == slices.Contains(spec.Implied, f) {
				t.Errorf("%s: %s is required %v, said %v", kind, f, spec.Requires(f), spec.Says(f))
			}
		}
		for _, f := range slices.Concat(spec.Required, spec.Implied) {
			if !spec.Has(f) {
				t.Errorf("%s: %s is required or implied, but not allowed", kind, f)
			}
		}
	}
	for _, f := range model.LayerFields() {
		if !owned[f] {
			t.Errorf("no kind may have %s", f)
		}
		delete(owned, f)
	}
	for f := range owned {
		t.Errorf("%s belongs to a kind, but not to the parameters of layers", f)
	}
	if model.Kind("none").Spec() != nil {
		t.Error("an unknown kind has a row")
	}
}

// TestFill completes descriptions that leave out what has a default.
func TestFill(t *testing.T) {
	t.Parallel()
	one := [2]int{1, 1}
	for name, c := range map[string]struct {
		l     model.Layer
		given []model.Field
		want  model.Window
	}{
		"convolution": {
			l:    model.Layer{Kind: model.Conv2D, Weight: model.Tensor{Shape: []int{8, 2, 5, 3}}},
			want: model.Window{Kernel: [2]int{5, 3}, Stride: one, Dilation: one},
		},
		"given convolution": {
			l:     model.Layer{Kind: model.Conv2D, Groups: 2, Window: model.Window{Kernel: [2]int{5, 3}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 2}}},
			given: []model.Field{"kernel", "stride", "dilation", "groups"},
			want:  model.Window{Kernel: [2]int{5, 3}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 2}},
		},
		"pool": {
			l:     model.Layer{Kind: model.Pool2D, Window: model.Window{Kernel: [2]int{3, 2}}},
			given: []model.Field{"kernel"},
			want:  model.Window{Kernel: [2]int{3, 2}, Stride: [2]int{3, 2}, Dilation: one},
		},
		"flatten": {l: model.Layer{Kind: model.Flatten}},
	} {
		groups := 0
		if c.l.Kind == model.Conv2D {
			groups = max(c.l.Groups, 1)
		}
		c.l.Kind.Spec().Fill(&c.l, func(f model.Field) bool { return slices.Contains(c.given, f) })
		if c.l.Window != c.want || c.l.Groups != groups {
			t.Errorf("%s: window %+v in %d groups, expected %+v in %d", name, c.l.Window, c.l.Groups, c.want, groups)
		}
	}
}

// TestPoolsValues tells max pools of analog values from those of spikes.
func TestPoolsValues(t *testing.T) {
	t.Parallel()
	pool := model.Layer{Kind: model.Pool2D, Pool: model.MaxPool}
	soft := model.Layer{Kind: model.SNU, Output: model.None}
	hard := model.Layer{Kind: model.SNU, Output: model.Step}
	for name, c := range map[string]struct {
		coding model.Coding
		layers []model.Layer
		want   bool
	}{
		"input of spikes":    {model.Poisson, []model.Layer{pool}, false},
		"input of values":    {model.Direct, []model.Layer{pool}, true},
		"behind spikes":      {model.Direct, []model.Layer{hard, pool}, false},
		"behind values":      {model.Poisson, []model.Layer{soft, pool}, true},
		"second pool":        {model.Poisson, []model.Layer{soft, pool, pool}, true},
		"no max pool at all": {model.Direct, []model.Layer{soft}, false},
	} {
		n := model.Network{Input: model.Input{Encoder: model.Encoder{Coding: c.coding}}, Layers: c.layers}
		if got := n.PoolsValues(len(c.layers) - 1); got != c.want {
			t.Errorf("%s: %v, expected %v", name, got, c.want)
		}
	}
}

func TestEncoderInWords(t *testing.T) {
	t.Parallel()
	half := 0.5
	for want, e := range map[string]model.Encoder{
		"poisson 100 Hz, intensity above 0.5": {Coding: model.Poisson, RateHz: 100, Threshold: &half},
		"events, bins of 300 µs, counted":     {Coding: model.Events, BinUS: 300, Counts: true},
		"direct":                              {Coding: model.Direct},
		"sound at 8000 Hz, 3 bands of 2 levels, steps of 80 samples": {Coding: model.Sounds, Sound: &model.Sound{
			SampleHz: 8000, Hop: 80, Filters: model.Tensor{Shape: []int{3, 1, 3}}, Levels: model.Tensor{Shape: []int{3, 2}}}},
	} {
		if e.String() != want {
			t.Errorf("%q, expected %q", e.String(), want)
		}
	}
	for bin, want := range map[float64]bool{1: true, 1000: true, 0: false, 0.5: false, 2.5: false, 1 << 54: false} {
		if got := (model.Encoder{BinUS: bin}).WholeBin(); got != want {
			t.Errorf("bins of %v µs are whole: %v, expected %v", bin, got, want)
		}
	}
	in := model.Input{Shape: []int{2, 3}, Encoder: model.Encoder{Coding: model.Direct}}
	if x := in.New(4); x.Steps() != 4 || x.Size() != 6 {
		t.Errorf("%d steps of %d values", x.Steps(), x.Size())
	}
	in.Encoder.Coding = model.Poisson
	if x := in.New(4); x.Steps() != 4 || x.Size() != 6 {
		t.Errorf("%d steps of %d spikes", x.Steps(), x.Size())
	}
}
