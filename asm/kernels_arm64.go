//go:build !purego && !noasm

package asm

// isa names the kernels of NEON, which every arm64 CPU has.
type isa struct{}

func (isa) forward64(t *tile)    { forward64NEON(t) }
func (isa) forward16(t *tile)    { forward16NEON(t) }
func (isa) addRows8(g *rowGroup) { addRows8NEON(g) }
func (isa) sumRows64(t *sumTile) { sumRows64NEON(t) }
func (isa) sumRows16(t *sumTile) { sumRows16NEON(t) }
func (isa) dotRows8(g *dotGroup) { dotRows8NEON(g) }

func (isa) adam(a *AdamStep, w, m, v, g *float32, n int) { adamNEON(a, w, m, v, g, n) }

func (isa) indices(dst *uint32, v *uint64, words int, base uint32) int {
	return indicesNEON(dst, v, words, base)
}

//go:noescape
func forward64NEON(t *tile)

//go:noescape
func forward16NEON(t *tile)

//go:noescape
func addRows8NEON(group *rowGroup)

//go:noescape
func sumRows64NEON(t *sumTile)

//go:noescape
func sumRows16NEON(t *sumTile)

//go:noescape
func dotRows8NEON(group *dotGroup)

//go:noescape
func adamNEON(a *AdamStep, w, m, v, grad *float32, n int)

//go:noescape
func indicesNEON(dst *uint32, v *uint64, words int, base uint32) int
