//go:build !purego && !noasm && (amd64 || arm64)

package asm

// scatterList is the argument of the assembly of Scatter.Add and Collect.
type scatterList struct {
	packed  *float32 // what lies like the weights
	strided *float32 // what lies like the sums
	offsets *uint32
	runs    int
	width   int // bytes of a run
	places  *Place
	inputs  *uint32
	left    int      // inputs
	values  *float32 // nil for none
}

// list returns the argument of the assembly for at least one input and weight.
func (s *Scatter) list(packed, strided []float32, inputs []uint32, values []float32) scatterList {
	l := scatterList{
		packed: &packed[0], strided: &strided[0],
		offsets: &s.offsets[0], runs: len(s.offsets), width: 4 * s.width,
		places: &s.places[0], inputs: &inputs[0], left: len(inputs),
	}
	if values != nil {
		l.values = &values[:len(inputs)][0]
	}
	return l
}

// scatterRuns is Scatter.Add by the kernels of k.
func (k *isa) scatterRuns(s *Scatter, sums []float32, inputs []uint32, values []float32) {
	k.runs(s, k.scatter, s.weights, sums, inputs, values)
}

// collectRuns is Scatter.Collect by the kernels of k.
func (k *isa) collectRuns(s *Scatter, grads, delta []float32, inputs []uint32, values []float32) {
	k.runs(s, k.collect, grads, delta, inputs, values)
}

// runs goes through the patterns of the inputs, a few a call.
func (k *isa) runs(s *Scatter, run func(*scatterList), packed, strided []float32, inputs []uint32, values []float32) {
	if len(s.weights) == 0 {
		return
	}
	units := s.units()
	if units > k.work {
		k.longRuns(s, run, packed, strided, inputs, values)
		return
	}
	most := k.work / units
	for len(inputs) > most {
		k.call(s, run, packed, strided, inputs[:most], values)
		inputs = inputs[most:]
		if values != nil {
			values = values[most:]
		}
	}
	k.call(s, run, packed, strided, inputs, values)
}

func (k *isa) call(s *Scatter, run func(*scatterList), packed, strided []float32, inputs []uint32, values []float32) {
	l := s.list(packed, strided, inputs, values)
	run(local(&l))
}

// units returns the work of one input.
func (f *field) units() int { return len(f.offsets) * ((f.width + tileWidth - 1) / tileWidth) }

// longRuns is runs where one pattern is too much for a call: input after input,
// a part of a run a call.
func (k *isa) longRuns(s *Scatter, run func(*scatterList), packed, strided []float32, inputs []uint32, values []float32) {
	most := k.work * tileWidth
	for i := range inputs {
		l := s.list(packed, strided, inputs[i:i+1], nil)
		if values != nil {
			l.values = &values[i]
		}
		l.runs = 1
		for r := range s.offsets {
			l.offsets = &s.offsets[r]
			for from := 0; from < s.width; from += most {
				l.packed, l.strided = &packed[r*s.width+from], &strided[from]
				l.width = 4 * min(most, s.width-from)
				run(local(&l))
			}
		}
	}
}

// dotInputs is the number of inputs of which the assembly of Scatter.Dot adds
// up the products at once, so that the adds need not wait for each other.
const dotInputs = 4

// scatterDots is Scatter.Dot by the kernels of k.
func (k *isa) scatterDots(s *Scatter, dst, delta []float32, inputs []uint32) {
	if len(s.weights) == 0 {
		clear(dst)
		return
	}
	l := dotList{
		weights: &s.weights[0], delta: &delta[0],
		offsets: &s.offsets[0], runs: len(s.offsets), width: 4 * s.width, places: &s.places[0],
	}
	most := k.work / (dotInputs * s.units())
	if most == 0 {
		scatterDotGeneric(s, dst, delta, inputs)
		return
	}
	groups := len(inputs) / dotInputs
	for n := 0; n < groups; n += most {
		at := n * dotInputs
		l.inputs, l.dst, l.groups, l.done = &inputs[at], &dst[at], min(most, groups-n), 0
		k.scatterDot(local(&l))
	}
	if rest := len(inputs) % dotInputs; rest > 0 {
		var last [dotInputs]uint32
		var sums [dotInputs]float32
		done := copy(last[:], inputs[len(inputs)-rest:])
		for i := done; i < dotInputs; i++ { // the last input fills up the group
			last[i] = last[done-1]
		}
		l.inputs, l.dst, l.groups, l.done = &last[0], &sums[0], 1, 0
		k.scatterDot(local(&l))
		copy(dst[len(dst)-rest:], sums[:])
	}
}

// dotList is the argument of the assembly of Scatter.Dot. It is used up.
type dotList struct {
	weights *float32
	delta   *float32
	offsets *uint32
	runs    int
	width   int // bytes of a run
	places  *Place
	inputs  *uint32
	dst     *float32
	groups  int // of dotInputs inputs
	done    int // bytes of inputs and dst behind the group at work
}
