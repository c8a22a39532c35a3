package runtime

import (
	"fmt"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/spike"
)

// inputs collects the active inputs of consecutive time steps for asm.Forward.
// It is analog once an analog value was appended; spikes then count as 1.
type inputs struct {
	rows   []uint32
	values []float32
	ends   []int32
	n      int // filled rows
	steps  int // finished steps
	analog bool
	kernel asm.Inputs // the view handed to Forward
}

func newInputs(steps, size int) inputs {
	room := steps * spike.Words(size) * spike.WordBits
	return inputs{rows: make([]uint32, room), values: make([]float32, room), ends: make([]int32, steps)}
}

func (in *inputs) begin(analog bool) { in.n, in.steps, in.analog = 0, 0, analog }

func (in *inputs) endStep() {
	in.ends[in.steps] = int32(in.n)
	in.steps++
}

// addSpikes appends the spiking channels of v as rows from base on.
func (in *inputs) addSpikes(v []uint64, base int) {
	k := asm.Indices(in.rows[in.n:], v, uint32(base))
	if in.analog {
		for i := range k {
			in.values[in.n+i] = 1
		}
	}
	in.n += k
}

// addValues appends the channels of x that are not 0 as rows from base on.
func (in *inputs) addValues(x []float32, base int) {
	n := in.n
	for i, v := range x {
		if v != 0 {
			in.rows[n], in.values[n] = uint32(base+i), v
			n++
		}
	}
	in.n = n
}

// addStep appends step t of other.
func (in *inputs) addStep(other *inputs, t int) {
	from := int32(0)
	if t > 0 {
		from = other.ends[t-1]
	}
	k := copy(in.rows[in.n:], other.rows[from:other.ends[t]])
	if other.analog {
		copy(in.values[in.n:], other.values[from:other.ends[t]])
	} else if in.analog {
		for i := range k {
			in.values[in.n+i] = 1
		}
	}
	in.n += k
}

// view returns the lists as Forward takes them, without an allocation.
func (in *inputs) view() *asm.Inputs {
	in.kernel = asm.Inputs{Rows: in.rows[:in.n], Ends: in.ends[:in.steps]}
	if in.analog {
		in.kernel.Values = in.values[:in.n]
	}
	return &in.kernel
}

func checkFinite(x []float32, step int) error {
	for i, v := range x {
		if v-v != 0 {
			return fmt.Errorf("runtime: input value %v at step %d, channel %d is not finite", v, step, i)
		}
	}
	return nil
}
