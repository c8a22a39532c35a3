package train

import (
	"fmt"
	"math"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/internal/det"
	"github.com/snurun/snurun/model"
)

// Prior makes the current of the last layer of m what the targets of samples say by
// themselves, so that training begins with how often each occurs: ln p of a class a step,
// ln(p/(1 − p)) of an output of sets, p being its share of the steps that count, of which
// half a one is added. It is for readouts with a decision a step.
func Prior(m *model.Network, source dataset.Source, indices []int) error {
	last := &m.Layers[len(m.Layers)-1]
	if !m.Readout.Kind.EachStep() || len(last.Current) != last.OutSize() {
		return fmt.Errorf("train: a prior is of the current of a readout with a decision a step, not of %s", m.Readout.Kind)
	}
	counts, steps := make([]int, last.OutSize()), 0
	for _, i := range indices {
		t := dataset.TargetsOf(source, i)
		steps += t.Counted()
		for _, c := range t.Classes {
			if c >= 0 && c < len(counts) {
				counts[c]++
			}
		}
		for k := range t.Sets.Steps() {
			for j := range t.Sets.At(k).All() {
				if j < len(counts) {
					counts[j]++
				}
			}
		}
	}
	for j, n := range counts {
		p := (float64(n) + 0.5) / float64(steps+1)
		z := det.Log(p)
		if m.Readout.Kind == model.StepSet {
			z -= det.Log(math.Max(1-p, 0.5/float64(steps+1)))
		}
		last.Current[j] = float32(z)
	}
	return nil
}
