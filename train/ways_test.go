package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
)

// weightIndex returns which weight leads from input k to neuron j, if any.
func weightIndex(l *model.Layer, j, k int) (index int, ok bool) {
	if l.Kind != model.Conv2D {
		return j*l.InSize() + k, true
	}
	out, oy, ox := j/l.Out[2]/l.Out[1], j/l.Out[2]%l.Out[1], j%l.Out[2]
	in, iy, ix := k/l.In[2]/l.In[1], k/l.In[2]%l.In[1], k%l.In[2]
	perGroup, w := l.In[0]/l.Groups, &l.Window
	ky, kx := iy+w.Padding[0]-oy*w.Stride[0], ix+w.Padding[1]-ox*w.Stride[1]
	if ky < 0 || kx < 0 || ky%w.Dilation[0] != 0 || kx%w.Dilation[1] != 0 || in/perGroup != out/(l.Out[0]/l.Groups) {
		return 0, false
	}
	ky, kx = ky/w.Dilation[0], kx/w.Dilation[1]
	return ((out*perGroup+in%perGroup)*w.Kernel[0]+ky)*w.Kernel[1] + kx, ky < w.Kernel[0] && kx < w.Kernel[1]
}

// pass is a layer without neurons. Max pooling is 1 − Π(1 − x) of spikes.
func (t *tape) pass(l *model.Layer, in []int) []int {
	if l.Kind == model.Flatten {
		return in
	}
	one := t.leaf(1)
	out := make([]int, l.OutSize())
	for k := range out {
		c, oy, ox := k/l.Out[2]/l.Out[1], k/l.Out[2]%l.Out[1], k%l.Out[2]
		sum, silent := t.leaf(0), one
		for dy := range l.Window.Kernel[0] {
			for dx := range l.Window.Kernel[1] {
				y, x := oy*l.Window.Stride[0]-l.Window.Padding[0]+dy, ox*l.Window.Stride[1]-l.Window.Padding[1]+dx
				if y >= 0 && x >= 0 && y < l.In[1] && x < l.In[2] {
					i := in[(c*l.In[1]+y)*l.In[2]+x]
					sum, silent = t.add(sum, i), t.mul(silent, t.sub(one, i))
				}
			}
		}
		switch l.Pool {
		case model.SumPool:
			out[k] = sum
		case model.AvgPool:
			out[k] = t.scale(sum, 1/float64(l.Window.Kernel[0]*l.Window.Kernel[1]))
		case model.MaxPool:
			out[k] = t.sub(one, silent)
		}
	}
	return out
}

// planes builds networks on planes for tests.
type planes struct {
	r *rand.Rand
	m *model.Network
}

func (p *planes) shape() []int {
	if n := len(p.m.Layers); n > 0 {
		return p.m.Layers[n-1].Out
	}
	return p.m.Input.Shape
}

func (p *planes) weights(shape ...int) model.Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	t := model.Tensor{Shape: shape, F32: make([]float32, n)}
	for i := range t.F32 {
		t.F32[i] = float32(1.2 * p.r.NormFloat64() / math.Sqrt(float64(n/shape[0])))
	}
	return t
}

func (p *planes) conv(channels, groups int, w model.Window) *model.Layer {
	in := p.shape()
	n := make([]float32, channels)
	l := model.Layer{
		Name: fmt.Sprint("conv", len(p.m.Layers)), Kind: model.Conv2D, In: in, Window: w, Groups: groups,
		Out:        []int{channels, w.Steps(0, in[1]), w.Steps(1, in[2])},
		Activation: model.ELU, Output: model.Step, Reset: model.ResetZero,
		Weight: p.weights(channels, in[0]/groups, w.Kernel[0], w.Kernel[1]),
		Bias:   append([]float32(nil), n...), Decay: append([]float32(nil), n...), Current: append([]float32(nil), n...),
	}
	for j := range n {
		l.Bias[j], l.Decay[j], l.Current[j] = -0.3, 0.5, float32(0.1*p.r.NormFloat64())
	}
	p.m.Layers = append(p.m.Layers, l)
	return &p.m.Layers[len(p.m.Layers)-1]
}

func (p *planes) pool(kind model.Pooling, w model.Window) {
	in := p.shape()
	p.m.Layers = append(p.m.Layers, model.Layer{
		Kind: model.Pool2D, In: in, Out: []int{in[0], w.Steps(0, in[1]), w.Steps(1, in[2])}, Pool: kind, Window: w,
	})
}

func (p *planes) dense(out int) *model.Layer {
	in := p.shape()
	n := 1
	for _, d := range in {
		n *= d
	}
	l := model.Layer{
		Kind: model.SNU, In: []int{n}, Out: []int{out}, Activation: model.ELU, Output: model.Step, Reset: model.ResetZero,
		Weight: p.weights(out, n), Bias: make([]float32, out), Decay: make([]float32, out),
	}
	for j := range out {
		l.Bias[j], l.Decay[j] = -0.3, 0.5
	}
	p.m.Layers = append(p.m.Layers, l)
	return &p.m.Layers[len(p.m.Layers)-1]
}

// square is a window of a size and stride with a padding.
func square(kernel, stride, padding int) model.Window {
	return model.Window{Kernel: [2]int{kernel, kernel}, Stride: [2]int{stride, stride}, Padding: [2]int{padding, padding}, Dilation: [2]int{1, 1}}
}

// TestPlaneGradientsAgainstTape is TestGradientsAgainstTape for convolutions,
// pools, residual connections and synaptic currents.
func TestPlaneGradientsAgainstTape(t *testing.T) {
	t.Parallel()
	odd := model.Window{Kernel: [2]int{2, 3}, Stride: [2]int{2, 1}, Padding: [2]int{1, 2}, Dilation: [2]int{1, 2}}
	for n, c := range []struct {
		name   string
		counts bool
		build  func(p *planes)
		config func(c *Config)
	}{
		{name: "one", build: func(p *planes) { p.conv(3, 1, square(3, 1, 1)) }},
		{name: "two", build: func(p *planes) { p.conv(3, 1, square(3, 2, 1)); p.conv(5, 1, square(2, 1, 0)) }},
		{name: "dilated", build: func(p *planes) { p.conv(3, 1, odd); p.conv(2, 1, odd) }},
		{name: "grouped", build: func(p *planes) { p.conv(4, 2, square(3, 1, 1)); p.conv(4, 4, square(3, 2, 1)) }},
		{name: "counts", counts: true, build: func(p *planes) { p.conv(3, 1, square(3, 1, 1)); p.conv(3, 1, square(3, 1, 1)) }},
		{name: "sum pool", build: func(p *planes) { p.conv(3, 1, square(3, 1, 1)); p.pool(model.SumPool, square(2, 2, 0)) }},
		{name: "average pool to convolution", build: func(p *planes) {
			p.conv(3, 1, square(3, 1, 1))
			p.pool(model.AvgPool, square(2, 1, 1))
			p.conv(2, 1, square(3, 1, 1))
		}},
		{name: "max pools", build: func(p *planes) {
			p.conv(3, 1, square(3, 1, 1))
			p.pool(model.MaxPool, square(2, 1, 0))
			p.pool(model.MaxPool, square(2, 2, 0))
		}},
		{name: "pooled input", build: func(p *planes) { p.pool(model.SumPool, square(2, 1, 0)); p.conv(3, 1, square(3, 1, 1)) }},
		{name: "residual", build: func(p *planes) {
			p.conv(3, 1, square(3, 1, 1))
			p.conv(3, 1, square(3, 1, 1))
			p.m.Layers = append(p.m.Layers, model.Layer{Kind: model.Flatten, From: []int{1, 0}, In: p.shape(), Out: p.shape()})
			p.conv(2, 1, square(3, 1, 1))
		}},
		{name: "soft", build: func(p *planes) {
			p.conv(3, 1, square(3, 1, 1)).Output = model.Sigmoid
			p.dense(4).Output = model.Sigmoid
		}},
		{name: "analog", build: func(p *planes) {
			l := p.conv(3, 1, square(3, 1, 1))
			l.Output, l.Reset = model.None, model.ResetNone
			p.conv(3, 1, square(3, 1, 1))
		}},
		{name: "lateral", build: func(p *planes) { p.conv(3, 1, square(3, 1, 1)).Reset = model.ResetLateral }},
		{name: "synapse", build: func(p *planes) {
			p.conv(3, 1, square(3, 1, 1)).Synapse = []float32{0.3, 0.6, 0.9}
			p.dense(6).Synapse = []float32{0.7}
		}},
		{name: "synapse, recurrent", build: func(p *planes) {
			l := p.dense(6)
			h := p.weights(6, 6)
			l.Synapse, l.Recurrent, l.Current = []float32{0.7}, &h, make([]float32, 6)
		}, config: func(c *Config) { c.ErrorClip = 0 }},
		{name: "synapse, clipped errors", build: func(p *planes) {
			l := p.dense(6)
			h := p.weights(6, 6)
			l.Synapse, l.Recurrent, l.Current = []float32{0.7}, &h, make([]float32, 6)
		}, config: func(c *Config) { c.ErrorClip = 0.02 }},
		{name: "decay of the layer", build: func(p *planes) { p.conv(3, 1, square(3, 1, 1)).Decay = []float32{0.5} },
			config: func(c *Config) { c.Decay = PerLayer }},
		{name: "subtract the threshold", build: func(p *planes) {
			l := p.conv(3, 1, square(3, 1, 1))
			l.Reset, l.Theta = model.ResetSubtract, []float32{0.3}
			l = p.conv(4, 1, square(3, 1, 1))
			l.Reset, l.Theta, l.Synapse = model.ResetSubtract, []float32{0.3}, []float32{0.6}
		}},
		{name: "soft, subtract the threshold", build: func(p *planes) {
			p.conv(3, 1, square(3, 1, 1))
			p.dense(4)
			for i := range p.m.Layers {
				l := &p.m.Layers[i]
				l.Output, l.Reset, l.Theta = model.Sigmoid, model.ResetSubtract, []float32{0.3}
			}
		}},
		{name: "subtract the threshold, detached", build: func(p *planes) {
			p.conv(3, 1, square(3, 1, 1))
			p.conv(4, 1, odd)
			for i := range p.m.Layers {
				l := &p.m.Layers[i]
				l.Reset, l.Theta, l.Bias = model.ResetSubtract, []float32{0.3}, []float32{-0.3} // shared
			}
		}, config: func(c *Config) { c.DetachReset = true }},
		{name: "clipped", build: func(p *planes) { p.conv(3, 1, square(3, 1, 1)); p.pool(model.SumPool, square(2, 2, 0)) },
			config: func(c *Config) { c.Clip, c.Decay = 0.02, Fixed }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(n), 2))
			p := planes{r, &model.Network{
				Steps:   4,
				Input:   model.Input{Dt: 1, Shape: []int{2, 5, 4}, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000, Counts: c.counts}},
				Readout: model.Readout{Kind: model.SpikeCount},
			}}
			c.build(&p)
			last := p.dense(3)
			if c.name == "decay of the layer" {
				last.Decay = []float32{0.5}
			}
			config := Defaults()
			config.Surrogate = Surrogate{Triangle, 1}
			if c.config != nil {
				c.config(&config)
			}
			compareGradients(t, r, p.m, config)
		})
	}
}

// planeTask is smallTask for a network with all that passes planes on.
func planeTask(t testing.TB, n int) (*model.Network, dataset.Source, Config) {
	t.Helper()
	m, source := smallTask(t, n)
	m.Input.Shape, m.Layers, m.Classes = []int{1, 8, 8}, nil, nil
	p := planes{rand.New(rand.NewPCG(6, 6)), m}
	p.conv(4, 1, square(3, 1, 1))
	p.pool(model.MaxPool, square(2, 2, 0))
	p.conv(4, 2, square(3, 1, 1)).Synapse = []float32{0.3}
	m.Layers = append(m.Layers, model.Layer{Kind: model.Flatten, From: []int{2, 1}, In: p.shape(), Out: p.shape()})
	p.conv(5, 1, model.Window{Kernel: [2]int{2, 3}, Stride: [2]int{3, 1}, Padding: [2]int{1, 2}, Dilation: [2]int{1, 2}})
	p.pool(model.SumPool, square(2, 1, 0))
	p.dense(3)
	c := smallConfig()
	c.Surrogate = Surrogate{Boxcar, 2}
	c.Epochs, c.Dropout, c.InitialNoise, c.SpikeCost = 2, 0.2, 0.1, 1e-4
	return m, source, c
}

func TestPlanesGiveTheSameBytes(t *testing.T) {
	trained := sameBytes(t, "planes", []int{1, 2}, func() (*model.Network, dataset.Source, Config) { return planeTask(t, 40) })
	pinned(t, trained, "393f183f71cc259c")
}

func TestPlanesResume(t *testing.T) {
	m, source, c := planeTask(t, 60)
	resume(t, m, source, c)
}

func TestDropoutRefusesHalfOfAnInput(t *testing.T) {
	m, source := smallTask(t, 10)
	n := m.Input.Size()
	p := planes{rand.New(rand.NewPCG(1, 1)), m}
	m.Layers, m.Classes = nil, nil
	p.dense(n)
	m.Layers = append(m.Layers, model.Layer{Kind: model.Flatten, From: []int{-1, 0}, In: []int{n}, Out: []int{n}})
	p.dense(3)
	c := smallConfig()
	mustNew(t, m, source, c)
	c.Dropout = 0.1
	if _, err := New(m, source, []int{0}, c); err == nil || !strings.Contains(err.Error(), "layer 2 adds up") {
		t.Errorf("error %v, expected one that says that layer 2 adds up", err)
	}
}
