package layer

import (
	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/model"
)

// integers is what a layer has that sums whole numbers and scales the sums. Its
// Weights, or those of its convolution, are the numbers as float32: every sum of
// them is exact, since package model keeps it below 2^24, so that the float
// kernels compute it in any order.
type integers struct {
	units     asm.Units  // whose membranes are the sums of a step
	scale     []float32  // of a unit
	recurrent asm.Matrix // of a recurrent layer
	rscale    []float32
	shared    float32 // factor of pooling in front
}

func (c *Layer) newIntegers(l *model.Layer) *integers {
	n := asm.Pad(c.Out)
	zeros := asm.Floats(n)
	w := &integers{
		units:  asm.Units{N: n, Output: asm.NoOutput, Reset: asm.ResetNone, Current: zeros, Decay: zeros, Bias: zeros},
		scale:  c.padded(l.Weight.Scale),
		shared: 1,
	}
	if l.Recurrent != nil {
		w.recurrent = asm.NewMatrix(c.Out, c.Out)
		load(&w.recurrent, 0, l.Recurrent)
		w.rscale = c.padded(l.Recurrent.Scale)
	}
	return w
}

// factor takes over the factor of the pools of a feed; that of all feeds is the
// same.
func (w *integers) factor(f *feed, first bool) {
	if !first {
		return
	}
	for _, p := range f.pools {
		w.shared = float32(w.shared * p.scale)
	}
	for j := range w.scale {
		w.scale[j] = float32(w.scale[j] * w.shared)
	}
}

// sumIntegers is forward for a layer that sums integers.
func (c *Layer) sumIntegers(st *State, in *asm.Inputs, tr *asm.Trace, first int) {
	w, n, steps := c.whole, c.Units.N, len(in.Ends)
	if c.conv != nil {
		from := int32(0)
		for t, end := range in.Ends {
			var values []float32
			if in.Values != nil {
				values = in.Values[from:end]
			}
			c.conv.sum(st.integers.S[(t+1)*n:][:n], st.plane, in.Rows[from:end], values)
			from = end
		}
	} else {
		asm.Forward(&c.Weights, &w.units, in, &st.integers)
	}
	sums := st.integers.S[n:][:steps*n]
	for t := range steps {
		scaleSums(sums[t*n:][:n], c.Units.Current, w.scale)
	}
	if c.Recurrent { // one step at a time
		asm.Forward(&w.recurrent, &w.units, st.own.View(), &st.recurrent)
		addScaled(sums, st.recurrent.S, w.rscale)
	}
	if c.synapse != nil {
		current := &st.later[1]
		*current = rowsFrom(&st.current, first)
		asm.Update(c.synapse, sums, n, steps, current)
		sums = current.S[current.SStride:]
	}
	asm.Update(&c.Units, sums, n, steps, tr)
}

// scaleSums sets a = current + scale·a.
func scaleSums(a, current, scale []float32) {
	current, scale = current[:len(a)], scale[:len(a)]
	for j, sum := range a {
		a[j] = current[j] + float32(scale[j]*sum)
	}
}

// addScaled sets a = a + scale·sums.
func addScaled(a, sums, scale []float32) {
	sums, scale = sums[:len(a)], scale[:len(a)]
	for j, sum := range sums {
		a[j] += float32(scale[j] * sum)
	}
}
