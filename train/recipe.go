package train

import (
	"fmt"
	"slices"
	"strings"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/dataset/sound"
	"github.com/snurun/snurun/model"
)

// Setup is everything that a training from scratch needs beside the data.
type Setup struct {
	Topology Topology
	Config   Config
	Augment  dataset.Augmentation // of the training samples
	Held     float64              // share of the training samples that is held out for choices
	Judging  dataset.Judging      // of targets step by step
	// Transpose is by how many semitones at most pieces of music are moved up and down,
	// each by each, for training.
	Transpose int
	// Sound is how the bank of filters is made that samples of sound go through.
	Sound sound.Design
	// Delta is how far apart the levels of the encoder series are, as a share of the
	// standard deviation of a channel in training.
	Delta    float64
	Prior    bool // begin with what Prior says
	KeepBest bool // keep the epoch that is best on the samples held out, not the last
}

// Recipe is a named, complete choice for inputs of one size.
type Recipe struct {
	Name string
	Doc  string // one line
	// Data is the kind of data set that it is made for, as in train --dataset; "" of any.
	Data string
	// Names are those of the outputs, where the data do not say them.
	Names []string

	setup func(shape []int, classes []string) Setup
}

// Setup returns the recipe's choices for input of a shape: [n], or [channels,
// height, width], which the recipes with convolutions need.
func (r Recipe) Setup(shape []int, classes []string) Setup { return r.setup(shape, classes) }

// Recipes returns all recipes; the first is the default.
func Recipes() []Recipe { return slices.Clone(recipes) }

// FindRecipe returns the recipe of a name.
func FindRecipe(name string) (Recipe, error) {
	var names []string
	for _, r := range recipes {
		if r.Name == name {
			return r, nil
		}
		names = append(names, r.Name)
	}
	return Recipe{}, fmt.Errorf("train: recipe %q is unknown, expected %s", name, strings.Join(names, ", "))
}

var recipes = []Recipe{
	{Name: "default", Doc: "the blog's input and size, trained well in 10 epochs", setup: setupDefault},
	{Name: "seed", Doc: "the blog's setting exactly, for comparison with its curve", setup: setupSeed},
	{Name: "best", Doc: "the best accuracy at the blog's input and size", setup: setupBest},
	{Name: "sparse", Doc: "as few hidden spikes as accuracy allows", setup: setupSparse},
	{Name: "tiny", Doc: "a digit in the fewest microseconds: 128 hidden neurons, integers, few spikes", setup: setupTiny},
	{Name: "paper", Doc: "the paper's rate coding of pixel intensities, 20 steps", setup: setupPaper},
	{Name: "neuroaikit", Doc: "784-250-250-10, the coding and loss of IBM's neuroaikit", setup: setupNeuroaikit},
	{Name: "mnist-conv", Doc: "a convolutional network on the paper's rate coding", setup: setupMNISTConv},
	{Name: "nmnist", Doc: "a convolutional network for recordings of an event camera", setup: setupNMNIST},
	{Name: "digits", Doc: "single words, as spoken digits: sound through a bank of filters", Data: "spoken", setup: setupDigits},
	{Name: "wand", Doc: "gestures and other short movements: values of a sensor by level crossings", Data: "folder", setup: setupWand},
	{Name: "jsb", Doc: "one recurrent layer of soft units that predicts the next step of a chorale", Data: "chorales", setup: setupJSB},
	{Name: "ecg", Doc: "the wave of a heartbeat at every step, from level crossings of two leads", Data: "sequences", Names: ecgWaves, setup: setupECG},
}

func setupDefault(shape []int, classes []string) Setup {
	return Setup{
		Topology: DefaultTopology(jittered(shape), 10, classes),
		Config:   Defaults(),
		Held:     1.0 / 12,
		Sound:    sound.Speech,
	}
}

// setupBlog is setupDefault with the blog's units, which the recipes that follow
// something published keep.
func setupBlog(shape []int, classes []string) Setup {
	p := setupDefault(shape, classes)
	t := &p.Topology
	t.Activation, t.Reset = model.ELU, model.ResetZero
	p.Config.Surrogate = Surrogate{Boxcar, 2}
	return p
}

// setupSeed follows github.com/takyamamoto/SNU_Chainer. Its metabolic cost is
// summed over the batch of 128 while the cross-entropy is averaged.
func setupSeed(shape []int, classes []string) Setup {
	p := setupBlog(shape, classes)
	p.Held = 0.2
	t := &p.Topology
	t.Decay, t.Init, t.Bias, t.BiasSpread = 0.8, Glorot, 0, 0.05
	c := &p.Config
	c.Epochs, c.Batch, c.Frozen, c.InitialNoise, c.Decay = 100, 128, true, 0.05, Fixed
	c.Surrogate = Surrogate{Boxcar, 1}
	c.Loss = Loss{Kind: CrossEntropy, Scale: 1, Metabolic: 0.01 * 128}
	c.Optimizer.Rate, c.Optimizer.L2 = 1e-4, 1e-4
	c.Schedule = Schedule{Kind: Halving, Every: 5}
	return p
}

func setupBest(shape []int, classes []string) Setup {
	p := setupDefault(shape, classes)
	p.Topology.Readout = model.MembraneSum
	p.Augment = dataset.Augmentation{Shift: 1, Rotate: 0.1, Elastic: 0.5}
	c := &p.Config
	c.Epochs, c.Batch, c.Loss.Prefix, c.Theta = 100, 256, 0.5, FixedTheta
	return p
}

func setupSparse(shape []int, classes []string) Setup {
	p := setupDefault(shape, classes)
	p.Topology.Readout = model.MembraneSum
	c := &p.Config
	c.Epochs, c.Loss.Prefix, c.Theta = 20, 0.5, FixedTheta
	c.SpikeCost, c.CostRamp = 6.5e-4, 10
	return p
}

// setupTiny learns on the integers that it runs on; a decision takes a margin.
func setupTiny(shape []int, classes []string) Setup {
	p := setupDefault(shape, classes)
	p.Topology.Readout, p.Topology.Hidden = model.MembraneSum, []int{128}
	p.Augment = dataset.Augmentation{Shift: 1, Rotate: 0.1}
	c := &p.Config
	c.Epochs, c.Batch, c.Loss.Prefix = 60, 128, 0.5
	c.Weights, c.SpikeCost, c.CostRamp = Int8, 1e-3, 20
	return p
}

func setupPaper(shape []int, classes []string) Setup {
	p := setupBlog(shape, classes)
	t := &p.Topology
	t.Input.Encoder = model.Encoder{Coding: model.Poisson, RateHz: 1000}
	t.Steps, t.Active = 20, 100
	p.Augment = dataset.Augmentation{Shift: 1, Rotate: 0.1, Elastic: 0.5}
	c := &p.Config
	c.Epochs, c.Surrogate = 20, Surrogate{Triangle, 1}
	return p
}

func setupNeuroaikit(shape []int, classes []string) Setup {
	p := setupBlog(shape, classes)
	t := &p.Topology
	t.Input.Encoder = model.Encoder{Coding: model.Poisson, RateHz: 300} // 6 spikes in 20 steps at full intensity
	t.Steps, t.Hidden, t.Active = 20, []int{250, 250}, 30
	c := &p.Config
	c.Epochs, c.Batch, c.Surrogate = 3, 15, Surrogate{TanhPrime, 1}
	c.Loss = Loss{Kind: MSE}
	return p
}

// setupMNISTConv shows a pixel's intensity as its probability to spike.
func setupMNISTConv(shape []int, classes []string) Setup {
	p := setupPaper(shape, classes)
	t := &p.Topology
	t.Input.Shape = shape
	t.Planes = []Plane{{Channels: 32, Kernel: 6, Stride: 2, Padding: 2}, {Channels: 64, Kernel: 4, Stride: 2, Padding: 1}}
	t.Hidden = []int{128}
	t.Steps, t.Readout = 10, model.MembraneSum
	c := &p.Config
	c.Epochs, c.Loss.Prefix = 12, 0.5
	return p
}

// setupNMNIST bins 300 ms, three saccades, into 20 steps.
func setupNMNIST(shape []int, classes []string) Setup {
	const bin model.Millis = 15
	p := setupBlog(shape, classes)
	p.Held = 0.1
	t := &p.Topology
	t.Input = model.Input{Shape: shape, Dt: bin, Encoder: model.Encoder{Coding: model.Events, BinUS: bin.Micros()}}
	t.Steps, t.Active = 20, 117
	t.Planes = []Plane{{Channels: 16, Kernel: 6, Stride: 2, Padding: 2}, {Channels: 32, Kernel: 4, Stride: 2, Padding: 1}}
	t.Hidden, t.Readout = nil, model.MembraneSum
	p.Augment = dataset.Augmentation{Shift: 2}
	c := &p.Config
	c.Epochs, c.Batch, c.Surrogate, c.Loss.Prefix = 60, 32, Surrogate{Triangle, 1}, 0.5
	return p
}

// setupDigits is for recordings of single words, such as those of the Free Spoken
// Digit Dataset.
func setupDigits(shape []int, classes []string) Setup {
	p := setupDefault(shape, classes)
	p.Held = 0.1
	p.Augment = dataset.Augmentation{Speed: 0.05, Noise: 0.05, Delay: 3}
	t := &p.Topology
	t.Input = model.Input{Shape: shape, Dt: 20, Encoder: model.Encoder{Coding: model.Sounds}}
	t.Steps, t.Readout, t.Hidden = 50, model.MembraneSum, []int{256, 128}
	// Time constants of 11 to 720 ms: sounds of a word, and the word.
	t.Decay, t.DecaySpread, t.Active = 0.8, 8, 40
	c := &p.Config
	c.Epochs, c.Batch = 40, 32
	return p
}

// setupWand takes recordings of some 100 steps, of about 10 ms each.
func setupWand(shape []int, classes []string) Setup {
	p := setupDefault(shape, classes)
	p.Held, p.Delta = 0.1, 0.06
	p.Augment = dataset.Augmentation{Speed: 0.2, Stretch: 0.2}
	t := &p.Topology
	t.Input = model.Input{Shape: shape, Dt: 10, Encoder: model.Encoder{Coding: model.Series}}
	t.Steps, t.Active, t.Readout = 150, 1.5, model.MembraneSum
	t.Hidden, t.Recurrent, t.Decay = []int{128}, true, 0.95
	c := &p.Config
	c.Epochs, c.Batch, c.Loss.Prefix = 40, 32, 0.5
	return p
}

// setupJSB is the paper's second experiment: 150 soft units that feed back on themselves.
func setupJSB(shape []int, classes []string) Setup {
	p := setupDefault(shape, classes)
	p.Prior, p.KeepBest = true, true
	t := &p.Topology
	t.Input, t.Readout = dataset.MusicInput(), model.StepSet
	t.Hidden, t.Soft, t.Recurrent = []int{150}, true, true
	t.Activation, t.Reset, t.Decay, t.Bias = model.Identity, model.ResetZero, 0.8, -2
	t.Active, t.ActiveHidden, t.Gain, t.RecurrentGain = 4, 38, 1, 0.5
	c := &p.Config
	c.Epochs, c.Batch, c.Dropout, c.Clip = 60, 8, 0.3, 1
	c.RecurrentRate, c.ErrorClip = 1, 0
	c.Loss = Loss{Kind: BinaryCrossEntropy}
	c.Optimizer.Rate, c.Optimizer.WeightDecay = 1e-2, 1e-3
	return p
}

// ecgWaves are the parts of a heartbeat in the QT database, in the order of their numbers.
var ecgWaves = []string{"P", "PQ", "QR", "RS", "ST", "TP"}

// setupECG judges as published with the spikes: from step 10 on, and a step without a
// label counts as the first class.
func setupECG(shape []int, classes []string) Setup {
	const sample model.Millis = 4 // 250 Hz
	p := setupDefault(shape, classes)
	first := 0
	p.Judging = dataset.Judging{Skip: 10, Unlabelled: &first}
	p.Prior, p.KeepBest, p.Held = true, true, 0.1
	t := &p.Topology
	t.Input = model.Input{Shape: shape, Dt: sample, Encoder: model.Encoder{Coding: model.Events, BinUS: sample.Micros()}}
	t.Readout = model.StepClass
	t.Hidden, t.Recurrent, t.ReadoutDecay = []int{256}, true, 0.9
	t.Decay, t.Bias, t.Active, t.ActiveHidden, t.Gain = 0.95, -1, 1, 20, 0.5
	c := &p.Config
	c.Epochs, c.Batch, c.Window, c.Clip = 20, 8, 260, 1
	c.RecurrentRate, c.DecayRate, c.ErrorClip = 1, 0.1, 100
	c.Loss = Loss{Kind: CrossEntropy}
	c.Optimizer.Rate = 2e-3
	return p
}

// jittered is the blog's input: a pixel above 0 fires at 100 Hz, in steps of 1 ms.
func jittered(shape []int) model.Input {
	threshold, n := 0.0, 1
	for _, d := range shape {
		n *= d
	}
	return model.Input{Shape: []int{n}, Dt: 1, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100, Threshold: &threshold}}
}
