//go:build !purego && !noasm

package asm

// expTable holds the constants of Exp for the assembly: a vector of factors,
// then vectors of one constant each.
//
//lint:ignore U1000 read by the assembly
var expTable = [...][4]float32{
	{expLog2e, expLn2Hi, expLn2Lo, expCoeff6},
	{expRound, expRound, expRound, expRound},
	{expCoeff5, expCoeff5, expCoeff5, expCoeff5},
	{expCoeff4, expCoeff4, expCoeff4, expCoeff4},
	{expCoeff3, expCoeff3, expCoeff3, expCoeff3},
	{expCoeff2, expCoeff2, expCoeff2, expCoeff2},
	{1, 1, 1, 1},
	{expMin, expMin, expMin, expMin},
	{expMax, expMax, expMax, expMax},
}

// spikeBits is the bit of each of 16 neurons in their spikes.
//
//lint:ignore U1000 read by the assembly
var spikeBits = [Lanes]uint32{
	1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7,
	1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15,
}
