package snurun_test

import (
	"testing"

	"github.com/snurun/snurun/internal/refnet"
	"github.com/snurun/snurun/runtime"
)

// BenchmarkClassify reports the time of one sample of a reference network.
// Plans: streaming steps one by one; known runs all steps layer by layer;
func BenchmarkClassify(b *testing.B) {
	for _, ref := range []*refnet.Net{&refnet.A, &refnet.B, &refnet.C} {
		b.Run("net="+ref.Name, func(b *testing.B) {
			net, err := runtime.Compile(ref.Model())
			if err != nil {
				b.Fatal(err)
			}
			samples := ref.Samples(32)
			b.Run("plan=streaming", func(b *testing.B) {
				s := net.NewSession()
				k := 0
				for b.Loop() {
					x := samples[k%len(samples)]
					k++
					s.Reset()
					for t := range x.Steps() {
						if err := s.Step(x.At(t)); err != nil {
							b.Fatal(err)
						}
					}
				}
			})
			b.Run("plan=known", func(b *testing.B) {
				s := net.NewSession()
				k := 0
				for b.Loop() {
					if _, err := s.Classify(samples[k%len(samples)]); err != nil {
						b.Fatal(err)
					}
					k++
				}
			})
			b.Run("plan=batch", func(b *testing.B) {
				samples := ref.Samples(128)
				batch := net.NewBatch(len(samples))
				for b.Loop() {
					if _, err := batch.Classify(samples); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(samples)), "ns/sample")
			})
		})
	}
}
