// Package runtime runs trained networks: Compile lays a model out for this
// CPU, a Session holds the state of one stream and steps it or classifies
// whole spike trains.
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
	layers  []*layer.Layer
	in, out int
	steps   int
	widest  int  // inputs of the widest layer
	analog  bool // the input or a layer is analog
	readout model.ReadoutKind

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
		layers:  make([]*layer.Layer, len(m.Layers)),
		in:      m.Input.Size(),
		out:     m.Layers[len(m.Layers)-1].OutSize(),
		steps:   m.Steps,
		analog:  m.Input.Encoder.Analog(),
		readout: m.Readout.Kind,
	}
	for i := range m.Layers {
		n.layers[i] = layer.New(&m.Layers[i])
		n.widest = max(n.widest, n.layers[i].In)
		n.analog = n.analog || !n.layers[i].Spikes()
	}
	return n, nil
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
