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
		t.out, t.start, t.scale = &s.out[first], &s.start[first], &s.scale[first]
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
	_, _ = s.start[n-1], s.scale[n-1]
	for first, width := 0, 0; first < n; first += width {
		run := k.sumBytes64
		width = intBlock
		if first+k.byteColumns <= n {
			run, width = k.sumBytes, k.byteColumns
		}
		t.weights, t.columns = &s.data[first/wordBytes], min(width, n-first)
		t.out, t.start, t.scale = &s.out[first], &s.start[first], &s.scale[first]
		run(local(&t))
	}
}

// panels runs the steps of in, which has no values, for the columns from first to
// end of matrices in panels, panel after panel: what the kernels take is written
// once a panel.
func (k *isa) panels(of *tier, m *Integers, u *Units, in *Inputs, own *Integers, spikes *Inputs, tr *Trace, first, end int, s *IntScratch) {
	steps := len(in.Ends)
	if steps == 0 {
		return
	}
	for ; first < end; first += intPanel {
		n := min(intPanel, end-first)
		current, sums := u.Current[first:first+n], s.sums[:n]
		a, b := &s.panels[0], &s.panels[1]
		a.init(k, m, sums, first, s)
		if own != nil {
			b.init(k, own, sums, first, s)
		}
		var t tile
		t.init(u, tr, steps, 0, first, n)
		t.steps, t.ends = 1, &noInputs.Ends[0]
		whole := uintptr(n &^ (tileWidth - 1))
		at, ownAt := int32(0), int32(0)
		for step, to := range in.Ends {
			start := current
			if rows := in.Rows[at:to]; len(rows) > intRows {
				m.sum(of, s, sums, start, first, rows, nil)
				start = sums
			} else if len(rows) > 0 {
				a.sum(k, start, rows)
				start = sums
			}
			at = to
			if own != nil {
				to := spikes.Ends[step]
				if rows := spikes.Rows[ownAt:to]; len(rows) > intRows {
					own.sum(of, s, sums, start, first, rows, nil)
					start = sums
				} else if len(rows) > 0 {
					b.sum(k, start, rows)
					start = sums
				}
				ownAt = to
			}
			t.current = &start[0]
			if t.from, t.to = 0, 4*whole; whole > 0 {
				k.forward64(local(&t))
			}
			if t.from, t.to = 4*whole, uintptr(4*n); t.from < t.to {
				k.forward16(local(&t))
			}
			t.s = (*float32)(unsafe.Add(unsafe.Pointer(t.s), t.sStride))
			t.out = unsafe.Add(t.out, t.outStride)
		}
	}
}

// bytePanel is the kernels' arguments for the columns of a panel, of which those
// that a sum has not set are of the sum before.
type bytePanel struct {
	tiles [intPanel / intBlock]byteTile
	n     int // tiles
	wide  int // of them for sumBytes, the others for sumBytes64
}

// init sets the arguments for sums of the panel that starts at column first.
func (p *bytePanel) init(k *isa, m *Integers, sums []float32, first int, s *IntScratch) {
	p.n, p.wide = 0, 0
	data, stride := m.from(first)
	scale := m.scale[first:][:len(sums)]
	for from, width := 0, 0; from < len(sums); from += width {
		width = intBlock
		if from+k.byteColumns <= len(sums) {
			width = k.byteColumns
			p.wide++
		}
		t := &p.tiles[p.n]
		t.weights, t.stride, t.columns = &data[from/wordBytes], wordBytes*uintptr(stride), min(width, len(sums)-from)
		t.out, t.scale, t.lanes = &sums[from], &scale[from], &s.lanes[0]
		p.n++
	}
}

// sum sets the sums to start + scale·N for the listed rows, at least one and at most
// intRows.
func (p *bytePanel) sum(k *isa, start []float32, rows []uint32) {
	from := 0
	for i := range p.tiles[:p.n] {
		t := &p.tiles[i]
		t.start, t.rows, t.left = &start[from], &rows[0], len(rows)
		from += t.columns
		if i < p.wide {
			k.sumBytes(local(t))
		} else {
			k.sumBytes64(local(t))
		}
	}
}
