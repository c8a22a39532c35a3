package model

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func ones(n int) []float32 {
	p := make([]float32, n)
	for i := range p {
		p[i] = 1
	}
	return p
}

func square(n int) [2]int { return [2]int{n, n} }

// whole is a window of one place that visits all.
var whole = Window{Kernel: square(1), Stride: square(1), Dilation: square(1)}

// planes returns a network of planes that uses every field.
func planes() *Network {
	return &Network{
		Steps: 4,
		Input: Input{Dt: 1, Shape: []int{2, 6, 6}, Encoder: Encoder{Coding: Events, BinUS: 100}},
		Layers: []Layer{
			{Kind: Conv2D, In: []int{2, 6, 6}, Out: []int{4, 3, 6}, Activation: ReLU, Output: Step, Reset: ResetSubtract,
				Window: Window{Kernel: square(3), Stride: [2]int{2, 1}, Padding: [2]int{1, 2}, Dilation: [2]int{1, 2}}, Groups: 2,
				Weight:  Tensor{Shape: []int{4, 1, 3, 3}, F32: ones(36)},
				Current: ones(4), Synapse: ones(4), Decay: ones(1), Bias: ones(72), Theta: ones(4), Initial: ones(4)},
			{Kind: Pool2D, In: []int{4, 3, 6}, Out: []int{4, 3, 3}, Pool: MaxPool,
				Window: Window{Kernel: [2]int{1, 2}, Stride: [2]int{1, 2}, Dilation: square(1)}},
			{Name: "block", Kind: Conv2D, In: []int{4, 3, 3}, Out: []int{4, 3, 3}, Activation: ReLU, Output: Step, Reset: ResetLateral,
				Window: whole, Groups: 1,
				Weight: Tensor{Shape: []int{4, 4, 1, 1}, I8: make([]int8, 16), Scale: ones(4)}},
			{Kind: Pool2D, From: []int{2, 1}, In: []int{4, 3, 3}, Out: []int{4, 4, 4}, Pool: AvgPool,
				Window: Window{Kernel: square(2), Stride: square(1), Padding: square(1), Dilation: square(1)}},
			{Kind: Flatten, In: []int{4, 4, 4}, Out: []int{64}},
			{Kind: SNU, In: []int{64}, Out: []int{3}, Activation: ReLU, Output: None, Reset: ResetNone,
				Weight: Matrix(3, 64, ones(192)), Synapse: ones(3), Decay: ones(1)},
		},
		Readout: Readout{Kind: MembraneMax, Margin: 2},
	}
}

func TestPlanes(t *testing.T) {
	m := planes()
	if err := m.Validate(); err != nil {
		t.Fatal(err)
	}
	if got, want := m.Neurons(), 4*3*6+4*3*3+3; got != want {
		t.Errorf("%d neurons, expected %d", got, want)
	}
	if got, want := m.Parameters(), 36+4*4+1+72+16+192+3+1; got != want {
		t.Errorf("%d parameters, expected %d", got, want)
	}
	for i, want := range [][]int{{-1}, {0}, {1}, {2, 1}, {3}, {4}} {
		if got := m.Layers[i].Inputs(i); !slices.Equal(got, want) {
			t.Errorf("layer %d takes %v, expected %v", i, got, want)
		}
	}
	for i, want := range []bool{true, false, true, false, false, false} {
		if got := m.Layers[i].Spikes(); got != want {
			t.Errorf("layer %d spikes: %v", i, got)
		}
	}
	if got := m.Layers[2].Weight.Row(3, nil); len(got) != 4 {
		t.Errorf("row 3 of a convolution has %d weights, expected 4", len(got))
	}
}

func TestPlanesInvalid(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		says   string
		damage func(m *Network)
	}{
		// what comes in
		{"layer 3: from is [3], expected layers before it", func(m *Network) { m.Layers[3].From = []int{3} }},
		{"layer 3: from is [4 2], expected layers before it", func(m *Network) { m.Layers[3].From = []int{4, 2} }},
		{"layer 3: from is [-2]", func(m *Network) { m.Layers[3].From = []int{-2} }},
		{"layer 0: from is [0]", func(m *Network) { m.Layers[0].From = []int{0} }},
		{"layer 3: from is [1 2 1], expected each layer once", func(m *Network) { m.Layers[3].From = []int{1, 2, 1} }},
		{"layer 0: from is [-1 -1], expected each layer once", func(m *Network) { m.Layers[0].From = []int{-1, -1} }},
		{"no layer takes the output of layer 2 (\"block\")", func(m *Network) { m.Layers[3].From = []int{1} }},
		{"layer 3 takes shape [4 3 3], but layer 0 has shape [4 3 6]", func(m *Network) { m.Layers[3].From = []int{1, 0} }},
		{"layer 3 takes shape [4 3 3], but input has shape [2 6 6]", func(m *Network) { m.Layers[3].From = []int{2, -1} }},
		{"layer 0 takes shape [2 6 6], but input has shape [2 4 9]", func(m *Network) { m.Input.Shape = []int{2, 4, 9} }},

		// max pooling
		{"layer 3: max pooling needs the outputs of one layer", func(m *Network) { m.Layers[3].Pool = MaxPool }},
		{"layer 1: max pooling", func(m *Network) {
			l := &m.Layers[0]
			*l = Layer{Kind: Pool2D, In: []int{2, 6, 6}, Out: []int{2, 6, 6}, Pool: SumPool, Window: whole}
			m.Layers[1].In, m.Layers[1].Out = []int{2, 6, 6}, []int{2, 6, 3}
		}},
		{"layer 4: max pooling", func(m *Network) { // of what a flatten layer adds up
			m.Layers = append(m.Layers[:3],
				Layer{Kind: Flatten, From: []int{1, 2}, In: []int{36}, Out: []int{4, 3, 3}},
				Layer{Kind: Pool2D, In: []int{4, 3, 3}, Out: []int{4, 3, 3}, Pool: MaxPool, Window: whole})
		}},

		// windows
		{"layer 0: in is [72] and out is [4 3 6], expected [channels height width]", func(m *Network) { m.Layers[0].In = []int{72} }},
		{"layer 0: in is [2 6 6] and out is [72]", func(m *Network) { m.Layers[0].Out = []int{72} }},
		{"kernel is 0, expected 1 to 4096", func(m *Network) { m.Layers[0].Window.Kernel[1] = 0 }},
		{"kernel is 4097", func(m *Network) { m.Layers[1].Window.Kernel[0] = 4097 }},
		{"kernel is 9223372036854775807", func(m *Network) { m.Layers[1].Window.Kernel[0] = math.MaxInt }},
		{"stride is 0", func(m *Network) { m.Layers[1].Window.Stride[0] = 0 }},
		{"stride is -1", func(m *Network) { m.Layers[0].Window.Stride[0] = -1 }},
		{"padding is -1, expected 0 to 4096", func(m *Network) { m.Layers[0].Window.Padding[0] = -1 }},
		{"padding is [5 2], expected less than the window's extent of 3", func(m *Network) { m.Layers[0].Window.Padding[0] = 5 }},
		{"padding is [0 2], expected less than the window's extent of 2", func(m *Network) { m.Layers[1].Window.Padding[1] = 2 }},
		{"dilation is 0", func(m *Network) { m.Layers[0].Window.Dilation[1] = 0 }},
		{"dilation is [2 1], expected [1 1] for pool2d", func(m *Network) { m.Layers[1].Window.Dilation[0] = 2 }},
		{"a window of [1 4096] with dilation [1 4096] does not fit in [4 3 6]", func(m *Network) {
			w := &m.Layers[0].Window
			w.Kernel[1], w.Dilation[1] = 4096, 4096
			m.Layers[0].In, m.Input.Shape = []int{4, 3, 6}, []int{4, 3, 6}
			w.Kernel[0] = 1
			w.Padding[0] = 0
		}},
		{"a window of [1 7]", func(m *Network) { m.Layers[1].Window.Kernel[1] = 7 }},
		{"out is [4 3 7], expected [4 3 6] from in [2 6 6]", func(m *Network) { m.Layers[0].Out[2] = 7 }},
		{"out is [5 3 3], expected [4 3 3]", func(m *Network) { m.Layers[1].Out[0] = 5 }},

		// convolution
		{"groups is 0, expected a divisor", func(m *Network) { m.Layers[0].Groups = 0 }},
		{"groups is -2", func(m *Network) { m.Layers[0].Groups = -2 }},
		{"groups is 4, expected a divisor of the 2 channels in", func(m *Network) { m.Layers[0].Groups = 4 }},
		{"groups is 2, expected a divisor of the 2 channels in and the 3 channels out", func(m *Network) {
			m.Layers[0].Out[0] = 3
		}},
		{"weight has shape [36], expected [channels out, channels in / groups, height, width]", func(m *Network) { m.Layers[0].Weight.Shape = []int{36} }},
		{"weight has shape [4 1 3 3], expected [4 2 3 3]", func(m *Network) { m.Layers[0].Groups = 1 }},
		{"weight[1,0,2,0] is NaN", func(m *Network) { m.Layers[0].Weight.F32[15] = nan }},
		{"weight has 35 elements", func(m *Network) { m.Layers[0].Weight.F32 = ones(35) }},
		{"3 scales, expected 1 or 4", func(m *Network) { m.Layers[2].Weight.Scale = ones(3) }},
		{"weight has scales, but its elements are f32", func(m *Network) { m.Layers[0].Weight.Scale = ones(1) }},
		{"a conv2d layer has no recurrent, expected kind snu", func(m *Network) { m.Layers[0].Recurrent = new(Tensor) }},
		{"bias has 6 values, expected 1, 4 (one a channel) or 72 (one a neuron)", func(m *Network) { m.Layers[0].Bias = ones(6) }},
		{"synapse has 2 values", func(m *Network) { m.Layers[0].Synapse = ones(2) }},
		{"synapse[1] is 1.5, expected 0 to 1", func(m *Network) { m.Layers[0].Synapse[1] = 1.5 }},
		{"synapse[1] is NaN", func(m *Network) { m.Layers[0].Synapse[1] = nan }},
		{"synapse[0] is -0.5", func(m *Network) { m.Layers[5].Synapse[0] = -0.5 }},
		{"decay[0] is 2", func(m *Network) { m.Layers[0].Decay[0] = 2 }},
		{`reset "x" is unknown, expected zero, subtract, lateral, refractory, lagged or none`, func(m *Network) { m.Layers[0].Reset = "x" }},
		{"reset lagged needs theta", func(m *Network) { m.Layers[0].Reset, m.Layers[0].Theta = ResetLagged, nil }},
		{"reset refractory needs output step or count, but output is none", func(m *Network) { m.Layers[5].Output, m.Layers[5].Reset = None, ResetRefractory }},
		{"max_spikes and spike_value are only for output count", func(m *Network) { m.Layers[0].MaxSpikes = 2 }},
		{"max_spikes is -1, expected 0 to 1048576", func(m *Network) { m.Layers[0].Output, m.Layers[0].MaxSpikes = Count, -1 }},
		{"spike_value is NaN", func(m *Network) { m.Layers[0].Output, m.Layers[0].SpikeValue = Count, nan }},
		{"spike_value is 1e+35, expected a number whose product with 1048576 spikes is finite", func(m *Network) { m.Layers[0].Output, m.Layers[0].SpikeValue = Count, 1e35 }},
		{"spike_value is -3e+38, expected a number whose product with 2 spikes is finite", func(m *Network) {
			m.Layers[0].Output, m.Layers[0].SpikeValue, m.Layers[0].MaxSpikes = Count, -3e38, 2
		}},
		{"output count needs a bias below 0", func(m *Network) { m.Layers[0].Output, m.Layers[0].Bias = Count, nil }},
		{"bias[1] is 0, expected less than 0 for output count", func(m *Network) { m.Layers[0].Output, m.Layers[0].Bias = Count, []float32{-1, 0, -1, -1} }},
		{"floor is only for activation clipped", func(m *Network) { m.Layers[0].Floor = -1 }},
		{"floor is 1, expected a finite number of at most 0", func(m *Network) { m.Layers[0].Activation, m.Layers[0].Floor = Clipped, 1 }},
		{"a pool2d layer has no max_spikes, expected", func(m *Network) { m.Layers[1].MaxSpikes = 1 }},
		{"theta is only for resets subtract and lagged", func(m *Network) { m.Layers[2].Theta = ones(4) }},
		{"a dense layer has no synapse, expected kind snu or conv2d", func(m *Network) { m.Layers[5].Kind, m.Layers[5].Decay = Dense, nil }},

		// what a kind of layer does not heed
		{"a flatten layer has no stride, expected kind conv2d or pool2d", func(m *Network) { m.Layers[4].Window.Stride[0] = 1 }},
		{"a snu layer has no padding, expected kind conv2d or pool2d", func(m *Network) { m.Layers[5].Window.Padding[1] = 1 }},
		{"a pool2d layer has no groups, expected kind conv2d", func(m *Network) { m.Layers[1].Groups = 1 }},
		{"a conv2d layer has no pool, expected kind pool2d", func(m *Network) { m.Layers[0].Pool = SumPool }},
		{"a pool2d layer has no activation, expected kind snu, dense or conv2d", func(m *Network) { m.Layers[1].Activation = ReLU }},
		{"a flatten layer has no output, expected", func(m *Network) { m.Layers[4].Output = Step }},
		{"a flatten layer has no reset, expected", func(m *Network) { m.Layers[4].Reset = ResetNone }},
		{"a pool2d layer has no weight, expected", func(m *Network) { m.Layers[1].Weight = Matrix(1, 1, ones(1)) }},
		{"a pool2d layer has no recurrent, expected", func(m *Network) { m.Layers[1].Recurrent = new(Tensor) }},
		{"a flatten layer has no bias, expected", func(m *Network) { m.Layers[4].Bias = ones(1) }},
		{`pool "" is unknown, expected sum, avg or max`, func(m *Network) { m.Layers[1].Pool = "" }},
		{"out is [63], expected a shape with the 64 values of in [4 4 4]", func(m *Network) { m.Layers[4].Out[0] = 63 }},

		// readout
		{"the last layer is a flatten, expected one with neurons", func(m *Network) { m.Layers = m.Layers[:5] }},
		{"the last layer is a pool2d", func(m *Network) { m.Layers = m.Layers[:4] }},
		{"readout step_set has a margin, 2", func(m *Network) { m.Readout.Kind = StepSet }},
		{"readout margin is -1", func(m *Network) { m.Readout.Margin = -1 }},
		{"readout margin is NaN", func(m *Network) { m.Readout.Margin = nan }},
		{"readout margin is +Inf", func(m *Network) { m.Readout.Margin = float32(math.Inf(1)) }},
	} {
		if math.MaxInt == math.MaxInt32 && strings.Contains(c.says, "9223372036854775807") {
			continue
		}
		m := planes()
		c.damage(m)
		err := m.Validate()
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v, expected one that says %q", err, c.says)
		}
	}
}

func TestMaxPoolingOfSpikes(t *testing.T) {
	m := planes()
	m.Layers = append(m.Layers[:2],
		Layer{Kind: Pool2D, In: []int{4, 3, 3}, Out: []int{4, 3, 3}, Pool: MaxPool, Window: whole},
		Layer{Kind: Flatten, In: []int{36}, Out: []int{9, 4, 1}},
		Layer{Kind: Pool2D, In: []int{9, 4, 1}, Out: []int{9, 4, 1}, Pool: MaxPool, Window: whole},
		Layer{Kind: Dense, In: []int{36}, Out: []int{1}, Activation: ReLU, Output: None, Reset: ResetNone, Weight: Matrix(1, 36, ones(36))})
	if err := m.Validate(); err != nil {
		t.Error(err)
	}
	m.Layers = slices.Delete(m.Layers, 0, 2) // the input's spikes will do as well
	m.Input.Shape = []int{4, 3, 3}
	if err := m.Validate(); err != nil {
		t.Error(err)
	}
}

// TestWindowSteps counts the places of a window by moving it.
func TestWindowSteps(t *testing.T) {
	for size := 1; size <= 9; size++ {
		for kernel := 1; kernel <= 4; kernel++ {
			for stride := 1; stride <= 3; stride++ {
				for padding := range 4 {
					for dilation := 1; dilation <= 3; dilation++ {
						want := 0
						for first := -padding; first+(kernel-1)*dilation < size+padding; first += stride {
							want++
						}
						for axis := range 2 {
							w := Window{Kernel: square(99), Stride: square(99), Padding: square(99), Dilation: square(99)}
							w.Kernel[axis], w.Stride[axis], w.Padding[axis], w.Dilation[axis] = kernel, stride, padding, dilation
							if got := w.Steps(axis, size); got != want {
								t.Errorf("%+v takes %d steps over %d along axis %d, expected %d", w, got, size, axis, want)
							}
						}
					}
				}
			}
		}
	}
	if got := new(Window).Steps(0, 5); got != 0 {
		t.Errorf("a window that does not move takes %d steps, expected 0", got)
	}
}

func TestSameShape(t *testing.T) {
	for _, c := range []struct {
		a, b []int
		want bool
	}{
		{[]int{6}, []int{6}, true}, {[]int{6}, []int{5}, false}, {[]int{6}, []int{2, 3}, true}, {[]int{1, 2, 3}, []int{6}, true},
		{[]int{6}, []int{3, 2, 1}, true}, {[]int{1, 2, 3}, []int{1, 2, 3}, true}, {[]int{1, 2, 3}, []int{1, 3, 2}, false},
		{[]int{2, 3}, []int{3, 2}, true}, {[]int{1, 1, 2, 3}, []int{1, 2, 3}, true},
	} {
		if got := sameShape(c.a, c.b); got != c.want {
			t.Errorf("sameShape(%v, %v) is %v", c.a, c.b, got)
		}
	}
}

// TestOverlap checks the bound on what may come into a layer against windows
// that are moved over a plane.
func TestOverlap(t *testing.T) {
	for kernel := 1; kernel <= 5; kernel++ {
		for stride := 1; stride <= 4; stride++ {
			for padding := range kernel {
				const size = 7
				l := Layer{Kind: Pool2D, Pool: SumPool, Window: Window{Kernel: square(kernel), Stride: square(stride), Padding: square(padding), Dilation: square(1)}}
				steps := l.Window.Steps(0, size)
				l.In, l.Out = []int{1, size, size}, []int{1, steps, steps}
				most := 0
				for i := range size {
					windows := 0
					for w := range steps {
						if at := i + padding - w*stride; at >= 0 && at < kernel {
							windows++
						}
					}
					most = max(most, windows)
				}
				if got, err := passPool(&l, "", passed{entries: 10, once: true}); err != nil || got.once || got.entries < int64(10*most*most) {
					t.Errorf("kernel %d, stride %d, padding %d: at most %d entries, but 10 inputs may be in %d windows each", kernel, stride, padding, got.entries, most*most)
				}
			}
		}
	}
}

// TestSmallFilesOfLargeNetworks checks that windows, which cost a file nothing,
// cannot make a network larger than its kernels can take.
func TestSmallFilesOfLargeNetworks(t *testing.T) {
	pool := func(channels, in, kernel, stride int) Layer {
		w := Window{Kernel: square(kernel), Stride: square(stride), Dilation: square(1)}
		out := w.Steps(0, in)
		return Layer{Kind: Pool2D, In: []int{channels, in, in}, Out: []int{channels, out, out}, Pool: SumPool, Window: w}
	}
	conv := func(in, out []int, w Window, groups int) Layer {
		n := []int{out[0], in[0] / groups, w.Kernel[0], w.Kernel[1]}
		return Layer{Kind: Conv2D, In: in, Out: out, Activation: ReLU, Output: Step, Reset: ResetZero, Window: w, Groups: groups,
			Weight: Tensor{Shape: n, I8: make([]int8, volume(n)), Scale: ones(1)}}
	}
	adding := func(layers int) (list []Layer) { // each but the first adds up the two before
		for i := range layers {
			list = append(list, Layer{Kind: Flatten, From: []int{i - 1, i - 2}, In: []int{1}, Out: []int{1}})
		}
		list[0].From = nil
		return list
	}
	many := func(n int, l Layer) (list []Layer) { // side by side
		for range n {
			l.From = []int{-1}
			list = append(list, l)
		}
		return list
	}
	tallest := pool(1, 4096, 2048, 1)
	tallest.Pool = MaxPool
	strided := conv([]int{1, 4096, 4096}, []int{1, 1, 1}, Window{Kernel: square(1), Stride: square(4096), Dilation: square(1)}, 1)
	for _, c := range []struct {
		says   string
		input  []int
		layers []Layer
	}{
		{"layer 0: with it the planes of all layers have more than 67108863 places", []int{1, 4096, 4096}, []Layer{tallest}},
		{"layer 3: with it the planes of all layers have more than 67108863 places", []int{1, 4096, 4096}, many(9, strided)},
		{"layer 13: more than 1024 paths", []int{1}, adding(30)},
		{"layer 1: more than 33554431 inputs may come in", []int{1, 256, 256}, []Layer{pool(1, 256, 31, 1), pool(1, 226, 2, 2)}},
		{"layer 2: more than 33554431 inputs may come in", []int{1, 64, 64}, []Layer{pool(1, 64, 16, 1), pool(1, 49, 16, 1), pool(1, 34, 16, 1)}},
		{"layer 0: more than 33554431 inputs may come in", []int{1, 8192, 8192}, []Layer{pool(1, 8192, 4096, 4096)}},
		{"layer 0: a convolution from [1 4096 4096]", []int{1, 4096, 4096}, []Layer{conv([]int{1, 4096, 4096}, []int{1, 1, 1}, Window{Kernel: square(2), Stride: square(1), Dilation: square(4095)}, 1)}},
		{"layer 0: a convolution from [4194304 1 1]", []int{1 << 22, 1, 1}, []Layer{conv([]int{1 << 22, 1, 1}, []int{1 << 22, 1, 1}, whole, 1<<22)}},
		{"layer 0: a convolution from [1 4096 4096]", []int{1, 4096, 4096}, []Layer{conv([]int{1, 4096, 4096}, []int{16, 4096, 4096}, whole, 1)}},
	} {
		m := planes()
		m.Input.Shape, m.Layers = c.input, c.layers
		if err := m.Validate(); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v, expected one that says %q", err, c.says)
		}
	}
}
