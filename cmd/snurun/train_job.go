//go:build !board

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/train"
)

// epochReport is one epoch; its JSON form is that of --json.
type epochReport struct {
	Epoch                 int     `json:"epoch"`
	Loss                  float64 `json:"loss"`
	TrainAccuracy         float64 `json:"train_accuracy"`
	HeldAccuracy          float64 `json:"held_accuracy"`
	TestAccuracy          float64 `json:"test_accuracy"`
	SpikesPerSample       float64 `json:"spikes_per_sample"`
	HiddenSpikesPerSample float64 `json:"hidden_spikes_per_sample"`
	LR                    float64 `json:"lr"`

	// Firing is the mean share of a layer's neurons that fire in a step of training, −1
	// for a layer that does not.
	Firing []float64 `json:"firing,omitempty"`

	// Negative log-likelihood in nats a step of the samples held out and of the test,
	// where each step is decided.
	ValidNLL float64 `json:"valid_nll,omitempty"`
	TestNLL  float64 `json:"test_nll,omitempty"`

	Seconds float64 `json:"seconds,omitempty"`
}

// lenient goes on when what it writes to is full or gone, and keeps the error: a
// training is worth more than its output.
type lenient struct {
	w   io.Writer
	err error
}

func (l *lenient) Write(p []byte) (int, error) {
	if l.err == nil {
		_, l.err = l.w.Write(p)
	}
	return len(p), nil
}

// job is one training run.
type job struct {
	options        *trainOptions
	trainer        *train.Trainer
	trainingData   dataset.Source
	heldFrom, test dataset.Source // those held out are samples of heldFrom
	testHeld       bool           // the test is on the samples held out
	used, held     []int
	stdout         *lenient
	progress       *progress
	stderr         io.Writer
	checkpoints    *checkpoints
	history        []epochReport
	best           kept
	digest         string // of the data
	readout        model.ReadoutKind
	accuracy       float64
}

func (j *job) run(ctx context.Context) (err error) {
	if j.history, j.best, err = j.checkpoints.open(j.trainer, j.options.resume); err != nil {
		return err
	}
	start := time.Now()
	for !j.trainer.Done() && !j.stalled() {
		if err := j.epoch(ctx); err != nil {
			return j.explained(err)
		}
	}
	m, epoch, err := j.kept()
	if err != nil {
		return err
	}
	draws, err := j.finalTest(ctx, m)
	if err != nil {
		return j.explained(err)
	}
	test, lowest := evaluate.EstimateOf(draws, (*evaluate.Summary).Accuracy), evaluate.EstimateOf(draws, (*evaluate.Summary).LowestAccuracy)
	var margin recommended
	if !m.Readout.Kind.EachStep() {
		if margin, err = j.addMargin(ctx, m); err != nil {
			return j.explained(err)
		}
	}
	j.accuracy = test.Mean
	if err := j.describe(m, test, epoch); err != nil {
		return err
	}
	if err := export.WriteFile(j.options.out, m); err != nil {
		return err
	}
	if err := j.checkpoints.finish(j.options.keepFile, j.trainer, j.history, j.best); err != nil {
		return err
	}
	seconds := time.Since(start).Seconds()
	if j.options.json {
		last := j.history[epoch.Epoch-1]
		summary := map[string]any{
			"schema": schema, "network": m.Topology(), "model": j.options.out, "epochs": len(j.history), "epoch": epoch.Epoch, "test_accuracy": test.Mean, "test_accuracy_se": test.Error,
			"test_accuracy_ties_lowest": lowest.Mean, "test_accuracy_ties_lowest_se": lowest.Error,
			"test_draws": j.options.draws, "held_accuracy": last.HeldAccuracy, "spikes_per_sample": last.SpikesPerSample,
			"hidden_spikes_per_sample": last.HiddenSpikesPerSample, "seconds": seconds,
		}
		margin.addTo(summary)
		if m.Readout.Kind.EachStep() {
			summary["valid_nll"], summary["test_nll"] = last.ValidNLL, draws[0].Decided.MeanNLL()
			if labelled, ok, err := j.labelledOnly(ctx, m); err != nil {
				return j.explained(err)
			} else if ok {
				summary["test_accuracy_labelled"] = labelled
			}
		}
		if err := json.NewEncoder(j.stdout).Encode(map[string]any{"summary": summary}); err != nil {
			return err
		}
		return j.stdout.err
	}
	accuracy, other := percent(test), percent(lowest)
	if other != accuracy {
		other = fmt.Sprintf(" (%s with ties to the lowest class)", other)
	} else {
		other = ""
	}
	if n := j.options.draws; n > 1 {
		accuracy += fmt.Sprintf(" over %d draws of noise", n)
	}
	accuracy += other
	if m.Readout.Kind.EachStep() {
		accuracy = fmt.Sprintf("%.2f %%", 100*test.Mean)
		if labelled, ok, err := j.labelledOnly(ctx, m); err != nil {
			return j.explained(err)
		} else if ok {
			accuracy += fmt.Sprintf(" (%.2f %% of the steps with a class)", 100*labelled)
		}
		accuracy += fmt.Sprintf(", %.4f nats a step", draws[0].Decided.MeanNLL())
	}
	if j.options.plan.KeepBest {
		accuracy += fmt.Sprintf(", of epoch %d", epoch.Epoch)
	}
	fmt.Fprintf(j.stdout, "%vtest accuracy %s, %.0f s\nwrote %s\n", margin, accuracy, seconds, j.options.out)
	return j.stdout.err
}

// explained says what can be done after an error of a training: one of a network
// that can no longer be evaluated is that it diverged, and the error of the
// context is that of an interruption after the last epoch.
func (j *job) explained(err error) error {
	if errors.Is(err, runtime.ErrRange) {
		err = fmt.Errorf("%w: %w; a lower learning rate may help", train.ErrDiverged, err)
	}
	switch {
	case errors.Is(err, train.ErrDiverged):
		return fmt.Errorf("%w; delete %s to train anew with other settings", err, j.checkpoints.file)
	case errors.Is(err, context.Canceled):
		return interruptedError{fmt.Errorf("in the last test: the same command with --resume goes on from %s", j.checkpoints.file)}
	}
	return err
}

// epoch trains and reports one epoch.
func (j *job) epoch(ctx context.Context) error {
	start := time.Now()
	p, err := j.train(ctx)
	if err != nil {
		return err
	}
	j.warn(p)
	// An evaluation is short: Ctrl-C waits for it, so that the epoch is not lost.
	ctx = context.WithoutCancel(ctx)
	m := j.trainer.Model()
	held, test, err := j.evaluate(ctx, m)
	if err != nil {
		return fmt.Errorf("after epoch %d: %w", p.Epoch, err)
	}
	r := epochReport{
		Epoch: p.Epoch, Loss: p.Loss, TrainAccuracy: p.Accuracy, HeldAccuracy: held.Accuracy(), TestAccuracy: test.Accuracy(),
		SpikesPerSample: test.PerSample(test.Spikes), HiddenSpikesPerSample: test.PerSample(test.HiddenSpikes), LR: p.Rate, Firing: p.Firing, Seconds: time.Since(start).Seconds(),
	}
	if m.Readout.Kind.EachStep() {
		r.ValidNLL, r.TestNLL = held.Decided.MeanNLL(), test.Decided.MeanNLL()
	}
	j.history = append(j.history, r)
	if err := j.keep(m, r); err != nil {
		return err
	}
	if j.trainer.Done() || j.checkpoints.ripe() {
		if err := j.checkpoints.save(j.trainer, j.history, j.best); err != nil {
			return err
		}
	}
	if j.options.json {
		return json.NewEncoder(j.stdout).Encode(r)
	}
	if m.Readout.Kind.EachStep() {
		fmt.Fprintf(j.stdout, "epoch %3d  loss %.4f  held out %.4f nats, %.2f %%  test %.4f nats, %.2f %%  spikes %.0f  lr %.2g  %.1f s\n",
			r.Epoch, r.Loss, r.ValidNLL, 100*r.HeldAccuracy, r.TestNLL, 100*r.TestAccuracy, r.SpikesPerSample, r.LR, r.Seconds)
		return nil
	}
	fmt.Fprintf(j.stdout, "epoch %3d  loss %.4f  train %.2f %%  held out %.2f %%  test %.2f %%  spikes %.0f  lr %.2g  %.1f s\n",
		r.Epoch, r.Loss, 100*r.TrainAccuracy, 100*r.HeldAccuracy, 100*r.TestAccuracy, r.SpikesPerSample, r.LR, r.Seconds)
	return nil
}

// evaluate runs m over the samples held out and over those of the test.
func (j *job) evaluate(ctx context.Context, m *model.Network) (held, test evaluate.Summary, err error) {
	net, err := runtime.Compile(m)
	if err != nil {
		return held, test, err
	}
	e, o := evaluate.New(net), evaluate.Options{Threads: j.options.threads}
	if held, err = e.Summary(ctx, j.heldOut(m), o); err != nil {
		return held, test, err
	}
	test, err = e.Summary(ctx, j.testSet(m), o)
	return held, test, err
}

// heldOut and testSet are the samples that were not trained on, each presented as
// in training.
func (j *job) heldOut(m *model.Network) evaluate.Set {
	return evaluate.Set{Source: j.heldFrom, Indices: j.held, Steps: presented(m)}
}

func (j *job) testSet(m *model.Network) evaluate.Set {
	set := evaluate.All(j.test)
	set.Steps = presented(m)
	return set
}

// presented returns for how many steps a sample is presented: as in training, or, where
// each is decided, for as many as it has, 0.
func presented(m *model.Network) int {
	if m.Readout.Kind.EachStep() {
		return 0
	}
	return m.Steps
}

// train trains to the end of an epoch and keeps checkpoints on the way, the
// last when it is interrupted.
func (j *job) train(ctx context.Context) (train.Progress, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	p, err := j.trainer.Epoch(ctx, func(now train.Progress) {
		j.progress.show(now)
		if j.checkpoints.due() {
			if err := j.checkpoints.save(j.trainer, j.history, j.best); err != nil {
				stop(err)
			}
		}
	})
	j.progress.clear()
	if !errors.Is(err, context.Canceled) {
		return p, err
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return p, cause
	}
	if err := j.checkpoints.save(j.trainer, j.history, j.best); err != nil {
		return p, err
	}
	return p, interruptedError{fmt.Errorf("in epoch %d: the same command with --resume goes on from %s", p.Epoch, j.checkpoints.file)}
}

// Firing rates beyond which a layer no longer learns.
const (
	deadBelow      = 0.001
	saturatedAbove = 0.95
)

// warn says when a layer is sick.
func (j *job) warn(p train.Progress) {
	for i, firing := range p.Firing {
		switch {
		case firing >= 0 && firing < deadBelow:
			fmt.Fprintf(j.stderr, "warning: layer %d is dead: %.3g %% of its neurons fire in a step; a higher --bias may help\n", i, 100*firing)
		case firing > saturatedAbove:
			fmt.Fprintf(j.stderr, "warning: layer %d is saturated: %.3g %% of its neurons fire in a step; a lower --bias may help\n", i, 100*firing)
		}
	}
}
