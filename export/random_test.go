package export_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/snurun/snurun/model"
)

// draw draws networks and what they consist of.
type draw struct{ *rand.Rand }

func pick[T any](r draw, of ...T) T { return of[r.IntN(len(of))] }

func (r draw) floats(n int, f func() float64) []float32 {
	p := make([]float32, n)
	for i := range p {
		p[i] = float32(f())
	}
	return p
}

// vector draws a parameter with one of some numbers of values; 0 is none.
func (r draw) vector(f func() float64, lengths ...int) []float32 {
	if n := pick(r, lengths...); n > 0 {
		return r.floats(n, f)
	}
	return nil
}

func (r draw) weights(shape ...int) model.Tensor {
	n := size(shape)
	scale := 1 / math.Sqrt(float64(n/shape[0]))
	if r.IntN(2) == 0 {
		return model.Tensor{Shape: shape, F32: r.floats(n, func() float64 { return scale * r.NormFloat64() })}
	}
	t := model.Tensor{Shape: shape, I8: make([]int8, n)}
	for i := range t.I8 {
		t.I8[i] = int8(r.IntN(256) - 128)
	}
	t.Scale = r.vector(func() float64 { return r.Float64() / 64 }, 1, shape[0])
	return t
}

func (r draw) network(inputs ...[]int) *model.Network {
	threshold := r.Float64()
	m := &model.Network{
		Steps: 1 + r.IntN(12),
		Input: model.Input{Dt: model.Millis(0.5 + r.Float64()),
			Shape: pick(r, inputs...),
			Encoder: pick(r,
				model.Encoder{Coding: model.Poisson, RateHz: 100 * r.Float64()},
				model.Encoder{Coding: model.Latency, Threshold: &threshold},
				model.Encoder{Coding: model.Direct},
				model.Encoder{Coding: model.Events, BinUS: 1000},
				model.Encoder{Coding: model.Events, BinUS: 1000, Counts: true}),
		},
	}
	if n := m.Input.Size(); n%2 == 0 && r.IntN(4) == 0 {
		m.Input.Encoder = model.Encoder{Coding: model.Series, Delta: r.floats(n/2, func() float64 { return 1e-3 + r.Float64() }), Difference: r.IntN(2) == 0}
	}
	return m
}

// unit draws all of a layer with neurons but its weights. Its parameters may
// have a value for each of some channels.
func (r draw) unit(kind model.Kind, in, out []int, channels int) model.Layer {
	n := size(out)
	l := model.Layer{
		Kind: kind, In: in, Out: out,
		Activation: pick(r, model.Identity, model.ReLU, model.LeakyReLU, model.ELU, model.Clipped),
		Output:     pick(r, model.Step, model.Step, model.Sigmoid, model.None, model.Count),
		Reset:      pick(r, model.ResetZero, model.ResetSubtract, model.ResetNone),
		Decay:      r.vector(r.Float64, 1, channels, n),
		Current:    r.vector(func() float64 { return 0.1 * r.NormFloat64() }, 0, 1, channels, n),
		Bias:       r.vector(func() float64 { return -0.5 * r.Float64() }, 0, 1, channels, n),
		Initial:    r.vector(r.NormFloat64, 0, 1, channels, n),
	}
	if l.Output == model.Step && r.IntN(4) == 0 {
		l.Reset = model.ResetLateral
	}
	if l.Output == model.None {
		l.Reset = model.ResetNone
	}
	if l.Output == model.Step || l.Output == model.Count {
		switch r.IntN(6) {
		case 0:
			l.Reset = model.ResetRefractory
		case 1:
			l.Reset = model.ResetLagged
		}
	}
	switch l.Activation {
	case model.LeakyReLU:
		l.Slope = float32(r.NormFloat64())
	case model.Clipped:
		l.Floor = -0.2 * r.Float32()
	}
	if l.Output == model.Count {
		l.MaxSpikes, l.SpikeValue = pick(r, 0, 1, 3), pick(r, 0, 1, 2, float32(r.NormFloat64()))
		l.Bias = r.vector(func() float64 { return -0.05 - 0.5*r.Float64() }, 1, channels, n)
	}
	if l.Reset == model.ResetSubtract || l.Reset == model.ResetLagged {
		l.Theta = r.vector(r.Float64, 1, channels, n)
	}
	return l
}

// connected draws a fully connected layer of n neurons.
func (r draw) connected(in []int, n int) model.Layer {
	l := r.unit(model.SNU, in, []int{n}, n)
	l.Weight = r.weights(n, size(in))
	switch {
	case l.Output == model.None && r.IntN(2) == 0:
		l.Kind, l.Decay, l.Initial = model.Dense, nil, nil
	case l.Output != model.None && r.IntN(2) == 0:
		h := r.weights(n, n)
		l.Recurrent = &h
	}
	return l
}

// window draws a window that fits in planes, and the planes that it makes of
// them.
func (r draw) window(in []int, channels int, dilated bool) (w model.Window, out []int) {
	for {
		w = model.Window{Kernel: [2]int{1 + r.IntN(3), 1 + r.IntN(3)}, Stride: [2]int{1 + r.IntN(2), 1 + r.IntN(2)}, Dilation: [2]int{1, 1}}
		if dilated {
			w.Dilation = [2]int{1 + r.IntN(2), 1 + r.IntN(2)}
		}
		out = []int{channels, 0, 0}
		for axis := range 2 {
			w.Padding[axis] = r.IntN(w.Reach(axis))
			out[1+axis] = w.Steps(axis, in[1+axis])
		}
		if out[1] > 0 && out[2] > 0 {
			return w, out
		}
	}
}

func (r draw) convolution(in []int) model.Layer {
	groups := pick(r, 1, in[0])
	channels := groups * (1 + r.IntN(3))
	w, out := r.window(in, channels, true)
	l := r.unit(model.Conv2D, in, out, channels)
	l.Window, l.Groups = w, groups
	l.Weight = r.weights(channels, in[0]/groups, w.Kernel[0], w.Kernel[1])
	l.Synapse = r.vector(r.Float64, 0, 1, channels, size(out))
	return l
}

// pooling draws a pooling of planes, by maximum only where no input occurs twice.
func (r draw) pooling(in []int, once bool) model.Layer {
	pool := pick(r, model.SumPool, model.AvgPool)
	if once && r.IntN(2) == 0 {
		pool = model.MaxPool
	}
	w, out := r.window(in, in[0], false)
	return model.Layer{Kind: model.Pool2D, In: in, Out: out, Window: w, Pool: pool}
}

func (r draw) readout(m *model.Network) {
	switch m.Layers[len(m.Layers)-1].Output {
	case model.None:
		m.Readout.Kind = pick(r, model.MembraneSum, model.MembraneMax, model.StepClass, model.StepSet)
	case model.Step:
		m.Readout.Kind = pick(r, model.SpikeCount, model.FirstSpike)
	default:
		m.Readout.Kind = model.SpikeCount
	}
}

// randomNetwork draws a network of fully connected layers, mostly with a
// self-test; together, few dozens of them use every option that these have.
func randomNetwork(tb testing.TB, seed uint64) *model.Network {
	tb.Helper()
	r := draw{rand.New(rand.NewPCG(seed, 11))}
	m := r.network([]int{1}, []int{70}, []int{2, 4, 8}, []int{64})
	shape := m.Input.Shape
	for range 1 + r.IntN(3) {
		l := r.connected(shape, pick(r, 1, 3, 64, 65, 90))
		m.Layers = append(m.Layers, l)
		shape = l.Out
	}
	r.readout(m)
	if r.IntN(4) > 0 {
		if seed%3 == 0 {
			makeIntegers(m, r.Rand)
		}
		addSelfTest(tb, m, r.Rand, 1+r.IntN(3))
	}
	return m
}

// randomPlanes draws a network of all kinds of layers with residual inputs and
// synaptic currents.
func randomPlanes(tb testing.TB, seed uint64) *model.Network {
	r := draw{rand.New(rand.NewPCG(seed, 12))}
	m := r.network([]int{1, 5, 7}, []int{2, 4, 8}, []int{4, 3, 3})
	shape, once := m.Input.Shape, true
	for i := range 1 + r.IntN(5) {
		from := r.from(m, i, shape)
		single := once && len(from) < 2
		var l model.Layer
		switch r.IntN(5) {
		case 0, 1:
			l = r.convolution(shape)
			single = true
		case 2, 3:
			l = r.pooling(shape, single)
			single = l.Pool == model.MaxPool
		default:
			l = model.Layer{Kind: model.Flatten, In: shape, Out: []int{1, size(shape), 1}}
		}
		l.From = from
		m.Layers = append(m.Layers, l)
		shape, once = l.Out, single
	}
	last := r.connected(shape, 1+r.IntN(4))
	if last.Kind == model.SNU {
		last.Synapse = r.vector(r.Float64, 0, 1, size(last.Out))
	}
	m.Layers = append(m.Layers, last)
	r.readout(m)
	m.Readout.Margin = float32(r.IntN(2)) * r.Float32()
	if seed%2 == 1 {
		m.Readout.Floor = model.Floor{Events: int64(seed % 100), Score: m.Readout.Margin - 1, Lead: m.Readout.Margin}
	}
	if m.Readout.Kind.EachStep() {
		m.Readout.Margin, m.Readout.Floor = 0, model.Floor{}
	}
	if seed%3 == 0 {
		makeIntegers(m, r.Rand)
	}
	addSelfTest(tb, m, r.Rand, 1+r.IntN(2))
	return m
}

// from draws what comes into layer i beside the layer before, which has a
// shape: nothing, or some of what has the same one.
func (r draw) from(m *model.Network, i int, shape []int) []int {
	if r.IntN(2) == 0 {
		return nil
	}
	from := []int{i - 1}
	for k := -1; k < i-1; k++ {
		out := m.Input.Shape
		if k >= 0 {
			out = m.Layers[k].Out
		}
		if slices.Equal(out, shape) && r.IntN(2) == 0 {
			from = append(from, k)
		}
	}
	r.Shuffle(len(from), func(a, b int) { from[a], from[b] = from[b], from[a] })
	return from
}
