package nir

import (
	"fmt"
	"math"
	"slices"
)

// framework returns what is meant by the neurons of the graph's framework: the one
// asked for, or the one that the file tells.
func (g *graph) framework(im *Import, o Options, c clock) framework {
	from := o.From
	if from == "" {
		if from = g.exporter(c); from != "" {
			im.assume("the file is one of %s, by its names or numbers", from)
		}
	}
	if from == "" {
		from = NIR
	}
	return frameworks[from]
}

// hasMembrane reports whether a node is of neurons that the lists of Options count.
func (k kind) hasMembrane() bool { return k.isNeuron() && k != kindThresh }

// meanings says what the neurons of each node do.
func (g *graph) meanings(im *Import, o Options, f framework, dt float64) (map[*node]*meaning, error) {
	var neurons []*node
	spiking := 0 // of which the file does not say the reset
	for _, n := range g.nodes {
		if n.kind.hasMembrane() {
			neurons = append(neurons, n)
			if n.kind.spikes() && n.reset == "" {
				spiking++
			}
		}
	}
	for _, list := range []struct {
		name string
		n    int
	}{
		{"resets", len(o.Resets)}, {"spikes a step", len(o.Spikes)}, {"values of norm_input", len(o.NormInput)},
		{"values of tau_syn", len(o.TauSyn)}, {"values of min_v_mem", len(o.MinVMem)}, {"values of a spike", len(o.Graded)},
	} {
		if list.n > 1 && list.n != len(neurons) {
			return nil, fmt.Errorf("nir: %d %s, expected one for all or one for each of the %d nodes of neurons (%s)", list.n, list.name, len(neurons), join(neurons))
		}
	}
	reset := o.Reset
	if len(o.Resets) == 0 && reset == "" {
		reset = f.reset
		switch {
		case spiking == 0:
		case f.name == NIR:
			im.warn("the file does not say how a spike resets the membrane: taken to be %s, to v_reset, by NIR's equations; networks from Sinabs, Rockpool and snnTorch may need %s or %s (snnTorch's default)", ResetZero, ResetSubtract, ResetDelayed)
		default:
			im.assume("reset is %s, the default of %s", reset, f.name)
		}
	}
	spikes := 1
	if f.many {
		spikes = Many
		if len(o.Spikes) == 0 && spiking > 0 {
			im.assume("a neuron fires as often in a step as its threshold fits into its membrane, the default of %s", f.name)
		}
	}
	meanings := make(map[*node]*meaning, len(neurons))
	for i, n := range neurons {
		m := &meaning{
			framework: f, dt: dt,
			reset:  either(o.Resets, i, reset),
			spikes: either(o.Spikes, i, spikes),
			norm:   either(o.NormInput, i, true),
			tauSyn: either(o.TauSyn, i, 0),
			floor:  either(o.MinVMem, i, math.Inf(-1)),
			value:  either(o.Graded, i, 1),
		}
		if n.reset != "" && len(o.Resets) == 0 && o.Reset == "" {
			m.reset = n.reset
		}
		if m.reset == "" {
			m.reset = f.reset
		}
		if err := n.check(m, o, im); err != nil {
			return nil, err
		}
		meanings[n] = m
	}
	return meanings, nil
}

// either returns element i of a list that has one for all, one each, or none.
func either[T any](list []T, i int, none T) T {
	switch len(list) {
	case 0:
		return none
	case 1:
		return list[0]
	}
	return list[i]
}

// check reports what a node's neurons cannot be told.
func (n *node) check(m *meaning, o Options, im *Import) error {
	refuse := func(format string, args ...any) error {
		return unsupported("node %q (%s): %s", n.name, n.kind, fmt.Sprintf(format, args...))
	}
	if !n.kind.spikes() {
		switch {
		case len(o.Resets) > 1 && m.reset != ResetNone:
			return refuse("reset is %s, but it does not spike: expected %s in its place", m.reset, ResetNone)
		case len(o.Spikes) > 1 && m.spikes != 1:
			return refuse("%d spikes a step, but it does not spike: expected 1 in its place", m.spikes)
		case len(o.Graded) > 1 && m.value != 1:
			return refuse("a spike counts %v, but it does not spike: expected 1 in its place", m.value)
		}
	} else if m.resets != nil && !slices.Contains(m.resets, m.reset) {
		im.warn("node %q: reset %s is none that %s has, which are %v", n.name, m.reset, m.name, m.resets)
	}
	if m.name == SnnTorch && n.kind.spikes() {
		wide := n.kind == kindCubaLIF || len(n.loops) > 0
		switch {
		case m.reset == ResetZero && wide:
			im.warn("node %q: reset %s is at once, as with reset_delay=False; with snnTorch's default delay, reset_mechanism=\"zero\" of Synaptic, RLeaky and RSynaptic is reset %s", n.name, ResetZero, ResetRefractory)
		case m.reset == ResetRefractory && !wide:
			im.warn("node %q: reset %s drops the input of the step after a spike; reset_mechanism=\"zero\" of snnTorch's Leaky keeps it, which is reset %s", n.name, ResetRefractory, ResetZero)
		}
	}
	switch {
	case m.name == Rockpool && !n.kind.spikes() && n.kind != kindI:
		return refuse("of Rockpool only neurons that spike are known; --from nir takes the node by its equations")
	case m.name == Sinabs && (n.kind == kindCubaLIF || n.kind == kindCubaLI):
		return refuse("Sinabs writes no such node; --from nir takes it by its equations")
	case m.tauSyn != 0 && (m.name != Sinabs || n.kind != kindLIF && n.kind != kindLI):
		return refuse("tau_syn is %v, but only LIF neurons of Sinabs have one that the file does not: --from sinabs may be missing", m.tauSyn)
	case !m.norm && (m.name != Sinabs || n.kind != kindLIF && n.kind != kindLI):
		return refuse("norm_input is false, but only LIF neurons of Sinabs have it: --from sinabs may be missing")
	}
	return nil
}

// meaning returns what a node's neurons do.
func (b *builder) meaning(n *node) *meaning {
	if m := b.meanings[n]; m != nil {
		return m
	}
	return &meaning{framework: frameworks[NIR], dt: b.dt, reset: ResetZero, spikes: 1, norm: true, floor: math.Inf(-1), value: 1}
}
