//go:build !purego && !noasm && (amd64 || arm64)

package asm

// forwardTiles is Forward by the kernels of k: tile after tile of 64 columns,
// then of 16, each over all steps.
func (k isa) forwardTiles(w *Matrix, u *Units, in *Inputs, tr *Trace) {
	if len(in.Ends) == 0 {
		return
	}
	if w.panel > tileWidth {
		k.forwardStream(w, u, in, tr)
	} else {
		var t tile
		t.init(u, in, tr)
		k.sweep(t, w, u, tr, u.Current[:u.N], 0)
	}
	clearTail(u, tr, len(in.Ends))
}

// forwardStream is Forward for a matrix of whole rows, which stream past the
// caches: it sums streamColumns columns in memory, several rows at a time, then
// updates the neurons by a step without rows that starts at these sums.
func (k isa) forwardStream(w *Matrix, u *Units, in *Inputs, tr *Trace) {
	var acc [streamColumns]float32
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
			one := tr.step(step)
			k.updateStep(u, sums, &one, first)
		}
	}
}

// updateTiles is Update by the kernels of k.
func (k isa) updateTiles(u *Units, sums []float32, stride, steps int, tr *Trace) {
	for step := range steps {
		one := tr.step(step)
		k.updateStep(u, sums[step*stride:][:u.N], &one, 0)
	}
	clearTail(u, tr, steps)
}

// updateStep updates the neurons from first on for the single step of tr with
// the input sums a: a step of Forward that has no rows and starts at a.
func (k isa) updateStep(u *Units, a []float32, tr *Trace, first int) {
	var t tile
	t.init(u, &noInputs, tr)
	k.sweep(t, nil, u, tr, a, first)
}

// sweep runs the kernels over the steps of t for the columns from first on
// whose sums start at start; w is nil for steps without rows. t is a copy, and
// start is not set by a method, so that neither leaves the stack.
func (k isa) sweep(t tile, w *Matrix, u *Units, tr *Trace, start []float32, first int) {
	if tiles := len(start) / tileWidth; tiles > 0 {
		t.weigh(w, first, tileWidth)
		t.move(u, tr, first, tileWidth, tiles)
		t.current = &start[0]
		k.forward64(&t)
		start, first = start[tiles*tileWidth:], first+tiles*tileWidth
	}
	if len(start) > 0 {
		t.weigh(w, first, Lanes)
		t.move(u, tr, first, Lanes, len(start)/Lanes)
		t.current = &start[0]
		k.forward16(&t)
	}
}
