package asm

import (
	"fmt"
	"math"
	"runtime"
	"runtime/metrics"
	"testing"
)

// BenchmarkPause runs batches through a large layer while garbage is collected,
// and reports how long the program had to wait for the kernels to stop: the
// median and the longest time, by the runtime's own metric.
func BenchmarkPause(b *testing.B) {
	const n, streams = 2048, 64
	w, u, _ := benchLayer(n, ELU, Step)
	panels := w.InPanels()
	inputs := benchInputs(n, 10, 0.05, streams)
	traces := make([]*Trace, streams)
	for k := range traces {
		traces[k] = &Trace{S: Floats(n), Y: make([]uint64, n/64)}
	}
	sample := []metrics.Sample{{Name: "/sched/pauses/stopping/gc:seconds"}}
	for i := range tiers {
		b.Run(fmt.Sprintf("tier=%s", tiers[i].name), func(b *testing.B) {
			defer kernels.Store(kernels.Swap(&tiers[i]))
			metrics.Read(sample)
			before := append([]uint64(nil), sample[0].Value.Float64Histogram().Counts...)
			stop, done := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(done)
				for {
					select {
					case <-stop:
						return
					default:
						runtime.GC()
					}
				}
			}()
			var batch Batch
			for b.Loop() {
				batch.Forward(&panels, u, inputs, traces)
			}
			close(stop)
			<-done
			metrics.Read(sample)
			h := sample[0].Value.Float64Histogram()
			var pauses, total uint64
			for k, count := range h.Counts {
				total += count - before[k]
			}
			longest, median := 0.0, math.NaN()
			for k, count := range h.Counts {
				if count -= before[k]; count == 0 {
					continue
				}
				longest = h.Buckets[k]
				if pauses += count; median != median && 2*pauses >= total {
					median = longest
				}
			}
			b.ReportMetric(1e6*median, "µs-median-pause")
			b.ReportMetric(1e6*longest, "µs-longest-pause")
		})
	}
}
