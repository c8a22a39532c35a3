package layer

import (
	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// This file is the way back through a layer, for the trainer.

// Sources returns the layers whose outputs come in, in the order of their
// lists; −1 is the network's input.
// The slice is the layer's own.
func (c *Layer) Sources() []int { return c.sources }

// Direct reports whether the inputs are the outputs of a single source, one
// for one.
func (c *Layer) Direct() bool { return len(c.feeds) == 1 && len(c.feeds[0].pools) == 0 }

// Order returns the neuron that each unit is, nil if unit j is neuron j.
func (c *Layer) Order() []uint32 { return c.order }

// Neuron returns the neuron that unit j is.
func (c *Layer) Neuron(j int) int {
	if c.order == nil {
		return j
	}
	return int(c.order[j])
}

// Scatter returns the weights of a conv2d layer, nil for others.
func (c *Layer) Scatter() *asm.Scatter {
	if c.conv == nil {
		return nil
	}
	return &c.conv.scatter
}

// Mask clears what is no weight in an array that is laid out as those of
// Scatter are.
func (c *Layer) Mask(weights []float32) {
	kept := make([]float32, len(weights))
	for _, at := range c.conv.weights {
		kept[at] = weights[at]
	}
	copy(weights, kept)
}

// Spread copies values of the units of a conv2d layer to where their sums lie
// in plane, which has Scatter().Sums() values; the room around them is left
// alone.
func (c *Layer) Spread(plane, units []float32) { c.conv.spread(plane, units) }

// Synapse returns the units whose membranes are the synaptic currents, nil if
// the layer has none.
func (c *Layer) Synapse() *asm.Units { return c.synapse }

// Back is the scratch of the way back through feeds.
type Back struct {
	wanted spike.Vector
	marks  spike.Vector
	grads  []float32
	before []float32
	counts []uint8
	passed [2]spike.Vector // by one max pool and by the next
}

// Wanted returns the inputs of a layer that depend on the given neurons of
// source k. The vector is b's own.
func (b *Back) Wanted(c *Layer, k int, neurons spike.Vector) spike.Vector {
	b.wanted = append(b.wanted[:0], neurons...)
	for _, p := range c.feeds[k].pools {
		b.marks = resized(b.marks, p.words)
		clear(b.marks)
		p.markAll(b.marks, b.wanted)
		b.wanted = append(b.wanted[:0], b.marks...)
	}
	return b.wanted
}

// Grads returns room for the gradient by each input of a layer, all 0.
func (b *Back) Grads(c *Layer) []float32 {
	b.grads = resized(b.grads, c.In)
	clear(b.grads)
	return b.grads
}

// Return turns the gradients by the inputs of a layer into those by the
// neurons of source k, which passed on spikes in the step. A window of sums
// passes its gradient to each of its inputs. One that spikes if any of its
// inputs does, y = 1 − Π(1 − x_i), passes it to input i if no other one spikes.
func (b *Back) Return(c *Layer, k int, grads []float32, spikes spike.Vector) []float32 {
	pools := c.feeds[k].pools
	for i := len(pools) - 1; i >= 0; i-- {
		p := pools[i]
		inputs := len(p.starts) - 1
		b.before = resized(b.before, inputs)
		var fired spike.Vector
		if p.kind == model.MaxPool {
			fired = b.through(pools[:i], spikes)
			b.count(p, fired)
		}
		for j := range inputs {
			var sum float32
			for _, w := range p.of(uint32(j)) {
				if p.kind == model.MaxPool && b.counts[w] > bit(fired, j) {
					continue
				}
				sum += grads[w]
			}
			b.before[j] = float32(sum * p.scale)
		}
		b.grads, b.before = b.before, b.grads
		grads = b.grads
	}
	return grads
}

// through returns the spikes that max pools before another one passed on.
func (b *Back) through(pools []*pool, spikes spike.Vector) spike.Vector {
	for i, p := range pools {
		marks := resized(b.passed[i%2], p.words)
		clear(marks)
		p.markAll(marks, spikes)
		b.passed[i%2], spikes = marks, marks
	}
	return spikes
}

// count counts the spikes in each window, 2 standing for all numbers above 1.
func (b *Back) count(p *pool, spikes spike.Vector) {
	b.counts = resized(b.counts, p.words*spike.WordBits)
	clear(b.counts)
	for j := range spikes.All() {
		for _, w := range p.of(uint32(j)) {
			b.counts[w] = min(b.counts[w]+1, 2)
		}
	}
}

func bit(v spike.Vector, j int) uint8 {
	if v.Get(j) {
		return 1
	}
	return 0
}

func resized[S ~[]T, T any](s S, n int) S {
	if cap(s) < n {
		return make(S, n)
	}
	return s[:n]
}
