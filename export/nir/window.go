package nir

import "github.com/snurun/snurun/model"

// maxWindow bounds what a window may span or skip, as package model does.
const maxWindow = 1 << 12

// pair reads a parameter with one value a dimension, or one for both; of a
// Conv1d the one is that of the width.
func (n *node) pair(name string, low int, height int) ([2]int, error) {
	v, err := n.integers(name, low, maxWindow)
	if err != nil {
		return [2]int{}, err
	}
	switch {
	case n.kind == kindConv1d && len(v) == 1:
		return [2]int{height, v[0]}, nil
	case n.kind != kindConv1d && len(v) == 1:
		return [2]int{v[0], v[0]}, nil
	case n.kind != kindConv1d && len(v) == 2:
		return [2]int{v[0], v[1]}, nil
	}
	return [2]int{}, unsupported("node %q (%s): %s has %d values, expected one a dimension", n.name, n.kind, name, len(v))
}

// window reads stride, padding and dilation of a convolution with a kernel.
func (n *node) window(l *model.Layer) (err error) {
	w := &l.Window
	if w.Stride, err = n.pair("stride", 1, 1); err != nil {
		return err
	}
	if w.Dilation, err = n.pair("dilation", 1, 1); err != nil {
		return err
	}
	for axis, k := range w.Kernel {
		if k < 1 || k > maxWindow {
			return unsupported("node %q (%s): its kernel is %v, expected 1 to %d", n.name, n.kind, w.Kernel[axis], maxWindow)
		}
	}
	d, err := n.group.Dataset("padding")
	if err != nil {
		return malformed("node %q (%s) has no padding: %v", n.name, n.kind, err)
	}
	s, err := d.Strings()
	if err != nil { // numbers
		w.Padding, err = n.pair("padding", 0, 0)
		return err
	}
	switch {
	case len(s) == 1 && s[0] == "valid":
		return nil
	case len(s) != 1 || s[0] != "same":
		return unsupported("node %q (%s): padding is %q, expected numbers, same or valid", n.name, n.kind, s)
	case w.Stride != [2]int{1, 1}:
		return unsupported("node %q (%s): padding same needs stride 1, but it is %v", n.name, n.kind, w.Stride)
	}
	for axis := range w.Padding {
		missing := w.Reach(axis) - 1
		if missing%2 != 0 {
			return unsupported("node %q (%s): padding same with a kernel of %v and dilation %v pads one side more than the other", n.name, n.kind, w.Kernel, w.Dilation)
		}
		w.Padding[axis] = missing / 2
	}
	return nil
}

// fit fills in the height and width that a convolution or pooling puts out.
func (n *node) fit(l *model.Layer) error {
	w := &l.Window
	for axis := range 2 {
		l.Out[1+axis] = w.Steps(axis, l.In[1+axis])
		if l.Out[1+axis] < 1 || w.Padding[axis] >= w.Reach(axis) {
			return unsupported("node %q (%s): a kernel of %v with stride %v, padding %v and dilation %v does not fit in %v", n.name, n.kind, w.Kernel, w.Stride, w.Padding, w.Dilation, l.In)
		}
	}
	return n.checkShape(l.Out)
}

// pool reads a SumPool2d or AvgPool2d node.
func (n *node) pool(in []int) (*model.Layer, error) {
	if len(in) != 3 {
		return nil, unsupported("node %q (%s): %v comes in from %s, expected [channels height width]", n.name, n.kind, in, join(n.from))
	}
	l := &model.Layer{Name: label(n.name), Kind: model.Pool2D, In: in, Out: []int{in[0], 0, 0}, Pool: model.SumPool}
	if n.kind == kindAvgPool {
		l.Pool = model.AvgPool
	}
	w := &l.Window
	w.Dilation = [2]int{1, 1}
	for _, p := range []struct {
		to   *[2]int
		name string
		low  int
	}{{&w.Kernel, "kernel_size", 1}, {&w.Stride, "stride", 1}, {&w.Padding, "padding", 0}} {
		v, err := n.pair(p.name, p.low, 0)
		if err != nil {
			return nil, err
		}
		*p.to = v
	}
	return l, n.fit(l)
}

// flattened returns the shape that a Flatten node makes of one.
func (n *node) flattened(in []int) ([]int, error) {
	first, err := n.dim("start_dim", len(in))
	if err != nil {
		return nil, err
	}
	last, err := n.dim("end_dim", len(in))
	if err != nil {
		return nil, err
	}
	if first > last {
		return nil, unsupported("node %q (%s): start_dim %d is after end_dim %d of %v", n.name, n.kind, first, last, in)
	}
	out := append([]int{}, in[:first]...)
	out = append(out, volume(in[first:last+1]))
	return append(out, in[last+1:]...), nil
}

// dim reads a dimension of a shape, from the back if it is negative.
func (n *node) dim(name string, dims int) (int, error) {
	v, err := n.integers(name, -8, 8)
	if err != nil {
		return 0, err
	}
	d := v[0]
	if d < 0 {
		d += dims
	}
	if len(v) != 1 || d < 0 || d >= dims {
		return 0, unsupported("node %q (%s): %s is %v, but %d dimensions come in", n.name, n.kind, name, v, dims)
	}
	return d, nil
}
