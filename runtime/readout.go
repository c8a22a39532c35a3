package runtime

import (
	"fmt"
	"math"

	"github.com/snurun/snurun/internal/layer"
	"github.com/snurun/snurun/model"
)

// Result is what a network says of its input.
type Result struct {
	Class  int       // index of the largest score
	Scores []float32 // one a class; the session's own, changed by its next step or Reset
	Steps  int       // time steps since the last Reset
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

// readout turns the last layer's outputs into scores, step by step.
type readout struct {
	kind   model.ReadoutKind
	scores []float32
	steps  int
}

func newReadout(n *Network) readout {
	return readout{kind: n.readout, scores: make([]float32, n.out)}
}

func (r *readout) reset() {
	r.steps = 0
	clear(r.scores)
	if r.kind == model.MembraneMax {
		for j := range r.scores {
			r.scores[j] = float32(math.Inf(-1))
		}
	}
}

// add takes in the steps that the last layer ran last.
func (r *readout) add(st *layer.State) {
	for row := 1; row <= st.Steps(); row++ {
		r.steps++
		switch {
		case r.kind == model.MembraneSum:
			for j, s := range st.Membrane(row) {
				r.scores[j] += s
			}
		case r.kind == model.MembraneMax:
			for j, s := range st.Membrane(row) {
				r.scores[j] = max(r.scores[j], s)
			}
		case r.kind == model.FirstSpike:
			for j := range st.Spikes(row).All() {
				if r.scores[j] == 0 {
					r.scores[j] = 1 / float32(r.steps)
				}
			}
		default: // spike count: a layer has spikes or soft outputs
			for j := range st.Spikes(row).All() {
				r.scores[j]++
			}
			for j, y := range st.Soft(row) {
				r.scores[j] += y
			}
		}
	}
}

// result picks the class; of equal scores that with the larger potential u of
// the last step wins, then the lower index.
func (r *readout) result(st *layer.State, bias []float32) Result {
	s := st.Membrane(st.Steps())
	best := 0
	for j := 1; j < len(r.scores); j++ {
		switch {
		case r.scores[j] > r.scores[best]:
			best = j
		case r.scores[j] == r.scores[best] && s[j]+bias[j] > s[best]+bias[best]:
			best = j
		}
	}
	return Result{Class: best, Scores: r.scores, Steps: r.steps}
}

// lead returns how far the largest score is ahead of the second largest, or
// +Inf with one class.
func (r *readout) lead() float32 {
	best, second := float32(math.Inf(-1)), float32(math.Inf(-1))
	for _, z := range r.scores {
		if z > best {
			best, second = z, best
		} else if z > second {
			second = z
		}
	}
	return best - second
}
