// Package snurun_test holds the benchmarks of whole networks; those of the
// kernels are in asm.
package snurun_test

import (
	"testing"

	"github.com/snurun/snurun/internal/refnet"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// BenchmarkClassify reports the time a sample takes in the plans of the
// runtime: streaming, step by step; known, all steps of a sample layer by
// layer; batch, 128 samples panel by panel.
func BenchmarkClassify(b *testing.B) {
	for _, ref := range []*refnet.Net{&refnet.A, &refnet.B, &refnet.C} {
		b.Run("net="+ref.Name, func(b *testing.B) {
			net, err := runtime.Compile(ref.Model())
			if err != nil {
				b.Fatal(err)
			}
			samples := ref.Samples(128)
			s, k := net.NewSession(), 0
			b.Run("plan=streaming", func(b *testing.B) {
				for b.Loop() {
					x := samples[k%len(samples)]
					s.Reset()
					for t := range x.Steps() {
						if err := s.Step(x, t); err != nil {
							b.Fatal(err)
						}
					}
					k++
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/sample")
			})
			b.Run("plan=known", func(b *testing.B) {
				for b.Loop() {
					if _, err := s.Classify(samples[k%len(samples)]); err != nil {
						b.Fatal(err)
					}
					k++
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/sample")
			})
			b.Run("plan=batch", func(b *testing.B) {
				batch, inputs := net.NewBatch(len(samples)), spike.Inputs(samples)
				for b.Loop() {
					if _, err := batch.Classify(inputs); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(samples)), "ns/sample")
			})
		})
	}
}

// BenchmarkClassifyParallel runs one compiled network on all cores, a session
// a goroutine.
func BenchmarkClassifyParallel(b *testing.B) {
	net, err := runtime.Compile(refnet.A.Model())
	if err != nil {
		b.Fatal(err)
	}
	samples := refnet.A.Samples(128)
	b.RunParallel(func(pb *testing.PB) {
		s := net.NewSession()
		for k := 0; pb.Next(); k++ {
			if _, err := s.Classify(samples[k%len(samples)]); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
