package nir

// recurrent gives a neuron the weights on the ways from it to itself: their sum
// with its factor. A bias on the way is a constant current. A scale before the
// neuron becomes a matrix, for a recurrent layer is fully connected.
func (b *builder) recurrent(n *node, op *linear, u *neuron, size int) error {
	for _, way := range n.loops {
		h, bias, err := wayWeights(n, way, size)
		if err != nil {
			return err
		}
		scaleRows(h, size, u.factor)
		if op.recurrent == nil {
			op.recurrent = make([]float64, size*size)
		}
		for k, w := range h {
			op.recurrent[k] += w
		}
		if bias != nil {
			op.bias = plus(op.bias, times(bias, u.factor))
		}
	}
	op.out = []int{size}
	if op.scale != nil {
		op.matrix = make([]float64, size*size)
		for j := range size {
			op.matrix[j*size+j] = op.scale.at(j)
		}
		op.scale = nil
	}
	return nil
}

// maxRecurrent bounds the neurons that feed themselves without a matrix: a file
// must not make more weights than it has.
const maxRecurrent = 1 << 8

// wayWeights multiplies the nodes on a way from a neuron to itself into one matrix
// and a bias.
func wayWeights(n *node, way []*node, size int) (h []float64, bias param, err error) {
	before, after := constant(1), constant(1)
	for _, m := range way {
		switch m.kind {
		case kindScale:
			f, err := m.param("scale", []int{size})
			if err != nil {
				return nil, nil, err
			}
			if h == nil {
				before = times(before, f)
			} else {
				after = times(after, f)
			}
		case kindLinear, kindAffine:
			w, err := m.numbers("weight")
			if err != nil {
				return nil, nil, err
			}
			if len(w.shape) != 2 || w.shape[0] != size || w.shape[1] != size {
				return nil, nil, unsupported("node %q (%s): weight has shape %v, but it feeds the %d neurons of %q back to themselves", m.name, m.kind, w.shape, size, n.name)
			}
			if h != nil {
				return nil, nil, unsupported("node %q (%s) is the second matrix on the way from %q to itself, expected one", m.name, m.kind, n.name)
			}
			h = w.data
			if m.kind == kindAffine {
				if bias, err = m.param("bias", []int{size}); err != nil {
					return nil, nil, err
				}
			}
		}
	}
	if h == nil {
		if size > maxRecurrent {
			return nil, nil, unsupported("node %q (%s) feeds itself with %d neurons and without weights, expected at most %d", n.name, n.kind, size, maxRecurrent)
		}
		h = make([]float64, size*size)
		for j := range size {
			h[j*size+j] = 1
		}
	}
	for j := range size {
		for i := range size {
			h[j*size+i] *= after.at(j) * before.at(i)
		}
	}
	if bias != nil {
		bias = times(bias, after)
	}
	return h, bias, nil
}
