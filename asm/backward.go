package asm

// Surrogate is what stands for the derivative of the step function, with
// x = u/Width.
type Surrogate uint8

// The surrogates: 1/Width for |x| < 1/2, else 0; max(0, 1 − |x|); 1 − tanh²(x);
// 1/(1 + |x|)²; 1/(1 + (π/2·x)²).
const (
	Boxcar Surrogate = iota
	Triangle
	TanhPrime
	FastSigmoid
	Arctan
)

// Slopes are the derivatives of a layer's outputs by u, a row of N values a
// step, and the steps at which they are not 0.
type Slopes struct {
	Surrogate Surrogate // of output Step
	Width     float32
	D         []float32
	Open      Steps
}

// Evaluate fills in the slopes of steps time steps of a trace that has a row a
// step: the surrogate at u = s + Bias for output Step, y·(1 − y) for output
// Sigmoidal. Every operation is rounded to float32 on its own; a boxcar tests
// −Width/2 < u < Width/2, the others take x = u·(1/Width).
func (sl *Slopes) Evaluate(u *Units, tr *Trace, steps int) {
	trainer().slopes(sl, u, tr, steps)
}

// Errors is the backward pass of one layer and sample through time.
type Errors struct {
	Grad   []float32 // derivative of the loss by the layer's output, a row of N a step
	Slope  []float32 // Slopes.D, nil without output
	Delta  *Matrix   // result: the derivative by p of step t in row First + t
	First  int
	Next   []float32 // the derivative by p of the step after the last, N values; then of the first
	Detach bool      // no gradient through the reset

	// Sums over the steps, to which the derivatives by Bias, Decay and Current
	// are added.
	Bias, Decay, Current []float32
}

// Backward walks the steps to−1 … from of a layer whose trace has a row a step:
//
//	G = Grad − (Next·Decay)·s        reset zero      G = Grad − Next·Theta   reset subtract
//	du = G·Slope                     Bias += du
//	ds = du + (Next·Decay)·(1 − y)   reset zero      ds = du + Next·Decay    otherwise
//	δ = ds·g'(p)                     Current += δ    Decay += δ·(s₋·(1 − y₋)), without the gate unless the reset is zero
//	Next = δ
//
// with s, y of the step and s₋, y₋ of the one before. G is Grad if Detach is
// set; without an output, and so without a reset, ds is Grad + Next·Decay. g'
// follows from s: 1 for s > 0, else 0 (ReLU), Slope (LeakyReLU), s + 1 (ELU).
func Backward(u *Units, tr *Trace, e *Errors, from, to int) {
	trainer().backward(u, tr, e, from, to)
}
