package asm

import "math"

// Row is one row of units: N sums of a plane from From on are those of the units
// from To on.
type Row struct{ From, To, N int }

// intAdds is the most weights of −127 … 127 that a sum of 16 bits holds.
const intAdds = math.MaxInt16 / 127

// IntScatter is Scatter with weights of 8 bits, −127 … 127. The sums are exact in
// integers, so that their order is free; they are kept as 16-bit numbers and
// emptied before they can overflow.
type IntScatter struct {
	field
	rows    []Row
	weights []word // byte k of a word is weight k
	most    int
	adds    int // inputs that 16 bits hold of any weights
	grain   int // a power of two of which all places are multiples
}

// NewIntScatter returns an IntScatter of some weights, pattern after pattern, laid
// out as NewScatter says, for the sums in rows; what becomes of others is nothing
// that anyone sees. The sum of the magnitudes of the weights that all inputs together
// add to one of these, each input once, must not be more than most. It panics on a
// weight of −128, on offsets that do not ascend, and as NewScatter does.
func NewIntScatter(width int, offsets []uint32, places []Place, sums int, rows []Row, weights []int8, most int) IntScatter {
	s := IntScatter{field: field{width, offsets, places, sums}, rows: rows, most: most}
	s.check(len(weights) / (len(offsets) * width))
	s.weights = words((len(weights) + wordBytes - 1) / wordBytes)
	for i, q := range weights {
		if q == -128 {
			panic("asm: a weight of −128; integers are −127 … 127")
		}
		s.weights[i/wordBytes] |= word(uint8(q)) << (8 * (i % wordBytes))
	}
	s.adds = intAdds / s.depth()
	at := 1 << 16
	for _, o := range offsets {
		at |= int(o)
	}
	for _, p := range places {
		at |= int(p.Sum)
	}
	for _, r := range rows {
		if r.From < 0 || r.N < 0 || r.From+r.N > sums {
			panic("asm: a row lies outside of the sums of its IntScatter")
		}
		at |= r.From | r.N
	}
	s.grain = at & -at
	return s
}

// depth returns how many weights of one input may meet in a sum.
func (f *field) depth() (most int) {
	from := 0
	for r, offset := range f.offsets {
		if r > 0 && offset < f.offsets[r-1] {
			panic("asm: the runs of an IntScatter do not ascend")
		}
		for int(offset-f.offsets[from]) >= f.width {
			from++
		}
		most = max(most, r-from+1)
	}
	return most
}

// packed reports whether runs and rows begin and end at words.
func (s *IntScatter) packed() bool { return s.grain >= wordBytes }

// Bytes returns the size of the weights, padding included.
func (s *IntScatter) Bytes() int { return wordBytes * len(s.weights) }

// IntPlane holds the sums of an IntScatter, one for each goroutine. Between calls
// those in rows are 0.
type IntPlane struct {
	lanes []word    // the sums, 16 bits each
	part  []float32 // of each unit
	none  []float32 // as many zeros
	row   rowEnd
	rows  [intAdds]uint32 // of inputs with counts, some at a time
}

// NewPlane returns the memory that Sum needs.
func (s *IntScatter) NewPlane() *IntPlane {
	units := 0
	for _, r := range s.rows {
		units = max(units, r.To+r.N)
	}
	return &IntPlane{lanes: words((2*s.sums + wordBytes - 1) / wordBytes), part: Floats(units), none: Floats(units)}
}

// Sum adds up the patterns of the listed inputs, each as often as its value says if
// there are values: with N_j the sum of unit j, which is exact,
//
//	sums[j] = start[j] + scale[j]·N_j
//
// Values must be whole numbers from 0 to 2²⁴ − 1, or it panics, and all parts of N
// below 2²⁴. Inputs must be below Inputs(), start not −0.
func (s *IntScatter) Sum(sums, start, scale []float32, inputs []uint32, values []float32, p *IntPlane) {
	k := kernels.Load()
	var part []float32
	full := func(inputs []uint32) {
		if len(inputs) > 0 {
			k.scatterBytes(s, p.lanes, inputs)
		}
		from := part
		if from == nil {
			from = p.none
		}
		part = p.part
		s.join(k, p, part, from, nil)
	}
	if values != nil {
		inputs = expand(p.rows[:s.adds], inputs, values, full)
	}
	for n := s.fit(inputs); n < len(inputs); n = s.fit(inputs) {
		full(inputs[:n])
		inputs = inputs[n:]
	}
	if part != nil {
		full(inputs)
		scaleParts(sums[:len(part)], start, scale, part)
		return
	}
	if len(inputs) > 0 {
		k.scatterBytes(s, p.lanes, inputs)
	}
	s.join(k, p, sums, start, scale)
}

// fit returns how many of the inputs can be added before the sums must be emptied:
// as many as 16 bits hold of any weights, or more as long as no input comes so
// often that the weights of a sum might not fit.
func (s *IntScatter) fit(inputs []uint32) int {
	if len(inputs) <= s.adds {
		return len(inputs)
	}
	times := 1
	for i := 1; i < len(inputs); i++ {
		if inputs[i] <= inputs[i-1] {
			times++
		}
		if times*s.most > math.MaxInt16 {
			return max(i, s.adds)
		}
	}
	return len(inputs)
}

// join empties all rows of lanes, each to out = start + scale·lane; no scale stands
// for 1.
func (s *IntScatter) join(k *tier, p *IntPlane, out, start, scale []float32) {
	e := &p.row
	for _, r := range s.rows {
		for from := 0; from < r.N; from += intStream {
			n, at := min(intStream, r.N-from), r.To+from
			e.out, e.start, e.scale = out[at:at+n], start[at:at+n], ones
			if scale != nil {
				e.scale = scale[at : at+n]
			}
			k.joinLanes(e, p.lanes, r.From+from, s.packed())
		}
	}
	*e = rowEnd{}
}

// rowEnd is what lanes are emptied to: for each of len(out), with lane j of a row,
//
//	out[j] = start[j] + scale[j]·lane[j]
//
// and lane[j] = 0.
type rowEnd struct{ out, start, scale []float32 }
