package asm

import (
	"math"
	"testing"
)

// TestRareUpdates follows neurons of other frameworks by hand. All numbers are exact:
// decays are 1/2, thresholds 1.
func TestRareUpdates(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		name     string
		units    Units
		theta    float32
		in, s, y []float32
	}{
		// The step after a spike is lost, whatever comes in.
		{"refractory", Units{Reset: ResetRefractory}, 0, []float32{2, 3, 0.5, 0.5, 1}, []float32{2, 0, 0.5, 0.75, 1.375}, []float32{1, 0, 0, 0, 1}},
		// 2 is left of 3, above the threshold: the neuron fires again above 2 only, twice
		// in a row. 0.875 is left of 1.75.
		{"lagged", Units{Reset: ResetLagged}, 0.5, []float32{3, 0.75, 0, 0.5, 1}, []float32{3, 1.75, 0.875, 0.9375, 1.46875}, []float32{1, 0, 0, 0, 1}},
		{"lagged, above twice the threshold", Units{Reset: ResetLagged}, 0.5, []float32{3, 2, 0}, []float32{3, 3, 1}, []float32{1, 1, 0}},
		{"clipped", Units{Activation: Clipped, Floor: -0.25}, 0, []float32{-2, 0.5, 2, -2, nan}, []float32{-0.25, 0.375, 2.1875, -0.25, -0.25}, []float32{0, 0, 1, 0, 0}},
		// ⌊s⌋ spikes a step, each of which takes off the threshold.
		{"counts", Units{Output: Count, Reset: ResetSubtract, Most: inf, Value: 1}, 0.5, []float32{3.5, 0, 0.25, 1.8125}, []float32{3.5, 0.25, 0.375, 2}, []float32{3, 0, 0, 2}},
		{"counts, at most 2, each worth 1/2", Units{Output: Count, Reset: ResetSubtract, Most: 2, Value: 0.5}, 0.5, []float32{3.5, 0, 1}, []float32{3.5, 0.75, 1.375}, []float32{1, 0, 0.5}},
		{"counts, reset to 0", Units{Output: Count, Most: inf, Value: 1}, 0, []float32{3.5, 0.5, 0.5}, []float32{3.5, 0.5, 0.75}, []float32{3, 0, 0}},
		{"counts, below a floor", Units{Output: Count, Activation: Clipped, Floor: -0.25, Reset: ResetSubtract, Most: inf, Value: 1}, 0.5, []float32{-1, 1.125}, []float32{-0.25, 1}, []float32{0, 1}},
	} {
		if !c.units.Rare() {
			t.Errorf("%s: is not rare", c.name)
		}
		// As many neurons as take two words, the last of them padding.
		const neurons = 70
		n, steps := Pad(neurons), len(c.in)
		for _, kept := range []bool{true, false} {
			u := c.units
			u.N, u.Current, u.Decay, u.Bias, u.Theta = n, Floats(n), Floats(n), Floats(n), Floats(n)
			sums := Floats(steps * n)
			for j := range neurons {
				u.Decay[j], u.Bias[j], u.Theta[j] = 0.5, -1, c.theta
				for k, v := range c.in {
					sums[k*n+j] = v
				}
			}
			rows, stride, words := steps+1, n, (n+63)/64
			if !kept {
				rows, stride = 1, 0
			}
			tr := &Trace{S: Floats(rows * n), SStride: stride, Y: make([]uint64, rows*words), YStride: min(stride, words), Soft: Floats(rows * n)}
			Update(&u, sums, n, steps, tr)
			first := 0
			if !kept {
				first = steps - 1
			}
			for k := first; k < steps; k++ {
				at := 0
				if kept {
					at = k + 1
				}
				for j := range n {
					s, y := c.s[k], c.y[k]
					if j >= neurons {
						if c.units.Activation == Clipped || c.units.Output == Step { // which the layer above does not see
							continue
						}
						s, y = 0, 0
					}
					got := float32(tr.Y[at*words+j/64] >> (j % 64) & 1)
					if u.Output == Count {
						got = tr.Soft[at*n+j]
					}
					if tr.S[at*n+j] != s || got != y {
						t.Fatalf("%s, step %d, neuron %d: membrane %v, output %v, expected %v and %v", c.name, k, j, tr.S[at*n+j], got, s, y)
					}
				}
			}
		}
	}
}

// BenchmarkRare measures a step of all units that no tier has kernels for, and of others
// by the kernel alone and with the question whether they are: that costs them nothing.
func BenchmarkRare(b *testing.B) {
	const n = 512
	in := &Inputs{Ends: []int32{0}}
	report := func(b *testing.B, step func()) {
		for b.Loop() {
			step()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/neuron")
	}
	w, u, tr := benchLayer(n, Identity, Step)
	b.Run("units=common/by=kernel", func(b *testing.B) { report(b, func() { kernels.Load().forward(w, u, in, tr) }) })
	b.Run("units=common/by=Forward", func(b *testing.B) { report(b, func() { Forward(w, u, in, tr) }) })
	for _, c := range []struct {
		name   string
		change func(*Units)
	}{
		{"refractory", func(u *Units) { u.Reset = ResetRefractory }},
		{"lagged", func(u *Units) { u.Reset, u.Theta = ResetLagged, Floats(n) }},
		{"clipped", func(u *Units) { u.Activation, u.Floor = Clipped, -1 }},
		{"count", func(u *Units) { u.Output, u.Most, u.Value = Count, float32(math.Inf(1)), 1 }},
	} {
		w, u, tr := benchLayer(n, Identity, Step)
		c.change(u)
		if u.Output == Count {
			tr.Soft = Floats(len(tr.S))
		}
		b.Run("units="+c.name+"/by=Forward", func(b *testing.B) { report(b, func() { Forward(w, u, in, tr) }) })
	}
}
