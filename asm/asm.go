// Package asm holds the kernels that do snurun's arithmetic. It knows slices,
// not models: runtime and train lay a layer out once and call Forward.
//
// Every kernel exists in generic Go, which is the reference; a tier (AVX2,
// AVX-512, NEON) may replace it with assembly that yields the same bits. What
// is defined to the bit is stated at each function: each multiplication and
// addition is rounded to float32 on its own, and sums run in the stated order,
// so tiers block over outputs, never over inputs.
package asm

import "unsafe"

// Lanes is the multiple to which rows of neurons are padded: one 64-byte
// vector of float32.
const Lanes = 16

// Pad rounds n up to a multiple of Lanes.
func Pad(n int) int { return (n + Lanes - 1) &^ (Lanes - 1) }

// Floats returns n zeros that start on a 64-byte boundary.
func Floats(n int) []float32 {
	if n == 0 {
		return nil
	}
	return aligned(make([]float32, n+Lanes-1))[:n:n]
}

// aligned returns buf from its first 64-byte boundary on.
func aligned(buf []float32) []float32 {
	return buf[-int(uintptr(unsafe.Pointer(unsafe.SliceData(buf)))/4)&(Lanes-1):]
}
