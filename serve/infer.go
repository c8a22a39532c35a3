package serve

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// inference is the work of one request: its samples, what is kept of each, and the
// answer.
type inference struct {
	m      *Model
	p      params
	limit  int // bytes of an input, and of all outputs
	wanted []wanted
	layers []int // whose spikes or membranes are kept; −1 is the input
	keep   map[int]evaluate.What
	room   int  // bytes of what is kept so far
	each   bool // the network decides at every step: class and scores go by step
	out    []tensor
	work   work
}

// work is what an inference came to.
type work struct {
	samples, spikes, synOps int64
}

// run runs a request on a model and returns the outputs in the order that they were
// asked for. The worker's memory and that of the answer are the inference's own.
func (f *inference) run(ctx context.Context, g *gate, m *Model, q *request) ([]tensor, error) {
	f.m, f.p, f.work, f.room = m, q.params, work{}, 0
	f.each = m.net.Readout().Kind.EachStep()
	if f.each && (f.p.auto || f.p.margin > 0) {
		return nil, badRequest("parameter margin: model %q decides at every step, and none of its decisions is early", m.name)
	}
	if f.p.auto {
		if f.p.margin = m.net.Readout().Margin; f.p.margin == 0 {
			return nil, badRequest("parameter margin is auto, but model %q recommends none: give a number", m.name)
		}
	}
	if len(q.inputs) != 1 {
		return nil, badRequest("expected one input, one of %s, found %d", m.inputNames(), len(q.inputs))
	}
	if err := f.want(q.outputs); err != nil {
		return nil, err
	}
	if err := g.enter(ctx); err != nil {
		return nil, err
	}
	defer g.leave()
	w := m.worker()
	defer m.release(w)
	err := f.samples(&q.inputs[0], func(i uint64, load func(x spike.Input) error, steps int) error {
		if f.work.samples > 0 {
			if g.waiting.Load() > 0 {
				w.shrink() // while this one waits, too
			}
			if err := g.yield(ctx); err != nil {
				return err
			}
		}
		return f.sample(ctx, w, steps, load)
	})
	if err != nil {
		return nil, err
	}
	for i := range f.out {
		t := &f.out[i]
		t.shape[0] = f.work.samples
	}
	return f.out, nil
}

// want prepares the outputs that are asked for, class and scores if none are.
func (f *inference) want(outputs []wanted) error {
	f.wanted = append(f.wanted[:0], outputs...)
	if len(outputs) == 0 {
		f.wanted = append(f.wanted, wanted{name: outClass}, wanted{name: outScores})
	}
	f.layers, f.keep = f.layers[:0], nil
	for len(f.out) < len(f.wanted) {
		f.out = append(f.out, tensor{})
	}
	f.out = f.out[:len(f.wanted)]
	for i, o := range f.wanted {
		t := &f.out[i]
		*t = tensor{name: o.name, shape: append(t.shape[:0], 0), ints: t.ints[:0], floats: t.floats[:0], bytes: t.bytes[:0], texts: t.texts[:0]}
		if slices.ContainsFunc(f.wanted[:i], func(other wanted) bool { return other.name == o.name }) {
			return badRequest("output %q is asked for twice", short(o.name))
		}
		layer := noLayer
		switch o.name {
		case outClass:
			t.datatype, t.bySteps = typeInt64, f.each
		case outSteps, outSpikes, outSynOps:
			t.datatype = typeInt64
		case outScores:
			t.datatype, t.bySteps = typeFP32, f.each
		case outName:
			t.datatype, t.bySteps = typeBytes, f.each
		default:
			var err error
			if layer, err = f.ofLayer(t); err != nil {
				return err
			}
			t.bySteps = true
		}
		if t.bySteps {
			t.shape = append(t.shape, 0)
		}
		switch {
		case o.name == outScores:
			t.shape = append(t.shape, int64(f.m.net.OutSize()))
		case layer == inputLayer:
			t.shape = append(t.shape, int64(f.m.net.InSize()))
		case layer >= 0:
			t.shape = append(t.shape, int64(f.m.net.Model().Layers[layer].OutSize()))
		}
		f.layers = append(f.layers, layer)
	}
	return nil
}

// Numbers of what is no layer.
const (
	inputLayer = -1
	noLayer    = -2
)

// ofLayer prepares an output spikes.LAYER or membrane.LAYER.
func (f *inference) ofLayer(t *tensor) (int, error) {
	what, which, _ := strings.Cut(t.name, ".")
	layers := f.m.net.Model().Layers
	if what == outSpikes && which == "input" {
		t.datatype = inputType(f.m.net.Input())
		return inputLayer, nil
	}
	i, err := strconv.Atoi(which)
	if err != nil {
		i = slices.IndexFunc(layers, func(l model.Layer) bool { return l.Name != "" && l.Name == which })
	}
	if what != outSpikes && what != outMembrane || i < 0 || i >= len(layers) || !layers[i].HasNeurons() {
		return 0, badRequest("model %q has no output %q, expected one of %s", f.m.name, short(t.name), f.m.outputNames())
	}
	if f.keep == nil {
		f.keep = make(map[int]evaluate.What)
	}
	keep := f.keep[i]
	t.datatype = typeFP32
	if what == outSpikes {
		keep.Outputs = true
		if layers[i].Spikes() {
			t.datatype = typeUint8
		}
	} else {
		keep.Membrane = true
	}
	f.keep[i] = keep
	return i, nil
}

// sample runs one sample and adds what is asked for to the outputs.
func (f *inference) sample(ctx context.Context, w *worker, steps int, load func(x spike.Input) error) error {
	if err := f.fits(steps); err != nil {
		return err
	}
	x := w.input(f.m.net, steps)
	if err := load(x); err != nil {
		return err
	}
	var rec *evaluate.Recorder
	var r runtime.Result
	var err error
	if f.keep != nil || f.each {
		rec, r, err = f.record(ctx, w.session, x)
	} else {
		r, err = classify(ctx, w.session, x, f.p.margin)
	}
	if err != nil {
		return err
	}
	st := w.session.Stats()
	spikes, synOps := st.TotalSpikes(), st.TotalSynOps()
	f.work.samples++
	f.work.spikes += spikes
	f.work.synOps += synOps
	for i := range f.out {
		t := &f.out[i]
		switch layer := f.layers[i]; {
		case t.bySteps && layer == noLayer: // by decided
		case t.name == outClass:
			t.ints = append(t.ints, int64(r.Class))
		case t.name == outScores:
			t.floats = append(t.floats, r.Scores...)
		case t.name == outName:
			t.texts = append(t.texts, []byte(f.m.className(r.Class)))
		case t.name == outSteps:
			t.ints = append(t.ints, int64(r.Steps))
		case t.name == outSpikes:
			t.ints = append(t.ints, spikes)
		case t.name == outSynOps:
			t.ints = append(t.ints, synOps)
		case layer == inputLayer:
			t.add(spike.Slice(x, 0, r.Steps))
		case strings.HasPrefix(t.name, outMembrane):
			t.add(spike.Slice(rec.Layers[layer].Membrane, 0, r.Steps))
		default:
			t.add(spike.Slice(rec.Layers[layer].Outputs, 0, r.Steps))
		}
	}
	return f.even(r.Steps)
}

// even holds that all samples have the same number of steps, where outputs go by step.
func (f *inference) even(steps int) error {
	for i := range f.out {
		t := &f.out[i]
		if !t.bySteps {
			continue
		}
		if t.shape[1] != 0 && t.shape[1] != int64(steps) {
			return badRequest("output %q goes by time step, and samples take %d and %d of them: ask for one sample a request, without a margin, or for as many steps of each", t.name, t.shape[1], steps)
		}
		t.shape[1] = int64(steps)
	}
	return nil
}

// add appends the steps of what a layer did.
func (t *tensor) add(x spike.Input) {
	switch x := x.(type) {
	case spike.Values:
		t.floats = append(t.floats, x.Data()...)
	case spike.Train:
		n := len(t.bytes)
		t.bytes = append(t.bytes, make([]byte, x.Steps()*x.Size())...)
		for step := range x.Steps() {
			row := t.bytes[n+step*x.Size():]
			for i := range x.At(step).All() {
				row[i] = 1
			}
		}
	}
}

// fits holds the memory of an input, and of all that is kept, against the limit.
func (f *inference) fits(steps int) error {
	n := f.m.net.InSize()
	each := 8 * spike.Words(n)
	if f.m.net.Input().Encoder.Analog() {
		each = 4 * n
	}
	if steps > f.limit/each {
		return fmt.Errorf("%w: %d time steps of %d channels take more than the %d bytes that a request may", ErrTooLarge, steps, n, f.limit)
	}
	rows := 0
	for i := range f.out {
		switch t := &f.out[i]; {
		case t.bySteps && len(t.shape) == 2: // a class, or its name
			rows += 64
		case t.bySteps:
			rows += int(t.shape[2]) * elementSize(t.datatype)
		}
	}
	rows += 4 * f.m.net.OutSize()
	if rows > 0 && (steps > f.limit/rows || f.room > f.limit-steps*rows) {
		return fmt.Errorf("%w: the outputs that are asked for take more than the %d bytes that an answer may: ask for fewer layers, steps or samples", ErrTooLarge, f.limit)
	}
	f.room += steps * rows
	return nil
}

// between is after how many time steps a long sample looks whether its request has
// been given up.
const between = 1024

// classify is runtime.Session.Classify, or with a margin ClassifyEarly, in parts that
// end when ctx does.
func classify(ctx context.Context, s *runtime.Session, x spike.Input, margin float32) (runtime.Result, error) {
	if x.Steps() <= between {
		if margin > 0 {
			return s.ClassifyEarly(x, margin)
		}
		return s.Classify(x)
	}
	s.Reset()
	for t := 0; t < x.Steps(); {
		if err := ctx.Err(); err != nil {
			return runtime.Result{}, err
		}
		to := min(t+between, x.Steps())
		if margin <= 0 {
			if err := s.Run(spike.Slice(x, t, to)); err != nil {
				return runtime.Result{}, err
			}
			t = to
			continue
		}
		for ; t < to; t++ {
			if err := s.Step(x, t); err != nil {
				return runtime.Result{}, err
			}
			if s.Lead() >= margin {
				r := s.Result()
				return r, r.Check()
			}
		}
	}
	r := s.Result()
	return r, r.Check()
}

// record runs x step by step and keeps what layers do.
func (f *inference) record(ctx context.Context, s *runtime.Session, x spike.Input) (*evaluate.Recorder, runtime.Result, error) {
	rec, err := evaluate.NewRecorder(f.m.net, x.Steps(), func(layer int) evaluate.What { return f.keep[layer] })
	if err != nil {
		return nil, runtime.Result{}, err
	}
	s.Reset()
	for t := range x.Steps() {
		if t%between == 0 && ctx.Err() != nil {
			return nil, runtime.Result{}, ctx.Err()
		}
		if err := s.Step(x, t); err != nil {
			return nil, runtime.Result{}, err
		}
		if err := s.Check(); err != nil {
			return nil, runtime.Result{}, err
		}
		rec.Add(s)
		if f.each {
			f.decided(s.Result())
		}
		if f.p.margin > 0 && s.Lead() >= f.p.margin {
			break
		}
	}
	return rec, s.Result(), nil
}

// decided adds what a network that decides at every step says after one.
func (f *inference) decided(r runtime.Result) {
	for i := range f.out {
		t := &f.out[i]
		if !t.bySteps {
			continue
		}
		switch t.name {
		case outClass:
			t.ints = append(t.ints, int64(r.Class))
		case outScores:
			t.floats = append(t.floats, r.Scores...)
		case outName:
			t.texts = append(t.texts, []byte(f.m.className(r.Class)))
		}
	}
}

// className returns the name of a class, its number if it has none.
func (m *Model) className(class int) string {
	if names := m.net.Classes(); class < len(names) {
		return names[class]
	}
	return strconv.Itoa(class)
}

func (m *Model) inputNames() string  { return namesOf(m.inputs()) }
func (m *Model) outputNames() string { return namesOf(m.outputs()) }

func namesOf(list []tensorMetadata) string {
	names := make([]string, len(list))
	for i, t := range list {
		names[i] = t.Name
	}
	if len(names) > 16 {
		names = append(names[:16], "…")
	}
	return strings.Join(names, ", ")
}

// each is called with the samples of an input, one after the other: the number of a
// sample within its file, what loads it, and its time steps.
type each func(i uint64, load func(x spike.Input) error, steps int) error

// samples goes through the samples of an input.
func (f *inference) samples(t *tensor, do each) error {
	kind, err := f.kindOf(t)
	if err != nil {
		return err
	}
	n := f.m.net.InSize()
	steps := f.p.steps
	if steps == 0 {
		steps = f.m.net.Steps()
	}
	switch kind {
	case inImage:
		for i := range t.len() / n {
			image := t.bytes[i*n : (i+1)*n]
			if err := do(uint64(i), func(x spike.Input) error { return f.m.encoder.Encode(x, image, f.key(i)) }, steps); err != nil {
				return sampleError(i, err)
			}
		}
	case inIntensity:
		return f.intensities(t, steps, do)
	case inSpikes, inValues:
		if kind == inValues && f.m.net.Input().Encoder.Width() > 0 {
			return f.signals(t, do)
		}
		return f.trains(t, do)
	case inEvents:
		events, err := event.NewTable(event.Table{Names: []string{"t_us", "x", "y", "p"}, Rows: len(t.ints) / 4, Cols: 4, At: func(row, col int) float64 { return float64(t.ints[4*row+col]) }}, event.Options{})
		if err != nil {
			return badRequest("input %q: %w", short(t.name), err)
		}
		source, err := dataset.FromEvents(events, "input "+strconv.Quote(short(t.name)), f.m.net.Model(), dataset.Reading{})
		if err != nil {
			return fmt.Errorf("%w: %w", ErrRequest, err)
		}
		return f.source(source, do)
	case inFile:
		for i, file := range t.texts {
			source, err := f.open(t, i, file)
			if err == nil {
				err = f.source(source, do)
			}
			if err != nil {
				return fmt.Errorf("file %d: %w", i, err)
			}
		}
	}
	return nil
}

func sampleError(i int, err error) error { return fmt.Errorf("sample %d: %w", i, err) }

// key is the noise of sample i.
func (f *inference) key(i int) dataset.Key {
	return evaluate.Key(f.p.seed, int(f.p.sample)+i)
}

// kindOf tells which of the inputs of the model a tensor is: by its name or, if that
// is none that its datatype and shape fit, by these.
func (f *inference) kindOf(t *tensor) (string, error) {
	if err := t.check(); err != nil {
		return "", err
	}
	n := f.m.net.InSize()
	rest := int64(1)
	for _, d := range t.shape[1:] {
		rest *= d
	}
	images := rest == int64(n) || rest*t.shape[0] == int64(n)
	trains := len(t.shape) == 3 && t.shape[2] == int64(n)
	analog, width := f.m.net.Input().Encoder.Analog(), f.m.net.Input().Encoder.Width()
	signals := width > 0 && len(t.shape) == 3 && t.shape[2] == int64(width)
	fits := map[string]bool{
		inImage:     f.m.encoder != nil && t.datatype == typeUint8 && images,
		inIntensity: f.m.encoder != nil && t.datatype == typeFP32 && images,
		inSpikes:    !analog && (t.datatype == typeUint8 || t.datatype == typeBool) && trains,
		inValues:    (analog && trains || signals) && t.datatype == typeFP32,
		inEvents:    f.m.encoder == nil && width == 0 && (t.datatype == typeInt32 || t.datatype == typeInt64) && len(t.shape) == 2 && t.shape[1] == 4,
		inFile:      t.datatype == typeBytes && len(t.shape) == 1,
	}
	if fits[t.name] {
		return t.name, nil
	}
	for _, kind := range []string{inImage, inIntensity, inSpikes, inValues, inEvents, inFile} {
		if fits[kind] {
			return kind, nil
		}
	}
	var takes []string
	for _, in := range f.m.inputs() {
		takes = append(takes, fmt.Sprintf("%s %s %v", in.Name, in.Datatype, in.Shape))
	}
	return "", badRequest("input %q is %s %v, model %q takes %s, where -1 is any number", short(t.name), t.datatype, t.shape, f.m.name, strings.Join(takes, ", "))
}

// intensities runs images whose pixels are numbers from 0 to 1. An encoder of spikes
// knows 256 intensities, and takes the nearest; one that passes values on takes the
// numbers as they are.
func (f *inference) intensities(t *tensor, steps int, do each) error {
	n := f.m.net.InSize()
	var image []byte
	for i := range t.len() / n {
		pixels := t.floats[i*n : (i+1)*n]
		load := func(x spike.Input) error {
			for step := range x.Steps() {
				copy(x.(spike.Values).At(step), pixels)
			}
			return nil
		}
		if !f.m.encoder.Analog() {
			if image == nil {
				image = make([]byte, n)
			}
			for j, v := range pixels {
				if !(v >= 0 && v <= 1) {
					return sampleError(i, badRequest("input %q: intensity %d is %v, expected 0 to 1; UINT8 takes 0 to 255", short(t.name), j, v))
				}
				image[j] = byte(float32(v*255) + 0.5)
			}
			load = func(x spike.Input) error { return f.m.encoder.Encode(x, image, f.key(i)) }
		}
		if err := do(uint64(i), load, steps); err != nil {
			return sampleError(i, err)
		}
	}
	return nil
}

// trains runs spike trains or values, step by step as they are.
func (f *inference) trains(t *tensor, do each) error {
	steps, n := int(t.shape[1]), int(t.shape[2])
	take := steps
	if f.p.steps > 0 {
		take = min(steps, f.p.steps)
	}
	for i := range int(t.shape[0]) {
		at := i * steps * n
		err := do(uint64(i), func(x spike.Input) error {
			switch x := x.(type) {
			case spike.Values:
				for j, v := range t.floats[at : at+take*n] {
					if v-v != 0 {
						return badRequest("input %q: value %d of step %d is %v, expected a finite number", short(t.name), j%n, j/n, v)
					}
				}
				copy(x.Data(), t.floats[at:])
			case spike.Train:
				x.Clear()
				for j, v := range t.bytes[at : at+take*n] {
					switch v {
					case 0:
					case 1:
						x.At(j / n).Set(j % n)
					default:
						return badRequest("input %q: channel %d of step %d is %d, expected 0 or 1", short(t.name), j%n, j/n, v)
					}
				}
			}
			return nil
		}, take)
		if err != nil {
			return sampleError(i, err)
		}
	}
	return nil
}

// signals runs the values of signals, which the encoder makes spikes of.
func (f *inference) signals(t *tensor, do each) error {
	steps, width := int(t.shape[1]), int(t.shape[2])
	var samples []spike.Values
	for i := range int(t.shape[0]) {
		x, err := spike.FromData(steps, width, t.floats[i*steps*width:(i+1)*steps*width])
		if err != nil {
			return sampleError(i, badRequest("input %q: %w", short(t.name), err))
		}
		samples = append(samples, x)
	}
	values, err := dataset.FromInputs(samples, []int{width}, nil, nil)
	if err != nil {
		return err
	}
	source, err := dataset.FromSignals(values, f.m.net.Input())
	if err != nil {
		return err
	}
	return f.source(source, do)
}

// open reads a file. What is packed is refused: it could be a thousand times as large
// as the request.
func (f *inference) open(t *tensor, i int, file []byte) (dataset.Source, error) {
	if t.base64 {
		var err error
		plain := make([]byte, base64.StdEncoding.DecodedLen(len(file)))
		n, err := base64.StdEncoding.Decode(plain, file)
		if err != nil {
			return nil, badRequest("input %q: base64: %w", short(t.name), err)
		}
		file = plain[:n]
	}
	for _, packed := range []string{"\x1f\x8b", "PK\x03\x04"} {
		if bytes.HasPrefix(file, []byte(packed)) {
			return nil, badRequest("input %q is packed, expected the file as it is unpacked", short(t.name))
		}
	}
	name := t.filename
	if name == "" {
		name = "input"
	}
	source, err := dataset.Read(bytes.NewReader(file), name, f.m.net.Model())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	return source, nil
}

// source runs the samples of a source.
func (f *inference) source(source dataset.Source, do each) error {
	set := evaluate.All(source)
	if err := set.Check(f.m.net.Model(), false); err != nil {
		return fmt.Errorf("%w: %w", ErrRequest, err)
	}
	steps := f.p.steps
	if steps == 0 {
		steps = dataset.Steps(source, f.m.net.Steps())
	}
	for i := range source.Len() {
		if err := do(uint64(i), func(x spike.Input) error { return source.Load(x, i, f.key(i)) }, steps); err != nil {
			return sampleError(i, err)
		}
	}
	return nil
}

// clientFault reports whether an error is that of a request, and not of the server.
func clientFault(err error) bool {
	for _, kind := range []error{ErrRequest, ErrTooLarge, ErrUnknownModel, runtime.ErrInput, runtime.ErrRange, dataset.ErrFormat, dataset.ErrMismatch, dataset.ErrCoding, dataset.ErrImplausible} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
