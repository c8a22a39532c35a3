package snurun_test

import (
	"testing"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/internal/refnet"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
	"github.com/viterin/vek/vek32"
)

// BenchmarkDenseVek runs the reference networks as a dense SIMD library would:
// every sum over all inputs by vek32, one Dot a neuron or one MatMul a layer,
// over all steps at once where there is no recurrence. Only the sums are dense;
// what follows them is snurun's own.
func BenchmarkDenseVek(b *testing.B) {
	for _, ref := range []*refnet.Net{&refnet.A, &refnet.B, &refnet.C} {
		b.Run("net="+ref.Name, func(b *testing.B) {
			samples := ref.Samples(4)
			n := newDense(ref.Model())
			for form, run := range map[string]func(x spike.Train){"Dot": n.runDot, "MatMul": n.runMatMul} {
				b.Run("form="+form, func(b *testing.B) {
					k := 0
					for b.Loop() {
						run(samples[k%len(samples)])
						k++
					}
				})
			}
		})
	}
}

// dense is a network of fully connected layers for vek32.
type dense struct {
	steps  int
	layers []*denseLayer
}

type denseLayer struct {
	in, out   int // in with the layer's own outputs
	recurrent bool
	rows      []float32  // weights, a row a neuron, for Dot
	columns   []float32  // weights, a row an input, for MatMul
	x         []float32  // inputs, a row a step
	sums      []float32  // a row a step
	silent    asm.Matrix // what asm.Forward takes for the update alone: no row is listed
	units     asm.Units
	trace     asm.Trace
}

func newDense(m *model.Network) *dense {
	d := &dense{steps: m.Steps}
	for i := range m.Layers {
		l := &m.Layers[i]
		in, out := l.InSize(), l.OutSize()
		c := &denseLayer{in: in, out: out, recurrent: l.Recurrent != nil}
		if c.recurrent {
			c.in += out
		}
		for j := range out {
			c.rows = append(c.rows, l.Weight.Row(j, nil)...)
			if c.recurrent {
				c.rows = append(c.rows, l.Recurrent.Row(j, nil)...)
			}
		}
		c.columns = make([]float32, len(c.rows))
		for j := range out {
			for k := range c.in {
				c.columns[k*out+j] = c.rows[j*c.in+k]
			}
		}
		n := asm.Pad(out)
		c.x, c.sums = make([]float32, m.Steps*c.in), make([]float32, m.Steps*out)
		c.units = asm.Units{N: n, Activation: asm.ELU, Current: asm.Floats(n), Decay: asm.Floats(n), Bias: asm.Floats(n)}
		copy(c.units.Decay, model.Broadcast(l.Decay, out))
		copy(c.units.Bias, model.Broadcast(l.Bias, out))
		c.silent = asm.NewMatrix(1, out)
		c.trace = asm.Trace{S: asm.Floats(n), Y: make([]uint64, spike.Words(n)), YStride: 0}
		d.layers = append(d.layers, c)
	}
	return d
}

func (d *dense) runDot(x spike.Train) {
	d.run(x, func(c *denseLayer, from, to int) {
		for t := from; t < to; t++ {
			in := c.x[t*c.in:][:c.in]
			for j := range c.out {
				c.sums[t*c.out+j] = vek32.Dot(c.rows[j*c.in:][:c.in], in)
			}
		}
	})
}

func (d *dense) runMatMul(x spike.Train) {
	d.run(x, func(c *denseLayer, from, to int) {
		vek32.MatMul_Into(c.sums[from*c.out:to*c.out], c.x[from*c.in:to*c.in], c.columns, c.in)
	})
}

// run runs layer after layer; sum fills in the sums of the steps from … to−1.
func (d *dense) run(x spike.Train, sum func(c *denseLayer, from, to int)) {
	for t := range d.steps {
		d.layers[0].set(x.At(t), t, 0)
	}
	for i, c := range d.layers {
		var next *denseLayer
		if i+1 < len(d.layers) {
			next = d.layers[i+1]
		}
		clear(c.trace.S)
		clear(c.trace.Y)
		if !c.recurrent {
			sum(c, 0, d.steps)
		}
		for t := range d.steps {
			if c.recurrent {
				c.set(c.trace.Y, t, c.in-c.out)
				sum(c, t, t+1)
			}
			copy(c.units.Current, c.sums[t*c.out:][:c.out])
			asm.Forward(&c.silent, &c.units, &noInputs, &c.trace)
			if next != nil {
				next.set(c.trace.Y, t, 0)
			}
		}
	}
}

// noInputs is one time step without spikes.
var noInputs = asm.Inputs{Ends: make([]int32, 1)}

// set makes spikes the inputs of step t from input first on.
func (c *denseLayer) set(spikes spike.Vector, t, first int) {
	x := c.x[t*c.in+first : (t+1)*c.in]
	clear(x[:min(len(x), len(spikes)*spike.WordBits)])
	for i := range spikes.All() {
		x[i] = 1
	}
}
