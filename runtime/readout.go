package runtime

import (
	"fmt"
	"math"

	"github.com/snurun/snurun/internal/layer"
)

// Result is what a network says of its input.
type Result struct {
	Class  int       // index of the largest score; of readout step_set, the set is all outputs whose score is above 0
	Scores []float32 // one a class; the session's own, changed by its next step or Reset
	Steps  int       // time steps since the last Reset; of a 32-bit CPU at most 2³¹ − 1
}

// Check returns ErrRange for a result with a score that is not finite.
func (r Result) Check() error {
	for j, z := range r.Scores {
		if z-z != 0 && r.Steps > 0 {
			return fmt.Errorf("runtime: %w: score %d is %v", ErrRange, j, z)
		}
	}
	return nil
}

// result picks the class; of equal scores that with the larger potential u of
// the last step wins, then the lower index.
func result(r *layer.Readout, st *layer.State, bias []float32) Result {
	return resultOf(r.Scores, st.Membrane(st.Steps()), bias, r.Steps)
}

// resultOf is result of scores and the last membranes s.
func resultOf(scores, s, bias []float32, steps int) Result {
	best := 0
	for j := 1; j < len(scores); j++ {
		switch {
		case scores[j] > scores[best]:
			best = j
		case scores[j] == scores[best] && s[j]+bias[j] > s[best]+bias[best]:
			best = j
		}
	}
	return Result{Class: best, Scores: scores, Steps: steps}
}

// Lead returns how far the largest score is ahead of the second largest, or +Inf
// with one class. Before the first step it is 0.
func (r Result) Lead() float32 {
	if r.Steps == 0 {
		return 0
	}
	best, second := float32(math.Inf(-1)), float32(math.Inf(-1))
	for _, z := range r.Scores {
		if z > best {
			best, second = z, best
		} else if z > second {
			second = z
		}
	}
	return best - second
}

// lead is Result.Lead of a readout.
func lead(r *layer.Readout) float32 { return Result{Scores: r.Scores, Steps: r.Steps}.Lead() }
