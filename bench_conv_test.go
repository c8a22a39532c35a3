package snurun_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/internal/layer"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
	"github.com/viterin/vek/vek32"
)

// BenchmarkConvolution times one step of a convolution of spikes, event by
// event, of float32 and of integer weights, beside the same layer as a dense SIMD
// library would run it: im2col, then one Dot an output or one MatMul by vek32. The
// update of the membranes is snurun's own in all. The layers are those of recipe
// nmnist and one on a wide plane.
func BenchmarkConvolution(b *testing.B) {
	for _, l := range []model.Layer{
		convolution([]int{2, 34, 34}, 16, 6, 2, 2),
		convolution([]int{16, 17, 17}, 32, 4, 2, 1),
		convolution([]int{32, 32, 32}, 32, 3, 1, 1),
	} {
		name := fmt.Sprintf("in=%dx%dx%d/out=%dx%dx%d/kernel=%d", l.In[0], l.In[1], l.In[2], l.Out[0], l.Out[1], l.Out[2], l.Window.Kernel[0])
		m := &model.Network{
			Steps: 1, Layers: []model.Layer{l}, Readout: model.Readout{Kind: model.SpikeCount},
			Input: model.Input{Dt: 1, Shape: l.In, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000}},
		}
		if err := m.Validate(); err != nil {
			b.Fatal(err)
		}
		whole, _, err := model.Quantize(m, 8)
		if err != nil {
			b.Fatal(err)
		}
		c, integers := layer.New(m)[0], layer.New(whole)[0]
		for _, density := range []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1} {
			x := sparse(l.InSize(), density)
			for form, c := range map[string]*layer.Layer{"events": c, "integers": integers} {
				b.Run(fmt.Sprintf("%s/density=%v/form=%s", name, density, form), func(b *testing.B) {
					st := c.NewState(1, false)
					st.Reset(c.Initial)
					in, scratch := layer.NewInputs(1, l.InSize(), false), layer.NewScratch([]*layer.Layer{c}, false)
					for b.Loop() {
						in.Begin(false)
						in.AddSpikes(x, 0)
						in.EndStep()
						c.Run(st, in, scratch)
					}
				})
			}
		}
		d := newIm2col(&l)
		x := sparse(l.InSize(), 0.05) // of no account
		for form, sum := range map[string]func(){"Dot": d.dot, "MatMul": d.matMul} {
			b.Run(name+"/form=im2col"+form, func(b *testing.B) {
				for b.Loop() {
					d.fill(x)
					sum()
					asm.Update(&c.Units, d.sums, 0, 1, &d.trace)
				}
			})
		}
	}
}

func convolution(in []int, channels, kernel, stride, padding int) model.Layer {
	r := rand.New(rand.NewPCG(1, 1))
	l := model.Layer{
		Kind: model.Conv2D, In: in, Groups: 1, Activation: model.ELU, Output: model.Step, Reset: model.ResetZero,
		Window: model.Window{
			Kernel: [2]int{kernel, kernel}, Stride: [2]int{stride, stride}, Padding: [2]int{padding, padding}, Dilation: [2]int{1, 1},
		},
		Weight: model.Tensor{Shape: []int{channels, in[0], kernel, kernel}},
		Decay:  []float32{0.9}, Bias: []float32{-1},
	}
	l.Out = []int{channels, l.Window.Steps(0, in[1]), l.Window.Steps(1, in[2])}
	for range channels * in[0] * kernel * kernel {
		l.Weight.F32 = append(l.Weight.F32, float32(0.05*r.NormFloat64()))
	}
	return l
}

func sparse(n int, density float64) spike.Vector {
	r := rand.New(rand.NewPCG(2, 2))
	x := make(spike.Vector, spike.Words(n))
	for i := range n {
		if r.Float64() < density {
			x.Set(i)
		}
	}
	return x
}

// im2col is a convolution as a product of matrices: a row of columns holds all
// that one position of the window sees.
type im2col struct {
	l        *model.Layer
	seen     int
	columns  []float32
	kernels  []float32 // a row a channel, for Dot
	byInput  []float32 // a row an input, for MatMul
	products []float32
	sums     []float32
	trace    asm.Trace
}

func newIm2col(l *model.Layer) *im2col {
	d := &im2col{l: l, seen: l.In[0] * l.Window.Kernel[0] * l.Window.Kernel[1], kernels: l.Weight.F32}
	places, channels := l.Out[1]*l.Out[2], l.Out[0]
	d.columns = make([]float32, places*d.seen)
	d.byInput = make([]float32, len(d.kernels))
	for o := range channels {
		for k := range d.seen {
			d.byInput[k*channels+o] = d.kernels[o*d.seen+k]
		}
	}
	n := asm.Pad(l.OutSize())
	d.sums = asm.Floats(n)
	d.products = d.sums[:places*channels]
	d.trace = asm.Trace{S: asm.Floats(n), Y: make([]uint64, spike.Words(n))}
	return d
}

// fill sets the columns to spikes.
func (d *im2col) fill(x spike.Vector) {
	l, w := d.l, &d.l.Window
	clear(d.columns)
	for i := range x.All() {
		c, iy, ix := i/l.In[2]/l.In[1], i/l.In[2]%l.In[1], i%l.In[2]
		for ky := range w.Kernel[0] {
			oy := iy + w.Padding[0] - ky
			if oy < 0 || oy%w.Stride[0] != 0 || oy/w.Stride[0] >= l.Out[1] {
				continue
			}
			for kx := range w.Kernel[1] {
				ox := ix + w.Padding[1] - kx
				if ox >= 0 && ox%w.Stride[1] == 0 && ox/w.Stride[1] < l.Out[2] {
					place := oy/w.Stride[0]*l.Out[2] + ox/w.Stride[1]
					d.columns[place*d.seen+(c*w.Kernel[0]+ky)*w.Kernel[1]+kx] = 1
				}
			}
		}
	}
}

func (d *im2col) dot() {
	channels := d.l.Out[0]
	for place := range len(d.products) / channels {
		column := d.columns[place*d.seen:][:d.seen]
		for o := range channels {
			d.products[place*channels+o] = vek32.Dot(d.kernels[o*d.seen:][:d.seen], column)
		}
	}
}

func (d *im2col) matMul() { vek32.MatMul_Into(d.products, d.columns, d.byInput, d.seen) }
