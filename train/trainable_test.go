package train

import (
	"strings"
	"testing"

	"github.com/snurun/snurun/model"
)

func TestTrainable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		says   string
		change func(m *model.Network)
	}{
		{"", func(m *model.Network) {}},
		{"output count", func(m *model.Network) { m.Layers[0].Output = model.Count }},
		{"activation clipped", func(m *model.Network) { m.Layers[0].Activation = model.Clipped }},
		{"reset refractory", func(m *model.Network) { m.Layers[0].Reset = model.ResetRefractory }},
		{"max pooling of values", func(m *model.Network) { m.Layers[0].Output, m.Layers[0].Reset = model.None, model.ResetNone }},
	} {
		m := &model.Network{
			Steps: 1, Input: model.Input{Dt: 1, Shape: []int{1, 2, 2}, Encoder: model.Encoder{Coding: model.Latency}},
			Layers: []model.Layer{
				{
					Kind: model.Conv2D, In: []int{1, 2, 2}, Out: []int{1, 2, 2}, Groups: 1, Weight: model.Tensor{Shape: []int{1, 1, 1, 1}, F32: []float32{1}},
					Window:     model.Window{Kernel: [2]int{1, 1}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}},
					Activation: model.Identity, Output: model.Step, Reset: model.ResetNone, Bias: []float32{-1},
				},
				{Kind: model.Pool2D, In: []int{1, 2, 2}, Out: []int{1, 1, 1}, Pool: model.MaxPool,
					Window: model.Window{Kernel: [2]int{2, 2}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}}},
				{Kind: model.SNU, In: []int{1}, Out: []int{1}, Weight: model.Matrix(1, 1, []float32{1}),
					Activation: model.Identity, Output: model.Step, Reset: model.ResetNone, Bias: []float32{-1}},
			},
			Readout: model.Readout{Kind: model.SpikeCount},
		}
		c.change(m)
		if err := m.Validate(); err != nil {
			t.Fatal(err)
		}
		switch err := trainable(m); {
		case (err == nil) != (c.says == ""):
			t.Errorf("error %v, expected one with %q", err, c.says)
		case err != nil && !strings.Contains(err.Error(), c.says):
			t.Errorf("error %v, expected one with %q", err, c.says)
		}
	}
}
