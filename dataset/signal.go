package dataset

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// A Signal turns the values of one time step after the other into spikes. It is the
// state of an encoder of signals: what it makes of a step depends on the steps before,
// and on none that come later, so that a file and a sensor give the same spikes.
// One goroutine at a time may use it.
type Signal interface {
	// Step overwrites dst with the spikes of the next time step, whose values are x,
	// all finite: Encoder.Width of them. It allocates nothing.
	Step(dst spike.Vector, x []float32)
	// Reset goes back to the beginning of a signal.
	Reset()
}

// NewSignal returns the encoder of a network's input at the beginning of a signal. A
// coding of anything but signals is an ErrCoding.
func NewSignal(in model.Input) (Signal, error) {
	switch e := in.Encoder; e.Coding {
	case model.Series:
		return newLevels(e), nil
	default:
		return nil, fmt.Errorf("dataset: encoder: %w: %q is not for signals", ErrCoding, e.Coding)
	}
}

// rows is the kind of a file of lines of numbers.
const rows = "rows"

// notSignal is what a file is not that a network of signals cannot take in.
const notSignal = "neither a NumPy array (.npy) nor lines of numbers (CSV)"

// kind is kindOf for the network's input: what are lines of events to others is
// lines of numbers to one of signals.
func (j *job) kind(r *bufio.Reader, name string) (kind, format string) {
	kind, format = kindOf(r, name)
	if !j.in.Encoder.Coding.Signals() || kind != "" && kind != "events" {
		return kind, format
	}
	head, _ := r.Peek(headSize)
	control := func(c rune) bool { return c < '\t' }
	if len(head) == 0 || bytes.ContainsFunc(head, control) || whatIs(head, name) != "" {
		return "", ""
	}
	return rows, ""
}

// signals reads the values of signals, which become spikes if the parameters of the
// encoder are known.
func (j *job) signals(r io.Reader, file, kind, format string) (s Source, err error) {
	values := *j
	values.in = valuesOfSignal(j.in)
	if kind == rows {
		x, readErr := ReadRows(r, j.name, j.in.Encoder.Width(), j.reading.Columns)
		s, err = fromArray([]spike.Values{x}, readErr, &values)
	} else {
		s, err = values.recordings(r, file, kind, format)
	}
	return encoded(s, err, j.in, j.name)
}

// valuesOfSignal returns the input that has the values of an encoder of signals.
func valuesOfSignal(in model.Input) model.Input {
	if width := in.Encoder.Width(); width > 0 {
		in.Shape = []int{width}
	}
	in.Encoder = model.Encoder{Coding: model.Direct}
	return in
}

// encoded returns the spikes of signals, or their values if the parameters of the
// encoder are not known.
func encoded(values Source, err error, in model.Input, name string) (Source, error) {
	if err != nil || in.Encoder.Width() == 0 {
		return values, err
	}
	return named(FromSignals(values, in))(name)
}

// signalSource is the spikes of signals.
type signalSource struct {
	Source // of their values
	shape  []int
	size   int
	state  sync.Pool // *signalState
}

type signalState struct {
	encoder Signal
	values  spike.Values
	input   spike.Input // the same: an interface made anew would be allocated
	step    []float32   // scratch of augmentation, as are
	factors []float32
}

// FromSignals returns the spikes that the encoder of a network's input makes of the
// samples of a source, which are the values of signals.
func FromSignals(source Source, in model.Input) (Source, error) {
	if _, err := NewSignal(in); err != nil {
		return nil, err
	}
	size, err := channels(in.Shape)
	if err != nil {
		return nil, err
	}
	width := in.Encoder.Width()
	if n, err := channels(source.Shape()); err != nil || n != width {
		return nil, fmt.Errorf("dataset: %w: signals of shape %v for an encoder of %d values a step", ErrMismatch, source.Shape(), width)
	}
	s := &signalSource{Source: source, shape: in.Shape, size: size}
	longest := Longest(source)
	in.Encoder.Delta = slices.Clone(in.Encoder.Delta)
	s.state.New = func() any {
		encoder, _ := NewSignal(in)
		values := spike.NewValues(longest, width)
		return &signalState{encoder, values, values, make([]float32, width), make([]float32, width)}
	}
	return s, nil
}

func (s *signalSource) Shape() []int          { return s.shape }
func (s *signalSource) Length(i int) int      { return Length(s.Source, i) }
func (s *signalSource) Targets(i int) Targets { return TargetsOf(s.Source, i) }

func (s *signalSource) Load(dst spike.Input, i int, key Key) error {
	train, state, err := s.load(dst, i, key)
	if err != nil {
		return err
	}
	defer s.state.Put(state)
	for t := range min(train.Steps(), s.Length(i)) {
		state.encoder.Step(train.At(t), state.values.At(t))
	}
	return nil
}

// load returns the values of sample i and an encoder at its beginning, and dst silent.
func (s *signalSource) load(dst spike.Input, i int, key Key) (spike.Train, *signalState, error) {
	train, err := spikes(dst)
	if err == nil {
		err = checkSample(i, s.Len())
	}
	if err == nil && train.Size() != s.size {
		err = fmt.Errorf("dataset: sample %d: the destination has %d channels, expected %d", i, train.Size(), s.size)
	}
	if err != nil {
		return train, nil, err
	}
	state := s.state.Get().(*signalState)
	if err := s.Source.Load(state.input, i, key); err != nil {
		s.state.Put(state)
		return train, nil, err
	}
	train.Clear()
	state.encoder.Reset()
	return train, state, nil
}
