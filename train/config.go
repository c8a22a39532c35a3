package train

import (
	"errors"
	"fmt"
	"math"

	"github.com/snurun/snurun/model"
)

// Config says how a network is trained. Defaults returns a good start.
type Config struct {
	Epochs  int
	Batch   int    // samples a parameter update
	Seed    uint64 // of the samples' order and noise, dropout and initial membranes; Topology.New takes one for weights
	Threads int    // goroutines; the result does not depend on it

	// Context names what else the training depends on, such as the augmentation
	// of its samples. A checkpoint is only taken in the same context.
	Context string

	Frozen bool // the same input noise and augmentation for a sample in every epoch

	Surrogate   Surrogate
	DetachReset bool // no gradient through the reset; there is never one through a lateral reset

	// ErrorClip, if not 0, bounds what recurrent weights hand back: of a step's
	// error δ whose Euclidean norm is larger, for one sample's loss, they pass only
	// δ scaled down to it to the step before. Where the surrogate is wide, H and
	// the decay together are more than 1, and errors would grow from step to step.
	ErrorClip float64

	// RecurrentRate is the learning rate of recurrent weights, as a share of that of
	// the others: what one of them changes comes back to it at every later step.
	// A recurrent network wants one above 0.
	RecurrentRate float64

	// DecayRate is the learning rate of decays, as a share of that of the others: near
	// 1 a small change of a decay is a large one of its time constant.
	DecayRate float64

	// Clip, if not 0, is the largest Euclidean norm of an update's gradient, that
	// of all parameters together; one that is longer is scaled down to it.
	Clip float64

	Weights WeightTraining
	// Prune is the share of the weights of fully connected hidden layers that are 0 in
	// the end, in blocks of 64 neighbouring neurons for an input: those whose sum of
	// magnitudes is the smallest die before the first 60 % of the epochs, few by few.
	Prune float64

	// Window, if not 0, is the number of steps through which errors go back in
	// sequences with targets step by step: longer ones run window after window, with
	// an update each, the state carried on (truncated back-propagation through time).
	Window int

	// Dropout is the share of hidden spikes, or of outputs of soft units, that do not
	// reach other layers; those of recurrent weights do.
	Dropout      float64
	InitialNoise float64 // standard deviation of random initial membranes, drawn anew for each sample from 4096 normal numbers

	// SpikeCost is what one hidden spike costs its sample, or its step where each is
	// decided; it enters the gradient,
	// not the reported loss, and rises linearly from 0 over CostRamp epochs.
	SpikeCost float64
	CostRamp  float64

	// ClassWeights, if there are any, are the factors of the loss of a sample of each
	// class; nil stands for 1.
	ClassWeights []float64

	Loss      Loss
	Optimizer Optimizer
	Schedule  Schedule
	Decay     DecayTraining
	Theta     ThetaTraining
}

// Defaults returns the configuration that trains jittered MNIST well.
func Defaults() Config {
	return Config{
		Epochs:    10,
		Batch:     64,
		Seed:      1,
		Threads:   1,
		Surrogate: Surrogate{Triangle, 1},
		Loss:      Loss{Kind: CrossEntropy, Scale: 0.5},
		Optimizer: Optimizer{Kind: Adam, Rate: 4e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8},
		Schedule:  Schedule{Kind: Cosine},
		Decay:     PerNeuron,
		Theta:     Threshold,
		Weights:   Float32,

		ErrorClip:     0.1,
		RecurrentRate: 0.1,
		DecayRate:     1,
	}
}

// classWeight returns the factor of the loss of a sample.
func (c *Config) classWeight(label int) float32 {
	if len(c.ClassWeights) == 0 {
		return 1
	}
	return float32(c.ClassWeights[label])
}

// spikeCost returns the cost of a hidden spike at an epoch, which may be
// fractional.
func (c *Config) spikeCost(epoch float64) float32 {
	if epoch < c.CostRamp {
		return float32(float64(c.SpikeCost*epoch) / c.CostRamp)
	}
	return float32(c.SpikeCost)
}

// DecayTraining says whether the decay l is learned.
type DecayTraining string

// How the decay is learned; it is kept between 0 and 1.
const (
	Fixed     DecayTraining = "fixed"
	PerNeuron DecayTraining = "neuron"
	PerLayer  DecayTraining = "layer"
)

// ThetaTraining says what reset subtract takes off a membrane.
type ThetaTraining string

// What θ is, if the reset is subtract.
const (
	FixedTheta ThetaTraining = "fixed"     // what it was
	Threshold  ThetaTraining = "threshold" // −b of the neuron, which is learned: what other frameworks and NIR mean
)

func (c *Config) validate() error {
	switch {
	case c.Epochs < 1:
		return fmt.Errorf("train: epochs is %d, expected at least 1", c.Epochs)
	case c.Window < 0:
		return fmt.Errorf("train: window is %d steps, expected 0 or more", c.Window)
	case c.Prune > 0 && float64(c.Epochs-1) < pruneUntil*float64(c.Epochs):
		return fmt.Errorf("train: prune is %v in %d epochs, expected at least 3 to prune in", c.Prune, c.Epochs)
	case c.Batch < 1 || c.Batch > 1<<16:
		return fmt.Errorf("train: batch is %d, expected 1 to 65536", c.Batch)
	case c.Schedule.Warmup >= float64(c.Epochs):
		return fmt.Errorf("train: warm-up is %v epochs of %d, expected fewer", c.Schedule.Warmup, c.Epochs)
	case c.Threads < 1:
		return fmt.Errorf("train: threads is %d, expected at least 1", c.Threads)
	}
	for _, p := range []struct {
		name  string
		value float64
		to    float64
	}{
		{"dropout", c.Dropout, 0.99}, {"prune", c.Prune, 0.99}, {"initial noise", c.InitialNoise, 1e6}, {"clip", c.Clip, math.MaxFloat32},
		{"error clip", c.ErrorClip, math.MaxFloat32}, {"recurrent rate", c.RecurrentRate, 1e6}, {"decay rate", c.DecayRate, 1e6}, {"spike cost", c.SpikeCost, 1e6}, {"cost ramp", c.CostRamp, 1e6},
	} {
		if !(p.value >= 0 && p.value <= p.to) {
			return fmt.Errorf("train: %s is %v, expected 0 to %v", p.name, p.value, p.to)
		}
	}
	for i, w := range c.ClassWeights {
		if !(w >= 0 && w <= 1e6) {
			return fmt.Errorf("train: weight of class %d is %v, expected 0 to 1e6", i, w)
		}
	}
	switch c.Decay {
	case Fixed, PerNeuron, PerLayer:
	default:
		return fmt.Errorf("train: decay %q is unknown, expected fixed, neuron or layer", c.Decay)
	}
	switch c.Theta {
	case FixedTheta, Threshold:
	default:
		return fmt.Errorf("train: theta %q is unknown, expected fixed or threshold", c.Theta)
	}
	switch c.Weights {
	case Float32, Int8, "":
	default:
		return fmt.Errorf("train: weights %q are unknown, expected float32 or int8", c.Weights)
	}
	for _, err := range []error{c.Surrogate.validate(), c.Loss.validate(), c.Optimizer.validate(), c.Schedule.validate()} {
		if err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	return nil
}

// Topology describes a feed-forward network to be trained from scratch: planes,
// if any, then fully connected hidden layers. All of them are alike.
type Topology struct {
	Input      model.Input
	Steps      int
	Planes     []Plane
	Hidden     []int
	Units      []Unit // of hidden layers that differ from the others; may have fewer than Hidden
	Classes    []string
	Activation model.Activation
	Slope      float32 // of leaky_relu
	Soft       bool    // soft SNU: outputs are sigmoids
	Recurrent  bool    // hidden layers feed back on themselves
	Reset      model.Reset
	Theta      float32 // of reset subtract; 0 stands for the initial threshold, −Bias
	Decay      float32
	// DecaySpread, if above 1, gives the neurons of a hidden layer time constants
	// −1/ln l from those of Decay divided by it to those multiplied by it, evenly in
	// their logarithm.
	DecaySpread float64
	Bias        float32 // initial bias of spiking layers
	BiasSpread  float32 // drawn uniformly from Bias ± BiasSpread
	Readout     model.ReadoutKind
	// ReadoutDecay, if above 0, is the initial decay of the membranes that a last layer
	// without spikes has then.
	ReadoutDecay float32

	Init Init

	// For Init Firing: Active and ActiveHidden are the numbers of spikes a step
	// that the input and a hidden layer, or the window of a convolution on
	// another, are expected to have. Weights are drawn from N(0, Gain/√active),
	// so that a membrane's first step has the standard deviation Gain; a start
	// that is silent stays silent. The n² recurrent weights of a layer are drawn
	// from N(0, RecurrentGain/√n), so that RecurrentGain is their spectral radius.
	Active        float64
	ActiveHidden  float64
	Gain          float64
	RecurrentGain float64
}

// Init names how weights are drawn.
type Init string

// The initialisations.
const (
	Firing Init = "firing" // N(0, Gain/√active): membranes reach the threshold from the start
	Glorot Init = "glorot" // uniform ±√(6/(in + out)), Glorot & Bengio 2010
)

// DefaultTopology returns a network of the blog's size for an input: hidden layers
// 256-256-256. A spike takes the threshold that units begin with off the membrane,
// which is not bounded below: what came in before is not lost by a spike, as it is
// with reset zero, nor forgotten below −1, as it is with ELU. It expects 2 % of the
// inputs active in a step: where Activity measures another number, training may
// begin silent or saturated.
func DefaultTopology(in model.Input, steps int, classes []string) Topology {
	return Topology{
		Input: in, Steps: steps, Classes: classes,
		Hidden:        []int{256, 256, 256},
		Activation:    model.Identity,
		Reset:         model.ResetSubtract,
		Decay:         0.9,
		Bias:          -0.5,
		Readout:       model.SpikeCount,
		Init:          Firing,
		Active:        max(1, 0.02*float64(in.Size())),
		ActiveHidden:  38,
		Gain:          0.2,
		RecurrentGain: 0.4,
	}
}

// maxNeurons bounds a layer that is drawn.
const maxNeurons = 1 << 16

// New draws an untrained network.
func (p Topology) New(seed uint64) (*model.Network, error) {
	switch {
	case p.Init != Firing && p.Init != Glorot:
		return nil, fmt.Errorf("train: initialisation %q is unknown, expected firing or glorot", p.Init)
	case p.Steps < 1 || p.Steps > model.MaxSteps:
		return nil, fmt.Errorf("train: steps is %d, expected 1 to %d", p.Steps, model.MaxSteps)
	case len(p.Classes) == 0:
		return nil, errors.New("train: there are no classes, expected a name for each output")
	case p.DecaySpread != 0 && !(p.DecaySpread >= 1 && p.DecaySpread <= 1e6 && p.Decay > 0 && p.Decay < 1):
		return nil, fmt.Errorf("train: decay spread is %v around a decay of %v, expected 1 to 1e6 around one between 0 and 1", p.DecaySpread, p.Decay)
	case p.DecaySpread > 1 && len(p.Hidden) == 0:
		return nil, fmt.Errorf("train: decay spread is %v, but there is no fully connected hidden layer whose neurons it could tell apart", p.DecaySpread)
	case p.Theta < 0 || p.Theta-p.Theta != 0:
		return nil, fmt.Errorf("train: theta is %v, expected 0 or more", p.Theta)
	case p.Reset == model.ResetSubtract && p.Theta == 0 && !(p.Bias < 0):
		return nil, fmt.Errorf("train: reset subtract takes the threshold −bias off, but the bias is %v, expected one below 0", p.Bias)
	case !(p.RecurrentGain >= 0) || p.RecurrentGain > math.MaxFloat32:
		return nil, fmt.Errorf("train: recurrent gain is %v, expected 0 or more", p.RecurrentGain)
	case !(p.Gain > 0 && p.Active > 0 && p.ActiveHidden > 0):
		return nil, fmt.Errorf("train: gain %v, active inputs %v and active hidden neurons %v, expected numbers above 0", p.Gain, p.Active, p.ActiveHidden)
	}
	if _, err := volume(p.Input.Shape); err != nil {
		return nil, fmt.Errorf("train: input: %w", err)
	}
	m := &model.Network{
		Steps: p.Steps, Input: p.Input, Classes: p.Classes,
		Readout: model.Readout{Kind: p.Readout},
	}
	if len(p.Units) > len(p.Hidden) {
		return nil, fmt.Errorf("train: %d units for %d hidden layers", len(p.Units), len(p.Hidden))
	}
	for i, n := range p.Hidden {
		if u := p.unit(i); u.Reset == model.ResetSubtract && p.Theta == 0 && !(p.Bias < 0) {
			return nil, fmt.Errorf("train: hidden layer %d resets by subtraction of the threshold −bias, but the bias is %v, expected one below 0", i, p.Bias)
		}
		if n < 1 || n > maxNeurons {
			return nil, fmt.Errorf("train: a hidden layer of %d neurons, expected 1 to %d", n, maxNeurons)
		}
	}
	d := drawing{Topology: p, m: m, seed: seed, shape: p.Input.Shape, active: p.Active}
	for _, plane := range p.Planes {
		if err := d.plane(plane); err != nil {
			return nil, fmt.Errorf("train: plane %v: %w", plane, err)
		}
	}
	for i, n := range p.Hidden {
		d.Topology = p.unit(i)
		d.hidden(n)
	}
	d.Topology = p
	d.readout(len(p.Classes))
	if d.err != nil {
		return nil, fmt.Errorf("train: %w", d.err)
	}
	d.draw()
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return m, nil
}
