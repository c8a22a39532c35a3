package asm

import "math/bits"

// Indices writes the positions of the set bits of v, ascending, each plus
// base, to dst and returns their number. dst must have room for 64 a word of v.
func Indices(dst []uint32, v []uint64, base uint32) int {
	return kernels.Load().indices(dst, v, base)
}

func indicesGeneric(dst []uint32, v []uint64, base uint32) int {
	n := 0
	for _, w := range v {
		for ; w != 0; w &= w - 1 {
			dst[n] = base + uint32(bits.TrailingZeros64(w))
			n++
		}
		base += 64
	}
	return n
}
