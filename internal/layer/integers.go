package layer

import (
	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/model"
)

// integers is what a layer has that sums whole numbers and scales the sums. Those
// of a convolution are float32: every sum of them is exact, since package model
// keeps it below 2^24, so that the float kernels compute it in any order.
type integers struct {
	weights   asm.Integers  // of a fully connected layer
	recurrent *asm.Integers // of a recurrent layer
	scale     []float32     // of a unit
}

func (c *Layer) newIntegers(l *model.Layer) *integers {
	if c.conv != nil {
		return &integers{scale: c.padded(l.Weight.Scale)}
	}
	w := &integers{weights: c.integers(&l.Weight)}
	w.scale = w.weights.Scale()
	if l.Recurrent != nil {
		own := c.integers(l.Recurrent)
		w.recurrent = &own
	}
	return w
}

// integers lays out a tensor [out, in].
func (c *Layer) integers(t *model.Tensor) asm.Integers {
	in := t.Shape[1]
	m := asm.NewIntegers(in, t.Shape[0])
	for j := range t.Shape[0] {
		for i, q := range t.I8[j*in : (j+1)*in] {
			m.Set(i, j, q)
		}
	}
	copy(m.Scale(), c.padded(t.Scale))
	return m
}

// factor takes over the factor of the pools of a feed; that of all feeds is the
// same.
func (w *integers) factor(f *feed) {
	shared := float32(1)
	for _, p := range f.pools {
		shared = float32(shared * p.scale)
	}
	for j := range w.scale {
		w.scale[j] = float32(w.scale[j] * shared)
	}
}

// bytes returns the size of the weights of a fully connected layer.
func (w *integers) bytes() int {
	n := w.weights.Bytes()
	if w.recurrent != nil {
		n += w.recurrent.Bytes()
	}
	return n
}

// sumIntegers is forward for a layer that sums integers.
func (c *Layer) sumIntegers(st *State, in *asm.Inputs, tr *asm.Trace, first int) {
	w := c.whole
	switch {
	case c.conv != nil:
		c.convolveIntegers(st, in, tr, first)
	case c.synapse != nil:
		current := &st.later[1]
		*current = rowsFrom(&st.current, first)
		w.weights.Forward(c.synapse, in, w.recurrent, st.ownView(), current, st.integers)
		asm.Update(&c.Units, current.S[current.SStride:], current.SStride, len(in.Ends), tr)
	default:
		w.weights.Forward(&c.Units, in, w.recurrent, st.ownView(), tr, st.integers)
	}
}

// ownView returns the list of a recurrent layer's own spikes, nil of another.
func (st *State) ownView() *asm.Inputs {
	if st.own == nil {
		return nil
	}
	return st.own.View()
}

// convolveIntegers is convolve for whole numbers, whose sums start at 0 and are
// scaled afterwards.
func (c *Layer) convolveIntegers(st *State, in *asm.Inputs, tr *asm.Trace, first int) {
	from := int32(0)
	for t, end := range in.Ends {
		var values []float32
		if in.Values != nil {
			values = in.Values[from:end]
		}
		c.conv.sum(st.sums, st.plane, in.Rows[from:end], values)
		from = end
		scaleSums(st.sums, c.Units.Current, c.whole.scale)
		sums := st.sums
		if c.synapse != nil {
			current := &st.later[1]
			*current = rowsFrom(&st.current, first+t)
			asm.Update(c.synapse, sums, 0, 1, current)
			sums = current.S[current.SStride:]
		}
		st.later[0] = rowsFrom(tr, t)
		asm.Update(&c.Units, sums, 0, 1, &st.later[0])
	}
}

// scaleSums sets a = current + scale·a.
func scaleSums(a, current, scale []float32) {
	current, scale = current[:len(a)], scale[:len(a)]
	for j, sum := range a {
		a[j] = current[j] + float32(scale[j]*sum)
	}
}
