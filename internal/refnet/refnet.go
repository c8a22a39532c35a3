// Package refnet builds the networks that the benchmarks run: fixed synthetic
// models of three sizes whose layers fire as sparsely as trained ones do.
// Weights and inputs follow from a counter-based generator alone, so that
// everyone measures the same networks on the same spikes.
package refnet

import (
	"fmt"
	"math"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// Net is a reference network.
type Net struct {
	Name   string
	Inputs int     // channels
	On     int     // channels of a sample that ever spike, on average
	Rate   float64 // input spikes a step
	Steps  int
	Layers []Layer
}

// Layer is one layer of a reference network.
type Layer struct {
	Size      int
	Recurrent bool
	Rate      float64 // spikes a step
	bias      float32 // found by bisection, so that the layer fires at Rate
}

// The reference networks. A nearly fits second-level caches; B is recurrent
// and fits third-level ones; C fits neither.
var (
	A = Net{"A", 784, 150, 15, 10, []Layer{
		{256, false, 38, -1.064}, {256, false, 38, -1.1274}, {256, false, 38, -1.147}, {10, false, 1.5, -1.3423}}}
	B = Net{"B", 700, 240, 24, 100, []Layer{
		{1024, true, 36, -2.6014}, {1024, false, 36, -2.6118}, {20, false, 2.8, -1.0054}}}
	C = Net{"C", 784, 390, 39.2, 10, []Layer{
		{4096, false, 205, -2.231}, {4096, false, 205, -2.1235}, {10, false, 1.5, -0.9858}}}
)

// Model returns the network as a model.
func (n *Net) Model() *model.Network {
	in, active := n.Inputs, n.Rate
	m := &model.Network{
		Name: "reference " + n.Name, Steps: n.Steps,
		Input:   model.Input{Dt: 1, Shape: []int{in}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100}},
		Readout: model.Readout{Kind: model.SpikeCount},
	}
	r := newGenerator(in)
	for i, s := range n.Layers {
		l := model.Layer{
			Name: fmt.Sprint("layer", i), Kind: model.SNU, In: []int{in}, Out: []int{s.Size},
			Activation: model.ELU, Output: model.Step, Reset: model.ResetZero,
			Decay: []float32{0.8}, Bias: []float32{s.bias},
		}
		if s.Recurrent {
			active += s.Rate
			h := model.Matrix(s.Size, s.Size, r.weights(s.Size*s.Size, active))
			l.Recurrent = &h
		}
		l.Weight = model.Matrix(s.Size, in, r.weights(s.Size*in, active))
		m.Layers = append(m.Layers, l)
		in, active = s.Size, s.Rate
	}
	return m
}

// Samples returns count spike trains: each step, the channels of a sample's own
// subset spike at random.
func (n *Net) Samples(count int) []spike.Train {
	r := newGenerator(^n.Inputs)
	p := n.Rate / float64(n.On)
	trains := make([]spike.Train, count)
	for k := range trains {
		trains[k] = spike.NewTrain(n.Steps, n.Inputs)
		var subset []int
		for i := range n.Inputs {
			if r.uniform()*float64(n.Inputs) < float64(n.On) {
				subset = append(subset, i)
			}
		}
		for t := range n.Steps {
			for _, i := range subset {
				if r.uniform() < p {
					trains[k].At(t).Set(i)
				}
			}
		}
	}
	return trains
}

// generator is SplitMix64 generator (Steele, Lea & Flood, OOPSLA 2014).
type generator uint64

func newGenerator(seed int) *generator {
	g := generator(seed)
	return &g
}

// uniform returns a number in [0, 1).
func (g *generator) uniform() float64 {
	*g += 0x9e3779b97f4a7c15
	z := uint64(*g)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64(float64((z^z>>31)>>11) / (1 << 53))
}

// weights returns n weights of variance 1/active.
func (g *generator) weights(n int, active float64) []float32 {
	w := make([]float32, n)
	width := 2 * math.Sqrt(3/active)
	for i := range w {
		w[i] = float32(width * (g.uniform() - 0.5))
	}
	return w
}
