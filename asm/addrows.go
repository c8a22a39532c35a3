//go:build !purego && !noasm && (amd64 || arm64)

package asm

// streamColumns is the number of columns that are summed at once, in memory,
// when weights stream past the caches: their sums and states stay in the
// first-level cache.
const streamColumns = 1024

// noRow fills up the last of the groups in which rows are added. Adding it
// changes nothing, because a sum that starts at Current is never −0.
var noRow [streamColumns]float32

// noInputs is a time step without rows.
var noInputs = Inputs{Ends: []int32{0}}

// rowGroups is a multiple of the number of rows that any kernel adds at once.
const rowGroups = 24

// rowList is the argument of addRows, which counts the rows down.
type rowList struct {
	acc     *float32
	from    *float32 // where acc starts
	columns int      // a multiple of Lanes, at most streamColumns
	data    *float32 // of row 0
	stride  uintptr  // in bytes
	rows    *uint32
	values  *float32 // nil for spikes
	left    int      // rows
	done    int      //lint:ignore U1000 bytes of rows and values behind the pass at work
	none    *float32 // columns zeros
}

// addRowsTo sets acc to start plus the listed rows of data, each times its value
// if there are values.
func (k *isa) addRowsTo(acc, start, data []float32, stride int, rows []uint32, values []float32) {
	if len(rows) == 0 {
		copy(acc, start)
		return
	}
	l := rowList{
		acc: &acc[0], from: &start[0], columns: len(acc),
		data: &data[0], stride: uintptr(4 * stride), none: &noRow[0],
	}
	most := max(1, k.work*tileWidth/len(acc)/rowGroups) * rowGroups
	for {
		n := min(most, len(rows))
		l.rows, l.left, l.done = &rows[0], n, 0
		if values != nil {
			l.values = &values[0]
			values = values[n:]
		}
		k.addRows(local(&l))
		if rows = rows[n:]; len(rows) == 0 {
			return
		}
		l.from = l.acc
	}
}
