package layer

import (
	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/spike"
)

// Copies reports whether InPanels copies the weights.
func (c *Layer) Copies() bool { return c.InRows() && c.together() }

// InPanels returns the layer as Batch runs it: with a copy of weights that lie in
// rows, in panels, if streams run through them together. All else is shared.
func (c *Layer) InPanels() *Layer {
	if !c.Copies() {
		return c
	}
	l := *c
	l.Weights, l.copied = c.Weights.InPanels(), true
	if c.whole != nil {
		whole := *c.whole
		whole.weights = c.whole.weights.InPanels()
		if whole.recurrent != nil {
			own := whole.recurrent.InPanels()
			whole.recurrent = &own
		}
		l.whole = &whole
	}
	return &l
}

// Batch runs layers for several streams at once, each with its own state and
// inputs.
type Batch struct {
	kernel  asm.Batch
	one     Scratch // of the stream that runs alone, and of integers
	ins     []*asm.Inputs
	own     []*asm.Inputs // spikes of a recurrent layer that sums integers
	traces  []*asm.Trace
	scratch []*Inputs // of one step of a layer that runs step by step, one a stream
}

// NewBatch returns a Batch for up to streams streams.
func NewBatch(streams int) *Batch {
	b := &Batch{
		ins:     make([]*asm.Inputs, 0, streams),
		own:     make([]*asm.Inputs, 0, streams),
		traces:  make([]*asm.Trace, 0, streams),
		scratch: make([]*Inputs, streams),
	}
	b.one.step = NewInputs(1, 0, false)
	for k := range b.scratch {
		b.scratch[k] = NewInputs(1, 0, false)
	}
	return b
}

// Run is Run of layer c for each stream: states[k] over the steps of ins[k].
// It adds the synaptic operations of stream k to synops[k].
func (b *Batch) Run(c *Layer, states []*State, ins []*Inputs, synops []int64) {
	if !c.together() {
		for k, st := range states {
			synops[k] += c.Run(st, ins[k], &b.one)
		}
		return
	}
	for k, st := range states {
		st.rewind()
		st.steps = ins[k].Steps()
	}
	if c.stepwise() {
		b.runSteps(c, states, ins, synops)
		return
	}
	b.reset()
	for k, st := range states {
		b.ins, b.traces = append(b.ins, ins[k].View()), append(b.traces, &st.trace)
		synops[k] += c.operations(ins[k])
	}
	b.forward(c)
}

// runSteps runs step after step, in each all streams.
func (b *Batch) runSteps(c *Layer, states []*State, ins []*Inputs, synops []int64) {
	for t, more := 0, true; more; t++ {
		more = false
		b.reset()
		for k, st := range states {
			in := ins[k]
			if t >= in.Steps() {
				continue
			}
			more = true
			scratch := b.scratch[k]
			tr := c.beginStep(st, in, scratch, t)
			b.ins, b.traces = append(b.ins, scratch.View()), append(b.traces, tr)
			synops[k] += c.operations(scratch)
			if st.own != nil {
				b.own = append(b.own, st.own.View())
				synops[k] += c.operations(st.own)
			}
		}
		b.forward(c)
		for k, st := range states {
			if t < ins[k].Steps() {
				c.endStep(st, t)
			}
		}
	}
}

// together reports whether streams gain by running together: not where weights
// are few or sums are kept, and not where the caches hold a stream's weights
// anyhow. A layer that runs step by step goes through the states of all streams
// each step, which pays only if a panel of its weights stays in the second-level
// cache beside them.
func (c *Layer) together() bool {
	switch {
	case c.conv != nil || c.synapse != nil || c.sums != nil:
		return false
	case c.whole != nil:
		return c.copied || c.InRows() || !c.stepwise()
	case c.stepwise():
		return 4*c.Weights.Rows()*spike.WordBits <= asm.Caches().L2/2
	}
	return true
}

// reset empties the lists of streams.
func (b *Batch) reset() { b.ins, b.own, b.traces = b.ins[:0], b.own[:0], b.traces[:0] }

// forward runs the listed streams.
func (b *Batch) forward(c *Layer) {
	if c.whole == nil {
		b.kernel.Forward(&c.Weights, &c.Units, b.ins, b.traces)
		return
	}
	c.whole.weights.ForwardBatch(&c.Units, b.ins, c.whole.recurrent, b.own, b.traces, b.one.sumBytes())
}
