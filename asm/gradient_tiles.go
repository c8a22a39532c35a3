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
func (k *isa) sumRowsTiles(dst, src *Matrix, in *Inputs) {
	if len(in.Rows) == 0 {
		return
	}
	var p piece
	n := Pad(src.cols)
	for first, width := 0, 0; first < n; first += width {
		run := k.sumRows16
		width = Lanes
		if first+tileWidth <= n {
			run, width = k.sumRows64, tileWidth
		}
		to, toStride := dst.from(first)
		_ = to[(len(in.Ends)-1)*toStride]
		from, fromStride := src.from(first)
		t := sumTile{dstStride: 4 * uintptr(toStride), src: &from[0], srcStride: 4 * uintptr(fromStride)}
		for p.cursor = (cursor{}); p.step < len(in.Ends); {
			row, part := p.nextRows(in, k.work)
			if len(part.Rows) == 0 {
				continue
			}
			t.dst, t.rows, t.ends, t.steps = &to[row*toStride], &part.Rows[0], &part.Ends[0], len(part.Ends)
			if part.Values != nil {
				t.values = &part.Values[0]
			}
			run(local(&t))
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
func (k *isa) sumSpikesTiles(dst, src *Matrix, first, rows int, spikes []uint64, stride int) {
	t := spikeTile{wordStride: 8 * uintptr(stride)}
	n := Pad(src.cols)
	for column, width := 0, 0; column < n; column += width {
		run := k.sumSpikes16
		width = Lanes
		if column+tileWidth <= n {
			run, width = k.sumSpikes64, tileWidth
		}
		to, toStride := dst.from(column)
		from, fromStride := src.from(column)
		t.src, t.srcStride, t.dstStride = &from[first*fromStride], 4*uintptr(fromStride), 4*uintptr(toStride)
		for row := 0; row < rows; row += t.rows {
			t.rows = min(max(1, k.work/64), rows-row)
			t.dst, t.words = &to[row*toStride], &spikes[row*stride]
			run(local(&t))
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
func (k *isa) dotRowsTiles(dst []float32, m *Matrix, rows []uint32, d []float32) {
	n := Pad(m.cols)
	whole := n - n%m.panel // columns in panels of full width
	columns := max(1, k.work/len(dotGroup{}.rows)) * tileWidth
	d = d[:n]
	for len(rows) > 0 {
		var g dotGroup
		count := min(8, len(rows))
		for _, part := range [2]struct{ first, end int }{{0, whole}, {whole, n}} {
			for first, end := part.first, 0; first < part.end; first = end {
				end = min(first+columns, part.end)
				data, stride := m.from(first)
				for i := range g.rows {
					r := int(rows[min(i, count-1)]) // the last row fills up the group
					g.rows[i] = &data[r*stride]
				}
				width := min(stride, end-first)
				g.d = &d[first]
				g.panels, g.vectors = (end-first)/width, width/Lanes
				g.skip = 4 * uintptr((m.rows-1)*stride)
				k.dotRows8(local(&g))
			}
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
	// their products and four words. Of AVX2: the list of steps.
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

// dotStepsTiles is DotSteps by the kernels of k, a few inputs a call. Rows that
// are too long for a call are left to generic.
func (k *isa) dotStepsTiles(dst []float32, inputs int, w, d *Matrix, first int, steps *Steps) {
	n, columns := steps.n, Pad(w.cols)
	if inputs == 0 {
		return
	}
	units := stepsWord * ((columns + tileWidth - 1) / tileWidth) // of an input
	most := k.work / units / mostTurn * mostTurn
	if most == 0 {
		most = k.work / units / dotTogether * dotTogether
	}
	if most == 0 {
		dotStepsGeneric(dst, inputs, w, d, first, steps)
		return
	}
	t := stepTile{dstStride: 4 * uintptr(n)}
	if k.turn != nil {
		t.turn = k.turn(columns)
	}
	var rest [mostTurn]uint32
	whole := columns &^ (tileWidth - 1)
	for base := 0; base < len(steps.words); base += n {
		from := base / n * stepsWord
		for input, count := 0, 0; input < inputs; input += count {
			count = min(most, inputs-input)
			words := steps.words[base+input : base+input+count]
			if k.turn != nil {
				count, words = t.turns(words, &rest)
			}
			t.inputs = count
			t.words, t.dst = &words[0], &dst[from*n+input]
			if whole > 0 {
				t.parts[0] = stepsOf(w, d, input, count, first+from, 0, tileWidth, whole/tileWidth)
			}
			if whole < columns {
				t.parts[1] = stepsOf(w, d, input, count, first+from, whole, columns-whole, 1)
			}
			k.dotSteps(local(&t))
		}
	}
}

// turns returns how many of the inputs that have these sets fill turns, and their
// sets. If they are fewer than one turn it is all of them, and the sets are copied
// to rest, since a kernel loads those of a whole turn.
func (t *stepTile) turns(words []uint32, rest *[mostTurn]uint32) (int, []uint32) {
	if whole := len(words) / t.turn * t.turn; whole > 0 {
		return whole, words[:whole]
	}
	clear(rest[copy(rest[:], words):])
	return len(words), rest[:]
}

const (
	mostTurn    = 32 // the most inputs of a turn
	dotTogether = 4  // and the most that a kernel multiplies at once
)

// stepsOf returns the part of panels panels of width columns from column first
// on, for inputs inputs from input on; step 0 is row of d.
func stepsOf(w, d *Matrix, input, inputs, row, first, width, panels int) stepPart {
	from, stride := w.from(first)
	_ = from[(input+inputs-1)*stride]
	to, _ := d.from(first)
	p := stepPart{
		panels: panels, vectors: width / Lanes,
		w: &from[input*stride], wStride: 4 * uintptr(stride),
		d: &to[row*stride], dStride: 4 * uintptr(stride),
	}
	if width == w.panel {
		p.wSkip, p.dSkip = uintptr(4*width*(w.rows-1)), uintptr(4*width*(d.rows-1))
	}
	return p
}

// adamVectors is AdamStep.Apply by the kernels of k.
func (k *isa) adamVectors(a AdamStep, w, m, v, g []float32) {
	n := len(w) &^ (Lanes - 1)
	m, v, g = m[:len(w)], v[:len(w)], g[:len(w)]
	most := k.work * adamUnit
	for i := 0; i < n; i += most {
		k.adam(local(&a), local(&w[i]), local(&m[i]), local(&v[i]), local(&g[i]), min(most, n-i))
	}
	adamGeneric(a, w[n:], m[n:], v[n:], g[n:])
}

// indicesWords is Indices by the kernels of k.
func (k *isa) indicesWords(dst []uint32, v []uint64, base uint32) int {
	n, most := 0, k.work/wordUnits
	for ; len(v) > most; v = v[most:] {
		n += k.listWords(dst[n:], v[:most], base)
		base += uint32(64 * most)
	}
	return n + k.listWords(dst[n:], v, base)
}

// listWords is indicesWords in one call.
func (k *isa) listWords(dst []uint32, v []uint64, base uint32) int {
	if len(v) == 0 {
		return 0
	}
	_ = dst[64*len(v)-1]
	return k.indices(local(&dst[0]), local(&v[0]), len(v), base)
}
