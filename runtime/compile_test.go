package runtime

import (
	"math/rand/v2"
	"reflect"
	goruntime "runtime"
	"testing"
	"weak"
)

// TestCompileKeepsNoWeights: once the model is dropped its weights are in memory
// once, as they were laid out, and the network still tells all that was not
// weights.
func TestCompileKeepsNoWeights(t *testing.T) {
	for seed := range uint64(20) {
		draw := randomNetwork
		if seed%2 == 0 {
			draw = randomPlanes
		}
		m := draw(rand.New(rand.NewPCG(seed, 7)), seed%3 == 0)
		m.Classes = make([]string, m.Layers[len(m.Layers)-1].OutSize())
		n := mustCompile(t, m)
		var weights []weak.Pointer[float32]
		for i := range m.Layers {
			l := &m.Layers[i]
			for _, p := range [][]float32{l.Weight.F32, l.Decay, l.Bias} {
				if len(p) > 4 { // smaller ones share a block of memory with others
					weights = append(weights, weak.Make(&p[0]))
				}
			}
		}
		again := draw(rand.New(rand.NewPCG(seed, 7)), seed%3 == 0)
		again.Classes = m.Classes
		m = nil
		goruntime.GC()
		for i, w := range weights {
			if w.Value() != nil {
				t.Errorf("seed %d: array %d of the model is kept", seed, i)
			}
		}
		for i := range again.Layers {
			again.Layers[i].Weight = n.Model().Layers[i].Weight
			again.Layers[i].Recurrent = n.Model().Layers[i].Recurrent
		}
		if !reflect.DeepEqual(n.Model(), again) {
			t.Errorf("seed %d: the network is of\n%+v\nexpected\n%+v", seed, n.Model(), again)
		}
		if len(n.Classes()) != n.OutSize() || n.Input().Size() != n.InSize() || n.Readout() != again.Readout || n.Steps() != again.Steps {
			t.Errorf("seed %d: %d classes, %d inputs, readout %+v", seed, len(n.Classes()), n.Input().Size(), n.Readout())
		}
	}
}
