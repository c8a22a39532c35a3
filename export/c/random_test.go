package c

import (
	"math"
	"math/rand/v2"

	"github.com/snurun/snurun/model"
)

// randomNetwork draws a valid network: of planes or not, of every kind of layer,
// with several inputs a layer, floats or integers.
func randomNetwork(seed uint64) *model.Network {
	r := rand.New(rand.NewPCG(seed, 20))
	for {
		d := draw{r: r, m: &model.Network{Steps: 20, Readout: model.Readout{Margin: 1}}}
		d.network()
		if d.m.Validate() == nil {
			if r.IntN(2) == 0 {
				d.integers()
			}
			return d.m
		}
	}
}

func (d *draw) random(seed uint64) { d.r = rand.New(rand.NewPCG(seed, 21)) }

type draw struct {
	r *rand.Rand
	m *model.Network
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func volume(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func (d *draw) network() {
	r, m := d.r, d.m
	m.Input = model.Input{Dt: 1, Shape: []int{pick(r, 1, 7, 32, 33, 70, 100)}}
	planes := r.IntN(2) == 0
	if planes {
		m.Input.Shape = []int{1 + r.IntN(3), 3 + r.IntN(8), 3 + r.IntN(8)}
	}
	switch r.IntN(5) {
	case 0:
		m.Input.Encoder = model.Encoder{Coding: model.Direct}
	case 1:
		m.Input.Encoder = model.Encoder{Coding: model.Events, BinUS: 1000, Counts: true}
	case 2:
		m.Input.Encoder = model.Encoder{Coding: model.Events, BinUS: 1000}
	default:
		m.Input.Encoder = model.Encoder{Coding: model.Poisson, RateHz: 100}
	}
	shape := m.Input.Shape
	for depth := 1 + r.IntN(5); depth > 0; depth-- {
		from := []int(nil)
		if at := len(m.Layers); r.IntN(3) == 0 { // another source of the same shape
			for k := -1; k < at-1; k++ {
				if equal(d.shapeOf(k), shape) {
					from = append(from, k)
				}
			}
			if from != nil {
				from = append(from, at-1)
			}
		}
		l := d.layer(shape)
		l.From, l.In = from, shape
		m.Layers = append(m.Layers, l)
		shape = l.Out
	}
	last := d.fullyConnected(volume(shape), 1+r.IntN(13))
	last.In = shape
	m.Layers = append(m.Layers, last)
	d.readout()
}

// readout draws one for the last layer.
func (d *draw) readout() {
	r, m := d.r, d.m
	switch m.Layers[len(m.Layers)-1].Output {
	case model.None:
		m.Readout.Kind = pick(r, model.MembraneSum, model.MembraneMax, model.StepClass, model.StepSet)
	case model.Step:
		m.Readout.Kind = pick(r, model.SpikeCount, model.FirstSpike)
	default:
		m.Readout.Kind = model.SpikeCount
	}
	if m.Readout.Kind.EachStep() {
		m.Readout.Margin = 0
	}
}

func (d *draw) shapeOf(k int) []int {
	if k < 0 {
		return d.m.Input.Shape
	}
	return d.m.Layers[k].Out
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for k := range a {
		if a[k] != b[k] {
			return false
		}
	}
	return true
}

// layer draws one that takes a shape.
func (d *draw) layer(in []int) model.Layer {
	if len(in) != 3 {
		if d.r.IntN(8) == 0 && in[0]%6 == 0 {
			return model.Layer{Kind: model.Flatten, Out: []int{1, in[0] / 3, 3}}
		}
		return d.fullyConnected(in[0], pick(d.r, 1, 5, 16, 31, 32, 33, 64, 65))
	}
	switch d.r.IntN(6) {
	case 0:
		return model.Layer{Kind: model.Flatten, Out: []int{volume(in)}}
	case 1, 2:
		return d.pool(in)
	}
	return d.convolution(in)
}

func (d *draw) pool(in []int) model.Layer {
	r := d.r
	l := model.Layer{Kind: model.Pool2D, Pool: pick(r, model.SumPool, model.AvgPool, model.MaxPool)}
	for axis := range 2 {
		k := 1 + r.IntN(min(3, in[1+axis]))
		l.Window.Kernel[axis], l.Window.Stride[axis] = k, 1+r.IntN(3)
		l.Window.Padding[axis], l.Window.Dilation[axis] = r.IntN(k), 1
	}
	l.Out = []int{in[0], l.Window.Steps(0, in[1]), l.Window.Steps(1, in[2])}
	return l
}

func (d *draw) convolution(in []int) model.Layer {
	r := d.r
	l := model.Layer{Kind: model.Conv2D, Groups: 1}
	if r.IntN(3) == 0 {
		l.Groups = in[0]
	}
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
	channels := l.Groups * (1 + r.IntN(6))
	l.Out = []int{channels, l.Window.Steps(0, in[1]), l.Window.Steps(1, in[2])}
	d.unit(&l, channels, l.OutSize(), []int{channels, in[0] / l.Groups, l.Window.Kernel[0], l.Window.Kernel[1]})
	return l
}

func (d *draw) fullyConnected(in, out int) model.Layer {
	r := d.r
	l := model.Layer{Kind: model.SNU, Out: []int{out}}
	d.unit(&l, out, out, []int{out, in})
	if l.Output == model.None {
		if r.IntN(2) == 0 {
			l.Kind, l.Decay, l.Initial, l.Synapse = model.Dense, nil, nil, nil
		}
	} else if r.IntN(3) == 0 {
		h := d.tensor([]int{out, out}, 0.7)
		l.Recurrent = &h
		if l.Output == model.Count { // it would fire more and more
			l.MaxSpikes, l.SpikeValue = 2, 0.25
		}
	}
	return l
}

// unit draws what the equations of a neuron depend on.
func (d *draw) unit(l *model.Layer, channels, n int, weights []int) {
	r := d.r
	l.Activation = pick(r, model.Identity, model.ReLU, model.LeakyReLU, model.ELU, model.Clipped)
	l.Output = pick(r, model.Step, model.Step, model.Step, model.Sigmoid, model.None, model.Count)
	switch l.Output {
	case model.Step:
		l.Reset = pick(r, model.ResetZero, model.ResetZero, model.ResetSubtract, model.ResetLateral, model.ResetNone, model.ResetRefractory, model.ResetLagged)
	case model.Count:
		l.Reset = pick(r, model.ResetZero, model.ResetSubtract, model.ResetNone, model.ResetRefractory, model.ResetLagged)
	case model.Sigmoid:
		l.Reset = pick(r, model.ResetZero, model.ResetSubtract, model.ResetNone)
	default:
		l.Reset = model.ResetNone
	}
	switch l.Activation {
	case model.LeakyReLU:
		l.Slope = r.Float32()
	case model.Clipped:
		l.Floor = -r.Float32()
	}
	l.Weight = d.tensor(weights, 1.5)
	l.Current = d.vector(channels, n, -0.1, 0.1)
	l.Decay = d.vector(channels, n, 0, 1)
	l.Bias = d.vector(channels, n, -0.8, 0.1)
	l.Initial = d.vector(channels, n, -1, 1)
	if r.IntN(4) == 0 {
		l.Synapse = d.vector(channels, n, 0, 0.9)
	}
	if l.Reset == model.ResetSubtract || l.Reset == model.ResetLagged {
		for len(l.Theta) == 0 {
			l.Theta = d.vector(channels, n, 0, 1)
		}
	}
	if l.Output == model.Count {
		l.MaxSpikes, l.SpikeValue = r.IntN(4), pick[float32](r, 0, 0.5, -0.25)
		for l.Bias = nil; len(l.Bias) == 0; {
			l.Bias = d.vector(channels, n, -1.1, -0.1)
		}
	}
	switch r.IntN(8) { // what is exactly 0 or 1 is computed in another way
	case 0:
		l.Decay = []float32{1}
	case 1:
		l.Decay = []float32{0}
	}
}

func (d *draw) tensor(shape []int, gain float64) model.Tensor {
	n := volume(shape)
	t := model.Tensor{Shape: shape, F32: make([]float32, n)}
	for k := range t.F32 {
		t.F32[k] = float32(gain * d.r.NormFloat64() / math.Sqrt(float64(n/shape[0])))
	}
	return t
}

// vector draws a parameter of none, one, one a channel or one a neuron.
func (d *draw) vector(channels, n int, from, to float64) []float32 {
	p := make([]float32, pick(d.r, 0, 1, channels, n))
	for k := range p {
		p[k] = float32(from + (to-from)*d.r.Float64())
	}
	return p
}

// integers gives the layers that can sum integers such weights.
func (d *draw) integers() {
	quantised := func(t *model.Tensor) model.Tensor {
		q := model.Tensor{Shape: t.Shape, Integer: true, I8: make([]int8, t.Len()), Scale: make([]float32, pick(d.r, 1, t.Shape[0]))}
		most := pick(d.r, 127, 127, 20)
		for k := range q.I8 {
			q.I8[k] = int8(d.r.IntN(2*most+1) - most)
		}
		for k := range q.Scale {
			q.Scale[k] = float32(2 * d.r.Float64() / float64(most) / math.Sqrt(float64(t.Len()/t.Shape[0])))
		}
		if d.r.IntN(8) == 0 {
			q.Scale[0] = 0
		}
		return q
	}
	for i := range d.m.Layers {
		l := &d.m.Layers[i]
		if !l.HasNeurons() {
			continue
		}
		was := *l
		l.Weight = quantised(&l.Weight)
		if l.Recurrent != nil {
			h := quantised(l.Recurrent)
			l.Recurrent = &h
		}
		if d.m.Validate() != nil {
			*l = was
		}
	}
}
