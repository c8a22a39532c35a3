package layer

import (
	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/model"
)

// int8s are the integers that weights are rounded to.
var int8s = model.IntegerOf(8)

// rounded is what a layer learns whose weights are rounded to integers: the
// float32 numbers that these are made of, laid out as the weights are.
type rounded struct {
	weights asm.Matrix
	kernel  []float32    // of a conv2d layer, as those of Scatter
	most    [2][]float32 // of each neuron, or channel: the largest magnitude of its weights, and of its recurrent ones
	row     []int8
}

// RoundWeights makes the weights from now on those of integers, as model.Quantize
// chooses them, of what is learned: of the weights that the layer has now, until
// Round follows what became of these. A fully connected layer whose inputs are
// spikes, one for one, sums the integers; others sum the float32 numbers that they
// stand for.
func (c *Layer) RoundWeights() {
	r := &rounded{row: make([]int8, c.Out)}
	if c.conv != nil {
		r.kernel = append([]float32(nil), c.conv.scatter.Weights()...)
	} else {
		r.weights = c.Weights.Like(c.Weights.Rows())
		copy(r.weights.Data(), c.Weights.Data())
		r.most = [2][]float32{asm.Floats(c.Units.N), asm.Floats(c.Units.N)}
		if c.Direct() && !c.analog && !(c.Recurrent && !c.Spikes()) {
			c.whole = &integers{weights: asm.NewIntegers(c.In, c.Out)}
			c.whole.scale = c.whole.weights.Scale()
			if c.Recurrent {
				own := asm.NewIntegers(c.Out, c.Out)
				c.whole.recurrent = &own
			}
		}
	}
	c.learned = r
	c.Round()
}

// Learned returns the weights that training changes: what they are rounded from,
// or the weights themselves.
func (c *Layer) Learned() *asm.Matrix {
	if c.learned != nil {
		return &c.learned.weights
	}
	return &c.Weights
}

// LearnedKernel is Learned of a conv2d layer.
func (c *Layer) LearnedKernel() []float32 {
	if c.learned != nil {
		return c.learned.kernel
	}
	return c.conv.scatter.Weights()
}

// Round sets the weights anew after those of Learned have changed. It does
// nothing without RoundWeights.
func (c *Layer) Round() {
	switch {
	case c.learned == nil:
	case c.conv != nil:
		c.roundKernel()
	default:
		c.roundRows(0, c.In, 0)
		if c.Recurrent {
			c.roundRows(c.In, c.In+c.Out, 1)
		}
	}
}

// roundRows is Round for some rows, of which each column has one scale.
func (c *Layer) roundRows(from, to, which int) {
	r := c.learned
	most := r.most[which]
	clear(most)
	for first, panel := range r.weights.Panels() {
		width := len(panel) / r.weights.Rows()
		largest := most[first : first+width]
		for i := from; i < to; i++ {
			for j, w := range panel[i*width : (i+1)*width] {
				largest[j] = max(largest[j], w, -w)
			}
		}
	}
	for j, m := range most {
		most[j] = int8s.Scale(m)
	}
	var whole *asm.Integers
	if c.whole != nil {
		if whole = &c.whole.weights; which == 1 {
			whole = c.whole.recurrent
		}
		copy(whole.Scale(), most)
	}
	for i := from; i < to; i++ {
		for first, panel := range r.weights.Panels() {
			width := len(panel) / r.weights.Rows()
			used := c.Weights.Panel(first)
			for j, w := range panel[i*width : (i+1)*width] {
				q := int8s.Round(w, most[first+j])
				used[i*width+j] = float32(most[first+j] * float32(q))
				if first+j < c.Out {
					r.row[first+j] = q
				}
			}
		}
		if whole != nil {
			whole.SetRow(i-from, r.row)
		}
	}
}

// roundKernel is Round for the weights of a convolution, of which each channel has
// one scale.
func (c *Layer) roundKernel() {
	r, v := c.learned, c.conv
	channels := v.groups * v.channels[1]
	each := v.channels[0] * v.axes[0].kernel * v.axes[1].kernel
	most := make([]float32, channels)
	for tensor, at := range v.weights {
		w := r.kernel[at]
		most[tensor/each] = max(most[tensor/each], w, -w)
	}
	for j, m := range most {
		most[j] = int8s.Scale(m)
	}
	used := v.scatter.Weights()
	for tensor, at := range v.weights {
		scale := most[tensor/each]
		used[at] = float32(scale * float32(int8s.Round(r.kernel[at], scale)))
	}
}
