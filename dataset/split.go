package dataset

import (
	"fmt"
	"math"
	"slices"

	"github.com/snurun/snurun/spike"
)

// Split draws which of n samples are held out of training: the fraction,
// clipped to 0…1 and rounded to whole samples, is chosen by the seed alone. Both lists are ascending.
func Split(n int, fraction float64, seed uint64) (train, held []int) {
	order := make([]int, max(n, 0))
	for i := range order {
		order[i] = i
	}
	Shuffle(order, Key{Seed: seed})
	k := 0
	if fraction > 0 {
		k = int(math.Round(float64(len(order)) * min(fraction, 1)))
	}
	train, held = order[k:], order[:k:k]
	slices.Sort(train)
	slices.Sort(held)
	return train, held
}

type subset struct {
	Source
	indices []int
}

// Subset returns the samples of src at the given indices, in their order. The
// keys that Load is called with are passed on as they are.
func Subset(src Source, indices []int) (Source, error) {
	for k, i := range indices {
		if i < 0 || i >= src.Len() {
			return nil, fmt.Errorf("dataset: subset: index %d at position %d, expected 0 to %d", i, k, src.Len()-1)
		}
	}
	return &subset{src, slices.Clone(indices)}, nil
}

func (s *subset) Len() int        { return len(s.indices) }
func (s *subset) Label(i int) int { return s.Source.Label(s.indices[i]) }

func (s *subset) Load(dst spike.Input, i int, key Key) error {
	if err := checkSample(i, len(s.indices)); err != nil {
		return err
	}
	return s.Source.Load(dst, s.indices[i], key)
}

func (s *subset) Length(i int) int      { return Length(s.Source, s.indices[i]) }
func (s *subset) Targets(i int) Targets { return TargetsOf(s.Source, s.indices[i]) }
