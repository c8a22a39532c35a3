package evaluate

import (
	"context"
	"fmt"
	"iter"
	goruntime "runtime"
	"slices"
	"time"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// Options says how samples are run.
type Options struct {
	// Threads is how many samples run at a time, or as many batches; 0: GOMAXPROCS.
	Threads int
	// Margin is how far the leading score has to be ahead for an early decision,
	// as in runtime.Session.ClassifyEarly; 0: none is early.
	Margin float32
	// Timed measures the latency of every sample. None then runs in a batch.
	Timed bool
	// Progress is told, after a sample or several, how many of all are done. It
	// runs in the caller's goroutine. May be nil.
	Progress func(done, of int)
}

// Outcome is what a network says of a sample.
type Outcome struct {
	Index  int // of the sample in its source
	Label  int // its class, −1 if that is not known
	Result runtime.Result
	Stats  runtime.Stats
	// Decided is what a readout with a decision a step says of each; nil of others.
	Decided *Decided
	// Latency is the time from the encoded input to the class; 0 unless Timed.
	Latency time.Duration
}

// Correct reports whether the class is the label.
func (o *Outcome) Correct() bool { return o.Result.Class == o.Label }

// LowestClass is the class if a tie of scores went to the lowest class, as
// argmax has it in most published code, and not to the larger u.
func (o *Outcome) LowestClass() int {
	return slices.Index(o.Result.Scores, slices.Max(o.Result.Scores))
}

// set makes o the outcome of the input that r and st are of.
func (o *Outcome) set(r runtime.Result, st runtime.Stats) {
	r.Scores = append(o.Result.Scores[:0], r.Scores...)
	st.Spikes = append(o.Stats.Spikes[:0], st.Spikes...)
	st.SynOps = append(o.Stats.SynOps[:0], st.SynOps...)
	o.Result, o.Stats = r, st
}

// Samples runs the samples of a set and yields the outcome of each, in order. An
// outcome is valid until the next is asked for. An error, which may be that of
// ctx, comes after the outcomes of all samples before the one that it is of, and
// is the last.
//
// The caller's goroutine is one of the threads; all have ended when the loop
// over the outcomes ends.
func (e *Evaluator) Samples(ctx context.Context, set Set, o Options) iter.Seq2[*Outcome, error] {
	return func(yield func(*Outcome, error) bool) {
		if err := set.Check(e.net.Model(), false); err != nil {
			yield(nil, err)
			return
		}
		r := e.newRun(ctx, set, o)
		if o.Margin == 0 && !o.Timed && e.batch > 0 && !e.net.Readout().Kind.EachStep() {
			r.batched, r.size = true, e.batch
		}
		r.present = func(w *worker, x spike.Input, out *Outcome, _ int) error {
			var result runtime.Result
			var err error
			start := time.Now()
			if kind := e.net.Readout().Kind; kind.EachStep() {
				if out.Decided == nil {
					out.Decided = new(Decided)
				}
				result, err = out.Decided.decide(w.session, kind, x, dataset.TargetsOf(set.Source, out.Index))
			} else if o.Margin > 0 {
				result, err = w.session.ClassifyEarly(x, o.Margin)
			} else {
				result, err = w.session.Classify(x)
			}
			if err != nil {
				return fmt.Errorf("sample %d: %w", out.Index, err)
			}
			if o.Timed {
				out.Latency = time.Since(start)
			}
			out.set(result, w.session.Stats())
			return nil
		}
		r.all(yield)
	}
}

// threads returns how many goroutines run n samples.
func (o *Options) threads(n int) int {
	threads := o.Threads
	if threads <= 0 {
		threads = goruntime.GOMAXPROCS(0)
	}
	return max(1, min(threads, n))
}
