package train

import (
	"math"

	"github.com/snurun/snurun/asm"
)

// clip keeps the gradient of an update until its norm is known.
type clip struct {
	weights []asm.Matrix   // of each layer
	vectors [][3][]float32 // of each layer, as sumVectors returns them
	squares []float64      // of each task: the sum of its squares
}

func newClip(t *Trainer) *clip {
	c := &clip{
		weights: make([]asm.Matrix, len(t.layers)),
		vectors: make([][3][]float32, len(t.layers)),
		squares: make([]float64, len(t.tasks)),
	}
	for i, l := range t.layers {
		if l != nil {
			c.weights[i] = l.Weights.Like(l.Weights.Rows())
		}
	}
	return c
}

// update makes one parameter update by a gradient that is at most config.Clip
// long. The squares are added up in a fixed order.
func (c *clip) update(t *Trainer, samples []*sample, step update) error {
	err := t.parallel(len(t.tasks), func(w *worker, i int) error {
		var err error
		c.squares[i], err = c.sum(t, w.block, t.tasks[i], samples)
		return err
	})
	if err != nil {
		return err
	}
	total := 0.0
	for _, s := range c.squares {
		total += s
	}
	if total-total != 0 {
		return ErrDiverged
	}
	factor := within(math.Sqrt(total), t.config.Clip)
	return t.parallel(len(t.tasks), func(_ *worker, i int) error {
		c.apply(t, t.tasks[i], factor, step)
		return nil
	})
}

// sum keeps the gradient of a task and returns the sum of its squares.
func (c *clip) sum(t *Trainer, b *block, k task, samples []*sample) (float64, error) {
	switch {
	case k.vectors:
		current, bias, decay, err := t.sumVectors(k.layer, len(samples))
		c.vectors[k.layer] = [3][]float32{current, bias, decay}
		m, out := &t.model.Layers[k.layer], float64(t.layers[k.layer].Out)
		// A parameter that neurons share has its gradient at each of them.
		return squares(current)*float64(len(m.Current))/out +
			squares(bias)*float64(len(m.Bias))/out +
			squares(decay)*float64(t.decays(k.layer))/out, err
	case k.kernel:
		return squares(t.sumKernel(k.layer, len(samples))), nil
	}
	grad, keep := t.sumRows(b, k, samples), &c.weights[k.layer]
	from, n := t.rowsOf(k)
	for column, panel := range keep.Panels() {
		width := len(panel) / keep.Rows()
		copy(panel[from*width:(from+n)*width], grad.Panel(column))
	}
	// Row by row: how a matrix is cut into panels depends on the machine.
	sum := 0.0
	for r := range n {
		sum += squares(rowOf(b.row, grad, r)[:grad.Cols()])
	}
	return sum, nil
}

// apply updates the parameters of a task by factor times its gradient.
func (c *clip) apply(t *Trainer, k task, factor float32, step update) {
	switch {
	case k.vectors:
		v := c.vectors[k.layer]
		for _, grad := range v {
			scale(grad, factor)
		}
		t.applyVectors(k.layer, v[0], v[1], v[2], step)
	case k.kernel:
		grad := t.moments[k.layer].kernel[2].Data()
		scale(grad, factor)
		t.applyKernel(k.layer, grad, step)
	default:
		keep := &c.weights[k.layer]
		from, n := t.rowsOf(k)
		for _, panel := range keep.Panels() {
			width := len(panel) / keep.Rows()
			scale(panel[from*width:(from+n)*width], factor)
		}
		t.applyRows(k, keep, from, step)
	}
}

// within returns the factor that scales a vector of some length down to a norm,
// unless that is 0 or the vector is shorter.
func within(length, norm float64) float32 {
	if norm == 0 || length <= norm {
		return 1
	}
	return float32(norm / length)
}

func squares(g []float32) float64 {
	sum := 0.0
	for _, v := range g {
		sum += float64(float64(v) * float64(v))
	}
	return sum
}
