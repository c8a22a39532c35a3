package model

import (
	"slices"
	"strings"
	"testing"
)

// integerNetwork is valid: two layers that sum integers, the first behind average
// pooling, the second recurrent.
func integerNetwork() *Network {
	ones := func(shape ...int) Tensor {
		t := Tensor{Shape: shape, I8: make([]int8, volume(shape)), Scale: []float32{0.01}, Integer: true}
		for k := range t.I8 {
			t.I8[k] = 127
		}
		return t
	}
	h := ones(3, 3)
	unit := Layer{Kind: SNU, Activation: ReLU, Output: Step, Reset: ResetZero, Decay: []float32{0.5}}
	first, second := unit, unit
	first.In, first.Out, first.Weight = []int{1, 2, 2}, []int{5}, ones(5, 4)
	second.In, second.Out, second.Weight, second.Recurrent = []int{5}, []int{3}, ones(3, 5), &h
	return &Network{
		Steps: 4, Input: Input{Shape: []int{1, 4, 4}, Dt: 1, Encoder: Encoder{Coding: Events, BinUS: 1000, Counts: true}},
		Layers: []Layer{
			{Kind: Pool2D, In: []int{1, 4, 4}, Out: []int{1, 2, 2}, Pool: AvgPool, Window: Window{Kernel: [2]int{2, 2}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}}},
			first, second,
		},
		Readout: Readout{Kind: SpikeCount},
	}
}

func TestIntegers(t *testing.T) {
	t.Parallel()
	m := integerNetwork()
	if err := m.Validate(); err != nil {
		t.Fatal(err)
	}
	if got, want := m.CountLimit(), (1<<24-1)/(127*4); got != want {
		t.Errorf("at most %d events a step, expected %d", got, want)
	}
	f := m.Floats()
	if f.HasIntegers() || !m.HasIntegers() || f.CountLimit() != -1 {
		t.Error("the network of floats has integers")
	}
	if w := f.Layers[2].Recurrent.F32; len(w) != 9 || w[0] != float32(127*m.Layers[2].Recurrent.Scale[0]) {
		t.Errorf("recurrent weights %v", w)
	}
	if err := f.Validate(); err != nil {
		t.Error(err)
	}
	m.Input.Encoder.Counts = false
	if err := m.Validate(); err != nil {
		t.Errorf("over spikes: %v", err)
	}
	m.Layers[0], m.Layers[1].In, m.Layers[1].Weight = Layer{Kind: Flatten, In: []int{1, 4, 4}, Out: []int{16}}, []int{16}, Tensor{}
	m.Layers[1].Weight = Matrix(5, 16, make([]float32, 80))
	if err := m.Validate(); err != nil || m.CountLimit() != -1 {
		t.Errorf("%v, at most %d events where no integers take the input", err, m.CountLimit())
	}
}

// TestCountLimitBehindMaxPool: a max pool passes counts on, so they stay bounded.
func TestCountLimitBehindMaxPool(t *testing.T) {
	t.Parallel()
	one := [2]int{1, 1}
	m := &Network{
		Steps: 1, Input: Input{Dt: 1, Shape: []int{1, 4, 4}, Encoder: Encoder{Coding: Events, BinUS: 1000, Counts: true}},
		Layers: []Layer{
			{Kind: Pool2D, Pool: MaxPool, In: []int{1, 4, 4}, Out: []int{1, 2, 2}, Window: Window{Kernel: [2]int{2, 2}, Stride: [2]int{2, 2}, Dilation: one}},
			{Kind: SNU, In: []int{1, 2, 2}, Out: []int{1}, Activation: Identity, Output: Step, Reset: ResetZero, Decay: []float32{0.5},
				Weight: Tensor{Shape: []int{1, 4}, I8: []int8{1, 2, 3, 4}, Scale: []float32{1}, Integer: true}},
		},
		Readout: Readout{Kind: SpikeCount},
	}
	if err := m.Validate(); err != nil {
		t.Fatal(err)
	}
	if got, want := m.CountLimit(), (1<<24-1)/127; got != want {
		t.Errorf("at most %d events a step, expected %d", got, want)
	}
}

func TestWrongIntegers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		says  string
		spoil func(m *Network)
	}{
		{"layer 1: weight[0,2] is -128, expected -127 to 127", func(m *Network) { m.Layers[1].Weight.I8[2] = -128 }},
		{"layer 1: weight scale[0] is -1, expected 0 or a number above it", func(m *Network) { m.Layers[1].Weight.Scale = []float32{-1} }},
		{"layer 1: weight scale[0] is 2.1e+31, expected 0 or a number above it, below 2^104", func(m *Network) { m.Layers[1].Weight.Scale = []float32{2.1e31} }},
		{"layer 1: weight has 2 scales, expected 1 or 5", func(m *Network) { m.Layers[1].Weight.Scale = []float32{1, 1} }},
		{"layer 1: weight is integer, but analog values come in, expected spikes or counts", func(m *Network) { m.Input.Encoder = Encoder{Coding: Direct} }},
		{"layer 2: weight is integer, but analog values come in", func(m *Network) { m.Layers[1].Output = Sigmoid }},
		{"layer 2: recurrent is integer, but output is sigmoid, expected step", func(m *Network) { m.Layers[2].Output = Sigmoid }},
		{"layer 2: weight is integer: true, recurrent: false, expected both or none", func(m *Network) {
			h := m.Layers[2].Recurrent.Float32()
			m.Layers[2].Recurrent = &h
		}},
		{"layer 1: the integer weights of row 3 may add up to 33292288, expected less than 2^24", func(m *Network) {
			l, w := &m.Layers[0], &m.Layers[1] // a sum over 512×512 pixels
			m.Input.Shape, l.In, l.Out = []int{1, 512, 512}, []int{1, 512, 512}, []int{1, 1, 1}
			l.Window = Window{Kernel: [2]int{512, 512}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}
			w.In, w.Weight.Shape, w.Weight.I8 = []int{1}, []int{5, 1}, []int8{1, 2, -3, 127, 4}
		}},
		{"average pooling scales what comes in by different factors", func(m *Network) {
			m.Layers = slices.Insert(m.Layers, 1, Layer{Kind: Pool2D, From: []int{-1}, In: []int{1, 4, 4}, Out: []int{1, 2, 2}, Pool: SumPool,
				Window: Window{Kernel: [2]int{2, 2}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}}})
			m.Layers[2].From = []int{0, 1}
		}},
	} {
		m := integerNetwork()
		c.spoil(m)
		if err := m.Validate(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v, expected one that says %q", err, c.says)
		}
	}
}
