package train

import (
	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/dataset"
)

// stream derives a key for another kind of noise of the same sample.
func stream(k dataset.Key, kind, layer int) dataset.Key {
	return dataset.Key{Seed: k.Uint64(uint64(1)<<63 | uint64(kind)<<32 | uint64(layer)), Sample: k.Sample}
}

// Kinds of noise beside that of the input.
const (
	kindDropout = iota + 1
	kindInitial
)

// dropBits is the precision of the dropout rate: multiples of 2⁻¹⁶.
const dropBits = 16

// drop chooses which spikes, or soft outputs, of layer i reach other layers, each with
// probability 1 − Dropout.
func (s *sample) drop(t *Trainer, i int, key dataset.Key) {
	noise := stream(key, kindDropout, i)
	rate := uint32(t.config.Dropout * (1 << dropBits))
	if !t.layers[i].Spikes() {
		s.dropSoft(i, noise, rate)
		return
	}
	place := uint64(s.start) * uint64(len(s.states[i].Spikes(0))) * dropBits
	for row := 1; row <= s.steps; row++ {
		passed := s.states[i].Passed(row)
		for w, spikes := range s.states[i].Spikes(row) {
			// A bit-sliced comparison: dropped where a random number is below rate.
			var dropped uint64
			for b := range dropBits {
				r := noise.Uint64(place)
				place++
				if rate>>b&1 != 0 {
					dropped |= ^r
				} else {
					dropped &= ^r
				}
			}
			passed[w] = spikes &^ dropped
		}
	}
}

// dropSoft is drop for the outputs of a soft layer.
func (s *sample) dropSoft(i int, noise dataset.Key, rate uint32) {
	const each = 64 / dropBits // outputs of a random number
	st := s.states[i]
	words := (len(st.Soft(0)) + each - 1) / each
	for row := 1; row <= s.steps; row++ {
		passed := st.PassedSoft(row)
		copy(passed, st.Soft(row))
		place := uint64(s.start+row-1) * uint64(words)
		var r uint64
		for j := range passed {
			if j%each == 0 {
				r = noise.Uint64(place)
				place++
			}
			if uint32(r&(1<<dropBits-1)) < rate {
				passed[j] = 0
			}
			r >>= dropBits
		}
	}
}

// initialMembrane returns the membranes of layer i before the first step.
func (s *sample) initialMembrane(t *Trainer, i int, key dataset.Key) []float32 {
	l := t.layers[i]
	if t.config.InitialNoise == 0 || l.Units.Output == asm.NoOutput {
		return l.Initial
	}
	if s.initial == nil {
		s.initial = make([][]float32, len(t.layers))
	}
	if s.initial[i] == nil {
		s.initial[i] = asm.Floats(l.Units.N)
	}
	noise, sigma, table := stream(key, kindInitial, i), float32(t.config.InitialNoise), normals()
	var r uint64
	for j := range l.Out {
		if j%drawsPerWord == 0 {
			r = noise.Uint64(uint64(j / drawsPerWord))
		}
		s.initial[i][j] = l.Initial[j] + float32(sigma*table[r%tableSize])
		r >>= tableBits
	}
	return s.initial[i]
}
