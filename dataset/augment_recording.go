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
	input spike.Input
	to    []int32 // for each pixel of a plane; negative outside
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

func (s *augmentedRecordings) Length(i int) int      { return Length(s.Source, i) }
func (s *augmentedRecordings) Targets(i int) Targets { return TargetsOf(s.Source, i) }

func (s *augmentedRecordings) Load(dst spike.Input, i int, key Key) error {
	w := s.scratch.Get().(*recordingScratch)
	defer s.scratch.Put(w)
	w.fit(dst)
	if err := s.Source.Load(w.input, i, key); err != nil {
		return err
	}
	s.aim(w.to, key)
	dst.Clear()
	steps := dst.Steps()
	for t := range steps {
		switch from := w.input.(type) {
		case spike.Train:
			dst := dst.(spike.Train)
			for c := range from.At(t).All() {
				if step, channel, ok := s.target(w.to, t, c, steps, key); ok {
					dst.At(step).Set(channel)
				}
			}
		case spike.Values:
			dst := dst.(spike.Values)
			for c, v := range from.At(t) {
				if v == 0 {
					continue
				}
				if step, channel, ok := s.target(w.to, t, c, steps, key); ok {
					dst.At(step)[channel] += v
				}
			}
		}
	}
	return nil
}

// fit makes the input of the scratch one like dst.
func (w *recordingScratch) fit(dst spike.Input) {
	switch dst := dst.(type) {
	case spike.Train:
		if x, ok := w.input.(spike.Train); !ok || x.Steps() != dst.Steps() || x.Size() != dst.Size() {
			w.input = spike.NewTrain(dst.Steps(), dst.Size())
		}
	case spike.Values:
		if x, ok := w.input.(spike.Values); !ok || x.Steps() != dst.Steps() || x.Size() != dst.Size() {
			w.input = spike.NewValues(dst.Steps(), dst.Size())
		}
	}
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
