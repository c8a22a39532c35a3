package nir

import (
	"slices"

	"github.com/snurun/snurun/model"
)

// linear is what lies between values and the neurons that they reach: a matrix,
// a convolution, or a factor for each value. It waits to become a layer together
// with the neurons after it.
type linear struct {
	node *node
	in   value
	out  []int // shape, as a layer has it

	// One of these three.
	matrix  []float64    // [out, in]
	conv    *model.Layer // window, groups and shapes, and
	kernels []float64    // [out, in/groups, height, width]
	scale   param        // one factor a value

	bias      param     // of each value that comes out
	recurrent []float64 // [out, out], nil without
}

// newScale returns factors for what comes in.
func newScale(n *node, in value, scale param) *linear {
	return &linear{node: n, in: in, out: planes(in.shape), scale: scale}
}

// planes returns the shape in a model of values of a NIR shape: of [channels,
// length] a plane of height 1, beyond three dimensions none.
func planes(shape []int) []int {
	switch len(shape) {
	case 1, 3:
		return shape
	case 2:
		return []int{shape[0], 1, shape[1]}
	}
	return []int{volume(shape)}
}

// channels returns how many channels the neurons after l have, in the
// sense of a layer's parameters.
func (l *linear) channels() int {
	if l.conv != nil {
		return l.out[0]
	}
	return volume(l.out)
}

// multiply multiplies what comes out by factors, if the weights can hold that.
func (l *linear) multiply(f param) bool {
	switch {
	case l.scale != nil:
		l.scale = times(l.scale, f)
	case l.matrix != nil:
		scaleRows(l.matrix, volume(l.out), f)
	default:
		short, ok := f.perChannel(l.out[0], volume(l.out))
		if !ok {
			return false
		}
		scaleRows(l.kernels, l.out[0], short)
	}
	if l.bias != nil {
		l.bias = times(l.bias, f)
	}
	return true
}

func scaleRows(m []float64, rows int, f param) {
	if f.is(1) {
		return
	}
	n := len(m) / rows
	for j := range rows {
		for i := range n {
			m[j*n+i] *= f.at(j)
		}
	}
}

// dense reads a Linear or Affine node.
func (b *builder) dense(n *node, in value) (*linear, error) {
	w, err := n.numbers("weight")
	if err != nil {
		return nil, err
	}
	if len(w.shape) != 2 {
		return nil, unsupported("node %q (%s): weight has shape %v, expected [out in]", n.name, n.kind, w.shape)
	}
	rows, cols := w.shape[0], w.shape[1]
	if cols != volume(in.shape) {
		return nil, unsupported("node %q (%s): weight has shape %v, but %v comes in from %s", n.name, n.kind, w.shape, in.shape, join(n.from))
	}
	if err := n.checkShape([]int{rows}); err != nil {
		return nil, err
	}
	l := &linear{node: n, in: in, out: []int{rows}, matrix: w.data}
	if n.kind == kindAffine {
		if l.bias, err = n.param("bias", l.out); err != nil {
			return nil, err
		}
	}
	if s := in.op; s != nil && s.scale != nil { // a Scale before the weights goes into their columns
		for k := range w.data {
			w.data[k] *= s.scale.at(k % cols)
		}
		l.in = s.in
	} else if l.in, err = b.settle(in); err != nil {
		return nil, err
	}
	return l, nil
}

// convolution reads a Conv1d or Conv2d node.
func (b *builder) convolution(n *node, in value) (*linear, error) {
	w, err := n.numbers("weight")
	if err != nil {
		return nil, err
	}
	if n.kind == kindConv1d && len(w.shape) == 3 { // height 1
		w.shape = []int{w.shape[0], w.shape[1], 1, w.shape[2]}
	}
	if len(w.shape) != 4 {
		return nil, unsupported("node %q (%s): weight has shape %v, expected [channels out, channels in, kernel...]", n.name, n.kind, w.shape)
	}
	plane := planes(in.shape)
	if want := map[kind]int{kindConv1d: 2, kindConv2d: 3}[n.kind]; len(in.shape) != want {
		return nil, unsupported("node %q (%s): %v comes in from %s, expected %d dimensions", n.name, n.kind, in.shape, join(n.from), want)
	}
	groups, err := n.integers("groups", 1, maxNodeShape)
	if err != nil {
		return nil, err
	}
	if len(groups) != 1 || plane[0] != w.shape[1]*groups[0] {
		return nil, unsupported("node %q (%s): weight has shape %v in %v groups, but %v comes in from %s", n.name, n.kind, w.shape, groups, in.shape, join(n.from))
	}
	c := &model.Layer{Kind: model.Conv2D, In: plane, Groups: groups[0]}
	c.Window.Kernel = [2]int{w.shape[2], w.shape[3]}
	if err := n.window(c); err != nil {
		return nil, err
	}
	c.Out = []int{w.shape[0], 0, 0}
	if err := n.fit(c); err != nil {
		return nil, err
	}
	if n.has("input_shape") {
		want, err := n.shapeOf("input_shape")
		if err != nil {
			return nil, err
		}
		if !slices.Equal(want, in.shape[1:]) {
			return nil, unsupported("node %q (%s): input_shape is %v, but %v comes in from %s", n.name, n.kind, want, in.shape, join(n.from))
		}
	}
	l := &linear{node: n, out: c.Out, conv: c, kernels: w.data}
	if n.has("bias") {
		bias, err := n.param("bias", c.Out[:1])
		if err != nil {
			return nil, err
		}
		l.bias = bias.perNeuron(volume(c.Out))
	}
	if s := in.op; s != nil && s.scale != nil && c.Groups == 1 {
		if f, ok := s.scale.perChannel(plane[0], volume(plane)); ok { // a Scale before the kernels goes into them
			area := w.shape[2] * w.shape[3]
			for k := range w.data {
				w.data[k] *= f.at(k / area % plane[0])
			}
			in = value{from: s.in.from, shape: in.shape}
		}
	}
	l.in, err = b.settlePlane(in, plane)
	return l, err
}

// layer makes a layer of l and the neurons u, nil for none. The weights take u's
// factor, which must be one a channel for a convolution.
func (l *linear) layer(u *neuron) *model.Layer {
	out := &model.Layer{
		Name: label(l.node.name), Kind: model.SNU, In: planes(l.in.shape), Out: l.out,
		Activation: model.Identity, Output: model.None, Reset: model.ResetNone,
	}
	n, channels := volume(l.out), l.channels()
	switch {
	case l.matrix != nil:
		rows := len(l.matrix) / n
		out.In = []int{rows}
		out.Weight = model.Matrix(n, rows, rounded(l.matrix))
	case l.conv != nil:
		out.Kind, out.In, out.Window, out.Groups = model.Conv2D, l.conv.In, l.conv.Window, l.conv.Groups
		k := l.conv.Window.Kernel
		out.Weight = model.Tensor{Shape: []int{channels, l.conv.In[0] / l.conv.Groups, k[0], k[1]}, F32: rounded(l.kernels)}
	case n <= maxDiagonal && len(l.out) == 1:
		out.Weight = model.Matrix(n, n, diagonal(l.scale, n))
	default:
		// A convolution with one weight a channel that sees only its own channel. Each
		// neuron is a channel, unless those of a plane share their factors.
		if short, ok := l.scale.perChannel(l.out[0], n); len(l.out) == 3 && ok {
			l.scale = short
		} else {
			out.Out = []int{n, 1, 1}
		}
		out.Kind, out.In, channels = model.Conv2D, out.Out, out.Out[0]
		out.Window = model.Window{Kernel: [2]int{1, 1}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}
		out.Groups = channels
		out.Weight = model.Tensor{Shape: []int{channels, 1, 1, 1}, F32: make([]float32, channels)}
		for c := range out.Weight.F32 {
			out.Weight.F32[c] = float32(l.scale.at(c))
		}
	}
	if u == nil {
		if out.Kind == model.SNU {
			out.Kind = model.Dense
		}
		out.Current = l.bias.float32s(channels, n)
		return out
	}
	current := plus(l.bias, u.current)
	out.Name = u.name
	out.Activation, out.Floor = u.activation, u.floor
	out.Output, out.MaxSpikes, out.SpikeValue, out.Reset = u.output, u.most, u.value, u.reset
	for _, p := range []struct {
		to   *[]float32
		from param
	}{
		{&out.Current, current}, {&out.Synapse, u.synapse}, {&out.Decay, u.decay},
		{&out.Bias, u.bias}, {&out.Theta, u.theta}, {&out.Initial, u.initial},
	} {
		*p.to = p.from.float32s(channels, n)
	}
	if (out.Reset == model.ResetSubtract || out.Reset == model.ResetLagged) && out.Theta == nil {
		out.Theta = []float32{0}
	}
	return out
}

// maxDiagonal is up to how many neurons a full matrix for factors is no dearer
// than a convolution.
const maxDiagonal = 64

func diagonal(p param, n int) []float32 {
	out := make([]float32, n*n)
	for j := range n {
		out[j*n+j] = float32(p.at(j))
	}
	return out
}

func rounded(x []float64) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v)
	}
	return out
}
