//go:build !board

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/train"
)

// The kinds of data sets with targets step by step.
const (
	choraleSet  = "chorales"  // pieces of music as JSON
	sequenceSet = "sequences" // archives train.npz, valid.npz, test.npz
)

// loadChorales loads pieces of music and makes the plan of their training.
func (o *trainOptions) loadChorales(_ context.Context, recipe train.Recipe) (d trainingData, m *model.Network, err error) {
	all, err := dataset.LoadChorales(o.data)
	if err != nil {
		return d, nil, err
	}
	for _, part := range []struct {
		name string
		to   *dataset.Source
	}{{"train", &d.training}, {"valid", &d.valid}, {"test", &d.test}} {
		if *part.to, err = all.Part(part.name); err != nil {
			return d, nil, fmt.Errorf("%s: %w", o.data, err)
		}
	}
	transpose := recipe.Setup(d.training.Shape(), d.training.Classes()).Transpose
	if o.flags.Changed("transpose") {
		transpose, _ = o.flags.GetInt("transpose")
	}
	if d.training, err = all.Transposed("train", transpose); err != nil {
		return d, nil, usageError{err}
	}
	m, err = o.planSequences(recipe, &d, dataset.MusicInput())
	return d, m, err
}

// loadArchives loads archives of sequences and makes the plan of their training.
func (o *trainOptions) loadArchives(_ context.Context, recipe train.Recipe) (d trainingData, m *model.Network, err error) {
	in, names := o.recorded(recipe)
	if names == nil {
		names = recipe.Names
	}
	for _, part := range []struct {
		name string
		to   *dataset.Source
	}{{"train", &d.training}, {"valid", &d.valid}, {"test", &d.test}} {
		source, err := dataset.LoadSequences(o.data, part.name, in, names)
		if errors.Is(err, fs.ErrNotExist) && part.name != "train" {
			continue
		}
		if err != nil {
			return d, nil, err
		}
		if *part.to = source; names == nil {
			names = source.Classes()
		}
	}
	d.draw = true
	in.Shape = d.training.Shape()
	if err := o.encodeSignals(recipe, &d, &in); err != nil {
		return d, nil, err
	}
	m, err = o.planSequences(recipe, &d, in)
	return d, m, err
}

// planSequences makes the plan of a training on sequences that are inputs in.
func (o *trainOptions) planSequences(recipe train.Recipe, d *trainingData, in model.Input) (*model.Network, error) {
	o.shape = in.Shape
	o.plan = recipe.Setup(in.Shape, d.training.Classes())
	t := &o.plan.Topology
	t.Input, t.Steps = in, max(1, dataset.Longest(d.training))
	if recipe.Data == "" { // not made for such data
		t.Readout, o.plan.Config.Loss = model.StepClass, train.Loss{Kind: train.CrossEntropy}
		if dataset.TargetsOf(d.training, 0).Sets.Steps() > 0 {
			t.Readout, o.plan.Config.Loss.Kind = model.StepSet, train.BinaryCrossEntropy
		}
		o.plan.KeepBest, o.plan.Prior = true, true
		var err error
		if t.Active, err = train.Activity(d.training, t.Input, min(t.Steps, longestUntold)); err != nil {
			return nil, err
		}
	}
	m, err := o.network()
	if err != nil {
		return nil, err
	}
	for _, source := range []*dataset.Source{&d.training, &d.valid, &d.test} {
		if *source == nil {
			continue
		}
		if *source, err = dataset.Judged(*source, o.plan.Judging); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Clean(o.data), err)
		}
	}
	return m, nil
}

// checkCounted reports samples of which no step counts: nothing could be said of them.
func (j *job) checkCounted(training dataset.Source) error {
	test := evaluate.All(j.test)
	for _, part := range []struct {
		what    string
		source  dataset.Source
		indices []int
	}{{"to train on", training, j.used}, {"held out", j.heldFrom, j.held}, {"of the test", test.Source, test.Indices}} {
		counts := func(i int) bool { return dataset.TargetsOf(part.source, i).Counted() > 0 }
		if !slices.ContainsFunc(part.indices, counts) {
			return usagef("of the samples %s no step counts: they have no targets, or --skip-steps is %d, beyond all of them", part.what, j.options.plan.Judging.Skip)
		}
	}
	return nil
}
