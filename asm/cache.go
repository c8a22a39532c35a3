//go:build !arm && !arm64

package asm

// streamFrom is the number of elements, 2 MB, above which a Matrix is laid out
// in whole rows: more than second-level caches hold, even in part.
const streamFrom = 2 << 20 / 4
