package model

import (
	"fmt"
	"strings"
)

// Topology writes the network down as papers do: 2x34x34-16c5s2-ap2-100r-10 takes
// two planes of 34×34; then come a convolution to 16 channels with a kernel of
// 5×5 and a stride of 2, average pooling over 2×2 (mp: max, sp: sum), 100
// neurons with recurrent weights, and 10 neurons. A + follows a layer to which
// several layers are added; a flatten layer is not written.
func (n *Network) Topology() string {
	s := sizes(n.Input.Shape)
	for i := range n.Layers {
		l := &n.Layers[i]
		spec := l.Kind.Spec()
		if spec == nil {
			s += fmt.Sprintf("-%s?", l.Kind)
			continue
		}
		short := spec.short(l)
		if short == "" {
			continue
		}
		s += "-" + short
		if l.Recurrent != nil {
			s += "r"
		}
		if len(l.Inputs(i)) > 1 {
			s += "+"
		}
	}
	return s
}

// Synapses returns the number of pairs of an input and a neuron that it reaches,
// recurrent ones included: the synaptic operations of a time step at which every
// input is active.
func (l *Layer) Synapses() int64 {
	spec := l.Kind.Spec()
	if spec == nil || spec.synapses == nil {
		return 0
	}
	return spec.synapses(l)
}

func synapsesOfMatrix(l *Layer) int64 {
	n := int64(l.InSize())
	if l.Recurrent != nil {
		n += int64(l.OutSize())
	}
	return n * int64(l.OutSize())
}

func synapsesOfConvolution(l *Layer) int64 {
	n := int64(l.Out[0]) * int64(l.In[0]/l.Groups)
	for axis := range 2 {
		n *= int64(l.Window.taps(axis, l.In[1+axis], l.Out[1+axis]))
	}
	return n
}

// taps counts the pairs of an input and a position of the window that sees it,
// along one axis of a plane.
func (w *Window) taps(axis, in, out int) (n int) {
	for position := range out {
		for k := range w.Kernel[axis] {
			if at := position*w.Stride[axis] + k*w.Dilation[axis] - w.Padding[axis]; at >= 0 && at < in {
				n++
			}
		}
	}
	return n
}

// sizes writes a shape as 2x34x34.
func sizes(shape []int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(shape), "[]"), " ", "x")
}

// side writes a height and a width as one number if they are the same, else
// as 3x5.
func side(size [2]int) string {
	if size[0] == size[1] {
		return fmt.Sprint(size[0])
	}
	return sizes(size[:])
}
