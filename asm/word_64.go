//go:build !386 && !arm && !mips && !mipsle

package asm

// word is what the generic sums of bytes add at once: eight of them.
type word = uint64

const (
	wordBytes = 8
	evenBytes = 0x00FF00FF00FF00FF
)
