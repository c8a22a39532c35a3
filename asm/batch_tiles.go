//go:build !purego && !noasm && (amd64 || arm64)

package asm

import "unsafe"

// stream is one stream of a batch, or a piece of its steps, from the layer's
// first column on.
type stream struct {
	rows   *uint32
	values *float32 // nil for spikes
	ends   *int32
	steps  int
	s      *float32
	out    unsafe.Pointer
}

// batchTile is the argument of the assembly of Batch.Forward: it runs count
// streams through each tile. The list and state of the tile are unused, but
// for rows, which is that of the stream that runs.
type batchTile struct {
	tile
	streams *stream
	count   int
	// The stream that runs, as a number since it ends up past the last one, and
	// how many are left with it.
	stream uintptr //lint:ignore U1000 used by the assembly
	left   int     //lint:ignore U1000 used by the assembly
}

// batchScratch is the memory of a Batch for the kernels.
type batchScratch struct {
	streams []stream
	calls   []int   // the end of each call's part of streams
	ends    []int32 // of pieces
	units   int     // of the last call
	piece   piece
}

func (s *batchScratch) reset() {
	s.streams, s.calls, s.ends, s.units = s.streams[:0], s.calls[:0], s.ends[:0], 0
}

// add lists the steps of in, from row of tr on, for calls that may do work units.
func (s *batchScratch) add(t *tile, u *Units, in *Inputs, tr *Trace, row, work int) {
	steps := len(in.Ends)
	units := in.units(steps)
	t.init(u, tr, steps, row, 0, u.N)
	rows, values := in.first()
	s.streams = append(s.streams, stream{rows, values, &in.Ends[0], steps, t.s, t.out})
	last := len(s.calls) - 1
	if last < 0 || s.units+units > work {
		s.calls, s.units = append(s.calls, 0), 0
		last++
	}
	s.calls[last] = len(s.streams)
	s.units += units
}

// forwardBatch is Batch.Forward by the kernels of k: panel after panel, in each
// one call after the other for as many streams as it may do.
func (k *isa) forwardBatch(b *Batch, w *Matrix, u *Units, in []*Inputs, tr []*Trace) {
	if w.panel > tileWidth {
		b.forwardEach(k.forwardTiles, w, u, in, tr)
		return
	}
	s := &b.scratch
	var t batchTile
	for i := range in {
		k.listStream(s, &t.tile, u, in[i], tr[i])
	}
	if len(s.calls) > 0 {
		columns := tileWidth
		if len(s.calls) == 1 {
			columns *= k.work / s.units
		}
		for first := 0; first < u.N; first += columns {
			k.batchCalls(s, &t, w, u, first, min(first+columns, u.N))
		}
	}
	for i := range in {
		if k.tooLong(in[i]) {
			k.forwardTiles(w, u, in[i], tr[i])
		}
		clearTail(u, tr[i], len(in[i].Ends))
	}
}

// batchCalls runs the listed streams through the columns between first and end.
func (k *isa) batchCalls(s *batchScratch, t *batchTile, w *Matrix, u *Units, first, end int) {
	t.current = &u.Current[0]
	whole := first + (end-first)&^(tileWidth-1)
	from := 0
	for _, to := range s.calls {
		t.streams, t.count = &s.streams[from], to-from
		if first < whole {
			t.weigh(w, first, tileWidth)
			t.from, t.to = uintptr(4*first), uintptr(4*whole)
			k.batch64(local(t))
		}
		if whole < end {
			t.weigh(w, whole, Lanes)
			t.from, t.to = uintptr(4*whole), uintptr(4*end)
			k.batch16(local(t))
		}
		from = to
	}
}

// listStream lists a stream, if it has steps, in pieces if one call may not do
// all of it; not if a single step is too long.
func (k *isa) listStream(s *batchScratch, t *tile, u *Units, in *Inputs, tr *Trace) {
	steps := len(in.Ends)
	if steps == 0 || k.tooLong(in) {
		return
	}
	if in.units(steps) <= k.work {
		s.add(t, u, in, tr, 0, k.work)
		return
	}
	p := &s.piece
	p.cursor = cursor{}
	for p.step < steps {
		row := p.step
		part := p.next(in, k.work)
		from := len(s.ends)
		s.ends = append(s.ends, part.Ends...)
		part.Ends = s.ends[from:]
		s.add(t, u, &part, tr, row, k.work)
	}
}

// tooLong reports whether a step of in takes more than one call may do.
func (k *isa) tooLong(in *Inputs) bool {
	if len(in.Rows) <= k.work-updateUnits {
		return false
	}
	from := int32(0)
	for _, end := range in.Ends {
		if int(end-from) > k.work-updateUnits {
			return true
		}
		from = end
	}
	return false
}
