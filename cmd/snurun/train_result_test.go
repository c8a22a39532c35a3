package main

import (
	"math"
	"testing"
)

func TestEstimate(t *testing.T) {
	for _, c := range []struct {
		draws        []float64
		mean, spread float64
		text         string
	}{
		{[]float64{0.9}, 0.9, 0, "90.00 %"},
		{[]float64{0.9, 0.9}, 0.9, 0, "90.00 %"},
		{[]float64{0.9, 0.92, 0.94}, 0.92, 0.02 / math.Sqrt(3), "92.00 ± 1.15 %"},
	} {
		e := estimateOf(c.draws)
		if math.Abs(e.mean-c.mean) > 1e-12 || math.Abs(e.spread-c.spread) > 1e-12 || e.String() != c.text {
			t.Errorf("%v: %v ± %v, %q, expected %v ± %v, %q", c.draws, e.mean, e.spread, e, c.mean, c.spread, c.text)
		}
	}
}
