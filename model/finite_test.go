package model

import (
	"math"
	"testing"
)

func TestFirstNotFinite(t *testing.T) {
	inf := float32(math.Inf(1))
	for n := range 19 {
		p := make([]float32, n)
		for i := range p {
			p[i] = math.MaxFloat32
		}
		if k := firstNotFinite(p); k != -1 {
			t.Errorf("%d of %d finite numbers is not, it says", k, n)
		}
		for i := range n {
			for _, wrong := range []float32{inf, -inf, float32(math.NaN())} {
				was := p[i]
				p[i] = wrong
				if k := firstNotFinite(p); k != i {
					t.Errorf("of %d numbers the first that is not finite is %d, expected %d", n, k, i)
				}
				p[i] = was
			}
		}
	}
}
