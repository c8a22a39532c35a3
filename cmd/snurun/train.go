//go:build !board

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/dataset/sound"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/train"
)

type trainOptions struct {
	dataset  string
	data     string
	list     string
	testList string
	input    []int
	bin      float64 // ms
	counts   bool
	speaker  string
	sound    sound.Design // of a new bank of filters
	recipe   string
	out      string
	json     bool
	threads  int
	config   string
	limit    int
	patience int
	seeds    int
	keepFile bool // of the checkpoint
	holdout  int
	draws    int
	resume   bool
	every    time.Duration

	files   readingFlags
	init    string
	initial *model.Network // of the file init

	shape []int // of the data's planes
	plan  train.Setup

	flags *pflag.FlagSet

	accuracy []float64 // of the models trained
}

func newTrain() *cobra.Command { return newTrainWith(new(trainOptions)) }

// newTrainWith returns the command whose flags set o.
func newTrainWith(o *trainOptions) *cobra.Command {
	var recipes []string
	for _, r := range train.Recipes() {
		recipes = append(recipes, r.Name)
	}
	cmd := &cobra.Command{
		Use:   "train",
		Short: "Train a network by back-propagation through time",
		Long: `train learns a network from scratch and writes a model file. A recipe chooses the
network and how it is trained ('snurun recipes' says what each is for); each flag given
changes one of its choices. No choice is made on the test set, but on samples that are
held out: they tell the margin from which on early decisions cost at most 0.2 points of
accuracy.

--dataset images takes IDX images in files named as those of MNIST; folder takes
sound (.wav), NumPy arrays .npy and .npz, HDF5, and recordings of event cameras
(` + strings.Join(event.Formats(), ", ") + `),
one folder a class, in folders train and test if there are both, or of a list: lines
"FILE CLASS", or FILE alone where FILE_labels.csv lists its parts, or HDF5 as of SHD;
spoken takes sound in files CLASS_SPEAKER_INDEX.wav. --input, --bin and --counts say what
is seen of events, --filters what is heard, --delta what moves in values (.npy, CSV).

Recipes: ` + strings.Join(recipes, ", "),
		Example: `  snurun train --dataset mnist --data ~/mnist --out mnist.msgpack
  snurun train --dataset folder --data nmnist --list train.txt --test-list test.txt --input 2,34,34 --recipe nmnist
  snurun train --recipe digits --data ~/free-spoken-digit-dataset/recordings`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.config != "" {
				if err := o.readConfiguration(o.config); err != nil {
					return err
				}
			}
			if o.seeds > 1 {
				return o.runSeeds(cmd.Context(), cmd)
			}
			if o.seeds < 1 {
				return usagef("--seeds is %d, expected 1 or more", o.seeds)
			}
			return o.run(cmd.Context(), cmd)
		},
	}
	f := cmd.Flags()
	o.flags = f
	f.StringVar(&o.dataset, "dataset", mnistSet, "`kind` of data set: mnist, images, folder, spoken, sequences or chorales")
	f.StringVar(&o.data, "data", "", "`folder` of the data set")
	o.files.add(cmd)
	f.StringVar(&o.list, "list", "", "train on the recordings of this list `file`, in --data or beside it")
	f.StringVar(&o.testList, "test-list", "", "test on the recordings of this list `file`")
	f.IntSliceVar(&o.input, "input", nil, "`shape` of the input, such as 2,34,34")
	f.Var((*millis)(&o.bin), "bin", "`duration` of a time step of recordings, such as 1ms, or in ms")
	f.Var((*micros)(&o.bin), "bin-us", "")
	_ = f.MarkHidden("bin-us") // of before --bin
	f.BoolVar(&o.counts, "counts", false, "pass on how many events a pixel and step has, not just that it has one; .npy may hold analog values")
	f.StringVar(&o.speaker, "speaker", "", "of spoken, test on the recordings of this `speaker`, train on the others")
	f.String("filters", "", "bank of filters for sound: some of `hz=H,hop=S,bands=B,levels=L`, with H samples a second, S of them a step")
	f.String("delta", "", "make spikes of values where they cross levels, a share of their standard deviation apart: `SHARE[,difference]`, of how they change from step to step")
	f.StringVar(&o.recipe, "recipe", "default", "`recipe` to start from")
	f.StringVar(&o.out, "out", "model.msgpack", "model `file` to write")
	f.BoolVar(&o.json, "json", false, "print one JSON object an epoch and a summary")
	f.IntVar(&o.threads, "threads", goruntime.GOMAXPROCS(0), "train on `N` threads; the result does not depend on it")
	f.IntVar(&o.holdout, "holdout", 0, "hold `N` training samples out, the last ones of images (0: as the recipe says)")
	f.StringVar(&o.init, "init", "", "start from this `model` instead of random weights")
	f.BoolVar(&o.resume, "resume", false, "go on from the checkpoint of an interrupted training (OUT.checkpoint), trained with the same flags but more --epochs")
	f.DurationVar(&o.every, "checkpoint-every", time.Minute, "write a checkpoint at least this often, and at the end of an epoch unless the last is younger than a tenth of this")
	f.StringVar(&o.config, "config", "", "take flags from this `file`, lines FLAG = VALUE, or a model: those that it was trained with")
	f.IntVar(&o.limit, "limit", 0, "train on the first `N` samples only (0: all)")
	f.IntVar(&o.seeds, "seeds", 1, "train `N` models, of seeds from --seed on, to OUT-SEED; --resume leaves out those that are there")
	f.IntVar(&o.patience, "patience", 0, "stop after `N` epochs without a better one on the samples held out, and keep that (0: never)")
	f.BoolVar(&o.keepFile, "keep-checkpoint", false, "leave OUT.checkpoint, for --resume with more --epochs")
	f.IntVar(&o.draws, "draws", 5, "test under `N` draws of the input noise at the end")

	f.Int("epochs", 0, "`N` passes over the training samples")
	f.Int("batch", 0, "`N` samples a parameter update")
	f.Uint64("seed", 0, "seed of initialisation, order and noise")
	f.Bool("frozen", false, "show a sample with the same noise and augmentation in every epoch")
	f.Float64("lr", 0, "learning `rate`")
	f.String("surrogate", "", "surrogate gradient `kind[:width]`: boxcar, triangle, tanh, fast_sigmoid, arctan (width 1)")
	f.Bool("detach-reset", false, "let no gradient through the reset")
	f.Float64("clip", 0, "scale gradients that are longer than `NORM` down to it, all parameters together (0: none)")
	f.String("theta-training", "", "what reset subtract takes off: fixed, or threshold, which is learned")
	f.String("decay-training", "", "learn the decay: fixed, neuron or layer")
	f.Float64("decay", 0, "initial decay `l` = 1 − Δt/τ")
	f.String("readout", "", "`readout`: spike_count, membrane_sum or membrane_max; of sequences step_class or step_set")
	f.Float64("prefix-loss", 0, "`factor` of the loss of early decisions (membrane_sum)")
	f.String("planes", "", "convolutions and pools before the hidden `layers`: 16c5 (16 channels, kernel 5×5), 32c4s2p1 (stride 2, padding 1), 2s, 2a, 2m (sum, average, max pool)")
	f.String("hidden", "", "`sizes` of the hidden layers, with colons before what one has of its own: 256:subtract,128:elu:recurrent")
	f.Int("steps", 0, "present a sample for `N` time steps")
	f.String("weights", "", "`numbers` that the weights become: float32, or int8, which the network is trained on")
	f.Float64("prune", 0, "let a `share` of the weights of fully connected hidden layers become 0, in blocks of 64 neurons")
	f.String("activation", "", "`g`: identity, relu, leaky_relu or elu")
	f.Float64("slope", 0.1, "`slope` of leaky_relu")
	f.String("reset", "", "`reset` of the membrane: zero, subtract, lateral or none")
	f.Bool("soft", false, "train soft units (sSNU)")
	f.Bool("recurrent", false, "feed hidden layers back on themselves")
	f.Float64("recurrent-gain", 0, "draw recurrent weights with this spectral `radius`")
	f.Float64("recurrent-rate", 0, "learning rate of recurrent weights as a `share` of that of the others")
	f.Float64("decay-spread", 0, "give neurons of fully connected layers time constants from a `FACTOR`-th of that of the decay to so many times it (0: all the same)")
	f.Float64("decay-rate", 0, "learning rate of decays as a `share` of that of the others")
	f.Float64("error-clip", 0, "recurrent weights pass errors on that are at most `NORM` long, for one sample and step (0: any)")
	f.Float64("spike-cost", 0, "`cost` of a hidden spike: in the gradient, not in the loss that is printed")
	f.Float64("cost-ramp", 0, "let the spike cost rise over `N` epochs")
	f.Float64("dropout", 0, "`share` of hidden spikes, or outputs of soft units, that reach no other layer")
	f.Int("window", 0, "of sequences, let errors go back through windows of `N` steps, the state carried on (0: through all)")
	f.Int("transpose", 0, "learn from pieces of music moved by up to `N` semitones too, each by each")
	f.Int("skip-steps", 0, "the first `N` steps of sequences do not count")
	f.Int("unlabelled", -1, "steps of sequences without a class count as this `class` (-1: they do not count)")
	f.String("keep", "", "`epoch` to keep: last, or best on the samples held out")
	f.Float64("initial-noise", 0, "standard `deviation` of random initial membranes")
	f.Float64("shift", 0, "move training samples by up to `N` pixels")
	f.Float64("rotate", 0, "turn training samples by up to `N` radians")
	f.Float64("elastic", 0, "distort training samples by `N` pixels")
	f.Int("time-jitter", 0, "move each spike of training recordings by up to `N` steps")
	f.Float64("speed", 0, "make training sound and values faster or slower by up to this `share`")
	f.Float64("stretch", 0, "make the values of training signals larger or smaller by up to this `share`")
	f.Float64("noise", 0, "mix training sound with noise of up to this `share` of the effective value of what is heard of it")
	f.Int("delay", 0, "let training sound begin up to `N` steps later, at times after other sound")
	f.Float64("smoothing", 0, "label smoothing: `share` of the target spread over all classes")
	f.Float64("metabolic", 0, "`factor` of the squared output spikes in the loss")
	f.String("loss", "", "`loss`: cross_entropy, binary_cross_entropy (of sets) or mse")
	f.Float64("scale", 0, "`factor` of spike counts in the softmax")
	f.String("optimizer", "", "`optimizer`: adam, sgd or rmsprop")
	f.Float64("momentum", 0, "`momentum` of sgd")
	f.Float64("weight-decay", 0, "decoupled weight decay `rate`")
	f.Float64("l2", 0, "`factor` of the parameters added to their gradient")
	f.String("schedule", "", "learning-rate `schedule`: constant, halving[:epochs] (every 5) or cosine")
	f.Float64("warmup", 0, "raise the learning rate over `N` epochs")
	f.Float64("bias", 0, "initial `bias` of spiking layers, −V_th")
	f.Float64("readout-decay", 0, "initial decay `l` of the membranes that a last layer without spikes reads (0: each step alone)")
	f.Float64("bias-spread", 0, "draw initial biases from bias ± `SPREAD`")
	f.String("first-weights", "", "draw weights so that membranes are `firing` from the start, or as glorot")
	f.Float64("gain", 0, "standard `deviation` of a membrane's first step, of firing")
	f.Float64("active", 0, "active inputs a step that are expected, of firing (default 2 % of them, or as recordings have)")
	f.Float64("active-hidden", 0, "spikes of a hidden layer a step that are expected, of firing")
	f.Bool("prior", false, "begin with what is commonest (step_class, step_set)")
	f.Float64("rate-hz", 0, "spikes a second of a pixel of intensity 1")
	f.String("threshold", "", "intensity, of 1, above which pixels fire at the full rate, or `none`: as strongly as they are")
	f.Float64("held", 0, "`share` of the training samples that is held out")
	f.String("class-weights", "", "factors of the loss, one a class with commas between, or `balanced`: as rare as classes are")
	complete(cmd, "recipe", recipes...)
	complete(cmd, "first-weights", train.Firing, train.Glorot)
	complete(cmd, "keep", "last", "best")
	complete(cmd, "class-weights", balanced)
	complete(cmd, "threshold", none)
	showDefaults(f)
	cmd.SetUsageFunc(func(c *cobra.Command) error {
		_, err := fmt.Fprintf(c.OutOrStderr(), "Usage:\n  %s\n\nExamples:\n%s\n%s\nThe defaults are those of the recipe default; 'snurun recipes NAME' has those of another.\n", c.UseLine(), c.Example, groupedFlags(c.Flags()))
		return err
	})
	complete(cmd, "dataset", mnistSet, imageSet, folderSet, spokenSet, choraleSet, sequenceSet)
	complete(cmd, "loss", train.CrossEntropy, train.BinaryCrossEntropy, train.MSE)
	complete(cmd, "optimizer", train.Adam, train.SGD, train.RMSprop)
	complete(cmd, "schedule", train.Constant, train.Halving, train.Cosine)
	complete(cmd, "surrogate", train.Boxcar, train.Triangle, train.TanhPrime, train.FastSigmoid, train.Arctan)
	complete(cmd, "readout", model.SpikeCount, model.MembraneSum, model.MembraneMax, model.StepClass, model.StepSet)
	complete(cmd, "activation", model.Identity, model.ReLU, model.LeakyReLU, model.ELU)
	complete(cmd, "reset", model.ResetZero, model.ResetSubtract, model.ResetLateral, model.ResetNone)
	complete(cmd, "decay-training", train.Fixed, train.PerNeuron, train.PerLayer)
	complete(cmd, "theta-training", train.FixedTheta, train.Threshold)
	complete(cmd, "weights", train.Float32, train.Int8)
	return cmd
}

// override sets what the recipe chose to what the flags say.
func (o *trainOptions) override() error {
	var err error
	o.flags.Visit(func(f *pflag.Flag) {
		integer := func(name string) int { v, _ := o.flags.GetInt(name); return v }
		number := func(name string) float64 { v, _ := o.flags.GetFloat64(name); return v }
		text := f.Value.String()
		t, c := &o.plan.Topology, &o.plan.Config
		switch f.Name {
		case "planes":
			var e error
			if text == none {
				text = ""
			}
			if t.Planes, e = train.ParsePlanes(text); e != nil {
				err = usageError{e}
			}
			if len(t.Planes) > 0 {
				t.Input.Shape = o.shape
			}
		case "epochs":
			c.Epochs = integer(f.Name)
		case "batch":
			c.Batch = integer(f.Name)
		case "seed":
			c.Seed, _ = o.flags.GetUint64(f.Name)
		case "frozen":
			c.Frozen, _ = o.flags.GetBool(f.Name)
		case "lr":
			c.Optimizer.Rate = number(f.Name)
		case "surrogate":
			var e error
			if c.Surrogate, e = train.ParseSurrogate(text); e != nil {
				err = usageError{e}
			}
		case "detach-reset":
			c.DetachReset, _ = o.flags.GetBool(f.Name)
		case "clip":
			c.Clip = number(f.Name)
		case "error-clip":
			c.ErrorClip = number(f.Name)
		case "recurrent-gain":
			t.RecurrentGain = number(f.Name)
		case "recurrent-rate":
			c.RecurrentRate = number(f.Name)
		case "decay-rate":
			c.DecayRate = number(f.Name)
		case "decay-spread":
			t.DecaySpread = number(f.Name)
		case "theta-training":
			c.Theta = train.ThetaTraining(text)
		case "decay-training":
			c.Decay = train.DecayTraining(text)
		case "decay":
			t.Decay = float32(number(f.Name))
		case "readout":
			t.Readout = model.ReadoutKind(text)
			if t.Readout == model.MembraneSum && !o.flags.Changed("prefix-loss") {
				c.Loss.Prefix = 0.5
			}
		case "prefix-loss":
			c.Loss.Prefix = number(f.Name)
		case "hidden":
			var e error
			if text == none {
				text = ""
			}
			if t.Hidden, t.Units, e = train.ParseHidden(text); e != nil {
				err = usageError{e}
			}
		case "readout-decay":
			if t.ReadoutDecay = float32(number(f.Name)); !(t.ReadoutDecay >= 0 && t.ReadoutDecay <= 1) {
				err = usagef("--readout-decay is %v, expected 0 to 1", t.ReadoutDecay)
			}
		case "bias-spread":
			if t.BiasSpread = float32(number(f.Name)); !(t.BiasSpread >= 0 && t.BiasSpread <= 1e6) {
				err = usagef("--bias-spread is %v, expected 0 to 1e6", t.BiasSpread)
			}
		case "first-weights":
			t.Init = train.Init(text)
		case "gain":
			t.Gain = number(f.Name)
		case "active":
			if t.Active = number(f.Name); !(t.Active > 0 && t.Active < 1e9) {
				err = usagef("--active is %v, expected a number above 0", t.Active)
			}
		case "active-hidden":
			if t.ActiveHidden = number(f.Name); !(t.ActiveHidden > 0 && t.ActiveHidden < 1e9) {
				err = usagef("--active-hidden is %v, expected a number above 0", t.ActiveHidden)
			}
		case "prior":
			o.plan.Prior, _ = o.flags.GetBool(f.Name)
		case "rate-hz":
			t.Input.Encoder.RateHz = number(f.Name)
		case "threshold":
			if t.Input.Encoder.Threshold = nil; text != none {
				x, e := strconv.ParseFloat(text, 64)
				if e != nil {
					err = usagef("--threshold is %q, expected a number or none", text)
				}
				t.Input.Encoder.Threshold = &x
			}
		case "delta":
			o.plan.Delta, _, _ = parseDelta(text) // checked before
		case "held":
			o.plan.Held = number(f.Name) // checked before
		case "class-weights":
			if text != balanced {
				var e error
				if c.ClassWeights, e = parseWeights(text); e != nil {
					err = e
				}
			}
		case "steps":
			t.Steps = integer(f.Name)
		case "activation":
			t.Activation = model.Activation(text)
			slope, _ := o.flags.GetFloat64("slope")
			t.Slope = float32(slope)
		case "reset":
			t.Reset = model.Reset(text)
		case "soft":
			t.Soft, _ = o.flags.GetBool(f.Name)
		case "recurrent":
			t.Recurrent, _ = o.flags.GetBool(f.Name)
		case "bias":
			t.Bias = float32(number(f.Name))
		case "spike-cost":
			c.SpikeCost = number(f.Name)
		case "cost-ramp":
			c.CostRamp = number(f.Name)
		case "weights":
			c.Weights = train.WeightTraining(text)
		case "prune":
			c.Prune = number(f.Name)
		case "dropout":
			c.Dropout = number(f.Name)
		case "window":
			c.Window = integer(f.Name)
		case "transpose":
			o.plan.Transpose = integer(f.Name)
		case "skip-steps":
			if o.plan.Judging.Skip = integer(f.Name); o.plan.Judging.Skip < 0 {
				err = usagef("--skip-steps is %s, expected 0 or more", text)
			}
		case "unlabelled":
			o.plan.Judging.Unlabelled = nil
			switch k := integer(f.Name); {
			case k < -1:
				err = usagef("--unlabelled is %d, expected a class or -1", k)
			case k >= 0:
				o.plan.Judging.Unlabelled = &k
			}
		case "keep":
			if text != "last" && text != "best" {
				err = usagef("--keep is %q, expected last or best", text)
			}
			o.plan.KeepBest = text == "best"
		case "initial-noise":
			c.InitialNoise = number(f.Name)
		case "shift":
			o.plan.Augment.Shift = number(f.Name)
		case "rotate":
			o.plan.Augment.Rotate = number(f.Name)
		case "elastic":
			o.plan.Augment.Elastic = number(f.Name)
		case "time-jitter":
			o.plan.Augment.Jitter = integer(f.Name)
		case "speed":
			o.plan.Augment.Speed = number(f.Name)
		case "stretch":
			o.plan.Augment.Stretch = number(f.Name)
		case "noise":
			o.plan.Augment.Noise = number(f.Name)
		case "delay":
			o.plan.Augment.Delay = integer(f.Name)
		case "smoothing":
			c.Loss.Smoothing = number(f.Name)
		case "metabolic":
			c.Loss.Metabolic = number(f.Name)
		case "loss":
			c.Loss.Kind = train.LossKind(text)
		case "scale":
			c.Loss.Scale = number(f.Name)
		case "optimizer":
			c.Optimizer.Kind = train.OptimizerKind(text)
		case "momentum":
			c.Optimizer.Momentum = number(f.Name)
		case "weight-decay":
			c.Optimizer.WeightDecay = number(f.Name)
		case "l2":
			c.Optimizer.L2 = number(f.Name)
		case "schedule":
			kind, every, found := strings.Cut(text, ":")
			c.Schedule.Kind = train.ScheduleKind(kind)
			if found {
				n, e := strconv.Atoi(every)
				if e != nil {
					err = usagef("--schedule is %q, expected a number of epochs behind the colon", text)
				}
				c.Schedule.Every = n
			} else if c.Schedule.Every == 0 {
				c.Schedule.Every = 5
			}
			if found && c.Schedule.Kind != train.Halving {
				err = usagef("--schedule is %q, only halving takes a number of epochs", text)
			}
		case "warmup":
			c.Schedule.Warmup = number(f.Name)
		}
	})
	o.plan.Config.Threads = o.threads
	o.plan.Config.Context = o.command("epochs")
	if o.init != "" {
		for _, name := range []string{"planes", "hidden", "steps", "activation", "slope", "reset", "soft", "recurrent", "recurrent-gain", "decay", "decay-spread", "bias", "readout", "input", "bin", "bin-us", "counts", "delta", "bias-spread", "readout-decay", "first-weights", "gain", "active", "active-hidden", "prior", "rate-hz", "threshold"} {
			if o.flags.Changed(name) {
				return usagef("--%s and --init exclude each other: the network is that of %s", name, o.init)
			}
		}
	}
	if err != nil {
		return err
	}
	return o.checkPlan()
}

// checkPlan reports flags that would change nothing, or for which another is
// missing.
func (o *trainOptions) checkPlan() error {
	t, c := &o.plan.Topology, &o.plan.Config
	readout := t.Readout
	if o.initial != nil {
		readout = o.initial.Readout.Kind
	}
	switch {
	case o.flags.Changed("slope") && t.Activation != model.LeakyReLU:
		return usagef("--slope is for --activation leaky_relu")
	case o.flags.Changed("scale") && (readout != model.SpikeCount || c.Loss.Kind != train.CrossEntropy):
		return usagef("--scale is for spike counts in the cross-entropy: --readout spike_count --loss cross_entropy")
	case o.flags.Changed("theta-training") && o.initial == nil && t.Reset != model.ResetSubtract:
		return usagef("--theta-training is for --reset subtract")
	case !t.Recurrent && o.initial == nil && (o.flags.Changed("recurrent-gain") || o.flags.Changed("recurrent-rate") || o.flags.Changed("error-clip")):
		return usagef("--recurrent-gain, --recurrent-rate and --error-clip are for --recurrent")
	case o.flags.Changed("cost-ramp") && c.SpikeCost == 0:
		return usagef("--cost-ramp is for a spike cost: --spike-cost")
	case o.initial == nil && t.Reset == model.ResetSubtract && t.Bias >= 0:
		return usagef("--reset subtract takes the threshold −bias off, but the bias is %v: --bias below 0, or another --reset, is missing", t.Bias)
	}
	return nil
}

// command returns the command line that trains the same model, with
// placeholders for the folder and the file, and without the folders of lists and
// of a model to start from.
func (o *trainOptions) command(without ...string) string {
	parts := []string{"snurun train --dataset", o.dataset, "--data DIR --out MODEL"}
	o.flags.Visit(func(f *pflag.Flag) {
		if slices.Contains(without, f.Name) {
			return
		}
		switch f.Name {
		case "config", "keep-checkpoint", "seeds", "dataset", "data", "out", "json", "threads", "resume", "checkpoint-every", "quiet":
			return
		}
		value := f.Value.String()
		if f.Value.Type() == "intSlice" {
			value = strings.Trim(value, "[]")
		}
		if f.Name == "list" || f.Name == "test-list" || f.Name == "init" {
			value = filepath.Base(value)
		}
		if f.Value.Type() == "bool" {
			parts = append(parts, "--"+f.Name+"="+value)
			return
		}
		parts = append(parts, "--"+f.Name, shellQuoted(value))
	})
	return strings.Join(parts, " ")
}

// augmentation returns the flags that turn the plan's augmentation off.
func (o *trainOptions) augmentation() string {
	a := o.plan.Augment
	var off []string
	for _, amount := range []struct {
		flag string
		on   bool
	}{{"--shift 0", a.Shift != 0}, {"--rotate 0", a.Rotate != 0}, {"--elastic 0", a.Elastic != 0}, {"--time-jitter 0", a.Jitter != 0},
		{"--speed 0", a.Speed != 0}, {"--stretch 0", a.Stretch != 0}, {"--noise 0", a.Noise != 0}, {"--delay 0", a.Delay != 0}} {
		if amount.on {
			off = append(off, amount.flag)
		}
	}
	return strings.Join(off, " ")
}

// shellQuoted returns s as a shell takes it for one word.
func shellQuoted(s string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-+=:,./@%", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func (o *trainOptions) run(ctx context.Context, cmd *cobra.Command) error {
	recipe, err := train.FindRecipe(o.recipe)
	if err != nil {
		return usageError{err}
	}
	if recipe.Data != "" && !o.flags.Changed("dataset") {
		o.dataset = recipe.Data
	}
	if recipe.Data != "" && recipe.Data != o.dataset && !(recipe.Data == spokenSet && o.dataset == folderSet) {
		return usagef("recipe %s is for --dataset %s, not %s", recipe.Name, recipe.Data, o.dataset)
	}
	if err := o.checkData(); err != nil {
		return err
	}
	if o.threads < 1 || o.threads > 1024 {
		return usagef("--threads is %d, expected 1 to 1024", o.threads)
	}
	if o.every < 0 {
		return usagef("--checkpoint-every is %v, expected 0 or more", o.every)
	}
	if o.out == "" {
		return usagef("--out is empty, expected the model file to write")
	}
	if fi, err := os.Stat(o.out); err == nil && !fi.Mode().IsRegular() {
		return usagef("--out %s is not a regular file (%s)", o.out, fi.Mode())
	}
	if o.limit < 0 || o.patience < 0 {
		return usagef("--limit is %d and --patience %d, expected 0 or more", o.limit, o.patience)
	}
	if o.draws < 1 || o.draws > 1000 {
		return usagef("--draws is %d, expected 1 to 1000", o.draws)
	}
	if o.init != "" {
		if o.initial, err = loadModel(o.init); err != nil {
			return err
		}
	}
	load := o.loadImages
	switch o.dataset {
	case folderSet, spokenSet:
		load = o.loadFolder
	case choraleSet:
		load = o.loadChorales
	case sequenceSet:
		load = o.loadArchives
	}
	if o.dataset != mnistSet && o.dataset != imageSet && !o.flags.Changed("draws") {
		o.draws = 1 // there is no noise to draw
	}
	d, m, err := load(ctx, recipe)
	if err != nil {
		return err
	}
	used, held, err := o.divide(&d, o.plan.Held)
	if err != nil {
		return err
	}
	if o.limit > 0 && o.limit < len(used) {
		used = used[:o.limit]
	}
	if o.patience > 0 && !o.flags.Changed("keep") {
		o.plan.KeepBest = true
	}
	if w, _ := o.flags.GetString("class-weights"); w == balanced {
		if o.plan.Config.ClassWeights, err = balancedWeights(d.training, used); err != nil {
			return usageError{err}
		}
	}
	heldFrom := d.training
	if d.valid != nil {
		heldFrom = d.valid
	}
	testHeld := d.test == nil
	if testHeld {
		fmt.Fprintln(cmd.ErrOrStderr(), "there are no samples to test on: the test is on those held out")
		if d.test, err = dataset.Subset(heldFrom, held); err != nil {
			return err
		}
	}
	augmented, err := dataset.Augmented(d.training, o.plan.Augment)
	if errors.Is(err, dataset.ErrMismatch) {
		err = fmt.Errorf("%w; %s turns the augmentation of recipe and flags off", err, o.augmentation())
	}
	if err != nil {
		return usageError{err}
	}
	j := &job{
		options: o, trainingData: d.training, heldFrom: heldFrom, test: d.test, testHeld: testHeld, used: used, held: held,
		stdout: &lenient{w: cmd.OutOrStdout()}, stderr: cmd.ErrOrStderr(), progress: newProgress(cmd.ErrOrStderr()),
		checkpoints: &checkpoints{file: o.out + ".checkpoint", every: o.every, configuration: o.configuration()},
	}
	if o.plan.Prior && o.initial == nil {
		if err := train.Prior(m, d.training, used); err != nil {
			return usageError{err}
		}
	}
	if j.trainer, err = train.New(m, augmented, used, o.plan.Config); err != nil {
		return usageError{err}
	}
	if m.Readout.Kind.EachStep() {
		if err := j.checkCounted(d.training); err != nil {
			return err
		}
	}
	if err := j.header(m); err != nil {
		return err
	}
	if err := j.run(ctx); err != nil {
		return err
	}
	o.accuracy = append(o.accuracy, j.accuracy)
	return nil
}

// maxSeeds bounds --seeds.
const maxSeeds = 1000

// runSeeds trains models that differ in the seed alone, one after the other.
func (o *trainOptions) runSeeds(ctx context.Context, cmd *cobra.Command) error {
	if o.seeds > maxSeeds {
		return usagef("--seeds is %d, expected at most %d", o.seeds, maxSeeds)
	}
	first := uint64(1)
	if o.flags.Changed("seed") {
		first, _ = o.flags.GetUint64("seed")
	}
	base, resume := o.out, o.resume
	extension := filepath.Ext(base)
	var files []string
	for i := range o.seeds {
		seed := first + uint64(i)
		if err := o.flags.Set("seed", strconv.FormatUint(seed, 10)); err != nil {
			return err
		}
		o.out = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(base, extension), seed, extension)
		files = append(files, o.out)
		_, there := os.Stat(o.out)
		_, begun := os.Stat(o.out + ".checkpoint")
		if resume && there == nil && begun != nil {
			m, err := export.ReadFile(o.out)
			if err != nil {
				return err
			}
			accuracy, _ := m.Metadata["test_accuracy"].(float64)
			o.accuracy = append(o.accuracy, accuracy)
			continue
		}
		o.resume = resume && begun == nil
		if err := o.run(ctx, cmd); err != nil {
			return err
		}
	}
	e := evaluate.EstimateOf(o.accuracy, func(a *float64) float64 { return *a })
	if o.json {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"seeds": map[string]any{
			"schema": schema, "models": files, "seeds": o.seeds, "test_accuracy": e.Mean, "test_accuracy_se": e.Error,
		}})
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%d seeds: test accuracy %s; 'snurun compare' sets them beside others\n", o.seeds, percent(e))
	return err
}

// balanced is the value of --class-weights that counts how many samples classes have.
const balanced = "balanced"

// parseWeights parses the weights of classes.
func parseWeights(text string) (weights []float64, err error) {
	for part := range strings.SplitSeq(text, ",") {
		w, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil {
			return nil, usagef("--class-weights is %q, expected numbers with commas between, or %s", text, balanced)
		}
		weights = append(weights, w)
	}
	return weights, nil
}

// balancedWeights returns N/(K·n) for a class with n of N samples of K classes.
func balancedWeights(source dataset.Source, used []int) ([]float64, error) {
	counts := make([]int, len(source.Classes()))
	for _, i := range used {
		if label := source.Label(i); label >= 0 && label < len(counts) {
			counts[label]++
		}
	}
	weights := make([]float64, len(counts))
	for k, n := range counts {
		if n == 0 {
			return nil, fmt.Errorf("--class-weights balanced: no sample that is trained on is of class %q", source.Classes()[k])
		}
		weights[k] = float64(len(used)) / (float64(len(counts)) * float64(n))
	}
	return weights, nil
}

// network returns the network to begin with, once the plan is what the flags say.
func (o *trainOptions) network() (*model.Network, error) {
	if err := o.override(); err != nil {
		return nil, err
	}
	if o.initial != nil {
		return o.initial, nil
	}
	m, err := o.plan.Topology.New(o.plan.Config.Seed)
	if err != nil {
		return nil, usageError{err}
	}
	return m, nil
}

// sequence returns from, from+1, … up to, not including, to.
func sequence(from, to int) []int {
	s := make([]int, to-from)
	for i := range s {
		s[i] = from + i
	}
	return s
}
