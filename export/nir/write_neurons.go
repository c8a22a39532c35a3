package nir

import (
	"fmt"
	"math"
	"slices"

	"github.com/snurun/snurun/model"
)

// unit is the neurons of a layer as a NIR node has them.
type unit struct {
	kind      kind // empty for weights alone
	dt        float64
	tau, syn  param // time constants
	steps     param // τ/Δt
	r, wIn    param
	gain      param // that the weights take; none for 1
	scaled    bool  // whether the gain stays when the file is read
	threshold param
	reset     Reset
	membrane  bool // a Threshold compares the membrane of an LI or I node before it
}

// unit says what node the neurons of a layer are. Those that leak have R = τ/Δt,
// with which an input counts once in a step; or, since Norse takes R for 1, the
// weights have it.
func (w *writer) unit(l *model.Layer) unit {
	n := l.OutSize()
	decay, bias := w.all(l.Decay, n), w.all(l.Bias, n)
	still := len(l.Decay) == 0 || decay.is(0)
	hasSynapse := len(l.Synapse) > 0
	u := unit{dt: w.dt, reset: resetOf(l), threshold: each(func(x []float64) float64 { return 0 - x[0] }, bias)}
	switch spikes := l.Output == model.Step; {
	case !spikes && !hasSynapse && still:
		return u
	case !spikes && hasSynapse:
		u.kind = kindCubaLI
	case !spikes && decay.is(1):
		u.kind = kindI
	case !spikes:
		u.kind = kindLI
	case l.Reset == model.ResetNone && still:
		u.kind = kindThresh
		return u
	case l.Reset == model.ResetNone: // a leaky integrator whose membrane is compared
		if u.kind, u.membrane = kindLI, true; decay.is(1) {
			u.kind = kindI
		}
	case hasSynapse:
		u.kind = kindCubaLIF
	case decay.is(1) && w.to != SnnTorch:
		u.kind = kindIF
	case w.to == NIR:
		u.kind = kindLIF
	default:
		u.kind = kindCubaLIF
	}
	ones := param(slices.Repeat([]float64{1}, n))
	switch u.kind {
	case kindI, kindIF:
		u.r = ones
		return u
	}
	u.tau, u.steps = w.constants(decay)
	u.r = u.steps
	switch u.kind {
	case kindLI, kindLIF:
		u.gain, u.r = u.steps, ones
	default:
		u.syn, u.wIn = w.constants(w.all(l.Synapse, n)) // without a synapse τ_syn = Δt, w_in = 1
	}
	if w.to == SnnTorch && u.kind == kindCubaLIF && u.threshold.differs() {
		// A membrane and its threshold in units of the threshold: one for all neurons.
		u.gain, u.scaled, u.threshold = each(func(x []float64) float64 { return 1 / x[0] }, u.threshold), true, ones
	}
	return u
}

// differs reports whether there are several values.
func (p param) differs() bool { return len(p) > 0 && !p.is(p[0]) }

// times returns weights or biases of rows neurons, or channels, times the gain:
// where there is one the float32 that reading takes back to what it was.
func (u *unit) times(x []float32, rows int) []float32 {
	if u.gain.is(0) || u.gain == nil {
		return x
	}
	out := make([]float32, len(x))
	for k, v := range x {
		j := k / (len(x) / rows)
		back := min(u.dt/float64(u.dt*u.gain.at(j)), 1)
		out[k] = float32(float64(v) * u.gain.at(j))
		if u.scaled {
			continue
		}
		for _, near := range []float32{math.Nextafter32(out[k], float32(math.Inf(-1))), math.Nextafter32(out[k], float32(math.Inf(1)))} {
			if float32(float64(out[k])*back) != v && float32(float64(near)*back) == v {
				out[k] = near
			}
		}
	}
	return out
}

// neurons writes the neurons of layer i, if it has any, with their recurrent
// weights, and returns the node that the layer's output comes from.
func (w *writer) neurons(i int, u *unit, name, weights string, shape []int) (string, error) {
	l := &w.net.Layers[i]
	if u.kind == "" {
		return weights, nil
	}
	n := volume(shape)
	into := func(node string) {
		if weights == "" {
			w.from(i, node)
		} else {
			w.edge(weights, node)
		}
	}
	if u.membrane {
		node := w.name(name + "_membrane")
		w.parameters(u, u.kind, node, shape)
		into(node)
		weights, u.kind = node, kindThresh
	}
	recurrent := l.Recurrent != nil
	if recurrent && len(shape) != 1 {
		return "", unsupported("recurrent neurons of shape %v: NIR's matrices take one dimension", shape)
	}
	name = w.name(name)
	w.parameters(u, u.kind, name, shape)
	into(name)
	if recurrent {
		back := w.name(name + "_rec")
		w.node(back, kindLinear).Float32s("weight", []int{n, n}, u.times(elements(l.Recurrent), n))
		w.edge(name, back)
		w.edge(back, name)
	}
	return name, nil
}

// parameters writes the node of neurons.
func (w *writer) parameters(u *unit, k kind, name string, shape []int) {
	g := w.node(name, k)
	put := func(key string, v param) {
		all := make([]float64, volume(shape))
		for j := range all {
			all[j] = v.at(j)
		}
		g.Float64s(key, shape, all)
	}
	switch k {
	case kindThresh:
		put("threshold", u.threshold)
	case kindI, kindIF:
		put("r", u.r)
	case kindLI, kindLIF:
		put("tau", u.tau)
		put("r", u.r)
		put("v_leak", nil)
	case kindCubaLI, kindCubaLIF:
		put("tau_mem", u.tau)
		put("tau_syn", u.syn)
		put("r", u.r)
		put("w_in", u.wIn)
		put("v_leak", nil)
	}
	if k == kindIF || k == kindLIF || k == kindCubaLIF {
		put("v_threshold", u.threshold)
		put("v_reset", nil)
		if u.reset != ResetZero { // as NIR's equations say
			g.Group("metadata").String("reset", string(u.reset))
		}
	}
}

// resetOf returns what a spike of a layer does in the words of this package, "" if they
// do not say it: a reset by subtraction takes off the threshold, after the next decay or,
// where θ is l times as much, before.
func resetOf(l *model.Layer) Reset {
	switch l.Reset {
	case model.ResetZero:
		return ResetZero
	case model.ResetNone:
		return ResetNone
	case model.ResetRefractory:
		return ResetRefractory
	case model.ResetSubtract, model.ResetLagged:
	default:
		return ""
	}
	n := l.OutSize()
	theta, bias, decay := model.Broadcast(l.Theta, n), model.Broadcast(l.Bias, n), model.Broadcast(l.Decay, n)
	delayed, atOnce := true, true
	for j := range n {
		threshold, kept := 0-float64(at(bias, j)), float64(at(decay, j))
		delayed = delayed && float64(theta[j]) == threshold
		atOnce = atOnce && math.Abs(float64(theta[j])-float64(kept*threshold)) <= 0x1p-22*math.Abs(threshold)
	}
	switch {
	case l.Reset == model.ResetLagged && atOnce:
		return resetLagged
	case l.Reset == model.ResetSubtract && delayed:
		return ResetDelayed
	case l.Reset == model.ResetSubtract && atOnce:
		return ResetSubtract
	}
	return ""
}

// at returns element j, 0 of no elements.
func at(x []float32, j int) float32 {
	if len(x) == 0 {
		return 0
	}
	return x[j]
}

// constants returns the time constants of decays, and the gains with which an
// input counts once in a step: τ/Δt.
func (w *writer) constants(decay param) (tau, gain param) {
	steps := each(func(x []float64) float64 { return 1 / max(1-x[0], slowest) }, decay)
	return each(func(x []float64) float64 { return w.dt * x[0] }, steps), steps
}

// writable reports what the import of a framework does not take.
func writable(n *model.Network, to Framework) error {
	if to != "" && to != NIR && to != Norse && to != SnnTorch {
		return unsupported("files for %s: expected %s, %s or %s", to, NIR, Norse, SnnTorch)
	}
	if to == "" || to == NIR {
		return nil
	}
	for i := range n.Layers {
		l := &n.Layers[i]
		var what string
		switch {
		case l.Kind == model.Pool2D && l.Pool == model.SumPool && to == SnnTorch:
			what = "sum pooling"
		case l.Kind == model.Pool2D && l.Pool == model.SumPool && l.Window.Padding != [2]int{}:
			what = "sum pooling with padding"
		case !l.HasNeurons():
			continue
		case l.Output == model.None && len(l.Synapse) > 0:
			what = "a CubaLI, a membrane with a synapse that does not spike"
		case l.Output == model.None && to == SnnTorch && !widen(l.Decay).is(0):
			what = "an LI or I, a membrane that does not spike"
		case l.Output == model.None && to == Norse && len(l.Decay) > 0 && widen(l.Decay).is(1):
			what = "an I, an integrator that does not spike"
		case l.Output == model.Step && l.Reset == model.ResetNone:
			what = "a Threshold"
		case l.Output == model.Step && l.Reset != model.ResetZero && to == Norse:
			what = fmt.Sprintf("a reset %s: its neurons are reset to v_reset", resetOf(l))
		case to == SnnTorch && l.Recurrent != nil:
			what = "recurrent weights as they are meant: it leads what comes into the neurons through them"
		case to == SnnTorch && l.Output == model.Step && widen(l.Bias).differs() && slices.Max(l.Bias) >= 0:
			what = "thresholds that differ within a layer, some of them not above 0"
		default:
			continue
		}
		return unsupported("%s: %s does not read %s", model.LayerName(i, l.Name), to, what)
	}
	return nil
}
