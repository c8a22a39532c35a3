package dataset

import (
	"errors"
	"fmt"
	"slices"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// ErrMismatch is the error of a data set whose parts do not fit together:
// another number of labels than samples, a label without a class, a sample of
// another shape.
var ErrMismatch = errors.New("inconsistent data set")

// Source is a data set as training and evaluation consume it: numbered
// samples, each with a class and the input that it gives a network.
//
// Any number of goroutines may use a Source at a time, each with a destination
// of its own; the sources of this package are immutable and allocate nothing
// in Spikes and Values.
type Source interface {
	// Len returns the number of samples.
	Len() int
	// Shape returns the shape of one time step: [n], or [channels, height,
	// width]. It is shared and must not be changed.
	Shape() []int
	// Classes returns the names of the classes, shared as well.
	Classes() []string
	// Label returns the class of sample i, 0 to len(Classes())−1, or −1 if it is
	// not known.
	Label(i int) int
	// Spikes overwrites dst, whose size is that of the samples, with the input
	// of sample i over dst.Steps() steps. The key chooses the noise where the
	// coding has any. Of a longer recording it takes the first steps; a shorter
	// one is followed by silence. An analog source returns an ErrCoding.
	Spikes(dst spike.Train, i int, key Key) error
	// Values is Spikes for an analog source; any other returns an ErrCoding.
	Values(dst spike.Values, i int, key Key) error
}

// labelled is what all sources have in common.
type labelled struct {
	shape   []int
	size    int
	classes []string
	labels  []int
}

func (l *labelled) Len() int          { return len(l.labels) }
func (l *labelled) Shape() []int      { return l.shape }
func (l *labelled) Classes() []string { return l.classes }
func (l *labelled) Label(i int) int   { return l.labels[i] }

// class is what is known of all samples of a file.
type class struct {
	label int      // one of names, or −1 if it is not known
	names []string // of all classes
}

// unknown is the class of samples of which nothing is known.
var unknown = class{label: -1}

// labels returns the labels of n samples, nil if they are not known.
func (c class) labels(n int) []int {
	if c.label < 0 {
		return nil
	}
	return slices.Repeat([]int{c.label}, n)
}

func newLabelled(shape []int, samples int, labels []int, classes []string) (labelled, error) {
	size, err := channels(shape)
	l := labelled{shape, size, classes, labels}
	if err != nil {
		return l, err
	}
	if labels == nil {
		l.labels = slices.Repeat([]int{-1}, samples)
		return l, nil
	}
	if len(labels) != samples {
		return l, fmt.Errorf("dataset: %w: %d labels for %d samples", ErrMismatch, len(labels), samples)
	}
	for i, c := range labels {
		if c < 0 || c >= len(classes) {
			return l, fmt.Errorf("dataset: %w: label %d of sample %d is none of the %d classes", ErrMismatch, c, i, len(classes))
		}
	}
	return l, nil
}

// check reports whether sample i can be written to a destination of size
// channels.
func (l *labelled) check(size, i int) error {
	if err := checkSample(i, len(l.labels)); err != nil {
		return err
	}
	if size != l.size {
		return fmt.Errorf("dataset: sample %d: the destination has %d channels, expected %d", i, size, l.size)
	}
	return nil
}

// errSpikes is the error of values asked for of spikes.
func errSpikes() error {
	return fmt.Errorf("dataset: %w: the samples are spikes, not values", ErrCoding)
}

// errValues is the error of spikes asked for of values.
func errValues() error {
	return fmt.Errorf("dataset: %w: the samples are values, not spikes", ErrCoding)
}

func checkSample(i, n int) error {
	if i < 0 || i >= n {
		return fmt.Errorf("dataset: there is no sample %d of %d", i, n)
	}
	return nil
}

// channels multiplies the dimensions of one time step.
func channels(shape []int) (int, error) {
	n, valid := model.Volume(shape)
	if !valid {
		return 0, fmt.Errorf("dataset: shape %v, expected dimensions of at least 1 with at most %d channels together", shape, model.MaxVolume)
	}
	return n, nil
}

type imageSource struct {
	labelled
	images  Images
	encoder *Encoder
}

// FromImages returns images coded by an encoder as a source: the noise is
// fresh for every key. The encoder must have as many channels as an image has
// pixels. Labels, classes and pixels are kept, not copied; nil labels are unknown.
func FromImages(set ImageSet, encoder *Encoder) (Source, error) {
	if err := set.Images.check(); err != nil {
		return nil, err
	}
	l, err := newLabelled(encoder.shape, set.Count, set.Labels, set.Classes)
	if err != nil {
		return nil, err
	}
	if set.Height*set.Width != l.size {
		return nil, fmt.Errorf("dataset: %w: images of %d×%d pixels for input of shape %v", ErrMismatch, set.Height, set.Width, encoder.shape)
	}
	return &imageSource{l, set.Images, encoder}, nil
}

// FromImageSet is FromImages under the encoder of a network's input, with time
// steps of dtMS milliseconds.
func FromImageSet(set ImageSet, in model.Input, dtMS float64) (Source, error) {
	encoder, err := NewEncoder(in, dtMS)
	if err != nil {
		return nil, err
	}
	return FromImages(set, encoder)
}

func (s *imageSource) Spikes(dst spike.Train, i int, key Key) error {
	if err := s.check(dst.Size(), i); err != nil {
		return err
	}
	return s.encoder.Encode(dst, s.images.At(i), key)
}

func (s *imageSource) Values(dst spike.Values, i int, _ Key) error {
	if err := s.check(dst.Size(), i); err != nil {
		return err
	}
	return s.encoder.EncodeValues(dst, s.images.At(i))
}

type trainSource struct {
	labelled
	trains []spike.Train
}

// FromTrains returns spike trains in memory as a source; keys change nothing.
// The arguments are kept, not copied; nil labels are unknown. A network takes
// them with the coding model.Events in its input, whose BinUS is the length of
// their steps.
func FromTrains(trains []spike.Train, shape []int, labels []int, classes []string) (Source, error) {
	l, err := newLabelled(shape, len(trains), labels, classes)
	if err != nil {
		return nil, err
	}
	for i, t := range trains {
		if t.Size() != l.size {
			return nil, fmt.Errorf("dataset: %w: sample %d has %d channels, shape %v has %d", ErrMismatch, i, t.Size(), shape, l.size)
		}
	}
	return &trainSource{l, trains}, nil
}

func (s *trainSource) Spikes(dst spike.Train, i int, _ Key) error {
	if err := s.check(dst.Size(), i); err != nil {
		return err
	}
	n := copy(dst.Words(), s.trains[i].Words())
	clear(dst.Words()[n:])
	return nil
}

func (s *trainSource) Values(spike.Values, int, Key) error {
	return errSpikes()
}

func (s *trainSource) longest() int {
	longest := 0
	for _, t := range s.trains {
		longest = max(longest, t.Steps())
	}
	return longest
}

type valueSource struct {
	labelled
	values []spike.Values
}

// FromValues is FromTrains for analog recordings, which a network takes with
// Counts in its input as well.
func FromValues(values []spike.Values, shape []int, labels []int, classes []string) (Source, error) {
	l, err := newLabelled(shape, len(values), labels, classes)
	if err != nil {
		return nil, err
	}
	for i, v := range values {
		if v.Size() != l.size {
			return nil, fmt.Errorf("dataset: %w: sample %d has %d channels, shape %v has %d", ErrMismatch, i, v.Size(), shape, l.size)
		}
	}
	return &valueSource{l, values}, nil
}

func (s *valueSource) Spikes(spike.Train, int, Key) error {
	return errValues()
}

func (s *valueSource) Values(dst spike.Values, i int, _ Key) error {
	if err := s.check(dst.Size(), i); err != nil {
		return err
	}
	for t := range dst.Steps() {
		if t < s.values[i].Steps() {
			copy(dst.At(t), s.values[i].At(t))
		} else {
			clear(dst.At(t))
		}
	}
	return nil
}

func (s *valueSource) longest() int {
	longest := 0
	for _, v := range s.values {
		longest = max(longest, v.Steps())
	}
	return longest
}
