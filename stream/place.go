package stream

import (
	"fmt"
	"math"

	"github.com/snurun/snurun/dataset/event"
)

// use puts a chunk into the step being filled, as far as it belongs there, and
// reports whether that step is over. A chunk that is used up goes back to the
// queue.
func (in *Input) use(c *chunk) (over bool) {
	if in.time.width == 0 {
		if in.err = in.begin(c.isStep); in.err != nil {
			return false
		}
	}
	if c.isStep {
		return in.useStep(c)
	}
	return in.useEvents(c)
}

// begin lays out the timeline. JSON Lines tell only now what it is of.
func (in *Input) begin(isSteps bool) (err error) {
	in.isSteps = isSteps
	if isSteps {
		in.time.width = 1
		in.time.gap = int64(min(float64(in.o.Gap.Microseconds())/in.form.step.Micros(), maxPosition))
		return nil
	}
	in.time.width, err = in.form.wholeStep()
	in.time.gap = in.o.Gap.Microseconds()
	return err
}

func (in *Input) useEvents(c *chunk) (over bool) {
	for i, e := range c.events {
		if !in.form.sees(e) {
			if in.err = in.unseen(e); in.err != nil {
				return false
			}
			continue
		}
		switch in.place(e.T) {
		case within:
			in.lastT, in.lastAt = e.T, c.arrived
		case late:
			in.late++
			if in.o.Late == event.DropLate {
				continue
			}
		default:
			c.events = c.events[i:]
			return true
		}
		in.put(in.form.channel(e))
	}
	in.release()
	return false
}

// useStep takes a step by its line, which is all of it.
func (in *Input) useStep(c *chunk) (over bool) {
	p := c.number
	if p < 0 {
		p = in.time.from
	}
	switch in.place(p) {
	case within:
		in.putStep(c)
		over = true
	case late:
		in.late++
		if in.o.Late == event.FoldLate {
			in.putStep(c)
		}
	default:
		return true
	}
	in.release()
	return over
}

// place returns where position p lies. Where time jumps, the step being filled
// is over, and an empty one is moved there.
func (in *Input) place(p int64) place {
	at := in.time.place(p)
	if at != beyond {
		return at
	}
	if in.dirty {
		return later
	}
	in.restart = in.restart || in.time.begun
	in.time.begin(p)
	return within
}

func (in *Input) put(channel int) {
	in.dirty = true
	in.events++
	if in.form.analog {
		in.values[channel]++
	} else {
		in.spikes.Set(channel)
	}
}

func (in *Input) putStep(c *chunk) {
	for _, channel := range c.channels {
		in.put(int(channel))
	}
	for i, v := range c.values {
		// What is folded may add up to more than float32 holds.
		in.values[i] = min(max(in.values[i]+v, -math.MaxFloat32), math.MaxFloat32)
	}
	in.dirty = in.dirty || len(c.values) > 0
}

func (in *Input) release() {
	in.queue.free <- in.chunk // has room for all chunks
	in.chunk = nil
}

// unseen counts an event that the network does not see, or returns the error
// for it.
func (in *Input) unseen(e event.Event) error {
	if in.o.SkipBad {
		in.skipped++
		return nil
	}
	return fmt.Errorf("stream: %s: event at t=%d µs, x=%d y=%d p=%d: expected it inside %s with p 0 or 1 and a time from 0 to 2^53 µs: %w", in.o.Format, e.T, e.X, e.Y, e.P, in.form.size(), event.ErrMalformed)
}
