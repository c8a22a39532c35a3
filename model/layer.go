package model

// Kind names how a layer connects its inputs and whether it keeps state.
type Kind string

// The kinds of layer. The last two have no neurons: they say how what comes in
// reaches the next layer.
const (
	SNU     Kind = "snu"     // fully connected units with a membrane
	Dense   Kind = "dense"   // fully connected, stateless: s = g(c + W x); passes s on
	Conv2D  Kind = "conv2d"  // units with a membrane in planes [channels, height, width]; a channel shares its weights
	Pool2D  Kind = "pool2d"  // windows of a plane pass on as one
	Flatten Kind = "flatten" // another shape for the same values
)

// Activation names the function g.
type Activation string

// The activations.
const (
	Identity  Activation = "identity"   // g(p) = p: a leaky integrate-and-fire neuron
	ReLU      Activation = "relu"       // g(p) = p if p > 0, else 0 (the paper)
	LeakyReLU Activation = "leaky_relu" // g(p) = p if p > 0, else slope·p (neuroaikit)
	ELU       Activation = "elu"        // g(p) = p if p > 0, else exp(p) − 1 (the blog)
	Clipped   Activation = "clipped"    // g(p) = p if p > floor, else floor (Sinabs' min_v_mem)
)

// Output names what a layer passes on.
type Output string

// The outputs.
const (
	Step    Output = "step"    // y = 1 if u > 0, else 0: spikes (SNU)
	Sigmoid Output = "sigmoid" // y = 1/(1 + exp(−u)): analog (soft SNU, sSNU)
	None    Output = "none"    // the membrane s itself is passed on, there is no y
	// Count is several spikes a step: y = value·min(⌊s/θ⌋, most) if s ≥ θ, else 0, for
	// the threshold θ = −b (Sinabs, Rockpool, snnTorch's graded spikes).
	Count Output = "count"
)

// Reset names how an output acts back on its membrane.
type Reset string

// The resets. p is what g is applied to; y is the neuron's output one step ago,
// of output count the number of spikes.
const (
	ResetZero     Reset = "zero"     // p = a + (l·s)·(1 − y); after hard spikes p = a
	ResetSubtract Reset = "subtract" // p = (a + l·s) − θ·y
	ResetLateral  Reset = "lateral"  // p = a + (l·s)·(1 − max_k y_k): one spike resets the whole layer
	ResetNone     Reset = "none"     // p = a + l·s
	// ResetRefractory loses the step after a spike: p = (a + l·s)·(1 − y) (snnTorch's
	// reset_mechanism="zero" of Synaptic and RLeaky).
	ResetRefractory Reset = "refractory"
	// ResetLagged is subtract, but a neuron whose membrane was still above its
	// threshold after a spike, s + b·y > −b, fires only if u + b > 0 in the next step
	// (snnTorch's "subtract" with reset_delay=False).
	ResetLagged Reset = "lagged"
)

// Pooling names what a window of a pool2d layer passes on.
type Pooling string

// The poolings. A value x of the input lies in one window or, where windows
// overlap, in several.
const (
	SumPool Pooling = "sum" // each x, as it is
	AvgPool Pooling = "avg" // each x, times 1/(height·width) of the window; zeros of the padding count
	MaxPool Pooling = "max" // the largest, of spikes a spike if there is any; padding does not count
)

// Window is how the window of a conv2d or pool2d layer moves over the plane of
// its input: [height, width] each.
type Window struct {
	Kernel   [2]int // extent; of conv2d that of its weights
	Stride   [2]int
	Padding  [2]int // rows and columns of silence on each side of the plane
	Dilation [2]int // distance between the inputs that it sees; 1 for pool2d
}

// Steps returns how many positions the window has along one axis, 0 for
// height and 1 for width, of a plane of a size:
// (size + 2·padding − dilation·(kernel − 1) − 1)/stride + 1. It is 0 for a
// window that does not fit or does not move.
func (w *Window) Steps(axis, size int) int {
	room := size + 2*w.Padding[axis] - w.Reach(axis)
	if room < 0 || w.Stride[axis] < 1 {
		return 0
	}
	return room/w.Stride[axis] + 1
}

// Reach returns the extent of the window along an axis, dilation included.
func (w *Window) Reach(axis int) int { return w.Dilation[axis]*(w.Kernel[axis]-1) + 1 }

// Layer is one layer, field for field as in the model file. A parameter that
// belongs to a neuron holds one value for all neurons, one a channel (conv2d)
// or one each; an absent one counts as 0.
type Layer struct {
	Name string
	Kind Kind
	// From lists the layers whose outputs come in, by index, each once; −1 is the
	// network's input. Several are added up (a residual connection). Empty stands
	// for the layer before.
	From       []int
	In, Out    []int // shapes of one time step
	Activation Activation
	Slope      float32 // of leaky_relu
	Floor      float32 // of clipped
	Output     Output
	MaxSpikes  int     // of output count: the most a step, 0 for MaxSpikes
	SpikeValue float32 // of output count: what one counts, 0 for 1
	Reset      Reset

	Window Window  // of conv2d and pool2d
	Groups int     // of conv2d: output channels see only the input channels of their group
	Pool   Pooling // of pool2d

	Weight    Tensor    // W [out, in]; of conv2d [channels out, channels in / groups, height, width]
	Recurrent *Tensor   // H [out, out], nil without recurrence
	Current   []float32 // c
	Synapse   []float32 // α, in [0, 1]: the input current decays; absent, it lasts one step
	Decay     []float32 // l = 1 − Δt/τ, in [0, 1]
	Bias      []float32 // b
	Theta     []float32 // θ of resets subtract and lagged
	Initial   []float32 // s before the first step
}

// InSize returns the number of inputs.
func (l *Layer) InSize() int { return volume(l.In) }

// OutSize returns the number of neurons, or of values that a layer without
// neurons passes on.
func (l *Layer) OutSize() int { return volume(l.Out) }

// HasNeurons reports whether the layer computes; a pool2d or flatten layer only
// passes on.
func (l *Layer) HasNeurons() bool {
	spec := l.Kind.Spec()
	return spec == nil || spec.Neurons
}

// Spikes reports whether the layer has neurons that pass spikes on, at most one a
// step, not analog values or counts.
func (l *Layer) Spikes() bool { return l.HasNeurons() && l.Output == Step }

// Inputs returns From, with the default of layer i filled in.
func (l *Layer) Inputs(i int) []int {
	if len(l.From) == 0 {
		return []int{i - 1}
	}
	return l.From
}

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

// Integer reports whether the layer sums its weights as integers.
func (l *Layer) Integer() bool { return l.Weight.Integer }

type namedVector struct {
	name   string
	values []float32
}

func (l *Layer) vectors() []namedVector {
	return []namedVector{
		{"current", l.Current},
		{"synapse", l.Synapse},
		{"decay", l.Decay},
		{"bias", l.Bias},
		{"theta", l.Theta},
		{"initial", l.Initial},
	}
}

// Broadcast returns one value for each of the n neurons of a layer from a
// parameter of that layer, which must be valid: one value for all, one a channel
// or one each, or none.
func Broadcast(p []float32, n int) []float32 {
	out := make([]float32, n)
	if len(p) == 0 {
		return out
	}
	shared := n / len(p) // the neurons of a channel follow each other
	for j := range out {
		out[j] = p[j/shared]
	}
	return out
}
