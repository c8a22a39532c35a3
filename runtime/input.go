package runtime

import (
	"errors"
	"fmt"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// ErrInput is the error of an input that a network does not take: one of another
// number of channels, with spikes past the last or a value that is not finite, or
// without the step that was asked for; to a layer that sums integers, a value that
// is no count, or more events in a step than can be summed exactly.
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
			if n.counts >= 0 {
				if err := n.checkCounts(x.At(t), t); err != nil {
					return err
				}
			} else if i := notFinite(x.At(t)); i >= 0 {
				return fmt.Errorf("runtime: %w: value %v at step %d, channel %d is not finite", ErrInput, x.At(t)[i], t, i)
			}
		}
	}
	return nil
}

// checkCounts checks the values of step t that layers which sum integers take.
func (n *Network) checkCounts(x []float32, t int) error {
	events, odd := model.Counts(x)
	if odd >= 0 {
		return fmt.Errorf("runtime: %w: value %v at step %d, channel %d, expected a count: weights are integers", ErrInput, x[odd], t, odd)
	}
	if events > float64(n.counts) {
		return fmt.Errorf("runtime: %w: %.0f events at step %d, expected at most %d: weights are integers, whose sums stay exact up to there", ErrInput, events, t, n.counts)
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
