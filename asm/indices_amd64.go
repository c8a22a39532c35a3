//go:build !purego && !noasm

package asm

import "math/bits"

// setBits lists the positions of the set bits of each byte, ascending; what
// follows them is 0.
//
//lint:ignore U1000 read by the assembly
var setBits = func() (lists [256][8]uint8) {
	for b := range lists {
		n := 0
		for rest := uint8(b); rest != 0; rest &= rest - 1 {
			lists[b][n] = uint8(bits.TrailingZeros8(rest))
			n++
		}
	}
	return lists
}()
