//go:build !purego && !noasm

package asm

import "unsafe"

// stream is one stream of a batch, from the layer's first column on.
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
type batchScratch []stream

func (s *batchScratch) reset() { *s = (*s)[:0] }

// forwardBatch is Batch.Forward by the kernels of k.
func (k isa) forwardBatch(b *Batch, w *Matrix, u *Units, in []*Inputs, tr []*Trace) {
	if w.panel > tileWidth {
		b.forwardEach(k.forwardTiles, w, u, in, tr)
		return
	}
	var t batchTile
	for i := range in {
		if len(in[i].Ends) > 0 {
			t.init(u, in[i], tr[i], 0, 0, u.N)
			b.scratch = append(b.scratch, stream{t.rows, t.values, t.ends, t.steps, t.s, t.out})
		}
	}
	if len(b.scratch) == 0 {
		return
	}
	t.current, t.streams, t.count = &u.Current[0], &b.scratch[0], len(b.scratch)
	whole := u.N &^ (tileWidth - 1)
	if whole > 0 {
		t.weigh(w, 0, tileWidth)
		t.to = uintptr(4 * whole)
		k.batch64(&t)
	}
	if whole < u.N {
		t.weigh(w, whole, Lanes)
		t.from, t.to = uintptr(4*whole), uintptr(4*u.N)
		k.batch16(&t)
	}
	for i := range in {
		clearTail(u, tr[i], len(in[i].Ends))
	}
}
