package asm

import "sync"

// training are the kernels that only training needs. What needs them first puts
// them into the tiers, so that a program that trains nothing does not carry them.
type training struct {
	sumRows   func(dst, src *Matrix, in *Inputs)
	sumSpikes func(dst, src *Matrix, first, rows int, spikes []uint64, stride int)
	dotRows   func(dst []float32, m *Matrix, rows []uint32, d []float32)
	adam      func(a AdamStep, w, m, v, g []float32)

	collect    func(s *Scatter, grads, delta []float32, inputs []uint32, values []float32)
	scatterDot func(s *Scatter, dst, delta []float32, inputs []uint32)

	slopes   func(sl *Slopes, u *Units, tr *Trace, steps int)
	backward func(u *Units, tr *Trace, e *Errors, from, to int)
	dotSteps func(dst []float32, inputs int, w, d *Matrix, first int, steps *Steps)
}

var genericTraining = training{
	sumRows:   sumRowsGeneric,
	sumSpikes: sumSpikesGeneric,
	dotRows:   dotRowsGeneric,
	adam:      adamGeneric,

	collect:    collectGeneric,
	scatterDot: scatterDotGeneric,

	slopes:   slopesGeneric,
	backward: backwardGeneric,
	dotSteps: dotStepsGeneric,
}

var trained sync.Once

// trainer returns the tier in use, with its kernels of training.
func trainer() *tier {
	trained.Do(addTraining)
	return kernels.Load()
}

// addTraining gives all tiers their kernels of training.
func addTraining() {
	generic.training = genericTraining
	for i := range tiers {
		if t := &tiers[i]; !archTraining(t) {
			t.training = genericTraining
		}
	}
}
