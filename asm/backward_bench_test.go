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
	for _, open := range []float64{0.3, 0.7, 1} {
		r := rand.New(rand.NewPCG(1, 2))
		w, d := NewMatrix(n, n), NewMatrix(647, n)
		steps := NewSteps(benchSteps, n)
		products := 0
		for j := range n {
			for t := range benchSteps {
				if r.Float64() < open {
					steps.Add(j, t)
					products++
				}
			}
		}
		dst := Floats(benchSteps * n)
		for i := range tiers {
			b.Run(fmt.Sprintf("open=%v/tier=%s", open, tiers[i].name), func(b *testing.B) {
				for b.Loop() {
					tiers[i].dotSteps(dst, n, &w, &d, 0, &steps)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*products), "ns/product")
			})
		}
	}
}
