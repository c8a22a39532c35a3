package train

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/internal/layer"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// task is one independent part of a parameter update: the weights of up to 64
// inputs of a layer (one word of spikes), all of a convolution, or the layer's
// other parameters.
type task struct {
	layer   int
	vectors bool
	kernel  bool
	own     bool // the inputs are the layer's own outputs one step before
	word    int
}

// listTasks lists the parts of an update, the long ones first: hidden neurons
// spike more often than inputs, and a task that starts last is waited for.
func (t *Trainer) listTasks() []task {
	var list []task
	for i, l := range slices.Backward(t.layers) {
		if l == nil {
			continue
		}
		if l.Scatter() != nil {
			list = append(list, task{layer: i, kernel: true})
			continue
		}
		for w := range spike.Words(l.Out) {
			if l.Recurrent {
				list = append(list, task{layer: i, own: true, word: w})
			}
		}
		for w := range spike.Words(l.In) {
			list = append(list, task{layer: i, word: w})
		}
	}
	for i, l := range t.layers {
		if l != nil {
			list = append(list, task{layer: i, vectors: true})
		}
	}
	return list
}

// block is a worker's scratch for the weight gradient of 64 inputs.
type block struct {
	words   [spike.WordBits]uint64
	active  []uint64 // a bit a row of δ, all words of an input in a row
	columns int      // words of an input
	rows    []uint32
	values  []float32
	dense   []float32 // the values of analog inputs at all rows, input after input
	ends    [spike.WordBits]int32
	inputs  asm.Inputs
	grads   []asm.Matrix // one a layer, 64 rows
	row     []float32    // one of them
}

func newBlock(t *Trainer) *block {
	words := spike.Words(t.config.Batch * t.steps)
	b := &block{
		active: make([]uint64, spike.WordBits*words),
		rows:   make([]uint32, spike.WordBits*spike.WordBits*words),
	}
	b.grads = make([]asm.Matrix, len(t.layers))
	for i, l := range t.layers {
		if l != nil {
			b.grads[i] = l.Weights.Like(spike.WordBits)
			b.row = slices.Grow(b.row[:0], asm.Pad(l.Out))
		}
	}
	b.row = b.row[:cap(b.row)]
	return b
}

// rowsOf returns the place of the inputs of a task among those of its layer, the
// layer's own outputs last.
func (t *Trainer) rowsOf(k task) (from, n int) {
	l := t.layers[k.layer]
	base, limit := 0, l.In
	if k.own {
		base, limit = l.In, l.In+l.Out
	}
	from = base + k.word*spike.WordBits
	return from, min(limit-from, spike.WordBits)
}

// sumRows returns the gradient of the weights of the inputs of one task, a row
// an input from row 0 on. That of input i is Σ δ·x_i over the samples and steps,
// in that order; that of a dead weight is 0.
func (t *Trainer) sumRows(b *block, k task, samples []*sample) *asm.Matrix {
	from, n := t.rowsOf(k)
	grad, delta := &b.grads[k.layer], &t.deltas[k.layer]
	clear(grad.Data())
	switch {
	case t.ways[k.layer].listed && !k.own:
		asm.SumRows(grad, delta, t.inputs[k.layer].list(b, from, n))
	case t.analogInput(k):
		asm.SumRows(grad, delta, b.listValues(t, k, samples, n))
	default:
		b.sumSpikes(grad, delta, t, k, samples, n)
	}
	t.pruned[k.layer].mask(grad, from, n)
	return grad
}

// applyRows updates the weights of the inputs of a task by their gradient, whose
// rows begin at row first of grad.
func (t *Trainer) applyRows(k task, grad *asm.Matrix, first int, step update) {
	l, o := t.layers[k.layer], &t.moments[k.layer]
	from, n := t.rowsOf(k)
	if k.own {
		step = step.slower(float32(t.config.RecurrentRate))
	}
	learned := l.Learned()
	for column, weights := range learned.Panels() {
		width := len(weights) / learned.Rows()
		lo, hi := from*width, (from+n)*width
		step.apply(weights[lo:hi], o.weights[0].Panel(column)[lo:hi], o.weights[1].Panel(column)[lo:hi], grad.Panel(column)[first*width:(first+n)*width], true)
	}
}

// sumKernel returns the gradient of the weights of the convolution of layer i:
// the sum of the samples' gradients, in the samples' order.
func (t *Trainer) sumKernel(i, samples int) []float32 {
	sum := &t.moments[i].kernel[2]
	clear(sum.Data())
	asm.SumRows(sum, &t.kernels[i], &asm.Inputs{Rows: t.numbers[:samples], Ends: []int32{int32(samples)}})
	t.layers[i].Mask(sum.Data())
	return sum.Data()
}

func (t *Trainer) applyKernel(i int, grad []float32, step update) {
	o := &t.moments[i]
	step.apply(t.layers[i].LearnedKernel(), o.kernel[0].Data(), o.kernel[1].Data(), grad, true)
}

// oftenActive is at how many of the 64 rows of a word an input must be active,
// on average, for SumSpikes to be faster than lists.
const oftenActive = 4

// sumSpikes adds to grad, for each of n inputs, the rows of δ at which it
// spiked. If the inputs spike often it takes 64 rows of δ at a time, which stay
// in the first-level cache from input to input; if not it lists the rows.
func (b *block) sumSpikes(grad, delta *asm.Matrix, t *Trainer, k task, samples []*sample, n int) {
	if b.gather(t, k, samples) <= oftenActive*n*b.columns {
		asm.SumRows(grad, delta, b.list(n))
		return
	}
	for c := range b.columns {
		asm.SumSpikes(grad, delta, c*spike.WordBits, n, b.active[c:], b.columns)
	}
}

// gather fills in active from the spikes of the inputs of a task and returns
// their number.
func (b *block) gather(t *Trainer, k task, samples []*sample) int {
	last := samples[len(samples)-1]
	b.columns = spike.Words(last.first + last.steps)
	// Row by row the spikes of 64 inputs become input by input those of 64 rows.
	filled, column, spikes := 0, 0, 0
	for _, s := range samples {
		words, stride := s.inputWords(t, k)
		for row := range s.steps {
			w := words[row*stride]
			b.words[filled] = w
			spikes += bits.OnesCount64(w)
			if filled++; filled == spike.WordBits {
				b.turn(column)
				filled, column = 0, column+1
			}
		}
	}
	if filled > 0 {
		clear(b.words[filled:])
		b.turn(column)
	}
	return spikes
}

// turn makes the words of 64 rows word column of the inputs.
func (b *block) turn(column int) {
	transpose(&b.words)
	for j, w := range &b.words {
		b.active[j*b.columns+column] = w
	}
}

// list lists, for each of n inputs, the rows of δ at which it was active.
func (b *block) list(n int) *asm.Inputs {
	total := 0
	for j := range n {
		total += asm.Indices(b.rows[total:], b.active[j*b.columns:][:b.columns], 0)
		b.ends[j] = int32(total)
	}
	b.inputs = asm.Inputs{Rows: b.rows[:total], Ends: b.ends[:n]}
	return &b.inputs
}

// transpose swaps bit j of word i with bit i of word j: in blocks of 32 bits,
// in these blocks of 16, and so on.
func transpose(m *[spike.WordBits]uint64) {
	mask := uint64(1)<<32 - 1
	for size := 32; size > 0; size /= 2 {
		for i := 0; i < len(m); i += 2 * size {
			upper, lower := m[i:i+size], m[i+size:i+2*size]
			for j, w := range upper {
				swap := (w>>(size&63) ^ lower[j]) & mask
				upper[j] = w ^ swap<<(size&63)
				lower[j] ^= swap
			}
		}
		mask ^= mask << (size / 2)
	}
}

// listValues lists, for each of n analog inputs, the rows of δ at which it was
// active.
func (b *block) listValues(t *Trainer, k task, samples []*sample, n int) *asm.Inputs {
	last := samples[len(samples)-1]
	total := last.first + last.steps
	if len(b.dense) < n*total {
		b.dense = make([]float32, n*total)
	}
	// Row by row the values of the inputs become input by input those of all rows.
	for _, s := range samples {
		for row := range s.steps {
			at := s.first + row
			for _, x := range s.inputValues(t, k, row)[k.word*spike.WordBits:][:n] {
				b.dense[at] = x
				at += total
			}
		}
	}
	rows := b.rows[:0] // it has room for all: its length stays
	b.values = b.values[:0]
	for j := range n {
		for row, x := range b.dense[j*total:][:total] {
			if x != 0 {
				rows = append(rows, uint32(row))
				b.values = append(b.values, x)
			}
		}
		b.ends[j] = int32(len(rows))
	}
	b.inputs = asm.Inputs{Rows: rows, Values: b.values, Ends: b.ends[:n]}
	return &b.inputs
}

// analogInput reports whether the inputs of a task are analog.
func (t *Trainer) analogInput(k task) bool {
	if k.own {
		return !t.layers[k.layer].Spikes()
	}
	return t.layers[k.layer].Analog()
}

// inputWords returns the spikes of the inputs of a task from the first step on,
// and the distance to those of the next step.
func (s *sample) inputWords(t *Trainer, k task) (words []uint64, stride int) {
	if k.own {
		return s.own[k.layer][k.word:], spike.Words(t.layers[k.layer].Out)
	}
	src := t.layers[k.layer].Sources()[0]
	if src < 0 {
		x := s.input.(spike.Train)
		return x.Words()[k.word:], spike.Words(x.Size())
	}
	stride = spike.Words(t.layers[src].Out)
	return s.passed[src][stride+k.word:], stride
}

// inputValues returns the values of all analog inputs of a task's layer at a
// step.
func (s *sample) inputValues(t *Trainer, k task, step int) []float32 {
	if k.own {
		return s.states[k.layer].Soft(step)
	}
	src := t.layers[k.layer].Sources()[0]
	if src < 0 {
		return s.input.(spike.Values).At(step)
	}
	if t.layers[src].Units.Output == asm.Sigmoidal {
		return s.states[src].ReachingSoft(step + 1)
	}
	return s.states[src].Membrane(step + 1)
}

// vectors are the gradients of a layer's bias, decay and current: of each sample
// of the batch in a row, and their sums.
type vectors struct {
	bias, decay, current vector
}

type vector struct{ samples, sum asm.Matrix }

func newVectors(l *layer.Layer, batch int) vectors {
	n := l.Units.N
	of := func() vector { return vector{asm.NewRows(batch, n), asm.NewRows(1, n)} }
	return vectors{of(), of(), of()}
}

// total returns the sum of the given rows, in that order.
func (v *vector) total(rows []uint32) []float32 {
	sum := v.sum.Row(0)
	clear(sum)
	asm.SumRows(&v.sum, &v.samples, &asm.Inputs{Rows: rows, Ends: []int32{int32(len(rows))}})
	return sum
}

// sumVectors returns the gradients of the current, the bias and the decay of
// layer i: the sums of the samples' gradients, in the samples' order; nil for
// what is not learned. It returns ErrDiverged if these are not finite: one error
// δ that is not makes its sums so.
func (t *Trainer) sumVectors(i, samples int) (current, bias, decay []float32, err error) {
	l, m, v := t.layers[i], &t.model.Layers[i], &t.vectors[i]
	rows := t.numbers[:samples]
	current = v.current.total(rows)
	for _, g := range current {
		if g-g != 0 {
			return nil, nil, nil, ErrDiverged
		}
	}
	if len(m.Current) == 0 {
		current = nil
	} else {
		share(current, l, len(m.Current))
	}
	if len(m.Bias) > 0 {
		bias = share(v.bias.total(rows), l, len(m.Bias))
	}
	if t.learnsDecay(i) {
		decay = share(v.decay.total(rows), l, t.decays(i))
	}
	return current, bias, decay, nil
}

// applyVectors updates what sumVectors has gradients for.
func (t *Trainer) applyVectors(i int, current, bias, decay []float32, step update) {
	l, o := t.layers[i], &t.moments[i]
	u := &l.Units
	if current != nil {
		step.apply(u.Current, o.current[0], o.current[1], current, false)
		l.Changed()
	}
	if bias != nil {
		step.apply(u.Bias, o.bias[0], o.bias[1], bias, false)
		t.tieTheta(i)
	}
	if decay != nil {
		step.slower(float32(t.config.DecayRate)).apply(u.Decay, o.decay[0], o.decay[1], decay, false)
		for j, d := range u.Decay {
			u.Decay[j] = min(max(d, 0), 1)
		}
	}
}

// tied reports whether a spike of layer i takes off the threshold −b.
func (t *Trainer) tied(i int) bool {
	m := &t.model.Layers[i]
	return t.config.Theta == Threshold && m.Reset == model.ResetSubtract && len(m.Bias) > 0
}

// checkTheta reports a layer whose θ is to be its threshold but is not.
func (t *Trainer) checkTheta(i int) error {
	if !t.tied(i) {
		return nil
	}
	u := &t.layers[i].Units
	for j := range t.layers[i].Out {
		if u.Theta[j] != -u.Bias[j] {
			return fmt.Errorf("train: layer %d takes a theta of %v off a membrane whose threshold is %v: theta \"fixed\" keeps it so", i, u.Theta[j], -u.Bias[j])
		}
	}
	return nil
}

// tieTheta makes θ of layer i its threshold, if the two are tied.
func (t *Trainer) tieTheta(i int) {
	if !t.tied(i) {
		return
	}
	u := &t.layers[i].Units
	for j, b := range u.Bias {
		u.Theta[j] = -b
	}
}

// learnsDecay reports whether the decay of layer i is trained.
func (t *Trainer) learnsDecay(i int) bool {
	return t.config.Decay != Fixed && len(t.model.Layers[i].Decay) > 0
}

// decays returns how many decays layer i learns: of a convolution one a channel,
// where others learn one a neuron.
func (t *Trainer) decays(i int) int {
	switch {
	case t.config.Decay == PerLayer:
		return 1
	case t.layers[i].Scatter() != nil:
		return t.model.Layers[i].Out[0]
	}
	return t.layers[i].Out
}

// share replaces the gradients of the neurons of a layer by their sums over
// those that share one of k parameters, and clears the padding.
func share(grad []float32, l *layer.Layer, k int) []float32 {
	clear(grad[l.Out:])
	if k == l.Out {
		return grad
	}
	each := l.Out / k
	sums := make([]float32, k)
	for j, g := range grad[:l.Out] {
		sums[l.Neuron(j)/each] += g
	}
	for j := range l.Out {
		grad[j] = sums[l.Neuron(j)/each]
	}
	return grad
}
