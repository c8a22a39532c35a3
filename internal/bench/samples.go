package bench

import (
	"cmp"
	"math/rand/v2"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
	"github.com/snurun/snurun/train"
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

// Add encodes the first samples of a source, with the noise of
// a seed, until there are limit samples; 0 is no limit. Each is presented for so
// many time steps, 0 for as many as dataset.Steps tells.
func (s *Samples) Add(m *model.Network, source dataset.Source, limit, steps int, seed uint64) error {
	if steps == 0 {
		steps = dataset.Steps(source, m.Steps)
	}
	s.steps = max(s.steps, steps)
	for i := 0; i < source.Len() && (limit == 0 || s.Len() < limit); i++ {
		x := m.Input.New(steps)
		if err := source.Load(x, i, train.TestKey(seed, i)); err != nil {
			return err
		}
		s.inputs = append(s.inputs, x)
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
