//go:build !purego && !noasm && (amd64 || arm64)

package asm

import "unsafe"

// isa is an instruction set: what the CPU must have, and the kernels in
// assembly. A new one is an entry in the table of its architecture, isas. What
// every kernel does stands at its stub.
type isa struct {
	name string
	has  func() bool
	work int // that a call may do, see units

	forward64, forward16 func(*tile)
	batch64, batch16     func(*batchTile) // nil: batches go stream by stream
	addRows              func(*rowList)
	indices              func(dst *uint32, v *uint64, words int, base uint32) int
	scatter              func(*scatterList)

	sumBytes, sumBytes64 func(*byteTile)
	byteColumns          int             // of sumBytes
	addBytes             func(*byteRows) // nil: long rows are summed as short ones
	joinBytes64          func(*byteTile)
	scatterBytes         [3]func(*byteList) // in vectors of 8, 16, 32 lanes, see grain
	joinLanes            func(*laneRow)

	isaTraining
}

// isaTraining are the kernels that only training needs.
type isaTraining struct {
	sumRows64, sumRows16     func(*sumTile)
	sumSpikes64, sumSpikes16 func(*spikeTile)
	dotRows8                 func(*dotGroup)
	adam                     func(a *AdamStep, w, m, v, grad *float32, n int)

	collect    func(*scatterList)
	scatterDot func(*dotList)

	evaluate               func(*slopeTile)
	backward64, backward16 func(*backTile) // 64 is nil where 16 columns are as fast
	dotSteps               func(*stepTile)
	turn                   func(columns int) int // how many inputs dotSteps takes together; nil if it does not ask
}

// archTiers returns the tiers of the instruction sets that this CPU has, best
// first.
func archTiers() []tier {
	var have []tier
	for i := range isas {
		if k := &isas[i]; k.has() {
			have = append(have, k.tier())
		}
	}
	return have
}

func (k *isa) tier() tier {
	t := tier{
		name:     k.name,
		forward:  k.forwardTiles,
		update:   k.updateTiles,
		updateAt: k.updatePart,
		indices:  k.indicesWords,
		scatter:  k.scatterRuns,

		sumBytes:     k.sumBytesTiles,
		panels:       k.panels,
		scatterBytes: k.scatterBytesRuns,
		joinLanes:    k.joinLanesRow,
	}
	if k.batch64 != nil {
		t.batch = k.forwardBatch
	}
	return t
}

// archTraining gives a tier its kernels of training, if it is of an instruction set.
func archTraining(t *tier) bool {
	for i := range isas {
		if k := &isas[i]; k.name == t.name {
			k.isaTraining = trainingOf(k.name)
			t.training = k.training()
			return true
		}
	}
	return false
}

func (k *isa) training() training {
	return training{
		sumRows:   k.sumRowsTiles,
		sumSpikes: k.sumSpikesTiles,
		dotRows:   k.dotRowsTiles,
		adam:      k.adamVectors,

		collect:    k.collectRuns,
		scatterDot: k.scatterDots,

		slopes:   k.slopesTiles,
		backward: k.backwardTiles,
		dotSteps: k.dotStepsTiles,
	}
}

// Go cannot preempt assembly, and a garbage collection waits for it. So no call
// does more than isa.work units: as many as take about 250 µs on the slowest
// board that has the instruction set. One unit is a row of 64 columns, 256
// bytes, that comes from memory.
const (
	updateUnits = 8 // for membranes and outputs of 64 neurons in a step
	slopeUnits  = 2 // for the slopes of 16 neurons in a step
	wordUnits   = 2 // for the indices of a word
	adamUnit    = 8 // parameters that the optimiser moves in a unit
)

// local returns p. The compiler does not see that it is p: it takes what goes to
// a function in a variable for something that may be kept, and would put it on
// the heap. The kernels keep nothing.
//
//go:nosplit
func local[T any](p *T) *T {
	address := uintptr(unsafe.Pointer(p))
	return *(**T)(unsafe.Pointer(&address))
}
