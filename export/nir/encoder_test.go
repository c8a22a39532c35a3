package nir

import (
	"testing"

	"github.com/snurun/snurun/model"
)

// Time steps of whole microseconds give such bins, also after float32.
func TestBinsAreWhole(t *testing.T) {
	for ms, want := range map[float64]float64{
		1: 1000, 0.1: 100, float64(float32(0.001)) * 1e3: 1000, float64(float32(3e-6)) * 1e3: 3, 0.0015: 1.5, 1.0005: 1000.5,
	} {
		net := &model.Network{Input: model.Input{Dt: model.Millis(ms), Shape: []int{2, 3, 4}}}
		if e := chooseEncoder(&Import{}, net, Options{}); e.Coding != model.Events || e.BinUS != want {
			t.Errorf("steps of %v ms: %+v, expected bins of %v µs", ms, e, want)
		}
	}
}
