package stream

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/snurun/snurun/runtime"
)

// Handler receives what Run finds.
type Handler struct {
	// Decide, if set, is called with every decision as it falls. An error ends Run.
	Decide func(Decision) error

	// Monitor, if set, shows the summary while Run runs.
	Monitor *Monitor

	// Changes hands over only decisions that are Changed.
	Changes bool

	// Flush decides the windows that are open at the end of the input, see
	// Windows.Flush.
	Flush bool

	// Behind, if set, is called at most once a second while decisions lag by
	// more than the input's Jitter, see Summary.Lag.
	Behind func(lag time.Duration)
}

// Summary is what a run did.
type Summary struct {
	Steps     int64 // time steps
	Windows   int64 // windows begun
	Decisions int64 // windows decided; of the others the end did not come, or they were given up
	Early     int64 // decisions before the window's end
	Nothing   int64 // decisions for no class, see Decision.Below
	Open      int64 // windows that the end of the input left undecided
	OpenSteps int   // steps of the oldest of them
	Restarts  int64 // jumps in time
	Events    int64 // events taken in, or active channels of the lines
	Glitches  int64 // events left out for a time that cannot be meant
	Reframed  int64 // cuts inside a record, and headers of other recordings, in the input
	Late      int64 // events or numbered steps that came late
	Skipped   int64 // malformed lines, records and events passed over, and windows given up for scores that are not finite

	Elapsed time.Duration
	Latency Latency

	// Lag and MaxLag say by how much the steps come behind the input's own
	// clock, at the end and at most: the time from a step's end to its
	// computation, less the smallest such time so far, which stands for what
	// sensor and transport need. A lag that grows is that of a machine too slow
	// for its input, or of clocks that drift. Steps that the clock ended do not
	// count. Steps without a clock of their own, lines, are behind only while
	// they wait for their computation: one that had to be waited for is not.
	Lag, MaxLag time.Duration
}

// Run classifies an input to its end; that ctx is done is one, too. Where it
// fails, the summary is that of the steps before, or, where scores or membranes
// are not finite, up to the step that shows it. With InputOptions.SkipBad it goes
// on behind those.
func Run(ctx context.Context, in *Input, w *Windows, h Handler) (Summary, error) {
	monitor := h.Monitor
	if monitor == nil {
		monitor = new(Monitor)
	}
	r := run{Monitor: monitor, in: in, windows: w, handler: h, start: time.Now(), opened: w.opened, lost: w.lost}
	r.mu.Lock()
	monitor.run = &r
	r.mu.Unlock()
	if w.o.Threads > 1 && len(w.slots) > 1 && w.shared == nil {
		w.crew = newCrew(w.slots, w.o.Threads)
		defer func() {
			w.crew.close()
			w.crew = nil
		}()
	}
	err := r.loop(ctx)
	if err == io.EOF || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil
		if h.Flush {
			err = r.flush()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.account()
	open, steps := w.Open()
	r.summary.Open, r.summary.OpenSteps = int64(open), steps
	return r.measured(), err
}

// run is one Run. Its monitor's lock is held where the summary, the latencies and
// the lag change, and not while it waits or a handler is called.
type run struct {
	*Monitor
	in           *Input
	windows      *Windows
	handler      Handler
	start        time.Time
	opened, lost int64 // of the windows, before the run

	summary   Summary
	latencies histogram
	lag       lag
	end       int64 // of the last step, on the input's clock
}

// account takes over what the input and the windows have counted.
func (r *run) account() {
	s := &r.summary
	s.Windows = r.windows.opened - r.opened
	s.Late, s.Skipped = r.in.Late(), r.in.Skipped()
	s.Glitches, s.Reframed = r.in.Glitches(), r.in.Reframed()
	if r.in.o.SkipBad {
		s.Skipped += r.windows.lost - r.lost
	}
}

// measured returns the summary with the times as they are now.
func (r *run) measured() Summary {
	s := r.summary
	s.Elapsed, s.Latency = time.Since(r.start), r.latencies.latency()
	s.Lag, s.MaxLag = r.lag.last, r.lag.max
	return s
}

func (r *run) wait(waiting bool) {
	r.mu.Lock()
	r.waiting = waiting
	r.mu.Unlock()
}

func (r *run) loop(ctx context.Context) error {
	for {
		r.wait(true)
		f, err := r.in.Next(ctx)
		r.wait(false)
		if err != nil {
			return err
		}
		if f.Restart {
			r.windows.Restart()
		}
		r.end = f.EndUS
		decisions, err := r.windows.step(f.Input, 0, f.Events)
		lost := errors.Is(err, runtime.ErrRange)
		if err != nil && !lost {
			return err
		}
		r.count(f)
		for _, d := range decisions {
			if err := r.decide(d, f.Arrived); err != nil {
				return err
			}
		}
		if lost && !r.in.o.SkipBad {
			return err
		}
		if r.in.o.Jitter > 0 && !f.ByClock {
			r.compare(f)
		}
	}
}

// count takes in a step.
func (r *run) count(f Frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.Restart {
		r.summary.Restarts++
		r.lag.restart()
	}
	if f.idle {
		r.lag.restart()
	}
	r.summary.Steps++
	r.summary.Events += int64(f.Events)
	r.account()
}

// flush decides what the end of the input left open.
func (r *run) flush() error {
	now := time.Now()
	decisions, lost := r.windows.Flush()
	for _, d := range decisions {
		if err := r.decide(d, now); err != nil {
			return err
		}
	}
	if r.in.o.SkipBad {
		return nil
	}
	return lost
}

func (r *run) decide(d Decision, arrived time.Time) error {
	d.TimeUS, d.Latency = r.end, time.Since(arrived)
	r.mu.Lock()
	r.latencies.add(d.Latency)
	r.summary.Decisions++
	if d.Steps < r.windows.o.Steps && !d.Partial {
		r.summary.Early++
	}
	if d.Below != "" {
		r.summary.Nothing++
	}
	r.mu.Unlock()
	if r.handler.Decide == nil || r.handler.Changes && !d.Changed {
		return nil
	}
	return r.handler.Decide(d)
}

// compare compares the clock of the input with that of this machine.
func (r *run) compare(f Frame) {
	now := time.Since(r.start)
	r.mu.Lock()
	lag := r.lag.add(now, f.EndUS)
	r.mu.Unlock()
	if r.handler.Behind != nil && lag > r.in.o.Jitter && r.lag.due(now, time.Second) {
		r.handler.Behind(lag)
	}
}

// A lag is how far the computation is behind the input's clock.
type lag struct {
	base      time.Duration // smallest difference of the two clocks
	begun     bool          // whether it is known
	last, max time.Duration
	told      time.Duration // when due was last true
	wasTold   bool
}

// add takes in a step that ends at endUS by the input's clock and is computed
// now, and returns its lag.
func (l *lag) add(now time.Duration, endUS int64) time.Duration {
	d := now - time.Duration(endUS)*time.Microsecond
	if !l.begun || d < l.base {
		l.base, l.begun = d, true
	}
	l.last = d - l.base
	l.max = max(l.max, l.last)
	return l.last
}

// restart forgets how the clocks differ.
func (l *lag) restart() { l.begun = false }

// due reports whether it was not true for the given time.
func (l *lag) due(now, every time.Duration) bool {
	if l.wasTold && now-l.told < every {
		return false
	}
	l.told, l.wasTold = now, true
	return true
}
