package runtime

import (
	"fmt"

	"github.com/snurun/snurun/internal/layer"
	"github.com/snurun/snurun/spike"
)

// Batch classifies many inputs at once, each from the initial state. Its
// results are those of Session.Classify, to the bit; it is faster because all
// inputs run through one part of the weights before the next. One goroutine at
// a time may use it.
type Batch struct {
	net      *Network
	layers   []*layer.Layer
	runner   *layer.Batch
	inputs   []*layer.Inputs // of the layer that runs next, one an input
	states   [][]*layer.State
	readouts []readout
	stats    []Stats
	results  []Result
	active   []int // active inputs of the layer that runs, one an input
	chunk    int   // time steps that run layer by layer at once
}

// NewBatch returns a Batch of up to size inputs. For layers too large for the
// caches the network then holds a second copy of the weights, laid out for
// batches, which all its batches share. A Batch allocates only when its inputs
// cause more spikes than any before.
func (n *Network) NewBatch(size int) *Batch {
	n.panels.Do(func() {
		for _, l := range n.layers {
			n.inPanels = append(n.inPanels, l.InPanels())
		}
	})
	size = max(size, 1)
	b := &Batch{
		net:      n,
		layers:   n.inPanels,
		runner:   layer.NewBatch(size),
		inputs:   make([]*layer.Inputs, size),
		states:   make([][]*layer.State, len(n.layers)),
		readouts: make([]readout, size),
		stats:    make([]Stats, size),
		results:  make([]Result, size),
		active:   make([]int, size),
		chunk:    n.chunk(),
	}
	for k := range size {
		b.inputs[k] = layer.NewInputs(b.chunk, 0, false)
		b.readouts[k] = newReadout(n)
		b.stats[k] = newStats(len(n.layers))
	}
	for i, l := range b.layers {
		b.states[i] = make([]*layer.State, size)
		for k := range size {
			b.states[i][k] = l.NewState(b.chunk, false)
		}
	}
	return b
}

// Size returns the number of inputs that the batch has room for.
func (b *Batch) Size() int { return len(b.inputs) }

// Classify runs spike trains, which may differ in length, and returns a result
// for each. The results are the batch's own and change with its next use.
func (b *Batch) Classify(x []spike.Train) ([]Result, error) {
	return b.run(len(x), false,
		func(k int) (steps, size int) { return x[k].Steps(), x[k].Size() },
		func(in *layer.Inputs, k, t int) { in.AddSpikes(x[k].At(t), 0) })
}

// ClassifyValues is Classify for analog inputs.
func (b *Batch) ClassifyValues(x []spike.Values) ([]Result, error) {
	for k := range x {
		for t := range x[k].Steps() {
			if err := checkFinite(x[k].At(t), t); err != nil {
				return nil, fmt.Errorf("input %d of the batch: %w", k, err)
			}
		}
	}
	return b.run(len(x), true,
		func(k int) (steps, size int) { return x[k].Steps(), x[k].Size() },
		func(in *layer.Inputs, k, t int) { in.AddValues(x[k].At(t), 0) })
}

// Stats returns the counts of input k of the last call; its slices are the
// batch's own and change with its next use.
func (b *Batch) Stats(k int) Stats { return b.stats[k] }

// run classifies n inputs, whose sizes shape tells and whose steps add lists.
func (b *Batch) run(n int, analog bool, shape func(k int) (steps, size int), add func(in *layer.Inputs, k, t int)) ([]Result, error) {
	if n > len(b.inputs) {
		return nil, fmt.Errorf("runtime: %d inputs, the batch has room for %d", n, len(b.inputs))
	}
	longest := 0
	for k := range n {
		steps, size := shape(k)
		if size != b.net.in {
			return nil, fmt.Errorf("runtime: input %d of the batch has %d channels, the network takes %d", k, size, b.net.in)
		}
		longest = max(longest, steps)
	}
	b.reset(n)
	for from := 0; from < longest; from += b.chunk {
		for k := range n {
			in := b.inputs[k]
			in.Begin(analog)
			steps, _ := shape(k)
			for t := from; t < min(steps, from+b.chunk); t++ {
				add(in, k, t)
				in.EndStep()
			}
		}
		b.advance(n)
	}
	last := len(b.layers) - 1
	for k := range n {
		b.results[k] = b.readouts[k].result(b.states[last][k], b.layers[last].Units.Bias)
	}
	return b.results[:n], nil
}

func (b *Batch) reset(n int) {
	for k := range n {
		for i, l := range b.layers {
			b.states[i][k].Reset(l.Initial)
		}
		b.readouts[k].reset()
		b.stats[k].reset()
	}
}

// advance runs every layer over the steps listed in b.inputs.
func (b *Batch) advance(n int) {
	for k, in := range b.inputs[:n] {
		b.stats[k].Steps += in.Steps()
		b.stats[k].InputSpikes += in.Len()
	}
	for i, l := range b.layers {
		states := b.states[i][:n]
		if i > 0 {
			for k, in := range b.inputs[:n] {
				b.layers[i-1].List(in, b.states[i-1][k])
			}
		}
		clear(b.active)
		b.runner.Run(l, states, b.inputs[:n], b.active)
		for k, st := range states {
			b.stats[k].SynOps[i] += int64(b.active[k]) * int64(l.Out)
			b.stats[k].Spikes[i] += st.CountSpikes()
		}
	}
	for k, st := range b.states[len(b.states)-1][:n] {
		b.readouts[k].add(st)
	}
}
