// Package runtime runs trained networks: Compile lays a model out for this
// CPU, a Session holds the state of one stream and steps it or classifies
// whole spike trains.
//
// A spike's way: Session.Run lists the active inputs of each step, asm.Forward
// adds their weight rows and updates the membranes, the layer's spikes become
// the next layer's list, and the readout turns the last layer into scores.
package runtime

import (
	"fmt"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/model"
)

// Network is a model laid out for the kernels of this CPU. It is immutable;
// any number of sessions on any number of goroutines may share it.
type Network struct {
	layers  []layer
	in, out int
	steps   int
	readout model.ReadoutKind
	tieBias []float32 // b of the last layer, for ties
}

// layer is one layer in the kernels' layout.
type layer struct {
	name      string
	in, out   int
	recurrent bool // the matrix has in + out rows, inputs first
	weights   asm.Matrix
	units     asm.Units
	initial   []float32 // padded
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
	}
)

// Compile validates m and lays it out. m is not kept and may be changed
// afterwards.
func Compile(m *model.Network) (*Network, error) {
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("runtime: %w", err)
	}
	n := &Network{
		layers:  make([]layer, len(m.Layers)),
		in:      m.Input.Size(),
		steps:   m.Steps,
		readout: m.Readout.Kind,
	}
	for i := range m.Layers {
		n.layers[i] = compileLayer(&m.Layers[i])
	}
	last := &m.Layers[len(m.Layers)-1]
	n.out = last.OutSize()
	n.tieBias = model.Broadcast(last.Bias, n.out)
	return n, nil
}

func compileLayer(l *model.Layer) layer {
	in, out := l.InSize(), l.OutSize()
	rows := in
	if l.Recurrent != nil {
		rows += out
	}
	c := layer{
		name:      l.Name,
		in:        in,
		out:       out,
		recurrent: l.Recurrent != nil,
		weights:   asm.NewMatrix(rows, out),
		units: asm.Units{
			N:          asm.Pad(out),
			Activation: activations[l.Activation],
			Output:     outputs[l.Output],
			Reset:      resets[l.Reset],
			Slope:      l.Slope,
			Current:    padded(l.Current, out),
			Decay:      padded(l.Decay, out),
			Bias:       padded(l.Bias, out),
		},
		initial: padded(l.Initial, out),
	}
	for j := range c.units.Current {
		c.units.Current[j] += 0 // −0 becomes +0, as Forward asks
	}
	if l.Reset == model.ResetSubtract {
		c.units.Theta = padded(l.Theta, out)
	}
	transpose(&c.weights, 0, &l.Weight)
	if l.Recurrent != nil {
		transpose(&c.weights, in, l.Recurrent)
	}
	return c
}

// transpose copies a tensor [out, in] to the rows of m from first on.
func transpose(m *asm.Matrix, first int, t *model.Tensor) {
	var buf []float32
	for j := range t.Shape[0] {
		buf = t.Row(j, buf)
		for i, w := range buf {
			m.Set(first+i, j, w)
		}
	}
}

func padded(p []float32, n int) []float32 {
	out := asm.Floats(asm.Pad(n))
	copy(out, model.Broadcast(p, n))
	return out
}

// InSize returns the number of input channels.
func (n *Network) InSize() int { return n.in }

// OutSize returns the number of outputs, one a class.
func (n *Network) OutSize() int { return n.out }

// Layers returns the number of layers.
func (n *Network) Layers() int { return len(n.layers) }

// Steps returns the model's default presentation in time steps.
func (n *Network) Steps() int { return n.steps }

// Kernel returns the name of the tier that runs the network, such as "generic".
func (n *Network) Kernel() string { return asm.Tier() }

// hardOutput reports whether a layer passes spikes on.
func hardOutput(l *layer) bool { return l.units.Output == asm.Step }
