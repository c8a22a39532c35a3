package event

import (
	"fmt"
	"io"
)

// How Plausible tells times that cannot be meant.
const (
	implausibleJump = 1_000_000 // µs between two events in a row that is a jump
	implausibleRun  = 16        // events in a row that a glitch may take at most
	implausibleHeld = 64        // events of such runs that are held back at most
)

// Plausible reads a recording without the events whose times cannot be meant: up to
// 16 in a row that are more than a second away from those before and behind them.
//
//   - At the front, left over from the last run of the sensor's clock, if many
//     follow.
//   - In the middle, if time then is not between that before and that behind them:
//     so silence and what follows it stay.
//
// Where time goes back by more than a second and stays there, all events are
// returned, and counted by Back. At most 80 events are held back, the first ones and
// those behind a jump.
type Plausible struct {
	Source

	run     []Event // in a row without a jump, while they may be implausible
	long    bool    // whether the run has become longer than that
	held    []Event // short runs, until a long one or many more of them decide
	out     []Event // to be returned
	next    int     // of out
	last    int64   // time of the last event of the run
	passed  bool    // whether an event was returned or is in out
	before  int64   // time of the last of those
	n       int64   // events read
	dropped int64
	example Event // the first dropped
	beside  int64 // a time beside it
	back    int64
	backBy  int64
	backAt  int64
	err     error
}

// NewPlausible returns a reader of what is plausible of src.
func NewPlausible(src Source) *Plausible { return &Plausible{Source: src} }

// Dropped returns how many events were left out so far.
func (p *Plausible) Dropped() int64 { return p.dropped }

// Back returns how often time went back for good so far.
func (p *Plausible) Back() int64 { return p.back }

// Describe says what was found so far, "" for nothing.
func (p *Plausible) Describe() string {
	text := ""
	if p.dropped > 0 {
		text = fmt.Sprintf("%d of %d events with a time that cannot be meant were left out, the first at t=%d µs beside others at %d µs", p.dropped, p.n, p.example.T, p.beside)
	}
	if p.back > 0 {
		if text != "" {
			text += "; "
		}
		text += fmt.Sprintf("time goes back by %.3g s at event %d, as if another recording began there: events are taken by their times", float64(p.backBy)/1e6, p.backAt)
	}
	return text
}

// Read implements [Reader].
func (p *Plausible) Read(dst []Event) (int, error) {
	if len(dst) == 0 {
		return 0, nil
	}
	for {
		if p.next < len(p.out) {
			n := copy(dst, p.out[p.next:])
			p.next += n
			return n, nil
		}
		p.out, p.next = p.out[:0], 0
		if p.err != nil {
			return 0, p.err
		}
		n, err := p.Source.Read(dst)
		for _, e := range dst[:n] {
			p.take(e)
		}
		if err == nil && n == 0 {
			err = io.ErrNoProgress
		}
		if err != nil {
			p.err = err
			p.end()
		}
	}
}

// take takes in an event.
func (p *Plausible) take(e Event) {
	p.n++
	if jump := e.T - p.last; p.n > 1 && (jump > implausibleJump || jump < -implausibleJump) {
		p.endRun()
	}
	p.last = e.T
	if p.long {
		p.accept(e)
		return
	}
	if p.run = append(p.run, e); len(p.run) > implausibleRun {
		p.release(p.run[0].T)
		if p.passed && p.run[0].T < p.before-implausibleJump {
			if p.back == 0 {
				p.backBy, p.backAt = p.before-p.run[0].T, p.n-int64(len(p.run))
			}
			p.back++
		}
		p.accept(p.run...)
		p.run, p.long = p.run[:0], true
	}
}

// endRun ends a run, before an event a jump away.
func (p *Plausible) endRun() {
	if p.long {
		p.long = false
		return
	}
	p.held = append(p.held, p.run...)
	if p.run = p.run[:0]; len(p.held) > implausibleHeld {
		p.settle()
	}
}

// release decides on what is held before a long run that begins at t.
func (p *Plausible) release(t int64) {
	for _, e := range p.held {
		if p.passed && p.before <= e.T && e.T <= t {
			p.accept(e)
		} else {
			p.drop(e, t)
		}
	}
	p.held = p.held[:0]
}

// settle decides on what is held where no long run follows: on a recording of few
// events far apart, or the end of another.
func (p *Plausible) settle() {
	passed, before := p.passed, p.before
	for _, e := range p.held {
		if !passed || e.T >= before-implausibleJump {
			p.accept(e)
		} else {
			p.drop(e, before)
		}
	}
	p.held = p.held[:0]
}

// end decides on what is left at the end.
func (p *Plausible) end() {
	p.held = append(p.held, p.run...)
	p.run = p.run[:0]
	p.settle()
}

func (p *Plausible) accept(events ...Event) {
	if len(events) > 0 {
		p.out = append(p.out, events...)
		p.passed, p.before = true, events[len(events)-1].T
	}
}

func (p *Plausible) drop(e Event, beside int64) {
	if p.dropped == 0 {
		p.example, p.beside = e, beside
	}
	p.dropped++
}
