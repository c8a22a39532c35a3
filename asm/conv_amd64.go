//go:build !purego && !noasm

package asm

func (k isa) scatter(l *scatterList) {
	if k == avx512 {
		scatterAVX512(l)
	} else {
		scatterAVX2(l)
	}
}

func (k isa) collect(l *scatterList) {
	if k == avx512 {
		collectAVX512(l)
	} else {
		collectAVX2(l)
	}
}

func (isa) scatterDot(l *dotList) { scatterDotAVX2(l) }

//go:noescape
func scatterAVX2(l *scatterList)

//go:noescape
func scatterAVX512(l *scatterList)

//go:noescape
func collectAVX2(l *scatterList)

//go:noescape
func collectAVX512(l *scatterList)

//go:noescape
func scatterDotAVX2(l *dotList)
