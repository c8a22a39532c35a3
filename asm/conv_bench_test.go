package asm

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// benchScatter returns the Scatter of a convolution of 8 input channels with
// runs×runs kernels on a plane of 16×16, and a list of a tenth of the inputs.
func benchScatter(width, runs int) (*Scatter, []uint32) {
	const size, inputs = 16, 8
	channels := (width + runs - 1) / runs
	stride := channels * (size + runs - 1)
	offsets := make([]uint32, runs)
	for r := range offsets {
		offsets[r] = uint32(r * stride)
	}
	var places []Place
	for y := range size {
		for x := range size {
			for c := range inputs {
				places = append(places, Place{uint32(y*stride + x*channels), uint32(c * runs * width)})
			}
		}
	}
	s := NewScatter(width, offsets, places, stride*(size+runs-1)+width, inputs)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range s.Weights() {
		s.Weights()[i] = float32(r.NormFloat64())
	}
	var list []uint32
	for i := range places {
		if r.IntN(10) == 0 {
			list = append(list, uint32(i))
		}
	}
	return &s, list
}

// integers returns an IntScatter of the same pattern whose units are all sums.
func (s *Scatter) integers() *IntScatter {
	q := make([]int8, len(s.weights))
	for i, w := range s.weights {
		q[i] = int8(max(-127, min(127, 40*w)))
	}
	whole := NewIntScatter(s.width, s.offsets, s.places, s.sums, []Row{{0, 0, s.sums}}, q, 0)
	return &whole
}

// BenchmarkScatter counts the bytes that are loaded and stored.
func BenchmarkScatter(b *testing.B) {
	for _, c := range []struct{ width, runs int }{{8, 1}, {24, 3}, {48, 3}, {96, 3}, {80, 5}, {160, 5}, {320, 5}} {
		s, list := benchScatter(c.width, c.runs)
		sums, grads, dots := Floats(s.Sums()), Floats(len(s.Weights())), Floats(len(list))
		for i := range sums {
			sums[i] = 1
		}
		whole := s.integers()
		lanes := whole.NewPlane().lanes
		for i := range tiers {
			k := &tiers[i]
			for _, way := range []struct {
				name  string
				bytes int
				run   func()
			}{
				{"Add", 12, func() { k.scatter(s, sums, list, nil) }},
				{"AddBytes", 5, func() { k.scatterBytes(whole, lanes, list) }},
				{"Collect", 12, func() { k.collect(s, grads, sums, list, nil) }},
				{"Dot", 8, func() { k.scatterDot(s, dots, sums, list) }},
			} {
				b.Run(fmt.Sprintf("kernel=%s/width=%d/runs=%d/tier=%s", way.name, c.width, c.runs, k.name), func(b *testing.B) {
					for b.Loop() {
						way.run()
					}
					ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N*len(list))
					b.ReportMetric(ns, "ns/input")
					b.ReportMetric(float64(way.bytes*c.width*c.runs)/ns, "GB/s")
				})
			}
		}
	}
}
