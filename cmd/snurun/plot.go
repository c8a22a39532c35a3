//go:build !board

package main

import (
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/plot"
)

// plotOptions are the flags of the kinds of plot; each kind has some of them.
type plotOptions struct {
	json    bool
	out     string
	title   string
	data    string
	list    string
	files   readingFlags
	index   int
	limit   int
	seed    uint64
	steps   int
	layer   int
	neurons string
	unit    unitOptions
}

// unitOptions describe the single unit of plot neuron.
type unitOptions struct {
	rate, weight, threshold, tau, dt float64
}

func newPlot() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plot KIND",
		Short: "Draw figures of networks and what they do",
		Long: `plot draws a figure from a real run of a network and writes it as PNG, SVG, PDF
or GIF,
by the extension of --out. The same call writes the same bytes, but for tradeoff,
which measures time.

Inputs are samples of the 1,000 MNIST test digits that are part of the program, of
a data set's folder (--data, its test split), or of a file as classify reads it. A
network of events takes recordings, or a list of them (--list), as of classify.`,
		Example: `  snurun plot neuron --out neuron.png
  snurun plot curves a.msgpack b.msgpack --out curves.svg
  snurun plot raster model.msgpack --index 3 --steps 100 --out raster.png`,
		Args: subcommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, k := range plotKinds {
		cmd.AddCommand(k.command())
	}
	return cmd
}

// plotKind is one figure that plot draws.
type plotKind struct {
	use, short, long string
	examples         []string
	least, most      int    // arguments; most −1: any number
	flags            string // names, separated by spaces
	steps            string // what --steps 0 means
	draw             func(*plotter, []string) (*plot.Figure, error)
}

// sampleFlags and dataFlags are the flags of figures of one sample and of many.
const (
	sampleFlags = "data list index seed steps"
	dataFlags   = "data list limit seed steps"
)

var plotKinds = []plotKind{
	{
		use: "neuron", short: "A single unit: input spikes, membrane, output spikes",
		long: `neuron runs a network of one leaky integrate-and-fire unit, with decay
l = 1 − Δt/τ, on one Poisson input.`,
		examples: []string{"--out neuron.png", "--tau 50 --rate 200 --seed 3 --out neuron.svg"},
		flags:    "unit seed steps", steps: "100", draw: (*plotter).neuron,
	},
	{
		use: "response", short: "The f–I curve of a single unit: firing rate over input rate",
		long: `response runs the unit of 'plot neuron' on Poisson input of rates from 0 up to --rate,
and on a constant input of the same mean, for --steps steps each.`,
		examples: []string{"--out response.png", "--tau 50 --threshold 5 --rate 500 --out response.pdf"},
		flags:    "unit seed steps", steps: "10000", draw: (*plotter).response,
	},
	{
		use: "input [MODEL [INPUT]]", short: "A sample, one time step of its spikes, and the sum of all steps",
		long: `input shows what a network sees of a sample: ON events in blue, OFF events in red,
where there are both, violet. Without MODEL the coding is that of jittered MNIST: a
pixel above 0 fires at 100 Hz, in 10 steps of 1 ms.`,
		examples: []string{"--index 3 --out input.png", "model.msgpack --steps 100 --out input.png", "events.msgpack recording.bs2 --out input.png"},
		most:     2, flags: sampleFlags, steps: "as the model says", draw: (*plotter).input,
	},
	{
		use: "curves MODEL...", short: "Loss and accuracy over the epochs of a training",
		long:     "curves shows the training histories that 'snurun train' stores in model files.",
		examples: []string{"model.msgpack --out curves.png", "count.msgpack membrane.msgpack --out curves.svg"},
		least:    1, most: -1, draw: (*plotter).curves,
	},
	{
		use: "rates MODEL...", short: "Firing rates of the hidden layers over the epochs of a training",
		long: `rates shows the mean firing rate of a neuron of each hidden layer in training, or of
several models, that of all hidden layers in the test after each epoch; 'snurun train'
stores both in model files.`,
		examples: []string{"model.msgpack --out rates.png", "dense.msgpack sparse.msgpack --out rates.svg"},
		least:    1, most: -1, draw: (*plotter).rates,
	},
	{
		use: "extrapolate MODEL [INPUT]", short: "An input that lasts longer than those in training",
		long: `extrapolate shows the sum of a sample's input spikes, the output over all steps,
and the scores that they add up to.`,
		examples: []string{"model.msgpack --out extrapolate.png", "model.msgpack --index 8 --steps 50 --out extrapolate.svg"},
		least:    1, most: 2, flags: sampleFlags, steps: "ten times what the model says, of recordings as long as they are", draw: (*plotter).extrapolate,
	},
	{
		use: "movie MODEL [INPUT]", short: "Spikes of a sample becoming a decision, step by step",
		long: `movie shows what extrapolate shows after one step, two, and so on, as frames of a
.gif: the spikes that have come in, the output, and the scores so far. Other formats
show the last frame.`,
		examples: []string{"testdata/mnist.msgpack --out movie.gif", "testdata/nmnist.msgpack testdata/nmnist/60001.bs2 --out movie.gif"},
		least:    1, most: 2, flags: sampleFlags, steps: "as the model says", draw: (*plotter).movie,
	},
	{
		use: "raster MODEL [INPUT]", short: "The spikes of the input and of every layer",
		long: `raster shows a mark a spike. Layers that put out analog values, and those with more
neurons than pixels, are shown in colours. Neurons of a conv2d layer are in the
order [channel, height, width]; layers without neurons are left out.`,
		examples: []string{"model.msgpack --out raster.png", "model.msgpack spikes.npy --out raster.svg"},
		least:    1, most: 2, flags: sampleFlags, steps: "as the model says", draw: (*plotter).raster,
	},
	{
		use: "membrane MODEL [INPUT]", short: "The membranes of some neurons with their thresholds",
		long: `membrane shows the membranes of neurons of one layer, after each step, with their
thresholds and spikes; by default those four that spike most.`,
		examples: []string{"model.msgpack --out membrane.png", "model.msgpack --layer 0 --neurons 3,17,40-42 --steps 100 --out membrane.svg"},
		least:    1, most: 2, flags: sampleFlags + " layer neurons", steps: "as the model says", draw: (*plotter).membrane,
	},
	{
		use: "chorale MODEL [INPUT]", short: "A piece of music, what was expected of each step, and how likely it was",
		long: `chorale shows a piece as a piano roll; below, for each step from the second on, the
probability of every note, predicted from all steps before, with the notes that came as
dots; and how likely they were. It is for networks that decide on sets of outputs at
every step: INPUT is music as JSON or an archive of sequences, as classify takes them.`,
		examples: []string{"jsb.msgpack --data testdata/jsb --out chorale.png", "jsb.msgpack pieces.json --index 5 --out chorale.svg"},
		least:    1, most: 2, flags: "data index", draw: (*plotter).chorale,
	},
	{
		use: "steps MODEL [INPUT]", short: "An input with the class of each step below it, expected and decided",
		long: `steps shows a sequence and the classes that a network decides on at every step, with
those that were expected where they are known.`,
		examples: []string{"ecg.msgpack --data qtdb --out steps.png", "ecg.msgpack test.npz --index 3 --out steps.svg"},
		least:    1, most: 2, flags: "data index", draw: (*plotter).steps,
	},
	{
		use: "weights MODEL", short: "The receptive fields or the kernels of a layer",
		long: `weights shows the input weights of neurons of one layer as pictures; of a conv2d
layer its kernels, a column an output channel and a row an input channel, or their
sum over the input channels where those are more than 32.`,
		examples: []string{"model.msgpack --out weights.png", "model.msgpack --neurons 0-255 --out weights.svg", "conv.msgpack --layer 2 --neurons 0-15 --out kernels.png"},
		least:    1, most: 1, flags: "first neurons", draw: (*plotter).weights,
	},
	{
		use: "histogram MODEL", short: "How often the weights of each layer have which value",
		long: `histogram shows the weights of each layer, those of its inputs and of its recurrent
connections, all over one range.`,
		examples: []string{"model.msgpack --out histogram.png", "int8.msgpack --out histogram.pdf"},
		least:    1, most: 1, draw: (*plotter).histogram,
	},
	{
		use: "confusion MODEL [INPUT]", short: "Which classes are taken for which",
		long:     "confusion counts how the samples of each class are classified.",
		examples: []string{"model.msgpack --out confusion.png", "model.msgpack --data ~/mnist --out confusion.svg"},
		least:    1, most: 2, flags: dataFlags, steps: "as the model says", draw: (*plotter).confusion,
	},
	{
		use: "accuracy MODEL...", short: "Accuracy against the number of time steps",
		long:     "accuracy shows the share of right decisions after each step, with its standard error.",
		examples: []string{"model.msgpack --steps 50 --out accuracy.png", "a.msgpack b.msgpack --data ~/mnist --out accuracy.svg"},
		least:    1, most: -1, flags: dataFlags, steps: "as the first model says", draw: (*plotter).accuracy,
	},
	{
		use: "margin MODEL...", short: "Accuracy against the mean steps of early decisions",
		long: `margin shows what decisions cost and save that wait for a margin (--margin of
classify and stream) instead of the end, beside presentations of a fixed length.
With a single model, the margins of some points stand beside them.`,
		examples: []string{"model.msgpack --data ~/mnist --out margin.png", "a.msgpack b.msgpack --out margin.svg"},
		least:    1, most: -1, flags: dataFlags, steps: "as the first model says", draw: (*plotter).margin,
	},
	{
		use: "tradeoff MODEL...", short: "Accuracy against the time that a decision takes",
		long: `tradeoff measures, on this machine and one core, how long decisions take that wait
for a margin, by margin, and those after all steps, and draws what they get right:
models of other sizes, with integer weights or fewer spikes, beside each other. The
contenders take turns; each time is the median of five repetitions over up to 256
samples, whose encoding is not counted.`,
		examples: []string{"testdata/mnist.msgpack --out tradeoff.png", "float.msgpack int.msgpack tiny.msgpack --data ~/mnist --out tradeoff.svg"},
		least:    1, most: -1, flags: dataFlags, steps: "as the first model says", draw: (*plotter).tradeoff,
	},
	{
		use: "spikes MODEL... [INPUT]", short: "Spikes a sample of each layer, of one model or several",
		long: `spikes shows how many spikes the input and each spiking layer have, over samples. The
last argument is an input if its name does not end in .msgpack.`,
		examples: []string{"model.msgpack --out spikes.png", "a.msgpack b.msgpack --data ~/mnist --out spikes.svg"},
		least:    1, most: -1, flags: dataFlags, steps: "as each model says", draw: (*plotter).spikes,
	},
}

func (k plotKind) command() *cobra.Command {
	var o plotOptions
	name, _, _ := strings.Cut(k.use, " ")
	examples := make([]string, len(k.examples))
	for i, e := range k.examples {
		examples[i] = "  snurun plot " + name + " " + e
	}
	cmd := &cobra.Command{
		Use:     k.use,
		Short:   k.short,
		Long:    k.long,
		Example: strings.Join(examples, "\n"),
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case k.most == 0 && len(args) > 0:
				return usagef("%s takes no arguments, found %q", k.use, args[0])
			case len(args) < k.least || k.most >= 0 && len(args) > k.most:
				return usagef("expected %s, found %d %s", k.use, len(args), plural(len(args), "argument"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			p := &plotter{ctx: cmd.Context(), stdin: cmd.InOrStdin(), options: o}
			figure, err := k.draw(p, args)
			if err != nil {
				return err
			}
			if o.title != "" {
				figure.Title = o.title
			}
			if err := p.ctx.Err(); err != nil {
				return err
			}
			if err := figure.Save(o.out); err != nil || !o.json {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"schema": schema, "figure": name, "out": o.out, "title": figure.Title})
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "`file` to write, .png, .svg, .pdf or .gif")
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	f.StringVar(&o.title, "title", "", "`text` above the figure")
	for _, flag := range strings.Fields(k.flags) {
		switch flag {
		case "data":
			f.StringVar(&o.data, "data", "", "take samples of the test split of the data set in this `folder`")
		case "list":
			o.files.add(cmd)
			f.StringVar(&o.list, "list", "", "take the recordings of this list `file`, in --data or beside it")
		case "index":
			f.IntVar(&o.index, "index", 0, "show sample `N` of the input")
		case "limit":
			f.IntVar(&o.limit, "limit", 0, "take only the first `N` samples (0: all)")
		case "seed":
			f.Uint64Var(&o.seed, "seed", 1, "seed of the input noise")
		case "steps":
			f.IntVar(&o.steps, "steps", 0, "present each sample for `N` time steps (0: "+k.steps+")")
		case "layer":
			f.IntVar(&o.layer, "layer", -1, "`number` of the layer, from 0 (-1: the last)")
		case "first":
			f.IntVar(&o.layer, "layer", -1, "`number` of the layer, from 0 (-1: the first that has neurons)")
		case "neurons":
			f.StringVar(&o.neurons, "neurons", "", "`list` of neurons, or of the channels of kernels, such as 0-7,12")
		case "unit":
			if name == "response" {
				f.Float64Var(&o.unit.rate, "rate", 0, "highest rate of the input in `Hz` (0: a spike a step)")
			} else {
				f.Float64Var(&o.unit.rate, "rate", 100, "rate of the input in `Hz`")
			}
			f.Float64Var(&o.unit.weight, "weight", 1, "`weight` of the input")
			f.Float64Var(&o.unit.threshold, "threshold", 2.5, "firing `threshold`")
			f.Float64Var(&o.unit.tau, "tau", 25, "membrane time constant in `ms`")
			o.unit.dt = 1
			f.Var((*millis)(&o.unit.dt), "dt", "`duration` of a time step, such as 1ms, or in ms")
		}
	}
	return cmd
}

func (o *plotOptions) check() error {
	if o.out == "" {
		return usagef("--out is missing: the file to write, .png, .svg, .pdf or .gif")
	}
	if _, err := plot.FormatOf(o.out); err != nil {
		return usageError{err}
	}
	switch {
	case o.index < 0:
		return usagef("--index is %d, expected 0 or more", o.index)
	case o.limit < 0:
		return usagef("--limit is %d, expected 0 or more", o.limit)
	case o.steps < 0 || o.steps > model.MaxSteps:
		return usagef("--steps is %d, expected 0 to %d", o.steps, model.MaxSteps)
	}
	return nil
}
