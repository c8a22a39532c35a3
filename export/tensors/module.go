package tensors

import (
	"slices"
	"strings"

	"github.com/snurun/snurun/model"
)

// SnnTorch is the framework whose state dicts are known by the buffers of their
// neurons.
const SnnTorch = "snntorch"

// frameworks says what the neurons of a framework do that no description needs to
// say.
var frameworks = map[string]struct {
	atEqual bool // they fire at their threshold, else above
	many    bool // as often in a step as it fits into the membrane, else once
}{
	"": {}, SnnTorch: {}, "norse": {}, "spikingjelly": {atEqual: true},
	"sinabs": {atEqual: true, many: true}, "rockpool": {atEqual: true, many: true},
}

// module is the neurons of a layer as a state dict of snnTorch has them. The zero
// value but for graded stands for any other.
type module struct {
	name      string // before the dot of its tensors; empty for none
	file      *File
	snntorch  bool
	lapicque  bool
	mechanism float32 // reset_mechanism_val: 0 subtract, 1 zero, 2 none; −1 unknown
	graded    float32 // graded_spikes_factor
	wide      bool    // Synaptic, RLeaky or RSynaptic
}

// module finds the neurons whose tensors a layer names.
func (d *layerDescription) module(f *File, framework string) (*module, error) {
	m := &module{file: f, mechanism: -1, graded: 1, snntorch: framework == SnnTorch}
	for _, v := range []*value{d.Decay, d.Threshold, d.Synapse} {
		if v == nil || v.tensor == "" {
			continue
		}
		name, _, ok := cutLast(v.tensor, ".")
		if !ok {
			continue
		}
		_, known := f.Tensors[name+".reset_mechanism_val"]
		if _, factor := f.Tensors[name+".graded_spikes_factor"]; known || factor {
			m.name, m.snntorch = name, framework == "" || framework == SnnTorch
		}
	}
	if m.name == "" || !m.snntorch {
		return m, nil
	}
	m.wide = d.Synapse != nil || d.Recurrent != ""
	for _, b := range []struct {
		name string
		to   *float32
	}{{"reset_mechanism_val", &m.mechanism}, {"graded_spikes_factor", &m.graded}} {
		t, ok := f.Tensors[m.name+"."+b.name]
		if ok && len(t.Data) != 1 {
			return nil, misdescribed("%s.%s has shape %v, expected a single number", m.name, b.name, t.Shape)
		}
		if ok {
			*b.to = t.Data[0]
		}
	}
	_, r := f.Tensors[m.name+".R"]
	_, c := f.Tensors[m.name+".C"]
	m.lapicque = r && c
	return m, nil
}

// cutLast cuts s around the last separator.
func cutLast(s, separator string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}

// applyTo gives a layer what snnTorch makes of its parameters.
func (m *module) applyTo(l *model.Layer, r *remarks) error {
	if !m.snntorch {
		return nil
	}
	if m.graded != 1 {
		r.say("a spike counts %v, by %s.graded_spikes_factor", m.graded, m.name)
	}
	if m.lapicque {
		return m.charge(l, r)
	}
	for _, p := range []struct {
		name   string
		values *[]float32
	}{{"decay", &l.Decay}, {"synapse", &l.Synapse}} {
		var clamped []float32
		for j, x := range *p.values {
			if y := min(max(x, 0), 1); y != x {
				r.say("%s[%d] is %v and clamped to %v, as snnTorch does", p.name, j, x, y)
				x = y
			}
			clamped = append(clamped, x)
		}
		*p.values = clamped
	}
	return nil
}

// charge gives a layer the decay of Lapicque's neurons, which do not use their β,
// and multiplies its weights: v = (1 − Δt/(R·C))·v + Δt/C·input.
func (m *module) charge(l *model.Layer, r *remarks) error {
	r.say("%s is a Lapicque neuron: the decay is 1 − time_step/(R·C), and an input counts time_step/C", m.name)
	step := Tensor{Data: []float32{1}}
	if t, ok := m.file.Tensors[m.name+".time_step"]; ok {
		step = t
	}
	resistance, c := m.file.Tensors[m.name+".R"], m.file.Tensors[m.name+".C"]
	if len(resistance.Data) == 0 || len(c.Data) == 0 || len(step.Data) != 1 {
		return misdescribed("%s has R of shape %v, C of %v and time_step of %v, expected numbers", m.name, resistance.Shape, c.Shape, step.Shape)
	}
	dt := float64(step.Data[0])
	var err error
	if l.Decay, err = perNeuron(resistance.Data, c.Data, "R", "C", func(r, c float32) float32 { return float32(1 - dt/float64(float64(r)*float64(c))) }); err != nil {
		return err
	}
	for j, d := range l.Decay {
		if !(d >= 0 && d <= 1) {
			return misdescribed("%s has a decay of 1 − time_step/(R·C) = %v for neuron %d, expected 0 to 1", m.name, d, j)
		}
	}
	if len(l.Weight.Shape) == 0 || l.Weight.Len() == 0 {
		return misdescribed("%s: weight has shape %v, expected rows of weights, one a neuron", m.name, l.Weight.Shape)
	}
	rows := l.Weight.Shape[0]
	if len(c.Data) != 1 && len(c.Data) != rows {
		return misdescribed("%s.C has shape %v, but weight %v", m.name, c.Shape, l.Weight.Shape)
	}
	scaled := func(x []float32) []float32 {
		out := make([]float32, len(x))
		for k, v := range x {
			out[k] = float32(float64(v) * (dt / float64(c.Data[min(k/(len(x)/rows), len(c.Data)-1)])))
		}
		return out
	}
	l.Weight.F32 = scaled(l.Weight.F32)
	if len(l.Current) == rows {
		l.Current = scaled(l.Current)
	}
	return nil
}

// reset returns the reset of a layer, in the words of a description.
func (m *module) reset(d *layerDescription, r *remarks) (string, error) {
	reset := d.Reset
	if !m.snntorch {
		return reset, nil
	}
	if want, ok := map[float32][]string{
		0: {"delayed", "subtract", "lagged"}, 1: {"zero", "refractory"}, 2: {"none"},
	}[m.mechanism]; ok {
		if !slices.Contains(want, reset) {
			return "", misdescribed("reset is %q, but %s.reset_mechanism_val is %v: expected %s", reset, m.name, m.mechanism, strings.Join(want, " or "))
		}
	}
	switch {
	case reset == "subtract":
		r.say("reset subtract is that of snnTorch with reset_delay=False, where a neuron fires once more only above twice its threshold: reset lagged")
		return "lagged", nil
	case reset == "zero" && m.lapicque:
		r.say("reset zero of a Lapicque neuron loses the step after a spike: reset refractory")
		return "refractory", nil
	case reset == "zero" && m.wide:
		r.warn("reset zero is at once, as with reset_delay=False; with snnTorch's default delay, reset_mechanism=\"zero\" of Synaptic, RLeaky and RSynaptic is reset refractory")
	}
	return reset, nil
}
