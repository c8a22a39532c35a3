//go:build purego || noasm || (!amd64 && !arm64)

package asm

// batchScratch is empty: there are no kernels for batches.
type batchScratch struct{}

func (*batchScratch) reset() {}
