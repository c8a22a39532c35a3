package layer

import (
	"math"

	"github.com/snurun/snurun/model"
)

// Readout adds up the scores of a network step by step, from what its last layer
// does.
type Readout struct {
	Kind   model.ReadoutKind
	Scores []float32 // one an output; of a decision a step, those of the last step
	Peaks  []int     // of membrane_max: the step, from 0, of each largest membrane
	Steps  int       // taken in; it stays at the largest int
}

// NewReadout returns a readout that has taken in no step.
func NewReadout(kind model.ReadoutKind, outputs int) Readout {
	r := Readout{Kind: kind, Scores: make([]float32, outputs)}
	if kind == model.MembraneMax {
		r.Peaks = make([]int, outputs)
	}
	r.Reset()
	return r
}

// Reset forgets all steps.
func (r *Readout) Reset() {
	r.Steps = 0
	clear(r.Scores)
	clear(r.Peaks)
	if r.Kind == model.MembraneMax {
		for j := range r.Scores {
			r.Scores[j] = float32(math.Inf(-1))
		}
	}
}

// Add takes in the steps that the last layer ran last.
func (r *Readout) Add(st *State) {
	for row := 1; row <= st.steps; row++ {
		switch {
		case r.Kind == model.MembraneSum:
			for j, s := range st.Membrane(row) {
				r.Scores[j] += s
			}
		case r.Kind == model.MembraneMax:
			for j, s := range st.Membrane(row) {
				if s > r.Scores[j] {
					r.Peaks[j] = r.Steps
				}
				r.Scores[j] = max(r.Scores[j], s) // NaN if either is
			}
		case r.Kind.EachStep():
			copy(r.Scores, st.Membrane(row))
		case r.Kind == model.FirstSpike:
			for j := range st.Spikes(row).All() {
				if r.Scores[j] == 0 {
					r.Scores[j] = 1 / float32(r.Steps+1)
				}
			}
		default: // spike count: a layer has spikes or soft outputs
			for j := range st.Spikes(row).All() {
				r.Scores[j]++
			}
			for j, y := range st.Soft(row) {
				r.Scores[j] += y
			}
		}
		if r.Steps < math.MaxInt {
			r.Steps++
		}
	}
}
