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
// of its own; the sources of this package are immutable and Load allocates
// nothing, if the destination is held as a spike.Input.
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
	// Load overwrites dst, which has the channels of a sample, with sample i over
	// dst.Steps() steps. The key chooses the noise where the coding has any. Of a
	// longer recording it takes the first steps; a shorter one is followed by
	// silence. A dst of spikes for samples that are values, or of values for
	// spikes, is an ErrCoding.
	Load(dst spike.Input, i int, key Key) error
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

// check reports whether sample i can be written to dst.
func (l *labelled) check(dst spike.Input, i int) error {
	if err := checkSample(i, len(l.labels)); err != nil {
		return err
	}
	if dst == nil {
		return fmt.Errorf("dataset: sample %d: %w: the destination is nil, expected a spike.Train or spike.Values", i, ErrCoding)
	}
	if size := dst.Size(); size != l.size {
		return fmt.Errorf("dataset: sample %d: the destination has %d channels, expected %d", i, size, l.size)
	}
	return nil
}

// spikes returns the destination of samples that are spikes.
func spikes(dst spike.Input) (spike.Train, error) {
	t, ok := dst.(spike.Train)
	if !ok {
		return t, fmt.Errorf("dataset: %w: the samples are spikes, not values", ErrCoding)
	}
	return t, nil
}

// values returns the destination of samples that are values.
func values(dst spike.Input) (spike.Values, error) {
	v, ok := dst.(spike.Values)
	if !ok {
		return v, fmt.Errorf("dataset: %w: the samples are values, not spikes", ErrCoding)
	}
	return v, nil
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

// FromImageSet is FromImages under the encoder of a network's input.
func FromImageSet(set ImageSet, in model.Input) (Source, error) {
	encoder, err := NewEncoder(in)
	if err != nil {
		return nil, err
	}
	return FromImages(set, encoder)
}

func (s *imageSource) Load(dst spike.Input, i int, key Key) error {
	if err := s.check(dst, i); err != nil {
		return err
	}
	return s.encoder.Encode(dst, s.images.At(i), key)
}

// inputs are samples in memory.
type inputs struct {
	labelled
	samples []spike.Input
}

// FromInputs returns spike trains, or values, in memory as a source; keys change
// nothing. What the arguments hold is kept, not copied; nil labels are unknown. A network
// takes them with the coding model.Events in its input, whose BinUS is the length
// of their steps, and values with Counts as well.
func FromInputs[T spike.Input](samples []T, shape []int, labels []int, classes []string) (Source, error) {
	l, err := newLabelled(shape, len(samples), labels, classes)
	if err != nil {
		return nil, err
	}
	for i, x := range samples {
		if x.Size() != l.size {
			return nil, fmt.Errorf("dataset: %w: sample %d has %d channels, shape %v has %d", ErrMismatch, i, x.Size(), shape, l.size)
		}
	}
	return &inputs{l, spike.Inputs(samples)}, nil
}

func (s *inputs) Load(dst spike.Input, i int, _ Key) error {
	if err := s.check(dst, i); err != nil {
		return err
	}
	return overwrite(dst, s.samples[i])
}

// overwrite makes dst the beginning of src, followed by silence.
func overwrite(dst, src spike.Input) error {
	switch src := src.(type) {
	case spike.Train:
		d, err := spikes(dst)
		if err != nil {
			return err
		}
		n := copy(d.Words(), src.Words())
		clear(d.Words()[n:])
	case spike.Values:
		d, err := values(dst)
		if err != nil {
			return err
		}
		n := copy(d.Data(), src.Data())
		clear(d.Data()[n:])
	}
	return nil
}

func (s *inputs) Length(i int) int { return s.samples[i].Steps() }
