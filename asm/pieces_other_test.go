//go:build purego || noasm || (!amd64 && !arm64)

package asm

// inPieces returns no tiers: there is no assembly to call.
func inPieces() []tier { return nil }
