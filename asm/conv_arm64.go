//go:build !purego && !noasm

package asm

func (isa) scatter(l *scatterList) { scatterNEON(l, false) }
func (isa) collect(l *scatterList) { scatterNEON(l, true) }
func (isa) scatterDot(l *dotList)  { scatterDotNEON(l) }

//go:noescape
func scatterNEON(l *scatterList, collect bool)

//go:noescape
func scatterDotNEON(l *dotList)
