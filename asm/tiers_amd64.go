//go:build !purego && !noasm

package asm

import "golang.org/x/sys/cpu"

// archTiers returns the assembly tiers that this CPU has, best first.
func archTiers() []tier {
	var have []tier
	x := &cpu.X86
	if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL && x.HasAVX512VBMI2 && x.HasPOPCNT {
		t := avx512.tier("avx512")
		t.indices = avx512.indicesWords
		have = append(have, t)
	}
	if x.HasAVX2 {
		have = append(have, avx2.tier("avx2"))
	}
	return have
}

// tier returns the kernels of k. Lists of sparse spikes are made no faster by
// AVX2 than by generic.
func (k isa) tier(name string) tier {
	return tier{
		name:    name,
		forward: k.forwardTiles,
		batch:   k.forwardBatch,
		sumRows: k.sumRowsTiles,
		dotRows: k.dotRowsTiles,
		adam:    k.adamVectors,
		indices: indicesGeneric,
	}
}
