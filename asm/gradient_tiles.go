//go:build !purego && !noasm && (amd64 || arm64)

package asm

// sumTile is the argument of the assembly of SumRows, for a few neighbouring
// columns. Strides are in bytes.
type sumTile struct {
	dst       *float32
	dstStride uintptr
	src       *float32
	srcStride uintptr
	rows      *uint32
	values    *float32 // nil for none
	ends      *int32
	steps     int
}

// sumRowsTiles is SumRows by the kernels of k.
func (k isa) sumRowsTiles(dst, src *Matrix, in *Inputs) {
	if len(in.Rows) == 0 {
		return
	}
	t := sumTile{rows: &in.Rows[0], ends: &in.Ends[0], steps: len(in.Ends)}
	if in.Values != nil {
		t.values = &in.Values[0]
	}
	n := Pad(src.cols)
	for first := 0; first < n; {
		to, toStride := dst.from(first)
		_ = to[(t.steps-1)*toStride]
		from, fromStride := src.from(first)
		t.dst, t.dstStride = &to[0], 4*uintptr(toStride)
		t.src, t.srcStride = &from[0], 4*uintptr(fromStride)
		if first+tileWidth <= n {
			k.sumRows64(&t)
			first += tileWidth
		} else {
			k.sumRows16(&t)
			first += Lanes
		}
	}
}

// spikeTile is the argument of the assembly of SumSpikes, for a few neighbouring
// columns. Strides are in bytes.
type spikeTile struct {
	dst        *float32
	dstStride  uintptr
	rows       int
	src        *float32
	srcStride  uintptr
	words      *uint64
	wordStride uintptr
}

// sumSpikesTiles is SumSpikes, once that has checked its arguments, by the
// kernels of k.
func (k isa) sumSpikesTiles(dst, src *Matrix, first, rows int, spikes []uint64, stride int) {
	t := spikeTile{rows: rows, words: &spikes[0], wordStride: 8 * uintptr(stride)}
	n := Pad(src.cols)
	for column := 0; column < n; {
		to, toStride := dst.from(column)
		from, fromStride := src.from(column)
		t.dst, t.dstStride = &to[0], 4*uintptr(toStride)
		t.src, t.srcStride = &from[first*fromStride], 4*uintptr(fromStride)
		if column+tileWidth <= n {
			k.sumSpikes64(&t)
			column += tileWidth
		} else {
			k.sumSpikes16(&t)
			column += Lanes
		}
	}
}

// dotGroup is the argument of the assembly of DotRows, for eight rows over
// panels of vectors×16 columns.
type dotGroup struct {
	rows    [8]*float32 // first column of the first panel
	d       *float32
	panels  int
	vectors int
	skip    uintptr // bytes from the end of a row's part in one panel to its part in the next
	//lint:ignore U1000 kept by the assembly from one call to the next
	lanes [8][Lanes]float32
	sums  [8]float32 // the lanes of each row, folded
}

// dotRowsTiles is DotRows by the kernels of k.
func (k isa) dotRowsTiles(dst []float32, m *Matrix, rows []uint32, d []float32) {
	n := Pad(m.cols)
	whole := n - n%m.panel // columns in panels of full width
	d = d[:n]
	for len(rows) > 0 {
		var g dotGroup
		count := min(8, len(rows))
		for _, part := range [2]struct{ first, end int }{{0, whole}, {whole, n}} {
			if part.first == part.end {
				continue
			}
			data, width := m.from(part.first)
			for i := range g.rows {
				r := int(rows[min(i, count-1)]) // the last row fills up the group
				g.rows[i] = &data[r*width : (r+1)*width][0]
			}
			g.d = &d[part.first]
			g.panels, g.vectors = (part.end-part.first)/width, width/Lanes
			g.skip = 4 * uintptr((m.rows-1)*width)
			k.dotRows8(&g)
		}
		copy(dst[:count], g.sums[:])
		dst, rows = dst[count:], rows[count:]
	}
}

// stepTile is the argument of the assembly of DotSteps, for up to 15 steps.
// Strides are in bytes. The kernels count inputs down and move on from input to
// input, by numbers: they end up past the last one, where no pointer may be.
type stepTile struct {
	words     *uint32 // the set of input 0
	inputs    int
	dst       *float32 // step 0 of input 0
	dstStride uintptr
	//lint:ignore U1000 used by the assembly
	set, to uintptr     // words and dst of the input at work
	parts   [2]stepPart // panels of 64 columns; one of those that are left
	turn    int         // of AVX2 and AVX-512: how many inputs are taken together, 16 or 32
	// Of AVX-512, from the next multiple of 64 bytes on: the lanes of 32 inputs,
	// their products and four words. Of AVX2: 64 words that mask the inputs, and the
	// list of steps.
	//lint:ignore U1000 used by the assembly
	room [(32 + 2 + 1 + 1) * Lanes]float32
}

// stepPart is neighbouring panels of the two matrices, each of vectors×16
// columns. Skips lead from the end of a row's part in one panel to its part in
// the next.
type stepPart struct {
	panels  int
	vectors int
	w       *float32 // first panel of input 0
	//lint:ignore U1000 used by the assembly
	row     uintptr // that of the input at work
	wStride uintptr
	wSkip   uintptr
	d       *float32 // first panel of step 0
	dStride uintptr
	dSkip   uintptr
}

// dotStepsTiles is DotSteps by the kernels of k.
func (k isa) dotStepsTiles(dst []float32, inputs int, w, d *Matrix, first int, steps *Steps) {
	n, columns := steps.n, Pad(w.cols)
	if inputs == 0 {
		return
	}
	t := stepTile{dstStride: 4 * uintptr(n)}
	for base := 0; base < len(steps.words); base += n {
		from := base / n * stepsWord
		t.words, t.inputs, t.dst = &steps.words[base : base+inputs][0], inputs, &dst[from*n]
		whole := columns &^ (tileWidth - 1)
		if whole > 0 {
			t.parts[0] = stepsOf(w, d, inputs, first+from, 0, tileWidth, whole/tileWidth)
		}
		if whole < columns {
			t.parts[1] = stepsOf(w, d, inputs, first+from, whole, columns-whole, 1)
		}
		k.dotSteps(&t)
	}
}

// stepsOf returns the part of panels panels of width columns from column first
// on; step 0 is row of d.
func stepsOf(w, d *Matrix, inputs, row, first, width, panels int) stepPart {
	from, stride := w.from(first)
	_ = from[(inputs-1)*stride]
	to, _ := d.from(first)
	p := stepPart{
		panels: panels, vectors: width / Lanes,
		w: &from[0], wStride: 4 * uintptr(stride),
		d: &to[row*stride], dStride: 4 * uintptr(stride),
	}
	if width == w.panel {
		p.wSkip, p.dSkip = uintptr(4*width*(w.rows-1)), uintptr(4*width*(d.rows-1))
	}
	return p
}

// adamVectors is AdamStep.Apply by the kernels of k.
func (k isa) adamVectors(a AdamStep, w, m, v, g []float32) {
	n := len(w) &^ (Lanes - 1)
	m, v, g = m[:len(w)], v[:len(w)], g[:len(w)]
	if n > 0 {
		k.adam(&a, &w[0], &m[0], &v[0], &g[0], n)
	}
	adamGeneric(a, w[n:], m[n:], v[n:], g[n:])
}

// indicesWords is Indices by the kernels of k.
func (k isa) indicesWords(dst []uint32, v []uint64, base uint32) int {
	if len(v) == 0 {
		return 0
	}
	_ = dst[64*len(v)-1]
	return k.indices(&dst[0], &v[0], len(v), base)
}
