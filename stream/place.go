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
	if !c.checked {
		in.check(c)
	}
	return in.useEvents(c)
}

// check leaves out single events whose time cannot be meant: more than a second
// ahead of the one before, where the next goes back. Where events come as they
// happen, silence as long as the jump speaks for it.
func (in *Input) check(c *chunk) {
	c.checked = true
	far := int64(glitchAhead)
	kept := in.room[:0]
	for _, e := range c.events {
		if !in.form.sees(e) { // reported where it is placed
			kept = append(kept, e)
			continue
		}
		if in.isHeld {
			in.isHeld = false
			if e.T >= in.held.T-far {
				kept = append(kept, in.held)
				in.before = in.held.T
			} else {
				in.glitches++
				in.notify(NoticeTime, in.glitches, "an event at t=%d µs, %.3g s ahead of those around it, was left out", in.held.T, float64(in.held.T-in.before)/1e6)
			}
		}
		if ahead := e.T - in.before; in.timed && ahead > far && !(in.o.Jitter > 0 && 2*c.arrived.Sub(in.lastAt).Microseconds() > ahead) {
			in.held, in.isHeld = e, true
			continue
		}
		kept = append(kept, e)
		in.timed, in.before = true, e.T
	}
	c.events = kept
}

// glitchAhead is how far ahead, in µs, an event is held back at least.
const glitchAhead = 1_000_000

// begin lays out the timeline. JSON Lines tell only now what it is of.
func (in *Input) begin(isSteps bool) (err error) {
	in.isSteps = isSteps
	back := max(minBack, in.o.Jitter).Microseconds()
	if isSteps {
		in.time.back = int64(float64(back) / in.form.step.Micros())
		in.time.width = 1
		in.time.gap = int64(min(float64(in.o.Gap.Microseconds())/in.form.step.Micros(), maxPosition))
		return nil
	}
	in.time.width, err = in.form.wholeStep()
	in.time.gap = in.o.Gap.Microseconds()
	in.time.back = back
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
			in.notify(NoticeLate, in.late, "an event at t=%d µs is late by %.3g s", e.T, float64(in.time.from-e.T)/1e6)
			if in.o.Late == event.DropLate {
				continue
			}
		default:
			c.events = c.events[i:]
			return true
		}
		in.put(in.form.channel(e))
	}
	if c.events = nil; c.err == nil {
		in.release()
	}
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
		in.notify(NoticeLate, in.late, "step %d is late: step %d is open", p, in.time.from)
		if in.o.Late == event.FoldLate && in.signal == nil { // a signal has no second value
			in.putStep(c)
		}
	default:
		return true
	}
	in.release()
	return over
}

// How many events in a row are a clock that went back: that many late by more than
// timeline.back, or that many late at all.
const (
	lateRun    = 16
	lateAnyhow = 256
)

// place returns where position p lies. Where time jumps, the step being filled
// is over, and an empty one is moved there.
func (in *Input) place(p int64) place {
	at := in.time.place(p)
	switch {
	case at == within || at == later:
		in.lateRun, in.lateAny = 0, 0
	case at == late:
		in.lateAny++
		if in.time.from-p > in.time.back {
			in.lateRun++
		} else {
			in.lateRun = 0
		}
		if in.lateRun >= lateRun || in.lateAny >= lateAnyhow && in.o.Late == event.DropLate {
			at = beyond
		}
	}
	if at != beyond {
		return at
	}
	if in.dirty {
		return later
	}
	if in.time.begun {
		in.restart = true
		in.restarts++
		if in.signal != nil {
			in.signal.Reset()
		}
		in.notify(NoticeTime, in.restarts, "%s", in.jump(p))
	}
	in.time.begin(p)
	in.lateRun, in.lateAny = 0, 0
	return within
}

// jump says how time jumps to p.
func (in *Input) jump(p int64) string {
	by, way := p-in.time.from, "ahead"
	if by < 0 {
		by, way = -by, "back"
	}
	if in.isSteps {
		return fmt.Sprintf("steps jump %s by %d, to step %d: a new stream begins", way, by, p)
	}
	return fmt.Sprintf("time jumps %s by %.3g s, to t=%d µs: a new stream begins", way, float64(by)/1e6, p)
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
	if in.signal != nil && len(c.values) > 0 {
		in.signal.Step(in.spikes, c.values)
		in.events = in.spikes.Count()
		in.dirty = true
		return
	}
	for i, v := range c.values {
		// What is folded may add up to more than float32 holds.
		in.values[i] = min(max(in.values[i]+v, -math.MaxFloat32), math.MaxFloat32)
		if v != 0 {
			in.events++
		}
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
		in.notify(NoticeSkipped, in.Skipped(), "an event at x=%d y=%d, outside %s, was passed over", e.X, e.Y, in.form.size())
		return nil
	}
	return fmt.Errorf("stream: %s: event at t=%d µs, x=%d y=%d p=%d: expected it inside %s with p 0 or 1 and a time from 0 to 2^53 µs: %w", in.o.Format, e.T, e.X, e.Y, e.P, in.form.size(), event.ErrMalformed)
}
