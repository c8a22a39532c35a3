package asm

import "math/bits"

// SumRows adds rows of src to rows of dst: row i of dst grows by the rows of
// src that in lists for "step" i, each times its value if in.Values is set, in
// list order. dst has len(in.Ends) rows and as many columns as src. With src
// the errors δ of all samples and steps, and in the steps at which each input
// spiked, it is the weight gradient.
func SumRows(dst, src *Matrix, in *Inputs) { trainer().sumRows(dst, src, in) }

// SumSpikes adds rows of src to rows of dst: for each i below rows, row i of dst
// grows by row first + k of src for each bit k of spikes[i·stride], k ascending.
// It is SumRows for inputs that spike often, without lists. It panics if dst has
// fewer rows or another number of columns than src, or src lacks a row.
func SumSpikes(dst, src *Matrix, first, rows int, spikes []uint64, stride int) {
	var any uint64
	for i := range rows {
		any |= spikes[i*stride]
	}
	if dst.cols != src.cols || rows > dst.rows || first+bits.Len64(any) > src.rows {
		panic("asm: SumSpikes: rows or columns out of range")
	}
	if any != 0 {
		trainer().sumSpikes(dst, src, first, rows, spikes, stride)
	}
}

// DotRows sets dst[k] to the product of row rows[k] of m and d, which has
// Pad(m.Cols()) elements. Lane i of 16 sums the products of columns i, i+16, …
// ascending; then lanes i and i+8 are added, i and i+4, i and i+2, i and i+1.
func DotRows(dst []float32, m *Matrix, rows []uint32, d []float32) {
	trainer().dotRows(dst, m, rows, d)
}

// DotSteps multiplies rows of w with rows of d, which is Like w: for each input
// i below inputs and each step t of its set
//
//	dst[t·n+i] = row i of w · row first + t of d
//
// where n is the number of sets, and each product is in the order of DotRows.
// Nothing else of dst changes.
func DotSteps(dst []float32, inputs int, w, d *Matrix, first int, steps *Steps) {
	trainer().dotSteps(dst, inputs, w, d, first, steps)
}

// AdamStep is one step of the optimiser Adam (Kingma & Ba, arXiv:1412.6980)
// with decoupled weight decay (Loshchilov & Hutter, arXiv:1711.05101) for one
// slice of parameters.
type AdamStep struct {
	Rate    float32 // learning rate · √(1−β₂ᵗ)/(1−β₁ᵗ)
	Epsilon float32 // ε · √(1−β₂ᵗ)
	Beta1   float32
	Beta2   float32
	Shrink  float32 // learning rate · weight decay
}

// Apply updates w and its moments m and v by the gradient g, elementwise:
//
//	m = β₁·m + (1−β₁)·g
//	v = β₂·v + ((1−β₂)·g)·g
//	w = (w − Shrink·w) − (Rate·m)/(√v + Epsilon)
func (a AdamStep) Apply(w, m, v, g []float32) { trainer().adam(a, w, m, v, g) }
