package model

import (
	"fmt"
	"math"
	"slices"
)

// ReadoutKind names how the last layer's outputs become scores.
type ReadoutKind string

// The readouts. The class is the largest score; a tie goes to the larger u of
// the last step, then to the lower index.
const (
	SpikeCount  ReadoutKind = "spike_count"  // Σ_t y_j
	MembraneSum ReadoutKind = "membrane_sum" // Σ_t s_j, t ascending; last layer does not spike
	MembraneMax ReadoutKind = "membrane_max" // max_t s_j; last layer does not spike
	FirstSpike  ReadoutKind = "first_spike"  // 1/t for the first spike at step t, from 1; 0 without one

	// A decision at every step, from its scores s_j alone; the last layer does not
	// spike. A set has the outputs whose s_j is above 0: σ(s_j) is the probability
	// of output j, independent of the others.
	StepClass ReadoutKind = "step_class" // the class with the largest s_j
	StepSet   ReadoutKind = "step_set"   // all outputs with s_j > 0
)

// EachStep reports whether there is a decision at every step instead of one for
// all steps.
func (k ReadoutKind) EachStep() bool { return k == StepClass || k == StepSet }

// Membranes reports whether the readout is of membranes, of a last layer that does
// not spike.
func (k ReadoutKind) Membranes() bool {
	return k.EachStep() || k == MembraneSum || k == MembraneMax
}

// readouts says what the last layer must put out for each readout.
//
// A new readout is a constant above and a row here, how its scores add up
// (internal/layer/readout.go), its gradient or that it has none (train/loss.go), and a
// row in docs/FORMAT.md.
var readouts = []struct {
	kind  ReadoutKind
	takes []Output
}{
	{SpikeCount, []Output{Step, Sigmoid, Count}},
	{MembraneSum, []Output{None}},
	{MembraneMax, []Output{None}},
	{FirstSpike, []Output{Step}},
	{StepClass, []Output{None}},
	{StepSet, []Output{None}},
}

// Readouts returns the readouts that a last layer of an output has; without one,
// all.
func Readouts(of ...Output) (kinds []ReadoutKind) {
	for _, r := range readouts {
		if len(of) == 0 || slices.ContainsFunc(of, func(o Output) bool { return slices.Contains(r.takes, o) }) {
			kinds = append(kinds, r.kind)
		}
	}
	return kinds
}

// Readout is how a class follows from the last layer.
type Readout struct {
	Kind ReadoutKind
	// Margin is how far the leading score should be ahead of all others for an
	// early decision, in units of the score; 0 if there is no recommendation.
	Margin float32
	// Floor is what a live window should reach to be taken for any class; the zero
	// value is no recommendation.
	Floor Floor
}

// Floor is the least that a window must have to be of a class: of input without
// meaning, silence or noise, a readout names one as well.
type Floor struct {
	Events int64   // events, or active channels of all steps
	Score  float32 // of the leading class; 0 asks for nothing
	Lead   float32 // of the leading score over the second
}

// Check returns an error for numbers that no window can be held against.
func (f Floor) Check() error {
	switch {
	case f.Events < 0 || f.Events > 1<<53:
		return fmt.Errorf("floor of %d events, expected 0 to 2^53", f.Events)
	case f.Score-f.Score != 0:
		return fmt.Errorf("floor of score %v, expected a finite number", f.Score)
	case !(f.Lead >= 0) || f.Lead-f.Lead != 0:
		return fmt.Errorf("floor of lead %v, expected 0 or a number above it", f.Lead)
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
	if err := n.Readout.Floor.Check(); err != nil {
		return invalid("readout %v", err)
	}
	kind := n.Readout.Kind
	if kind.EachStep() && n.Readout.Margin != 0 {
		return invalid("readout %s has a margin, %v, but it decides at every step", kind, n.Readout.Margin)
	}
	at := slices.Index(Readouts(), kind)
	if at < 0 {
		return invalid("readout %q is unknown, expected %s", kind, oneOf(Readouts()))
	}
	if takes := readouts[at].takes; !slices.Contains(takes, last.Output) {
		return invalid("readout %s needs a last layer with output %s, but it is %s: %s may be meant",
			kind, oneOf(takes), last.Output, oneOf(Readouts(last.Output)))
	}
	if k := len(n.Classes); k != 0 && k != last.OutSize() {
		return invalid("there are %d class names for %d output neurons", k, last.OutSize())
	}
	return nil
}
