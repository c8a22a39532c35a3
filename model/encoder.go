package model

import (
	"fmt"
	"math"
	"slices"
)

// Coding names how values become spikes.
type Coding string

// The codings: how an intensity x in [0,1], or an event stream, becomes the
// input of each time step.
const (
	Poisson Coding = "poisson" // a spike with probability rate·Δt·x a step
	Latency Coding = "latency" // one spike, the earlier the larger x
	Direct  Coding = "direct"  // x itself at every step, analog
	Events  Coding = "events"  // events binned into steps
)

// Encoder is the input coding of a network. Fields that a coding does not use
// are zero.
type Encoder struct {
	Coding Coding

	// RateHz is the firing rate of intensity 1 (poisson).
	RateHz float64
	// Threshold, if set: an intensity in [0,1] above it fires, at the full rate
	// (poisson) or at the step that follows from it (latency); any other is
	// silent.
	Threshold *float64

	// BinUS is the length of a bin in µs, in which events are dated (events). It
	// says when a step is over; Input.Step is the same in ms.
	BinUS float64
	// Counts passes the number of events of a channel and step on as an
	// analog value; otherwise more than one event counts as one spike (events).
	Counts bool
}

// A CodingSpec says which parameters an encoder has.
type CodingSpec struct {
	Coding   Coding
	Required []string // keys of the model file that it must have
	Optional []string // and may have
	analog   func(e *Encoder) bool
}

// codings is the table of codings.
//
// A new coding is a constant above, its fields in Encoder, and a row here; a
// new parameter is read and written by export/encoder.go, checked and named by
// Encoder.check and Encoder.String below, and printed as JSON by
// cmd/snurun/inspect.go. dataset/encode.go, or another room that yields its
// spikes, computes it; docs/FORMAT.md defines it.
var codings = []CodingSpec{
	{Coding: Poisson, Required: []string{"rate_hz"}, Optional: []string{"threshold"}},
	{Coding: Latency, Optional: []string{"threshold"}},
	{Coding: Direct, analog: func(*Encoder) bool { return true }},
	{Coding: Events, Required: []string{"bin_us"}, Optional: []string{"counts"}, analog: func(e *Encoder) bool { return e.Counts }},
}

// Codings returns the names of all codings.
func Codings() (names []Coding) {
	for _, c := range codings {
		names = append(names, c.Coding)
	}
	return names
}

// Spec returns what the table of codings says of a coding, a zero CodingSpec of
// one that is unknown.
func (c Coding) Spec() CodingSpec {
	for i := range codings {
		if codings[i].Coding == c {
			return codings[i]
		}
	}
	return CodingSpec{}
}

// Has reports whether an encoder of the coding has a parameter.
func (c *CodingSpec) Has(key string) bool {
	return slices.Contains(c.Required, key) || slices.Contains(c.Optional, key)
}

// Analog reports whether the encoder yields real values instead of spikes.
func (e Encoder) Analog() bool {
	spec := e.Coding.Spec()
	return spec.analog != nil && spec.analog(&e)
}

// WholeBin reports whether BinUS is a whole number of at least 1: events are dated
// in whole microseconds.
func (e Encoder) WholeBin() bool {
	return e.BinUS >= 1 && e.BinUS <= 1<<53 && e.BinUS == math.Trunc(e.BinUS)
}

// String returns the coding and its parameters in a few words.
func (e Encoder) String() string {
	s := string(e.Coding)
	if e.RateHz != 0 {
		s += fmt.Sprintf(" %v Hz", e.RateHz)
	}
	if e.Threshold != nil {
		s += fmt.Sprintf(", intensity above %v", *e.Threshold)
	}
	if e.BinUS != 0 {
		s += fmt.Sprintf(", bins of %v µs", e.BinUS)
	}
	if e.Counts {
		s += ", counted"
	}
	return s
}

func (e *Encoder) check() error {
	spec := e.Coding.Spec()
	switch {
	case spec.Coding == "":
		return invalid("encoder %q is unknown, expected %s", e.Coding, oneOf(Codings()))
	case spec.Has("rate_hz") && (!(e.RateHz > 0) || !finite(e.RateHz)):
		return invalid("encoder %s: rate_hz is %v, expected a rate above 0", e.Coding, e.RateHz)
	case spec.Has("bin_us") && (!(e.BinUS > 0) || !finite(e.BinUS)):
		return invalid("encoder %s: bin_us is %v, expected a time above 0", e.Coding, e.BinUS)
	case e.Threshold != nil && !finite(*e.Threshold):
		return invalid("encoder %s: threshold is %v, expected a finite intensity", e.Coding, *e.Threshold)
	}
	return nil
}
