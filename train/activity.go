package train

import (
	"errors"
	"fmt"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
)

// Activity measures Topology.Active for samples that are presented to the input
// in for a number of steps: over about a hundred of them, the mean number of
// spikes a step, or the mean sum of squares of its values; at least 1.
func Activity(source dataset.Source, in model.Input, steps int) (float64, error) {
	const enough = 100
	switch {
	case source.Len() == 0:
		return 0, errors.New("train: there are no samples, expected at least one")
	case steps < 1 || steps > model.MaxSteps:
		return 0, fmt.Errorf("train: steps is %d, expected 1 to %d", steps, model.MaxSteps)
	}
	x := in.New(steps)
	sum, samples := 0.0, 0
	for i := 0; i < source.Len(); i += max(1, source.Len()/enough) {
		if err := source.Load(x, i, dataset.Key{}); err != nil {
			return 0, err
		}
		for t := range steps {
			for _, v := range x.Active(t) {
				sum += float64(float64(v) * float64(v))
			}
		}
		samples++
	}
	return max(1, sum/float64(samples*steps)), nil
}
