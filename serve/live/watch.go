package live

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

const (
	// maxChunk bounds the payload of an answer to next, unless a single step is
	// larger.
	maxChunk = 1 << 18
	// maxSteps bounds the steps of an answer to next.
	maxSteps = 256
	// maxRun bounds what all steps of a run send together: whoever looks at them
	// keeps them.
	maxRun = 64 << 20
)

// Run is the answer to run.
type Run struct {
	Steps   int      `json:"steps"`  // of the presentation
	Length  int      `json:"length"` // of the recording, 0 if the sample has no length of its own
	StepMS  float64  `json:"step_ms"`
	Samples int      `json:"samples"` // in the file
	Index   int      `json:"index"`   // of this one
	Label   string   `json:"label"`   // its class, "" if that is not known
	Name    string   `json:"name"`
	Remarks []string `json:"remarks"` // what is odd about the file
	// Class is what the network says after all steps; LatencyUS is the time in µs
	// that it takes for that, from the encoded input to the class, on average over
	// Runs runs. Both are absent, and Runs is 0, if it takes long.
	Class     int     `json:"class"`
	LatencyUS float64 `json:"latency_us"`
	Runs      int     `json:"runs"`
	Watch     int     `json:"watch"` // layer whose membranes are sent, −1 for none
	// Threshold is −b of the neurons of that layer, one value for all, one a channel
	// or one each; none if it has no threshold.
	Threshold []float32 `json:"threshold"`
	Sections  []Section `json:"sections"`
	Height    int       `json:"height"` // of the image in the payload, 0 without one
	Width     int       `json:"width"`
}

// Section is one part of what a step shows.
type Section struct {
	// What is "input", "output" of a layer, "membrane" of a layer, "scores", "lead",
	// "class" (of the step's scores) or "synops" (since the step before).
	What  string `json:"what"`
	Layer int    `json:"layer"` // −1 where it is of none
	// Form is "bits", uint64 words with channel i in bit i%64 of word i/64, "f32",
	// "i32" or "f64"; all are little-endian.
	Form  string `json:"form"`
	Size  int    `json:"size"`  // channels
	Bytes int    `json:"bytes"` // a step
}

// Watch is what one viewer sees of a model. One goroutine at a time may use it.
type Watch struct {
	m       *Model
	session *runtime.Session

	input    spike.Input // of the run; nil before the first
	next     int         // step that comes next
	synops   int64       // up to it
	sections []Section
	record   *evaluate.Recorder // of a chunk
	watched  int                // layer whose membranes it keeps
	room     int                // steps that it holds
	scores   []float32          // of the chunk
	leads    []float32
	classes  []int32
	work     []float64
	chunk    []byte
}

// NewWatch returns a watch of m.
func (m *Model) NewWatch() *Watch {
	return &Watch{m: m, session: m.net.NewSession(), watched: -2}
}

// Close releases the watch.
func (w *Watch) Close() { w.session.Close() }

// request is the head of a message.
type request struct {
	Op    string `json:"op"`
	From  int    `json:"from"`
	Count int    `json:"count"`
	Input string `json:"input"`
	Index int    `json:"index"`
	Name  string `json:"name"`
	Steps int    `json:"steps"`
	Seed  uint64 `json:"seed"`
	Watch int    `json:"watch"`
}

// Answer answers a message. The answer says what was wrong with it; the watch can
// be used on. It is the watch's own and changes with the next call.
func (w *Watch) Answer(ctx context.Context, message []byte) []byte {
	answer, err := w.answer(ctx, message)
	if err == nil {
		return answer
	}
	answer, err = Pack(map[string]string{"error": err.Error()}, nil)
	if err != nil {
		panic(err) // a map of strings is JSON
	}
	return answer
}

func (w *Watch) answer(ctx context.Context, message []byte) ([]byte, error) {
	var r request
	payload, err := Unpack(message, &r)
	if err != nil {
		return nil, err
	}
	switch r.Op {
	case "samples":
		l, pictures, err := w.m.list(r.From, r.Count)
		if err != nil {
			return nil, err
		}
		return Pack(l, pictures)
	case "run":
		run, image, err := w.run(ctx, &r, payload)
		if err != nil {
			return nil, err
		}
		return Pack(run, image)
	case "next":
		return w.steps(ctx, r.Count)
	}
	return nil, fmt.Errorf(`live: %w: expected op "samples", "run" or "next", found %q`, ErrMessage, r.Op)
}

// run loads an input and returns to the initial state.
func (w *Watch) run(ctx context.Context, r *request, payload []byte) (Run, []byte, error) {
	w.input = nil
	out := Run{Name: r.Name, Index: r.Index, Remarks: []string{}, StepMS: float64(w.m.net.Input().Step()), Class: -1}
	source, image, err := w.open(r, payload, &out)
	if err != nil {
		return Run{}, nil, err
	}
	if r.Index < 0 || r.Index >= source.Len() {
		return Run{}, nil, fmt.Errorf("live: expected the index of a sample from 0 to %d, found %d", source.Len()-1, r.Index)
	}
	if image != nil {
		out.Height, out.Width = w.m.plane.Height, w.m.plane.Width
	}
	out.Samples, out.Label, out.Length = source.Len(), labelOf(source, r.Index), dataset.Length(source, r.Index)
	if out.Name == "" {
		out.Name = nameOf(source, r.Index)
	}
	if err := w.watch(r.Watch, &out); err != nil {
		return Run{}, nil, err
	}

	switch out.Steps = dataset.Steps(source, w.m.net.Steps()); {
	case r.Steps > 0:
		out.Steps = r.Steps
	case r.Steps < 0 && out.Length > 0:
		out.Steps = out.Length
	}
	if most := maxRun / w.bytes(); out.Steps > most {
		return Run{}, nil, fmt.Errorf("live: %d steps of this network are too many to look at, expected at most %d; watching another layer may allow more", out.Steps, most)
	}
	x := w.m.net.Input().New(out.Steps)
	if err := source.Load(x, r.Index, evaluate.Key(r.Seed, r.Index)); err != nil {
		return Run{}, nil, err
	}
	if err := w.measure(ctx, x, &out); err != nil {
		return Run{}, nil, err
	}
	w.session.Reset()
	w.input, w.next, w.synops = x, 0, 0
	return out, image, nil
}

// open returns the source that a run is of, and the intensities of an image.
func (w *Watch) open(r *request, payload []byte, out *Run) (dataset.Source, []byte, error) {
	in := w.m.net.Input()
	h, wd := w.m.plane.Height, w.m.plane.Width
	image := func(pixels []byte) (dataset.Source, []byte, error) {
		r.Index, out.Index = 0, 0
		s, err := dataset.FromImageSet(dataset.ImageSet{Images: dataset.Images{Count: 1, Height: h, Width: wd, Pixels: pixels}}, in)
		return s, pixels, err
	}
	switch r.Input {
	case "sample":
		switch s := w.m.samples; {
		case s == nil:
			return nil, nil, errors.New("live: the model comes without samples")
		case w.m.images != nil && r.Index >= 0 && r.Index < s.Len():
			return s, w.m.images.At(r.Index), nil
		default:
			return s, nil, nil
		}
	case "pixels":
		if !takesImages(in) {
			return nil, nil, fmt.Errorf("live: %w: an image for a network with input of shape %v, encoder %s", dataset.ErrMismatch, in.Shape, in.Encoder)
		}
		if len(payload) != h*wd {
			return nil, nil, fmt.Errorf("live: %w: expected %d×%d intensities, found %d bytes", ErrMessage, h, wd, len(payload))
		}
		return image(slices.Clone(payload))
	case "file":
		name := filepath.Base(filepath.ToSlash(r.Name))
		if isPicture(payload) && takesImages(in) {
			pixels, err := dataset.ReadPicture(bytes.NewReader(payload), name, h, wd, dataset.PictureOptions{})
			if err != nil {
				return nil, nil, err
			}
			return image(pixels)
		}
		o := dataset.Opener{Network: w.m.net.Model()}
		o.Remark = func(m dataset.Remark) {
			if len(out.Remarks) < 8 {
				out.Remarks = append(out.Remarks, m.Text)
			}
		}
		s, err := o.Read(bytes.NewReader(payload), name)
		if err == nil && s.Len() == 0 {
			err = fmt.Errorf("live: %s: there are no samples in it", name)
		}
		if err == nil {
			if n, _ := model.Volume(s.Shape()); n != in.Size() {
				err = fmt.Errorf("live: %s: %w: its samples have shape %v, the network takes %v", name, dataset.ErrMismatch, s.Shape(), in.Shape)
			}
		}
		return s, nil, err
	}
	return nil, nil, fmt.Errorf(`live: %w: expected input "sample", "pixels" or "file", found %q`, ErrMessage, r.Input)
}

// isPicture reports whether a file is a PNG or JPEG.
func isPicture(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\x89PNG")) || bytes.HasPrefix(b, []byte("\xff\xd8\xff"))
}

// watch lays out the sections of a run that shows the membranes of a layer.
func (w *Watch) watch(layer int, out *Run) error {
	net := w.m.net
	layers := net.Model().Layers
	if layer < -1 || layer >= len(layers) {
		return fmt.Errorf("live: expected a layer from 0 to %d to watch, or −1, found %d", len(layers)-1, layer)
	}
	if layer >= 0 && !layers[layer].HasNeurons() {
		return fmt.Errorf("live: layer %d has no neurons to watch", layer)
	}
	if layer != w.watched {
		w.sections = w.sections[:0]
		add := func(what string, layer int, form string, size int) {
			width := map[string]int{"f32": 4, "i32": 4, "f64": 8}[form]
			n := size * width
			if form == "bits" {
				n = 8 * spike.Words(size)
			}
			w.sections = append(w.sections, Section{what, layer, form, size, n})
		}
		form := map[bool]string{true: "bits", false: "f32"}
		add("input", -1, form[!net.Input().Encoder.Analog()], net.InSize())
		for i := range layers {
			if l := &layers[i]; l.HasNeurons() {
				add("output", i, form[l.Spikes()], l.OutSize())
			}
		}
		if layer >= 0 {
			add("membrane", layer, "f32", layers[layer].OutSize())
		}
		add("scores", -1, "f32", net.OutSize())
		add("lead", -1, "f32", 1)
		add("class", -1, "i32", 1)
		add("synops", -1, "f64", 1)
		w.room = min(max(maxChunk/w.bytes(), 1), maxSteps)
		record, err := evaluate.NewRecorder(net, w.room, func(i int) evaluate.What {
			return evaluate.What{Outputs: true, Membrane: i == layer}
		})
		if err != nil {
			w.watched = -2
			return err
		}
		w.record, w.watched = record, layer
	}
	out.Watch, out.Sections, out.Threshold = layer, w.sections, []float32{}
	if layer >= 0 && layers[layer].Output != model.None && layers[layer].Output != model.Sigmoid {
		for _, b := range layers[layer].Bias {
			out.Threshold = append(out.Threshold, -b+0)
		}
		if len(out.Threshold) == 0 {
			out.Threshold = append(out.Threshold, 0)
		}
	}
	return nil
}

// bytes returns how much a step sends.
func (w *Watch) bytes() (n int) {
	for _, s := range w.sections {
		n += s.Bytes
	}
	return n
}

const (
	measureRuns = 16
	measureTime = 500 * time.Microsecond // after which no other run begins
	measureMost = 50 * time.Millisecond  // after which a run is given up
)

// measure runs x, several times if it takes little, for the class and the latency.
func (w *Watch) measure(ctx context.Context, x spike.Input, out *Run) error {
	start := time.Now()
	for out.Runs < measureRuns && (out.Runs == 0 || time.Since(start) < measureTime) {
		w.session.Reset()
		for t := 0; t < x.Steps(); t += maxSteps {
			if err := ctx.Err(); err != nil {
				return err
			}
			if time.Since(start) > measureMost {
				out.Runs, out.Class, out.LatencyUS = 0, -1, 0
				return nil
			}
			if err := w.session.Run(spike.Slice(x, t, min(t+maxSteps, x.Steps()))); err != nil {
				return err
			}
		}
		r := w.session.Result()
		if err := r.Check(); err != nil {
			return err
		}
		out.Class = r.Class
		out.Runs++
		out.LatencyUS = float64(time.Since(start).Nanoseconds()) / 1000 / float64(out.Runs)
	}
	return nil
}

type chunkHead struct {
	First int  `json:"first"`
	Steps int  `json:"steps"`
	End   bool `json:"end"`
}

// steps makes up to count steps and returns what they show.
func (w *Watch) steps(ctx context.Context, count int) ([]byte, error) {
	if w.input == nil {
		return nil, fmt.Errorf("live: %w: next before a run", ErrMessage)
	}
	count = min(max(count, 0), w.room, w.input.Steps()-w.next)
	first := w.next
	w.record.Reset()
	w.scores, w.leads, w.classes, w.work = w.scores[:0], w.leads[:0], w.classes[:0], w.work[:0]
	for range count {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := w.session.Step(w.input, w.next); err != nil {
			return nil, err
		}
		w.next++
		w.record.Add(w.session)
		r := w.session.Result()
		w.scores = append(w.scores, r.Scores...)
		w.classes = append(w.classes, int32(r.Class))
		w.leads = append(w.leads, min(w.session.Lead(), math.MaxFloat32))
		stats := w.session.Stats()
		total := stats.TotalSynOps()
		w.work = append(w.work, float64(total-w.synops))
		w.synops = total
	}
	if err := w.session.Check(); count > 0 && err != nil {
		return nil, err
	}
	head, err := Pack(chunkHead{first, count, w.next == w.input.Steps()}, nil)
	if err != nil {
		return nil, err
	}
	w.chunk = append(w.chunk[:0], head...)
	for _, s := range w.sections {
		switch s.What {
		case "input":
			w.add(spike.Slice(w.input, first, w.next), count)
		case "output":
			w.add(w.record.Layers[s.Layer].Outputs, count)
		case "membrane":
			w.add(w.record.Layers[s.Layer].Membrane, count)
		case "scores":
			w.chunk = appendFloats(w.chunk, w.scores)
		case "lead":
			w.chunk = appendFloats(w.chunk, w.leads)
		case "class":
			for _, c := range w.classes {
				w.chunk = binary.LittleEndian.AppendUint32(w.chunk, uint32(c))
			}
		case "synops":
			for _, v := range w.work {
				w.chunk = binary.LittleEndian.AppendUint64(w.chunk, math.Float64bits(v))
			}
		}
		for len(w.chunk)%8 != 0 {
			w.chunk = append(w.chunk, 0)
		}
	}
	return w.chunk, nil
}

// add appends the first steps of x to the chunk.
func (w *Watch) add(x spike.Input, steps int) {
	switch x := x.(type) {
	case spike.Train:
		for _, v := range x.Words()[:steps*spike.Words(x.Size())] {
			w.chunk = binary.LittleEndian.AppendUint64(w.chunk, v)
		}
	case spike.Values:
		w.chunk = appendFloats(w.chunk, x.Data()[:steps*x.Size()])
	}
}

func appendFloats(b []byte, x []float32) []byte {
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}
