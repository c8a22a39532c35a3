package dataset

import (
	"fmt"

	"github.com/snurun/snurun/spike"
)

// Targets are what a network should say of a sample, step by step: a class, or a set
// of outputs. Steps behind the last have no target. The zero Targets has no steps.
type Targets struct {
	Classes []int       // of each step, the number of a class, or −1 where the step does not count
	Sets    spike.Train // of each step, the outputs of its set; it has steps only if there are no Classes
}

// Steps returns the number of steps that targets are known of.
func (t Targets) Steps() int { return max(len(t.Classes), t.Sets.Steps()) }

// Counted returns the number of steps that count.
func (t Targets) Counted() int {
	n := t.Sets.Steps()
	for _, c := range t.Classes {
		if c >= 0 {
			n++
		}
	}
	return n
}

// Counts reports whether a step has a target.
func (t Targets) Counts(step int) bool {
	if t.Classes != nil {
		return step < len(t.Classes) && t.Classes[step] >= 0
	}
	return step < t.Sets.Steps()
}

// check reports targets that are not of so many outputs.
func (t Targets) check(outputs int) error {
	for step, c := range t.Classes {
		if c < -1 || c >= outputs {
			return fmt.Errorf("%w: step %d has class %d, expected 0 to %d, or −1 where a step does not count", ErrMismatch, step, c, outputs-1)
		}
	}
	switch {
	case t.Classes != nil && t.Sets.Steps() > 0:
		return fmt.Errorf("%w: targets are classes and sets, expected one of them", ErrMismatch)
	case t.Sets.Steps() > 0 && t.Sets.Size() != outputs:
		return fmt.Errorf("%w: a set is of %d outputs, expected %d", ErrMismatch, t.Sets.Size(), outputs)
	}
	return nil
}

// Targeted is what a Source has besides, whose samples have targets step by step.
// Their Label is −1.
type Targeted interface {
	// Targets returns those of sample i; they are shared.
	Targets(i int) Targets
}

// TargetsOf returns the targets of sample i of a source, the zero Targets if it has
// none.
func TargetsOf(s Source, i int) Targets {
	if t, ok := s.(Targeted); ok {
		return t.Targets(i)
	}
	return Targets{}
}

// sequences are samples in memory with targets step by step.
type sequences struct {
	inputs
	targets []Targets
}

// FromSequences is FromInputs of samples with targets step by step, of outputs that
// have the names.
func FromSequences[T spike.Input](samples []T, shape []int, targets []Targets, names []string) (Source, error) {
	source, err := FromInputs(samples, shape, nil, names)
	if err != nil {
		return nil, err
	}
	if len(targets) != len(samples) {
		return nil, fmt.Errorf("dataset: %w: targets of %d samples, there are %d", ErrMismatch, len(targets), len(samples))
	}
	for i, t := range targets {
		if err := t.check(len(names)); err != nil {
			return nil, fmt.Errorf("dataset: sample %d: %w", i, err)
		}
		if n := samples[i].Steps(); t.Steps() > n {
			return nil, fmt.Errorf("dataset: %w: sample %d has %d steps and targets of %d", ErrMismatch, i, n, t.Steps())
		}
	}
	return &sequences{*source.(*inputs), targets}, nil
}

func (s *sequences) Targets(i int) Targets { return s.targets[i] }

// Judging says which steps count, in a way of its own.
type Judging struct {
	// Skip is the number of first steps that do not count.
	Skip int
	// Unlabelled, if not nil, is the class that steps without one count as.
	Unlabelled *int
}

// Judged returns a source whose classes of steps count as j says; of other sources,
// and with the zero Judging, it is the source itself.
func Judged(source Source, j Judging) (Source, error) {
	if j.Unlabelled != nil && (*j.Unlabelled < 0 || *j.Unlabelled >= len(source.Classes())) {
		return nil, fmt.Errorf("dataset: %w: steps without a class cannot count as %d of %d classes", ErrMismatch, *j.Unlabelled, len(source.Classes()))
	}
	if _, ok := source.(Targeted); !ok || j == (Judging{}) {
		return source, nil
	}
	s := &judged{Source: source, targets: make([]Targets, source.Len())}
	for i := range s.targets {
		t := TargetsOf(source, i)
		if t.Classes == nil {
			if j.Skip > 0 {
				return nil, fmt.Errorf("dataset: %w: sets of outputs count at every step, the first %d cannot be left out", ErrMismatch, j.Skip)
			}
			s.targets[i] = t
			continue
		}
		classes := make([]int, len(t.Classes))
		for step, c := range t.Classes {
			switch {
			case step < j.Skip:
				c = -1
			case c < 0 && j.Unlabelled != nil:
				c = *j.Unlabelled
			}
			classes[step] = c
		}
		s.targets[i] = Targets{Classes: classes}
	}
	return s, nil
}

// Unjudged returns the source that Judged was given, or source itself.
func Unjudged(source Source) Source {
	if s, ok := source.(*judged); ok {
		return s.Source
	}
	return source
}

type judged struct {
	Source
	targets []Targets
}

func (s *judged) Targets(i int) Targets { return s.targets[i] }
func (s *judged) Length(i int) int      { return Length(s.Source, i) }
