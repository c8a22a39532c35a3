package runtime

import (
	"fmt"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/internal/layer"
	"github.com/snurun/snurun/spike"
)

// Batch classifies many inputs at once, each from the initial state. Its
// results are those of Session.Classify, to the bit; it is faster where all inputs
// run through one part of the weights before the next, which they do unless the
// caches hold all weights anyhow. One goroutine at a time may use it.
// Network.NewBatch makes one.
type Batch struct {
	net      *Network
	layers   []*layer.Layer
	runner   *layer.Batch
	inputs   []*layer.Inputs  // one an input
	inner    []*layer.Inputs  // of the layer that runs next
	next     []*layer.Inputs  // inputs or inner
	states   [][]*layer.State // of each input, its layers
	column   []*layer.State   // of the layer that runs
	readouts []layer.Readout
	stats    []Stats
	results  []Result
	synops   []int64 // of the layer that runs, one an input
	chunk    int     // time steps that run layer by layer at once
	alone    bool    // inputs run one after the other, in the same memory
}

// NewBatch returns a Batch of up to size inputs. For layers too large for the
// caches the network then holds a second copy of the weights, laid out for
// batches, which all its batches share. A Batch allocates only when its inputs
// cause more spikes than any before.
func (n *Network) NewBatch(size int) *Batch {
	n.panels.Do(func() {
		for _, l := range n.layers {
			if l != nil {
				l = l.InPanels()
			}
			n.inPanels = append(n.inPanels, l)
		}
	})
	return n.newBatch(max(size, 1), runAlone(n.inPanels))
}

// newBatch is NewBatch for inputs that run together, or one after the other.
func (n *Network) newBatch(size int, alone bool) *Batch {
	b := &Batch{
		net:      n,
		layers:   n.inPanels,
		runner:   layer.NewBatch(size),
		inputs:   make([]*layer.Inputs, size),
		inner:    make([]*layer.Inputs, size),
		next:     make([]*layer.Inputs, size),
		states:   make([][]*layer.State, size),
		column:   make([]*layer.State, size),
		readouts: make([]layer.Readout, size),
		stats:    make([]Stats, size),
		results:  make([]Result, size),
		synops:   make([]int64, size),
		chunk:    n.chunk(),
		alone:    alone,
	}
	for k := range size {
		b.readouts[k] = n.newReadout()
		b.stats[k] = newStats(len(n.layers))
		if alone && k > 0 {
			b.inputs[k], b.inner[k], b.states[k] = b.inputs[0], b.inner[0], b.states[0]
			continue
		}
		b.inputs[k] = layer.NewInputs(b.chunk, 0, false)
		b.inner[k] = layer.NewInputs(b.chunk, 0, false)
		b.states[k] = make([]*layer.State, len(n.layers))
		for i, l := range b.layers {
			if l != nil {
				b.states[k][i] = l.NewState(b.chunk, false)
			}
		}
	}
	return b
}

// runAlone reports whether the second-level cache holds all weights, of layers that
// sum integers, and room for a stream: then what streams would share of weights is
// less than what each keeps in the caches of its own.
func runAlone(layers []*layer.Layer) bool {
	bytes := 0
	for _, l := range layers {
		if l == nil {
			continue
		}
		if !l.Integer() {
			return false
		}
		bytes += l.WeightBytes()
	}
	return bytes <= asm.Caches().L2*3/4
}

// Size returns the number of inputs that the batch has room for.
func (b *Batch) Size() int { return len(b.inputs) }

// Stats returns the counts of input k of the last call; its slices are the
// batch's own and change with its next use.
func (b *Batch) Stats(k int) Stats { return b.stats[k] }

// Classify runs inputs, which may differ in length, and returns a result for
// each. The results are the batch's own and change with its next use.
func (b *Batch) Classify(x []spike.Input) ([]Result, error) {
	n := len(x)
	if len(b.layers) == 0 {
		return nil, ErrClosed
	}
	if n > len(b.inputs) {
		return nil, fmt.Errorf("runtime: %d inputs, the batch has room for %d", n, len(b.inputs))
	}
	longest := 0
	for k := range x {
		steps, err := b.net.stepsOf(x[k])
		if err == nil && steps == 0 {
			err = errEmpty()
		}
		if err == nil {
			err = b.net.check(x[k], 0, steps)
		}
		if err != nil {
			return nil, fmt.Errorf("input %d of the batch: %w", k, err)
		}
		longest = max(longest, steps)
	}
	together := n
	if b.alone {
		together = 1
	}
	for first := 0; first < n; first += together {
		end := min(first+together, n)
		b.reset(first, end)
		for from := 0; from < longest; from += b.chunk {
			for k := first; k < end; k++ {
				b.inputs[k].Take(x[k], from, min(x[k].Steps(), from+b.chunk))
			}
			b.advance(first, end)
		}
		last := len(b.layers) - 1
		for k := first; k < end; k++ {
			b.results[k] = result(&b.readouts[k], b.states[k][last], b.net.bias)
			if err := b.results[k].Check(); err != nil {
				return nil, fmt.Errorf("input %d of the batch: %w", k, err)
			}
		}
	}
	return b.results[:n], nil
}

func (b *Batch) reset(first, end int) {
	for k := first; k < end; k++ {
		for i, l := range b.layers {
			if l != nil {
				b.states[k][i].Reset(l.Initial)
			}
		}
		b.readouts[k].Reset()
		b.stats[k].reset()
	}
}

// advance runs every layer over the steps listed in b.inputs, of the inputs from
// first up to, not including, end.
func (b *Batch) advance(first, end int) {
	for k := first; k < end; k++ {
		in := b.inputs[k]
		b.stats[k].Steps += int64(in.Steps())
		b.stats[k].InputSpikes += int64(in.Len())
	}
	for i, l := range b.layers {
		if l == nil {
			continue
		}
		for k := first; k < end; k++ {
			b.next[k] = l.Feed(b.inner[k], b.inputs[k], b.layers, b.states[k])
			b.column[k] = b.states[k][i]
			b.synops[k] = 0
		}
		b.runner.Run(l, b.column[first:end], b.next[first:end], b.synops[first:end])
		for k := first; k < end; k++ {
			b.stats[k].SynOps[i] += b.synops[k]
			b.stats[k].Spikes[i] += b.column[k].CountSpikes()
		}
	}
	for k := first; k < end; k++ {
		b.readouts[k].Add(b.states[k][len(b.layers)-1])
	}
}
