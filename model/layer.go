package model

// Kind names how a layer connects its inputs and whether it keeps state.
type Kind string

// The kinds of layer.
const (
	SNU   Kind = "snu"   // fully connected units with a membrane
	Dense Kind = "dense" // fully connected, stateless: s = g(c + W x); passes s on
)

// Activation names the function g.
type Activation string

// The activations.
const (
	Identity  Activation = "identity"   // g(p) = p: a leaky integrate-and-fire neuron
	ReLU      Activation = "relu"       // g(p) = p if p > 0, else 0 (the paper)
	LeakyReLU Activation = "leaky_relu" // g(p) = p if p > 0, else slope·p (neuroaikit)
	ELU       Activation = "elu"        // g(p) = p if p > 0, else exp(p) − 1 (the blog)
)

// Output names what a layer passes on.
type Output string

// The outputs.
const (
	Step    Output = "step"    // y = 1 if u > 0, else 0: spikes (SNU)
	Sigmoid Output = "sigmoid" // y = 1/(1 + exp(−u)): analog (soft SNU, sSNU)
	None    Output = "none"    // the membrane s itself is passed on, there is no y
)

// Reset names how an output acts back on its membrane.
type Reset string

// The resets. p is what g is applied to; y is the neuron's output one step ago.
const (
	ResetZero     Reset = "zero"     // p = a + (l·s)·(1 − y); after a hard spike p = a
	ResetSubtract Reset = "subtract" // p = (a + l·s) − θ·y
	ResetLateral  Reset = "lateral"  // p = a + (l·s)·(1 − max_k y_k): one spike resets the whole layer
	ResetNone     Reset = "none"     // p = a + l·s
)

// Layer is one layer, field for field as in the model file. A parameter that
// belongs to a neuron holds one value for all neurons or one each; an absent
// one counts as 0.
type Layer struct {
	Name       string
	Kind       Kind
	In, Out    []int // shapes of one time step
	Activation Activation
	Slope      float32 // of leaky_relu
	Output     Output
	Reset      Reset

	Weight    Tensor    // W [out, in]
	Recurrent *Tensor   // H [out, out], nil without recurrence
	Current   []float32 // c
	Decay     []float32 // l = 1 − Δt/τ, in [0, 1]
	Bias      []float32 // b
	Theta     []float32 // θ of reset subtract
	Initial   []float32 // s before the first step
}

// InSize returns the number of inputs.
func (l *Layer) InSize() int { return volume(l.In) }

// OutSize returns the number of neurons.
func (l *Layer) OutSize() int { return volume(l.Out) }

// Spikes reports whether the layer passes spikes on, not analog values.
func (l *Layer) Spikes() bool { return l.Output == Step }

// Parameters returns the number of stored parameters.
func (l *Layer) Parameters() int {
	n := l.Weight.Len()
	if l.Recurrent != nil {
		n += l.Recurrent.Len()
	}
	for _, p := range l.vectors() {
		n += len(p.values)
	}
	return n
}

type namedVector struct {
	name   string
	values []float32
}

func (l *Layer) vectors() []namedVector {
	return []namedVector{
		{"current", l.Current},
		{"decay", l.Decay},
		{"bias", l.Bias},
		{"theta", l.Theta},
		{"initial", l.Initial},
	}
}

// Broadcast returns one value a neuron from a parameter of length 0, 1 or n.
func Broadcast(p []float32, n int) []float32 {
	out := make([]float32, n)
	switch len(p) {
	case 0:
	case 1:
		for i := range out {
			out[i] = p[0]
		}
	default:
		copy(out, p)
	}
	return out
}
