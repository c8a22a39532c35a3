//go:build arm || arm64

package asm

// streamFrom is the number of elements, 1 MB, above which a Matrix is laid out
// in whole rows: more than the boards' last caches hold, even in part.
const streamFrom = 1 << 20 / 4
