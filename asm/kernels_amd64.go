//go:build !purego && !noasm

package asm

import (
	"sync"

	"github.com/klauspost/cpuid/v2"
)

// isas are the instruction sets of this architecture, best first. The slowest
// boards with AVX2 load about 5 GB/s from memory.
var isas = []isa{
	{
		name: "avx512",
		has: func() bool {
			return cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL, cpuid.AVX512VBMI2, cpuid.AVX2, cpuid.BMI1, cpuid.POPCNT)
		},
		work:      4096,
		forward64: forward64AVX512, forward16: forward16AVX512,
		batch64: batch64AVX512, batch16: batch16AVX512,
		addRows:  addRowsAVX512,
		indices:  indicesAVX512,
		scatter:  scatterAVX512,
		sumBytes: sumBytes256AVX512, sumBytes64: sumBytes64AVX512, byteColumns: 256,
		addBytes: addBytesAVX512, joinBytes64: joinBytes64AVX512,
		scatterBytes: [3]func(*byteList){scatterBytes8AVX2, scatterBytes16AVX2, scatterBytes32AVX512}, joinLanes: joinLanesAVX512,
	},
	{
		name:      "avx2",
		has:       func() bool { return cpuid.CPU.Supports(cpuid.AVX2, cpuid.BMI1, cpuid.POPCNT) },
		work:      4096,
		forward64: forward64AVX2, forward16: forward16AVX2,
		batch64: batch64AVX2, batch16: batch16AVX2,
		addRows:  addRowsAVX2,
		indices:  indicesAVX2,
		scatter:  scatterAVX2,
		sumBytes: sumBytes128AVX2, sumBytes64: sumBytes64AVX2, byteColumns: 128,
		addBytes: addBytesAVX2, joinBytes64: joinBytes64AVX2,
		scatterBytes: [3]func(*byteList){scatterBytes8AVX2, scatterBytes16AVX2, scatterBytes16AVX2}, joinLanes: joinLanesAVX2,
	},
}

// trainingOf returns the kernels of training of an instruction set.
func trainingOf(name string) isaTraining {
	if name == "avx512" {
		return isaTraining{
			sumRows64: sumRows64AVX512, sumRows16: sumRows16AVX512,
			sumSpikes64: sumSpikes64AVX512, sumSpikes16: sumSpikes16AVX512,
			dotRows8:   dotRows8AVX512,
			adam:       adamAVX512,
			collect:    collectAVX512,
			scatterDot: scatterDotAVX2, // which AVX-512 makes no faster
			evaluate:   evaluateAVX512,
			backward64: backward64AVX512, backward16: backward16AVX512,
			dotSteps: dotStepsAVX512,
			turn: func(columns int) int {
				if columns == Lanes { // which has code of its own
					return 16
				}
				return turn(columns)
			},
		}
	}
	return isaTraining{
		sumRows64: sumRows64AVX2, sumRows16: sumRows16AVX2,
		sumSpikes64: sumSpikes64AVX2, sumSpikes16: sumSpikes16AVX2,
		dotRows8:   dotRows8AVX2,
		adam:       adamAVX2,
		collect:    collectAVX2,
		scatterDot: scatterDotAVX2,
		evaluate:   evaluateAVX2,
		backward16: backward16AVX2,
		dotSteps:   dotStepsAVX2,
		turn:       turn,
	}
}

// longestTurn is the length of rows, in elements, of which 32 take no more than
// two thirds of the first-level cache: the rest is for the errors.
var longestTurn = sync.OnceValue(func() int { return Caches().L1 * 2 / 3 / 32 / 4 })

// turn returns how many inputs DotSteps takes together, whose rows have the
// given number of columns.
func turn(columns int) int {
	if columns <= longestTurn() {
		return 32
	}
	return 16
}
