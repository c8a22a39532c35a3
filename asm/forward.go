package asm

// Activation is the function g of a unit.
type Activation uint8

// The activations: p; p > 0 ? p : 0; p > 0 ? p : slope·p; p > 0 ? p : Exp(p) − 1;
// p > floor ? p : floor.
const (
	Identity Activation = iota
	ReLU
	LeakyReLU
	ELU
	Clipped
)

// Output is what follows from u = s + b.
type Output uint8

// The outputs: the bit u > 0; Sigmoid(u); nothing but the membrane; a number of
// spikes, ⌊s/θ⌋ for θ = −b where u ≥ 0, else 0, at most Most and times Value.
const (
	Step Output = iota
	Sigmoidal
	NoOutput
	Count
)

// Reset is how the output of the step before gates the membrane.
type Reset uint8

// The resets, for hard and soft outputs y of the step before:
// p = y ? a : a + l·s, or a + (l·s)·(1−y); p = a + l·s, less θ if y, or less θ·y; p = a + l·s.
// For outputs Step and Count alone: p = y ? 0 : a + l·s; and that of ResetSubtract
// with another b added to u where s less the threshold −b if y was above it.
const (
	ResetZero Reset = iota
	ResetSubtract
	ResetNone
	ResetRefractory
	ResetLagged
)

// Units are the constants of N neurons (padded, a multiple of Lanes). Each
// slice has N elements; Theta is nil unless the reset is ResetSubtract or
// ResetLagged.
type Units struct {
	N          int
	Activation Activation
	Output     Output
	Reset      Reset
	Slope      float32
	Floor      float32 // of Clipped
	Most       float32 // of Count, +Inf for no bound
	Value      float32 // of Count, not 0
	Current    []float32
	Decay      []float32
	Bias       []float32
	Theta      []float32
}

// Inputs lists the active inputs of consecutive time steps: those of step t
// are Rows[Ends[t-1]:Ends[t]] (from 0 for t = 0), ascending. Values holds the
// input's value beside each row; nil stands for spikes, all 1.
type Inputs struct {
	Rows   []uint32
	Values []float32
	Ends   []int32
}

// Trace is where a layer's state lies: a row of S (and of Y or Soft) a step.
// Row 0 is the state before the first step, row t+1 the state after step t. A
// stride of 0 keeps one row, overwritten in place.
type Trace struct {
	S       []float32 // membranes
	SStride int
	Y       []uint64 // spikes, for output Step
	YStride int
	Soft    []float32 // outputs, for outputs Sigmoidal and Count; strided like S
}

// Forward advances all neurons of a layer over len(in.Ends) time steps:
//
//	a = Current[j] + Σ W[i][j]·x_i      over the listed rows i, in list order
//	p = a, gated with S and y of the step before (Reset)
//	s = Activation(p)
//	u = s + Bias[j]; y = Output(u)
//
// Every operation is rounded to float32 on its own. W has one row an input
// and u.N columns once padded. Rows must be below W.Rows(). Current must not
// hold −0.
func Forward(w *Matrix, u *Units, in *Inputs, tr *Trace) {
	check(w, u, in)
	if u.Rare() {
		forwardGeneric(w, u, in, tr)
		return
	}
	kernels.Load().forward(w, u, in, tr)
}

// check panics if the lists are shorter than their last end, or if w has another
// number of columns than u has neurons.
func check(w *Matrix, u *Units, in *Inputs) {
	end := 0
	if steps := len(in.Ends); steps > 0 {
		end = int(in.Ends[steps-1])
	}
	if u.N != Pad(w.cols) || len(u.Current) < u.N || end > len(in.Rows) || in.Values != nil && end > len(in.Values) {
		panic("asm: Forward: the columns, units, rows or values do not fit each other")
	}
}

// Update is Forward for input sums a that are known already: row t of sums,
// u.N values, rows stride apart, takes the place of Current + Σ in time step t.
// Like Current, sums must not hold −0.
func Update(u *Units, sums []float32, stride, steps int, tr *Trace) {
	if u.Rare() {
		updateSums(u, sums, stride, steps, tr)
		return
	}
	kernels.Load().update(u, sums, stride, steps, tr)
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

// between returns the rows and values from one place in the lists to another.
func (in *Inputs) between(from, to int32) (rows []uint32, values []float32) {
	if in.Values != nil {
		values = in.Values[from:to]
	}
	return in.Rows[from:to], values
}
