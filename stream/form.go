package stream

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
)

// errNoSize is the error of events for a network whose input has no place for
// them.
var errNoSize = errors.New("where an event belongs is not known: expected a size with as many pixels as the network has channels or half as many")

// maxSide is the largest side of a sensor: coordinates are 16 bit.
const maxSide = 1 << 16

// A form is what the network's input looks like.
type form struct {
	in       model.Input
	channels int
	analog   bool
	width    int          // values that a line may have, 0 for none
	plane    model.Plane  // that events lie in, without pixels if that is not known
	step     model.Millis // length of a time step
}

func newForm(m *model.Network, o InputOptions) (*form, error) {
	f := &form{in: m.Input, channels: m.Input.Size(), analog: m.Input.Encoder.Analog(), step: m.Input.Step()}
	if f.width = m.Input.Encoder.Width(); f.analog {
		f.width = f.channels
	}
	if o.Step != 0 {
		f.step = model.FromMicros(float64(o.Step.Nanoseconds()) / 1000)
	}
	if us := f.step.Micros(); !(us > 0) || us > maxPosition {
		return nil, fmt.Errorf("stream: time steps of %v µs, expected a time above 0", us)
	}
	if s := o.Size; s.Known() && (s.Width < 1 || s.Height < 1 || s.Width > maxSide || s.Height > maxSide) {
		return nil, fmt.Errorf("stream: size %s, expected sides from 1 to %d", s, maxSide)
	}
	err := f.see(o.Size)
	if o.Size.Known() && (err != nil || f.size() != o.Size) {
		return nil, fmt.Errorf("stream: size %s for input of shape %v: %w", o.Size, m.Input.Shape, errNoSize)
	}
	if o.SampleHz != 0 && o.Format != S16LE {
		return nil, fmt.Errorf("stream: %s: a rate of %d samples a second, which is for %s", o.Format, o.SampleHz, S16LE)
	}
	if o.Format == S16LE {
		if _, err := newPCMReader(nil, m.Input, o.SampleHz); err != nil {
			return nil, fmt.Errorf("stream: %s: %w", S16LE, err)
		}
		if o.Step != 0 {
			return nil, fmt.Errorf("stream: %s: time steps of %v, expected none: a step is the %d samples of the network's encoder", S16LE, o.Step, m.Input.Encoder.Sound.Hop)
		}
		return f, nil
	}
	if o.Format == CSV && f.width == 0 {
		return nil, fmt.Errorf("stream: lines of values for a network that takes spikes, expected one of %s", strings.Join(Formats(), ", "))
	}
	if f.in.Encoder.Coding.Signals() {
		if slices.Contains(event.Formats(), o.Format) || o.Format == "events" {
			return nil, fmt.Errorf("stream: events for a network of signals, whose encoder is %s", f.in.Encoder)
		}
		return f, nil
	}
	if slices.Contains(event.Formats(), o.Format) {
		if err != nil && len(m.Input.Shape) != 1 { // of one dimension the recording may tell
			return nil, fmt.Errorf("stream: %s: %w", o.Format, err)
		}
		if _, err := f.wholeStep(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// see sets the pixels that the network sees of a sensor.
func (f *form) see(sensor event.Size) error {
	plane, err := f.in.Plane(sensor.Width, sensor.Height)
	if err == nil && max(plane.Width, plane.Height) > maxSide {
		err = fmt.Errorf("an input of shape %v, expected sides of at most %d pixels", f.in.Shape, maxSide)
	}
	if err != nil {
		return err
	}
	f.plane = plane
	return nil
}

// size returns the extent of the events that the network sees.
func (f *form) size() event.Size { return event.Size{Width: f.plane.Width, Height: f.plane.Height} }

// wholeStep returns the length of a step in µs, in which events are dated.
func (f *form) wholeStep() (int64, error) {
	us := f.step.Micros()
	if us != math.Trunc(us) {
		return 0, fmt.Errorf("stream: time steps of %v µs, expected whole µs for events", us)
	}
	return int64(us), nil
}

// takeEvents reports why events of a sensor have no place in the input or in time.
func (f *form) takeEvents(sensor event.Size) error {
	if err := f.see(sensor); err != nil {
		return fmt.Errorf("stream: %w; a size of the sensor may tell", err)
	}
	_, err := f.wholeStep()
	return err
}

// sees reports whether the network has a channel for e.
func (f *form) sees(e event.Event) bool {
	return f.plane.Contains(int(e.X), int(e.Y)) && e.P <= 1 && e.T >= 0 && e.T <= maxPosition
}

// channel returns the channel of an event.
func (f *form) channel(e event.Event) int { return f.plane.Channel(int(e.X), int(e.Y), int(e.P)) }

// open returns the reader of an input. A recording that states the size of its
// sensor may settle where events lie: what follows is read by whoever takes the
// first chunk.
func (f *form) open(r io.Reader, o InputOptions) (chunkReader, error) {
	l := &lineReader{format: o.Format, skipBad: o.SkipBad}
	switch o.Format {
	case Spikes:
		l.parse, l.silent = parseSpikes(f.channels, f.analog), true
	case JSONL:
		p := &jsonParser{once: newOnce(f.channels, f.analog), channels: f.channels, width: f.width, plane: f.plane, maxStep: int64(maxPosition / max(f.step.Micros(), 1))}
		l.parse = p.parse
	case S16LE:
		return newPCMReader(r, f.in, o.SampleHz)
	case CSV:
		l.parse, l.silent = parseRows(f.width, o.Columns), true
	default:
		src, err := event.NewReader(o.Format, r, event.Options{Size: f.size(), SkipBad: o.SkipBad, Chip: o.Chip, Columns: o.Columns})
		if err != nil {
			return nil, err
		}
		if !o.Size.Known() {
			if err := f.see(src.Size()); err != nil {
				return nil, fmt.Errorf("stream: %s: %w; a size of the sensor may tell", o.Format, err)
			}
		}
		return eventReader{src}, nil
	}
	// Room for every channel once, however it is written.
	l.lines = newLines(r, lineBuffer+32*min(f.channels, 1<<24))
	return l, nil
}
