package model

import (
	"github.com/snurun/snurun/spike"

	"errors"
	"fmt"
	"math"
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
	if !(n.Input.Dt > 0) || math.IsInf(float64(n.Input.Dt), 0) {
		return invalid("dt_ms is %v, expected a time above 0", n.Input.Dt)
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
	if size := n.Input.Size(); n.Steps > maxPresentation/size {
		return invalid("%d steps of %d inputs are more than %d values", n.Steps, size, maxPresentation)
	}
	if len(n.Layers) == 0 {
		return invalid("there are no layers")
	}
	if err := n.validateLayers(); err != nil {
		return err
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

func (n *Network) validateReadout() error {
	last := &n.Layers[len(n.Layers)-1]
	if !last.HasNeurons() {
		return invalid("the last layer is a %s, expected one with neurons to read out", last.Kind)
	}
	if m := n.Readout.Margin; !(m >= 0) || math.IsInf(float64(m), 0) {
		return invalid("readout margin is %v, expected 0 or a number above it", m)
	}
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
	if len(st.Inputs) == 0 {
		return invalid("the self-test has no inputs")
	}
	size, analog := n.Input.Size(), n.Input.Encoder.Analog()
	for i, x := range st.Inputs {
		if _, spikes := x.(spike.Train); x == nil || spikes == analog {
			return invalid("self-test input %d is not of the kind that encoder %s yields", i, n.Input.Encoder.Coding)
		}
		if x.Size() != size {
			return invalid("self-test input %d has %d channels, expected %d", i, x.Size(), size)
		}
	}
	return nil
}

// MaxSteps bounds the default presentation of a network.
const MaxSteps = 1 << 20

// maxPresentation bounds the values of the default presentation, so that a
// small file cannot ask for more memory than a machine has.
const maxPresentation = math.MaxInt32

func finite(x float64) bool { return x-x == 0 }
