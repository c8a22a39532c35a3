package train

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// Evaluation is how a network does on samples that it was not trained on.
type Evaluation struct {
	Samples int
	Correct int
	// LowestCorrect is Correct if a tie of scores went to the lowest class, as
	// argmax has it in most published code, and not to the larger u.
	LowestCorrect   int
	SpikesPerSample float64 // of all layers
	HiddenPerSample float64 // spikes of all layers but the last
	SynOpsPerSample float64
}

// Accuracy returns the share of correct samples.
func (e Evaluation) Accuracy() float64 { return float64(e.Correct) / float64(e.Samples) }

// LowestAccuracy returns the share of LowestCorrect.
func (e Evaluation) LowestAccuracy() float64 { return float64(e.LowestCorrect) / float64(e.Samples) }

// TestKey returns the noise that evaluation number draw shows sample i with;
// it is never that of a training.
func TestKey(draw uint64, i int) dataset.Key { return key(draw, purposeTest, uint64(i)) }

// Evaluate classifies the samples of source with the given indices, presented
// for m.Steps steps with the noise of TestKey(draw, i).
func Evaluate(ctx context.Context, m *model.Network, source dataset.Source, indices []int, draw uint64, threads int) (Evaluation, error) {
	var correct, lowest, spikes, hidden, synops atomic.Int64
	err := present(ctx, m, source, indices, draw, threads, func(s *runtime.Session, x spike.Input, k int) error {
		r, err := s.Classify(x)
		if err != nil {
			return err
		}
		if r.Class == source.Label(indices[k]) {
			correct.Add(1)
		}
		if slices.Index(r.Scores, slices.Max(r.Scores)) == source.Label(indices[k]) {
			lowest.Add(1)
		}
		stats := s.Stats()
		spikes.Add(int64(stats.TotalSpikes()))
		hidden.Add(int64(stats.TotalSpikes() - stats.Spikes[len(stats.Spikes)-1]))
		synops.Add(stats.TotalSynOps())
		return nil
	})
	if err != nil {
		return Evaluation{}, err
	}
	e := Evaluation{Samples: len(indices), Correct: int(correct.Load()), LowestCorrect: int(lowest.Load())}
	e.SpikesPerSample = float64(spikes.Load()) / float64(e.Samples)
	e.HiddenPerSample = float64(hidden.Load()) / float64(e.Samples)
	e.SynOpsPerSample = float64(synops.Load()) / float64(e.Samples)
	return e, nil
}

// present loads the samples of source with the given indices, with the noise of
// TestKey(draw, i), and calls f for each, on as many goroutines as threads: with
// a session of its goroutine and the place in indices.
func present(ctx context.Context, m *model.Network, source dataset.Source, indices []int, draw uint64, threads int,
	f func(s *runtime.Session, x spike.Input, k int) error) error {
	net, err := runtime.Compile(m)
	if err != nil {
		return err
	}
	if err := checkSource(m, source, indices); err != nil {
		return err
	}
	if threads < 1 {
		return fmt.Errorf("train: threads is %d, expected at least 1", threads)
	}
	var (
		next atomic.Int64
		wait sync.WaitGroup
		fail = make([]error, threads)
	)
	for worker := range threads {
		wait.Go(func() {
			s := net.NewSession()
			defer s.Close()
			x := m.Input.New(m.Steps)
			for k := int(next.Add(1)) - 1; k < len(indices) && fail[worker] == nil; k = int(next.Add(1)) - 1 {
				if fail[worker] = ctx.Err(); fail[worker] != nil {
					return
				}
				i := indices[k]
				if fail[worker] = source.Load(x, i, TestKey(draw, i)); fail[worker] == nil {
					fail[worker] = f(s, x, k)
				}
			}
		})
	}
	wait.Wait()
	return first(fail)
}

// AddSelfTest gives m a self-test over samples of source, with the noise of
// TestKey(0, i).
func AddSelfTest(m *model.Network, source dataset.Source, indices []int) error {
	var inputs []spike.Input
	for _, i := range indices {
		x := m.Input.New(m.Steps)
		if err := source.Load(x, i, TestKey(0, i)); err != nil {
			return err
		}
		inputs = append(inputs, x)
	}
	return runtime.AddSelfTest(m, inputs)
}
