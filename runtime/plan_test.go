package runtime

import (
	"testing"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/model"
)

// oneLayer returns a network of in inputs and out neurons with weights 0.
func oneLayer(in, out, steps int, recurrent bool) *model.Network {
	l := model.Layer{
		Kind: model.SNU, In: []int{in}, Out: []int{out}, Activation: model.ELU, Output: model.Step, Reset: model.ResetZero,
		Weight: model.Matrix(out, in, make([]float32, in*out)), Decay: []float32{0.9}, Bias: []float32{-1},
	}
	if recurrent {
		h := model.Matrix(out, out, make([]float32, out*out))
		l.Recurrent = &h
	}
	return &model.Network{
		Steps: steps, Readout: model.Readout{Kind: model.SpikeCount}, Layers: []model.Layer{l},
		Input: model.Input{Dt: 1, Shape: []int{in}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100}},
	}
}

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		name           string
		in, out, steps int
		recurrent      bool
		want           Plan
		says           string
	}{
		{"small", 784, 250, 10, false, Plan{Panels, 4 * 784 * 256, 10, false}, "panels, 10 steps at once"},
		{"one panel", 20, 10, 10, false, Plan{Panels, 4 * 20 * 16, 10, false}, "panels, 10 steps at once"},
		{"long", 20, 64, 500, false, Plan{Panels, 4 * 20 * 64, chunkSteps, false}, "panels, 32 steps at once"},
		{"large", 1000, 1024, 10, false, Plan{Rows, 4 * 1000 * 1024, 10, true}, "rows, 10 steps at once, batches on a copy in panels"},
		// Of which a panel does not fit in half of the second-level cache.
		{"large recurrent", asm.Caches().L2 / 512, 1024, 10, true, Plan{Rows, 4 * (asm.Caches().L2/512 + 1024) * 1024, 1, false}, "rows, step by step"},
		{"recurrent", 20, 64, 10, true, Plan{Panels, 4 * 84 * 64, 1, false}, "panels, step by step"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := mustCompile(t, oneLayer(c.in, c.out, c.steps, c.recurrent))
			if got := n.Plan(0); got != c.want || got.String() != c.says {
				t.Errorf("%+v %q, expected %+v %q", got, got, c.want, c.says)
			}
			if copied := n.layers[0].InPanels().Weights.Data(); (&copied[0] != &n.layers[0].Weights.Data()[0]) != c.want.Copied {
				t.Error("Copied says something else than InPanels does")
			}
		})
	}
}
