package dataset

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// maxEvents bounds the memory of one recording to 512 MiB.
const maxEvents = 1 << 27

// eventSource is one recording of an event camera, binned into time steps. It
// keeps a number for an event, not one for a channel: few channels are active
// in a step.
type eventSource struct {
	labelled
	analog   bool
	ends     []uint32 // channels[ends[t-1]:ends[t]] are those of the events of step t
	channels []uint32 // of every event if analog, else of the active ones
}

// readEvents reads the recording of an event camera for a network whose encoder
// is events. Bins run from the first event, whatever the format: the origin of
// time differs from recorder to recorder, and a live stream has no other.
// Events that are out of order by more than a bin are put into the bin that was
// open when they came.
//
// Where an event belongs says model.Input.Plane. If the network's input has no
// shape, it is [2, H, W] of the sensor.
func readEvents(r io.Reader, format, name string, in model.Input, c class) (Source, error) {
	s, err := binEvents(r, format, in, c)
	switch {
	case errors.Is(err, event.ErrMalformed):
		return nil, fmt.Errorf("dataset: %s: %w: %w", name, ErrFormat, err)
	case err != nil:
		return nil, fmt.Errorf("dataset: %s: %w", name, err)
	}
	return s, nil
}

func binEvents(r io.Reader, format string, in model.Input, c class) (*eventSource, error) {
	step, err := wholeBin(in.Encoder)
	if err != nil {
		return nil, err
	}
	src, err := event.NewReader(format, r, event.Options{})
	if err != nil {
		return nil, err
	}
	size := src.Size()
	switch {
	case in.Shape != nil:
	case size.Known():
		in.Shape = []int{2, size.Height, size.Width}
	default:
		return nil, fmt.Errorf("%w: the recording does not state the size of its sensor, expected an input shape such as [2 34 34]", ErrMismatch)
	}
	plane, err := in.Plane(size.Width, size.Height)
	if err != nil {
		return nil, fmt.Errorf("%w: events of a sensor of %s size: %w", ErrMismatch, size, err)
	}
	b, err := event.NewBinner(&seen{src, plane, in.Shape}, event.BinOptions{
		Size: event.Size{Width: plane.Width, Height: plane.Height}, OnePolarity: plane.Channels == 1, Step: step, Late: event.FoldLate, MaxGap: model.MaxSteps,
	})
	if err != nil {
		return nil, err
	}
	s := &eventSource{analog: in.Encoder.Analog()}
	if s.labelled, err = newLabelled(in.Shape, 1, c.labels(1), c.names); err != nil {
		return nil, err
	}
	if err := s.bin(b); err != nil {
		return nil, err
	}
	return s, nil
}

// bin fills s with the first steps of a recording, at most as many as a network
// can be presented.
func (s *eventSource) bin(b *event.Binner) error {
	var channels []uint32
	var step event.Step
	for len(s.ends) < model.MaxSteps {
		err := b.Next(&step)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if step.Events > maxEvents-len(channels) {
			return fmt.Errorf("%w: more than %d events; a stream of events has no such bound", ErrFormat, maxEvents)
		}
		for i, channel := range step.Active {
			times := 1
			if s.analog {
				times = int(step.Count[i])
			}
			for range times {
				channels = append(channels, channel)
			}
		}
		s.ends = append(s.ends, uint32(len(channels)))
	}
	if len(s.ends) == 0 {
		return fmt.Errorf("%w: the recording has no events", ErrFormat)
	}
	s.channels = slices.Clone(channels) // without the room that it grew into
	return nil
}

// wholeBin returns the length of a bin in µs, in which events are dated.
func wholeBin(e model.Encoder) (int64, error) {
	switch {
	case e.Coding != model.Events:
		return 0, fmt.Errorf("%w: a recording of events for a network whose input coding is %q, expected %q", ErrCoding, e.Coding, model.Events)
	case !e.WholeBin():
		return 0, fmt.Errorf("%w: bins of %v µs, expected a whole number of at least 1", ErrCoding, e.BinUS)
	}
	return int64(e.BinUS), nil
}

// seen passes events on to a network that sees a plane, and fails at one
// outside.
type seen struct {
	event.Source
	plane model.Plane
	shape []int
}

func (s *seen) Read(dst []event.Event) (int, error) {
	n, err := s.Source.Read(dst)
	for _, e := range dst[:n] {
		if !s.plane.Contains(int(e.X), int(e.Y)) {
			return 0, fmt.Errorf("%w: an event at x=%d y=%d, t=%d µs, of a sensor of %s size is outside the %dx%d pixels of a network with input of shape %v: crop or downsample the recording first",
				ErrMismatch, e.X, e.Y, e.T, s.Size(), s.plane.Width, s.plane.Height, s.shape)
		}
	}
	return n, err
}

// at returns the channels of the events of step t.
func (s *eventSource) at(t int) []uint32 {
	if t == 0 {
		return s.channels[:s.ends[0]]
	}
	return s.channels[s.ends[t-1]:s.ends[t]]
}

func (s *eventSource) longest() int { return len(s.ends) }

func (s *eventSource) Load(dst spike.Input, i int, _ Key) error {
	if s.analog {
		return s.counts(dst, i)
	}
	d, err := spikes(dst)
	if err == nil {
		err = s.check(dst, i)
	}
	if err != nil {
		return err
	}
	d.Clear()
	for t := range min(d.Steps(), len(s.ends)) {
		row := d.At(t)
		for _, c := range s.at(t) {
			row.Set(int(c))
		}
	}
	return nil
}

// counts is Load of the number of events of each channel and step.
func (s *eventSource) counts(dst spike.Input, i int) error {
	d, err := values(dst)
	if err == nil {
		err = s.check(dst, i)
	}
	if err != nil {
		return err
	}
	d.Clear()
	for t := range min(d.Steps(), len(s.ends)) {
		row := d.At(t)
		for _, c := range s.at(t) {
			row[c]++
		}
	}
	return nil
}
