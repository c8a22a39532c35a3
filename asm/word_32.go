//go:build 386 || arm || mips || mipsle

package asm

// word is what the generic sums of bytes add at once: four of them.
type word = uint32

const (
	wordBytes = 4
	evenBytes = 0x00FF00FF
)
