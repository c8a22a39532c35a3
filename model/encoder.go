package model

import (
	"fmt"
	"math"
	"slices"
	"strings"
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
	Sounds  Coding = "sound"   // spikes of the bands that sound is loud in
	Series  Coding = "series"  // values of every step, by the levels that they cross
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

	// Sound is how sound becomes spikes (sound); nil for other codings.
	Sound *Sound
	// Delta is by how much each value must move for a spike, a value a channel of the
	// sensor (series): value c has the input channels 2·c, up, and 2·c+1, down.
	Delta []float32
	// Difference codes by how much values change from step to step, not the values
	// (series).
	Difference bool
}

// Sound is a bank of band-pass filters. Samples x_n lie in [−1, 1] and are 0
// before the first; a step takes Hop of them. Everything is float32, every
// operation rounded on its own, with all states 0 and L = Quiet at the start. Of
// each band b the first section takes x, each other one what the one before yields:
//
//	v_n = (g·(x_n − x_{n−2}) + c1·v_{n−1}) + c2·v_{n−2}
//
// At the end of a step, with m_b the sum of |v_n| of the last section over the
// step's samples in their order, times 1/Hop,
//
//	E_b = E_b + Smoothing·(m_b − E_b)        the envelope
//	M   = Σ_b E_b                            b ascending
//	Z   = M if M < Z, else Z + Rise·(M − Z)  the noise: what goes on, from 0
//	L   = max(Fall·L, M, Above·Z, Quiet)     the loudness, which rises at once and falls slowly
//	y   = 1 if E_b > Levels[b,k]·L, else 0   of channel k·bands + b
//
// and then every v_{n−1}, v_{n−2} and E_b of a magnitude below 2⁻⁶⁰ becomes 0, so
// that silence costs no denormal numbers. Sound that is twice as loud gives the same
// spikes, as long as it is louder than Quiet.
type Sound struct {
	SampleHz  float64 // samples a second
	Hop       int     // samples a step
	Filters   Tensor  // [bands, sections, 3]: g, c1, c2
	Smoothing float32
	Fall      float32
	Rise      float32
	Above     float32
	Quiet     float32
	Levels    Tensor // [bands, levels]
}

// Bands returns the number of bands, and of sections and levels of each.
func (s *Sound) Bands() (bands, sections, levels int) {
	return s.Filters.Shape[0], s.Filters.Shape[1], s.Levels.Shape[1]
}

// CentreHz returns the frequency that the first section of band b resonates at.
func (s *Sound) CentreHz(b int) float64 {
	_, sections, _ := s.Bands()
	c := s.Filters.F32[3*b*sections:]
	// The poles r·exp(±iw) have c1 = 2·r·cos w and c2 = −r²; real ones are at 0.
	if !(c[2] < 0) {
		return 0
	}
	w := math.Acos(min(max(float64(c[1])/(2*math.Sqrt(-float64(c[2]))), -1), 1))
	return w * s.SampleHz / (2 * math.Pi)
}

// Step returns the length of a time step.
func (s *Sound) Step() Millis { return Millis(float64(s.Hop) * 1e3 / s.SampleHz) }

// Bounds of a bank of filters.
const (
	MaxSampleHz  = 1 << 20
	MaxHop       = 1 << 16
	MaxBands     = 1 << 10
	MaxSections  = 8
	MaxLevels    = 1 << 8
	maxSoundGain = 1 << 20
)

// A CodingSpec says which parameters an encoder has.
type CodingSpec struct {
	Coding   Coding
	Required []string // keys of the model file that it must have
	Optional []string // and may have
	Version  int      // of the model file that knows it first, 0 for the first one
	Pixels   bool     // whether the intensities of a picture are what it codes
	analog   func(e *Encoder) bool
	width    func(e *Encoder) int // of a coding of signals: the values that a step has
	channels func(e *Encoder) int // that an input has by the parameters, nil if they do not say
}

// codings is the table of codings.
//
// A new coding is a constant above, its fields in Encoder, and a row here; a
// new parameter is read and written by export/encoder.go, checked and named by
// Encoder.check and Encoder.String below, and printed as JSON by
// cmd/snurun/inspect.go. dataset/encode.go, or another room that yields its
// spikes, computes it; docs/FORMAT.md defines it.
var codings = []CodingSpec{
	{Coding: Poisson, Pixels: true, Required: []string{"rate_hz"}, Optional: []string{"threshold"}},
	{Coding: Latency, Pixels: true, Optional: []string{"threshold"}},
	{Coding: Direct, Pixels: true, analog: func(*Encoder) bool { return true }},
	{Coding: Events, Required: []string{"bin_us"}, Optional: []string{"counts"}, analog: func(e *Encoder) bool { return e.Counts }},
	{Coding: Sounds, Version: 4, Required: []string{"sample_hz", "hop", "filters", "smoothing", "fall", "rise", "above", "quiet", "levels"}, channels: func(e *Encoder) int {
		bands, _, levels := e.Sound.Bands()
		return bands * levels
	}},
	{Coding: Series, Version: 4, Required: []string{"delta"}, Optional: []string{"difference"}, width: func(e *Encoder) int { return len(e.Delta) }, channels: func(e *Encoder) int { return 2 * len(e.Delta) }},
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

// Signals reports whether the coding is one of signals: whether values become spikes
// step by step, by an encoder with a state.
func (c Coding) Signals() bool { return c.Spec().width != nil }

// Has reports whether an encoder of the coding has a parameter.
func (c *CodingSpec) Has(key string) bool {
	return slices.Contains(c.Required, key) || slices.Contains(c.Optional, key)
}

// Analog reports whether the encoder yields real values instead of spikes.
func (e Encoder) Analog() bool {
	spec := e.Coding.Spec()
	return spec.analog != nil && spec.analog(&e)
}

// Width returns how many values of a signal a time step has, of an encoder that turns
// each step's into spikes as it comes; 0 of any other.
func (e Encoder) Width() int {
	if spec := e.Coding.Spec(); spec.width != nil {
		return spec.width(&e)
	}
	return 0
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
	if e.Sound != nil {
		bands, _, levels := e.Sound.Bands()
		s += fmt.Sprintf(" at %v Hz, %d bands of %d levels, steps of %d samples", e.Sound.SampleHz, bands, levels, e.Sound.Hop)
	}
	if len(e.Delta) > 0 {
		s += fmt.Sprintf(" of %d channels, levels %v apart", len(e.Delta), shortList(e.Delta))
	}
	if e.Difference {
		s += ", of differences"
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
	case spec.Coding == Sounds && e.Sound == nil:
		return invalid("encoder %s has no bank of filters", e.Coding)
	case spec.Coding == Sounds:
		return e.Sound.check()
	case spec.Has("delta") && len(e.Delta) == 0:
		return invalid("encoder %s: there is no delta, expected one a channel of the sensor", e.Coding)
	}
	for i, d := range e.Delta {
		if spec.Has("delta") && !(d > 0 && finite(float64(d))) {
			return invalid("encoder %s: delta %d is %v, expected a number above 0", e.Coding, i, d)
		}
	}
	return nil
}

func (s *Sound) check() error {
	bad := func(field, format string, args ...any) error {
		return invalid("encoder %s: %s %s", Sounds, field, fmt.Sprintf(format, args...))
	}
	f, l := s.Filters, s.Levels
	switch {
	case !(s.SampleHz >= 1 && s.SampleHz <= MaxSampleHz) || s.SampleHz != math.Trunc(s.SampleHz):
		return bad("sample_hz", "is %v, expected a whole number from 1 to %d", s.SampleHz, MaxSampleHz)
	case s.Hop < 1 || s.Hop > MaxHop:
		return bad("hop", "is %d, expected 1 to %d samples", s.Hop, MaxHop)
	case !(s.Smoothing > 0 && s.Smoothing <= 1):
		return bad("smoothing", "is %v, expected a number above 0, at most 1", s.Smoothing)
	case !(s.Fall >= 0 && s.Fall <= 1):
		return bad("fall", "is %v, expected 0 to 1", s.Fall)
	case !(s.Rise >= 0 && s.Rise <= 1):
		return bad("rise", "is %v, expected 0 to 1", s.Rise)
	case !(s.Above >= 0 && s.Above <= maxSoundGain):
		return bad("above", "is %v, expected 0 to 2^20", s.Above)
	case !(s.Quiet > 0 && s.Quiet <= maxSoundGain):
		return bad("quiet", "is %v, expected a number above 0, at most 2^20", s.Quiet)
	case len(f.Shape) != 3 || f.Shape[0] < 1 || f.Shape[0] > MaxBands || f.Shape[1] < 1 || f.Shape[1] > MaxSections || f.Shape[2] != 3 || len(f.F32) != volume(f.Shape):
		return bad("filters", "have shape %v and %d numbers, expected float32 [bands, sections, 3] with up to %d bands of %d sections", f.Shape, len(f.F32), MaxBands, MaxSections)
	case len(l.Shape) != 2 || l.Shape[0] != f.Shape[0] || l.Shape[1] < 1 || l.Shape[1] > MaxLevels || len(l.F32) != volume(l.Shape):
		return bad("levels", "have shape %v and %d numbers, expected float32 [%d, levels] with up to %d levels", l.Shape, len(l.F32), f.Shape[0], MaxLevels)
	}
	for i := 0; i < len(f.F32); i += 3 {
		g, c1, c2 := float64(f.F32[i]), float64(f.F32[i+1]), float64(f.F32[i+2])
		// Both poles of z² − c1·z − c2 lie within the unit circle.
		if !(math.Abs(g) <= maxSoundGain && math.Abs(c2) < 1 && math.Abs(c1) < 1-c2) {
			return bad("filters", "have %v, %v, %v for section %d of band %d, expected g up to 2^20 and |c2| < 1, |c1| < 1 - c2, which is stable", g, c1, c2, i/3%f.Shape[1], i/3/f.Shape[1])
		}
	}
	for i, level := range l.F32 {
		if !(level >= 0 && level <= maxSoundGain) {
			return bad("levels", "have %v at %d of band %d, expected 0 to 2^20", level, i%l.Shape[1], i/l.Shape[1])
		}
	}
	return nil
}

// shortList returns the numbers of a list, of a long one the first.
func shortList(x []float32) string {
	const shown = 4
	text := strings.Trim(fmt.Sprint(x[:min(shown, len(x))]), "[]")
	if len(x) > shown {
		text += " …"
	}
	return text
}
