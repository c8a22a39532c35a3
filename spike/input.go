package spike

import "iter"

// Input is what a network takes in over a number of time steps: spikes, a
// Train, or real numbers, Values. A type switch tells which; there are no others.
type Input interface {
	// Steps returns the number of time steps.
	Steps() int
	// Size returns the number of channels.
	Size() int
	// Active yields the channels of a step that are not 0, ascending, and their
	// values; a spike is 1.
	Active(step int) iter.Seq2[int, float32]
	// Clear sets all channels of all steps to 0.
	Clear()

	input()
}

func (t Train) input()  {}
func (v Values) input() {}

// Active implements Input.
func (t Train) Active(step int) iter.Seq2[int, float32] {
	return func(yield func(int, float32) bool) {
		for i := range t.At(step).All() {
			if !yield(i, 1) {
				return
			}
		}
	}
}

// Active implements Input.
func (v Values) Active(step int) iter.Seq2[int, float32] {
	return func(yield func(int, float32) bool) {
		for i, x := range v.At(step) {
			if x != 0 && !yield(i, x) {
				return
			}
		}
	}
}

// Inputs returns trains, or values, as inputs.
func Inputs[T Input](x []T) []Input {
	out := make([]Input, len(x))
	for i := range x {
		out[i] = x[i]
	}
	return out
}

// Slice returns the steps of x from from up to, not including, to; memory is
// shared.
func Slice(x Input, from, to int) Input {
	switch x := x.(type) {
	case Train:
		return x.Slice(from, to)
	case Values:
		return x.Slice(from, to)
	}
	return nil
}
