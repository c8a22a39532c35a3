package train

import (
	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/internal/layer"
	"github.com/snurun/snurun/spike"
)

// way is how gradients go through a layer.
type way struct {
	direct bool // to a single source whose neurons are the inputs, for which this is the only layer
	listed bool // the inputs of samples are kept as lists until the update
	kept   bool // as a source: what it passes on is kept until the update
	open   bool // as a source: its open neurons are listed step by step
}

// findWays returns the way through each layer.
func findWays(layers []*layer.Layer) []way {
	ways := make([]way, len(layers))
	uses := make([]int, len(layers))
	for _, l := range layers {
		if l == nil {
			continue
		}
		for _, src := range l.Sources() {
			if src >= 0 {
				uses[src]++
			}
		}
	}
	for i, l := range layers {
		if l == nil {
			continue
		}
		src := l.Sources()[0]
		sorted := src < 0 || layers[src].Order() == nil
		ways[i].direct = l.Scatter() == nil && l.Direct() && sorted && (src < 0 || uses[src] == 1)
		ways[i].listed = l.Scatter() == nil && !(l.Direct() && (sorted || layers[src].Spikes()))
		if l.Scatter() == nil && !ways[i].listed && src >= 0 {
			ways[src].kept = true
		}
		if ways[i].direct {
			continue
		}
		for _, src := range l.Sources() {
			if src >= 0 {
				ways[src].open = true
			}
		}
	}
	return ways
}

// passDown adds to the gradients of the sources of layer i what Wᵀδ says, where
// their slope is not 0: nothing else can change the loss. The weights of a
// convolution get their gradient on the way.
func (s *sample) passDown(t *Trainer, w *scratch, i, number int) {
	l := t.layers[i]
	switch {
	case l.Scatter() != nil:
		s.passConvolution(t, w, i, number)
	case t.ways[i].direct:
		if src := l.Sources()[0]; src >= 0 {
			below := &w.layers[src]
			asm.DotSteps(below.errors.Grad, t.layers[src].Out, &l.Weights, &t.deltas[i], s.first, &below.slopes.Open)
		}
	default:
		for k := range s.steps {
			delta := rowOf(w.delta, &t.deltas[i], s.first+k)
			s.passStep(t, w, i, k, func(dots []float32, rows []uint32) { asm.DotRows(dots, &l.Weights, rows, delta) })
		}
	}
}

// passConvolution is passDown for a conv2d layer.
func (s *sample) passConvolution(t *Trainer, w *scratch, i, number int) {
	l := t.layers[i]
	scatter, delta := l.Scatter(), w.layers[i].sums(l).Delta
	grads := t.kernels[i].Row(number)
	clear(grads)
	in := l.Feed(w.inner[0], s.listed, t.layers, s.states)
	plane := w.plane[:scatter.Sums()]
	clear(plane)
	for k := range s.steps {
		l.Spread(plane, delta.Row(k))
		inputs, values := in.Step(k)
		scatter.Collect(grads, plane, inputs, values)
		s.passStep(t, w, i, k, func(dots []float32, inputs []uint32) { scatter.Dot(dots, plane, inputs) })
	}
}

// passStep adds to the gradients of the sources of layer i at step k; dot
// computes those by listed inputs of the layer.
func (s *sample) passStep(t *Trainer, w *scratch, i, k int, dot func(dots []float32, inputs []uint32)) {
	l := t.layers[i]
	for m, src := range l.Sources() {
		if src < 0 {
			continue
		}
		below := &w.layers[src]
		wanted := w.back.Wanted(l, m, below.open[k])
		inputs := w.rows[:asm.Indices(w.rows, wanted, 0)]
		if len(inputs) == 0 {
			continue
		}
		dots := w.dots[:len(inputs)]
		dot(dots, inputs)
		grads := w.back.Grads(l)
		for n, input := range inputs {
			grads[input] = dots[n]
		}
		grads = w.back.Return(l, m, grads, s.states[src].Reaching(k+1))
		to := below.errors.Grad[k*t.layers[src].Units.N:]
		units := t.units[src]
		for neuron := range spike.Vector(below.open[k]).All() {
			to[units[neuron]] += grads[neuron]
		}
	}
}

// rowOf returns row r of m in one piece, in buf if it is not.
func rowOf(buf []float32, m *asm.Matrix, r int) []float32 {
	n := 0
	for _, panel := range m.Panels() {
		width := len(panel) / m.Rows()
		row := panel[r*width : (r+1)*width]
		if width >= m.Cols() {
			return row
		}
		n += copy(buf[n:], row)
	}
	return buf[:n]
}

// inputsOf lists, for each input of a layer, the rows of δ at which it was
// active, of a whole batch.
type inputsOf struct {
	starts []int32
	rows   []uint32
	values []float32 // nil for spikes
	next   []int32
}

// collect makes it that of layer i, from the lists of samples.
func (by *inputsOf) collect(t *Trainer, i int, samples []*sample) {
	inputs := t.layers[i].In
	by.starts = append(by.starts[:0], make([]int32, inputs+1)...)
	for _, s := range samples {
		for k := range s.steps {
			list, _ := s.lists[i].Step(k)
			for _, input := range list {
				by.starts[input+1]++
			}
		}
	}
	for input := range inputs {
		by.starts[input+1] += by.starts[input]
	}
	total := int(by.starts[inputs])
	by.rows = append(by.rows[:0], make([]uint32, total)...)
	by.values = nil
	if t.layers[i].Analog() {
		by.values = make([]float32, total)
	}
	by.next = append(by.next[:0], by.starts[:inputs]...)
	for _, s := range samples {
		for k := range s.steps {
			list, values := s.lists[i].Step(k)
			for m, input := range list {
				at := by.next[input]
				by.next[input]++
				by.rows[at] = uint32(s.first + k)
				if values != nil {
					by.values[at] = values[m]
				}
			}
		}
	}
}

// list returns the rows of n inputs from from on.
func (by *inputsOf) list(b *block, from, n int) *asm.Inputs {
	first, last := by.starts[from], by.starts[from+n]
	b.inputs = asm.Inputs{Rows: by.rows[first:last], Ends: b.ends[:n]}
	for k := range n {
		b.ends[k] = by.starts[from+k+1] - first
	}
	if by.values != nil {
		b.inputs.Values = by.values[first:last]
	}
	return &b.inputs
}
