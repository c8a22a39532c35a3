//go:build purego || noasm || !amd64

package asm

// batchScratch is not needed: there are no kernels for batches.
type batchScratch struct{}
