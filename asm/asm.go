// Package asm holds the kernels that do snurun's arithmetic. Who calls it owes
// what the assembly does not look at: row and input numbers below Rows() or
// Inputs(), lists of time steps whose Ends ascend, and a Matrix, Units and Trace
// that no other goroutine changes meanwhile. A number past the end reads memory
// of others or ends the process. The lengths of slices are checked once a call,
// and what is too short panics. Programs call package runtime, which keeps all
// this for any model and input.
//
// It knows slices, not models: internal/layer lays a layer out once and calls
// Forward. Every kernel exists in generic Go, which is the reference; a tier
// (AVX2, AVX-512, NEON) may replace it with assembly that yields the same bits.
// What is defined to the bit is stated at each function: each multiplication and
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
	buf := make([]float32, n+Lanes-1)
	adviseHuge(unsafe.Pointer(unsafe.SliceData(buf)), 4*len(buf))
	return aligned(buf)[:n:n]
}

// aligned returns buf from its first 64-byte boundary on.
func aligned(buf []float32) []float32 {
	return buf[-int(uintptr(unsafe.Pointer(unsafe.SliceData(buf)))/4)&(Lanes-1):]
}
