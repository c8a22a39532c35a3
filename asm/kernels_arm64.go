//go:build !purego && !noasm

package asm

// isa names the kernels of NEON, which every arm64 CPU has.
type isa struct{}

func (isa) forward64(t *tile)        { forward64NEON(t) }
func (isa) forward16(t *tile)        { forward16NEON(t) }
func (isa) sumRows64(t *sumTile)     { sumRows64NEON(t) }
func (isa) sumRows16(t *sumTile)     { sumRows16NEON(t) }
func (isa) sumSpikes64(t *spikeTile) { sumSpikes64NEON(t) }
func (isa) sumSpikes16(t *spikeTile) { sumSpikes16NEON(t) }
func (isa) dotRows8(g *dotGroup)     { dotRows8NEON(g) }

// addRows sets acc to start plus the listed rows of data, each times its value
// if there are values.
func (isa) addRows(acc, start, data []float32, stride int, rows []uint32, values []float32) {
	copy(acc, start)
	g := rowGroup{acc: &acc[0], columns: len(acc), scaled: values != nil}
	for len(rows) > 0 {
		n := min(len(g.rows), len(rows))
		for i := range g.rows {
			g.rows[i], g.values[i] = &noRow[0], 0
			if i < n {
				g.rows[i] = &data[int(rows[i])*stride]
			}
		}
		if values != nil {
			copy(g.values[:], values[:n])
			values = values[n:]
		}
		addRows8NEON(&g)
		rows = rows[n:]
	}
}

// rowGroup is the argument of the assembly that adds eight rows of columns
// elements (a multiple of Lanes) to acc, in order, each times its value if
// scaled.
type rowGroup struct {
	acc     *float32
	columns int
	rows    [8]*float32
	values  [8]float32
	scaled  bool
}

func (isa) adam(a *AdamStep, w, m, v, g *float32, n int) { adamNEON(a, w, m, v, g, n) }

func (isa) evaluate(t *slopeTile)           { evaluateNEON(t) }
func (isa) backWidth(int) int               { return Lanes }
func (isa) backward(t *backTile, width int) { backward16NEON(t) }
func (isa) dotSteps(t *stepTile)            { dotStepsNEON(t) }

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
func sumSpikes64NEON(t *spikeTile)

//go:noescape
func sumSpikes16NEON(t *spikeTile)

//go:noescape
func dotRows8NEON(group *dotGroup)

//go:noescape
func adamNEON(a *AdamStep, w, m, v, grad *float32, n int)

//go:noescape
func indicesNEON(dst *uint32, v *uint64, words int, base uint32) int

//go:noescape
func evaluateNEON(t *slopeTile)

//go:noescape
func backward16NEON(t *backTile)

//go:noescape
func dotStepsNEON(t *stepTile)
