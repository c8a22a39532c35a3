package runtime

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// randomPlanes draws a network of convolutions, pools, residual connections and
// synaptic currents that ends in a fully connected layer.
func randomPlanes(r *rand.Rand, analogInput bool) *model.Network {
	side := func() int { return 3 + r.IntN(6) }
	shape := []int{1 + r.IntN(4), side(), side()}
	m := &model.Network{
		Steps:   1 + r.IntN(15),
		Input:   model.Input{Dt: 1, Shape: shape, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000, Counts: analogInput}},
		Readout: model.Readout{Kind: model.SpikeCount},
	}
	once := true // what comes in has each input
	depth := 2 + r.IntN(4)
	for i := range depth {
		if i > 0 && r.IntN(3) == 0 {
			l := randomPool(r, shape, once)
			m.Layers = append(m.Layers, l)
			shape, once = l.Out, once && l.Pool == model.MaxPool
			continue
		}
		l := randomConvolution(r, shape)
		l.Name = fmt.Sprint("conv", i)
		m.Layers = append(m.Layers, l)
		shape, once = l.Out, true
		if last := len(m.Layers) - 1; r.IntN(3) == 0 && l.Kind == model.Conv2D { // a residual connection around another one
			again := randomConvolution(r, l.Out)
			again.Window = model.Window{Kernel: [2]int{3, 1}, Stride: [2]int{1, 1}, Padding: [2]int{1, 0}, Dilation: [2]int{1, 1}}
			again.Groups, again.Out = 1, l.Out
			again.Weight = randomTensor(r, []int{l.Out[0], l.Out[0], 3, 1})
			again.Current, again.Synapse, again.Initial = nil, nil, nil
			again.Bias, again.Decay = []float32{-0.2}, []float32{0.5}
			pool := model.Layer{Kind: model.Flatten, From: []int{last + 1, last}, In: l.Out, Out: l.Out}
			m.Layers = append(m.Layers, again, pool)
			once = false
		}
	}
	in := shape[0] * shape[1] * shape[2]
	m.Layers = append(m.Layers,
		model.Layer{Kind: model.Flatten, In: shape, Out: []int{in}},
		model.Layer{
			Kind: model.SNU, In: []int{in}, Out: []int{5}, Activation: model.ReLU, Output: model.Step, Reset: model.ResetZero,
			Weight: randomTensor(r, []int{5, in}), Synapse: randomVector(r, 5, 5, 0, 1), Decay: []float32{0.8}, Bias: []float32{-0.3},
		})
	return m
}

func randomPool(r *rand.Rand, in []int, once bool) model.Layer {
	l := model.Layer{Kind: model.Pool2D, In: in, Pool: []model.Pooling{model.SumPool, model.AvgPool, model.MaxPool}[r.IntN(3)]}
	if !once && l.Pool == model.MaxPool {
		l.Pool = model.SumPool
	}
	for axis := range 2 {
		k := 1 + r.IntN(min(3, in[1+axis]))
		l.Window.Kernel[axis], l.Window.Stride[axis] = k, 1+r.IntN(3)
		l.Window.Padding[axis], l.Window.Dilation[axis] = r.IntN(k), 1
	}
	l.Out = []int{in[0], l.Window.Steps(0, in[1]), l.Window.Steps(1, in[2])}
	return l
}

func randomConvolution(r *rand.Rand, in []int) model.Layer {
	l := model.Layer{
		Kind: model.Conv2D, In: in, Groups: 1,
		Activation: []model.Activation{model.Identity, model.ReLU, model.LeakyReLU, model.ELU}[r.IntN(4)], Slope: 0.1,
		Output: []model.Output{model.Step, model.Step, model.Step, model.Sigmoid, model.None, model.Count}[r.IntN(6)],
		Reset:  []model.Reset{model.ResetZero, model.ResetSubtract, model.ResetNone, model.ResetLateral}[r.IntN(4)],
	}
	if r.IntN(3) == 0 {
		l.Groups = in[0]
	}
	channels := l.Groups * (1 + r.IntN(5))
	for axis := range 2 {
		for {
			l.Window.Kernel[axis], l.Window.Dilation[axis] = 1+r.IntN(5), 1+r.IntN(3)
			l.Window.Stride[axis] = 1 + r.IntN(3)
			l.Window.Padding[axis] = r.IntN(l.Window.Reach(axis))
			if l.Window.Steps(axis, in[1+axis]) > 0 {
				break
			}
		}
	}
	l.Out = []int{channels, l.Window.Steps(0, in[1]), l.Window.Steps(1, in[2])}
	n := l.OutSize()
	l.Weight = randomTensor(r, []int{channels, in[0] / l.Groups, l.Window.Kernel[0], l.Window.Kernel[1]})
	l.Current = randomVector(r, n, channels, -0.1, 0.1)
	l.Synapse = randomVector(r, n, channels, 0, 1)
	l.Decay = randomVector(r, n, channels, 0, 1)
	l.Bias = randomVector(r, n, channels, -0.6, 0)
	l.Initial = randomVector(r, n, channels, -1, 1)
	switch {
	case l.Output == model.None || l.Reset == model.ResetLateral && l.Output != model.Step:
		l.Reset = model.ResetNone
	case l.Reset == model.ResetSubtract:
		l.Theta = []float32{0.5}
	}
	if l.Output == model.Count {
		l.SpikeValue, l.Bias = 0.5, randomVector(r, n, channels, -0.6, -0.1)
		if len(l.Bias) == 0 {
			l.Bias = []float32{-0.3}
		}
	}
	return l
}

func randomTensor(r *rand.Rand, shape []int) model.Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	t := model.Tensor{Shape: shape, F32: make([]float32, n)}
	for i := range t.F32 {
		t.F32[i] = float32(1.5 * r.NormFloat64() / math.Sqrt(float64(n/shape[0])))
	}
	return t
}

// randomVector draws a parameter of none, one, one a channel or one a neuron.
func randomVector(r *rand.Rand, n, channels int, from, to float64) []float32 {
	p := make([]float32, []int{0, 1, channels, n}[r.IntN(4)])
	for i := range p {
		p[i] = float32(from + (to-from)*r.Float64())
	}
	return p
}

// TestValuesIntoPools gives values to networks that were trained on spikes and
// pool their input: what comes in decides, not the encoder.
func TestValuesIntoPools(t *testing.T) {
	for _, kind := range []model.Pooling{model.SumPool, model.AvgPool} {
		r := rand.New(rand.NewPCG(8, 8))
		m := randomPlanes(r, false)
		in := m.Input.Shape
		w := model.Window{Kernel: [2]int{2, 2}, Stride: [2]int{1, 1}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}}
		out := []int{in[0], in[1] + 1, in[2] + 1}
		m.Layers = []model.Layer{
			{Kind: model.Pool2D, In: in, Out: out, Pool: kind, Window: w},
			{
				Kind: model.SNU, In: []int{out[0] * out[1] * out[2]}, Out: []int{5},
				Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
				Weight: randomTensor(r, []int{5, out[0] * out[1] * out[2]}), Decay: []float32{0.8}, Bias: []float32{-0.3},
			},
		}
		net := mustCompile(t, m)
		s, o := net.NewSession(), newOracle(m)
		values := spike.NewValues(4, net.InSize())
		for k := range values.Steps() {
			for i := range net.InSize() {
				values.At(k)[i] = float32(r.NormFloat64())
			}
			if err := s.Step(values, k); err != nil {
				t.Fatal(err)
			}
			o.step(values.At(k))
			compareStep(t, 8, k, s, o)
		}
		s.Reset()
		if err := s.Run(values); err != nil {
			t.Fatal(err)
		}
		compareStep(t, 8, values.Steps()-1, s, o)
		if _, err := net.NewBatch(2).Classify([]spike.Input{values, values.Slice(0, 1)}); err != nil {
			t.Fatal(err)
		}
	}
}
