package nir

import "slices"

// param is a parameter of the neurons of a node: one value for all, or one
// each. None stands for 0.
type param []float64

func constant(x float64) param { return param{x} }

// at returns the value of neuron j.
func (p param) at(j int) float64 {
	switch len(p) {
	case 0:
		return 0
	case 1:
		return p[0]
	}
	return p[j]
}

// is reports whether all neurons have the value x.
func (p param) is(x float64) bool {
	if len(p) == 0 {
		return x == 0
	}
	return !slices.ContainsFunc(p, func(v float64) bool { return v != x })
}

// each computes a parameter of others, neuron by neuron.
func each(f func(x []float64) float64, of ...param) param {
	n := 1
	for _, p := range of {
		n = max(n, len(p))
	}
	out, x := make(param, n), make([]float64, len(of))
	for j := range out {
		for i, p := range of {
			x[i] = p.at(j)
		}
		out[j] = f(x)
	}
	return out
}

// perChannel returns one value a channel, or one for all, if the n neurons of
// each channel, which follow each other, have the same.
func (p param) perChannel(channels, n int) (param, bool) {
	if len(p) <= 1 {
		return p, true
	}
	area := n / channels
	out := make(param, channels)
	for c := range out {
		out[c] = p[c*area]
		if !p[c*area : (c+1)*area].is(out[c]) {
			return nil, false
		}
	}
	return out, true
}

// perNeuron returns one value for each of n neurons, or one for all, of a
// parameter of the channels that they lie in one after the other.
func (p param) perNeuron(n int) param {
	if len(p) <= 1 {
		return p
	}
	out := make(param, n)
	for j := range out {
		out[j] = p[j/(n/len(p))]
	}
	return out
}

// float32s returns a layer's parameter in the fewest values that say it: none
// for 0, one, one a channel, or one a neuron.
func (p param) float32s(channels, n int) []float32 {
	if p.is(0) {
		return nil
	}
	if p.is(p[0]) {
		return []float32{float32(p[0])}
	}
	if short, ok := p.perChannel(channels, n); ok {
		p = short
	}
	out := make([]float32, len(p))
	for j, x := range p {
		out[j] = float32(x)
	}
	return out
}

// param reads a parameter of a node's neurons, which have a shape. As in NumPy,
// dimensions of 1 are repeated.
func (n *node) param(name string, shape []int) (param, error) {
	a, err := n.numbers(name)
	if err != nil {
		return nil, err
	}
	if len(a.data) == 1 || len(a.data) == volume(shape) {
		return a.data, nil
	}
	if p := broadcast(a, shape); p != nil {
		return p, nil
	}
	return nil, unsupported("node %q (%s): %s has shape %v, but %v comes in", n.name, n.kind, name, a.shape, shape)
}

// broadcast repeats an array to a shape, nil if it does not fit.
func broadcast(a array, shape []int) param {
	if len(a.shape) > len(shape) {
		return nil
	}
	strides := make([]int, len(shape))
	stride := 1
	for i := range a.shape {
		d := a.shape[len(a.shape)-1-i]
		at := len(shape) - 1 - i
		switch d {
		case 1:
		case shape[at]:
			strides[at] = stride
		default:
			return nil
		}
		stride *= d
	}
	out := make(param, volume(shape))
	at := make([]int, len(shape))
	for j := range out {
		k := 0
		for i, x := range at {
			k += x * strides[i]
		}
		out[j] = a.data[k]
		for i := len(at) - 1; i >= 0; i-- {
			if at[i]++; at[i] < shape[i] {
				break
			}
			at[i] = 0
		}
	}
	return out
}
