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
	// count.
	Lag, MaxLag time.Duration
}

// Run classifies an input to its end; that ctx is done is one, too. Where it
// fails, the summary is that of the steps before, or, where scores or membranes
// are not finite, up to the step that shows it. With InputOptions.SkipBad it goes
// on behind those.
func Run(ctx context.Context, in *Input, w *Windows, h Handler) (Summary, error) {
	r := run{in: in, windows: w, handler: h, start: time.Now()}
	opened, lost := w.opened, w.lost
	err := r.loop(ctx)
	s := r.summary
	s.Windows = w.opened - opened
	s.Late, s.Skipped = in.Late(), in.Skipped()
	s.Glitches, s.Reframed = in.Glitches(), in.Reframed()
	if in.o.SkipBad {
		s.Skipped += w.lost - lost
	}
	s.Elapsed, s.Latency = time.Since(r.start), r.latencies.latency()
	s.Lag, s.MaxLag = r.lag.last, r.lag.max
	if err == io.EOF || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil
	}
	return s, err
}

type run struct {
	in        *Input
	windows   *Windows
	handler   Handler
	start     time.Time
	summary   Summary
	latencies histogram
	lag       lag
}

func (r *run) loop(ctx context.Context) error {
	for {
		f, err := r.in.Next(ctx)
		if err != nil {
			return err
		}
		if f.Restart {
			r.summary.Restarts++
			r.windows.Restart()
			r.lag.restart()
		}
		decisions, err := r.windows.Step(f.Input, 0)
		lost := errors.Is(err, runtime.ErrRange)
		if err != nil && !lost {
			return err
		}
		r.summary.Steps++
		r.summary.Events += int64(f.Events)
		for _, d := range decisions {
			if err := r.decide(d, f); err != nil {
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

func (r *run) decide(d Decision, f Frame) error {
	d.TimeUS, d.Latency = f.EndUS, time.Since(f.Arrived)
	r.latencies.add(d.Latency)
	r.summary.Decisions++
	if d.Steps < r.windows.o.Steps {
		r.summary.Early++
	}
	if r.handler.Decide == nil {
		return nil
	}
	return r.handler.Decide(d)
}

// compare compares the clock of the input with that of this machine.
func (r *run) compare(f Frame) {
	now := time.Since(r.start)
	lag := r.lag.add(now, f.EndUS)
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
