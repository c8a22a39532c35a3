package asm

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// benchSteps is the number of time steps of the benchmarks of the backward pass.
const benchSteps = 10

func BenchmarkDotSteps(b *testing.B) {
	const n = 256
	for _, c := range []struct {
		out  int
		open float64
	}{{n, 0.3}, {n, 0.7}, {n, 1}, {10, 0.5}} {
		r := rand.New(rand.NewPCG(1, 2))
		w, d := randomMatrix(r, n, c.out), randomMatrix(r, 64*benchSteps, c.out)
		steps := NewSteps(benchSteps, n)
		products := 0
		for j := range n {
			for t := range benchSteps {
				if r.Float64() < c.open {
					steps.Add(j, t)
					products++
				}
			}
		}
		dst := Floats(benchSteps * n)
		for i := range tiers {
			b.Run(fmt.Sprintf("out=%d/open=%v/tier=%s", c.out, c.open, tiers[i].name), func(b *testing.B) {
				for b.Loop() {
					tiers[i].dotSteps(dst, n, &w, &d, 0, &steps)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*products), "ns/product")
			})
		}
	}
}

// benchUnits returns the units and the trace of n ELU neurons over benchSteps
// steps, of which about a fifth spike.
func benchUnits(r *rand.Rand, n int) (*Units, *Trace) {
	u := &Units{N: n, Activation: ELU, Current: Floats(n), Decay: Floats(n), Bias: Floats(n)}
	tr := &Trace{S: Floats((benchSteps + 1) * n), SStride: n, Y: make([]uint64, (benchSteps+1)*n/64), YStride: n / 64}
	for j := range n {
		u.Decay[j], u.Bias[j] = 0.9, -0.5
	}
	for i := range tr.S {
		tr.S[i] = float32(r.NormFloat64())
	}
	for i := range tr.Y {
		tr.Y[i] = r.Uint64() & r.Uint64()
	}
	return u, tr
}

func perNeuronStep(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n*benchSteps), "ns/neuron-step")
}

func BenchmarkSlopes(b *testing.B) {
	const n = 256
	u, tr := benchUnits(rand.New(rand.NewPCG(1, 2)), n)
	for kind, name := range []string{"boxcar", "triangle", "tanh", "fast_sigmoid", "arctan"} {
		sl := &Slopes{Surrogate: Surrogate(kind), Width: 2, D: Floats(benchSteps * n), Open: NewSteps(benchSteps, n)}
		for i := range tiers {
			b.Run(fmt.Sprintf("surrogate=%s/tier=%s", name, tiers[i].name), func(b *testing.B) {
				for b.Loop() {
					tiers[i].slopes(sl, u, tr, benchSteps)
				}
				perNeuronStep(b, n)
			})
		}
	}
}

func BenchmarkBackward(b *testing.B) {
	const n = 256
	r := rand.New(rand.NewPCG(1, 2))
	u, tr := benchUnits(r, n)
	delta, grad := randomMatrix(r, benchSteps, n), randomMatrix(r, benchSteps, n)
	e := &Errors{
		Grad: grad.data, Slope: Floats(benchSteps * n), Delta: &delta, Next: Floats(n),
		Bias: Floats(n), Decay: Floats(n), Current: Floats(n),
	}
	for i := range tiers {
		b.Run("tier="+tiers[i].name, func(b *testing.B) {
			for b.Loop() {
				clear(e.Next)
				tiers[i].backward(u, tr, e, 0, benchSteps)
			}
			perNeuronStep(b, n)
		})
	}
}

// randomMatrix returns a matrix whose memory has been written to: untouched
// pages are all one page of zeros, which the caches treat unlike any other.
func randomMatrix(r *rand.Rand, rows, cols int) Matrix {
	m := NewMatrix(rows, cols)
	for i := range m.data {
		m.data[i] = float32(r.NormFloat64())
	}
	return m
}
