//go:build !purego && !noasm && (amd64 || arm64)

package asm

// streamColumns is the number of columns that are summed at once, in memory,
// when weights stream past the caches: their sums and states stay in the
// first-level cache.
const streamColumns = 1024

// noRow fills up the last of the groups in which rows are added. Adding it
// changes nothing, because a sum that starts at Current is never −0.
var noRow [streamColumns]float32

// noInputs is a time step without rows.
var noInputs = Inputs{Ends: []int32{0}}
