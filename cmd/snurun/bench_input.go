package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/internal/bench"
	"github.com/snurun/snurun/model"
)

// encodeSamples encodes the first o.limit samples.
func encodeSamples(ctx context.Context, m *model.Network, names []string, stdin io.Reader, o benchOptions) (bench.Samples, error) {
	var s bench.Samples
	inputs, err := benchInputs(ctx, m, names, stdin, o)
	if err != nil {
		return s, err
	}
	s.Name = inputs[0].name
	if len(inputs) > 1 {
		s.Name += fmt.Sprintf(" and %d more", len(inputs)-1)
	}
	for _, in := range inputs {
		set := evaluate.All(in.source)
		set.Steps, set.Draw = o.steps, o.seed
		if err := s.Add(m, set, o.limit); err != nil {
			return s, fmt.Errorf("%s: %w", in.name, err)
		}
	}
	if s.Len() == 0 || s.Steps() == 0 {
		return s, errors.New("there are no samples to run")
	}
	return s, nil
}

// benchInputs opens what the command line names. If it names nothing and the
// network does not take the digits that are part of the program, as one of
// events does not, the model's self-test serves, or else random input.
func benchInputs(ctx context.Context, m *model.Network, names []string, stdin io.Reader, o benchOptions) ([]input, error) {
	if o.random > 0 {
		return randomInput(m, o)
	}
	inputs, err := openInputs(ctx, m, names, o.data, stdin, o.files)
	named := len(names) > 0 || o.data != ""
	switch {
	case err == nil && !named:
		inputs[0].name = "MNIST test digits"
	case err != nil && !named && (errors.Is(err, dataset.ErrCoding) || errors.Is(err, dataset.ErrMismatch)):
		if m.SelfTest != nil {
			return selfTestInput(m)
		}
		return randomInput(m, o)
	}
	return inputs, err
}

func selfTestInput(m *model.Network) ([]input, error) {
	source, err := bench.SelfTest(m)
	return []input{{"the model's self-test", source}}, err
}

// defaultActive is the share of channels that random input activates in a
// step: about that of an event camera's recording in steps of a few ms.
const defaultActive = 0.02

func randomInput(m *model.Network, o benchOptions) ([]input, error) {
	active := cmp.Or(o.random, defaultActive)
	source, err := bench.Random(m, active, o.steps, o.seed)
	return []input{{fmt.Sprintf("random, %.3g %% of the channels active in a step", 100*active), source}}, err
}
