package layer

import (
	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/spike"
)

// Scratch is the memory that layers share while they run, one after the other.
type Scratch struct {
	step     *Inputs         // of a layer that runs step by step
	integers *asm.IntScratch // of one that sums integers
}

// NewScratch returns scratch with which the layers, of which some may be nil,
// allocate nothing: of a network with analog inputs or layers if analog.
func NewScratch(layers []*Layer, analog bool) *Scratch {
	s, most := new(Scratch), 0
	for _, c := range layers {
		switch {
		case c == nil:
			continue
		case c.stepwise():
			most = max(most, c.Room()+c.Out+spike.WordBits)
		}
		if c.sumsBytes() {
			s.sumBytes()
		}
	}
	s.step = NewInputs(1, most, analog)
	return s
}

// sumBytes returns the scratch of the kernels that sum bytes.
func (s *Scratch) sumBytes() *asm.IntScratch {
	if s.integers == nil {
		s.integers = asm.NewIntScratch()
	}
	return s.integers
}

// Run advances the layer over the steps listed in in and returns the number of
// synaptic operations.
func (c *Layer) Run(st *State, in *Inputs, s *Scratch) (synops int64) {
	st.rewind()
	if c.stepwise() {
		synops = c.runSteps(st, in, s)
	} else {
		c.forward(st, in.View(), &st.trace, 0, s)
		synops = c.operations(in)
	}
	st.steps = in.Steps()
	c.sort(st)
	return synops
}

// operations returns the number of synaptic operations that listed inputs
// cause: one for each neuron that an input reaches.
func (c *Layer) operations(in *Inputs) int64 {
	if c.conv == nil {
		return int64(in.Len()) * int64(c.Out)
	}
	var n int64
	for _, i := range in.rows[:in.n] {
		n += int64(c.conv.reach[i])
	}
	return n
}

// forward runs the steps of in, the first of them being step first of the chunk
// and of tr.
func (c *Layer) forward(st *State, in *asm.Inputs, tr *asm.Trace, first int, s *Scratch) {
	switch {
	case c.conv != nil:
		c.convolve(st, in, tr, first)
	case c.whole != nil:
		c.sumIntegers(st, in, tr, first, s.sumBytes())
	case c.sums != nil:
		c.sumThenUpdate(st, in, tr)
	case c.synapse != nil:
		current := &st.later[1]
		*current = rowsFrom(&st.current, first)
		asm.Forward(&c.Weights, c.synapse, in, current)
		asm.Update(&c.Units, current.S[current.SStride:], current.SStride, len(in.Ends), tr)
	default:
		asm.Forward(&c.Weights, &c.Units, in, tr)
	}
}

// sumThenUpdate is forward for neurons that no kernel updates. The sums of a step
// start at none, not at those of the step before times a decay of 0, which are no
// numbers where these were too large.
func (c *Layer) sumThenUpdate(st *State, in *asm.Inputs, tr *asm.Trace) {
	one, from := &st.sumsOf, int32(0)
	for t, end := range in.Ends {
		one.Rows, one.Values = in.Rows[from:end], nil
		if in.Values != nil {
			one.Values = in.Values[from:end]
		}
		one.Ends[0], from = end-from, end
		asm.Forward(&c.Weights, c.sums, one, &st.sumsTo)
		st.later[0] = rowsFrom(tr, t)
		asm.Update(&c.Units, st.sumsTo.S[c.Units.N:], 0, 1, &st.later[0])
	}
}

// convolve is forward for a conv2d layer: step after step, so that the sums
// stay in cache.
func (c *Layer) convolve(st *State, in *asm.Inputs, tr *asm.Trace, first int) {
	from := int32(0)
	for t, end := range in.Ends {
		var values []float32
		if in.Values != nil {
			values = in.Values[from:end]
		}
		rows := in.Rows[from:end]
		from = end
		if c.whole != nil {
			c.conv.whole.Sum(st.sums, c.Units.Current, c.whole.scale, rows, values, st.whole)
		} else {
			c.conv.sum(st.sums, st.plane, rows, values)
		}
		sums := st.sums
		if c.synapse != nil {
			current := &st.later[1]
			*current = rowsFrom(&st.current, first+t)
			asm.Update(c.synapse, sums, 0, 1, current)
			sums = current.S[current.SStride:]
		}
		st.later[0] = rowsFrom(tr, t)
		asm.Update(&c.Units, sums, 0, 1, &st.later[0])
	}
}

// sort lists the spikes of units by neuron.
func (c *Layer) sort(st *State) {
	if c.order == nil || st.trace.Y == nil {
		return
	}
	words := spike.Words(c.Out)
	for row := 1; row <= st.steps; row++ {
		spikes := st.neurons[row*words:][:words]
		clear(spikes)
		for j := range spike.Vector(st.spikes(row)).All() {
			neuron := c.order[j]
			spikes[neuron/spike.WordBits] |= 1 << (neuron % spike.WordBits)
		}
	}
}

// stepwise reports whether the layer needs all its spikes of one step for the
// next.
func (c *Layer) stepwise() bool { return c.Recurrent || c.Lateral }

func (c *Layer) runSteps(st *State, in *Inputs, s *Scratch) (synops int64) {
	for t := range in.Steps() {
		tr := c.beginStep(st, in, s.step, t)
		c.forward(st, s.step.View(), tr, t, s)
		c.endStep(st, t)
		synops += c.operations(s.step)
		if c.whole != nil && c.Recurrent {
			synops += c.operations(st.own)
		}
	}
	return synops
}

// beginStep lists the inputs of step t, the layer's own outputs included, in
// scratch and returns the trace of that step.
func (c *Layer) beginStep(st *State, in, scratch *Inputs, t int) *asm.Trace {
	scratch.Begin(in.analog || c.Recurrent && !c.Spikes())
	scratch.addStep(in, t)
	switch {
	case !c.Recurrent:
	case c.whole != nil: // which have a scale of their own
		st.own.Begin(false)
		st.own.AddSpikes(st.Spikes(t), 0)
		st.own.EndStep()
	default:
		c.addOutput(scratch, st, t, c.In, st.Spikes(t), st.Soft(t))
	}
	scratch.EndStep()
	tr := st.step(t)
	if c.Lateral {
		setAll(st.gate[:tr.YStride], st.spikes(t))
		tr.Y = st.gate
	}
	return tr
}

// endStep takes over what Forward left in the trace of step t.
func (c *Layer) endStep(st *State, t int) {
	if c.Lateral {
		copy(st.spikes(t+1), st.gate[st.trace.YStride:])
	}
}

// setAll sets all bits of dst if there is any spike, else none.
func setAll(dst []uint64, spikes spike.Vector) {
	fill := uint64(0)
	if spikes.Count() > 0 {
		fill = ^fill
	}
	for w := range dst {
		dst[w] = fill
	}
}

// Gates returns the trace of the steps run last with, in place of the spikes,
// what gated each membrane in the step after: for a lateral layer, a spike of
// any neuron.
func (c *Layer) Gates(st *State) *asm.Trace {
	if !c.Lateral {
		return &st.trace
	}
	st.one = st.trace
	w := st.trace.YStride
	st.one.Y = make([]uint64, (st.steps+1)*w)
	for row := range st.steps + 1 {
		setAll(st.one.Y[row*w:(row+1)*w], st.spikes(row))
	}
	return &st.one
}

// addOutput appends what the layer passed on in the step of row: the given
// spikes, if it spikes, or soft outputs.
func (c *Layer) addOutput(in *Inputs, st *State, row, base int, spikes spike.Vector, soft []float32) {
	switch c.Units.Output {
	case asm.Step:
		in.AddSpikes(spikes, base)
	case asm.Sigmoidal, asm.Count:
		in.AddValues(soft, base)
	default:
		in.AddValues(st.Membrane(row), base)
	}
}
