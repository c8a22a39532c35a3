//go:build !purego && !noasm && (amd64 || arm64)

package asm

import "unsafe"

// tile is the argument of the assembly of Forward: where the first of tiles
// tiles of neighbouring columns and their neurons lie. The kernels count tiles
// down and move on from tile to tile. Strides are in bytes.
type tile struct {
	tiles        int
	weights      *float32 // column first of row 0
	weightStride uintptr  // from a row to the next
	nextWeights  uintptr  // from a tile to the next
	rows         *uint32
	values       *float32 // nil for spikes
	ends         *int32
	steps        int
	current      *float32
	decay        *float32
	bias         *float32
	theta        *float32       // for gateSubtract and gateSoftSubtract
	s            *float32       // row 0
	soft         *float32       // row 0, for output Sigmoidal
	sStride      uintptr        // of s and soft
	y            unsafe.Pointer // row 0, the byte of the first column, for output Step
	yStride      uintptr
	slope        float32
	gate         gate
	activation   Activation
	output       Output
}

// gate is the Reset as the kernels tell it apart, by the kind of output.
type gate uint8

const (
	gateNone         gate = iota // p = a + l·s
	gateZero                     // p = y ? a : a + l·s
	gateSubtract                 // p = a + l·s, less θ if y
	gateSoftZero                 // p = a + (l·s)·(1−y)
	gateSoftSubtract             // p = a + l·s − θ·y
)

// gates has a row an Output and a column a Reset.
var gates = [3][3]gate{
	Step:      {ResetZero: gateZero, ResetSubtract: gateSubtract, ResetNone: gateNone},
	Sigmoidal: {ResetZero: gateSoftZero, ResetSubtract: gateSoftSubtract, ResetNone: gateNone},
	NoOutput:  {gateNone, gateNone, gateNone},
}

// init fills in what does not depend on the column. There must be a step.
func (t *tile) init(u *Units, in *Inputs, tr *Trace) {
	t.rows, t.values, t.ends, t.steps = nil, nil, &in.Ends[0], len(in.Ends)
	if len(in.Rows) > 0 {
		t.rows = &in.Rows[0]
		if in.Values != nil {
			t.values = &in.Values[0]
		}
	}
	t.sStride, t.yStride = 4*uintptr(tr.SStride), 8*uintptr(tr.YStride)
	t.slope, t.gate, t.activation, t.output = u.Slope, gates[u.Output][u.Reset], u.Activation, u.Output
}

// weigh goes to the weights of tiles of width columns from column first on, if
// there are weights.
func (t *tile) weigh(w *Matrix, first, width int) {
	if w == nil {
		return
	}
	data, stride := w.from(first)
	t.weights, t.weightStride, t.nextWeights = &data[0], uintptr(4*stride), uintptr(4*width)
	if width == w.panel {
		t.nextWeights *= uintptr(w.rows)
	}
}

// move goes to the neurons of tiles tiles of width columns from column first
// on; it checks that the slices have that many, in the last step too.
func (t *tile) move(u *Units, tr *Trace, first, width, tiles int) {
	end := first + tiles*width - 1
	_, _ = u.Decay[end], u.Bias[end]
	_ = tr.S[t.steps*tr.SStride+end]
	t.tiles = tiles
	decay := &u.Decay[first]
	t.decay, t.bias, t.s = decay, &u.Bias[first], &tr.S[first]
	// What is not used points to where the kernels may move it, too.
	t.theta, t.soft, t.y = decay, decay, unsafe.Pointer(decay)
	if u.Reset == ResetSubtract {
		_ = u.Theta[end]
		t.theta = &u.Theta[first]
	}
	switch u.Output {
	case Step:
		_ = tr.Y[t.steps*tr.YStride+end/64]
		t.y = unsafe.Add(unsafe.Pointer(&tr.Y[first/64]), first%64/8)
	case Sigmoidal:
		_ = tr.Soft[t.steps*tr.SStride+end]
		t.soft = &tr.Soft[first]
	}
}

// clearTail clears the bits past neuron u.N in the spikes of all steps.
func clearTail(u *Units, tr *Trace, steps int) {
	if u.Output != Step || u.N%64 == 0 {
		return
	}
	for t := 1; t <= steps; t++ {
		tr.Y[t*tr.YStride+u.N/64] &= 1<<(u.N%64) - 1
	}
}
