package evaluate

import (
	"context"
	"slices"

	"github.com/snurun/snurun/model"
)

// Floor recommends what a live window should reach to be taken for a class: the
// score and the lead that all but the share loss of the samples of a set reach
// that are decided right, each of which must have a class, and half of the active
// inputs. What no sample lacks, a score or a lead of 0, is asked of none. It is
// the zero Floor if no sample is decided right.
func (e *Evaluator) Floor(ctx context.Context, set Set, loss float64, o Options) (model.Floor, error) {
	if err := set.Check(e.net.Model(), true); err != nil {
		return model.Floor{}, err
	}
	o.Timed, o.Margin = false, 0
	var events []int64
	var scores, leads []float32
	for out, err := range e.Samples(ctx, set, o) {
		if err != nil {
			return model.Floor{}, err
		}
		if !out.Correct() {
			continue
		}
		events = append(events, out.Stats.InputSpikes)
		scores = append(scores, out.Result.Scores[out.Result.Class])
		if lead := out.Result.Lead(); lead-lead == 0 {
			leads = append(leads, lead)
		}
	}
	f := model.Floor{Events: least(events, loss) / 2, Score: max(least(scores, loss), 0), Lead: least(leads, loss)}
	return f, nil
}

// least returns the value that all but a share of all reach, 0 of none.
func least[T int64 | float32](all []T, loss float64) T {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(int(loss*float64(len(all))), len(all)-1)]
}
