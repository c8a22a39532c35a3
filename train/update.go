package train

import (
	"math/bits"
	"slices"

	"github.com/snurun/snurun/asm"
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

// listTasks lists the parts of an update.
func (t *Trainer) listTasks() []task {
	var list []task
	for i, l := range t.layers {
		list = append(list, task{layer: i, vectors: true})
		for w := range spike.Words(l.In) {
			list = append(list, task{layer: i, word: w})
		}
		for w := range spike.Words(l.Out) {
			if l.Recurrent {
				list = append(list, task{layer: i, own: true, word: w})
			}
		}
	}
	return list
}

// block is a worker's scratch for the weight gradient of 64 inputs.
type block struct {
	rows   []uint32
	values []float32
	ends   [spike.WordBits]int32
	fill   [spike.WordBits]int32
	grads  []asm.Matrix // one a layer, 64 rows
}

func newBlock(t *Trainer) *block {
	b := &block{}
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
	clear(b.fill[:])
	for _, s := range samples {
		for row := range t.steps {
			for w := s.inputWord(k, row); w != 0; w &= w - 1 {
				b.fill[bits.TrailingZeros64(w)]++
			}
		}
	}
	total := int32(0)
	for i, count := range b.fill {
		b.fill[i] = total
		total += count
		b.ends[i] = total
	}
	b.rows = slices.Grow(b.rows[:0], int(total))[:total]
	for i, s := range samples {
		for row := range t.steps {
			for w := s.inputWord(k, row); w != 0; w &= w - 1 {
				j := bits.TrailingZeros64(w)
				b.rows[b.fill[j]] = uint32(i*t.steps + row)
				b.fill[j]++
			}
		}
	}
	return &asm.Inputs{Rows: b.rows, Ends: b.ends[:n]}
}

// listValues is list for analog inputs.
func (b *block) listValues(t *Trainer, k task, samples []*sample, n int) *asm.Inputs {
	b.rows, b.values = b.rows[:0], b.values[:0]
	for j := range n {
		for i, s := range samples {
			for row := range t.steps {
				if x := s.inputValues(t, k, row)[k.word*spike.WordBits+j]; x != 0 {
					b.rows = append(b.rows, uint32(i*t.steps+row))
					b.values = append(b.values, x)
				}
			}
		}
		b.ends[j] = int32(len(b.rows))
	}
	return &asm.Inputs{Rows: b.rows, Values: b.values, Ends: b.ends[:n]}
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

// inputWord returns the spikes of the inputs of a task at a step.
func (s *sample) inputWord(k task, step int) uint64 {
	switch {
	case k.own:
		return s.states[k.layer].Spikes(step)[k.word]
	case k.layer == 0:
		return s.input.Spikes.At(step)[k.word]
	}
	if s.passed != nil && s.passed[k.layer-1] != nil {
		below := s.passed[k.layer-1]
		return below[step*len(s.states[k.layer-1].Spikes(0))+k.word]
	}
	return s.states[k.layer-1].Spikes(step + 1)[k.word]
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

// updateVectors updates the current, the bias and the decay of layer i by the
// sums of the samples' gradients, in the samples' order.
func (t *Trainer) updateVectors(i int, samples []*sample, step update) {
	l, o, m := t.layers[i], &t.moments[i], &t.model.Layers[i]
	u := &l.Units
	n := u.N
	gather := func(of func(*sampleLayer) []float32) []float32 {
		sum := make([]float32, n)
		for _, s := range samples {
			for j, g := range of(&s.layers[i]) {
				sum[j] += g
			}
		}
		return sum
	}
	if len(m.Current) > 0 {
		grad := share(gather(func(s *sampleLayer) []float32 { return s.errors.Current }), l.Out, len(m.Current) == 1)
		step.apply(u.Current, o.current[0], o.current[1], grad, false)
		for j := range u.Current {
			u.Current[j] += 0 // −0 becomes +0, as asm.Forward asks
		}
	}
	if len(m.Bias) > 0 {
		grad := share(gather(func(s *sampleLayer) []float32 { return s.errors.Bias }), l.Out, len(m.Bias) == 1)
		step.apply(u.Bias, o.bias[0], o.bias[1], grad, false)
	}
	if t.learnsDecay(i) {
		grad := share(gather(func(s *sampleLayer) []float32 { return s.errors.Decay }), l.Out, t.config.Decay == PerLayer)
		step.apply(u.Decay, o.decay[0], o.decay[1], grad, false)
		for j, d := range u.Decay {
			u.Decay[j] = min(max(d, 0), 1)
		}
	}
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
