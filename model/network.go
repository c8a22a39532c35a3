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
// V_th is b = −V_th), c a constant input current. A layer that counts spikes passes
// on y times what one of them counts. A layer with a synaptic
// current (CUBA-LIF) puts q_j = a_j + α_j·q_j(t−1), from q = 0 on, in place of
// a_j.
//
// What comes in at a step is a list of entries (i, x): the spikes (x = 1) or the
// values other than 0 that the layer before passes on, i ascending in its shape
// [channels, height, width]. Of several layers (Layer.From) the lists follow each
// other, and an input that occurs twice is added twice. A flatten layer passes
// its list on; sum and average pooling replace each entry (i, x) by (k, x·scale)
// for each window k that i lies in, k ascending; max pooling lists the windows
// whose largest value, counting 0 for an input that is not listed, is not 0, with
// that value, k ascending. The sum over i runs over the list in its order. Where
// W[j,i] is a convolution's weight it is that from i's place in the window of j,
// and an entry outside of the window, or of another group, is skipped.
//
// A layer whose weights are integer (Tensor.Integer) takes spikes, or counts of
// events, and computes in place of a_j
//
//	N_j = Σ_i q[j,i]·x_i            exact; q in −127 … 127, |N_j| < 2²⁴
//	M_j = Σ_k r[j,k]·y_k(t−1)       exact, if it is recurrent
//	a_j = (c_j + (scale_j·f)·N_j) + rscale_j·M_j
//
// where f is the product of the factors of average pooling in front of it, from
// the first on, and x_i is what came in without them.
package model

import "github.com/snurun/snurun/spike"

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

// Step returns the length of a time step: that of a bin where events come in, that
// of a hop of sound, else Dt. A file may say both; a recorded event is at its place
// in the bins.
func (in Input) Step() Millis {
	if in.Encoder.Coding == Events && in.Encoder.BinUS > 0 {
		return FromMicros(in.Encoder.BinUS)
	}
	if in.Encoder.Sound != nil {
		return in.Encoder.Sound.Step()
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
