// Package layer is the one place where a layer of a network is run: its
// parameters laid out for the kernels of asm, its state over a chunk of time
// steps, and the lists of its active inputs. The runtime and the trainer both
// go through it, so that what was trained is, to the bit, what runs.
package layer

import (
	"cmp"
	"slices"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/model"
)

// Layer is one layer in the kernels' layout. Its neurons are the units of the
// kernels, in an order that suits them.
type Layer struct {
	In, Out   int
	Recurrent bool       // Weights has In + Out rows, inputs first, but for integers
	Lateral   bool       // a spike resets the whole layer
	Weights   asm.Matrix // row i: what input i adds to each neuron; none of a conv2d layer
	Units     asm.Units  // padded to asm.Pad(Out)
	Initial   []float32  // membranes before the first step, padded

	conv    *convolution // of a conv2d layer
	synapse *asm.Units   // units whose membranes are the synaptic currents, nil without
	sums    *asm.Units   // units whose membranes are the sums of a step, for neurons that no kernel updates; nil for others
	whole   *integers    // of a layer that sums integers
	learned *rounded     // what the trainer rounds the weights from; nil without
	copied  bool         // the weights are a copy in panels
	order   []uint32     // the neuron of each unit, nil if they are the same
	feeds   []feed       // where the inputs come from
	sources []int        // the layers of feeds
	analog  bool         // there may be other inputs than spikes
	room    int          // the most inputs of a step
}

var (
	activations = map[model.Activation]asm.Activation{
		model.Identity: asm.Identity, model.ReLU: asm.ReLU, model.LeakyReLU: asm.LeakyReLU, model.ELU: asm.ELU,
		model.Clipped: asm.Clipped,
	}
	outputs = map[model.Output]asm.Output{
		model.Step: asm.Step, model.Sigmoid: asm.Sigmoidal, model.None: asm.NoOutput, model.Count: asm.Count,
	}
	resets = map[model.Reset]asm.Reset{
		model.ResetZero: asm.ResetZero, model.ResetSubtract: asm.ResetSubtract, model.ResetNone: asm.ResetNone,
		model.ResetLateral:    asm.ResetZero, // as if every neuron had fired
		model.ResetRefractory: asm.ResetRefractory, model.ResetLagged: asm.ResetLagged,
	}
)

// New lays out the layers of a valid network, of which nothing is kept. Layers
// without neurons are nil.
func New(m *model.Network) []*Layer {
	layers, pools := make([]*Layer, len(m.Layers)), make([]*pool, len(m.Layers))
	for i := range m.Layers {
		l := &m.Layers[i]
		if l.Kind == model.Pool2D {
			pools[i] = newPool(l)
		}
		if !l.HasNeurons() {
			continue
		}
		c := newLayer(l)
		c.feeds = feeds(m, pools, i)
		for k := range c.feeds {
			f := &c.feeds[k]
			source := m.Input.Size()
			if f.from >= 0 {
				source = layers[f.from].Out
			}
			c.sources = append(c.sources, f.from)
			c.room += f.room(source)
			c.analog = c.analog || f.analog(analogOf(m, f.from), c.whole != nil)
		}
		if c.whole != nil {
			c.whole.factor(&c.feeds[0])
		}
		layers[i] = c
	}
	return layers
}

func newLayer(l *model.Layer) *Layer {
	in, out := l.InSize(), l.OutSize()
	c := &Layer{
		In:        in,
		Out:       out,
		Recurrent: l.Recurrent != nil,
		Lateral:   l.Reset == model.ResetLateral,
	}
	if l.Kind == model.Conv2D {
		c.conv = newConvolution(l)
		if l.OutSize() != l.Out[0] { // of a single position all orders are one
			c.order = c.conv.order()
		}
	} else if !l.Integer() {
		c.layWeights(l)
	}
	if l.Integer() {
		c.whole = c.newIntegers(l)
	}
	c.Units = asm.Units{
		N:          asm.Pad(out),
		Activation: activations[l.Activation],
		Output:     outputs[l.Output],
		Reset:      resets[l.Reset],
		Slope:      l.Slope,
		Floor:      l.Floor,
		Most:       float32(cmp.Or(l.MaxSpikes, model.MaxSpikes)),
		Value:      cmp.Or(l.SpikeValue, 1),
		Current:    c.padded(l.Current),
		Decay:      c.padded(l.Decay),
		Bias:       c.padded(l.Bias),
	}
	c.Initial = c.padded(l.Initial)
	if len(l.Theta) > 0 {
		c.Units.Theta = c.padded(l.Theta)
	}
	switch {
	case len(l.Synapse) > 0:
		c.synapse = c.linear(c.padded(l.Synapse))
	case c.Units.Rare() && c.conv == nil && c.whole == nil: // which have their sums anyhow
		c.sums = c.linear(asm.Floats(c.Units.N))
	}
	c.Changed()
	return c
}

// linear returns units that take the layer's inputs and pass on their membrane.
func (c *Layer) linear(decay []float32) *asm.Units {
	return &asm.Units{
		N: c.Units.N, Output: asm.NoOutput, Reset: asm.ResetNone,
		Current: c.Units.Current, Decay: decay, Bias: asm.Floats(c.Units.N),
	}
}

// layWeights lays out the float weights of a fully connected layer.
func (c *Layer) layWeights(l *model.Layer) {
	rows := c.In
	if c.Recurrent {
		rows += c.Out
	}
	c.Weights = asm.NewMatrix(rows, c.Out)
	load(&c.Weights, 0, &l.Weight)
	if c.Recurrent {
		load(&c.Weights, c.In, l.Recurrent)
	}
}

// Room returns the most inputs of one step.
func (c *Layer) Room() int { return c.room }

// Analog reports whether there may be other inputs than spikes.
func (c *Layer) Analog() bool { return c.analog }

// Integer reports whether the layer sums integers.
func (c *Layer) Integer() bool { return c.whole != nil }

// Convolves reports whether the layer is a conv2d layer.
func (c *Layer) Convolves() bool { return c.conv != nil }

// WeightBytes returns the size of the weights as they are laid out, padding
// included.
func (c *Layer) WeightBytes() int {
	switch {
	case c.conv != nil && c.whole != nil:
		return c.conv.whole.Bytes()
	case c.conv != nil:
		return 4 * len(c.conv.scatter.Weights())
	case c.whole != nil:
		return c.whole.bytes()
	}
	return 4 * len(c.Weights.Data())
}

// InRows reports whether the weights lie in whole rows, as those that are too
// many for the caches do.
func (c *Layer) InRows() bool {
	if c.whole != nil && c.conv == nil {
		return c.whole.weights.InRows()
	}
	return c.Weights.InRows()
}

// Changed must be called when the current was changed.
func (c *Layer) Changed() {
	for j := range c.Units.Current {
		c.Units.Current[j] += 0 // −0 becomes +0, as asm.Forward asks
	}
	if c.conv != nil && c.whole == nil {
		c.conv.setCurrent(c.Units.Current)
	}
}

// Store writes the learned weights, the current, the decay and the bias back to l as
// float32: as many values as l had, or one a neuron where those that shared one
// do not agree any more.
func (c *Layer) Store(l *model.Layer) {
	if c.conv != nil {
		l.Weight = c.conv.store(l.Weight.Shape, c.LearnedKernel())
	} else {
		l.Weight = store(c.Learned(), 0, c.In)
	}
	if c.Recurrent {
		h := store(c.Learned(), c.In, c.Out)
		l.Recurrent = &h
	}
	channels := c.Out
	if c.conv != nil {
		channels = l.Out[0]
	}
	for _, p := range []struct {
		to   *[]float32
		from []float32
	}{{&l.Current, c.Units.Current}, {&l.Decay, c.Units.Decay}, {&l.Bias, c.Units.Bias}, {&l.Theta, c.Units.Theta}} {
		if len(*p.to) == 0 {
			continue
		}
		*p.to = shared(c.byNeuron(make([]float32, c.Out), p.from), len(*p.to), channels)
	}
}

// shared returns n of the values, each for as many neurons that follow each
// other, if these agree, else one a channel if that will do, else all. Of n = 0
// it returns none.
func shared(values []float32, n, channels int) []float32 {
	if n == 0 {
		return nil
	}
	for _, k := range []int{n, channels} {
		some := make([]float32, 0, k)
		for part := range slices.Chunk(values, len(values)/k) {
			if len(slices.Compact(slices.Clone(part))) == 1 {
				some = append(some, part[0])
			}
		}
		if len(some) == k {
			return some
		}
	}
	return values
}

// byNeuron sets dst to the values of units in the order of neurons.
func (c *Layer) byNeuron(dst, units []float32) []float32 {
	if c.order == nil {
		copy(dst, units)
		return dst
	}
	for j, neuron := range c.order {
		dst[neuron] = units[j]
	}
	return dst
}

// padded returns a parameter as one value a unit.
func (c *Layer) padded(p []float32) []float32 {
	out := asm.Floats(asm.Pad(c.Out))
	neurons := model.Broadcast(p, c.Out)
	if c.order == nil {
		copy(out, neurons)
		return out
	}
	for j, neuron := range c.order {
		out[j] = neurons[neuron]
	}
	return out
}

// Spikes reports whether the layer passes spikes on, not analog values or counts.
func (c *Layer) Spikes() bool { return c.Units.Output == asm.Step }

// load copies a tensor [out, in] to the rows of m from first on.
func load(m *asm.Matrix, first int, t *model.Tensor) {
	// Some outputs at a time: neighbours in a row of m lie in as many rows of t.
	var outputs [16][]float32
	for from, elements := range m.Panels() {
		width := len(elements) / m.Rows()
		for j := from; j < min(from+width, t.Shape[0]); j += len(outputs) {
			some := outputs[:min(len(outputs), from+width-j, t.Shape[0]-j)]
			for k := range some {
				some[k] = t.Row(j+k, some[k])
			}
			for i := range some[0] {
				row := elements[(first+i)*width+j-from:][:len(some)]
				for k := range row {
					row[k] = some[k][i]
				}
			}
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
