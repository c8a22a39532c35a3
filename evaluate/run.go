package evaluate

import (
	"context"
	goruntime "runtime"
	"sync"
	"time"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/spike"
)

// maxChunk is how many samples a thread takes at once, if there are enough.
const maxChunk = 16

// run is one presentation of a set: chunks of samples are taken by several
// threads and handed out in order.
type run struct {
	evaluator *Evaluator
	ctx       context.Context
	set       Set
	options   Options
	steps     int
	batched   bool // samples may run at once
	// present runs one sample in the session of w and writes what is found to out;
	// place is where the sample stands in the set.
	present func(w *worker, x spike.Input, out *Outcome, place int) error

	size    int // samples of a chunk; the last may have fewer
	lock    sync.Mutex
	changed sync.Cond // a chunk was finished or handed out, or the run has stopped
	ring    []chunk   // chunk number n is at n modulo the length
	chunks  int       // of the set
	taken   int       // by a thread
	given   int       // handed out
	stopped bool
}

// chunk is what a thread works at until it takes the next.
type chunk struct {
	outcomes []Outcome
	done     int // outcomes that are valid; after an error not all
	err      error
	finished bool
}

func (e *Evaluator) newRun(ctx context.Context, set Set, o Options) *run {
	r := &run{evaluator: e, ctx: ctx, set: set, options: o, steps: set.steps(e.net.Model()), size: maxChunk}
	r.changed.L = &r.lock
	return r
}

// all runs the set and yields the outcomes in order, up to the first error.
func (r *run) all(yield func(*Outcome, error) bool) {
	n := len(r.set.Indices)
	threads := r.options.threads(n)
	r.size = min(r.size, max(1, n/(4*threads)))
	r.chunks = (n + r.size - 1) / r.size
	r.ring = make([]chunk, min(r.chunks, 2*threads))
	for i := range r.ring {
		r.ring[i].outcomes = make([]Outcome, r.size)
	}
	var helpers sync.WaitGroup
	for range threads - 1 {
		helpers.Go(func() {
			r.withWorker(func(w *worker) {
				for number, ok := r.wait(); ok; number, ok = r.wait() {
					r.work(w, number)
				}
			})
		})
	}
	defer helpers.Wait()
	defer r.stop()
	r.withWorker(func(w *worker) { r.handOut(w, yield) })
}

// withWorker calls f with what a thread works with. A latency is measured on one
// thread of the system.
func (r *run) withWorker(f func(w *worker)) {
	w := r.evaluator.worker(r.steps)
	defer r.evaluator.release(w)
	if r.options.Timed {
		goruntime.LockOSThread()
		defer goruntime.UnlockOSThread()
	}
	f(w)
}

// handOut yields the outcomes of all chunks.
func (r *run) handOut(w *worker, yield func(*Outcome, error) bool) {
	done := 0
	for number := range r.chunks {
		c := r.finished(w, number)
		for k := range c.outcomes[:c.done] {
			if !yield(&c.outcomes[k], nil) {
				return
			}
		}
		if c.err != nil {
			yield(nil, c.err)
			return
		}
		if done += c.done; r.options.Progress != nil {
			r.options.Progress(done, len(r.set.Indices))
		}
		r.give()
	}
}

// take returns the number of the next chunk to work at, if there is one and room
// for it. The lock is held.
func (r *run) take() (number int, ok bool) {
	if r.stopped || r.taken == r.chunks || r.taken-r.given == len(r.ring) {
		return 0, false
	}
	r.taken++
	return r.taken - 1, true
}

// wait is take, once there is room; false when there is nothing more to do.
func (r *run) wait() (number int, ok bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	for !r.stopped && r.taken < r.chunks {
		if number, ok = r.take(); ok {
			return number, ok
		}
		r.changed.Wait()
	}
	return 0, false
}

// finished returns a chunk of the set once it is done. Until then the caller's
// goroutine works too.
func (r *run) finished(w *worker, number int) *chunk {
	c := &r.ring[number%len(r.ring)]
	r.lock.Lock()
	defer r.lock.Unlock()
	for !c.finished {
		if more, ok := r.take(); ok {
			r.lock.Unlock()
			r.work(w, more)
			r.lock.Lock()
		} else {
			r.changed.Wait()
		}
	}
	return c
}

// give makes the place of the chunk that was handed out free.
func (r *run) give() {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.ring[r.given%len(r.ring)].finished = false
	r.given++
	r.changed.Broadcast()
}

// stop ends the helpers.
func (r *run) stop() {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.stopped = true
	r.changed.Broadcast()
}

// work runs a chunk.
func (r *run) work(w *worker, number int) {
	c := &r.ring[number%len(r.ring)]
	first := number * r.size
	outcomes := c.outcomes[:min(r.size, len(r.set.Indices)-first)]
	for k := range outcomes {
		out := &outcomes[k]
		out.Index = r.set.Indices[first+k]
		out.Label, out.Latency = r.set.Source.Label(out.Index), 0
	}
	if r.batched {
		c.done, c.err = r.together(w, outcomes, first)
	} else {
		c.done, c.err = r.each(w, outcomes, first)
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	c.finished = true
	r.changed.Broadcast()
}

// each runs samples one by one and returns how many went well.
func (r *run) each(w *worker, outcomes []Outcome, first int) (int, error) {
	for k := range outcomes {
		x, err := r.load(w, 0, outcomes[k].Index)
		if err != nil {
			return k, err
		}
		if err := r.present(w, x, &outcomes[k], first+k); err != nil {
			return k, err
		}
	}
	return len(outcomes), nil
}

// together is each for a batch of samples: all are loaded and then run one by
// one or at once, whichever took less time until now.
func (r *run) together(w *worker, outcomes []Outcome, first int) (int, error) {
	var failed error
	n := 0
	for n < len(outcomes) && failed == nil {
		if _, failed = r.load(w, n, outcomes[n].Index); failed == nil {
			n++
		}
	}
	way := w.pace.next(r.evaluator.patience)
	start := time.Now()
	if way == inBatch && r.atOnce(w, outcomes[:n]) {
		w.pace.took(way, time.Since(start), n, r.size)
		return n, failed
	}
	start = time.Now() // without a batch that failed
	for k := range n { // one by one tells, too, of which sample an error is
		if err := r.present(w, w.inputs[k], &outcomes[k], first+k); err != nil {
			return k, err
		}
	}
	w.pace.took(alone, time.Since(start), n, r.size)
	return n, failed
}

// atOnce runs loaded samples in a batch and reports whether all went well.
func (r *run) atOnce(w *worker, outcomes []Outcome) bool {
	if w.batch == nil || w.batch.Size() < r.size {
		w.batch = r.evaluator.net.NewBatch(r.size)
	}
	results, err := w.batch.Classify(w.inputs[:len(outcomes)])
	if err != nil {
		return false
	}
	for k, result := range results {
		outcomes[k].set(result, w.batch.Stats(k))
	}
	return true
}

// load makes sample i the k-th input of w and returns it: its own steps alone where
// each is decided.
func (r *run) load(w *worker, k, i int) (spike.Input, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	for len(w.inputs) <= k {
		w.inputs = append(w.inputs, r.evaluator.net.Input().New(r.steps))
	}
	if r.evaluator.net.Readout().Kind.EachStep() {
		return dataset.LoadUnpadded(r.set.Source, w.inputs[k], i, Key(r.set.Draw, i))
	}
	return w.inputs[k], r.set.Source.Load(w.inputs[k], i, Key(r.set.Draw, i))
}
