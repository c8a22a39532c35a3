//go:build !purego && !noasm

package asm

import "sync"

// isa selects the kernels of an instruction set. They are called directly, not
// through variables, so that their arguments stay on the stack.
type isa bool

const (
	avx2   isa = false
	avx512 isa = true
)

func (k isa) forward64(t *tile) {
	if k == avx512 {
		forward64AVX512(t)
	} else {
		forward64AVX2(t)
	}
}

func (k isa) forward16(t *tile) {
	if k == avx512 {
		forward16AVX512(t)
	} else {
		forward16AVX2(t)
	}
}

func (k isa) batch64(t *batchTile) {
	if k == avx512 {
		batch64AVX512(t)
	} else {
		batch64AVX2(t)
	}
}

func (k isa) batch16(t *batchTile) {
	if k == avx512 {
		batch16AVX512(t)
	} else {
		batch16AVX2(t)
	}
}

// rowList is the argument of addRows in assembly, which counts the rows down.
type rowList struct {
	acc     *float32
	from    *float32 // where acc starts
	columns int      // a multiple of Lanes
	data    *float32 // of row 0
	stride  uintptr  // in bytes
	rows    *uint32
	values  *float32 // nil for spikes
	left    int      // rows
	done    int      //lint:ignore U1000 bytes of rows and values behind the pass at work
	none    *float32 // columns zeros
}

// addRows sets acc to start plus the listed rows of data, each times its value
// if there are values.
func (k isa) addRows(acc, start, data []float32, stride int, rows []uint32, values []float32) {
	l := rowList{
		acc: &acc[0], from: &start[0], columns: len(acc),
		data: &data[0], stride: uintptr(4 * stride),
		rows: &rows[0], left: len(rows), none: &noRow[0],
	}
	if values != nil {
		l.values = &values[0]
	}
	if k == avx512 {
		addRowsAVX512(&l)
	} else {
		addRowsAVX2(&l)
	}
}

func (k isa) sumRows64(t *sumTile) {
	if k == avx512 {
		sumRows64AVX512(t)
	} else {
		sumRows64AVX2(t)
	}
}

func (k isa) sumRows16(t *sumTile) {
	if k == avx512 {
		sumRows16AVX512(t)
	} else {
		sumRows16AVX2(t)
	}
}

func (k isa) sumSpikes64(t *spikeTile) {
	if k == avx512 {
		sumSpikes64AVX512(t)
	} else {
		sumSpikes64AVX2(t)
	}
}

func (k isa) sumSpikes16(t *spikeTile) {
	if k == avx512 {
		sumSpikes16AVX512(t)
	} else {
		sumSpikes16AVX2(t)
	}
}

func (k isa) dotRows8(g *dotGroup) {
	if k == avx512 {
		dotRows8AVX512(g)
	} else {
		dotRows8AVX2(g)
	}
}

func (k isa) adam(a *AdamStep, w, m, v, g *float32, n int) {
	if k == avx512 {
		adamAVX512(a, w, m, v, g, n)
	} else {
		adamAVX2(a, w, m, v, g, n)
	}
}

func (k isa) evaluate(t *slopeTile) {
	if k == avx512 {
		evaluateAVX512(t)
	} else {
		evaluateAVX2(t)
	}
}

// backWidth is the number of columns, of those left, that backward takes at
// once.
func (k isa) backWidth(left int) int {
	if k == avx512 && left >= tileWidth {
		return tileWidth
	}
	return Lanes
}

func (k isa) backward(t *backTile, width int) {
	switch {
	case k == avx2:
		backward16AVX2(t)
	case width == tileWidth:
		backward64AVX512(t)
	default:
		backward16AVX512(t)
	}
}

// longestTurn is the length of rows, in elements, of which 32 take no more than
// two thirds of the first-level cache: the rest is for the errors. It is found
// when training begins, since a virtual machine is slow to tell.
var longestTurn = sync.OnceValue(func() int { return firstLevel() * 2 / 3 / 32 / 4 })

func (k isa) dotSteps(t *stepTile) {
	n := tileWidth*t.parts[0].panels + Lanes*t.parts[1].vectors
	narrow := k == avx512 && n == Lanes // which has code of its own
	t.turn = 16
	if n <= longestTurn() && !narrow {
		t.turn = 32
	}
	if k == avx512 {
		dotStepsAVX512(t)
	} else {
		dotStepsAVX2(t)
	}
}

func (k isa) indices(dst *uint32, v *uint64, words int, base uint32) int {
	if k == avx512 {
		return indicesAVX512(dst, v, words, base)
	}
	return indicesAVX2(dst, v, words, base)
}

//go:noescape
func forward64AVX2(t *tile)

//go:noescape
func forward64AVX512(t *tile)

//go:noescape
func forward16AVX2(t *tile)

//go:noescape
func forward16AVX512(t *tile)

//go:noescape
func batch64AVX2(t *batchTile)

//go:noescape
func batch64AVX512(t *batchTile)

//go:noescape
func batch16AVX2(t *batchTile)

//go:noescape
func batch16AVX512(t *batchTile)

//go:noescape
func addRowsAVX2(list *rowList)

//go:noescape
func addRowsAVX512(list *rowList)

//go:noescape
func sumRows64AVX2(t *sumTile)

//go:noescape
func sumRows64AVX512(t *sumTile)

//go:noescape
func sumRows16AVX2(t *sumTile)

//go:noescape
func sumRows16AVX512(t *sumTile)

//go:noescape
func sumSpikes64AVX2(t *spikeTile)

//go:noescape
func sumSpikes64AVX512(t *spikeTile)

//go:noescape
func sumSpikes16AVX2(t *spikeTile)

//go:noescape
func sumSpikes16AVX512(t *spikeTile)

//go:noescape
func dotRows8AVX2(group *dotGroup)

//go:noescape
func dotRows8AVX512(group *dotGroup)

//go:noescape
func adamAVX2(a *AdamStep, w, m, v, grad *float32, n int)

//go:noescape
func adamAVX512(a *AdamStep, w, m, v, grad *float32, n int)

//go:noescape
func indicesAVX2(dst *uint32, v *uint64, words int, base uint32) int

//go:noescape
func indicesAVX512(dst *uint32, v *uint64, words int, base uint32) int

//go:noescape
func evaluateAVX2(t *slopeTile)

//go:noescape
func evaluateAVX512(t *slopeTile)

//go:noescape
func backward64AVX512(t *backTile)

//go:noescape
func backward16AVX2(t *backTile)

//go:noescape
func backward16AVX512(t *backTile)

//go:noescape
func dotStepsAVX2(t *stepTile)

//go:noescape
func dotStepsAVX512(t *stepTile)
