//go:build !purego && !noasm && (amd64 || arm64)

package asm

// forwardTiles is Forward by the kernels of k: tile after tile of 64 columns,
// then of 16, each over all steps.
func (k isa) forwardTiles(w *Matrix, u *Units, in *Inputs, tr *Trace) {
	if len(in.Ends) == 0 || u.N == 0 {
		return
	}
	if w.panel > tileWidth {
		k.forwardStream(w, u, in, tr)
	} else {
		k.sweep(w, u, in, tr, 0, u.Current[:u.N], 0)
	}
	clearTail(u, tr, len(in.Ends))
}

// forwardStream is Forward for a matrix of whole rows, which stream past the
// caches: it sums streamColumns columns in memory, several rows at a time, then
// updates the neurons by a step without rows that starts at these sums.
func (k isa) forwardStream(w *Matrix, u *Units, in *Inputs, tr *Trace) {
	var buf [streamColumns + Lanes]float32
	acc := aligned(buf[:])
	for first := 0; first < u.N; first += streamColumns {
		data, stride := w.from(first)
		start := u.Current[first:min(first+streamColumns, u.N)]
		from := int32(0)
		for step, end := range in.Ends {
			sums := acc[:len(start)]
			switch {
			case from == end:
				copy(sums, start)
			case in.Values == nil:
				k.addRows(sums, start, data, stride, in.Rows[from:end], nil)
			default:
				k.addRows(sums, start, data, stride, in.Rows[from:end], in.Values[from:end])
			}
			from = end
			k.sweep(nil, u, &noInputs, tr, step, sums, first)
		}
	}
}

// updateTiles is Update by the kernels of k.
func (k isa) updateTiles(u *Units, sums []float32, stride, steps int, tr *Trace) {
	for step := range steps {
		k.sweep(nil, u, &noInputs, tr, step, sums[step*stride:][:u.N], 0)
	}
	clearTail(u, tr, steps)
}

// sweep runs the kernels over the steps of in, which start at row of tr, for
// the columns from first on, whose sums start at start. w is nil if no step has
// rows. Only here is start put into the tile, not by a method, so that neither
// leaves the stack.
func (k isa) sweep(w *Matrix, u *Units, in *Inputs, tr *Trace, row int, start []float32, first int) {
	var t tile
	t.init(u, in, tr, row, first, len(start))
	t.current = &start[0]
	if whole := len(start) &^ (tileWidth - 1); whole > 0 {
		t.weigh(w, first, tileWidth)
		t.to = uintptr(4 * whole)
		k.forward64(&t)
		first += whole
	}
	if t.from = t.to; t.from < uintptr(4*len(start)) {
		t.weigh(w, first, Lanes)
		t.to = uintptr(4 * len(start))
		k.forward16(&t)
	}
}
