//go:build !purego && !noasm && (amd64 || arm64)

package asm

import "unsafe"

// byteTile is the argument of the assembly of intSum, for neighbouring columns.
type byteTile struct {
	weights *word   // first column of the tile in row 0
	stride  uintptr // bytes from a row to the next
	rows    *uint32
	left    int // rows, 1 to intRows
	columns int // that are wanted, a multiple of Lanes
	out     *float32
	start   *float32
	scale   *float32
	part    *float32
	lanes   *uint16 // room for the sums of a tile
}

// byteRows is the argument of addBytes: eight rows and where the sums of their
// columns are, a multiple of intBlock: for each block the sums of 32 pairs of
// bytes as 16-bit numbers, then those of the odd bytes.
type byteRows struct {
	rows    [8]*word
	sums    *uint16
	columns int
}

// noBytes are biased bytes that add nothing.
var noBytes = words(intStream / wordBytes)

// streamBytes is intSum for a matrix of whole rows, which stream past the caches:
// it adds eight rows at a time to sums in memory.
func (k *isa) streamBytes(s *intSum) {
	n := padBlock(len(s.out))
	sums := s.lanes[:n]
	clear(sums)
	g := byteRows{sums: &sums[0], columns: n}
	for rows := s.rows; len(rows) > 0; {
		count := min(len(g.rows), len(rows))
		for i := range g.rows {
			g.rows[i] = &noBytes[0]
			if i < count {
				g.rows[i] = &s.data[int(rows[i])*s.stride:][:n/wordBytes][0]
			}
		}
		k.addBytes(local(&g))
		rows = rows[count:]
	}
	t := byteTile{left: len(s.rows), lanes: &s.lanes[n]}
	for first := 0; first < len(s.out); first += intBlock {
		t.weights, t.columns = (*word)(unsafe.Pointer(&sums[first])), min(intBlock, len(s.out)-first)
		t.out, t.start, t.scale, t.part = &s.out[first], &s.start[first], &s.scale[first], &s.part[first]
		k.joinBytes64(local(&t))
	}
}

// sumBytesTiles is intSum by the kernels of k.
func (k *isa) sumBytesTiles(s *intSum) {
	if s.long && k.addBytes != nil {
		k.streamBytes(s)
		return
	}
	n := len(s.out)
	t := byteTile{stride: wordBytes * uintptr(s.stride), rows: &s.rows[0], left: len(s.rows), lanes: &s.lanes[0]}
	_, _, _ = s.start[n-1], s.scale[n-1], s.part[n-1]
	for first, width := 0, 0; first < n; first += width {
		run := k.sumBytes64
		width = intBlock
		if first+k.byteColumns <= n {
			run, width = k.sumBytes, k.byteColumns
		}
		t.weights, t.columns = &s.data[first/wordBytes], min(width, n-first)
		t.out, t.start, t.scale, t.part = &s.out[first], &s.start[first], &s.scale[first], &s.part[first]
		run(local(&t))
	}
}
