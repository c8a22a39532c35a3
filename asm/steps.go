package asm

// Steps is a set of time steps for each of n neurons: step t of neuron j is bit
// t%32 of word t/32·n + j.
type Steps struct {
	n     int
	words []uint32
}

const stepsWord = 32

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
