package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/plot"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
	"github.com/snurun/snurun/train"
)

// plotOptions are the flags of the kinds of plot; each kind has some of them.
type plotOptions struct {
	out     string
	title   string
	data    string
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
		Long: `plot draws a figure from a real run of a network and writes it as PNG or SVG, by
the extension of --out. The same call writes the same bytes.

Inputs are samples of the 1,000 MNIST test digits that are part of the program, of
a data set's folder (--data, its test split), or of a file as classify reads it.`,
		Example: `  snurun plot neuron --out neuron.png
  snurun plot curves a.msgpack b.msgpack --out curves.svg
  snurun plot raster model.msgpack --index 3 --steps 100 --out raster.png`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return nil
		},
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
	sampleFlags = "data index seed steps"
	dataFlags   = "data limit seed steps"
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
		use: "input [MODEL [INPUT]]", short: "A sample, one time step of its spikes, and the sum of all steps",
		long: `input shows what a network sees of a sample. Without MODEL the coding is that of
jittered MNIST: a pixel above 0 fires at 100 Hz, in 10 steps of 1 ms.`,
		examples: []string{"--index 3 --out input.png", "model.msgpack --steps 100 --out input.png"},
		most:     2, flags: sampleFlags, steps: "as the model says", draw: (*plotter).input,
	},
	{
		use: "curves MODEL...", short: "Loss and accuracy over the epochs of a training",
		long:     "curves shows the training histories that 'snurun train' stores in model files.",
		examples: []string{"model.msgpack --out curves.png", "count.msgpack membrane.msgpack --out curves.svg"},
		least:    1, most: -1, draw: (*plotter).curves,
	},
	{
		use: "extrapolate MODEL [INPUT]", short: "An input that lasts longer than those in training",
		long: `extrapolate shows the sum of a sample's input spikes, the output over all steps,
and the scores that they add up to.`,
		examples: []string{"model.msgpack --out extrapolate.png", "model.msgpack --index 8 --steps 50 --out extrapolate.svg"},
		least:    1, most: 2, flags: sampleFlags, steps: "ten times what the model says", draw: (*plotter).extrapolate,
	},
	{
		use: "raster MODEL [INPUT]", short: "The spikes of the input and of every layer",
		long: `raster shows a mark a spike. Layers that put out analog values, and those with more
neurons than pixels, are shown in colours.`,
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
		use: "weights MODEL", short: "The receptive fields of the first layer",
		long:     "weights shows the input weights of neurons of the first layer as pictures.",
		examples: []string{"model.msgpack --out weights.png", "model.msgpack --neurons 0-255 --out weights.svg"},
		least:    1, most: 1, flags: "neurons", draw: (*plotter).weights,
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
		use: "spikes MODEL [INPUT]", short: "Spikes a sample of each layer",
		long:     "spikes shows how many spikes the input and each spiking layer have, over samples.",
		examples: []string{"model.msgpack --out spikes.png", "model.msgpack --data ~/mnist --out spikes.svg"},
		least:    1, most: 2, flags: dataFlags, steps: "as the model says", draw: (*plotter).spikes,
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
			if len(args) < k.least || k.most >= 0 && len(args) > k.most {
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
			return figure.Save(o.out)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "`file` to write, .png or .svg")
	f.StringVar(&o.title, "title", "", "`text` above the figure")
	for _, flag := range strings.Fields(k.flags) {
		switch flag {
		case "data":
			f.StringVar(&o.data, "data", "", "take samples of the test split of the data set in this `folder`")
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
		case "neurons":
			f.StringVar(&o.neurons, "neurons", "", "`list` of neurons, such as 0-7,12")
		case "unit":
			f.Float64Var(&o.unit.rate, "rate", 100, "rate of the input in `Hz`")
			f.Float64Var(&o.unit.weight, "weight", 1, "`weight` of the input")
			f.Float64Var(&o.unit.threshold, "threshold", 2.5, "firing `threshold`")
			f.Float64Var(&o.unit.tau, "tau", 25, "membrane time constant in `ms`")
			f.Float64Var(&o.unit.dt, "dt", 1, "length of a time step in `ms`")
		}
	}
	return cmd
}

func (o *plotOptions) check() error {
	if o.out == "" {
		return usagef("--out is missing: the file to write, .png or .svg")
	}
	if _, err := plot.FormatOf(o.out); err != nil {
		return usageError{err}
	}
	switch {
	case o.index < 0:
		return usagef("--index is %d, expected 0 or more", o.index)
	case o.limit < 0:
		return usagef("--limit is %d, expected 0 or more", o.limit)
	case o.steps < 0:
		return usagef("--steps is %d, expected 0 or more", o.steps)
	}
	return nil
}

// plotter gathers what a figure shows.
type plotter struct {
	ctx     context.Context
	stdin   io.Reader
	options plotOptions
}

// loaded is a model that is ready to run on the samples of a source.
type loaded struct {
	file   string
	model  *model.Network
	net    *runtime.Network
	source dataset.Source
}

// load opens the model args[0] and the input args[1], or what the flags say.
func (p *plotter) load(args []string) (*loaded, error) {
	if p.options.data != "" && len(args) > 1 {
		return nil, usagef("--data and INPUT exclude each other")
	}
	m, err := export.ReadFile(args[0])
	if err != nil {
		return nil, err
	}
	net, err := runtime.Compile(m)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", args[0], err)
	}
	inputs, err := openInputs(m, args[1:], p.options.data, p.stdin)
	if err != nil {
		return nil, err
	}
	return &loaded{args[0], m, net, inputs[0].source}, nil
}

// present returns the input of the sample that --index names, for steps time
// steps or, if 0, as long as it is.
func (p *plotter) present(in model.Input, source dataset.Source, steps, unlimited int) (*dataset.Presentation, error) {
	i := p.options.index
	if i >= source.Len() {
		return nil, usagef("--index is %d, the input has %d %s", i, source.Len(), plural(source.Len(), "sample"))
	}
	if steps == 0 {
		steps = dataset.Steps(source, unlimited)
	}
	x := dataset.NewPresentation(in, steps)
	return x, x.Load(source, i, train.TestKey(p.options.seed, i))
}

// run presents x from the initial state; each is called after every step.
func (l *loaded) run(ctx context.Context, x *dataset.Presentation, each func(step int, s *runtime.Session)) (runtime.Result, error) {
	s := l.net.NewSession()
	defer s.Close()
	for t := range max(x.Spikes.Steps(), x.Values.Steps()) {
		if err := ctx.Err(); err != nil {
			return runtime.Result{}, err
		}
		if err := runStep(s, x, t); err != nil {
			return runtime.Result{}, fmt.Errorf("%s: %w", l.file, err)
		}
		each(t, s)
	}
	r := s.Result()
	r.Scores = slices.Clone(r.Scores)
	return r, nil
}

// classes returns a name for every output.
func (l *loaded) classes() []string {
	names := slices.Clone(l.model.Classes)
	for j := len(names); j < l.net.OutSize(); j++ {
		names = append(names, strconv.Itoa(j))
	}
	return names
}

// decision says of a sample what it is and what it was taken for.
func (p *plotter) decision(l *loaded, class int) string {
	text := fmt.Sprintf("sample %d: decided %s", p.options.index, l.classes()[class])
	if label := l.source.Label(p.options.index); label >= 0 && label < l.net.OutSize() {
		text += fmt.Sprintf(", true class %s", l.classes()[label])
	}
	return text
}

func (p *plotter) neuron([]string) (*plot.Figure, error) {
	input, trace, err := p.runUnit()
	if err != nil {
		return nil, err
	}
	return plot.Neuron(input, trace, p.options.unit.dt)
}

// runUnit runs a network of one leaky integrate-and-fire unit.
func (p *plotter) runUnit() (input spike.Train, trace plot.Trace, err error) {
	u := p.options.unit
	m := &model.Network{
		DtMS: u.dt, Steps: cmp.Or(p.options.steps, 100),
		Input: model.Input{Shape: []int{1}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: u.rate}},
		Layers: []model.Layer{{
			Name: "unit", Kind: model.SNU, In: []int{1}, Out: []int{1},
			Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(1, 1, []float32{float32(u.weight)}),
			Decay:  []float32{float32(1 - u.dt/u.tau)}, Bias: []float32{float32(-u.threshold)},
		}},
		Readout: model.Readout{Kind: model.SpikeCount},
	}
	net, err := runtime.Compile(m)
	if err != nil {
		return input, trace, usageError{err}
	}
	pixel := dataset.ImageSet{Images: dataset.Images{Count: 1, Height: 1, Width: 1, Pixels: []byte{math.MaxUint8}}}
	source, err := imageSource(m, pixel)
	if err != nil {
		return input, trace, err
	}
	x, err := p.present(m.Input, source, m.Steps, m.Steps)
	if err != nil {
		return input, trace, err
	}
	threshold := -m.Layers[0].Bias[0]
	trace.Threshold = &threshold
	l := &loaded{"plot neuron", m, net, source}
	_, err = l.run(p.ctx, x, func(t int, s *runtime.Session) { l.trace(&trace, t, s, 0, 0) })
	return x.Spikes, trace, err
}

// trace adds the last step of a neuron to its trace.
func (l *loaded) trace(to *plot.Trace, step int, s *runtime.Session, layer, neuron int) {
	to.Membrane = append(to.Membrane, s.Membrane(layer)[neuron])
	if l.model.Layers[layer].Spikes() && s.Spikes(layer).Get(neuron) {
		to.Spikes = append(to.Spikes, step)
	}
}

func (p *plotter) input(args []string) (*plot.Figure, error) {
	threshold := 0.0
	m := &model.Network{DtMS: 1, Steps: 10, Input: model.Input{
		Shape:   []int{28 * 28},
		Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100, Threshold: &threshold},
	}}
	var source dataset.Source
	var frames []plot.Frame
	if len(args) == 2 {
		l, err := p.load(args)
		if err != nil {
			return nil, err
		}
		m, source = l.model, l.source
	} else {
		if len(args) == 1 {
			var err error
			if m, err = export.ReadFile(args[0]); err != nil {
				return nil, err
			}
		}
		set, err := p.digits()
		if err != nil {
			return nil, err
		}
		if source, err = imageSource(m, set); err != nil {
			return nil, err
		}
		if p.options.index < set.Count {
			frames = append(frames, digitFrame(set, p.options.index, m.Input.Encoder.Threshold))
		}
	}
	x, err := p.present(m.Input, source, p.options.steps, m.Steps)
	if err != nil {
		return nil, err
	}
	steps := max(x.Spikes.Steps(), x.Values.Steps())
	first := inputFrame(m.Input.Shape, x, 1)
	first.Name, first.Scale = fmt.Sprintf("one time step of %v ms", m.DtMS), ""
	all := inputFrame(m.Input.Shape, x, steps)
	return plot.Frames(append(frames, first, all))
}

// digits returns the images that the flags name.
func (p *plotter) digits() (dataset.ImageSet, error) {
	if p.options.data != "" {
		return dataset.LoadMNIST(p.options.data, dataset.TestPart)
	}
	return dataset.Sample()
}

// digitFrame shows an image, binarised if its coding has a threshold.
func digitFrame(set dataset.ImageSet, i int, threshold *float64) plot.Frame {
	f := plot.Frame{Name: "image", Height: set.Height, Width: set.Width}
	if threshold != nil {
		f.Name = "binarised image"
	}
	for _, v := range set.At(i) {
		x := float64(v) / math.MaxUint8
		if threshold != nil {
			if x > *threshold {
				x = 1
			} else {
				x = 0
			}
		}
		f.Values = append(f.Values, float32(x))
	}
	return f
}

// inputFrame shows the sum of the first steps of an input.
func inputFrame(shape []int, x *dataset.Presentation, steps int) plot.Frame {
	f := plot.Frame{Name: fmt.Sprintf("sum of %d %s", steps, plural(steps, "step")), Scale: "spikes a pixel"}
	if x.Analog {
		f.Scale = "sum of values"
	}
	sum := make([]float32, max(x.Spikes.Size(), x.Values.Size()))
	for t := range steps {
		if x.Analog {
			for i, v := range x.Values.At(t) {
				sum[i] += v
			}
			continue
		}
		for i := range x.Spikes.At(t).All() {
			sum[i]++
		}
	}
	f.Height, f.Width, f.Values = picture(shape, sum)
	return f
}

// picture lays the channels of a time step out as rows of pixels: planes side
// by side, and a single dimension as the nearest square, filled up with 0.
func picture(shape []int, values []float32) (height, width int, pixels []float32) {
	switch len(shape) {
	case 2:
		return shape[0], shape[1], values
	case 3:
		planes, height, width := shape[0], shape[1], shape[2]
		for y := range height {
			for c := range planes {
				row := (c*height + y) * width
				pixels = append(pixels, values[row:row+width]...)
			}
		}
		return height, planes * width, pixels
	}
	width = int(math.Ceil(math.Sqrt(float64(len(values)))))
	height = (len(values) + width - 1) / width
	pixels = make([]float32, height*width)
	copy(pixels, values)
	return height, width, pixels
}

func (p *plotter) curves(files []string) (*plot.Figure, error) {
	var runs []plot.Run
	for i, name := range runNames(files) {
		m, err := export.ReadFile(files[i])
		if err != nil {
			return nil, err
		}
		text, _ := m.Metadata["history"].(string)
		var history []epochReport
		if err := json.Unmarshal([]byte(text), &history); err != nil {
			return nil, fmt.Errorf("%s: metadata \"history\" is not the JSON that 'snurun train' writes: %w", files[i], err)
		}
		run := plot.Run{Name: name}
		for _, e := range history {
			run.Epochs = append(run.Epochs, plot.Epoch{Epoch: e.Epoch, Loss: e.Loss, Train: e.TrainAccuracy, Held: e.HeldAccuracy, Test: e.TestAccuracy})
		}
		runs = append(runs, run)
	}
	return plot.Curves(runs)
}

// runNames names models by their files.
func runNames(files []string) []string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(filepath.Base(f), filepath.Ext(f))
	}
	return names
}

// recordedLayer is the output of a layer, as it is recorded.
func (l *loaded) recordedLayer(i, steps int) plot.Activity {
	layer := &l.model.Layers[i]
	a := plot.Activity{Name: layer.Name, Analog: !layer.Spikes()}
	switch {
	case !a.Analog:
		a.Spikes = spike.NewTrain(steps, layer.OutSize())
	case layer.Output == model.Sigmoid:
		a.Unit = "output y"
		a.Values = spike.NewValues(steps, layer.OutSize())
	default:
		a.Unit = "membrane s"
		a.Values = spike.NewValues(steps, layer.OutSize())
	}
	a.Name = cmp.Or(a.Name, fmt.Sprintf("layer %d", i))
	return a
}

// record copies the output of layer i in the last step.
func (l *loaded) record(to plot.Activity, step int, s *runtime.Session, i int) {
	switch l.model.Layers[i].Output {
	case model.Step:
		copy(to.Spikes.At(step), s.Spikes(i))
	case model.Sigmoid:
		copy(to.Values.At(step), s.Outputs(i))
	default:
		copy(to.Values.At(step), s.Membrane(i))
	}
}

func (p *plotter) extrapolate(args []string) (*plot.Figure, error) {
	l, err := p.load(args)
	if err != nil {
		return nil, err
	}
	x, err := p.present(l.model.Input, l.source, cmp.Or(p.options.steps, 10*l.model.Steps), 0)
	if err != nil {
		return nil, err
	}
	steps := max(x.Spikes.Steps(), x.Values.Steps())
	last := len(l.model.Layers) - 1
	e := plot.Extrapolated{
		Input: inputFrame(l.model.Input.Shape, x, steps), Output: l.recordedLayer(last, steps),
		Classes: l.classes(), Trained: l.model.Steps,
	}
	r, err := l.run(p.ctx, x, func(t int, s *runtime.Session) { l.record(e.Output, t, s, last) })
	if err != nil {
		return nil, err
	}
	e.Scores, e.Class = r.Scores, r.Class
	e.Input.Name = "input, " + e.Input.Name
	figure, err := plot.Extrapolation(e, l.model.DtMS)
	if err != nil {
		return nil, err
	}
	figure.Title = p.decision(l, r.Class)
	return figure, nil
}

func (p *plotter) raster(args []string) (*plot.Figure, error) {
	l, err := p.load(args)
	if err != nil {
		return nil, err
	}
	x, err := p.present(l.model.Input, l.source, p.options.steps, l.model.Steps)
	if err != nil {
		return nil, err
	}
	steps := max(x.Spikes.Steps(), x.Values.Steps())
	layers := []plot.Activity{{Name: "input", Kind: "channel", Analog: x.Analog, Spikes: x.Spikes, Values: x.Values, Unit: "value"}}
	for i := range l.model.Layers {
		layers = append(layers, l.recordedLayer(i, steps))
	}
	r, err := l.run(p.ctx, x, func(t int, s *runtime.Session) {
		for i := range l.model.Layers {
			l.record(layers[i+1], t, s, i)
		}
	})
	if err != nil {
		return nil, err
	}
	figure, err := plot.Raster(layers, l.model.Classes, l.model.DtMS)
	if err != nil {
		return nil, err
	}
	figure.Title = p.decision(l, r.Class)
	return figure, nil
}

// shownNeurons is the number of neurons whose membranes are shown by default.
const shownNeurons = 4

func (p *plotter) membrane(args []string) (*plot.Figure, error) {
	l, err := p.load(args)
	if err != nil {
		return nil, err
	}
	i := p.options.layer
	if i == -1 {
		i = len(l.model.Layers) - 1
	}
	if i < 0 || i >= len(l.model.Layers) {
		return nil, usagef("--layer is %d, the model has %d, from 0", p.options.layer, len(l.model.Layers))
	}
	layer := &l.model.Layers[i]
	neurons, err := parseNeurons(p.options.neurons, layer.OutSize())
	if err != nil {
		return nil, err
	}
	x, err := p.present(l.model.Input, l.source, p.options.steps, l.model.Steps)
	if err != nil {
		return nil, err
	}
	bias := model.Broadcast(layer.Bias, layer.OutSize())
	traces := make([]plot.Trace, layer.OutSize())
	for j := range traces {
		traces[j].Name = fmt.Sprintf("%s, neuron %d", cmp.Or(layer.Name, fmt.Sprintf("layer %d", i)), j)
		if layer.Spikes() {
			threshold := -bias[j]
			traces[j].Threshold = &threshold
		}
	}
	r, err := l.run(p.ctx, x, func(t int, s *runtime.Session) {
		for j := range traces {
			l.trace(&traces[j], t, s, i, j)
		}
	})
	if err != nil {
		return nil, err
	}
	if neurons == nil {
		neurons = mostActive(traces, shownNeurons)
	}
	var shown []plot.Trace
	for _, j := range neurons {
		shown = append(shown, traces[j])
	}
	figure, err := plot.Membranes(shown, l.model.DtMS)
	if err != nil {
		return nil, err
	}
	figure.Title = p.decision(l, r.Class)
	return figure, nil
}

// mostActive returns up to n neurons, ascending: those with the most spikes,
// among equals those with the highest membrane.
func mostActive(traces []plot.Trace, n int) []int {
	neurons := sequence(0, len(traces))
	slices.SortStableFunc(neurons, func(a, b int) int {
		return cmp.Or(
			cmp.Compare(len(traces[b].Spikes), len(traces[a].Spikes)),
			cmp.Compare(slices.Max(traces[b].Membrane), slices.Max(traces[a].Membrane)))
	})
	neurons = neurons[:min(n, len(neurons))]
	slices.Sort(neurons)
	return neurons
}

// parseNeurons reads a list such as 0-7,12 of neurons of a layer of n; nil if
// it is empty.
func parseNeurons(list string, n int) ([]int, error) {
	if list == "" {
		return nil, nil
	}
	var neurons []int
	for _, part := range strings.Split(list, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.Atoi(first)
		to, err2 := strconv.Atoi(last)
		if err1 != nil || err2 != nil || from < 0 || to < from || to >= n {
			return nil, usagef("--neurons has %q, expected neurons between 0 and %d such as 0-7,12", part, n-1)
		}
		neurons = append(neurons, sequence(from, to+1)...)
	}
	return neurons, nil
}

// shownFields is the number of receptive fields shown by default.
const shownFields = 64

func (p *plotter) weights(args []string) (*plot.Figure, error) {
	m, err := export.ReadFile(args[0])
	if err != nil {
		return nil, err
	}
	layer := &m.Layers[0]
	neurons, err := parseNeurons(p.options.neurons, layer.OutSize())
	if err != nil {
		return nil, err
	}
	if neurons == nil {
		neurons = sequence(0, min(layer.OutSize(), shownFields))
	}
	var fields []plot.Frame
	for _, j := range neurons {
		f := plot.Frame{Name: strconv.Itoa(j)}
		f.Height, f.Width, f.Values = picture(m.Input.Shape, layer.Weight.Row(j, nil))
		fields = append(fields, f)
	}
	figure, err := plot.Weights(fields)
	if err != nil {
		return nil, err
	}
	figure.Title = fmt.Sprintf("input weights of %s: %d of %d neurons", cmp.Or(layer.Name, "layer 0"), len(neurons), layer.OutSize())
	return figure, nil
}

// each calls do with a reset session for each sample that the flags name.
func (p *plotter) each(l *loaded, do func(s *runtime.Session, i int, x *dataset.Presentation) error) error {
	n := l.source.Len()
	if p.options.limit > 0 {
		n = min(n, p.options.limit)
	}
	if n == 0 {
		return errors.New("there are no samples")
	}
	s := l.net.NewSession()
	defer s.Close()
	x := dataset.NewPresentation(l.model.Input, cmp.Or(p.options.steps, dataset.Steps(l.source, l.model.Steps)))
	for i := range n {
		if err := p.ctx.Err(); err != nil {
			return err
		}
		if err := x.Load(l.source, i, train.TestKey(p.options.seed, i)); err != nil {
			return err
		}
		s.Reset()
		if err := do(s, i, x); err != nil {
			return fmt.Errorf("%s: %w", l.file, err)
		}
	}
	return nil
}

// labelOf returns the class of sample i, which must be one of the network's.
func (l *loaded) labelOf(i int) (int, error) {
	label := l.source.Label(i)
	if label < 0 {
		return 0, fmt.Errorf("the class of sample %d is not known: expected labels beside the images", i)
	}
	if label >= l.net.OutSize() {
		return 0, fmt.Errorf("sample %d has class %d, the network has %d outputs", i, label, l.net.OutSize())
	}
	return label, nil
}

// runStep and runAll present one step of x, and all.
func runStep(s *runtime.Session, x *dataset.Presentation, t int) error {
	if x.Analog {
		return s.StepValues(x.Values.At(t))
	}
	return s.Step(x.Spikes.At(t))
}

func runAll(s *runtime.Session, x *dataset.Presentation) error {
	if x.Analog {
		return s.RunValues(x.Values)
	}
	return s.Run(x.Spikes)
}

func (p *plotter) confusion(args []string) (*plot.Figure, error) {
	l, err := p.load(args)
	if err != nil {
		return nil, err
	}
	counts := make([][]int, l.net.OutSize())
	for i := range counts {
		counts[i] = make([]int, len(counts))
	}
	err = p.each(l, func(s *runtime.Session, i int, x *dataset.Presentation) error {
		label, err := l.labelOf(i)
		if err != nil {
			return err
		}
		if err := runAll(s, x); err != nil {
			return err
		}
		counts[label][s.Result().Class]++
		return nil
	})
	if err != nil {
		return nil, err
	}
	return plot.Confusion(counts, l.classes())
}

func (p *plotter) accuracy(files []string) (*plot.Figure, error) {
	var curves []plot.AccuracyCurve
	var dt float64
	for i, name := range runNames(files) {
		l, err := p.load(files[i : i+1])
		if err != nil {
			return nil, err
		}
		if i == 0 {
			dt = l.model.DtMS
			p.options.steps = cmp.Or(p.options.steps, dataset.Steps(l.source, l.model.Steps))
		} else if l.model.DtMS != dt {
			return nil, fmt.Errorf("%s has time steps of %v ms, %s of %v ms: they have no common axis", files[i], l.model.DtMS, files[0], dt)
		}
		correct, samples := make([]int, p.options.steps), 0
		err = p.each(l, func(s *runtime.Session, i int, x *dataset.Presentation) error {
			label, err := l.labelOf(i)
			if err != nil {
				return err
			}
			samples++
			for t := range correct {
				if err := runStep(s, x, t); err != nil {
					return err
				}
				if s.Result().Class == label {
					correct[t]++
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		a := plot.AccuracyCurve{Name: name, Trained: l.model.Steps}
		for _, k := range correct {
			share := float64(k) / float64(samples)
			a.Mean = append(a.Mean, share)
			a.Error = append(a.Error, math.Sqrt(share*(1-share)/float64(samples)))
		}
		curves = append(curves, a)
	}
	return plot.Accuracy(curves, dt)
}

func (p *plotter) spikes(args []string) (*plot.Figure, error) {
	l, err := p.load(args)
	if err != nil {
		return nil, err
	}
	steps, samples := 0, 0.0
	sums, squares := make([]float64, 1+len(l.model.Layers)), make([]float64, 1+len(l.model.Layers))
	err = p.each(l, func(s *runtime.Session, _ int, x *dataset.Presentation) error {
		if err := runAll(s, x); err != nil {
			return err
		}
		stats := s.Stats()
		steps = stats.Steps
		samples++
		for i, k := range append([]int{stats.InputSpikes}, stats.Spikes...) {
			sums[i] += float64(k)
			squares[i] += float64(k) * float64(k)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var layers []plot.LayerSpikes
	add := func(i int, name string, neurons int) {
		mean := sums[i] / samples
		spread := 0.0
		if samples > 1 {
			spread = math.Sqrt(max(0, squares[i]/samples-mean*mean) / (samples - 1))
		}
		layers = append(layers, plot.LayerSpikes{Name: name, Neurons: neurons, Mean: mean, Error: spread})
	}
	if !l.model.Input.Encoder.Analog() {
		add(0, "input", l.net.InSize())
	}
	for i := range l.model.Layers {
		if layer := &l.model.Layers[i]; layer.Spikes() {
			add(i+1, cmp.Or(layer.Name, fmt.Sprintf("layer %d", i)), layer.OutSize())
		}
	}
	if len(layers) == 0 {
		return nil, fmt.Errorf("%s: neither the input nor a layer spikes", l.file)
	}
	return plot.Spikes(layers, steps)
}
