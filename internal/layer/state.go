package layer

import (
	"math"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/spike"
)

// State is one layer's state in one stream: a row a time step of the chunk run
// last, row 0 being the state before it and row t+1 that after step t.
type State struct {
	trace   asm.Trace
	current asm.Trace    // whose membranes are the synaptic currents
	one     asm.Trace    // the two rows of one step, for layers that run step by step
	later   [2]asm.Trace // rows of trace and current from some step on; here, since kernels get them by address
	gate    []uint64     // of a lateral layer: the two rows of spikes, the first all or none
	steps   int          // of the chunk run last
	out     int
	value   float32 // of a spike in Soft, 0 for a layer that does not count

	// Of a conv2d layer:
	plane   []float32     // the sums of one step, with room around them
	whole   *asm.IntPlane // these of a layer that sums integers
	sums    []float32     // the sums of the units
	order   []uint32      // the neuron of each unit, nil if they are the same
	neurons []uint64      // rows of spikes by neuron
	values  []float32     // of one row by neuron

	own *Inputs // of a recurrent layer that sums integers: its spikes in the step before

	// Of a layer whose neurons no kernel updates: the inputs of one step, and a row
	// of zeros and one of their sums.
	sumsOf asm.Inputs
	sumsTo asm.Trace

	// What reaches other layers, nil for all: rows of spikes, or of the outputs of a
	// soft layer.
	passed     []uint64
	passedSoft []float32
}

// NewState makes room for chunks of up to steps time steps. Membranes that are
// not passed on to the next layer are kept of the last step only, unless all
// are asked for.
func (c *Layer) NewState(steps int, allMembranes bool) *State {
	n := c.Units.N
	st := &State{out: c.Out, order: c.order}
	if c.Units.Output == asm.Step {
		st.trace.YStride = spike.Words(n)
		st.trace.Y = make([]uint64, (steps+1)*st.trace.YStride)
		if c.Lateral {
			st.gate = make([]uint64, 2*st.trace.YStride)
		}
	}
	if c.Units.Output == asm.Count {
		st.value = c.Units.Value
	}
	if c.Units.Output == asm.Sigmoidal || c.Units.Output == asm.Count {
		st.trace.Soft = asm.Floats((steps + 1) * n)
	}
	if c.Units.Output != asm.Step || allMembranes {
		st.trace.SStride = n
		st.trace.S = asm.Floats((steps + 1) * n)
	} else {
		st.trace.S = asm.Floats(n)
	}
	if c.synapse != nil {
		st.current.SStride, st.current.S = n, asm.Floats((steps+1)*n)
	}
	if c.conv != nil {
		st.plane, st.sums = asm.Floats(len(c.conv.start)), asm.Floats(n)
		if c.conv.whole != nil {
			st.whole = c.conv.whole.NewPlane()
		}
	}
	if c.sumsBytes() && c.Recurrent {
		st.own = NewInputs(1, c.Out, false)
	}
	if c.sums != nil {
		st.sumsOf.Ends = make([]int32, 1)
		st.sumsTo = asm.Trace{SStride: n, S: asm.Floats(2 * n)}
	}
	if c.order != nil {
		st.values = make([]float32, c.Out)
		if st.trace.Y != nil {
			st.neurons = make([]uint64, (steps+1)*spike.Words(c.Out))
		}
	}
	return st
}

// Reset starts from the given membranes, without spikes.
func (st *State) Reset(initial []float32) {
	st.steps = 0
	copy(st.trace.S, initial)
	clear(st.spikes(0))
	clear(st.soft(0))
	clear(st.current.S[:st.current.SStride])
}

// rewind makes the last row the state before the next chunk.
func (st *State) rewind() {
	if st.steps == 0 {
		return
	}
	if st.trace.SStride > 0 {
		copy(st.trace.S, st.membrane(st.steps)[:st.trace.SStride])
	}
	copy(st.trace.Y, st.spikes(st.steps))
	copy(st.trace.Soft, st.soft(st.steps))
	if n := st.current.SStride; n > 0 {
		copy(st.current.S, st.current.S[st.steps*n:][:n])
	}
	st.steps = 0
}

// Steps returns the number of steps of the chunk run last.
func (st *State) Steps() int { return st.steps }

// Trace returns the rows of units as the kernels take them.
func (st *State) Trace() *asm.Trace { return &st.trace }

// Spikes returns the spikes after row steps of the chunk (0: before it), nil
// for a layer that passes no spikes on.
func (st *State) Spikes(row int) spike.Vector {
	switch {
	case st.trace.Y == nil:
		return nil
	case st.order != nil:
		words := spike.Words(st.out)
		return st.neurons[row*words:][:words]
	}
	return st.spikes(row)
}

// Passed returns the spikes after row steps of the chunk that reach other
// layers, for the caller to set: all rows, once it was called.
func (st *State) Passed(row int) spike.Vector {
	words := spike.Words(st.out)
	if st.passed == nil {
		st.passed = make([]uint64, len(st.trace.Y)/st.trace.YStride*words)
	}
	return st.passed[row*words:][:words]
}

// Reaching returns the spikes of a row that reach other layers.
func (st *State) Reaching(row int) spike.Vector {
	if st.passed == nil {
		return st.Spikes(row)
	}
	return st.Passed(row)
}

// PassedSoft is Passed for the outputs of a soft layer.
func (st *State) PassedSoft(row int) []float32 {
	if st.passedSoft == nil {
		st.passedSoft = make([]float32, len(st.trace.Soft)/st.trace.SStride*st.out)
	}
	return st.passedSoft[row*st.out:][:st.out]
}

// ReachingSoft returns the outputs of a soft layer, or one that counts, of a row that
// reach other layers, nil for other layers.
func (st *State) ReachingSoft(row int) []float32 {
	if st.passedSoft == nil {
		return st.Soft(row)
	}
	return st.PassedSoft(row)
}

// Continue makes the state of from after its last step, one of the same layer, that
// before the next chunk.
func (st *State) Continue(from *State) {
	last := from.steps
	n := from.trace.SStride
	if n == 0 { // the last step's are all that is kept
		n = len(from.trace.S)
	}
	copy(st.trace.S[:n], from.membrane(last))
	copy(st.spikes(0), from.spikes(last))
	copy(st.soft(0), from.soft(last))
	if st.current.SStride > 0 {
		copy(st.current.S[:n], from.current.S[last*n:])
	}
	if st.neurons != nil {
		words := spike.Words(st.out)
		copy(st.neurons[:words], from.neurons[last*words:])
	}
	st.steps = 0
}

// Current returns the rows of synaptic currents as the kernels take them.
func (st *State) Current() *asm.Trace { return &st.current }

// CountSpikes returns the number of spikes in the chunk run last.
func (st *State) CountSpikes() int64 {
	if st.value != 0 {
		n := int64(0)
		for row := 1; row <= st.steps; row++ {
			for _, y := range st.soft(row) {
				n += int64(math.Round(float64(y / st.value)))
			}
		}
		return n
	}
	w := st.trace.YStride
	if w == 0 {
		return 0
	}
	return int64(spike.Vector(st.trace.Y[w : (st.steps+1)*w]).Count())
}

// Membrane returns the membranes after row steps of the chunk, or the last
// ones if no others are kept. The slice may change with the next call.
func (st *State) Membrane(row int) []float32 { return st.byNeuron(st.membrane(row)) }

// Soft returns the outputs of a soft layer, or one that counts, after row steps of the chunk, nil
// for other layers. The slice may change with the next call.
func (st *State) Soft(row int) []float32 {
	if st.trace.Soft == nil {
		return nil
	}
	return st.byNeuron(st.soft(row))
}

// byNeuron returns a row of values of units in the order of neurons.
func (st *State) byNeuron(units []float32) []float32 {
	if st.order == nil {
		return units[:st.out]
	}
	for j, neuron := range st.order {
		st.values[neuron] = units[j]
	}
	return st.values
}

func (st *State) spikes(row int) []uint64 {
	w := st.trace.YStride
	return st.trace.Y[row*w : (row+1)*w]
}

func (st *State) membrane(row int) []float32 { return st.trace.S[row*st.trace.SStride:] }

func (st *State) soft(row int) []float32 {
	if st.trace.Soft == nil {
		return nil
	}
	n := st.trace.SStride
	return st.trace.Soft[row*n : (row+1)*n]
}

// step returns the trace of the single step after row t.
func (st *State) step(t int) *asm.Trace {
	st.one = rowsFrom(&st.trace, t)
	return &st.one
}

// rowsFrom returns the rows of tr from row on.
func rowsFrom(tr *asm.Trace, row int) asm.Trace {
	part := *tr
	part.S = tr.S[row*tr.SStride:]
	if tr.Y != nil {
		part.Y = tr.Y[row*tr.YStride:]
	}
	if tr.Soft != nil {
		part.Soft = tr.Soft[row*tr.SStride:]
	}
	return part
}
