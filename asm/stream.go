//go:build !purego && !noasm && (amd64 || arm64)

package asm

// streamColumns is the number of columns that are summed at once, in memory,
// when weights stream past the caches: their sums and states stay in the
// first-level cache.
const streamColumns = 1024

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

// noRow stands for the rows that the last group lacks. Adding it changes
// nothing, because a sum that starts at Current is never −0.
var noRow [streamColumns]float32

// noInputs is a time step without rows.
var noInputs = Inputs{Ends: []int32{0}}

// list takes the next rows of in, from entry k to at most entry end, and
// returns how many there are.
func (g *rowGroup) list(data []float32, stride int, in *Inputs, k, end int) int {
	n := min(8, end-k)
	for i, r := range in.Rows[k : k+n] {
		g.rows[i] = &data[int(r)*stride : int(r)*stride+g.columns][0]
	}
	if g.scaled {
		copy(g.values[:], in.Values[k:k+n])
	}
	for i := n; i < 8; i++ {
		g.rows[i], g.values[i] = &noRow[0], 0
	}
	return n
}

// step is the trace of the single step after row t.
func (tr *Trace) step(t int) Trace {
	row := Trace{S: tr.S[t*tr.SStride:], SStride: tr.SStride, YStride: tr.YStride}
	if tr.Y != nil {
		row.Y = tr.Y[t*tr.YStride:]
	}
	if tr.Soft != nil {
		row.Soft = tr.Soft[t*tr.SStride:]
	}
	return row
}
