//go:build !purego && !noasm && (amd64 || arm64)

package asm

import "unsafe"

// tile is the argument of the assembly of Forward: where neighbouring columns
// and their neurons lie, cut into tiles of the kernel's width. Strides are in
// bytes.
type tile struct {
	weights      *float32 // first column of the first tile in row 0
	weightStride uintptr  // from a row to the next
	nextWeights  uintptr  // from a tile to the next
	from, to     uintptr  // bytes from column 0 to the first tile, and past the last one
	rows         *uint32
	values       *float32 // nil for spikes
	ends         *int32
	steps        int
	current      *float32 // these of column 0
	decay        *float32
	bias         *float32
	theta        *float32 // for gateSubtract and gateSoftSubtract
	s            *float32 // before the first step
	sStride      uintptr
	out          unsafe.Pointer // outputs before the first step: bits, or soft ones for output Sigmoidal
	outStride    uintptr
	outShift     uintptr // 32 columns are 128 bytes of soft outputs, or 128>>outShift of bits
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

// first returns where the lists begin.
func (in *Inputs) first() (rows *uint32, values *float32) {
	if len(in.Rows) > 0 {
		rows = &in.Rows[0]
		if in.Values != nil {
			values = &in.Values[0]
		}
	}
	return rows, values
}

// init fills in what is the same for all tiles of columns neurons from first on
// and as many steps, at least one, from row of tr on, but for current and the
// lists. It checks that the slices are long enough, in the last step too.
func (t *tile) init(u *Units, tr *Trace, steps, row, first, columns int) {
	t.steps = steps
	last := first + columns - 1
	end := row + steps
	_, _, _ = u.Decay[last], u.Bias[last], tr.S[end*tr.SStride+last]
	t.decay, t.bias = &u.Decay[first], &u.Bias[first]
	t.s, t.sStride = &tr.S[row*tr.SStride+first], 4*uintptr(tr.SStride)
	if u.Reset == ResetSubtract {
		_ = u.Theta[last]
		t.theta = &u.Theta[first]
	}
	switch u.Output {
	case Step:
		_ = tr.Y[end*tr.YStride+last/64]
		t.out, t.outStride, t.outShift = unsafe.Pointer(&tr.Y[row*tr.YStride+first/64]), 8*uintptr(tr.YStride), 5
	case Sigmoidal:
		_ = tr.Soft[end*tr.SStride+last]
		t.out, t.outStride = unsafe.Pointer(&tr.Soft[row*tr.SStride+first]), t.sStride
	}
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
