package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
	"github.com/snurun/snurun/train"
)

// samples are encoded inputs: spike trains, or values for an analog network.
type samples struct {
	name   string // what they are
	spikes []spike.Train
	values []spike.Values
	steps  int
}

func (s *samples) len() int { return max(len(s.spikes), len(s.values)) }

// encodeSamples encodes the first o.limit samples.
func encodeSamples(m *model.Network, names []string, stdin io.Reader, o benchOptions) (samples, error) {
	var s samples
	inputs, err := benchInputs(m, names, stdin, o)
	if err != nil {
		return s, err
	}
	s.name = inputs[0].name
	if len(inputs) > 1 {
		s.name += fmt.Sprintf(" and %d more", len(inputs)-1)
	}
	for _, in := range inputs {
		steps := o.steps
		if steps == 0 {
			steps = dataset.Steps(in.source, m.Steps)
		}
		s.steps = max(s.steps, steps)
		for i := 0; i < in.source.Len() && (o.limit == 0 || s.len() < o.limit); i++ {
			x := dataset.NewPresentation(m.Input, steps)
			if err := x.Load(in.source, i, train.TestKey(o.seed, i)); err != nil {
				return s, fmt.Errorf("%s: %w", in.name, err)
			}
			if x.Analog {
				s.values = append(s.values, x.Values)
			} else {
				s.spikes = append(s.spikes, x.Spikes)
			}
		}
	}
	if s.len() == 0 || s.steps == 0 {
		return s, errors.New("there are no samples to run")
	}
	return s, nil
}

// benchInputs opens what the command line names. If it names nothing and the
// network does not take the digits that are part of the program, as one of
// events does not, the model's self-test serves, or else random input.
func benchInputs(m *model.Network, names []string, stdin io.Reader, o benchOptions) ([]input, error) {
	if o.random > 0 {
		return randomInput(m, o)
	}
	inputs, err := openInputs(m, names, o.data, stdin)
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
	source, err := recordings(m, m.SelfTest.Spikes, m.SelfTest.Values)
	return []input{{"the model's self-test", source}}, err
}

// recordings returns spike trains, or values for an analog network, as a source.
func recordings(m *model.Network, spikes []spike.Train, values []spike.Values) (dataset.Source, error) {
	if m.Input.Encoder.Analog() {
		return dataset.FromValues(values, m.Input.Shape, nil, nil)
	}
	return dataset.FromTrains(spikes, m.Input.Shape, nil, nil)
}

const (
	// defaultActive is the share of channels that random input activates in a
	// step: about that of an event camera's recording in steps of a few ms.
	defaultActive = 0.02
	// randomSamples and randomDraws bound random input, and with it its memory.
	randomSamples = 16
	randomDraws   = 1 << 26
)

// randomInput activates every channel at every step with the same probability.
func randomInput(m *model.Network, o benchOptions) ([]input, error) {
	active := cmp.Or(o.random, defaultActive)
	steps, size := cmp.Or(o.steps, m.Steps), m.Input.Size()
	n := max(1, min(randomSamples, randomDraws/steps/size))
	r := rand.New(rand.NewPCG(o.seed, 0))
	draw := func(set func(t, i int)) {
		for t := range steps {
			for i := range size {
				if r.Float64() < active {
					set(t, i)
				}
			}
		}
	}
	var spikes []spike.Train
	var values []spike.Values
	for range n {
		if m.Input.Encoder.Analog() {
			x := spike.NewValues(steps, size)
			draw(func(t, i int) { x.At(t)[i] = 1 })
			values = append(values, x)
		} else {
			x := spike.NewTrain(steps, size)
			draw(func(t, i int) { x.At(t).Set(i) })
			spikes = append(spikes, x)
		}
	}
	source, err := recordings(m, spikes, values)
	return []input{{fmt.Sprintf("random, %.3g %% of the channels active in a step", 100*active), source}}, err
}
