// Package runtime runs trained networks.
//
// Compile lays a model out for this CPU, once; the Network is immutable and
// shared by all goroutines. What changes is in a Session, one a stream:
//
//	net, err := runtime.Compile(m)         // of export.ReadFile
//	s := net.NewSession()
//	r, err := s.Classify(x)                // a spike.Train from the initial state
//	r, err = s.ClassifyEarly(x, m.Readout.Margin)
//
//	err = s.Step(spikes)                   // or live, step by step
//	r = s.Result()                         // after any of them
//	s.Reset()                              // the initial state
//
// After each step Session.Spikes, Membrane and Outputs show every layer, and
// Stats the work. Inputs that are real numbers go in by the methods with Values
// in their name. A Batch runs many inputs at once, faster; a Readout decides over
// a window of a stream whose membranes run on.
//
// All ways give the same bits, on every CPU: Verify proves it with the self-test
// of a model file. Steps allocate nothing. No input makes the package panic;
// inputs of a wrong size, and values that are not finite, are errors.
package runtime

import (
	"fmt"
	"sync"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/internal/layer"
	"github.com/snurun/snurun/model"
)

// Network is a model laid out for the kernels of this CPU. It is immutable;
// any number of sessions on any number of goroutines may share it.
type Network struct {
	layers  []*layer.Layer // as in the model; nil for one without neurons
	in, out int
	steps   int
	widest  int  // the most inputs of a layer in a step
	analog  bool // the input or a layer is analog
	readout model.ReadoutKind
	bias    []float32 // of the last layer, one an output

	panels   sync.Once      // for inPanels
	inPanels []*layer.Layer // the layers laid out for batches
}

// Compile validates m and lays it out. m is not kept and may be changed
// afterwards. It is an asm.ErrTier if SNURUN_SIMD asks for kernels that this
// CPU does not have.
func Compile(m *model.Network) (*Network, error) {
	if err := asm.Err(); err != nil {
		return nil, fmt.Errorf("runtime: %w", err)
	}
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("runtime: %w", err)
	}
	n := &Network{
		layers:  layer.New(m),
		in:      m.Input.Size(),
		steps:   m.Steps,
		widest:  m.Input.Size(),
		analog:  m.Input.Encoder.Analog(),
		readout: m.Readout.Kind,
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

// InSize returns the number of input channels.
func (n *Network) InSize() int { return n.in }

// OutSize returns the number of outputs, one a class.
func (n *Network) OutSize() int { return n.out }

// Layers returns the number of layers of the model, those without neurons
// included.
func (n *Network) Layers() int { return len(n.layers) }

// Steps returns the model's default presentation in time steps.
func (n *Network) Steps() int { return n.steps }

// Kernel returns the name of the tier that runs the network, such as "generic".
func (n *Network) Kernel() string { return asm.Tier() }
