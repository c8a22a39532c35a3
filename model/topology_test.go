package model_test

import (
	"testing"

	"github.com/snurun/snurun/model"
)

func TestTopology(t *testing.T) {
	t.Parallel()
	window := func(kernel, stride int) model.Window {
		return model.Window{Kernel: [2]int{kernel, kernel}, Stride: [2]int{stride, stride}, Dilation: [2]int{1, 1}}
	}
	m := &model.Network{
		Input: model.Input{Shape: []int{2, 34, 34}},
		Layers: []model.Layer{
			{Kind: model.Conv2D, Out: []int{16, 15, 15}, Window: window(5, 2)},
			{Kind: model.Pool2D, Out: []int{16, 7, 7}, Window: window(2, 2), Pool: model.AvgPool},
			{Kind: model.Flatten, Out: []int{784}},
			{Kind: model.SNU, Out: []int{100}, Recurrent: &model.Tensor{}},
			{Kind: model.SNU, Out: []int{10}},
		},
	}
	if got := m.Topology(); got != "2x34x34-16c5s2-ap2-100r-10" {
		t.Errorf("topology %s", got)
	}
	m.Input.Shape, m.Layers = []int{784}, m.Layers[4:]
	if got := m.Topology(); got != "784-10" {
		t.Errorf("topology %s", got)
	}
}

// TestSynapses counts, one by one, which inputs each neuron of a convolution sees.
func TestSynapses(t *testing.T) {
	t.Parallel()
	for _, w := range []model.Window{
		{Kernel: [2]int{3, 2}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}},
		{Kernel: [2]int{3, 3}, Stride: [2]int{2, 1}, Padding: [2]int{1, 2}, Dilation: [2]int{1, 1}},
		{Kernel: [2]int{2, 3}, Stride: [2]int{1, 3}, Padding: [2]int{2, 1}, Dilation: [2]int{3, 2}},
	} {
		l := model.Layer{Kind: model.Conv2D, In: []int{4, 9, 11}, Window: w, Groups: 2}
		l.Out = []int{6, w.Steps(0, 9), w.Steps(1, 11)}
		want := int64(0)
		for y := range l.Out[1] {
			for x := range l.Out[2] {
				for ky := range w.Kernel[0] {
					for kx := range w.Kernel[1] {
						row, column := y*w.Stride[0]+ky*w.Dilation[0]-w.Padding[0], x*w.Stride[1]+kx*w.Dilation[1]-w.Padding[1]
						if row >= 0 && row < 9 && column >= 0 && column < 11 {
							want += 6 * 2
						}
					}
				}
			}
		}
		if got := l.Synapses(); got != want {
			t.Errorf("%+v: %d synapses, expected %d", w, got, want)
		}
	}
	l := model.Layer{Kind: model.SNU, In: []int{784}, Out: []int{256}}
	if got := l.Synapses(); got != 784*256 {
		t.Errorf("%d synapses of 784 inputs and 256 neurons", got)
	}
	l.Recurrent = &model.Tensor{}
	if got := l.Synapses(); got != (784+256)*256 {
		t.Errorf("%d synapses of 784 inputs and 256 recurrent neurons", got)
	}
	if got := (&model.Layer{Kind: model.Pool2D, In: []int{1, 4, 4}, Out: []int{1, 2, 2}}).Synapses(); got != 0 {
		t.Errorf("%d synapses of a pool", got)
	}
}
