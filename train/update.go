package train

import (
	"slices"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/internal/layer"
	"github.com/snurun/snurun/spike"
)

// task is one independent part of a parameter update: the weights of up to 64
// inputs of a layer (one word of spikes), or the layer's other parameters.
type task struct {
	layer   int
	vectors bool
	own     bool // the inputs are the layer's own outputs one step before
	word    int
}

// listTasks lists the parts of an update, the long ones first: hidden neurons
// spike more often than inputs, and a task that starts last is waited for.
func (t *Trainer) listTasks() []task {
	var list []task
	for i, l := range slices.Backward(t.layers) {
		for w := range spike.Words(l.Out) {
			if l.Recurrent {
				list = append(list, task{layer: i, own: true, word: w})
			}
		}
		for w := range spike.Words(l.In) {
			list = append(list, task{layer: i, word: w})
		}
	}
	for i := range t.layers {
		list = append(list, task{layer: i, vectors: true})
	}
	return list
}

// block is a worker's scratch for the weight gradient of 64 inputs.
type block struct {
	active [spike.WordBits][]uint64 // of each input, a bit a row of δ
	words  [spike.WordBits]uint64
	rows   []uint32
	values []float32
	ends   [spike.WordBits]int32
	inputs asm.Inputs
	grads  []asm.Matrix // one a layer, 64 rows
}

func newBlock(t *Trainer) *block {
	words := spike.Words(t.config.Batch * t.steps)
	b := &block{rows: make([]uint32, spike.WordBits*spike.WordBits*words)}
	for j := range b.active {
		b.active[j] = make([]uint64, words)
	}
	for _, l := range t.layers {
		b.grads = append(b.grads, l.Weights.Like(spike.WordBits))
	}
	return b
}

// updateRows updates the weights of the inputs of one task. The gradient of
// the weights of input i is Σ δ·x_i over the samples and steps, in that order.
func (t *Trainer) updateRows(b *block, k task, samples []*sample, step update) {
	l, o := t.layers[k.layer], &t.moments[k.layer]
	base, limit := 0, l.In
	if k.own {
		base, limit = l.In, l.In+l.Out
	}
	from := base + k.word*spike.WordBits
	n := min(limit-from, spike.WordBits)
	in := b.list(t, k, samples, n)
	grad := &b.grads[k.layer]
	clear(grad.Data())
	asm.SumRows(grad, &t.deltas[k.layer], in)
	for first, weights := range l.Weights.Panels() {
		width := len(weights) / l.Weights.Rows()
		lo, hi := from*width, (from+n)*width
		step.apply(weights[lo:hi], o.weights[0].Panel(first)[lo:hi], o.weights[1].Panel(first)[lo:hi], grad.Panel(first)[:n*width], true)
	}
}

// list lists, for each of n inputs, the rows of δ at which it was active.
func (b *block) list(t *Trainer, k task, samples []*sample, n int) *asm.Inputs {
	if t.analogInput(k) {
		return b.listValues(t, k, samples, n)
	}
	// Row by row the spikes of 64 inputs become input by input those of 64 rows.
	filled, column := 0, 0
	for _, s := range samples {
		words, stride := s.inputWords(k)
		for row := range t.steps {
			b.words[filled] = words[row*stride]
			if filled++; filled == spike.WordBits {
				b.turn(column)
				filled, column = 0, column+1
			}
		}
	}
	if filled > 0 {
		clear(b.words[filled:])
		b.turn(column)
		column++
	}
	total := 0
	for j := range n {
		total += asm.Indices(b.rows[total:], b.active[j][:column], 0)
		b.ends[j] = int32(total)
	}
	b.inputs = asm.Inputs{Rows: b.rows[:total], Ends: b.ends[:n]}
	return &b.inputs
}

// turn makes the words of 64 rows word column of the inputs.
func (b *block) turn(column int) {
	transpose(&b.words)
	for j, w := range b.words {
		b.active[j][column] = w
	}
}

// transpose swaps bit j of word i with bit i of word j: in blocks of 32 bits,
// in these blocks of 16, and so on.
func transpose(m *[spike.WordBits]uint64) {
	mask := uint64(1)<<32 - 1
	for size := 32; size > 0; size /= 2 {
		for i := 0; i < len(m); i = (i + size + 1) &^ size {
			swap := (m[i]>>size ^ m[i+size]) & mask
			m[i] ^= swap << size
			m[i+size] ^= swap
		}
		mask ^= mask << (size / 2)
	}
}

// listValues is list for analog inputs.
func (b *block) listValues(t *Trainer, k task, samples []*sample, n int) *asm.Inputs {
	rows := b.rows[:0] // it has room for all: its length stays
	b.values = b.values[:0]
	for j := range n {
		for i, s := range samples {
			for row := range t.steps {
				if x := s.inputValues(t, k, row)[k.word*spike.WordBits+j]; x != 0 {
					rows = append(rows, uint32(i*t.steps+row))
					b.values = append(b.values, x)
				}
			}
		}
		b.ends[j] = int32(len(rows))
	}
	b.inputs = asm.Inputs{Rows: rows, Values: b.values, Ends: b.ends[:n]}
	return &b.inputs
}

// analogInput reports whether the inputs of a task are analog.
func (t *Trainer) analogInput(k task) bool {
	switch {
	case k.own:
		return !t.layers[k.layer].Spikes()
	case k.layer == 0:
		return t.analog
	}
	return !t.layers[k.layer-1].Spikes()
}

// inputWords returns the spikes of the inputs of a task from the first step on,
// and the distance to those of the next step.
func (s *sample) inputWords(k task) (words []uint64, stride int) {
	switch {
	case k.own:
		return s.spikes(k.layer, 0)[k.word:], s.states[k.layer].Trace().YStride
	case k.layer == 0:
		return s.input.Spikes.Words()[k.word:], spike.Words(s.input.Spikes.Size())
	}
	below := k.layer - 1
	stride = s.states[below].Trace().YStride
	if s.passed != nil && s.passed[below] != nil {
		return s.passed[below][k.word:], stride
	}
	return s.spikes(below, 1)[k.word:], stride
}

// spikes returns the spikes of layer i from row on, all steps in one.
func (s *sample) spikes(i, row int) []uint64 {
	tr := s.states[i].Trace()
	return tr.Y[row*tr.YStride:]
}

// inputValues returns the values of all analog inputs of a task's layer at a
// step.
func (s *sample) inputValues(t *Trainer, k task, step int) []float32 {
	switch {
	case k.own:
		return s.states[k.layer].Soft(step)
	case k.layer == 0:
		return s.input.Values.At(step)
	}
	below := s.states[k.layer-1]
	if t.layers[k.layer-1].Units.Output == asm.Sigmoidal {
		return below.Soft(step + 1)
	}
	return below.Membrane(step + 1)
}

// vectors are the gradients of a layer's bias, decay and current: of each sample
// of the batch in a row, and their sum.
type vectors struct {
	bias, decay, current asm.Matrix
	sum                  asm.Matrix
}

func newVectors(l *layer.Layer, batch int) vectors {
	n := l.Units.N
	return vectors{asm.NewRows(batch, n), asm.NewRows(batch, n), asm.NewRows(batch, n), asm.NewRows(1, n)}
}

// total returns the sum of the first rows of grads, in that order.
func (v *vectors) total(grads *asm.Matrix, rows []uint32) []float32 {
	sum := v.sum.Row(0)
	clear(sum)
	asm.SumRows(&v.sum, grads, &asm.Inputs{Rows: rows, Ends: []int32{int32(len(rows))}})
	return sum
}

// updateVectors updates the current, the bias and the decay of layer i by the
// sums of the samples' gradients, in the samples' order. It returns ErrDiverged
// if these are not finite: one error δ that is not makes its sums so.
func (t *Trainer) updateVectors(i, samples int, step update) error {
	l, o, m, v := t.layers[i], &t.moments[i], &t.model.Layers[i], &t.vectors[i]
	u := &l.Units
	rows := t.numbers[:samples]
	grad := v.total(&v.current, rows)
	for _, g := range grad {
		if g-g != 0 {
			return ErrDiverged
		}
	}
	if len(m.Current) > 0 {
		step.apply(u.Current, o.current[0], o.current[1], share(grad, l.Out, len(m.Current) == 1), false)
		for j := range u.Current {
			u.Current[j] += 0 // −0 becomes +0, as asm.Forward asks
		}
	}
	if len(m.Bias) > 0 {
		step.apply(u.Bias, o.bias[0], o.bias[1], share(v.total(&v.bias, rows), l.Out, len(m.Bias) == 1), false)
	}
	if t.learnsDecay(i) {
		step.apply(u.Decay, o.decay[0], o.decay[1], share(v.total(&v.decay, rows), l.Out, t.config.Decay == PerLayer), false)
		for j, d := range u.Decay {
			u.Decay[j] = min(max(d, 0), 1)
		}
	}
	return nil
}

// learnsDecay reports whether the decay of layer i is trained.
func (t *Trainer) learnsDecay(i int) bool {
	return t.config.Decay != Fixed && len(t.model.Layers[i].Decay) > 0
}

// share replaces each of the first n gradients by their sum if the neurons
// share one parameter, and clears the padding.
func share(grad []float32, n int, shared bool) []float32 {
	clear(grad[n:])
	if shared {
		var sum float32
		for _, g := range grad[:n] {
			sum += g
		}
		for j := range n {
			grad[j] = sum
		}
	}
	return grad
}
