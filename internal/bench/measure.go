package bench

import (
	"context"
	"fmt"
	goruntime "runtime"
	"slices"
	"sync"
	"time"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/runtime"
)

// Plan is a way to use a network.
type Plan string

const (
	Known     Plan = "known"     // one sample a call, all of its time steps at hand
	Early     Plan = "early"     // one sample a call, step by step until the leading score is ahead by a margin
	Streaming Plan = "streaming" // one time step a call
	Batched   Plan = "batch"     // several samples a call
	Threaded  Plan = "threads"   // Known, on several threads, each with a session of its own
)

// measured is what was measured of one target in one plan.
type measured struct {
	plan    Plan
	batch   int // samples a call
	threads int
	rounds  []round
	steps   int64     // of Early: all that were run
	calls   []float64 // µs of every call of all rounds; none on several threads
}

// round is one repetition.
type round struct {
	samples int
	elapsed time.Duration
}

// us returns the µs of elapsed time a sample.
func (r round) us() float64 { return r.elapsed.Seconds() * 1e6 / float64(r.samples) }

// stopwatch takes lap times.
type stopwatch struct {
	base time.Time
	last time.Duration
	laps []float64 // µs
}

func newStopwatch() *stopwatch { return &stopwatch{base: time.Now()} }

// start begins a lap.
func (w *stopwatch) start() { w.last = time.Since(w.base) }

// lap ends a lap and begins the next.
func (w *stopwatch) lap() {
	now := time.Since(w.base)
	grows := len(w.laps) == cap(w.laps)
	w.laps = append(w.laps, float64((now-w.last).Nanoseconds())/1e3)
	w.last = now
	if grows {
		w.start()
	}
}

// test measures one plan.
type test struct {
	plan           Plan
	batch, threads int
	prepare        func(t *Target) pass
}

// pass runs all samples of a target once and returns how many that were.
type pass func(ctx context.Context, w *stopwatch) (samples int, err error)

// Measure measures all targets in turn, repetition by repetition, so that
// whatever else the machine does meets them all. After an error, which may be
// that of ctx, they hold what had been measured until then.
func Measure(ctx context.Context, targets []*Target, o Options) error {
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	first := []test{
		{Known, 1, 1, func(t *Target) pass { return t.passKnown }},
		{Streaming, 1, 1, func(t *Target) pass { return t.passStreaming }},
	}
	if slices.ContainsFunc(targets, func(t *Target) bool { return t.margin > 0 }) {
		first = append(first, test{Early, 1, 1, func(t *Target) pass { return t.passEarly }})
	}
	var more []test
	for _, n := range o.Batch {
		more = append(more, test{Batched, n, 1, func(t *Target) pass {
			return t.passBatch(t.net.NewBatch(n))
		}})
	}
	for _, n := range o.Threads {
		more = append(more, test{Threaded, 1, n, func(t *Target) pass {
			return t.passThreads(n)
		}})
	}
	done, total := 0, (len(first)+len(more))*(o.Warmup+o.Repeat)*len(targets)
	next := func(what string) {
		if o.Progress != nil {
			o.Progress(done, total, what)
		}
		done++
	}
	for _, c := range first {
		if err := measure(ctx, targets, c, o, next); err != nil {
			return err
		}
	}
	for _, t := range targets {
		if err := t.measureLayers(ctx, o); err != nil {
			return err
		}
	}
	if len(targets) == 1 {
		targets[0].peakRSS = peakRSS()
	}
	for _, c := range more {
		if err := measure(ctx, targets, c, o, next); err != nil {
			return err
		}
	}
	return nil
}

// measure runs a test on all targets, warm-up and repetition by repetition in
// turn.
func measure(ctx context.Context, targets []*Target, c test, o Options, next func(what string)) error {
	passes := make([]pass, len(targets))
	for i, t := range targets {
		passes[i] = c.prepare(t)
		t.timings = append(t.timings, &measured{plan: c.plan, batch: c.batch, threads: c.threads})
	}
	goruntime.GC() // nothing that runs from here on allocates
	for r := range o.Warmup + o.Repeat {
		for i, t := range targets {
			next(fmt.Sprintf("%s %s, batch %d, threads %d", t.tier, c.plan, c.batch, c.threads))
			m := t.timings[len(t.timings)-1]
			w := newStopwatch()
			if n := len(m.calls); n > 0 {
				w.laps = slices.Grow(w.laps, 2*n/len(m.rounds))
			}
			got, err := t.round(ctx, passes[i], w, o.Time)
			if err != nil {
				return err
			}
			if r >= o.Warmup {
				m.steps += t.early
				m.rounds, m.calls = append(m.rounds, got), append(m.calls, w.laps...)
			}
		}
	}
	return nil
}

// round runs whole passes until atLeast has gone by.
func (t *Target) round(ctx context.Context, run pass, w *stopwatch, atLeast time.Duration) (round, error) {
	restore, err := asm.Use(t.tier)
	if err != nil {
		return round{}, err
	}
	defer restore()
	var r round
	t.early = 0
	start := time.Now()
	for r.samples == 0 || r.elapsed < atLeast {
		n, err := run(ctx, w)
		if err != nil {
			return r, err
		}
		r.samples += n
		r.elapsed = sinceAtLeast(start)
	}
	return r, nil
}

// sinceAtLeast returns the time since start, but never 0, as a coarse clock
// would have it.
func sinceAtLeast(start time.Time) time.Duration { return max(time.Since(start), 1) }

// classify runs sample k with all its steps known.
func (t *Target) classify(s *runtime.Session, k int) error {
	_, err := s.Classify(t.samples.inputs[k])
	return err
}

func (t *Target) passKnown(ctx context.Context, w *stopwatch) (int, error) {
	for k := range t.samples.Len() {
		if err := ctx.Err(); err != nil {
			return k, err
		}
		w.start()
		if err := t.classify(t.session, k); err != nil {
			return k, err
		}
		w.lap()
	}
	return t.samples.Len(), nil
}

// passEarly runs samples as far as the margin asks for.
func (t *Target) passEarly(ctx context.Context, w *stopwatch) (int, error) {
	for k := range t.samples.Len() {
		if err := ctx.Err(); err != nil {
			return k, err
		}
		w.start()
		r, err := t.session.ClassifyEarly(t.samples.inputs[k], t.margin)
		if err != nil {
			return k, err
		}
		w.lap()
		t.early += int64(r.Steps)
	}
	return t.samples.Len(), nil
}

func (t *Target) passStreaming(ctx context.Context, w *stopwatch) (int, error) {
	for k := range t.samples.Len() {
		if err := ctx.Err(); err != nil {
			return k, err
		}
		t.session.Reset()
		w.start()
		if err := t.stream(k, w); err != nil {
			return k, err
		}
	}
	return t.samples.Len(), nil
}

// stream runs sample k step by step, a lap each.
func (t *Target) stream(k int, w *stopwatch) error {
	x := t.samples.inputs[k]
	for i := range x.Steps() {
		if err := t.session.Step(x, i); err != nil {
			return err
		}
		w.lap()
	}
	return nil
}

// passBatch fills the last batch up with the first samples, so that all
// batches have the same size.
func (t *Target) passBatch(b *runtime.Batch) pass {
	inputs := wrapped(t.samples.inputs, b.Size())
	return func(ctx context.Context, w *stopwatch) (n int, err error) {
		for ; n < t.samples.Len(); n += b.Size() {
			if err := ctx.Err(); err != nil {
				return n, err
			}
			w.start()
			if _, err := b.Classify(inputs[n : n+b.Size()]); err != nil {
				return n, err
			}
			w.lap()
		}
		return n, nil
	}
}

// wrapped returns x, followed by itself up to a multiple of size; nil stays nil.
func wrapped[T any](x []T, size int) []T {
	if len(x) == 0 {
		return nil
	}
	out := slices.Clone(x)
	for k := 0; len(out)%size != 0; k++ {
		out = append(out, x[k%len(x)])
	}
	return out
}

// passThreads runs all samples, all steps known, on each of n threads.
func (t *Target) passThreads(n int) pass {
	sessions := make([]*runtime.Session, n)
	for i := range sessions {
		sessions[i] = t.net.NewSession()
	}
	errs := make([]error, n)
	return func(ctx context.Context, _ *stopwatch) (int, error) {
		var wait sync.WaitGroup
		for i, s := range sessions {
			wait.Go(func() {
				errs[i] = nil
				for k := 0; k < t.samples.Len() && errs[i] == nil; k++ {
					if errs[i] = ctx.Err(); errs[i] == nil {
						errs[i] = t.classify(s, k)
					}
				}
			})
		}
		wait.Wait()
		for _, err := range errs {
			if err != nil {
				return 0, err
			}
		}
		return n * t.samples.Len(), nil
	}
}
