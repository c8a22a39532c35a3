package asm

// The kernels of the tier in use, behind Forward, SumRows, DotRows, AdamStep
// and Indices.
var (
	forwardPanel = forwardPanelGeneric
	sumRowsPanel = sumRowsPanelGeneric
	dotRows      = dotRowsGeneric
	adam         = adamGeneric
	indices      = indicesGeneric
)

// Tier returns the name of the kernels in use.
func Tier() string { return "generic" }
