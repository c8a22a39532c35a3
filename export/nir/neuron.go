package nir

import (
	"math"

	"github.com/snurun/snurun/internal/det"
	"github.com/snurun/snurun/model"
)

// neuron is a node's neurons in time steps: the parameters of model's equations,
// and the factor on all that comes in.
type neuron struct {
	name                                                  string
	activation                                            model.Activation
	floor                                                 float32
	output                                                model.Output
	most                                                  int
	value                                                 float32
	reset                                                 model.Reset
	factor, current, synapse, decay, bias, theta, initial param
}

// meaning is what the neurons of a node do that the node does not say.
type meaning struct {
	framework
	dt     float64
	reset  Reset
	spikes int     // the most a step, 0 without bound
	norm   bool    // Sinabs' norm_input: what comes in is scaled by 1 − decay
	tauSyn float64 // of a synapse that the file does not have, 0 without
	floor  float64 // that the membrane does not fall below, −Inf without
	value  float64 // of a spike
}

// neuron reads the neurons of a node and takes their equations to steps, as the
// package documentation says.
func (n *node) neuron(shape []int, m *meaning) (*neuron, error) {
	p := paramReader{node: n, shape: shape, meaning: m}
	u := &neuron{activation: model.Identity, output: model.None, reset: model.ResetNone, factor: constant(1)}
	if !math.IsInf(m.floor, -1) {
		u.activation, u.floor = model.Clipped, float32(m.floor)
		if reset := p.optional("v_reset", 0); p.err == nil && !reset.is(0) {
			p.err = unsupported("node %q (%s): v_reset is %v, but with min_v_mem it must be 0", n.name, n.kind, reset.first())
		}
	}
	switch n.kind {
	case kindThresh:
		u.output = model.Step
		u.bias = negative(p.get("threshold"))
	case kindI, kindIF:
		u.decay = constant(1)
		u.factor = p.get("r")
		if !u.factor.is(1) {
			u.factor = each(func(x []float64) float64 { return x[0] * m.dt }, u.factor)
		}
		if n.kind == kindIF {
			p.fires(u, nil)
		}
	case kindLI, kindLIF:
		var rate param
		u.decay, rate = p.decay("tau")
		u.factor = p.gain(m.gain, p.withConstant("r", "tau"), u.decay, rate)
		leak := p.get("v_leak")
		u.current = times(rate, leak)
		u.initial = leak
		if m.tauSyn > 0 {
			p.synapse(u, constant(m.tauSyn))
		}
		if n.kind == kindLIF {
			p.fires(u, rate)
		}
	case kindCubaLI, kindCubaLIF:
		var rate, synapse param
		u.decay, rate = p.decay("tau_mem")
		u.synapse, synapse = p.decay("tau_syn")
		u.factor = times(
			p.gain(m.gain, p.withConstant("r", "tau_mem"), u.decay, rate),
			p.gain(m.framework.synapse, p.withConstant("w_in", "tau_syn"), u.synapse, synapse))
		leak := p.get("v_leak")
		if n.kind == kindCubaLI {
			if p.err == nil && !leak.is(0) {
				p.err = unsupported("node %q (%s): v_leak is %v, but its membrane is passed on and can only leak to 0", n.name, n.kind, leak.first())
			}
			break
		}
		p.firesAround(u, leak)
	}
	return u, p.err
}

// gain returns the factor of an input: r is R or w_in, rate 1 − decay by forward
// Euler.
func (p *paramReader) gain(g gain, r, decay, rate param) param {
	if g == lost && (!p.meaning.norm || p.node.kind == kindLI) {
		g = unscaled // Sinabs' ExpLeak does not norm its input
	}
	switch g {
	case byLetter:
		return each(func(x []float64) float64 {
			if math.IsInf(x[0], 1) { // r/τ of ∞/∞ is 1/Δt
				return 1
			}
			return x[0] * x[1]
		}, r, rate)
	case whole:
		return constant(1)
	case lost:
		return each(func(x []float64) float64 { return x[0] * (1 - x[1]) }, r, decay)
	case decayed:
		return decay
	}
	return r
}

// synapse gives a neuron without one a synaptic current.
func (p *paramReader) synapse(u *neuron, tau param) {
	u.synapse = each(func(x []float64) float64 { return det.Exp(-p.meaning.dt / x[0]) }, tau)
	u.factor = times(u.factor, u.synapse)
	if !u.current.is(0) && p.err == nil {
		p.err = unsupported("node %q (%s): v_leak is %v, but a neuron with a synapse can only leak to 0", p.node.name, p.node.kind, u.current.first())
	}
}

// fires gives a neuron without synapse its threshold and reset. The membrane
// of a layer is v − v_reset, so that a reset makes it 0.
func (p *paramReader) fires(u *neuron, rate param) {
	threshold, to := p.get("v_threshold"), p.optional("v_reset", 0)
	p.output(u)
	if p.meaning.reset != ResetZero && p.meaning.reset != ResetRefractory {
		p.subtracts(u, threshold, threshold, to)
		return
	}
	u.reset = p.zeroes()
	u.bias = p.bias(u, each(func(x []float64) float64 { return x[0] - x[1] }, threshold, to))
	if !to.is(0) && !(p.node.kind == kindIF && p.meaning.atReset) {
		u.current = each(func(x []float64) float64 { return x[0] - float64(x[1]*x[2]) }, u.current, rate, to)
		u.initial = each(func(x []float64) float64 { return x[0] - x[1] }, u.initial, to)
	}
}

// firesAround is fires for a neuron with a synapse, whose membrane in a layer is
// v − v_leak: a constant current would pass through the synapse.
func (p *paramReader) firesAround(u *neuron, leak param) {
	threshold, to := p.get("v_threshold"), p.optional("v_reset", 0)
	above := each(func(x []float64) float64 { return x[0] - x[1] }, threshold, leak)
	p.output(u)
	if p.meaning.reset != ResetZero && p.meaning.reset != ResetRefractory {
		p.subtracts(u, threshold, above, to)
		return
	}
	if off := each(func(x []float64) float64 { return x[0] - x[1] }, to, leak); !off.is(0) && p.err == nil {
		p.err = unsupported("node %q (%s): v_reset is %v and v_leak %v, but of a neuron with a synapse both must be the same", p.node.name, p.node.kind, to.first(), leak.first())
	}
	u.reset = p.zeroes()
	u.bias = p.bias(u, above)
}

// subtracts gives a neuron a reset by subtraction of its threshold, or none;
// above is where its membrane in the layer fires.
func (p *paramReader) subtracts(u *neuron, threshold, above, to param) {
	reset := p.meaning.reset
	if p.err == nil && !to.is(0) {
		p.err = unsupported("node %q (%s): v_reset is %v, which reset %s has no use for: reset %s may be meant", p.node.name, p.node.kind, to.first(), reset, ResetZero)
	}
	u.bias = p.bias(u, above)
	if reset == ResetNone {
		return
	}
	u.reset = model.ResetSubtract
	if reset == resetLagged || reset == ResetSubtract && p.meaning.name == SnnTorch {
		u.reset = model.ResetLagged
	}
	u.theta = threshold
	if reset != ResetDelayed {
		u.theta = times(u.decay, threshold) // what was subtracted at once decays with the rest
	}
}

// zeroes returns the reset that makes a layer's membrane 0.
func (p *paramReader) zeroes() model.Reset {
	if p.meaning.reset == ResetRefractory {
		return model.ResetRefractory
	}
	return model.ResetZero
}

// output says what neurons that spike pass on.
func (p *paramReader) output(u *neuron) {
	m := p.meaning
	if u.output = model.Step; m.spikes == 1 && m.value == 1 {
		return
	}
	u.output = model.Count
	if m.spikes != Many {
		u.most = m.spikes
	}
	if m.value != 1 {
		u.value = float32(m.value)
	}
}

// bias returns the bias of neurons that fire at a threshold, or above.
func (p *paramReader) bias(u *neuron, threshold param) param {
	switch counts := u.output == model.Count; { // those fire at their threshold
	case p.meaning.atEqual && !counts:
		threshold = each(func(x []float64) float64 { return beside(x[0], -1) }, threshold)
	case !p.meaning.atEqual && counts:
		threshold = each(func(x []float64) float64 { return beside(x[0], 1) }, threshold)
	}
	return negative(threshold)
}

// paramReader reads the parameters of one node and keeps the first error.
type paramReader struct {
	node    *node
	shape   []int
	meaning *meaning
	err     error
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

// withConstant reads a parameter that is infinite where the time constant tau
// is: the pair stands for a neuron that does not leak.
func (p *paramReader) withConstant(name, tau string) param {
	v, constant := p.optional(name, 1), p.get(tau)
	for j := range max(len(v), len(constant)) {
		if p.err == nil && math.IsInf(v.at(j), 0) != math.IsInf(constant.at(j), 0) {
			p.err = unsupported("node %q (%s): %s is %v and %s is %v, expected both or none to be infinite", p.node.name, p.node.kind, tau, constant.at(j), name, v.at(j))
		}
	}
	return v
}

// decay returns what is left of a membrane or current after a step, and the
// share of a constant level that it moves towards in one. By forward Euler a
// time constant must be at least dt.
func (p *paramReader) decay(tau string) (decay, rate param) {
	v := p.get(tau)
	m := p.meaning
	if m.exponential {
		for _, x := range v {
			if !(x > 0) {
				p.err = unsupported("node %q (%s): %s is %v, expected a time above 0", p.node.name, p.node.kind, tau, x)
				return nil, nil
			}
		}
		decay = each(func(x []float64) float64 { return det.Exp(-m.dt / x[0]) }, v)
		return decay, each(func(x []float64) float64 { return 1 - x[0] }, decay)
	}
	for _, x := range v {
		switch {
		case m.clamps && x != 0:
		case !(x > 0):
			p.err = unsupported("node %q (%s): %s is %v, expected a time above 0", p.node.name, p.node.kind, tau, x)
			return nil, nil
		case m.dt/x > 1+1e-6: // float32 time constants are not exact
			p.err = unsupported("node %q (%s): %s is %v, shorter than the time step of %v: its forward Euler step would overshoot; a smaller dt may be meant", p.node.name, p.node.kind, tau, x, m.dt)
			return nil, nil
		}
	}
	rate = each(func(x []float64) float64 { return min(max(m.dt/x[0], 0), 1) }, v)
	return each(func(x []float64) float64 { return 1 - x[0] }, rate), rate
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
