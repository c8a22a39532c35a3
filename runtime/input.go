package runtime

import (
	"errors"
	"fmt"

	"github.com/snurun/snurun/spike"
)

// ErrInput is the error of an input that a network does not take: one of another
// number of channels, with spikes past the last or a value that is not finite, or
// without the step that was asked for.
var ErrInput = errors.New("wrong input")

// ErrEmpty is the ErrInput of an input without steps where a class is asked for.
var ErrEmpty = fmt.Errorf("%w: it has no time steps", ErrInput)

func errEmpty() error { return fmt.Errorf("runtime: %w", ErrEmpty) }

// stepsOf returns the number of steps of x if it has as many channels as the
// network. As in layer.Inputs.Take, x stays on its caller's stack.
func (n *Network) stepsOf(x spike.Input) (int, error) {
	var steps, size int
	switch x := x.(type) {
	case spike.Train:
		steps, size = x.Steps(), x.Size()
	case spike.Values:
		steps, size = x.Steps(), x.Size()
	default:
		return 0, fmt.Errorf("runtime: %w: it is neither a spike.Train nor spike.Values", ErrInput)
	}
	if size != n.in {
		return 0, fmt.Errorf("runtime: %w: it has %d channels, the network takes %d", ErrInput, size, n.in)
	}
	return steps, nil
}

// check looks through the steps of x from from up to, not including, to for what
// no channel can have.
func (n *Network) check(x spike.Input, from, to int) error {
	switch x := x.(type) {
	case spike.Train:
		for t := from; t < to; t++ {
			if !x.At(t).TailZero(n.in) {
				return fmt.Errorf("runtime: %w: spikes past channel %d at step %d", ErrInput, n.in-1, t)
			}
		}
	case spike.Values:
		for t := from; t < to; t++ {
			if i := notFinite(x.At(t)); i >= 0 {
				return fmt.Errorf("runtime: %w: value %v at step %d, channel %d is not finite", ErrInput, x.At(t)[i], t, i)
			}
		}
	}
	return nil
}

// notFinite returns the first place of a value that is not finite, or −1.
func notFinite(x []float32) int {
	for i, v := range x {
		if v-v != 0 {
			return i
		}
	}
	return -1
}
