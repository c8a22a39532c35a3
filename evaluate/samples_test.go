package evaluate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// copied is an outcome to keep, without what differs from run to run.
func copied(o *Outcome) Outcome {
	c := *o
	c.Result.Scores = slices.Clone(o.Result.Scores)
	c.Stats.Spikes, c.Stats.SynOps = slices.Clone(o.Stats.Spikes), slices.Clone(o.Stats.SynOps)
	c.Latency = 0
	return c
}

// plain runs a set in a single session, sample after sample.
func plain(t *testing.T, k task, margin float32) []Outcome {
	t.Helper()
	net, err := runtime.Compile(k.model)
	if err != nil {
		t.Fatal(err)
	}
	s := net.NewSession()
	steps := dataset.Steps(k.set.Source, k.model.Steps)
	var all []Outcome
	for _, i := range k.set.Indices {
		x := k.model.Input.New(steps)
		if err := k.set.Source.Load(x, i, Key(k.set.Draw, i)); err != nil {
			t.Fatal(err)
		}
		r, err := s.Classify(x)
		if margin > 0 {
			r, err = s.ClassifyEarly(x, margin)
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, copied(&Outcome{Index: i, Label: k.set.Source.Label(i), Result: r, Stats: s.Stats()}))
	}
	return all
}

// TestSamplesAreTheSame compares the outcomes of all ways to run samples with
// those of a plain loop.
func TestSamplesAreTheSame(t *testing.T) {
	t.Parallel()
	const n = 90
	for _, k := range tasks(t, n) {
		slices.Reverse(k.set.Indices[20:60])
		e := evaluator(t, k.model)
		want := map[float32][]Outcome{0: plain(t, k, 0), 2: plain(t, k, 2)}
		all := []Options{{Threads: 1}, {Threads: 7}, {Threads: 1, Timed: true}, {Threads: 3, Margin: 2, Timed: true}}
		if !testing.Short() {
			all = append(all, []Options{{}, {Threads: 2}, {Threads: 1000}, {Threads: 3, Timed: true}, {Threads: 1, Margin: 2}}...)
		}
		for _, o := range all {
			for _, forced := range []way{alone, inBatch} {
				e.idle = []*worker{{session: e.net.NewSession(), pace: pace{best: [ways]time.Duration{inBatch: 2 - time.Duration(forced), alone: 1 + time.Duration(forced)}}}}
				var got []Outcome
				calls, last := 0, 0
				o.Progress = func(done, of int) {
					calls++
					if done != len(got) || done <= last || of != n {
						t.Errorf("%s: progress %d of %d after %d outcomes", k.name, done, of, len(got))
					}
					last = done
				}
				for out, err := range e.Samples(t.Context(), k.set, o) {
					if err != nil {
						t.Fatalf("%s: %v", k.name, err)
					}
					if (out.Latency > 0) != o.Timed {
						t.Errorf("%s: latency %v", k.name, out.Latency)
					}
					got = append(got, copied(out))
				}
				if !reflect.DeepEqual(got, want[o.Margin]) {
					t.Errorf("%s: %d threads, timed %v, margin %v, way %d: the outcomes differ", k.name, o.Threads, o.Timed, o.Margin, forced)
				}
				if last != n {
					t.Errorf("%s: progress ended at %d in %d calls", k.name, last, calls)
				}
			}
		}
	}
}

// TestBatchesAreUsed makes sure that the test above runs what it says it does.
func TestBatchesAreUsed(t *testing.T) {
	t.Parallel()
	for _, k := range tasks(t, 150) {
		e := evaluator(t, k.model)
		e.patience = 0
		for _, err := range e.Samples(t.Context(), k.set, Options{Threads: 1}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		w := e.worker(1)
		if used := w.batch != nil; used != (k.name != "planes") {
			t.Errorf("%s: batches used: %v", k.name, used)
		}
	}
}

// broken fails at one sample.
type broken struct {
	dataset.Source
	at int
}

var errBroken = errors.New("broken")

func (b broken) Load(dst spike.Input, i int, key dataset.Key) error {
	if i == b.at {
		return errBroken
	}
	return b.Source.Load(dst, i, key)
}

// TestErrorsComeInOrder expects the outcomes of all samples before the one that
// fails, and no others, for every number of threads.
func TestErrorsComeInOrder(t *testing.T) {
	t.Parallel()
	m, source := digits(t)
	e := evaluator(t, m)
	for _, at := range []int{0, 77, 149} {
		set := First(broken{source, at}, 150)
		for _, o := range []Options{{Threads: 1}, {Threads: 4}, {Threads: 1, Timed: true}, {Threads: 5, Timed: true}} {
			got := 0
			var failed error
			for out, err := range e.Samples(t.Context(), set, o) {
				if failed != nil {
					t.Errorf("more after the error")
				}
				if failed = err; err == nil {
					if out.Index != got {
						t.Errorf("sample %d after %d others", out.Index, got)
					}
					got++
				}
			}
			if got != at || !errors.Is(failed, errBroken) {
				t.Errorf("%d outcomes, %v, expected %d and an error", got, failed, at)
			}
		}
	}
}

// TestSumsOutOfRange names the sample whose scores are not finite, in a batch too.
func TestSumsOutOfRange(t *testing.T) {
	t.Parallel()
	k := tasks(t, 150)[1] // analog
	m := withReadout(k.model, model.MembraneSum)
	last := &m.Layers[len(m.Layers)-1]
	for i := range last.Weight.F32 {
		last.Weight.F32[i] = 3e38
	}
	e := evaluator(t, m)
	for _, threads := range []int{1, 3} {
		_, err := e.Summary(t.Context(), k.set, Options{Threads: threads})
		if !errors.Is(err, runtime.ErrRange) || !strings.HasPrefix(err.Error(), "sample 0:") {
			t.Errorf("%v, expected that of sample 0", err)
		}
	}
}

// TestInterrupted stops after 40 outcomes: those that are known come, then the
// error of the context.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	m, source := digits(t)
	e := evaluator(t, m)
	for _, o := range []Options{{Threads: 1}, {Threads: 4}, {Threads: 2, Timed: true}} {
		ctx, cancel := context.WithCancel(t.Context())
		got := 0
		var failed error
		for out, err := range e.Samples(ctx, All(source), o) {
			if failed = err; err != nil {
				break
			}
			if out.Index != got {
				t.Fatalf("sample %d after %d others", out.Index, got)
			}
			if got++; got == 40 {
				cancel()
			}
		}
		if !errors.Is(failed, context.Canceled) || got < 40 || got == source.Len() {
			t.Errorf("%d outcomes, %v", got, failed)
		}
		cancel()
	}
}

// TestBreak leaves the loop early, many times: no goroutine is left that would
// write to what is used again.
func TestBreak(t *testing.T) {
	t.Parallel()
	m, source := digits(t)
	e := evaluator(t, m)
	for stop := range 10 {
		for out, err := range e.Samples(t.Context(), First(source, 300), Options{Threads: 3}) {
			if err != nil {
				t.Fatal(err)
			}
			if out.Index == stop {
				break
			}
		}
	}
	if n := len(e.idle); n > 3 {
		t.Errorf("%d workers of 3 threads", n)
	}
}

// TestPace tries a batch after a while, keeps to the faster way, and tries the
// other now and then.
func TestPace(t *testing.T) {
	t.Parallel()
	for _, faster := range []way{alone, inBatch} {
		var p pace
		var got [ways]int
		for n := range 200 {
			w := p.next(40)
			if n < 4 && w != alone || n == 4 && w != inBatch {
				t.Errorf("chunk %d: way %d", n, w)
			}
			got[w]++
			p.took(w, 10+time.Duration(w^faster)+time.Duration(n%2), 8, 8)
			p.took(w, 1, 7, 8) // a part of a chunk tells nothing of the speed
		}
		if other := got[1-faster]; other < 11 || other > 17 {
			t.Errorf("%d chunks of 200 the slower way, expected about every %d-th", other, again)
		}
	}
}

func TestSetsAreChecked(t *testing.T) {
	t.Parallel()
	m, source := digits(t)
	e := evaluator(t, m)
	unlabelled := tasks(t, 3)[2]
	for name, c := range map[string]struct {
		set  Set
		says string
	}{
		"no samples":     {Set{Source: source}, "no samples"},
		"no such sample": {Set{Source: source, Indices: []int{0, 1000}}, "sample 1000 is out of range, the data set has 1000"},
		"another shape":  {unlabelled.set, "shape [700], the network takes [784]"},
	} {
		for what, err := range map[string]error{
			"Samples": firstError(e.Samples(t.Context(), c.set, Options{})),
			"Summary": second(e.Summary(t.Context(), c.set, Options{})),
			"Margins": second(e.Margins(t.Context(), c.set, Options{})),
		} {
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s, %s: %v, expected %q", name, what, err, c.says)
			}
		}
	}
	other := evaluator(t, unlabelled.model)
	if _, err := other.Summary(t.Context(), unlabelled.set, Options{}); err == nil || !strings.Contains(err.Error(), "the class of sample 0 is not known") {
		t.Errorf("unlabelled: %v", err)
	}
	few := *m
	few.Classes = nil
	few.Layers = slices.Clone(m.Layers)
	last := &few.Layers[len(few.Layers)-1]
	last.Out, last.Weight.Shape, last.Weight.F32 = []int{3}, []int{3, 64}, last.Weight.F32[:3*64]
	last.Decay, last.Bias, last.Initial = last.Decay[:1], last.Bias[:1], nil
	if err := All(source).Check(&few, true); err == nil || !strings.Contains(err.Error(), "has 10 classes, the network has 3 outputs") {
		t.Errorf("too many classes: %v", err)
	}
	if err := All(source).Check(&few, false); err != nil {
		t.Errorf("too many classes, none needed: %v", err)
	}
	if got := First(source, -1).Indices; len(got) != 0 {
		t.Errorf("First of -1: %v", got)
	}
}

// firstError returns the error of a sequence, second that of a pair.
func firstError(all iter.Seq2[*Outcome, error]) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

func second[T any](_ T, err error) error { return err }

func BenchmarkSamples(b *testing.B) {
	m, source := digits(b)
	e := evaluator(b, m)
	for _, o := range []Options{{Threads: 1}, {Threads: 1, Timed: true}, {}} {
		b.Run(fmt.Sprintf("threads=%d/timed=%v", o.Threads, o.Timed), func(b *testing.B) {
			for b.Loop() {
				if err := firstError(e.Samples(b.Context(), All(source), o)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*source.Len()), "ns/sample")
		})
	}
}
