package train

import (
	"testing"

	"github.com/snurun/snurun/model"
)

// Each hidden spike costs the same, one that was dropped only that; neither
// padding nor a layer without spikes is charged.
func TestCharge(t *testing.T) {
	const cost = 0.5
	m, source := smallTask(t, 4)
	p := DefaultTopology(m.Input, m.Steps, source.Classes())
	p.Hidden, p.Active, p.ActiveHidden, p.Readout = []int{40, 30}, 5, 8, model.MembraneSum
	m, err := p.New(1)
	if err != nil {
		t.Fatal(err)
	}
	c := smallConfig()
	c.Dropout = 0.4
	tr, err := New(m, source, indices(4), c)
	if err != nil {
		t.Fatal(err)
	}
	w, s := tr.workers[0].scratch, tr.samples[0]
	if err := tr.forward(w, tr.samples[:1], []int{0}); err != nil {
		t.Fatal(err)
	}
	dropped := 0
	for i, l := range tr.layers {
		grad := w.layers[i].errors.Grad
		for at := range grad {
			grad[at] = 1
		}
		s.charge(tr, w, i, cost)
		for at, g := range grad {
			k, j := at/l.Units.N, at%l.Units.N
			want := float32(1)
			if i < len(tr.layers)-1 && j < l.Out {
				if st := s.states[i]; st.Spikes(k+1).Get(j) && !st.Reaching(k+1).Get(j) {
					dropped++
					want = 0
				}
				want += cost
			}
			if g != want {
				t.Fatalf("layer %d, step %d, neuron %d of %d: gradient %v, expected %v", i, k, j, l.Out, g, want)
			}
		}
	}
	if dropped == 0 {
		t.Error("no spike was dropped")
	}
}
