//go:build !board

package main

import (
	"bytes"
	"context"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
)

// kept is the epoch that was best on the samples held out, and its model file; of none
// with epoch 0.
type kept struct {
	Epoch int    `json:"epoch"`
	Model []byte `json:"model,omitempty"`
}

// better reports whether an epoch did better on the samples held out than another.
func better(kind model.ReadoutKind, r, than epochReport) bool {
	if kind == model.StepSet {
		return r.ValidNLL < than.ValidNLL
	}
	return r.HeldAccuracy > than.HeldAccuracy
}

// keep keeps the model of an epoch if it is the best so far and the best is asked for:
// of sets by the negative log-likelihood, else by the accuracy. Of equal ones the first
// is kept.
func (j *job) keep(m *model.Network, r epochReport) error {
	if !j.options.plan.KeepBest {
		return nil
	}
	if j.best.Epoch > 0 {
		if !better(m.Readout.Kind, r, j.history[j.best.Epoch-1]) {
			return nil
		}
	}
	var b bytes.Buffer
	if err := export.Write(&b, m); err != nil {
		return err
	}
	j.best = kept{r.Epoch, b.Bytes()}
	return nil
}

// kept returns the model of the epoch to keep.
func (j *job) kept() (*model.Network, epochReport, error) {
	if j.best.Epoch == 0 {
		return j.trainer.Model(), j.history[len(j.history)-1], nil
	}
	m, err := export.Read(bytes.NewReader(j.best.Model))
	return m, j.history[j.best.Epoch-1], err
}

// labelledOnly returns the accuracy of the test over the steps that have a class, if
// others were counted as well.
func (j *job) labelledOnly(ctx context.Context, m *model.Network) (accuracy float64, ok bool, err error) {
	judging := j.options.plan.Judging
	if judging.Unlabelled == nil {
		return 0, false, nil
	}
	judging.Unlabelled = nil
	source, err := dataset.Judged(dataset.Unjudged(j.test), judging)
	if err != nil {
		return 0, false, err
	}
	net, err := runtime.Compile(m)
	if err != nil {
		return 0, false, err
	}
	set := j.testSet(m)
	set.Source = source
	s, err := evaluate.New(net).Summary(ctx, set, evaluate.Options{Threads: j.options.threads})
	return s.Accuracy(), s.Decided.Counted > 0, err
}
