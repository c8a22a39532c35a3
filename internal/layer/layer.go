// Package layer is the one place where a layer of a network is run: its
// parameters laid out for the kernels of asm, its state over a chunk of time
// steps, and the lists of its active inputs. The runtime and the trainer both
// go through it, so that what was trained is, to the bit, what runs.
package layer

import (
	"slices"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// Layer is one layer in the kernels' layout.
type Layer struct {
	In, Out   int
	Recurrent bool       // Weights has In + Out rows, inputs first
	Lateral   bool       // a spike resets the whole layer
	Weights   asm.Matrix // row i: what input i adds to each neuron
	Units     asm.Units  // padded to asm.Pad(Out)
	Initial   []float32  // membranes before the first step, padded
}

var (
	activations = map[model.Activation]asm.Activation{
		model.Identity: asm.Identity, model.ReLU: asm.ReLU, model.LeakyReLU: asm.LeakyReLU, model.ELU: asm.ELU,
	}
	outputs = map[model.Output]asm.Output{
		model.Step: asm.Step, model.Sigmoid: asm.Sigmoidal, model.None: asm.NoOutput,
	}
	resets = map[model.Reset]asm.Reset{
		model.ResetZero: asm.ResetZero, model.ResetSubtract: asm.ResetSubtract, model.ResetNone: asm.ResetNone,
		model.ResetLateral: asm.ResetZero, // as if every neuron had fired
	}
)

// New lays out a layer of a valid network; nothing of l is kept.
func New(l *model.Layer) *Layer {
	in, out := l.InSize(), l.OutSize()
	rows := in
	if l.Recurrent != nil {
		rows += out
	}
	c := &Layer{
		In:        in,
		Out:       out,
		Recurrent: l.Recurrent != nil,
		Lateral:   l.Reset == model.ResetLateral,
		Weights:   asm.NewMatrix(rows, out),
		Units: asm.Units{
			N:          asm.Pad(out),
			Activation: activations[l.Activation],
			Output:     outputs[l.Output],
			Reset:      resets[l.Reset],
			Slope:      l.Slope,
			Current:    padded(l.Current, out),
			Decay:      padded(l.Decay, out),
			Bias:       padded(l.Bias, out),
		},
		Initial: padded(l.Initial, out),
	}
	for j := range c.Units.Current {
		c.Units.Current[j] += 0 // −0 becomes +0, as asm.Forward asks
	}
	if l.Reset == model.ResetSubtract {
		c.Units.Theta = padded(l.Theta, out)
	}
	load(&c.Weights, 0, &l.Weight)
	if l.Recurrent != nil {
		load(&c.Weights, in, l.Recurrent)
	}
	return c
}

// Store writes the weights, the current, the decay and the bias back to l as
// float32: one value a neuron, or one for all where l had one and they agree.
func (c *Layer) Store(l *model.Layer) {
	l.Weight = store(&c.Weights, 0, c.In)
	if c.Recurrent {
		h := store(&c.Weights, c.In, c.Out)
		l.Recurrent = &h
	}
	for _, p := range []struct {
		to   *[]float32
		from []float32
	}{{&l.Current, c.Units.Current}, {&l.Decay, c.Units.Decay}, {&l.Bias, c.Units.Bias}} {
		switch values := p.from[:c.Out]; {
		case len(*p.to) == 0:
		case len(*p.to) == 1 && len(slices.Compact(slices.Clone(values))) == 1:
			*p.to = slices.Clone(values[:1])
		default:
			*p.to = slices.Clone(values)
		}
	}
}

// Spikes reports whether the layer passes spikes on, not analog values.
func (c *Layer) Spikes() bool { return c.Units.Output == asm.Step }

// Run advances the layer over the steps listed in in and returns the number of
// active inputs, its own recurrent ones included. scratch holds one step of a
// recurrent layer; in and scratch must not be the same.
func (c *Layer) Run(st *State, in, scratch *Inputs) (active int) {
	st.rewind()
	if c.stepwise() {
		active = c.runSteps(st, in, scratch)
	} else {
		asm.Forward(&c.Weights, &c.Units, in.View(), &st.trace)
		active = in.Len()
	}
	st.steps = in.Steps()
	return active
}

// stepwise reports whether the layer needs all its spikes of one step for the
// next.
func (c *Layer) stepwise() bool { return c.Recurrent || c.Lateral }

func (c *Layer) runSteps(st *State, in, scratch *Inputs) (active int) {
	for t := range in.Steps() {
		tr := c.beginStep(st, in, scratch, t)
		asm.Forward(&c.Weights, &c.Units, scratch.View(), tr)
		c.endStep(st, t)
		active += scratch.Len()
	}
	return active
}

// beginStep lists the inputs of step t, the layer's own outputs included, in
// scratch and returns the trace of that step.
func (c *Layer) beginStep(st *State, in, scratch *Inputs, t int) *asm.Trace {
	scratch.Begin(in.analog || c.Recurrent && !c.Spikes())
	scratch.addStep(in, t)
	if c.Recurrent {
		c.addOutput(scratch, st, t, c.In)
	}
	scratch.EndStep()
	tr := st.step(t)
	if c.Lateral {
		setAll(st.gate[:tr.YStride], st.spikes(t))
		tr.Y = st.gate
	}
	return tr
}

// endStep takes over what Forward left in the trace of step t.
func (c *Layer) endStep(st *State, t int) {
	if c.Lateral {
		copy(st.spikes(t+1), st.gate[st.trace.YStride:])
	}
}

// setAll sets all bits of dst if there is any spike, else none.
func setAll(dst []uint64, spikes spike.Vector) {
	fill := uint64(0)
	if spikes.Count() > 0 {
		fill = ^fill
	}
	for w := range dst {
		dst[w] = fill
	}
}

// Gates returns the trace of the steps run last with, in place of the spikes,
// what gated each membrane in the step after: for a lateral layer, a spike of
// any neuron.
func (c *Layer) Gates(st *State) *asm.Trace {
	if !c.Lateral {
		return &st.trace
	}
	st.one = st.trace
	w := st.trace.YStride
	st.one.Y = make([]uint64, (st.steps+1)*w)
	for row := range st.steps + 1 {
		setAll(st.one.Y[row*w:(row+1)*w], st.spikes(row))
	}
	return &st.one
}

// List makes what the layer passed on in the steps run last the content of in.
func (c *Layer) List(in *Inputs, st *State) {
	in.Begin(!c.Spikes())
	for row := 1; row <= st.steps; row++ {
		c.addOutput(in, st, row, 0)
		in.EndStep()
	}
}

// addOutput appends what the layer passed on in the step of row.
func (c *Layer) addOutput(in *Inputs, st *State, row, base int) {
	switch c.Units.Output {
	case asm.Step:
		in.AddSpikes(st.spikes(row), base)
	case asm.Sigmoidal:
		in.AddValues(st.soft(row)[:c.Out], base)
	default:
		in.AddValues(st.membrane(row)[:c.Out], base)
	}
}

// load copies a tensor [out, in] to the rows of m from first on.
func load(m *asm.Matrix, first int, t *model.Tensor) {
	var buf []float32
	for j := range t.Shape[0] {
		buf = t.Row(j, buf)
		for i, w := range buf {
			m.Set(first+i, j, w)
		}
	}
}

// store copies n rows of m from first on to a tensor [out, in].
func store(m *asm.Matrix, first, n int) model.Tensor {
	data := make([]float32, 0, m.Cols()*n)
	for j := range m.Cols() {
		for i := range n {
			data = append(data, m.At(first+i, j))
		}
	}
	return model.Matrix(m.Cols(), n, data)
}

func padded(p []float32, n int) []float32 {
	out := asm.Floats(asm.Pad(n))
	copy(out, model.Broadcast(p, n))
	return out
}
