// Package runtime runs trained networks.
//
// Compile lays a model out for this CPU, once; the Network is immutable and
// shared by all goroutines. What changes is in a Session, one a stream:
//
//	net, err := runtime.Compile(m)         // of export.ReadFile
//	s := net.NewSession()
//	x := net.Input().New(net.Steps())      // a spike.Input, to be filled
//	r, err := s.Classify(x)                // from the initial state
//	r, err = s.ClassifyEarly(x, net.Readout().Margin)
//
//	err = s.Step(x, t)                     // or step by step, as a stream does
//	err = s.Run(x)                         // or all steps of x, from the state that it is in
//	r = s.Result()                         // after any of them
//	s.Reset()                              // the initial state
//
// After each step Session.Spikes, Membrane and Outputs show every layer, and
// Stats the work. The lead is how far the leading score is ahead of the second; an
// early decision waits until it is at least the margin. A Batch runs many inputs
// at once, faster; a Readout decides over a window of a stream whose membranes run
// on. Network.Plan says how each layer is run.
//
// All ways give the same bits, on every CPU: Verify proves it with the self-test
// of a model file. Steps allocate nothing. No input makes the package panic: what
// a network does not take is an ErrInput, sums that leave the range of float32 an
// ErrRange, a session that is closed an ErrClosed.
package runtime

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/internal/layer"
	"github.com/snurun/snurun/model"
)

// Network is a model laid out for the kernels of this CPU. It is immutable;
// any number of sessions on any number of goroutines may share it. Compile makes
// one; sessions of the zero Network are closed.
type Network struct {
	layers  []*layer.Layer // as in the model; nil for one without neurons
	model   model.Network  // without weights
	in, out int
	widest  int       // the most inputs of a layer in a step
	analog  bool      // the input or a layer is analog
	counts  int       // the most events of a step for layers that sum integers; −1 for no bound
	bias    []float32 // of the last layer, one an output

	panels   sync.Once      // for inPanels
	inPanels []*layer.Layer // the layers laid out for batches
}

// Compile validates m and lays it out. Nothing of m is kept: it may be changed
// afterwards, or dropped, as Model has all of it but the weights. The error is a
// model.ErrInvalid, or an asm.ErrTier if SNURUN_SIMD asks for kernels that this CPU
// does not have.
func Compile(m *model.Network) (*Network, error) {
	if err := asm.Err(); err != nil {
		return nil, fmt.Errorf("runtime: %w", err)
	}
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("runtime: %w", err)
	}
	n := &Network{
		layers: layer.New(m),
		model:  *outline(m),
		in:     m.Input.Size(),
		widest: m.Input.Size(),
		analog: m.Input.Encoder.Analog(),
		counts: m.CountLimit(),
	}
	for _, l := range n.layers {
		if l != nil {
			n.widest = max(n.widest, l.Room())
			n.analog = n.analog || l.Analog() || !l.Spikes()
		}
	}
	last := &m.Layers[len(m.Layers)-1]
	n.out = last.OutSize()
	n.bias = model.Broadcast(last.Bias, n.out)
	return n, nil
}

// outline returns a copy of m without weights and self-test.
func outline(m *model.Network) *model.Network {
	o := *m
	o.SelfTest = nil
	o.Metadata, o.Classes = maps.Clone(m.Metadata), slices.Clone(m.Classes)
	o.Input.Shape = slices.Clone(m.Input.Shape)
	if t := m.Input.Encoder.Threshold; t != nil {
		threshold := *t
		o.Input.Encoder.Threshold = &threshold
	}
	o.Layers = slices.Clone(m.Layers)
	for i := range o.Layers {
		l := &o.Layers[i]
		l.Weight = model.Tensor{Shape: slices.Clone(l.Weight.Shape), Integer: l.Weight.Integer}
		if l.Recurrent != nil {
			l.Recurrent = &model.Tensor{Shape: slices.Clone(l.Recurrent.Shape), Integer: l.Recurrent.Integer}
		}
		l.From, l.In, l.Out = slices.Clone(l.From), slices.Clone(l.In), slices.Clone(l.Out)
		for _, p := range []*[]float32{&l.Current, &l.Synapse, &l.Decay, &l.Bias, &l.Theta, &l.Initial} {
			*p = slices.Clone(*p)
		}
	}
	return &o
}

// Model returns what was compiled, but for the weights and the self-test: names,
// shapes, the parameters of neurons, input and readout. It is shared and must not
// be changed.
func (n *Network) Model() *model.Network { return &n.model }

// Classes returns the names of the classes, one an output, or none. They are
// shared and must not be changed.
func (n *Network) Classes() []string { return n.model.Classes }

// Input returns what the network takes in: its New makes an input to fill. The
// shape is shared and must not be changed.
func (n *Network) Input() model.Input { return n.model.Input }

// Readout returns how the class follows from the last layer, and the margin that
// the model recommends for early decisions.
func (n *Network) Readout() model.Readout { return n.model.Readout }

// InSize returns the number of input channels.
func (n *Network) InSize() int { return n.in }

// OutSize returns the number of outputs, one a class.
func (n *Network) OutSize() int { return n.out }

// Layers returns the number of layers of the model, those without neurons
// included.
func (n *Network) Layers() int { return len(n.layers) }

// Steps returns the model's default presentation in time steps.
func (n *Network) Steps() int { return n.model.Steps }

// Kernel returns the name of the tier that runs the network, such as "generic".
func (n *Network) Kernel() string { return asm.Tier() }
