package layer

import (
	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/model"
)

// integers is what a layer has that sums whole numbers and scales the sums; the
// weights of a conv2d layer are in its convolution.
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

// sumsBytes reports whether the layer is fully connected and sums integers.
func (c *Layer) sumsBytes() bool { return c.whole != nil && c.conv == nil }

// sumIntegers is forward for a layer that sums bytes.
func (c *Layer) sumIntegers(st *State, in *asm.Inputs, tr *asm.Trace, first int, s *asm.IntScratch) {
	w := c.whole
	if c.synapse == nil {
		w.weights.Forward(&c.Units, in, w.recurrent, st.ownView(), tr, s)
		return
	}
	current := &st.later[1]
	*current = rowsFrom(&st.current, first)
	w.weights.Forward(c.synapse, in, w.recurrent, st.ownView(), current, s)
	asm.Update(&c.Units, current.S[current.SStride:], current.SStride, len(in.Ends), tr)
}

// ownView returns the list of a recurrent layer's own spikes, nil of another.
func (st *State) ownView() *asm.Inputs {
	if st.own == nil {
		return nil
	}
	return st.own.View()
}
