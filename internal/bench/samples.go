package bench

import (
	"cmp"
	"math/rand/v2"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
	"github.com/snurun/snurun/train"
)

// Samples are encoded inputs: spike trains, or values for an analog network.
type Samples struct {
	Name   string // what they are
	spikes []spike.Train
	values []spike.Values
	steps  int
}

// Len returns the number of samples.
func (s *Samples) Len() int { return max(len(s.spikes), len(s.values)) }

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
		x := dataset.NewPresentation(m.Input, steps)
		if err := x.Load(source, i, train.TestKey(seed, i)); err != nil {
			return err
		}
		if x.Analog {
			s.values = append(s.values, x.Values)
		} else {
			s.spikes = append(s.spikes, x.Spikes)
		}
	}
	return nil
}

// recordings returns spike trains, or values for an analog network, as a source.
func recordings(m *model.Network, spikes []spike.Train, values []spike.Values) (dataset.Source, error) {
	if m.Input.Encoder.Analog() {
		return dataset.FromValues(values, m.Input.Shape, nil, nil)
	}
	return dataset.FromTrains(spikes, m.Input.Shape, nil, nil)
}

// SelfTest returns the input of a model's self-test as a source.
func SelfTest(m *model.Network) (dataset.Source, error) {
	return recordings(m, m.SelfTest.Spikes, m.SelfTest.Values)
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
	draw := func(set func(t, i int)) {
		for t := range steps {
			for i := range size {
				if r.Float64() < active {
					set(t, i)
				}
			}
		}
	}
	var spikes []spike.Train
	var values []spike.Values
	for range n {
		if m.Input.Encoder.Analog() {
			x := spike.NewValues(steps, size)
			draw(func(t, i int) { x.At(t)[i] = 1 })
			values = append(values, x)
		} else {
			x := spike.NewTrain(steps, size)
			draw(func(t, i int) { x.At(t).Set(i) })
			spikes = append(spikes, x)
		}
	}
	return recordings(m, spikes, values)
}
