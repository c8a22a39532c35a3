//go:build !purego && !noasm

package asm

import "unsafe"

// isas is NEON, which every arm64 CPU has. The slowest boards, with Cortex-A53,
// load about 1.5 GB/s from memory.
var isas = []isa{{
	name:      "neon",
	has:       func() bool { return true },
	work:      1024,
	forward64: forward64NEON, forward16: forward16NEON,
	addRows:  addRowsNEON,
	indices:  indicesNEON,
	scatter:  scatterNEON,
	sumBytes: sumBytes128NEON, sumBytes64: sumBytes64NEON, byteColumns: 128,
	scatterBytes: [3]func(*byteList){scatterBytesNEON, scatterBytesNEON, scatterBytesNEON}, joinLanes: joinLanesNEON,
}}

// trainingOf returns the kernels of training.
func trainingOf(string) isaTraining {
	return isaTraining{
		sumRows64: sumRows64NEON, sumRows16: sumRows16NEON,
		sumSpikes64: sumSpikes64NEON, sumSpikes16: sumSpikes16NEON,
		dotRows8:   dotRows8NEON,
		adam:       adamNEON,
		collect:    collectNEON,
		scatterDot: scatterDotNEON,
		evaluate:   evaluateNEON,
		backward16: backward16NEON,
		dotSteps:   dotStepsNEON,
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

// addRowsNEON is addRows: eight rows a time, of which the last are filled up
// with none.
func addRowsNEON(l *rowList) {
	copy(unsafe.Slice(l.acc, l.columns), unsafe.Slice(l.from, l.columns))
	rows := unsafe.Slice(l.rows, l.left)
	var values []float32
	if l.values != nil {
		values = unsafe.Slice(l.values, l.left)
	}
	g := rowGroup{acc: l.acc, columns: l.columns, scaled: values != nil}
	for len(rows) > 0 {
		n := min(len(g.rows), len(rows))
		for i := range g.rows {
			g.rows[i], g.values[i] = l.none, 0
			if i < n {
				g.rows[i] = (*float32)(unsafe.Add(unsafe.Pointer(l.data), uintptr(rows[i])*l.stride))
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

func scatterNEON(l *scatterList) { scatterRunsNEON(l, false) }
func collectNEON(l *scatterList) { scatterRunsNEON(l, true) }
