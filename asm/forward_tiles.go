//go:build !purego && !noasm && (amd64 || arm64)

package asm

// forwardTiles is Forward by the kernels of k: tile after tile of 64 columns,
// then of 16, each over all steps.
func (k *isa) forwardTiles(w *Matrix, u *Units, in *Inputs, tr *Trace) {
	steps := len(in.Ends)
	if steps == 0 || u.N == 0 {
		return
	}
	switch units := in.units(steps); {
	case w.panel > tileWidth:
		k.forwardStream(w, u, in, tr)
	case units*(u.N/tileWidth+1) <= k.work:
		k.sweep(w, u, in, tr, 0, u.Current[:u.N], 0)
	case units <= k.work:
		columns := k.work / units * tileWidth
		for first := 0; first < u.N; first += columns {
			k.sweep(w, u, in, tr, 0, u.Current[first:min(first+columns, u.N)], first)
		}
	default:
		for first := 0; first < u.N; first += tileWidth {
			k.forwardPieces(w, u, in, tr, u.Current[first:min(first+tileWidth, u.N)], first)
		}
	}
	clearTail(u, tr, steps)
}

// forwardPieces is Forward for the tile from column first on, in several calls.
func (k *isa) forwardPieces(w *Matrix, u *Units, in *Inputs, tr *Trace, current []float32, first int) {
	var p piece
	for p.step < len(in.Ends) {
		row := p.step
		if part := p.next(in, k.work); len(part.Ends) > 0 {
			k.sweep(w, u, &part, tr, row, current, first)
			continue
		}
		var buf [tileWidth + Lanes]float32
		sums := aligned(buf[:])[:len(current)]
		data, stride := w.from(first)
		rows, values := p.take(in)
		k.addRowsTo(sums, current, data, stride, rows, values)
		k.sweep(nil, u, &noInputs, tr, p.step-1, sums, first)
	}
}

// forwardStream is Forward for a matrix of whole rows, which stream past the
// caches: it sums streamColumns columns in memory, several rows at a time, then
// updates the neurons by a step without rows that starts at these sums.
func (k *isa) forwardStream(w *Matrix, u *Units, in *Inputs, tr *Trace) {
	var buf [streamColumns + Lanes]float32
	acc := aligned(buf[:])
	for first := 0; first < u.N; first += streamColumns {
		data, stride := w.from(first)
		start := u.Current[first:min(first+streamColumns, u.N)]
		sums := acc[:len(start)]
		var c cursor
		for step := range in.Ends {
			rows, values := c.take(in)
			k.addRowsTo(sums, start, data, stride, rows, values)
			k.sweep(nil, u, &noInputs, tr, step, sums, first)
		}
	}
}

// updateTiles is Update by the kernels of k.
func (k *isa) updateTiles(u *Units, sums []float32, stride, steps int, tr *Trace) {
	columns := k.work / updateUnits * tileWidth
	for step := range steps {
		for first := 0; first < u.N; first += columns {
			k.sweep(nil, u, &noInputs, tr, step, sums[step*stride:][first:min(first+columns, u.N)], first)
		}
	}
	clearTail(u, tr, steps)
}

// updatePart is the update of one step and of len(sums) neurons from first on.
func (k *isa) updatePart(sums []float32, u *Units, tr *Trace, first, step int) {
	k.sweep(nil, u, &noInputs, tr, step, sums, first)
}

// sweep runs the kernels over the steps of in, which start at row of tr, for
// the columns from first on, whose sums start at start. w is nil if no step has
// rows. Only here are start and in put into the tile, not by a method, so that they
// do not leave the stack.
func (k *isa) sweep(w *Matrix, u *Units, in *Inputs, tr *Trace, row int, start []float32, first int) {
	var t tile
	t.init(u, tr, len(in.Ends), row, first, len(start))
	t.rows, t.values = in.first()
	t.ends, t.current = &in.Ends[0], &start[0]
	if whole := len(start) &^ (tileWidth - 1); whole > 0 {
		t.weigh(w, first, tileWidth)
		t.to = uintptr(4 * whole)
		k.forward64(local(&t))
		first += whole
	}
	if t.from = t.to; t.from < uintptr(4*len(start)) {
		t.weigh(w, first, Lanes)
		t.to = uintptr(4 * len(start))
		k.forward16(local(&t))
	}
}
