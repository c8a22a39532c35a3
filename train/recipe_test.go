package train

import (
	"testing"

	"github.com/snurun/snurun/model"
)

// TestPublishedUnits guards the recipes that follow something published from
// changes to the defaults.
func TestPublishedUnits(t *testing.T) {
	for name, surrogate := range map[string]Surrogate{
		"seed": {Boxcar, 1}, "paper": {Triangle, 1}, "neuroaikit": {TanhPrime, 1},
		"mnist-conv": {Triangle, 1}, "nmnist": {Triangle, 1},
	} {
		r, err := FindRecipe(name)
		if err != nil {
			t.Fatal(err)
		}
		p := r.Setup([]int{2, 28, 28}, []string{"a", "b"})
		u := p.Topology
		if u.Activation != model.ELU || u.Reset != model.ResetZero || u.Theta != 0 || p.Config.Surrogate != surrogate {
			t.Errorf("%s: unit %s, reset %s, surrogate %v, expected elu, zero, %v", name, u.Activation, u.Reset, p.Config.Surrogate, surrogate)
		}
	}
}
