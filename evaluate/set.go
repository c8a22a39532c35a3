package evaluate

import (
	"errors"
	"fmt"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// Set is what a network is shown: samples of a source under one draw of noise.
type Set struct {
	Source  dataset.Source
	Indices []int  // of the samples in Source, in the order of their outcomes
	Steps   int    // for which each is presented; 0: dataset.Steps tells
	Draw    uint64 // number of the draw
}

// First returns the first n samples of a source, all if it has fewer.
func First(source dataset.Source, n int) Set {
	indices := make([]int, max(0, min(n, source.Len())))
	for i := range indices {
		indices[i] = i
	}
	return Set{Source: source, Indices: indices}
}

// All returns all samples of a source.
func All(source dataset.Source) Set { return First(source, source.Len()) }

// Check returns an error unless there is a sample, all are in the source, and
// they have the shape of the input of m. With labelled, each must have a class
// too, which is one of the outputs of m.
func (s Set) Check(m *model.Network, labelled bool) error {
	in, outputs := m.Input, m.Layers[len(m.Layers)-1].OutSize()
	if n, _ := model.Volume(s.Source.Shape()); n != in.Size() {
		return fmt.Errorf("evaluate: %w: the data set has shape %v, the network takes %v", dataset.ErrMismatch, s.Source.Shape(), in.Shape)
	}
	if k := len(s.Source.Classes()); labelled && k > outputs {
		return fmt.Errorf("evaluate: %w: the data set has %d classes, the network has %d outputs", dataset.ErrMismatch, k, outputs)
	}
	if len(s.Indices) == 0 {
		return errors.New("evaluate: there are no samples, expected the index of at least one")
	}
	for _, i := range s.Indices {
		if i < 0 || i >= s.Source.Len() {
			return fmt.Errorf("evaluate: sample %d is out of range, the data set has %d", i, s.Source.Len())
		}
		if !labelled {
			continue
		}
		if m.Readout.Kind.EachStep() {
			if err := checkTargets(m.Readout.Kind, s.Source, i); err != nil {
				return err
			}
			continue
		}
		switch c := s.Source.Label(i); {
		case c < 0 && dataset.TargetsOf(s.Source, i).Steps() > 0:
			return fmt.Errorf("evaluate: %w: sample %d has targets step by step, and readout %s decides once: readout step_class or step_set may be meant", dataset.ErrMismatch, i, m.Readout.Kind)
		case c < 0:
			return fmt.Errorf("evaluate: the class of sample %d is not known", i)
		case c >= outputs:
			return fmt.Errorf("evaluate: %w: sample %d has class %d, the network has %d outputs", dataset.ErrMismatch, i, c, outputs)
		}
	}
	return nil
}

// checkTargets reports a sample without targets of the kind of a readout.
func checkTargets(kind model.ReadoutKind, source dataset.Source, i int) error {
	t := dataset.TargetsOf(source, i)
	switch sets := t.Sets.Steps() > 0; {
	case t.Steps() == 0:
		return fmt.Errorf("evaluate: %w: sample %d has no targets step by step, which readout %s needs", dataset.ErrMismatch, i, kind)
	case sets && kind == model.StepClass:
		return fmt.Errorf("evaluate: %w: sample %d has a set of outputs at each step, and readout step_class decides on a class: readout step_set may be meant", dataset.ErrMismatch, i)
	case !sets && kind == model.StepSet:
		return fmt.Errorf("evaluate: %w: sample %d has a class at each step, and readout step_set decides on sets: readout step_class may be meant", dataset.ErrMismatch, i)
	}
	return nil
}

// steps returns for how many steps samples are presented to m, at most if each step is
// decided: such recordings are as long as they are.
func (s Set) steps(m *model.Network) int {
	switch {
	case s.Steps > 0:
		return s.Steps
	case m.Readout.Kind.EachStep():
		longest := 0
		for _, i := range s.Indices {
			longest = max(longest, dataset.Length(s.Source, i))
		}
		if longest > 0 {
			return longest
		}
	}
	return dataset.Steps(s.Source, m.Steps)
}

// purpose keeps the noise of draws apart from all that a training draws.
const purpose = 4

// Key returns the noise that a draw shows sample i with.
func Key(draw uint64, i int) dataset.Key { return dataset.KeyFor(draw, purpose, uint64(i)) }

// Load returns the sample at a place of the set as input of m, under the noise
// that it is shown with.
func (s Set) Load(m *model.Network, place int) (spike.Input, error) {
	i := s.Indices[place]
	x := m.Input.New(s.steps(m))
	if m.Readout.Kind.EachStep() {
		return dataset.LoadUnpadded(s.Source, x, i, Key(s.Draw, i))
	}
	return x, s.Source.Load(x, i, Key(s.Draw, i))
}

// AddSelfTest gives m a self-test over the samples of a set; see
// runtime.AddSelfTest.
func AddSelfTest(m *model.Network, set Set) error {
	inputs := make([]spike.Input, len(set.Indices))
	for place := range inputs {
		var err error
		if inputs[place], err = set.Load(m, place); err != nil {
			return err
		}
	}
	return runtime.AddSelfTest(m, inputs)
}
