package asm

import "slices"

// RunLanes is the multiple to which the runs of a Scatter are padded.
const RunLanes = 8

// Scatter holds weights of which each input reaches the outputs by a pattern:
// a few runs of neighbouring sums, to each of which neighbouring weights are
// added. A convolution is one if the sums lie [height, width, channel] with
// room around the plane: the runs of an input are the rows of the kernel,
// turned round, wherever in the plane it is.
type Scatter struct {
	field
	weights []float32
}

// field says which weights each input adds to which sums.
type field struct {
	width   int
	offsets []uint32
	places  []Place
	sums    int
}

// Place says where the pattern of an input lies.
type Place struct {
	Sum     uint32 // its first sum
	Pattern uint32 // its first weight
}

// NewScatter returns a Scatter with weights of 0. A run has width weights, a
// multiple of RunLanes, and a pattern has at least one run; run r of a pattern
// starts at offsets[r] from its first sum and at r·width from its first weight.
// The places, one an input, must lie within the given number of sums and of
// patterns; it panics if one does not, because the kernels do not look.
func NewScatter(width int, offsets []uint32, places []Place, sums, patterns int) Scatter {
	f := field{width, offsets, places, sums}
	f.check(patterns)
	return Scatter{f, Floats(patterns * len(offsets) * width)}
}

// check panics unless all places lie within the sums and so many patterns.
func (f *field) check(patterns int) {
	pattern := uint64(len(f.offsets)) * uint64(f.width)
	extent := uint64(slices.Max(f.offsets)) + uint64(f.width)
	for _, p := range f.places {
		if uint64(p.Sum)+extent > uint64(f.sums) || uint64(p.Pattern)+pattern > uint64(patterns)*pattern {
			panic("asm: a pattern lies outside of the sums or weights of its Scatter")
		}
	}
}

// Inputs returns the number of inputs.
func (f *field) Inputs() int { return len(f.places) }

// Sums returns the number of sums.
func (f *field) Sums() int { return f.sums }

// Weights returns the weights, pattern after pattern.
func (s *Scatter) Weights() []float32 { return s.weights }

// Add adds the patterns of the listed inputs, each times its value if there are
// values, to sums, in list order: for each run r and i below its width
//
//	sums[Sum + offsets[r] + i] += weights[Pattern + r·width + i]·x
//
// Each product is rounded to float32 before it is added. Inputs must be below
// Inputs().
func (s *Scatter) Add(sums []float32, inputs []uint32, values []float32) {
	if len(inputs) > 0 {
		kernels.Load().scatter(s, sums[:s.sums], inputs, values)
	}
}

// Collect is the way back to the weights: with the errors δ where the sums
// are,
//
//	grads[Pattern + r·width + i] += delta[Sum + offsets[r] + i]·x
//
// in list order. grads is laid out like Weights().
func (s *Scatter) Collect(grads, delta []float32, inputs []uint32, values []float32) {
	if len(inputs) > 0 {
		trainer().collect(s, grads[:len(s.weights)], delta[:s.sums], inputs, values)
	}
}

// Dot is the way back to the inputs: dst[k] is the product of the pattern of
// inputs[k] and the errors δ where its sums are. Lane i of 8 adds up the
// products of weights i, i+8, … of the pattern ascending; then lanes i and i+4
// are added, i and i+2, i and i+1.
func (s *Scatter) Dot(dst, delta []float32, inputs []uint32) {
	if len(inputs) > 0 {
		trainer().scatterDot(s, dst[:len(inputs)], delta[:s.sums], inputs)
	}
}
