package dataset

import (
	"fmt"

	"github.com/snurun/snurun/spike"
)

// augmentedSignals changes the values of signals before they become spikes.
type augmentedSignals struct {
	*signalSource
	amount Augmentation
}

func newAugmentedSignals(source *signalSource, a Augmentation) (Source, error) {
	if !a.still() || a.Noise != 0 || a.Delay != 0 {
		return nil, fmt.Errorf("dataset: augmentation: %w: signals have no pixels to move; noise and delay are for sound", ErrMismatch)
	}
	if a.Speed != 0 && source.Len() > 0 && source.Targets(0).Steps() > 0 {
		return nil, fmt.Errorf("dataset: augmentation: %w: speed moves steps away from the targets that they have", ErrMismatch)
	}
	s := &augmentedSignals{source, a}
	if jitter := (Augmentation{Jitter: a.Jitter}); a.Jitter != 0 {
		return newAugmentedRecordings(s, jitter)
	}
	return s, nil
}

func (s *augmentedSignals) Load(dst spike.Input, i int, key Key) error {
	train, state, err := s.load(dst, i, key)
	if err != nil {
		return err
	}
	defer s.state.Put(state)
	uniform := func(place int) float64 { // in −1 … 1
		return float64(float64(key.Uint64(placeSignal+uint64(place))>>10)/(1<<53)) - 1
	}
	speed := 1 + float64(s.amount.Speed*uniform(0))
	for c := range state.factors {
		state.factors[c] = float32(1 + float64(s.amount.Stretch*uniform(1+c)))
	}
	last := s.Length(i) - 1
	for t := range train.Steps() {
		at := float64(float64(t) * speed)
		if at > float64(last) {
			break
		}
		k := int(at)
		next := state.values.At(min(k+1, last))
		for c, v := range state.values.At(k) {
			v += float32(float32(at-float64(k)) * (next[c] - v))
			state.step[c] = float32(v * state.factors[c])
		}
		state.encoder.Step(train.At(t), state.step)
	}
	return nil
}
