package model

import (
	"github.com/snurun/snurun/spike"

	"errors"
	"fmt"
	"math"
	"strings"
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
	if err := in.Encoder.check(); err != nil {
		return err
	}
	if spec := in.Encoder.Coding.Spec(); spec.channels != nil && in.Size() != spec.channels(&in.Encoder) {
		return invalid("input: shape is %v, expected %d channels: encoder %s", in.Shape, spec.channels(&in.Encoder), in.Encoder)
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
		if values, ok := x.(spike.Values); ok {
			if err := n.validateValues(fmt.Sprintf("self-test input %d", i), values); err != nil {
				return err
			}
		}
	}
	return nil
}

// validateValues checks that a network can run on values.
func (n *Network) validateValues(where string, x spike.Values) error {
	limit := n.CountLimit()
	for t := range x.Steps() {
		if i := firstNotFinite(x.At(t)); i >= 0 {
			return invalid("%s: value %v at step %d, channel %d is not finite", where, x.At(t)[i], t, i)
		}
		if limit < 0 {
			continue
		}
		switch events, odd := Counts(x.At(t)); {
		case odd >= 0:
			return invalid("%s: value %v at step %d, channel %d, expected a count: weights are integers", where, x.At(t)[odd], t, odd)
		case events > float64(limit):
			return invalid("%s: %.0f events at step %d, expected at most %d: weights are integers", where, events, t, limit)
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

// oneOf lists names that were expected: "a, b or c".
func oneOf[T ~string](names []T) string {
	var s strings.Builder
	for i, name := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			s.WriteString(" or ")
		default:
			s.WriteString(", ")
		}
		s.WriteString(string(name))
	}
	return s.String()
}
