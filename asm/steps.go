package asm

import "math/bits"

// Steps is a set of time steps for each of n neurons: step t of neuron j is bit
// t%15 of word t/15·n + j.
type Steps struct {
	n     int
	words []uint32
}

// stepsWord is the number of steps in a word: as many as the kernels take at
// once.
const stepsWord = 15

// NewSteps returns empty sets that take steps time steps of n neurons.
func NewSteps(steps, n int) Steps {
	return Steps{n, make([]uint32, (steps+stepsWord-1)/stepsWord*n)}
}

// Has reports whether step t of neuron j is in its set.
func (s *Steps) Has(j, t int) bool {
	return s.words[t/stepsWord*s.n+j]>>(t%stepsWord)&1 != 0
}

// Add adds step t of neuron j.
func (s *Steps) Add(j, t int) { s.words[t/stepsWord*s.n+j] |= 1 << (t % stepsWord) }

// ByStep adds the sets of the first n neurons to dst the other way round: bit
// place[j] of dst[t] for each step t of neuron j; no place stands for j itself.
func (s *Steps) ByStep(dst [][]uint64, place []uint32, n int) {
	for from := 0; from < len(dst); from += stepsWord {
		rows := dst[from:]
		for j, word := range s.words[from/stepsWord*s.n:][:n] {
			p := uint32(j)
			if place != nil {
				p = place[j]
			}
			for bit := uint64(1) << (p % 64); word != 0; word &= word - 1 {
				rows[bits.TrailingZeros32(word)][p/64] |= bit
			}
		}
	}
}
