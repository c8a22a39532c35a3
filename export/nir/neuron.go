package nir

import "github.com/snurun/snurun/model"

// neuron is a node's neurons in time steps: the parameters of model's equations,
// and the factor on all that comes in.
type neuron struct {
	name                                                  string
	output                                                model.Output
	reset                                                 model.Reset
	factor, current, synapse, decay, bias, theta, initial param
}

// neuron reads the neurons of a node and takes their equations to steps of dt,
// as the package documentation says.
func (n *node) neuron(shape []int, dt float64, reset Reset) (*neuron, error) {
	p := paramReader{node: n, shape: shape}
	u := &neuron{output: model.None, reset: model.ResetNone, factor: constant(1)}
	switch n.kind {
	case kindThresh:
		u.output = model.Step
		u.bias = negative(p.get("threshold"))
	case kindI, kindIF:
		u.decay = constant(1)
		u.factor = p.get("r")
		if !u.factor.is(1) {
			u.factor = each(func(x []float64) float64 { return x[0] * dt }, u.factor)
		}
		if n.kind == kindIF {
			p.fires(u, nil, reset)
		}
	case kindLI, kindLIF:
		rate := p.rate("tau", dt)
		leak := p.get("v_leak")
		u.decay = each(func(x []float64) float64 { return 1 - x[0] }, rate)
		u.factor = times(rate, p.get("r"))
		u.current = times(rate, leak)
		u.initial = leak
		if n.kind == kindLIF {
			p.fires(u, rate, reset)
		}
	case kindCubaLI, kindCubaLIF:
		rate, synapse := p.rate("tau_mem", dt), p.rate("tau_syn", dt)
		leak := p.get("v_leak")
		u.decay = each(func(x []float64) float64 { return 1 - x[0] }, rate)
		u.synapse = each(func(x []float64) float64 { return 1 - x[0] }, synapse)
		u.factor = times(times(rate, p.get("r")), times(synapse, p.optional("w_in", 1)))
		if n.kind == kindCubaLI {
			if p.err == nil && !leak.is(0) {
				p.err = unsupported("node %q (%s): v_leak is %v, but its membrane is passed on and can only leak to 0", n.name, n.kind, leak.first())
			}
			break
		}
		p.firesAround(u, leak, reset)
	}
	return u, p.err
}

// fires gives a neuron without synapse its threshold and reset. The membrane
// of a layer is v − v_reset, so that a reset makes it 0.
func (p *paramReader) fires(u *neuron, rate param, reset Reset) {
	threshold, to := p.get("v_threshold"), p.optional("v_reset", 0)
	u.output = model.Step
	if reset != ResetZero {
		p.subtracts(u, threshold, threshold, to, reset)
		return
	}
	u.reset = model.ResetZero
	u.bias = each(func(x []float64) float64 { return x[1] - x[0] }, threshold, to)
	if !to.is(0) {
		u.current = each(func(x []float64) float64 { return x[0] - float64(x[1]*x[2]) }, u.current, rate, to)
		u.initial = each(func(x []float64) float64 { return x[0] - x[1] }, u.initial, to)
	}
}

// firesAround is fires for a neuron with a synapse, whose membrane in a layer is
// v − v_leak: a constant current would pass through the synapse.
func (p *paramReader) firesAround(u *neuron, leak param, reset Reset) {
	threshold, to := p.get("v_threshold"), p.optional("v_reset", 0)
	above := each(func(x []float64) float64 { return x[0] - x[1] }, threshold, leak)
	u.output = model.Step
	if reset != ResetZero {
		p.subtracts(u, threshold, above, to, reset)
		return
	}
	if off := each(func(x []float64) float64 { return x[0] - x[1] }, to, leak); !off.is(0) && p.err == nil {
		p.err = unsupported("node %q (%s): v_reset is %v and v_leak %v, but of a neuron with a synapse both must be the same", p.node.name, p.node.kind, to.first(), leak.first())
	}
	u.reset = model.ResetZero
	u.bias = negative(above)
}

// subtracts gives a neuron a reset by subtraction of its threshold; above is
// where its membrane in the layer fires.
func (p *paramReader) subtracts(u *neuron, threshold, above, to param, reset Reset) {
	if p.err == nil && !to.is(0) {
		p.err = unsupported("node %q (%s): v_reset is %v, which a reset by subtraction has no use for: reset %s may be meant", p.node.name, p.node.kind, to.first(), ResetZero)
	}
	u.reset = model.ResetSubtract
	u.bias = negative(above)
	u.theta = threshold
	if reset == ResetSubtract {
		u.theta = times(u.decay, threshold) // what was subtracted at once decays with the rest
	}
}

// paramReader reads the parameters of one node and keeps the first error.
type paramReader struct {
	node  *node
	shape []int
	err   error
}

func (p *paramReader) get(name string) param {
	if p.err != nil {
		return nil
	}
	var v param
	v, p.err = p.node.param(name, p.shape)
	return v
}

// optional returns x for a parameter that the node does not have: older files
// lack some.
func (p *paramReader) optional(name string, x float64) param {
	if !p.node.has(name) {
		return constant(x)
	}
	return p.get(name)
}

// rate returns dt/τ for a time constant, which must be at least dt.
func (p *paramReader) rate(tau string, dt float64) param {
	v := p.get(tau)
	for _, x := range v {
		if !(x > 0) {
			p.err = unsupported("node %q (%s): %s is %v, expected a time above 0", p.node.name, p.node.kind, tau, x)
			return nil
		}
		if dt/x > 1+1e-6 { // float32 time constants are not exact
			p.err = unsupported("node %q (%s): %s is %v, shorter than the time step of %v: its forward Euler step would overshoot; a smaller dt may be meant", p.node.name, p.node.kind, tau, x, dt)
			return nil
		}
	}
	return each(func(x []float64) float64 { return min(dt/x[0], 1) }, v)
}

func plus(a, b param) param {
	return each(func(x []float64) float64 { return x[0] + x[1] }, a, b)
}

func times(a, b param) param {
	return each(func(x []float64) float64 { return x[0] * x[1] }, a, b)
}

func negative(p param) param {
	return each(func(x []float64) float64 { return -x[0] }, p)
}

// first returns a value for an error: the first that is not 0.
func (p param) first() float64 {
	for _, x := range p {
		if x != 0 {
			return x
		}
	}
	return 0
}
