package snurun_test

import (
	"testing"

	"github.com/snurun/snurun/internal/refnet"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// BenchmarkClassifyIntegers is BenchmarkClassify for the same networks with
// integer weights, each beside the float32 one.
func BenchmarkClassifyIntegers(b *testing.B) {
	for _, ref := range []*refnet.Net{&refnet.A, &refnet.B, &refnet.C} {
		samples := ref.Samples(128)
		for _, weights := range []string{"float32", "int8"} {
			m := ref.Model()
			if weights == "int8" {
				var err error
				if m, _, err = model.Quantize(m, 8); err != nil {
					b.Fatal(err)
				}
			}
			net, err := runtime.Compile(m)
			if err != nil {
				b.Fatal(err)
			}
			name := "net=" + ref.Name + "/weights=" + weights
			s := net.NewSession()
			b.Run(name+"/plan=streaming", func(b *testing.B) {
				k := 0
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
			b.Run(name+"/plan=known", func(b *testing.B) {
				k := 0
				for b.Loop() {
					if _, err := s.Classify(samples[k%len(samples)]); err != nil {
						b.Fatal(err)
					}
					k++
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/sample")
			})
			b.Run(name+"/plan=batch", func(b *testing.B) {
				batch, inputs := net.NewBatch(len(samples)), spike.Inputs(samples)
				for b.Loop() {
					if _, err := batch.Classify(inputs); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(samples)), "ns/sample")
			})
		}
	}
}
