package dataset

import (
	"fmt"
	"math"
	"slices"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// levels is the encoder series: of each value x_c a reference r_c follows in steps of
// delta_c, one a time step at most, and each of its steps is a spike:
//
//	v = x_c(t), or x_c(t) − x_c(t−1) with difference
//	channel 2·c      spikes, and r_c = r_c + delta_c, if v − r_c ≥ delta_c
//	channel 2·c + 1  spikes, and r_c = r_c − delta_c, if r_c − v ≥ delta_c
//
// all in float32. At the first step r_c is v: 0 with difference, as nothing came before.
type levels struct {
	delta      []float32
	difference bool
	reference  []float32
	last       []float32 // the values of the step before
	begun      bool
}

func newLevels(e model.Encoder) *levels {
	n := len(e.Delta)
	return &levels{delta: slices.Clone(e.Delta), difference: e.Difference, reference: make([]float32, n), last: make([]float32, n)}
}

func (l *levels) Reset() { l.begun = false }

func (l *levels) Step(dst spike.Vector, x []float32) {
	dst.Clear()
	if !l.begun {
		l.begun = true
		copy(l.last, x)
		copy(l.reference, x)
		if l.difference {
			clear(l.reference)
		}
	}
	for c, delta := range l.delta {
		v := x[c]
		if l.difference {
			v, l.last[c] = v-l.last[c], v
		}
		switch r := l.reference[c]; {
		case v-r >= delta:
			l.reference[c] = r + delta
			dst.Set(2 * c)
		case r-v >= delta:
			l.reference[c] = r - delta
			dst.Set(2*c + 1)
		}
	}
}

// LearnDelta returns the distance of levels for each channel of signals, of which the
// given samples are read: share times the standard deviation of its values, or with
// difference of their changes from step to step, over all their steps.
func LearnDelta(source Source, indices []int, share float64, difference bool) ([]float32, error) {
	width, err := channels(source.Shape())
	if err != nil {
		return nil, err
	}
	mean, squares, n := make([]float64, width), make([]float64, width), 0.0
	largest := make([]float32, width)
	for _, i := range indices {
		x := spike.NewValues(Length(source, i), width)
		if err := source.Load(x, i, Key{}); err != nil {
			return nil, err
		}
		for t := range x.Steps() {
			n++
			for c, value := range x.At(t) {
				v := float64(value)
				if difference {
					v -= float64(x.At(max(0, t-1))[c])
				}
				largest[c] = max(largest[c], float32(math.Abs(v)))
				from := v - mean[c] // Welford's sums, which keep their digits far from 0
				mean[c] += from / n
				squares[c] += float64(from * (v - mean[c]))
			}
		}
	}
	delta := make([]float32, width)
	for c := range delta {
		deviation := math.Sqrt(squares[c] / n)
		if delta[c] = float32(share * deviation); !(delta[c] > 0) || math.IsInf(float64(delta[c]), 0) {
			return nil, fmt.Errorf("dataset: %w: channel %d of the signals has a standard deviation of %v, expected one above 0 within the range of float32: leave out a channel that never changes", ErrFormat, c, deviation)
		}
		if largest[c]+delta[c] == largest[c] {
			return nil, fmt.Errorf("dataset: %w: channel %d of the signals has values up to %v, and levels %v apart, which float32 does not tell from each other there: subtract what is always in them", ErrFormat, c, largest[c], delta[c])
		}
	}
	return delta, nil
}
