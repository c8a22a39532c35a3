package evaluate

import (
	"time"

	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// worker is what one thread runs samples with.
type worker struct {
	session *runtime.Session
	batch   *runtime.Batch // nil until it is needed
	inputs  []spike.Input
	pace    pace
}

// worker returns one for inputs of so many steps.
func (e *Evaluator) worker(steps int) *worker {
	e.lock.Lock()
	defer e.lock.Unlock()
	w := &worker{}
	if n := len(e.idle); n > 0 {
		w, e.idle = e.idle[n-1], e.idle[:n-1]
	} else {
		w.session = e.net.NewSession()
	}
	if len(w.inputs) > 0 && w.inputs[0].Steps() != steps {
		w.inputs = nil
	}
	return w
}

func (e *Evaluator) release(w *worker) {
	e.lock.Lock()
	defer e.lock.Unlock()
	e.idle = append(e.idle, w)
}

// way is how the samples of a chunk are run.
type way int

const (
	alone way = iota
	inBatch
	ways
)

// pace tells which way is faster. That depends on the network, on the caches and
// on how active samples are.
type pace struct {
	best   [ways]time.Duration // the least that a whole chunk took; 0: not known
	spent  time.Duration       // one by one
	chunks int
}

// again is after how many chunks the way that is not the faster one is tried
// again.
const again = 16

// patience is how long samples run one by one before a batch is tried: what it
// takes to make one, and its second copy of large weights, would not pay before.
const patience = 20 * time.Millisecond

// next returns the way for the next chunk: one by one for a while, once in a
// batch, then what is faster.
func (p *pace) next(patience time.Duration) way {
	p.chunks++
	faster := alone
	if p.best[inBatch] < p.best[alone] {
		faster = inBatch
	}
	switch {
	case p.best[alone] == 0, p.best[inBatch] == 0 && p.spent < patience:
		return alone
	case p.best[inBatch] == 0:
		return inBatch
	case p.chunks%again == 0:
		return 1 - faster
	}
	return faster
}

// took notes the time of a chunk of n samples; only that of whole ones tells.
func (p *pace) took(w way, elapsed time.Duration, n, whole int) {
	if w == alone {
		p.spent += elapsed
	}
	if elapsed = max(elapsed, 1); n == whole && (p.best[w] == 0 || elapsed < p.best[w]) {
		p.best[w] = elapsed
	}
}
