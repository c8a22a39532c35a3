package dataset

import (
	"fmt"
	"math"
	"math/bits"
	"sync"

	"github.com/snurun/snurun/spike"
)

// augmentedRecordings moves the spikes and values of recordings.
type augmentedRecordings struct {
	Source
	amount        Augmentation
	size          int // of a time step
	height, width int
	scratch       sync.Pool
}

// recordingScratch is room for a sample as it was and for where its pixels go.
type recordingScratch struct {
	spikes spike.Train
	values spike.Values
	to     []int32 // for each pixel of a plane; negative outside
}

func newAugmentedRecordings(source Source, a Augmentation) (*augmentedRecordings, error) {
	shape := source.Shape()
	size, err := channels(shape)
	if err != nil {
		return nil, err
	}
	s := &augmentedRecordings{Source: source, amount: a, size: size}
	switch len(shape) {
	case 2, 3:
		s.height, s.width = shape[len(shape)-2], shape[len(shape)-1]
	default:
		if !a.still() {
			return nil, fmt.Errorf("dataset: augmentation: %w: recordings of shape %v have no pixels, expected [channels, height, width]", ErrMismatch, shape)
		}
	}
	s.scratch.New = func() any { return &recordingScratch{to: make([]int32, s.height*s.width)} }
	return s, nil
}

func (s *augmentedRecordings) longest() int { return Longest(s.Source) }

func (s *augmentedRecordings) Spikes(dst spike.Train, i int, key Key) error {
	w := s.scratch.Get().(*recordingScratch)
	defer s.scratch.Put(w)
	if w.spikes.Steps() != dst.Steps() || w.spikes.Size() != dst.Size() {
		w.spikes = spike.NewTrain(dst.Steps(), dst.Size())
	}
	if err := s.Source.Spikes(w.spikes, i, key); err != nil {
		return err
	}
	s.aim(w.to, key)
	dst.Clear()
	for t := range dst.Steps() {
		for c := range w.spikes.At(t).All() {
			if step, channel, ok := s.target(w.to, t, c, dst.Steps(), key); ok {
				dst.At(step).Set(channel)
			}
		}
	}
	return nil
}

func (s *augmentedRecordings) Values(dst spike.Values, i int, key Key) error {
	w := s.scratch.Get().(*recordingScratch)
	defer s.scratch.Put(w)
	if w.values.Steps() != dst.Steps() || w.values.Size() != dst.Size() {
		w.values = spike.NewValues(dst.Steps(), dst.Size())
	}
	if err := s.Source.Values(w.values, i, key); err != nil {
		return err
	}
	s.aim(w.to, key)
	for t := range dst.Steps() {
		clear(dst.At(t))
	}
	for t := range dst.Steps() {
		for c, v := range w.values.At(t) {
			if v == 0 {
				continue
			}
			if step, channel, ok := s.target(w.to, t, c, dst.Steps(), key); ok {
				dst.At(step)[channel] += v
			}
		}
	}
	return nil
}

// aim sets to to where each pixel goes.
func (s *augmentedRecordings) aim(to []int32, key Key) {
	if s.amount.still() {
		return
	}
	m := s.amount.motion(s.height, s.width, key)
	for y := range s.height {
		for x := range s.width {
			fx, fy := m.from(x, y)
			fx, fy = math.Floor(fx+0.5), math.Floor(fy+0.5)
			at := int32(-1)
			if fx >= 0 && fy >= 0 && fx < m.width && fy < m.height {
				at = int32(int(fy)*s.width + int(fx))
			}
			to[y*s.width+x] = at
		}
	}
}

// target returns where a spike of channel c at step t goes, if it does not
// leave the plane or the presentation.
func (s *augmentedRecordings) target(to []int32, t, c, steps int, key Key) (step, channel int, ok bool) {
	place := uint64(t)*uint64(s.size) + uint64(c)
	if !s.amount.still() {
		pixel := c % len(to)
		at := int(to[pixel])
		if at < 0 {
			return 0, 0, false
		}
		c += at - pixel
	}
	if n := s.amount.Jitter; n > 0 {
		r, _ := bits.Mul64(key.Uint64(placeJitter+place), 2*uint64(n)+1)
		t += int(r) - n
	}
	return t, c, t >= 0 && t < steps
}
