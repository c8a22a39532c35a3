// Package model says what a network is: its layers, parameters, readout and
// input coding, and whether they fit together. Nothing in it runs.
//
// The unit is the Spiking Neural Unit (Woźniak et al., arXiv:1812.07040). One
// layer computes, for output neuron j at time step t, in float32, every
// operation rounded on its own:
//
//	a_j = ((c_j + Σ_i W[j,i]·x_i) + Σ_k H[j,k]·y_k(t−1))   i, then k, ascending; silent inputs skipped
//	p_j = a_j + (l_j·s_j(t−1))·(1 − y_j(t−1))              Reset says how y gates the membrane
//	s_j = g(p_j)
//	u_j = s_j + b_j
//	y_j = 1 if u_j > 0, else 0                              Output says how y follows from u
//
// s is the membrane, y the spike, l the decay, b the bias (a firing threshold
// V_th is b = −V_th), c a constant input current. A layer with a synaptic
// current (CUBA-LIF) puts q_j = a_j + α_j·q_j(t−1), from q = 0 on, in place of
// a_j.
//
// What comes in at a step is a list of entries (i, x): the spikes (x = 1) or the
// values other than 0 that the layer before passes on, i ascending in its shape
// [channels, height, width]. Of several layers (Layer.From) the lists follow each
// other, and an input that occurs twice is added twice. A flatten layer passes
// its list on; sum and average pooling replace each entry (i, x) by (k, x·scale)
// for each window k that i lies in, k ascending; max pooling lists the windows
// with a spike, ascending. The sum over i runs over the list in its order. Where
// W[j,i] is a convolution's weight it is that from i's place in the window of j,
// and an entry outside of the window, or of another group, is skipped.
package model

import (
	"math"

	"github.com/snurun/snurun/spike"
)

// Network is a complete spiking network as it is stored in a model file.
type Network struct {
	Name      string
	CreatedBy string         // program and version that wrote the file
	Metadata  map[string]any // values are string or float64
	Steps     int            // default presentation, in time steps
	Input     Input
	Classes   []string // one name an output neuron, or none
	Layers    []Layer
	Readout   Readout
	SelfTest  *SelfTest // nil if the model carries none
}

// Input describes what one time step of input is and how raw data become it.
type Input struct {
	Shape   []int  // [n], or [channels, height, width]
	Dt      Millis // length of a time step
	Encoder Encoder
}

// Step returns the length of a time step: that of a bin where events come in, else
// Dt. A file may say both; a recorded event is at its place in the bins.
func (in Input) Step() Millis {
	if in.Encoder.Coding == Events && in.Encoder.BinUS > 0 {
		return FromMicros(in.Encoder.BinUS)
	}
	return in.Dt
}

// Size returns the number of input channels.
func (in Input) Size() int { return volume(in.Shape) }

// New returns a silent input of a number of time steps, of the kind that the
// encoder yields.
func (in Input) New(steps int) spike.Input {
	if in.Encoder.Analog() {
		return spike.NewValues(steps, in.Size())
	}
	return spike.NewTrain(steps, in.Size())
}

// Coding names how values become spikes.
type Coding string

// The codings: how an intensity x in [0,1], or an event stream, becomes the
// input of each time step.
const (
	Poisson Coding = "poisson" // a spike with probability rate·Δt·x a step
	Latency Coding = "latency" // one spike, the earlier the larger x
	Direct  Coding = "direct"  // x itself at every step, analog
	Events  Coding = "events"  // events binned into steps
)

// Encoder is the input coding of a network. Fields that a coding does not use
// are zero.
type Encoder struct {
	Coding Coding

	// RateHz is the firing rate of intensity 1 (poisson).
	RateHz float64
	// Threshold, if set: an intensity in [0,1] above it fires, at the full rate
	// (poisson) or at the step that follows from it (latency); any other is
	// silent.
	Threshold *float64

	// BinUS is the length of a bin in µs, in which events are dated (events). It
	// says when a step is over; Input.Step is the same in ms.
	BinUS float64
	// Counts passes the number of events of a channel and step on as an
	// analog value; otherwise more than one event counts as one spike (events).
	Counts bool
}

// Analog reports whether the encoder yields real values instead of spikes.
func (e Encoder) Analog() bool { return e.Coding == Direct || e.Coding == Events && e.Counts }

// WholeBin reports whether BinUS is a whole number of at least 1: events are dated
// in whole microseconds.
func (e Encoder) WholeBin() bool {
	return e.BinUS >= 1 && e.BinUS <= 1<<53 && e.BinUS == math.Trunc(e.BinUS)
}

// ReadoutKind names how the last layer's outputs become scores.
type ReadoutKind string

// The readouts. The class is the largest score; a tie goes to the larger u of
// the last step, then to the lower index.
const (
	SpikeCount  ReadoutKind = "spike_count"  // Σ_t y_j
	MembraneSum ReadoutKind = "membrane_sum" // Σ_t s_j, t ascending; last layer does not spike
	MembraneMax ReadoutKind = "membrane_max" // max_t s_j; last layer does not spike
	FirstSpike  ReadoutKind = "first_spike"  // 1/t for the first spike at step t, from 1; 0 without one
)

// Readout is how a class follows from the last layer.
type Readout struct {
	Kind ReadoutKind
	// Margin is how far the leading score should be ahead of all others for an
	// early decision, in units of the score; 0 if there is no recommendation.
	Margin float32
}

// SelfTest is inputs and the digest of everything they must cause, so that a
// board can prove that it computes what the trainer computed. All inputs are of
// the kind of the network's.
type SelfTest struct {
	Inputs []spike.Input
	Digest [32]byte // SHA-256, see runtime.Digest
}

// Parameters returns the number of stored parameters.
func (n *Network) Parameters() int {
	total := 0
	for i := range n.Layers {
		total += n.Layers[i].Parameters()
	}
	return total
}

// Neurons returns the number of neurons in all layers.
func (n *Network) Neurons() int {
	total := 0
	for i := range n.Layers {
		if n.Layers[i].HasNeurons() {
			total += n.Layers[i].OutSize()
		}
	}
	return total
}

// volume multiplies a shape; a network's shapes are validated before use, so
// the product fits an int.
func volume(shape []int) int {
	v := 1
	for _, d := range shape {
		v *= d
	}
	return v
}
