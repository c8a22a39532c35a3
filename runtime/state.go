package runtime

import (
	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/spike"
)

// state is one layer's part of a session: a row of trace a time step of the
// chunk run last, row 0 being the state before it.
type state struct {
	trace asm.Trace
	one   asm.Trace // the two rows of one step, for recurrent layers
	last  int       // row of the step run last
}

// newState makes room for chunk steps. What is not passed on to the next
// layer is kept for the last step only.
func newState(l *layer, chunk int) state {
	n := l.units.N
	var tr asm.Trace
	switch l.units.Output {
	case asm.Step:
		tr.YStride = spike.Words(n)
		tr.Y = make([]uint64, (chunk+1)*tr.YStride)
		tr.S = asm.Floats(n)
	case asm.Sigmoidal:
		tr.SStride = n
		tr.S, tr.Soft = asm.Floats((chunk+1)*n), asm.Floats((chunk+1)*n)
	default:
		tr.SStride = n
		tr.S = asm.Floats((chunk + 1) * n)
	}
	return state{trace: tr}
}

// reset starts from the layer's initial membranes, without spikes.
func (st *state) reset(initial []float32) {
	st.last = 0
	copy(st.trace.S, initial)
	clear(st.spikes(0))
	clear(st.soft(0))
}

// rewind makes the row of the step run last the state before the next chunk.
func (st *state) rewind() {
	if st.last == 0 {
		return
	}
	if st.trace.SStride > 0 {
		copy(st.trace.S, st.membrane(st.last))
	}
	copy(st.trace.Y, st.spikes(st.last))
	copy(st.trace.Soft, st.soft(st.last))
	st.last = 0
}

func (st *state) spikes(row int) []uint64 {
	w := st.trace.YStride
	return st.trace.Y[row*w : (row+1)*w]
}

func (st *state) membrane(row int) []float32 { return st.trace.S[row*st.trace.SStride:] }

func (st *state) soft(row int) []float32 {
	if st.trace.Soft == nil {
		return nil
	}
	n := st.trace.SStride
	return st.trace.Soft[row*n : (row+1)*n]
}

// appendOutput appends what the layer passed on in the step of row to in.
func (st *state) appendOutput(in *inputs, l *layer, row, base int) {
	switch l.units.Output {
	case asm.Step:
		in.addSpikes(st.spikes(row), base)
	case asm.Sigmoidal:
		in.addValues(st.soft(row)[:l.out], base)
	default:
		in.addValues(st.membrane(row)[:l.out], base)
	}
}

// step returns the trace of the single step after row t.
func (st *state) step(t int) *asm.Trace {
	st.one = st.trace
	st.one.S = st.membrane(t)
	if st.one.Y != nil {
		st.one.Y = st.trace.Y[t*st.trace.YStride:]
	}
	if st.one.Soft != nil {
		st.one.Soft = st.trace.Soft[t*st.trace.SStride:]
	}
	return &st.one
}
