package bench

import (
	"context"
	goruntime "runtime"
	"slices"
	"time"
)

// Turn is one contender of Turns: a way to run samples, one after the other.
type Turn struct {
	Samples int
	Run     func(k int) error // sample k
}

// Turns measures the µs a sample of each contender: the median of repeat
// repetitions of at least a time each, in which they take turns so that whatever
// else the machine does meets them all. The first pass over the samples only warms
// up.
func Turns(ctx context.Context, turns []Turn, repeat int, atLeast time.Duration) ([]float64, error) {
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	times := make([][]float64, len(turns))
	for r := range 1 + repeat {
		for i, t := range turns {
			var got round
			for start := time.Now(); got.samples == 0 || r > 0 && got.elapsed < atLeast; got.elapsed = sinceAtLeast(start) {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				for k := range t.Samples {
					if err := t.Run(k); err != nil {
						return nil, err
					}
				}
				got.samples += t.Samples
			}
			if r > 0 {
				times[i] = append(times[i], got.us())
			}
		}
	}
	medians := make([]float64, len(turns))
	for i, us := range times {
		slices.Sort(us)
		medians[i] = (us[(len(us)-1)/2] + us[len(us)/2]) / 2
	}
	return medians, nil
}
