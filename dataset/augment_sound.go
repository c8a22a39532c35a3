package dataset

import (
	"fmt"
	"math"
	"math/bits"
	"sync"

	"github.com/snurun/snurun/spike"
)

// augmentedSounds changes pieces of sound before they become spikes.
type augmentedSounds struct {
	Source
	amount  Augmentation
	scratch sync.Pool // of *[]float32
}

func newAugmentedSounds(source Source, a Augmentation) (Source, error) {
	if !a.still() {
		return nil, fmt.Errorf("dataset: augmentation: %w: sound has no pixels to move", ErrMismatch)
	}
	for i := range source.Len() {
		if soundOf(source, i) == nil {
			return nil, fmt.Errorf("dataset: augmentation: %w: sample %d is no sound, as the others are", ErrMismatch, i)
		}
	}
	s := &augmentedSounds{Source: source, amount: a, scratch: sync.Pool{New: func() any { return new([]float32) }}}
	if jitter := (Augmentation{Jitter: a.Jitter}); a.Jitter != 0 {
		return newAugmentedRecordings(s, jitter)
	}
	return s, nil
}

func (s *augmentedSounds) Length(i int) int { return Length(s.Source, i) }

func (s *augmentedSounds) Load(dst spike.Input, i int, key Key) error {
	if err := checkSample(i, s.Len()); err != nil {
		return err
	}
	piece := soundOf(s.Source, i)
	if err := piece.check(dst, 0); err != nil {
		return err
	}
	train, err := spikes(dst)
	if err != nil {
		return err
	}
	x := s.scratch.Get().(*[]float32)
	defer s.scratch.Put(x)
	e := piece.banks.get()
	defer piece.banks.put(e)
	var before float32
	*x, before = s.amount.vary((*x)[:0], piece.samples, e.Hop(), train.Steps(), key)
	if before > 0 {
		e.Heard(float32(before * e.Loudest(piece.samples)))
	}
	encode(train, e, *x)
	return nil
}

// vary appends to dst the sound x at another speed, behind a pause, in noise, as far as
// steps of hop samples see of it, and returns how loud it was before, as a share of how
// loud x becomes.
func (a Augmentation) vary(dst, x []float32, hop, steps int, key Key) (varied []float32, before float32) {
	uniform := func(place uint64) float64 { // in [0, 1)
		return float64(key.Uint64(placeSound+place)>>11) / (1 << 53)
	}
	signed := func(place uint64) float64 { // in [−1, 1)
		return float64(int64(key.Uint64(placeSound+place)>>11)-(1<<52)) / (1 << 52)
	}
	if a.Delay > 0 {
		pause, _ := bits.Mul64(key.Uint64(placeSound), uint64(a.Delay)*uint64(hop)+1)
		dst = append(dst, make([]float32, pause)...)
		// Every other time something was heard before.
		before = float32(max(0, signed(1)))
	}
	power, begin := 0.0, len(dst)
	speed := 1 + float64(a.Speed*signed(2))
	for n := 0; len(dst)/hop < steps; n++ {
		at := float64(float64(n) * speed)
		k := int(at)
		if k >= len(x)-1 {
			break
		}
		v := x[k] + float32(float32(at-float64(k))*(x[k+1]-x[k]))
		power += float64(v * v)
		dst = append(dst, v)
	}
	if a.Noise == 0 || len(x) == 0 {
		return dst, before
	}
	// The sum of four uniform numbers in ±1/2 has the variance 1/3.
	amplitude := float32(float64(a.Noise*uniform(3)) * math.Sqrt(3*power/float64(max(len(dst)-begin, 1))))
	for n := range dst {
		r := key.Uint64(placeNoise + uint64(n))
		sum := float32(int16(r)) + float32(int16(r>>16)) + float32(int16(r>>32)) + float32(int16(r>>48))
		dst[n] += float32(amplitude * (sum / (1 << 16)))
	}
	return dst, before
}
