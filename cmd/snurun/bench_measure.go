package main

import (
	"context"
	"fmt"
	"io"
	goruntime "runtime"
	"slices"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/internal/bandwidth"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
)

// plan is a way to use a network.
type plan string

const (
	known     plan = "known"
	streaming plan = "streaming"
	batched   plan = "batch"
	threaded  plan = "threads"
)

// timing is what was measured of one target in one plan.
type timing struct {
	plan    plan
	batch   int // samples a call
	threads int
	rounds  []round
	calls   []float64 // µs of every call of all rounds; none on several threads
}

// round is one repetition.
type round struct {
	samples int
	elapsed time.Duration
}

// us returns the µs of elapsed time a sample.
func (r round) us() float64 { return r.elapsed.Seconds() * 1e6 / float64(r.samples) }

// layerProfile is the work and time of the layers over some samples.
type layerProfile struct {
	samples     int
	steps       int // of all samples
	inputSpikes int
	spikes      []int
	synops      []int64
	times       []time.Duration
	total       time.Duration // with the input lists and the readout
	limits      []float64     // load bandwidth, bytes a second, for as much memory as each layer's weights; 0 if unknown or not the limit
}

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
	plan           plan
	batch, threads int
	prepare        func(t *target) pass
}

// pass runs all samples of a target once and returns how many that were.
type pass func(ctx context.Context, w *stopwatch) (samples int, err error)

// measureAll measures all targets in turn and fills them in. After an error,
// which may be that of ctx, they hold what had been measured until then.
func measureAll(ctx context.Context, targets []*target, o benchOptions, diagnostics io.Writer) error {
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	first := []test{
		{known, 1, 1, func(t *target) pass { return t.passKnown }},
		{streaming, 1, 1, func(t *target) pass { return t.passStreaming }},
	}
	var more []test
	for _, n := range o.batch {
		more = append(more, test{batched, n, 1, func(t *target) pass {
			return t.passBatch(t.net.NewBatch(n))
		}})
	}
	for _, n := range o.threads {
		more = append(more, test{threaded, 1, n, func(t *target) pass {
			return t.passThreads(n)
		}})
	}
	bar := progressbar.DefaultSilent(0)
	if isTerminal(diagnostics) {
		bar = newBar(diagnostics, int64((len(first)+len(more))*(o.warmup+o.repeat)*len(targets)))
	}
	defer func() { _ = bar.Clear() }()
	for _, c := range first {
		if err := measure(ctx, targets, c, o, bar); err != nil {
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
		if err := measure(ctx, targets, c, o, bar); err != nil {
			return err
		}
	}
	return nil
}

// measure runs a test on all targets, warm-up and repetition by repetition in
// turn.
func measure(ctx context.Context, targets []*target, c test, o benchOptions, bar *progressbar.ProgressBar) error {
	passes := make([]pass, len(targets))
	for i, t := range targets {
		passes[i] = c.prepare(t)
		t.timings = append(t.timings, &timing{plan: c.plan, batch: c.batch, threads: c.threads})
	}
	goruntime.GC() // nothing that runs from here on allocates
	for r := range o.warmup + o.repeat {
		for i, t := range targets {
			bar.Describe(fmt.Sprintf("%s %s, batch %d, threads %d", t.tier, c.plan, c.batch, c.threads))
			m := t.timings[len(t.timings)-1]
			w := newStopwatch()
			if n := len(m.calls); n > 0 {
				w.laps = slices.Grow(w.laps, 2*n/len(m.rounds))
			}
			got, err := t.round(ctx, passes[i], w, o.time)
			if err != nil {
				return err
			}
			if r >= o.warmup {
				m.rounds, m.calls = append(m.rounds, got), append(m.calls, w.laps...)
			}
			_ = bar.Add(1)
		}
	}
	return nil
}

// round runs whole passes until atLeast has gone by.
func (t *target) round(ctx context.Context, run pass, w *stopwatch, atLeast time.Duration) (round, error) {
	restore, err := asm.Use(t.tier)
	if err != nil {
		return round{}, err
	}
	defer restore()
	var r round
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
func (t *target) classify(s *runtime.Session, k int) error {
	var err error
	if t.samples.values != nil {
		_, err = s.ClassifyValues(t.samples.values[k])
	} else {
		_, err = s.Classify(t.samples.spikes[k])
	}
	return err
}

func (t *target) passKnown(ctx context.Context, w *stopwatch) (int, error) {
	for k := range t.samples.len() {
		if err := ctx.Err(); err != nil {
			return k, err
		}
		w.start()
		if err := t.classify(t.session, k); err != nil {
			return k, err
		}
		w.lap()
	}
	return t.samples.len(), nil
}

func (t *target) passStreaming(ctx context.Context, w *stopwatch) (int, error) {
	for k := range t.samples.len() {
		if err := ctx.Err(); err != nil {
			return k, err
		}
		t.session.Reset()
		w.start()
		if err := t.stream(k, w); err != nil {
			return k, err
		}
	}
	return t.samples.len(), nil
}

// stream runs sample k step by step, a lap each.
func (t *target) stream(k int, w *stopwatch) error {
	if t.samples.values != nil {
		x := t.samples.values[k]
		for i := range x.Steps() {
			if err := t.session.StepValues(x.At(i)); err != nil {
				return err
			}
			w.lap()
		}
		return nil
	}
	x := t.samples.spikes[k]
	for i := range x.Steps() {
		if err := t.session.Step(x.At(i)); err != nil {
			return err
		}
		w.lap()
	}
	return nil
}

// passBatch fills the last batch up with the first samples, so that all
// batches have the same size.
func (t *target) passBatch(b *runtime.Batch) pass {
	spikes, values := wrapped(t.samples.spikes, b.Size()), wrapped(t.samples.values, b.Size())
	return func(ctx context.Context, w *stopwatch) (n int, err error) {
		for ; n < t.samples.len(); n += b.Size() {
			if err := ctx.Err(); err != nil {
				return n, err
			}
			w.start()
			if values != nil {
				_, err = b.ClassifyValues(values[n : n+b.Size()])
			} else {
				_, err = b.Classify(spikes[n : n+b.Size()])
			}
			if err != nil {
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
func (t *target) passThreads(n int) pass {
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
				for k := 0; k < t.samples.len() && errs[i] == nil; k++ {
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
		return n * t.samples.len(), nil
	}
}

// measureLayers profiles the layers over one repetition with all steps known,
// and measures the load bandwidth that limits each.
func (t *target) measureLayers(ctx context.Context, o benchOptions) error {
	restore, err := asm.Use(t.tier)
	if err != nil {
		return err
	}
	defer restore()
	n := t.net.Layers()
	p := layerProfile{spikes: make([]int, n), synops: make([]int64, n), limits: make([]float64, n)}
	s := t.net.NewSession()
	for range 2 { // the first time warms up
		s.Profile()
		p.samples, p.total = 0, 0
		for start := time.Now(); p.samples == 0 || p.total < o.time; p.total = sinceAtLeast(start) {
			for k := range t.samples.len() {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := t.classify(s, k); err != nil {
					return err
				}
				p.samples++
			}
		}
	}
	p.times = slices.Clone(s.LayerTimes())
	for k := range t.samples.len() {
		if err := t.classify(s, k); err != nil {
			return err
		}
		stats := s.Stats()
		p.steps += stats.Steps
		p.inputSpikes += stats.InputSpikes
		for i := range n {
			p.spikes[i] += stats.Spikes[i]
			p.synops[i] += stats.SynOps[i]
		}
	}
	for i := range n {
		// A convolution waits for its sums, not for its weights.
		if l := &t.model.Layers[i]; l.HasNeurons() && l.Kind != model.Conv2D {
			p.limits[i] = loadBandwidth(t.net.Plan(i).Bytes)
		}
	}
	t.profile = p
	return nil
}

// maxLoad is past all caches; measuring more would tell nothing new.
const maxLoad = 64 << 20

// loadBandwidth returns the bytes a second that plain loads of about n bytes
// reach, or 0 if there is nothing to measure them with.
func loadBandwidth(n int) float64 {
	p := asm.Floats(max(min(n, maxLoad)/4&^255, 256))
	for i := range p {
		p[i] = 1 // a page that was never written is the one page of zeros
	}
	for _, tier := range asm.Tiers() {
		if rate := bandwidth.Rate(tier, p); rate > 0 {
			return rate * 1e9
		}
	}
	return 0
}
