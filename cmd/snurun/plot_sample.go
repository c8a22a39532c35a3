//go:build !board

package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/plot"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

func (p *plotter) neuron([]string) (*plot.Figure, error) {
	input, trace, err := p.runUnit()
	if err != nil {
		return nil, err
	}
	return plot.Neuron(input, trace, model.Millis(p.options.unit.dt))
}

// runUnit runs a network of one leaky integrate-and-fire unit.
func (p *plotter) runUnit() (input spike.Train, trace plot.Trace, err error) {
	m, err := p.unitNetwork(model.Encoder{Coding: model.Poisson, RateHz: p.options.unit.rate}, 100)
	if err != nil {
		return input, trace, err
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
	x, err := p.present(m, source, m.Steps)
	if err != nil {
		return input, trace, err
	}
	threshold := -m.Layers[0].Bias[0]
	trace.Threshold = &threshold
	l := &loaded{"plot neuron", m, evaluate.New(net), source}
	layers, _, err := l.record(p.ctx, x, evaluate.What{Outputs: true, Membrane: true}, 0)
	if err != nil {
		return input, trace, err
	}
	track(&trace, &layers[0], 0)
	return x.(spike.Train), trace, nil
}

// unitNetwork returns a network of one leaky integrate-and-fire unit as the flags
// describe it.
func (p *plotter) unitNetwork(e model.Encoder, steps int) (*model.Network, error) {
	u := p.options.unit
	if !(u.tau >= u.dt) {
		return nil, usagef("--tau is %v ms, expected at least a time step, --dt %v ms: the decay is 1 − Δt/τ", u.tau, u.dt)
	}
	return &model.Network{
		Steps: cmp.Or(p.options.steps, steps),
		Input: model.Input{Dt: model.Millis(u.dt), Shape: []int{1}, Encoder: e},
		Layers: []model.Layer{{
			Name: "unit", Kind: model.SNU, In: []int{1}, Out: []int{1},
			Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(1, 1, []float32{float32(u.weight)}),
			Decay:  []float32{float32(1 - u.dt/u.tau)}, Bias: []float32{float32(-u.threshold)},
		}},
		Readout: model.Readout{Kind: model.SpikeCount},
	}, nil
}

// responsePoints is how many rates of the input response tries.
const responsePoints = 51

func (p *plotter) response([]string) (*plot.Figure, error) {
	curves, err := p.responses()
	if err != nil {
		return nil, err
	}
	figure, err := plot.Response(curves)
	if err != nil {
		return nil, err
	}
	u := p.options.unit
	figure.Title = fmt.Sprintf("unit of τ %v ms, threshold %v, weight %v, steps of %v ms", u.tau, u.threshold, u.weight, u.dt)
	return figure, nil
}

// responses measures the unit's firing rate at rates of Poisson input from 0 on, and at
// constant inputs of the same mean.
func (p *plotter) responses() ([]plot.Series, error) {
	u := p.options.unit
	if !(u.dt > 0) {
		return nil, usagef("--dt is %v ms, expected a time above 0", u.dt)
	}
	highest := cmp.Or(u.rate, 1000/u.dt)
	if !(highest > 0 && highest <= 1000/u.dt) {
		return nil, usagef("--rate is %v Hz, expected more than 0 and at most a spike a step of %v ms, %v Hz", u.rate, u.dt, 1000/u.dt)
	}
	m, err := p.unitNetwork(model.Encoder{Coding: model.Direct}, 10_000)
	if err != nil {
		return nil, err
	}
	net, err := runtime.Compile(m)
	if err != nil {
		return nil, usageError{err}
	}
	session := net.NewSession()
	defer session.Close()
	x := spike.NewValues(m.Steps, 1)
	curves := []plot.Series{{Name: "Poisson input"}, {Name: "constant input"}}
	chance, drawn := dataset.KeyFor(p.options.seed, 0, 0), uint64(0)
	for k := range responsePoints {
		rate := highest * float64(k) / (responsePoints - 1)
		share := rate * u.dt / 1000
		for c := range curves {
			for t := range x.Data() {
				x.Data()[t] = float32(share)
				if c == 0 {
					x.Data()[t] = 0
					if float64(chance.Uint64(drawn)>>11)/(1<<53) < share {
						x.Data()[t] = 1
					}
					drawn++
				}
			}
			if err := p.ctx.Err(); err != nil {
				return nil, err
			}
			r, err := session.Classify(x)
			if err != nil {
				return nil, err
			}
			curves[c].X = append(curves[c].X, rate)
			curves[c].Y = append(curves[c].Y, float64(r.Scores[0])/float64(m.Steps)*1000/u.dt)
		}
	}
	return curves, nil
}

// track fills in what neuron j of a recorded layer did.
func track(t *plot.Trace, r *evaluate.Record, j int) {
	spikes, _ := r.Outputs.(spike.Train)
	for step := range r.Membrane.Steps() {
		t.Membrane = append(t.Membrane, r.Membrane.At(step)[j])
		if step < spikes.Steps() && spikes.At(step).Get(j) {
			t.Spikes = append(t.Spikes, step)
		}
	}
}

func (p *plotter) input(args []string) (*plot.Figure, error) {
	threshold := 0.0
	m := &model.Network{Steps: 10, Input: model.Input{Dt: 1,
		Shape:   []int{28 * 28},
		Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100, Threshold: &threshold},
	}}
	var source dataset.Source
	var frames []plot.Frame
	if len(args) > 0 {
		var err error
		if m, err = loadModel(args[0]); err != nil {
			return nil, err
		}
	}
	if p.options.list != "" && len(args) == 0 {
		return nil, usagef("--list needs MODEL")
	}
	if len(args) == 2 || p.options.list != "" || !m.Input.Encoder.Coding.Spec().Pixels {
		l, err := p.load(args)
		if err != nil {
			return nil, err
		}
		source = l.source
	} else {
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
	x, err := p.present(m, source, p.options.steps)
	if err != nil {
		return nil, err
	}
	if pictureOf(m.Input) == nil {
		return plot.Raster([]plot.Activity{channels(m.Input, x)}, nil, m.Input.Step())
	}
	steps := x.Steps()
	first := inputFrame(m.Input, x, 1)
	first.Name = fmt.Sprintf("one time step of %v ms", m.Input.Step())
	if !slices.ContainsFunc(first.Values, func(v float32) bool { return v != 0 && v != 1 }) {
		first.Scale = "" // spikes need no key
	}
	all := inputFrame(m.Input, x, steps)
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

// inputFrame shows the sum of the first steps of an input, ON and OFF events in
// two colours.
func inputFrame(in model.Input, x spike.Input, steps int) plot.Frame {
	f := plot.Frame{Name: fmt.Sprintf("sum of %d %s", steps, plural(steps, "step")), Scale: "spikes a pixel"}
	if _, analog := x.(spike.Values); analog {
		f.Scale = "sum of values"
	}
	sum := make([]float32, x.Size())
	for t := range steps {
		for i, v := range x.Active(t) {
			sum[i] += v
		}
	}
	if shape := polar(in); shape != nil {
		f.Height, f.Width, f.Off, f.Values = shape[1], shape[2], sum[:len(sum)/2], sum[len(sum)/2:]
		f.Scale += ": ON blue, OFF red"
		return f
	}
	f.Height, f.Width, f.Values = picture(pictureOf(in), sum)
	return f
}

// channels is an input, one row a channel; of sound, one a band, with how many of its
// levels are reached.
func channels(in model.Input, x spike.Input) plot.Activity {
	if s := in.Encoder.Sound; s != nil {
		bands, _, _ := s.Bands()
		reached := spike.NewValues(x.Steps(), bands)
		for t := range x.Steps() {
			for c := range x.Active(t) {
				reached.At(t)[c%bands]++
			}
		}
		return plot.Activity{Name: fmt.Sprintf("sound, %.0f to %.0f Hz", s.CentreHz(0), s.CentreHz(bands-1)), Kind: "band", Data: reached, Unit: "levels reached"}
	}
	return plot.Activity{Name: "input", Kind: "channel", Data: x, Unit: "value"}
}

// picture lays the channels of a time step out as rows of pixels: up to four
// planes side by side, more of them as a square of planes, and a single dimension
// as the nearest square, filled up with 0.
func picture(shape []int, values []float32) (height, width int, pixels []float32) {
	switch len(shape) {
	case 2:
		return shape[0], shape[1], values
	case 3:
		planes, h, w := shape[0], shape[1], shape[2]
		columns := planes
		if planes > 4 {
			columns = int(math.Ceil(math.Sqrt(float64(planes))))
		}
		height, width = (planes+columns-1)/columns*h, columns*w
		pixels = make([]float32, height*width)
		for c := range planes {
			for y := range h {
				copy(pixels[(c/columns*h+y)*width+c%columns*w:], values[(c*h+y)*w:][:w])
			}
		}
		return height, width, pixels
	}
	width = int(math.Ceil(math.Sqrt(float64(len(values)))))
	height = (len(values) + width - 1) / width
	pixels = make([]float32, height*width)
	copy(pixels, values)
	return height, width, pixels
}

// activity is the recorded output of layer i.
func (l *loaded) activity(layers []evaluate.Record, i int) plot.Activity {
	a := plot.Activity{Name: layerName(l.model, i), Data: layers[i].Outputs}
	switch l.model.Layers[i].Output {
	case model.Step:
	case model.Sigmoid, model.Count:
		a.Unit = "output y"
	default:
		a.Unit = "membrane s"
	}
	return a
}

func (p *plotter) extrapolate(args []string) (*plot.Figure, error) {
	l, err := p.load(args)
	if err != nil {
		return nil, err
	}
	steps := p.options.steps
	if steps == 0 && l.model.Input.Encoder.Coding != model.Events { // which are recorded, and end
		steps = 10 * l.model.Steps
	}
	x, err := p.present(l.model, l.source, steps)
	if err != nil {
		return nil, err
	}
	last := len(l.model.Layers) - 1
	layers, r, err := l.record(p.ctx, x, evaluate.What{Outputs: true}, last)
	if err != nil {
		return nil, err
	}
	e := plot.Extrapolated{
		Output:  l.activity(layers, last),
		Classes: l.classes(), Trained: l.model.Steps, Scores: r.Scores, Class: r.Class,
	}
	if pictureOf(l.model.Input) == nil {
		e.Channels = channels(l.model.Input, x)
	} else {
		e.Input = inputFrame(l.model.Input, x, x.Steps())
		e.Input.Name = "input, " + e.Input.Name
	}
	figure, err := plot.Extrapolation(e, l.model.Input.Step())
	if err != nil {
		return nil, err
	}
	figure.Title = p.decision(l, r.Class)
	return figure, nil
}

// frameTime is how long a time step of a movie is shown.
const frameTime = 300 * time.Millisecond

func (p *plotter) movie(args []string) (*plot.Figure, error) {
	l, err := p.load(args)
	if err != nil {
		return nil, err
	}
	x, err := p.present(l.model, l.source, p.options.steps)
	if err != nil {
		return nil, err
	}
	last := len(l.model.Layers) - 1
	layers, r, err := l.record(p.ctx, x, evaluate.What{Outputs: true}, last)
	if err != nil {
		return nil, err
	}
	scores, classes, err := p.becoming(l, x)
	if err != nil {
		return nil, err
	}
	output := l.activity(layers, last)
	output.Whole = output.Data
	all := inputFrame(l.model.Input, x, x.Steps())
	figure, err := plot.Animate(x.Steps(), frameTime, func(frame int) (*plot.Figure, error) {
		e := plot.Extrapolated{
			Output: output, Most: scores[len(scores)-1],
			Classes: l.classes(), Scores: scores[frame], Class: classes[frame],
		}
		e.Output.Data = upTo(output.Data, frame+1)
		if pictureOf(l.model.Input) == nil {
			e.Channels = channels(l.model.Input, upTo(x, frame+1))
			e.Channels.Whole = channels(l.model.Input, x).Data
		} else {
			e.Input = inputFrame(l.model.Input, x, frame+1)
			e.Input.Name, e.Input.Most = "input so far", slices.Concat(all.Values, all.Off)
		}
		return plot.Extrapolation(e, l.model.Input.Step())
	})
	if err != nil {
		return nil, err
	}
	figure.Title = p.decision(l, r.Class)
	return figure, nil
}

// becoming returns the scores and the class that leads after each step of x.
func (p *plotter) becoming(l *loaded, x spike.Input) (scores [][]float32, classes []int, err error) {
	s := l.run.Network().NewSession()
	defer s.Close()
	for t := range x.Steps() {
		if err := p.ctx.Err(); err != nil {
			return nil, nil, err
		}
		if err := s.Step(x, t); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", l.file, err)
		}
		r := s.Result()
		scores, classes = append(scores, slices.Clone(r.Scores)), append(classes, r.Class)
	}
	return scores, classes, nil
}

// upTo returns x with nothing in the steps from a step on.
func upTo(x spike.Input, step int) spike.Input {
	switch x := x.(type) {
	case spike.Train:
		y := spike.NewTrain(x.Steps(), x.Size())
		for t := range step {
			copy(y.At(t), x.At(t))
		}
		return y
	case spike.Values:
		y := spike.NewValues(x.Steps(), x.Size())
		for t := range step {
			copy(y.At(t), x.At(t))
		}
		return y
	}
	return x
}

func (p *plotter) raster(args []string) (*plot.Figure, error) {
	l, err := p.load(args)
	if err != nil {
		return nil, err
	}
	x, err := p.present(l.model, l.source, p.options.steps)
	if err != nil {
		return nil, err
	}
	shown := withNeurons(l.model)
	layers, r, err := l.record(p.ctx, x, evaluate.What{Outputs: true}, shown...)
	if err != nil {
		return nil, err
	}
	rows := []plot.Activity{channels(l.model.Input, x)}
	for _, i := range shown {
		rows = append(rows, l.activity(layers, i))
	}
	figure, err := plot.Raster(rows, l.model.Classes, l.model.Input.Step())
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
	i, err := p.chosenLayer(l.model, len(l.model.Layers)-1)
	if err != nil {
		return nil, err
	}
	layer := &l.model.Layers[i]
	neurons, err := parseNeurons(p.options.neurons, layer.OutSize())
	if err != nil {
		return nil, err
	}
	x, err := p.present(l.model, l.source, p.options.steps)
	if err != nil {
		return nil, err
	}
	bias := model.Broadcast(layer.Bias, layer.OutSize())
	traces := make([]plot.Trace, layer.OutSize())
	for j := range traces {
		traces[j].Name = fmt.Sprintf("%s, neuron %d", layerName(l.model, i), j)
		if layer.Kind == model.Conv2D {
			h, w := layer.Out[1], layer.Out[2]
			traces[j].Name += fmt.Sprintf(": channel %d, row %d, column %d", j/(h*w), j/w%h, j%w)
		}
		if layer.Spikes() || layer.Output == model.Count {
			threshold := -bias[j]
			traces[j].Threshold = &threshold
		}
	}
	layers, r, err := l.record(p.ctx, x, evaluate.What{Outputs: true, Membrane: true}, i)
	if err != nil {
		return nil, err
	}
	for j := range traces {
		track(&traces[j], &layers[i], j)
	}
	if neurons == nil {
		neurons = mostActive(traces, shownNeurons)
	}
	var shown []plot.Trace
	for _, j := range neurons {
		shown = append(shown, traces[j])
	}
	figure, err := plot.Membranes(shown, l.model.Input.Step())
	if errors.Is(err, plot.ErrData) && p.options.neurons != "" {
		return nil, usageError{fmt.Errorf("--neurons: %w", err)}
	} else if err != nil {
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
