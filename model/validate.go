package model

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrInvalid is the kind of every error that says a network makes no sense.
var ErrInvalid = errors.New("invalid network")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

// Validate reports the first thing that keeps the network from running:
// shapes that do not fit, unknown names, parameters that are missing, not
// finite or out of range. The error is an ErrInvalid that names the layer and
// the field, what was found and what was expected.
func (n *Network) Validate() error {
	if !(n.DtMS > 0) || math.IsInf(n.DtMS, 0) {
		return invalid("dt_ms is %v, expected a time above 0", n.DtMS)
	}
	if n.Steps < 1 || n.Steps > MaxSteps {
		return invalid("steps is %d, expected 1 to %d", n.Steps, MaxSteps)
	}
	if err := n.validateMetadata(); err != nil {
		return err
	}
	if err := n.Input.validate(); err != nil {
		return err
	}
	if len(n.Layers) == 0 {
		return invalid("there are no layers")
	}
	before, beforeName := n.Input.Shape, "input"
	for i := range n.Layers {
		l := &n.Layers[i]
		where := fmt.Sprintf("layer %d", i)
		if l.Name != "" {
			where = fmt.Sprintf("layer %d (%q)", i, l.Name)
		}
		if err := l.validate(where); err != nil {
			return err
		}
		if volume(before) != l.InSize() {
			return invalid("%s takes shape %v, but %s has shape %v", where, l.In, beforeName, before)
		}
		before, beforeName = l.Out, where
	}
	if err := n.validateReadout(); err != nil {
		return err
	}
	return n.validateSelfTest()
}

func (n *Network) validateMetadata() error {
	for k, v := range n.Metadata {
		switch v := v.(type) {
		case string:
		case float64:
			if !finite(v) {
				return invalid("metadata %q is %v, expected a finite number", k, v)
			}
		default:
			return invalid("metadata %q is a %T, expected a string or a float64", k, v)
		}
	}
	return nil
}

func (in Input) validate() error {
	if err := validShape("input", "shape", in.Shape); err != nil {
		return err
	}
	e := in.Encoder
	switch e.Coding {
	case Poisson:
		if !(e.RateHz > 0) || !finite(e.RateHz) {
			return invalid("encoder poisson: rate_hz is %v, expected a rate above 0", e.RateHz)
		}
	case Events:
		if !(e.BinUS > 0) || !finite(e.BinUS) {
			return invalid("encoder events: bin_us is %v, expected a time above 0", e.BinUS)
		}
	case Latency, Direct:
	default:
		return invalid("encoder %q is unknown, expected poisson, latency, direct or events", e.Coding)
	}
	if e.Threshold != nil && !finite(*e.Threshold) {
		return invalid("encoder %s: threshold is %v, expected a finite intensity", e.Coding, *e.Threshold)
	}
	return nil
}

func (l *Layer) validate(where string) error {
	for _, s := range []struct {
		name  string
		shape []int
	}{{"in", l.In}, {"out", l.Out}} {
		if err := validShape(where, s.name, s.shape); err != nil {
			return err
		}
	}
	switch l.Kind {
	case SNU:
	case Dense:
		if l.Output != None || l.Reset != ResetNone || l.Recurrent != nil || len(l.Decay) > 0 || len(l.Initial) > 0 {
			return invalid("%s: a dense layer keeps no state: output and reset must be none, without recurrent, decay or initial", where)
		}
	default:
		return invalid("%s: kind %q is unknown, expected snu or dense", where, l.Kind)
	}
	switch l.Activation {
	case Identity, ReLU, ELU, LeakyReLU:
	default:
		return invalid("%s: activation %q is unknown, expected identity, relu, leaky_relu or elu", where, l.Activation)
	}
	if l.Slope-l.Slope != 0 {
		return invalid("%s: slope is %v, expected a finite number", where, l.Slope)
	}
	switch l.Output {
	case Step, Sigmoid, None:
	default:
		return invalid("%s: output %q is unknown, expected step, sigmoid or none", where, l.Output)
	}
	switch l.Reset {
	case ResetZero, ResetSubtract:
		if l.Output == None {
			return invalid("%s: reset %s needs an output, but output is none", where, l.Reset)
		}
	case ResetLateral:
		if l.Output != Step {
			return invalid("%s: reset lateral needs output step, but output is %s", where, l.Output)
		}
	case ResetNone:
	default:
		return invalid("%s: reset %q is unknown, expected zero, subtract, lateral or none", where, l.Reset)
	}
	if l.Reset == ResetSubtract && len(l.Theta) == 0 {
		return invalid("%s: reset subtract needs theta", where)
	}
	if l.Reset != ResetSubtract && len(l.Theta) > 0 {
		return invalid("%s: theta is only for reset subtract, but reset is %s", where, l.Reset)
	}
	if l.Recurrent != nil && l.Output == None {
		return invalid("%s: recurrent needs an output, but output is none", where)
	}
	return l.validateParameters(where)
}

func (l *Layer) validateParameters(where string) error {
	in, out := l.InSize(), l.OutSize()
	rows := in
	if l.Recurrent != nil {
		rows += out
	}
	// The kernels pad the neurons to multiples of 16.
	if padded := (out + 15) &^ 15; rows > maxVolume/padded {
		return invalid("%s: %d inputs of %d neurons are more than %d weights", where, rows, padded, maxVolume)
	}
	if err := l.Weight.validate(where, "weight", []int{out, in}); err != nil {
		return err
	}
	if l.Recurrent != nil {
		if err := l.Recurrent.validate(where, "recurrent", []int{out, out}); err != nil {
			return err
		}
	}
	for _, p := range l.vectors() {
		if k := len(p.values); k > 1 && k != out {
			return invalid("%s: %s has %d values, expected 1 or %d, one a neuron", where, p.name, k, out)
		}
		if j := firstNotFinite(p.values); j >= 0 {
			return invalid("%s: %s[%d] is %v, expected a finite number", where, p.name, j, p.values[j])
		}
	}
	for j, d := range l.Decay {
		if d < 0 || d > 1 {
			return invalid("%s: decay[%d] is %v, expected 0 to 1", where, j, d)
		}
	}
	return nil
}

func (t *Tensor) validate(where, field string, shape []int) error {
	if !slices.Equal(t.Shape, shape) {
		return invalid("%s: %s has shape %v, expected %v", where, field, t.Shape, shape)
	}
	if err := validShape(where, field, shape); err != nil {
		return err
	}
	if t.F32 != nil && t.I8 != nil {
		return invalid("%s: %s has both f32 and i8 elements", where, field)
	}
	if n := volume(shape); t.Len() != n {
		return invalid("%s: %s has %d elements, its shape %v needs %d", where, field, t.Len(), shape, n)
	}
	if k := firstNotFinite(t.F32); k >= 0 {
		return invalid("%s: %s[%d,%d] is %v, expected a finite number", where, field, k/shape[1], k%shape[1], t.F32[k])
	}
	if t.I8 != nil {
		if k := len(t.Scale); k != 1 && k != shape[0] {
			return invalid("%s: %s has %d scales, expected 1 or %d, one a row", where, field, k, shape[0])
		}
		for j, s := range t.Scale {
			// 128·scale must stay finite.
			if !(math.Abs(float64(s)) <= math.MaxFloat32/128) {
				return invalid("%s: %s scale[%d] is %v, expected a finite number below 2^121", where, field, j, s)
			}
		}
	}
	return nil
}

func (n *Network) validateReadout() error {
	last := &n.Layers[len(n.Layers)-1]
	switch n.Readout.Kind {
	case SpikeCount:
		if last.Output == None {
			return invalid("readout spike_count needs a last layer with output step or sigmoid, but it is none: membrane_sum may be meant")
		}
	case FirstSpike:
		if last.Output != Step {
			return invalid("readout first_spike needs a last layer with output step, but it is %s", last.Output)
		}
	case MembraneSum, MembraneMax:
		if last.Output != None {
			return invalid("readout %s needs a last layer that does not spike (output none), but it is %s", n.Readout.Kind, last.Output)
		}
	default:
		return invalid("readout %q is unknown, expected spike_count, membrane_sum, membrane_max or first_spike", n.Readout.Kind)
	}
	if k := len(n.Classes); k != 0 && k != last.OutSize() {
		return invalid("there are %d class names for %d output neurons", k, last.OutSize())
	}
	return nil
}

func (n *Network) validateSelfTest() error {
	st := n.SelfTest
	if st == nil {
		return nil
	}
	if len(st.Spikes)+len(st.Values) == 0 {
		return invalid("the self-test has no inputs")
	}
	size, analog := n.Input.Size(), n.Input.Encoder.Analog()
	if analog && len(st.Spikes) > 0 || !analog && len(st.Values) > 0 {
		return invalid("the self-test's inputs are not of the kind that encoder %s yields", n.Input.Encoder.Coding)
	}
	for i, t := range st.Spikes {
		if t.Size() != size {
			return invalid("self-test input %d has %d channels, expected %d", i, t.Size(), size)
		}
	}
	for i, v := range st.Values {
		if v.Size() != size {
			return invalid("self-test input %d has %d channels, expected %d", i, v.Size(), size)
		}
	}
	return nil
}

// MaxSteps bounds the default presentation of a network.
const MaxSteps = 1 << 20

// maxVolume keeps byte offsets into a layer's weights within an int32, so that
// a model that loads on one machine loads on a 32-bit one too.
const maxVolume = math.MaxInt32 / 4

func validShape(where, field string, shape []int) error {
	if len(shape) == 0 {
		return invalid("%s: %s has no dimensions", where, field)
	}
	v := int64(1)
	for _, d := range shape {
		if d < 1 {
			return invalid("%s: %s is %v, expected dimensions of at least 1", where, field, shape)
		}
		if v *= int64(min(d, maxVolume+1)); v > maxVolume {
			return invalid("%s: %s is %v, more than %d elements", where, field, shape, maxVolume)
		}
	}
	return nil
}

func firstNotFinite(p []float32) int {
	return slices.IndexFunc(p, func(x float32) bool { return x-x != 0 })
}

func finite(x float64) bool { return x-x == 0 }
