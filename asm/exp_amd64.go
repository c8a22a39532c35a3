//go:build !purego && !noasm

package asm

// expTable holds the constants of Exp for the assembly, each as often as an
// AVX2 vector has lanes.
//
//lint:ignore U1000 read by the assembly
var expTable = replicate(
	expMin, expMax, expLog2e, expRound, expLn2Hi, expLn2Lo,
	expCoeff2, expCoeff3, expCoeff4, expCoeff5, expCoeff6, 1,
)

func replicate(constants ...float32) (table [12][8]float32) {
	for i, c := range constants {
		for lane := range table[i] {
			table[i][lane] = c
		}
	}
	return table
}
