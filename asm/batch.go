package asm

// InPanels returns m in panels of 64 columns, the layout that Batch wants: m
// itself or a copy.
func (m *Matrix) InPanels() Matrix {
	if m.panel <= tileWidth {
		return *m
	}
	p := Matrix{m.rows, m.cols, tileWidth, Floats(len(m.data))}
	for first, panel := range p.Panels() {
		from, stride := m.from(first)
		width := p.width(first)
		for i := range m.rows {
			copy(panel[i*width:(i+1)*width], from[i*stride:])
		}
	}
	return p
}

// Batch runs Forward for many streams through one layer, panel after panel, so
// that the streams share what the caches hold of the weights. It keeps nothing
// from one call to the next but the memory of its arguments to the kernels.
type Batch struct {
	w       Matrix
	u       Units
	tr      Trace
	scratch batchScratch
}

// Forward is Forward for each of the streams in[k], tr[k], whose traces have
// the same strides. It is fast if w is InPanels.
func (b *Batch) Forward(w *Matrix, u *Units, in []*Inputs, tr []*Trace) {
	for i := range in {
		check(w, u, in[i])
	}
	b.scratch.reset()
	switch k := kernels.Load(); {
	case u.Rare():
		b.forwardEach(forwardGeneric, w, u, in, tr)
	case k.batch != nil:
		k.batch(b, w, u, in, tr)
	default:
		b.forwardEach(k.forward, w, u, in, tr)
	}
}

// forwardEach calls forward panel after panel, in each stream after stream.
func (b *Batch) forwardEach(forward func(*Matrix, *Units, *Inputs, *Trace), w *Matrix, u *Units, in []*Inputs, tr []*Trace) {
	for first := 0; first < u.N; first += w.panel {
		b.w = Matrix{w.rows, w.width(first), w.panel, w.Panel(first)}
		b.u = u.columns(first, b.w.cols)
		for k := range in {
			b.tr = tr[k].columns(first)
			forward(&b.w, &b.u, in[k], &b.tr)
		}
	}
}

// columns returns n neurons from first on.
func (u *Units) columns(first, n int) Units {
	part := *u
	part.N = n
	part.Current, part.Decay, part.Bias = u.Current[first:], u.Decay[first:], u.Bias[first:]
	if u.Theta != nil {
		part.Theta = u.Theta[first:]
	}
	return part
}

// columns returns the neurons from first on, a multiple of 64.
func (tr *Trace) columns(first int) Trace {
	part := Trace{S: tr.S[first:], SStride: tr.SStride, YStride: tr.YStride}
	if tr.Y != nil {
		part.Y = tr.Y[first/64:]
	}
	if tr.Soft != nil {
		part.Soft = tr.Soft[first:]
	}
	return part
}
