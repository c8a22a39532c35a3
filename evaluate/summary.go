package evaluate

import (
	"context"
	"math"
)

// Summary is what a number of outcomes come to.
type Summary struct {
	Samples  int
	Labelled int // whose class is known; the rest counts neither as right nor as wrong
	Correct  int
	// LowestCorrect is Correct if ties went as in Outcome.LowestClass.
	LowestCorrect int
	// Confusion[c][k] is the number of samples of class c that were taken for k; of
	// readout step_class, the number of steps.
	Confusion [][]int

	// Decided is what a readout with a decision a step comes to.
	Decided Steps

	// Of all samples together:
	Steps        int64
	InputSpikes  int64 // active inputs
	Spikes       int64 // of all layers
	HiddenSpikes int64 // of all layers but the last
	SynOps       int64 // synaptic operations
}

// Add takes an outcome in.
func (s *Summary) Add(o *Outcome) {
	s.Samples++
	s.Steps += o.Stats.Steps
	s.InputSpikes += o.Stats.InputSpikes
	s.Spikes += o.Stats.TotalSpikes()
	s.HiddenSpikes += o.Stats.TotalSpikes() - o.Stats.Spikes[len(o.Stats.Spikes)-1]
	s.SynOps += o.Stats.TotalSynOps()
	if o.Decided != nil {
		s.Decided.addAll(&o.Decided.Steps)
		for t, c := range o.Decided.Targets.Classes[:min(len(o.Decided.Targets.Classes), len(o.Decided.Classes))] {
			if c >= 0 {
				s.confuse(c, o.Decided.Classes[t], len(o.Result.Scores))
			}
		}
		return
	}
	if o.Label < 0 {
		return
	}
	s.Labelled++
	if o.Correct() {
		s.Correct++
	}
	if o.LowestClass() == o.Label {
		s.LowestCorrect++
	}
	s.confuse(o.Label, o.Result.Class, len(o.Result.Scores))
}

// confuse counts a decision.
func (s *Summary) confuse(label, class, outputs int) {
	for n := max(label+1, outputs); len(s.Confusion) < n; {
		s.Confusion = append(s.Confusion, make([]int, outputs))
	}
	s.Confusion[label][class]++
}

// Accuracy returns the share of the samples with a label that are right, NaN if
// there are none; with a decision a step, Steps.Accuracy.
func (s *Summary) Accuracy() float64 {
	if s.Decided.Counted > 0 {
		return s.Decided.Accuracy()
	}
	return float64(s.Correct) / float64(s.Labelled)
}

// LowestAccuracy is Accuracy with ties as in Outcome.LowestClass; with a decision a
// step, Accuracy itself.
func (s *Summary) LowestAccuracy() float64 {
	if s.Decided.Counted > 0 {
		return s.Decided.Accuracy()
	}
	return float64(s.LowestCorrect) / float64(s.Labelled)
}

// ClassAccuracy returns how many samples have the label, and the share of them
// that is right: NaN if there are none.
func (s *Summary) ClassAccuracy(label int) (samples int, accuracy float64) {
	if label >= len(s.Confusion) {
		return 0, math.NaN()
	}
	row := s.Confusion[label]
	for _, n := range row {
		samples += n
	}
	right := 0
	if label < len(row) {
		right = row[label]
	}
	return samples, float64(right) / float64(samples)
}

// PerSample returns the mean over all samples of one of the sums.
func (s *Summary) PerSample(sum int64) float64 { return float64(sum) / float64(s.Samples) }

// Summary runs the samples of a set, all of which must have a class that is one
// of the network's outputs.
func (e *Evaluator) Summary(ctx context.Context, set Set, o Options) (Summary, error) {
	var s Summary
	if err := set.Check(e.net.Model(), true); err != nil {
		return s, err
	}
	for out, err := range e.Samples(ctx, set, o) {
		if err != nil {
			return s, err
		}
		s.Add(out)
	}
	return s, nil
}

// Draws returns the summaries of n draws of a set, from set.Draw on.
func (e *Evaluator) Draws(ctx context.Context, set Set, n int, o Options) ([]Summary, error) {
	progress := o.Progress
	var all []Summary
	for d := range n {
		if progress != nil {
			o.Progress = func(done, of int) { progress(d*of+done, n*of) }
		}
		s, err := e.Summary(ctx, set, o)
		if err != nil {
			return all, err
		}
		all = append(all, s)
		set.Draw++
	}
	return all, nil
}

// Estimate is a mean over draws and its standard error.
type Estimate struct {
	Mean  float64
	Error float64 // 0 for a single draw
}

// EstimateOf estimates something from its value in each of several draws.
func EstimateOf[T any](summaries []T, value func(*T) float64) Estimate {
	var e Estimate
	n := float64(len(summaries))
	for i := range summaries {
		e.Mean += value(&summaries[i])
	}
	e.Mean /= n
	if len(summaries) < 2 {
		return e
	}
	// The products are rounded on their own: the result goes into files.
	for i := range summaries {
		d := value(&summaries[i]) - e.Mean
		e.Error += float64(d * d)
	}
	e.Error = math.Sqrt(e.Error / (n * (n - 1)))
	return e
}
