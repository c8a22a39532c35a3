// Package evaluate runs a network over the samples of a data set: what it takes
// each for, how often it is right, what it costs, and what its layers do.
//
// # Draws
//
// An encoder with noise shows the same sample differently each time. A draw is
// one realisation of the noise of all samples: sample i of draw d has the noise
// of Key(d, i), which depends on nothing else and is never that of a training.
// Of a data set without noise all draws are the same.
//
// # Accuracy
//
// The accuracy of a draw over N samples with the classes cᵢ, of which the network
// says kᵢ, is
//
//	a = 1/N · Σᵢ [kᵢ = cᵢ]
//
// Over D draws it is estimated by ā = 1/D · Σ a_d, with the standard error
//
//	√( Σ (a_d − ā)² / (D·(D−1)) )
//
// which says how far noise moves ā. How well N samples stand for all that there
// could be is another question: that error is √(ā·(1 − ā)/N).
//
// # The same on every machine
//
// Outcomes come in the order in which samples were asked for. They are the same,
// to the bit, for any number of threads, one by one and in batches, and so is
// everything that is computed from them. Only Outcome.Latency differs.
package evaluate

import (
	"sync"
	"time"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
)

// Evaluator runs a network over samples. Any number of goroutines may use it. It
// keeps what it runs with from call to call.
type Evaluator struct {
	net *runtime.Network
	// batch is how many samples run at once where that is faster, 0 for never.
	batch    int
	patience time.Duration

	lock sync.Mutex
	idle []*worker
}

// New returns an evaluator of a network.
func New(net *runtime.Network) *Evaluator {
	return &Evaluator{net: net, batch: batchOf(net.Model()), patience: patience}
}

// Network returns the network.
func (e *Evaluator) Network() *runtime.Network { return e.net }

// A batch has up to maxBatch samples; on each thread, its inputs and states take
// about batchBytes of memory at most. With fewer than minBatch samples it is not
// worth while.
const (
	maxBatch   = 32
	minBatch   = 4
	batchBytes = 32 << 20
)

// batchOf returns how many samples of m run at once; 0 if a batch is never
// faster, as with convolutions, or takes too much memory.
func batchOf(m *model.Network) int {
	steps := float64(m.Steps)
	bytes := steps * float64(m.Input.Size()) / 8
	if m.Input.Encoder.Analog() {
		bytes *= 32
	}
	for i := range m.Layers {
		l := &m.Layers[i]
		if l.Kind == model.Conv2D {
			return 0
		}
		values := 2.0 // the membrane, and the place in the list of what is active
		if l.Output != model.Step {
			values += steps
		}
		bytes += float64(4 * values * float64(l.OutSize()))
	}
	if n := batchBytes / max(bytes, 1); n >= minBatch {
		return int(min(n, maxBatch))
	}
	return 0
}
