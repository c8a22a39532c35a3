package layer

import (
	"slices"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/spike"
)

// Inputs collects the active inputs of consecutive time steps for asm.Forward.
// In an analog list each input has a value; a spike counts as 1.
type Inputs struct {
	rows   []uint32
	values []float32
	ends   []int32
	n      int // filled rows
	analog bool
	kernel asm.Inputs // the view handed to Forward

	// Scratch of pooling: a step's inputs before it; windows with a spike, or the
	// largest values of windows and how many inputs they are of.
	before       []uint32
	valuesBefore []float32
	fired        []uint64
	best         []float32
	seen         []int32
}

// NewInputs returns a list with room for steps of all of size inputs, and for
// their values: those of all steps if it is analog, else those of one; within it
// nothing more is allocated.
func NewInputs(steps, size int, analog bool) *Inputs {
	room := roomFor(size)
	in := &Inputs{
		rows: make([]uint32, steps*room), ends: make([]int32, 0, steps),
		before: make([]uint32, 0, room), fired: make([]uint64, spike.Words(room)),
	}
	in.values, in.valuesBefore = make([]float32, min(room, len(in.rows))), make([]float32, 0, room)
	in.best, in.seen = make([]float32, room), make([]int32, room)
	if analog {
		in.values = make([]float32, len(in.rows))
	}
	return in
}

// roomFor returns the room that n inputs of one step may need while words of
// spikes are listed.
func roomFor(n int) int { return spike.Words(n) * spike.WordBits }

// Begin empties the list.
func (in *Inputs) Begin(analog bool) { in.n, in.ends, in.analog = 0, in.ends[:0], analog }

// EndStep ends a time step.
func (in *Inputs) EndStep() { in.ends = append(in.ends, int32(in.n)) }

// Steps returns the number of finished steps.
func (in *Inputs) Steps() int { return len(in.ends) }

// Len returns the number of active inputs of all steps.
func (in *Inputs) Len() int { return in.n }

// AddSpikes appends the spiking channels of v to the current step, as rows
// from base on.
func (in *Inputs) AddSpikes(v []uint64, base int) {
	in.reserve(len(v) * spike.WordBits)
	in.fill(asm.Indices(in.rows[in.n:], v, uint32(base)))
}

// AddValues appends the channels of x that are not 0 to the current step of an
// analog list, as rows from base on.
func (in *Inputs) AddValues(x []float32, base int) {
	in.reserve(len(x))
	n := in.n
	for i, v := range x {
		if v != 0 {
			in.rows[n], in.values[n] = uint32(base+i), v
			n++
		}
	}
	in.n = n
}

// Take makes the list the steps of x from from up to, not including, to. x stays
// on its caller's stack, since none of its methods is called by the interface.
func (in *Inputs) Take(x spike.Input, from, to int) {
	switch x := x.(type) {
	case spike.Train:
		in.Begin(false)
		for t := from; t < to; t++ {
			in.AddSpikes(x.At(t), 0)
			in.EndStep()
		}
	case spike.Values:
		in.Begin(true)
		for t := from; t < to; t++ {
			in.AddValues(x.At(t), 0)
			in.EndStep()
		}
	}
}

// addStep appends step t of other.
func (in *Inputs) addStep(other *Inputs, t int) {
	rows, values := other.Step(t)
	in.reserve(len(rows))
	copy(in.rows[in.n:], rows)
	if values == nil {
		in.fill(len(rows))
		return
	}
	copy(in.values[in.n:], values)
	in.n += len(rows)
}

// Step returns the inputs of step t and, in an analog list, their values.
func (in *Inputs) Step(t int) ([]uint32, []float32) {
	from := int32(0)
	if t > 0 {
		from = in.ends[t-1]
	}
	if !in.analog {
		return in.rows[from:in.ends[t]], nil
	}
	return in.rows[from:in.ends[t]], in.values[from:in.ends[t]]
}

// fill takes k rows in that are spikes.
func (in *Inputs) fill(k int) {
	if in.analog {
		for i := range k {
			in.values[in.n+i] = 1
		}
	}
	in.n += k
}

// reserve makes room for k more rows.
func (in *Inputs) reserve(k int) {
	if missing := in.n + k - len(in.rows); missing > 0 {
		in.rows = slices.Grow(in.rows, missing)
		in.rows = in.rows[:cap(in.rows)]
	}
	if missing := in.n + k - len(in.values); in.analog && missing > 0 {
		in.values = slices.Grow(in.values, missing)
		in.values = in.values[:cap(in.values)]
	}
}

// View returns the list as the kernels take it; it is valid until the list
// changes.
func (in *Inputs) View() *asm.Inputs {
	v := &in.kernel // field by field: a struct that was just stored is copied slowly
	v.Rows, v.Values, v.Ends = in.rows[:in.n], nil, in.ends
	if in.analog {
		v.Values = in.values[:in.n]
	}
	return v
}
