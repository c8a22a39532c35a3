package layer

import (
	"math/rand/v2"
	"testing"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/model"
)

// convolutionOf returns a network of one convolution with the weights 1, 2, 3, …
func convolutionOf(in [3]int, channels, groups int, w model.Window) *model.Network {
	l := model.Layer{
		Kind: model.Conv2D, In: in[:], Out: []int{channels, w.Steps(0, in[1]), w.Steps(1, in[2])},
		Activation: model.Identity, Output: model.Step, Reset: model.ResetZero, Window: w, Groups: groups,
		Weight: model.Tensor{Shape: []int{channels, in[0] / groups, w.Kernel[0], w.Kernel[1]}},
	}
	for k := range channels * in[0] / groups * w.Kernel[0] * w.Kernel[1] {
		l.Weight.F32 = append(l.Weight.F32, float32(k+1))
	}
	return &model.Network{
		Steps: 1, Layers: []model.Layer{l}, Readout: model.Readout{Kind: model.SpikeCount},
		Input: model.Input{Dt: 1, Shape: in[:], Encoder: model.Encoder{Coding: model.Events, BinUS: 1000}},
	}
}

// checkConvolution compares what each input adds to the sums of the neurons
// with the definition, in which each window is laid over the plane.
func checkConvolution(t *testing.T, in [3]int, channels, groups int, w model.Window) {
	t.Helper()
	m := convolutionOf(in, channels, groups, w)
	if err := m.Validate(); err != nil {
		t.Fatal(err)
	}
	l, c := &m.Layers[0], New(m)[0]
	if got, most := len(c.conv.start), 2*(channels+15)*(l.Out[1]+2*w.Reach(0))*(l.Out[2]+2*w.Reach(1)); got > most {
		t.Errorf("in %v, %d channels, %+v: room for %d sums, expected at most %d", in, channels, w, got, most)
	}
	if got, most := len(c.conv.scatter.Weights()), 4*in[0]*(channels/groups+15)*(w.Kernel[0]+1)*(w.Kernel[1]+1); got > most {
		t.Errorf("in %v, %d channels, %+v: room for %d weights, expected at most %d", in, channels, w, got, most)
	}
	want := make([][]float32, c.In) // of each input, its weight to each neuron
	for i := range want {
		want[i] = make([]float32, c.Out)
	}
	perGroup := in[0] / groups
	for j := range c.Out {
		o, oy, ox := j/l.Out[2]/l.Out[1], j/l.Out[2]%l.Out[1], j%l.Out[2]
		for n := range perGroup {
			for ky := range w.Kernel[0] {
				for kx := range w.Kernel[1] {
					y, x := oy*w.Stride[0]-w.Padding[0]+ky*w.Dilation[0], ox*w.Stride[1]-w.Padding[1]+kx*w.Dilation[1]
					if y >= 0 && x >= 0 && y < in[1] && x < in[2] {
						i := ((o/(channels/groups)*perGroup+n)*in[1]+y)*in[2] + x
						want[i][j] = l.Weight.F32[((o*perGroup+n)*w.Kernel[0]+ky)*w.Kernel[1]+kx]
					}
				}
			}
		}
	}
	sums, plane := asm.Floats(c.Units.N), asm.Floats(len(c.conv.start))
	for i := range want {
		c.conv.sum(sums, plane, []uint32{uint32(i)}, nil)
		reached := 0
		for unit := range c.Out {
			j := c.Neuron(unit)
			if want[i][j] != 0 {
				reached++
			}
			if sums[unit] != want[i][j] {
				t.Fatalf("in %v, %d channels, %d groups, %+v: input %d adds %v to neuron %d, expected %v", in, channels, groups, w, i, sums[unit], j, want[i][j])
			}
		}
		if got := c.conv.reach[i]; int(got) != reached {
			t.Fatalf("in %v, %d channels, %d groups, %+v: input %d reaches %d neurons, expected %d", in, channels, groups, w, i, got, reached)
		}
	}
	var back model.Layer
	back.Out, back.Weight.Shape = l.Out, l.Weight.Shape
	c.Mask(c.conv.scatter.Weights())
	c.Store(&back)
	for k, v := range back.Weight.F32 {
		if v != l.Weight.F32[k] {
			t.Fatalf("in %v, %d channels, %d groups, %+v: weight %d comes back as %v", in, channels, groups, w, k, v)
		}
	}
}

func TestConvolution(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		groups := 1 + r.IntN(3)
		in := [3]int{groups * (1 + r.IntN(2)), 1 + r.IntN(7), 1 + r.IntN(7)}
		var w model.Window
		for axis := range 2 {
			for {
				w.Kernel[axis], w.Stride[axis], w.Dilation[axis] = 1+r.IntN(5), 1+r.IntN(6), 1+r.IntN(6)
				w.Padding[axis] = r.IntN(w.Reach(axis))
				if w.Steps(axis, in[1+axis]) > 0 {
					break
				}
			}
		}
		checkConvolution(t, in, groups*(1+r.IntN(4)), groups, w)
	}
}

// TestConvolutionOfExtremes takes windows to the bounds of Validate: they must
// not cost more memory than it allows, nor reach out of it.
func TestConvolutionOfExtremes(t *testing.T) {
	one := [2]int{1, 1}
	for _, c := range []struct {
		in               [3]int
		channels, groups int
		w                model.Window
	}{
		{[3]int{1, 1, 1}, 1, 1, model.Window{Kernel: one, Stride: one, Dilation: one}},
		{[3]int{3, 1, 1}, 6, 3, model.Window{Kernel: one, Stride: [2]int{4096, 4096}, Dilation: [2]int{4095, 4096}}},
		{[3]int{1, 2, 9}, 9, 1, model.Window{Kernel: [2]int{2, 3}, Stride: [2]int{4096, 4095}, Dilation: one}},
		{[3]int{1, 1, 1}, 2, 1, model.Window{Kernel: [2]int{1, 4096}, Stride: one, Padding: [2]int{0, 4095}, Dilation: one}},
		{[3]int{1, 1, 1}, 1, 1, model.Window{Kernel: [2]int{4096, 1}, Stride: [2]int{4095, 1}, Padding: [2]int{4095, 0}, Dilation: one}},
		{[3]int{1, 1, 1}, 1, 1, model.Window{Kernel: [2]int{1, 2}, Stride: one, Padding: [2]int{0, 4096}, Dilation: [2]int{1, 4096}}},
		{[3]int{1, 4, 1}, 1, 1, model.Window{Kernel: [2]int{2, 1}, Stride: [2]int{4096, 1}, Padding: [2]int{2048, 0}, Dilation: [2]int{2048, 1}}},
	} {
		checkConvolution(t, c.in, c.channels, c.groups, c.w)
	}
}
