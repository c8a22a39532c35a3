package stream

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
)

// errNoSize is the error of events for a network whose input has no place for
// them.
var errNoSize = errors.New("where an event belongs is not known: expected a network with input [1, H, W] or [2, H, W], or a size with as many pixels as it has channels or half as many")

// maxSide is the largest side of a sensor: coordinates are 16 bit.
const maxSide = 1 << 16

// A form is what the network's input looks like.
type form struct {
	channels    int
	analog      bool
	size        event.Size // unknown if the network takes no events
	onePolarity bool       // one channel a pixel
	stepUS      float64    // length of a time step
}

func newForm(m *model.Network, o InputOptions) (form, error) {
	f := form{channels: m.Input.Size(), analog: m.Input.Encoder.Analog(), size: o.Size, stepUS: m.DtMS * 1000}
	if m.Input.Encoder.BinUS > 0 {
		f.stepUS = m.Input.Encoder.BinUS
	}
	if o.Bin != 0 {
		f.stepUS = float64(o.Bin.Nanoseconds()) / 1000
	}
	if !(f.stepUS > 0) || f.stepUS > maxPosition {
		return form{}, fmt.Errorf("stream: time steps of %v µs, expected a time above 0", f.stepUS)
	}
	if shape := m.Input.Shape; !f.size.Known() && len(shape) == 3 && shape[0] <= 2 && max(shape[1], shape[2]) <= maxSide {
		f.size = event.Size{Width: shape[2], Height: shape[1]}
	}
	if f.size.Known() {
		if f.size.Width < 1 || f.size.Height < 1 || f.size.Width > maxSide || f.size.Height > maxSide {
			return form{}, fmt.Errorf("stream: size %s, expected sides from 1 to %d", f.size, maxSide)
		}
		pixels := int64(f.size.Width) * int64(f.size.Height)
		f.onePolarity = pixels == int64(f.channels)
		if !f.onePolarity && 2*pixels != int64(f.channels) {
			return form{}, fmt.Errorf("stream: size %s for %d channels: %w", f.size, f.channels, errNoSize)
		}
	}
	if slices.Contains(event.Formats(), o.Format) {
		if !f.size.Known() {
			return form{}, fmt.Errorf("stream: %s: input of shape %v: %w", o.Format, m.Input.Shape, errNoSize)
		}
		if _, err := f.wholeStep(); err != nil {
			return form{}, err
		}
	}
	return f, nil
}

// wholeStep returns the length of a step in µs, in which events are dated.
func (f *form) wholeStep() (int64, error) {
	if f.stepUS != math.Trunc(f.stepUS) {
		return 0, fmt.Errorf("stream: time steps of %v µs, expected whole µs for events", f.stepUS)
	}
	return int64(f.stepUS), nil
}

// sees reports whether the network has a channel for e.
func (f *form) sees(e event.Event) bool {
	return int(e.X) < f.size.Width && int(e.Y) < f.size.Height && e.P <= 1 && e.T >= 0 && e.T <= maxPosition
}

// channel returns the channel of an event.
func (f *form) channel(e event.Event) int {
	row := int(e.Y)
	if !f.onePolarity {
		row += int(e.P) * f.size.Height
	}
	return row*f.size.Width + int(e.X)
}

// open returns the reader of an input.
func (f *form) open(r io.Reader, o InputOptions) (chunkReader, error) {
	l := &lineReader{format: o.Format, skipBad: o.SkipBad}
	switch o.Format {
	case Spikes:
		l.parse, l.silent = parseSpikes(f.channels), true
	case JSONL:
		p := &jsonParser{channels: f.channels, analog: f.analog, size: f.size, maxStep: int64(maxPosition / max(f.stepUS, 1))}
		l.parse = p.parse
	default:
		return openEvents(o.Format, r, event.Options{Size: f.size, SkipBad: o.SkipBad})
	}
	// Room for every channel once, however it is written.
	l.lines = newLines(r, lineBuffer+32*min(f.channels, 1<<24))
	return l, nil
}
