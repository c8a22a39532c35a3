package bench

import (
	"cmp"
	"math/rand/v2"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// Samples are encoded inputs.
type Samples struct {
	Name   string // what they are
	inputs []spike.Input
	steps  int
}

// Len returns the number of samples.
func (s *Samples) Len() int { return len(s.inputs) }

// Steps returns the number of time steps of the longest sample.
func (s *Samples) Steps() int { return s.steps }

// Add encodes the samples of a set until there are limit samples; 0 is no limit.
func (s *Samples) Add(m *model.Network, set evaluate.Set, limit int) error {
	for place := 0; place < len(set.Indices) && (limit == 0 || s.Len() < limit); place++ {
		x, err := set.Load(m, place)
		if err != nil {
			return err
		}
		s.inputs = append(s.inputs, x)
		s.steps = max(s.steps, x.Steps())
	}
	return nil
}

// SelfTest returns the input of a model's self-test as a source.
func SelfTest(m *model.Network) (dataset.Source, error) {
	return dataset.FromInputs(m.SelfTest.Inputs, m.Input.Shape, nil, nil)
}

// randomSamples and randomDraws bound random input, and with it its memory.
const (
	randomSamples = 16
	randomDraws   = 1 << 26
)

// Random returns a few samples of m.Steps or so many steps, in which every
// channel is active at every step with the same probability.
func Random(m *model.Network, active float64, steps int, seed uint64) (dataset.Source, error) {
	steps, size := cmp.Or(steps, m.Steps), m.Input.Size()
	n := max(1, min(randomSamples, randomDraws/steps/size))
	r := rand.New(rand.NewPCG(seed, 0))
	inputs := make([]spike.Input, n)
	for k := range inputs {
		inputs[k] = m.Input.New(steps)
		for t := range steps {
			for i := range size {
				if r.Float64() >= active {
					continue
				}
				switch x := inputs[k].(type) {
				case spike.Train:
					x.At(t).Set(i)
				case spike.Values:
					x.At(t)[i] = 1
				}
			}
		}
	}
	return dataset.FromInputs(inputs, m.Input.Shape, nil, nil)
}
