package export_test

import (
	stdhex "encoding/hex"
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
// parameter and tensor of fully connected layers.
func tinyNetwork(tb testing.TB) *model.Network {
	threshold := 0.5
	recurrent := model.Matrix(5, 5, fractions(25, 2))
	m := &model.Network{
		Name: "tiny", CreatedBy: "snurun test",
		Metadata: map[string]any{"accuracy": 0.25, "note": "two\nlines", "seed": -1.0},
		Steps:    6,
		Input: model.Input{Dt: 1,
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

// planesDigest is the digest of the self-test of planesNetwork as the reader of
// docs/FORMAT.md computes it.
const planesDigest = "86d7cc89d43b1cdb6c3d48da61f53cdcb4d1c0f6fb8d8e2ec63d4f16b0c1c127"

// planesNetwork is the network of testdata/planes.msgpack: with convolution,
// pooling, residual input and synaptic currents in every form.
func planesNetwork(tb testing.TB) *model.Network {
	recurrent := model.Matrix(5, 5, fractions(25, 12))
	m := &model.Network{
		Name: "planes", CreatedBy: "snurun test", Steps: 5,
		Input:   model.Input{Dt: 2, Shape: []int{2, 6, 6}, Encoder: model.Encoder{Coding: model.Events, BinUS: 500}},
		Classes: []string{"left", "right", "neither"},
		Layers: []model.Layer{{
			Name: "edges", Kind: model.Conv2D, In: []int{2, 6, 6}, Out: []int{4, 6, 6},
			Activation: model.LeakyReLU, Slope: 0.25, Output: model.Step, Reset: model.ResetSubtract,
			Window: model.Window{Kernel: [2]int{3, 3}, Stride: [2]int{1, 1}, Padding: [2]int{2, 1}, Dilation: [2]int{2, 1}}, Groups: 2,
			Weight: model.Tensor{Shape: []int{4, 1, 3, 3}, F32: fractions(36, 1)},
			Decay:  []float32{0.25, 0.5, 0.75, 1}, Current: fractions(4, 2), Synapse: []float32{0, 0.25, 0.5, 0.75},
			Bias: fractions(4*6*6, 3), Theta: fractions(4, 4), Initial: fractions(4, 5),
		}, {
			Name: "any", Kind: model.Pool2D, In: []int{4, 6, 6}, Out: []int{4, 3, 3}, Pool: model.MaxPool,
			Window: model.Window{Kernel: [2]int{2, 2}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}},
		}, {
			Name: "block", Kind: model.Conv2D, In: []int{4, 3, 3}, Out: []int{4, 3, 3},
			Activation: model.Identity, Output: model.Sigmoid, Reset: model.ResetZero,
			Window: model.Window{Kernel: [2]int{3, 1}, Stride: [2]int{1, 1}, Padding: [2]int{1, 0}, Dilation: [2]int{1, 1}}, Groups: 1,
			Weight: model.Tensor{Shape: []int{4, 4, 3, 1}, I8: levels(48, 6), Scale: fractions(4, 7)},
			Decay:  []float32{0.5},
		}, {
			Name: "mean", Kind: model.Pool2D, From: []int{2, 1}, In: []int{4, 3, 3}, Out: []int{4, 4, 2}, Pool: model.AvgPool,
			Window: model.Window{Kernel: [2]int{2, 2}, Stride: [2]int{1, 1}, Padding: [2]int{1, 0}, Dilation: [2]int{1, 1}},
		}, {
			Name: "total", Kind: model.Pool2D, From: []int{-1}, In: []int{2, 6, 6}, Out: []int{2, 4, 4}, Pool: model.SumPool,
			Window: model.Window{Kernel: [2]int{3, 3}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}},
		}, {
			Name: "flat", Kind: model.Flatten, In: []int{2, 4, 4}, Out: []int{32},
		}, {
			Name: "joined", Kind: model.SNU, From: []int{5, 3}, In: []int{32}, Out: []int{5},
			Activation: model.ReLU, Output: model.Step, Reset: model.ResetLateral,
			Weight: model.Matrix(5, 32, fractions(160, 11)), Recurrent: &recurrent,
			Decay: []float32{0.875}, Synapse: []float32{0.5}, Bias: []float32{-1},
		}, {
			Name: "scores", Kind: model.Dense, In: []int{5}, Out: []int{3},
			Activation: model.Identity, Output: model.None, Reset: model.ResetNone,
			Weight: model.Matrix(3, 5, fractions(15, 13)),
		}},
		Readout: model.Readout{Kind: model.MembraneMax, Margin: 1.5},
	}
	m.SelfTest = drawInputs(m, rand.New(rand.NewPCG(3, 4)), 2)
	if _, err := stdhex.Decode(m.SelfTest.Digest[:], []byte(planesDigest)); err != nil {
		tb.Fatal(err)
	}
	return m
}

// integersDigest is the digest of the self-test of integersNetwork as the reader of
// docs/FORMAT.md computes it.
const integersDigest = "2dec79c1b7d3f153191a4fcd2567f55f5d7eb01c2876925c3130fc0cd7bc4594"

// integersNetwork is the network of testdata/integers.msgpack: every kind of layer
// that sums integers, over counts and spikes, behind pools and recurrent.
func integersNetwork(tb testing.TB) *model.Network {
	integers := func(seed uint32, scale []float32, shape ...int) model.Tensor {
		return model.Tensor{Shape: shape, I8: levels(size(shape), seed), Scale: scale, Integer: true}
	}
	small := func(n int, seed uint32) []float32 {
		p := fractions(n, seed)
		for k := range p {
			p[k] = (1 + p[k]) / 96
		}
		return p
	}
	recurrent := integers(12, []float32{0.01}, 5, 5)
	m := &model.Network{
		Name: "integers", CreatedBy: "snurun test", Steps: 5,
		Input: model.Input{Dt: 1, Shape: []int{2, 6, 6}, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000, Counts: true}},
		Layers: []model.Layer{{
			Name: "edges", Kind: model.Conv2D, In: []int{2, 6, 6}, Out: []int{4, 6, 6},
			Activation: model.LeakyReLU, Slope: 0.25, Output: model.Step, Reset: model.ResetSubtract,
			Window: model.Window{Kernel: [2]int{3, 3}, Stride: [2]int{1, 1}, Padding: [2]int{2, 1}, Dilation: [2]int{2, 1}}, Groups: 2,
			Weight: integers(1, small(4, 21), 4, 1, 3, 3),
			Decay:  []float32{0.25, 0.5, 0.75, 1}, Current: fractions(4, 2), Synapse: []float32{0, 0.25, 0.5, 0.75},
			Bias: fractions(4*6*6, 3), Theta: fractions(4, 4), Initial: fractions(4, 5),
		}, {
			Name: "any", Kind: model.Pool2D, In: []int{4, 6, 6}, Out: []int{4, 3, 3}, Pool: model.MaxPool,
			Window: model.Window{Kernel: [2]int{2, 2}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}},
		}, {
			Name: "block", Kind: model.Conv2D, In: []int{4, 3, 3}, Out: []int{4, 3, 3},
			Activation: model.ELU, Output: model.Step, Reset: model.ResetZero,
			Window: model.Window{Kernel: [2]int{3, 1}, Stride: [2]int{1, 1}, Padding: [2]int{1, 0}, Dilation: [2]int{1, 1}}, Groups: 1,
			Weight: integers(6, []float32{0.0078125}, 4, 4, 3, 1),
			Decay:  []float32{0.5},
		}, {
			Name: "mean", Kind: model.Pool2D, From: []int{2, 1}, In: []int{4, 3, 3}, Out: []int{4, 4, 1}, Pool: model.AvgPool,
			Window: model.Window{Kernel: [2]int{2, 3}, Stride: [2]int{1, 1}, Padding: [2]int{1, 0}, Dilation: [2]int{1, 1}},
		}, {
			Name: "flat", Kind: model.Flatten, In: []int{4, 4, 1}, Out: []int{16},
		}, {
			Name: "joined", Kind: model.SNU, In: []int{16}, Out: []int{5},
			Activation: model.ReLU, Output: model.Step, Reset: model.ResetLateral,
			Weight: integers(11, small(5, 22), 5, 16), Recurrent: &recurrent,
			Decay: []float32{0.875}, Synapse: []float32{0.5}, Bias: []float32{-0.125},
		}, {
			Name: "scores", Kind: model.Dense, In: []int{5}, Out: []int{3},
			Activation: model.Identity, Output: model.None, Reset: model.ResetNone,
			Weight: integers(13, small(3, 23), 3, 5), Current: fractions(3, 14),
		}},
		Readout: model.Readout{Kind: model.MembraneSum},
	}
	m.SelfTest = drawInputs(m, rand.New(rand.NewPCG(5, 6)), 2)
	if _, err := stdhex.Decode(m.SelfTest.Digest[:], []byte(integersDigest)); err != nil {
		tb.Fatal(err)
	}
	return m
}

// makeIntegers gives the layers of m that can sum integers such weights.
func makeIntegers(m *model.Network, r *rand.Rand) {
	quantised := func(t *model.Tensor) model.Tensor {
		q := model.Tensor{Shape: t.Shape, Integer: true, I8: make([]int8, t.Len()), Scale: []float32{float32(r.Float64() / 64)}}
		for k := range q.I8 {
			q.I8[k] = int8(r.IntN(255) - 127)
		}
		return q
	}
	for i := range m.Layers {
		if !m.Layers[i].HasNeurons() {
			continue
		}
		l := &m.Layers[i]
		was := *l
		l.Weight = quantised(&l.Weight)
		if l.Recurrent != nil {
			h := quantised(l.Recurrent)
			l.Recurrent = &h
		}
		if m.Validate() != nil {
			*l = was
		}
	}
}

// addSelfTest gives m a self-test of random inputs.
func addSelfTest(tb testing.TB, m *model.Network, r *rand.Rand, inputs int) {
	tb.Helper()
	st := drawInputs(m, r, inputs)
	if err := runtime.AddSelfTest(m, st.Inputs); err != nil {
		tb.Fatal(err)
	}
}

// drawInputs returns a self-test of random inputs, without a digest.
func drawInputs(m *model.Network, r *rand.Rand, inputs int) *model.SelfTest {
	st := new(model.SelfTest)
	n := m.Input.Size()
	for range inputs {
		t, v := spike.NewTrain(m.Steps, n), spike.NewValues(m.Steps, n)
		for s := range m.Steps {
			for i := range n {
				if r.IntN(2) == 0 {
					t.At(s).Set(i)
					v.At(s)[i] = float32(r.IntN(65)-32) / 16
					if m.HasIntegers() {
						v.At(s)[i] = float32(1 + r.IntN(3))
					}
				}
			}
		}
		if m.Input.Encoder.Analog() {
			st.Inputs = append(st.Inputs, v)
		} else {
			st.Inputs = append(st.Inputs, t)
		}
	}
	return st
}
