package evaluate

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// TestRecord compares records with a session step by step, for layers that spike,
// a soft one, an analog one, and layers without neurons.
func TestRecord(t *testing.T) {
	t.Parallel()
	all := tasks(t, 3)
	soft := *all[0].model
	soft.Layers, soft.SelfTest = slices.Clone(soft.Layers), nil
	soft.Layers[3].Output = model.Sigmoid
	soft.Layers[3].Reset = model.ResetNone
	for _, k := range append(all, task{"soft", &soft, all[0].set}, task{"analog output", withReadout(all[0].model, model.MembraneSum), all[0].set}) {
		e := evaluator(t, k.model)
		x, err := k.set.Load(k.model, 1)
		if err != nil {
			t.Fatal(err)
		}
		r, result, err := e.Record(t.Context(), x, func(layer int) What { return What{Outputs: true, Membrane: layer%2 == 1} })
		if err != nil {
			t.Fatalf("%s: %v", k.name, err)
		}
		s := e.Network().NewSession()
		for step := range x.Steps() {
			if err := s.Step(x, step); err != nil {
				t.Fatal(err)
			}
			for i := range r.Layers {
				neurons := k.model.Layers[i].HasNeurons()
				if l := r.Layers[i].Membrane; (l.Steps() > 0) != (neurons && i%2 == 1) || l.Steps() > 0 && !slices.Equal(l.At(step), s.Membrane(i)) {
					t.Errorf("%s: membranes of layer %d at step %d", k.name, i, step)
				}
				switch y := r.Layers[i].Outputs.(type) {
				case spike.Train:
					if !slices.Equal(y.At(step), s.Spikes(i)) {
						t.Errorf("%s: spikes of layer %d at step %d", k.name, i, step)
					}
				case spike.Values:
					want := s.Outputs(i)
					if k.model.Layers[i].Output != model.Sigmoid {
						want = s.Membrane(i)
					}
					if !slices.Equal(y.At(step), want) {
						t.Errorf("%s: outputs of layer %d at step %d", k.name, i, step)
					}
				default:
					if neurons {
						t.Errorf("%s: nothing of layer %d", k.name, i)
					}
				}
			}
		}
		if want := s.Result(); result.Class != want.Class || !slices.Equal(result.Scores, want.Scores) || result.Steps != want.Steps {
			t.Errorf("%s: %+v, expected %+v", k.name, result, want)
		}
	}
}

func TestRecordNothing(t *testing.T) {
	t.Parallel()
	m, source := digits(t)
	e := evaluator(t, m)
	x, err := First(source, 1).Load(m, 0)
	if err != nil {
		t.Fatal(err)
	}
	r, _, err := e.Record(t.Context(), x, func(int) What { return What{} })
	if err != nil || r.Layers[0].Outputs != nil || r.Layers[0].Membrane.Steps() != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := e.Record(ctx, x, func(int) What { return What{} }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := NewRecorder(e.Network(), math.MaxInt/100, func(int) What { return What{Membrane: true} }); err == nil {
		t.Error("more steps than memory has addresses are taken")
	}
	few, err := NewRecorder(e.Network(), 2, func(int) What { return What{true, true} })
	if err != nil {
		t.Fatal(err)
	}
	s := e.Network().NewSession()
	for step := range x.Steps() { // more than there is room for
		if err := s.Step(x, step); err != nil {
			t.Fatal(err)
		}
		few.Add(s)
	}
	if few.Layers[0].Membrane.Steps() != 2 {
		t.Errorf("%d steps", few.Layers[0].Membrane.Steps())
	}
}
