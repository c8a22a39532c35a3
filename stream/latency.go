package stream

import (
	"math/bits"
	"time"
)

// Latency is the distribution of the latencies of decisions. The percentiles
// are at most 1/32 too large, the maximum is exact.
type Latency struct {
	P50, P99, Max time.Duration
}

// A histogram counts durations, in memory that does not grow: values below 64 ns
// have a bin each, and each further power of two has 32 bins.
type histogram struct {
	bins  [(64 - mantissa) << mantissa]uint64
	count uint64
	max   time.Duration
}

const mantissa = 5

func bin(d time.Duration) int {
	v := uint64(max(d, 0))
	shift := max(bits.Len64(v)-mantissa-1, 0)
	return shift<<mantissa + int(v>>shift)
}

// upper returns the largest duration of a bin.
func upper(bin int) time.Duration {
	shift := max(bin>>mantissa-1, 0)
	return time.Duration(uint64(bin-shift<<mantissa+1)<<shift - 1)
}

func (h *histogram) add(d time.Duration) {
	h.bins[bin(d)]++
	h.count++
	h.max = max(h.max, d)
}

// quantile returns a duration that a share of all does not exceed.
func (h *histogram) quantile(share float64) time.Duration {
	rank, seen := uint64(float64(share*float64(h.count))), uint64(0)
	for i, n := range h.bins {
		if seen += n; seen > rank {
			return min(upper(i), h.max)
		}
	}
	return h.max
}

func (h *histogram) latency() Latency {
	return Latency{h.quantile(0.5), h.quantile(0.99), h.max}
}
