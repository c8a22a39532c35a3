// Package snurun_test holds the benchmarks of whole networks; those of the
// kernels are in asm.
package snurun_test

import (
	"testing"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/internal/refnet"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// BenchmarkClassify reports the time a sample takes in the plans of the
// runtime: streaming, step by step; known, all steps of a sample layer by
// layer; batch, 128 samples panel by panel.
func BenchmarkClassify(b *testing.B) {
	for _, ref := range []*refnet.Net{&refnet.A, &refnet.B, &refnet.C} {
		b.Run("net="+ref.Name, func(b *testing.B) { benchPlans(b, ref.Model(), ref.Samples(128)) })
	}
}

// BenchmarkClassifyIntegers is BenchmarkClassify for the same networks with
// integer weights, each beside the float32 one.
func BenchmarkClassifyIntegers(b *testing.B) {
	for _, ref := range []*refnet.Net{&refnet.A, &refnet.B, &refnet.C} {
		samples, floats := ref.Samples(128), ref.Model()
		integers, _, err := model.Quantize(floats, 8)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("net="+ref.Name+"/weights=float32", func(b *testing.B) { benchPlans(b, floats, samples) })
		b.Run("net="+ref.Name+"/weights=int8", func(b *testing.B) { benchPlans(b, integers, samples) })
	}
}

// benchPlans times a network over samples in each plan.
func benchPlans(b *testing.B, m *model.Network, samples []spike.Train) {
	net, err := runtime.Compile(m)
	if err != nil {
		b.Fatal(err)
	}
	s, batch, inputs := net.NewSession(), net.NewBatch(len(samples)), spike.Inputs(samples)
	plan := func(name string, samplesOfCall int, run func(x spike.Train) error) {
		b.Run("plan="+name, func(b *testing.B) {
			for k := 0; b.Loop(); k++ {
				if err := run(samples[k%len(samples)]); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*samplesOfCall), "ns/sample")
		})
	}
	plan("streaming", 1, func(x spike.Train) error {
		s.Reset()
		for t := range x.Steps() {
			if err := s.Step(x, t); err != nil {
				return err
			}
		}
		return nil
	})
	plan("known", 1, func(x spike.Train) error {
		_, err := s.Classify(x)
		return err
	})
	plan("batch", len(samples), func(spike.Train) error {
		_, err := batch.Classify(inputs)
		return err
	})
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

// BenchmarkStart is what a program does before its first sample: the shipped network is
// read, checked and laid out.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		m, err := export.ReadFile("testdata/mnist.msgpack")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := runtime.Compile(m); err != nil {
			b.Fatal(err)
		}
	}
}
