package export_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// fractions returns n multiples of 1/64 between −1 and 1, the same everywhere.
func fractions(n int, seed uint32) []float32 {
	p := make([]float32, n)
	for i := range p {
		seed = seed*1664525 + 1013904223
		p[i] = float32(int32(seed>>25)-64) / 64
	}
	return p
}

func levels(n int, seed uint32) []int8 {
	q := make([]int8, n)
	for i, x := range fractions(n, seed) {
		q[i] = int8(127 * x)
	}
	return q
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// tinyNetwork is the network of testdata/tiny.msgpack: small, but with every
// kind of layer, parameter and tensor.
func tinyNetwork(tb testing.TB) *model.Network {
	threshold := 0.5
	recurrent := model.Matrix(5, 5, fractions(25, 2))
	m := &model.Network{
		Name: "tiny", CreatedBy: "snurun test",
		Metadata: map[string]any{"accuracy": 0.25, "note": "two\nlines", "seed": -1.0},
		DtMS:     1, Steps: 6,
		Input: model.Input{
			Shape:   []int{1, 3, 3},
			Encoder: model.Encoder{Coding: model.Poisson, RateHz: 200, Threshold: &threshold},
		},
		Classes: []string{"zero", "one", "zwölf"},
		Layers: []model.Layer{{
			Name: "hidden", Kind: model.SNU, In: []int{1, 3, 3}, Out: []int{5},
			Activation: model.ELU, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(5, 9, fractions(45, 1)), Recurrent: &recurrent,
			Decay: []float32{0, 0.25, 0.5, 0.75, 1}, Current: []float32{0.0625},
			Bias: fractions(5, 3), Initial: fractions(5, 4),
		}, {
			Name: "soft", Kind: model.SNU, In: []int{5}, Out: []int{4},
			Activation: model.LeakyReLU, Slope: 0.1, Output: model.Sigmoid, Reset: model.ResetSubtract,
			Weight: model.Tensor{Shape: []int{4, 5}, I8: levels(20, 5), Scale: []float32{0.01, 0.02, 0.03, 0.04}},
			Decay:  []float32{0.8}, Theta: []float32{0.5},
		}, {
			Name: "scores", Kind: model.Dense, In: []int{4}, Out: []int{3},
			Activation: model.Identity, Output: model.None, Reset: model.ResetNone,
			Weight:  model.Tensor{Shape: []int{3, 4}, I8: levels(12, 6), Scale: []float32{0.015625}},
			Current: fractions(3, 7),
		}},
		Readout: model.Readout{Kind: model.MembraneSum},
	}
	addSelfTest(tb, m, rand.New(rand.NewPCG(1, 2)), 2)
	return m
}

// addSelfTest gives m a self-test of random inputs.
func addSelfTest(tb testing.TB, m *model.Network, r *rand.Rand, inputs int) {
	tb.Helper()
	var spikes []spike.Train
	var values []spike.Values
	n := m.Input.Size()
	for range inputs {
		t, v := spike.NewTrain(m.Steps, n), spike.NewValues(m.Steps, n)
		for s := range m.Steps {
			for i := range n {
				if r.IntN(2) == 0 {
					t.At(s).Set(i)
					v.At(s)[i] = float32(r.IntN(65)-32) / 16
				}
			}
		}
		if m.Input.Encoder.Analog() {
			values = append(values, v)
		} else {
			spikes = append(spikes, t)
		}
	}
	if err := runtime.AddSelfTest(m, spikes, values); err != nil {
		tb.Fatal(err)
	}
}

// randomNetwork draws a network with a self-test; together, few dozens of
// them use every option of the format.
func randomNetwork(tb testing.TB, seed uint64) *model.Network {
	tb.Helper()
	r := rand.New(rand.NewPCG(seed, 11))
	floats := func(n int, f func() float64) []float32 {
		p := make([]float32, n)
		for i := range p {
			p[i] = float32(f())
		}
		return p
	}
	vector := func(n int, f func() float64) []float32 {
		return [][]float32{nil, floats(1, f), floats(n, f)}[r.IntN(3)]
	}
	weights := func(out, in int) model.Tensor {
		if r.IntN(2) == 0 {
			return model.Matrix(out, in, floats(out*in, func() float64 { return r.NormFloat64() / math.Sqrt(float64(in)) }))
		}
		t := model.Tensor{Shape: []int{out, in}, I8: make([]int8, out*in)}
		for i := range t.I8 {
			t.I8[i] = int8(r.IntN(256) - 128)
		}
		t.Scale = floats([]int{1, out}[r.IntN(2)], func() float64 { return r.Float64() / 64 })
		return t
	}
	threshold := r.Float64()
	m := &model.Network{
		DtMS: 0.5 + r.Float64(), Steps: 1 + r.IntN(12),
		Input: model.Input{
			Shape: [][]int{{1}, {70}, {2, 4, 8}, {64}}[r.IntN(4)],
			Encoder: []model.Encoder{
				{Coding: model.Poisson, RateHz: 100 * r.Float64()},
				{Coding: model.Latency, Threshold: &threshold},
				{Coding: model.Direct},
				{Coding: model.Events, BinUS: 1000},
				{Coding: model.Events, BinUS: 1000, Counts: true},
			}[r.IntN(5)],
		},
	}
	shape := m.Input.Shape
	depth := 1 + r.IntN(3)
	for range depth {
		in, out := size(shape), []int{1, 3, 64, 65, 90}[r.IntN(5)]
		l := model.Layer{
			Kind: model.SNU, In: shape, Out: []int{out},
			Activation: []model.Activation{model.Identity, model.ReLU, model.LeakyReLU, model.ELU}[r.IntN(4)],
			Output:     []model.Output{model.Step, model.Step, model.Sigmoid, model.None}[r.IntN(4)],
			Reset:      []model.Reset{model.ResetZero, model.ResetSubtract, model.ResetNone}[r.IntN(3)],
			Weight:     weights(out, in),
			Decay:      floats([]int{1, out}[r.IntN(2)], r.Float64),
			Current:    vector(out, func() float64 { return 0.1 * r.NormFloat64() }),
			Bias:       vector(out, func() float64 { return -0.5 * r.Float64() }),
			Initial:    vector(out, r.NormFloat64),
		}
		if l.Output == model.Step && r.IntN(4) == 0 {
			l.Reset = model.ResetLateral
		}
		if l.Activation == model.LeakyReLU {
			l.Slope = float32(r.NormFloat64())
		}
		switch {
		case l.Output == model.None:
			l.Reset = model.ResetNone
			if r.IntN(2) == 0 {
				l.Kind, l.Decay, l.Initial = model.Dense, nil, nil
			}
		case r.IntN(2) == 0:
			h := weights(out, out)
			l.Recurrent = &h
		}
		if l.Reset == model.ResetSubtract {
			l.Theta = floats([]int{1, out}[r.IntN(2)], r.Float64)
		}
		m.Layers = append(m.Layers, l)
		shape = l.Out
	}
	switch m.Layers[depth-1].Output {
	case model.None:
		m.Readout.Kind = []model.ReadoutKind{model.MembraneSum, model.MembraneMax}[r.IntN(2)]
	case model.Step:
		m.Readout.Kind = []model.ReadoutKind{model.SpikeCount, model.FirstSpike}[r.IntN(2)]
	default:
		m.Readout.Kind = model.SpikeCount
	}
	if r.IntN(4) > 0 {
		addSelfTest(tb, m, r, 1+r.IntN(3))
	}
	return m
}
