// Package spike holds bit-packed spikes: one bit a neuron, 64 neurons a word,
// neuron i in bit i%64 of word i/64. Bits past the last neuron are always
// zero, so whole words can be counted, compared and hashed.
//
// A Vector is one time step, a Train a number of them in one piece of memory, and
// Values their counterpart of real numbers. Either is an Input: what encoders fill
// and networks take. Parts of a train share its memory.
package spike

import (
	"iter"
	"math/bits"
)

// WordBits is the number of neurons in one word.
const WordBits = 64

// Words returns the number of words that n neurons take.
func Words(n int) int { return (n + WordBits - 1) / WordBits }

// Vector is the spikes of one time step: Words(n) words for n neurons.
type Vector []uint64

// NewVector returns a silent vector of n neurons.
func NewVector(n int) Vector { return make(Vector, Words(n)) }

// Get reports whether neuron i spikes.
func (v Vector) Get(i int) bool { return v[i/WordBits]>>(i%WordBits)&1 != 0 }

// Set makes neuron i spike.
func (v Vector) Set(i int) { v[i/WordBits] |= 1 << (i % WordBits) }

// Clear silences all neurons.
func (v Vector) Clear() { clear(v) }

// Count returns the number of spikes.
func (v Vector) Count() int {
	n := 0
	for _, w := range v {
		n += bits.OnesCount64(w)
	}
	return n
}

// AppendIndices appends the indices of the spiking neurons to dst, ascending.
func (v Vector) AppendIndices(dst []uint32) []uint32 {
	for k, w := range v {
		base := uint32(k * WordBits)
		for ; w != 0; w &= w - 1 {
			dst = append(dst, base+uint32(bits.TrailingZeros64(w)))
		}
	}
	return dst
}

// All yields the indices of the spiking neurons, ascending.
func (v Vector) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for k, w := range v {
			for ; w != 0; w &= w - 1 {
				if !yield(k*WordBits + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}

// TailZero reports whether the bits past neuron n−1 are zero.
func (v Vector) TailZero(n int) bool {
	return n%WordBits == 0 || v[len(v)-1]>>(n%WordBits) == 0
}
