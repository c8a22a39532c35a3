//go:build !purego && !noasm

package asm

import "golang.org/x/sys/cpu"

// archTiers returns the assembly tiers that this CPU has, best first.
func archTiers() []tier {
	var have []tier
	x := &cpu.X86
	if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL && x.HasAVX512VBMI2 && x.HasBMI1 && x.HasPOPCNT {
		have = append(have, avx512.tier("avx512"))
	}
	if x.HasAVX2 && x.HasBMI1 && x.HasPOPCNT {
		have = append(have, avx2.tier("avx2"))
	}
	return have
}

func (k isa) tier(name string) tier {
	return tier{
		name:      name,
		forward:   k.forwardTiles,
		update:    k.updateTiles,
		batch:     k.forwardBatch,
		sumRows:   k.sumRowsTiles,
		sumSpikes: k.sumSpikesTiles,
		dotRows:   k.dotRowsTiles,
		adam:      k.adamVectors,
		indices:   k.indicesWords,

		scatter:    k.scatterRuns,
		collect:    k.collectRuns,
		scatterDot: k.scatterDots,

		slopes:   k.slopesTiles,
		backward: k.backwardTiles,
		dotSteps: k.dotStepsTiles,
	}
}
