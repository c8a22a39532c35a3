package spike

import (
	"fmt"
	"math"
)

// Train is a spike train: Steps vectors of Size neurons. Its words lie step
// after step, Words(Size) a step. The zero Train is empty.
type Train struct {
	steps, size, stride int
	words               []uint64
}

// fits reports whether a·b, neither negative, fits an int.
func fits(a, b int) bool { return b == 0 || a <= math.MaxInt/b }

// NewTrain returns a silent train of steps time steps and size neurons.
func NewTrain(steps, size int) Train {
	if steps < 0 || size < 0 || !fits(steps, Words(size)) {
		panic(fmt.Sprintf("spike: %d steps of %d neurons", steps, size))
	}
	stride := Words(size)
	return Train{steps, size, stride, make([]uint64, steps*stride)}
}

// FromWords wraps words, step after step, as a train without a copy. It
// refuses a wrong number of words and bits set past the last neuron.
func FromWords(steps, size int, words []uint64) (Train, error) {
	if steps < 0 || size < 0 {
		return Train{}, fmt.Errorf("spike: negative size: %d steps of %d neurons", steps, size)
	}
	t := Train{steps, size, Words(size), words}
	if !fits(steps, t.stride) || len(words) != steps*t.stride {
		return Train{}, fmt.Errorf("spike: %d words for %d steps of %d neurons, expected %d a step", len(words), steps, size, t.stride)
	}
	for s := range steps {
		if !t.At(s).TailZero(size) {
			return Train{}, fmt.Errorf("spike: step %d has spikes past neuron %d", s, size-1)
		}
	}
	return t, nil
}

// Steps returns the number of time steps.
func (t Train) Steps() int { return t.steps }

// Size returns the number of neurons.
func (t Train) Size() int { return t.size }

// Words returns the train's words, step after step; they are shared, not copied.
func (t Train) Words() []uint64 { return t.words }

// At returns the spikes of one step; the vector shares the train's memory.
func (t Train) At(step int) Vector {
	return Vector(t.words[step*t.stride : (step+1)*t.stride])
}

// Slice returns the steps from up to, not including, to; memory is shared.
func (t Train) Slice(from, to int) Train {
	return Train{to - from, t.size, t.stride, t.words[from*t.stride : to*t.stride]}
}

// Clear silences the train.
func (t Train) Clear() { clear(t.words) }

// Count returns the number of spikes in all steps.
func (t Train) Count() int { return Vector(t.words).Count() }

// AddCounts adds the spikes of each neuron over all steps to dst, which has
// one element a neuron.
func (t Train) AddCounts(dst []int) {
	for s := range t.steps {
		for i := range t.At(s).All() {
			dst[i]++
		}
	}
}
