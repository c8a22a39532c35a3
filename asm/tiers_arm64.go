//go:build !purego && !noasm

package asm

// archTiers returns the assembly tiers that this CPU has, best first. NEON is
// part of arm64.
func archTiers() []tier {
	var k isa
	return []tier{{
		name:      "neon",
		forward:   k.forwardTiles,
		update:    k.updateTiles,
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
	}}
}
