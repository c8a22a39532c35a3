// Package bandwidth reads memory as fast as the load instructions of a tier
// can: the limit against which benchmarks measure the kernels.
package bandwidth

import (
	"slices"
	"time"
)

// Loader returns a function that loads every element of p, whose length is a
// multiple of 256, with the widest loads of the tier of that name, or nil if
// there is none.
func Loader(tier string) func(p []float32) { return loader(tier) }

// Rate returns the median rate, in bytes a nanosecond, at which a tier loads
// p, whose length is a multiple of 256, or 0 if there is no loader for it.
func Rate(tier string, p []float32) float64 {
	load := loader(tier)
	if load == nil || len(p) == 0 {
		return 0
	}
	rates := make([]float64, 21)
	repeat := max(1, 1<<20/len(p))
	for i := range rates {
		start := time.Now()
		for range repeat {
			load(p)
		}
		rates[i] = float64(repeat) * float64(4*len(p)) / float64(max(1, time.Since(start).Nanoseconds()))
	}
	slices.Sort(rates)
	return rates[len(rates)/2]
}
