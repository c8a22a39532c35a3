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

// maxEvents bounds the memory of one recording to 512 MiB, and half as much again
// while it is read.
const maxEvents = 1 << 26

// eventSource is one recording of an event camera, binned into time steps. It
// keeps a number for an event, not one for a channel: few channels are active
// in a step.
type eventSource struct {
	labelled
	analog   bool
	ends     []uint32 // channels[ends[t-1]:ends[t]] are those of the events of step t
	channels []uint32 // ascending in a step: of every event if analog, else of the active ones
}

// events reads the recording of an event camera for a network whose encoder is
// events. An event at t is in bin ⌊(t − t0)/bin⌋, wherever it stands in the file;
// t0 is the earliest time, as the origin differs from recorder to recorder. What
// event.Plausible finds is left out or remarked.
//
// Where an event belongs says model.Input.Plane. If the network's input has no
// shape, it is [2, H, W] of the sensor.
func (j *job) events(open func() (event.Source, error)) (Source, error) {
	s, err := j.binEvents(open)
	if err != nil {
		return nil, eventError(j.name, err)
	}
	return s, nil
}

// eventError names the file of events that cannot be read.
func eventError(name string, err error) error {
	switch {
	case errors.Is(err, ErrImplausible):
		return err
	case errors.Is(err, event.ErrMalformed):
		return fmt.Errorf("dataset: %s: %w: %w", name, ErrFormat, err)
	}
	return fmt.Errorf("dataset: %s: %w", name, err)
}

func (j *job) binEvents(open func() (event.Source, error)) (*eventSource, error) {
	name, in, o := j.name, j.in, j.reading
	step, err := wholeBin(in.Encoder)
	if err != nil {
		return nil, err
	}
	src, err := open()
	if err != nil {
		return nil, err
	}
	if j.part != nil {
		src = &within{Source: src, part: j.part}
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
	if seen := (event.Size{Width: plane.Width, Height: plane.Height}); size.Known() && size != seen {
		if err := o.remark(name, RemarkSensor, 0, "a recording of a %s sensor for a network that sees %s pixels: its upper left corner", size, seen); err != nil {
			return nil, err
		}
	}
	s := &eventSource{analog: in.Encoder.Analog()}
	if s.labelled, err = newLabelled(in.Shape, 1, j.class.labels(1), j.class.names); err != nil {
		return nil, err
	}
	events := event.NewPlausible(&seen{Source: src, plane: plane, shape: in.Shape, skipBad: o.SkipBad})
	dated, err := readDated(events, plane, step)
	if err != nil {
		return nil, err
	}
	if n := events.Skipped(); n > 0 {
		if err := o.remark(name, RemarkSkipped, n, "%d malformed or misplaced events were passed over", n); err != nil {
			return nil, err
		}
	}
	if text := events.Describe(); text != "" {
		if err := o.remark(name, RemarkTime, events.Dropped()+events.Back(), "%s", text); err != nil {
			return nil, err
		}
	}
	if len(dated) == 0 {
		return nil, fmt.Errorf("%w: the recording has no events", ErrFormat)
	}
	s.bin(dated, step)
	return s, nil
}

// A dated event is its time, less that of the first and plus 2^39 µs, in the upper
// 40 bits, and its channel below.
type dated uint64

const (
	channelBits = 24
	datedOrigin = 1 << 39
)

func (d dated) time() int64     { return int64(d >> channelBits) }
func (d dated) channel() uint32 { return uint32(d & (1<<channelBits - 1)) }

// readDated reads the events of the first model.MaxSteps steps behind the earliest
// one, and perhaps some behind them.
func readDated(r event.Reader, plane model.Plane, step int64) ([]dated, error) {
	if plane.Channels*plane.Height*plane.Width > 1<<channelBits {
		return nil, fmt.Errorf("%w: %d channels, expected at most %d for events: crop or downsample the recording first", ErrMismatch, plane.Channels*plane.Height*plane.Width, 1<<channelBits)
	}
	var all []dated
	var first, earliest int64
	last := int64(model.MaxSteps) * step // of all steps
	behind := 0
	buf := make([]event.Event, 1024)
	for behind < patience { // no earlier one is waited for
		n, err := r.Read(buf)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		for _, e := range buf[:n] {
			if len(all) == 0 {
				first, earliest = e.T, e.T
			}
			earliest = min(earliest, e.T)
			if e.T-earliest >= last {
				if behind++; behind == 1 && e.T-first >= 2*last {
					return nil, fmt.Errorf("%w: an event at t=%d µs is %d steps behind the first: %w", ErrFormat, e.T, (e.T-first)/step, event.ErrGap)
				}
				continue
			}
			behind = 0
			since := e.T - first + datedOrigin
			if since < 0 || since >= 2*datedOrigin {
				return nil, fmt.Errorf("%w: an event at t=%d µs is more than 6 days from the first", ErrFormat, e.T)
			}
			if len(all) == maxEvents {
				return nil, fmt.Errorf("%w: more than %d events; a stream of events has no such bound", ErrFormat, maxEvents)
			}
			all = append(all, dated(since)<<channelBits|dated(plane.Channel(int(e.X), int(e.Y), int(e.P))))
		}
	}
	return all, nil
}

// bin fills s with the first steps of a recording, at most as many as a network
// can be presented.
func (s *eventSource) bin(all []dated, step int64) {
	earliest, latest := all[0].time(), all[0].time()
	for _, e := range all {
		earliest, latest = min(earliest, e.time()), max(latest, e.time())
	}
	s.ends = make([]uint32, min((latest-earliest)/step+1, model.MaxSteps))
	// Count, and put every event behind those of its own and all earlier steps.
	for _, e := range all {
		if t := (e.time() - earliest) / step; t < int64(len(s.ends)) {
			s.ends[t]++
		}
	}
	sum := uint32(0)
	for t, n := range s.ends {
		s.ends[t] = sum
		sum += n
	}
	s.channels = make([]uint32, sum)
	for _, e := range all {
		if t := (e.time() - earliest) / step; t < int64(len(s.ends)) {
			s.channels[s.ends[t]] = e.channel()
			s.ends[t]++
		}
	}
	from, kept := uint32(0), uint32(0)
	for t, end := range s.ends {
		at := s.channels[from:end]
		slices.Sort(at)
		if !s.analog {
			at = slices.Compact(at)
		}
		kept += uint32(copy(s.channels[kept:], at))
		from, s.ends[t] = end, kept
	}
	if s.channels = s.channels[:kept]; kept < sum/2 {
		s.channels = slices.Clone(s.channels) // without the room of events of the same channel
	}
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
	plane   model.Plane
	shape   []int
	skipBad bool
	skipped int64
}

func (s *seen) Skipped() int64 { return s.Source.Skipped() + s.skipped }

func (s *seen) Read(dst []event.Event) (int, error) {
	for {
		n, err := s.Source.Read(dst)
		kept := 0
		for _, e := range dst[:n] {
			if s.plane.Contains(int(e.X), int(e.Y)) {
				dst[kept] = e
				kept++
				continue
			}
			if !s.skipBad {
				return 0, fmt.Errorf("%w: an event at x=%d y=%d, t=%d µs, of a sensor of %s size is outside the %dx%d pixels of a network with input of shape %v: crop or downsample the recording first",
					ErrMismatch, e.X, e.Y, e.T, s.Size(), s.plane.Width, s.plane.Height, s.shape)
			}
			s.skipped++
		}
		if kept > 0 || err != nil || len(dst) == 0 {
			return kept, err
		}
	}
}

// at returns the channels of the events of step t.
func (s *eventSource) at(t int) []uint32 {
	if t == 0 {
		return s.channels[:s.ends[0]]
	}
	return s.channels[s.ends[t-1]:s.ends[t]]
}

func (s *eventSource) Length(int) int { return len(s.ends) }

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
