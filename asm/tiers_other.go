//go:build purego || noasm || (!amd64 && !arm64)

package asm

// archTiers returns no tier: this build has no assembly.
func archTiers() []tier { return nil }

// bytePanel is what only assembly needs.
type bytePanel struct{}

func archTraining(*tier) bool { return false }
