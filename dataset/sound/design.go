package sound

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/snurun/snurun/internal/det"
	"github.com/snurun/snurun/model"
)

// Design says which bank of filters New makes.
type Design struct {
	SampleHz     int     // samples a second
	Hop          int     // samples a time step
	Bands        int     // as wide as those of the ear
	LowHz        float64 // centre of the lowest band
	HighHz       float64 // and of the highest
	Sections     int     // filters of a band, one behind the other: the more the steeper
	Levels       int     // thresholds of a band
	SmoothingSec float64 // time constant of the envelopes
	FallSec      float64 // time constant of the loudness
	RiseSec      float64 // time constant of the noise, 0 for none
	Above        float64 // how far above the noise what counts is at least
}

// Speech is a bank for speech at 8,000 samples a second, in steps of 20 ms.
var Speech = Design{SampleHz: 8000, Hop: 160, Bands: 32, LowHz: 100, HighHz: 3600, Sections: 1, Levels: 8, SmoothingSec: 0.01, FallSec: 4, RiseSec: 5, Above: 10}

// New returns a bank of filters without levels, which Fit finds. The centres lie
// evenly on the scale of equivalent rectangular bandwidths of the ear (Glasberg and
// Moore, 1990), E(f) = 21.4·log10(1 + 0.00437·f), and the bandwidth of f is
// 24.7 + 0.108·f Hz. A section is a resonator with zeros at 0 and half the rate:
// poles r·exp(±iw), r = exp(−π·bandwidth/rate), w = 2π·f/rate, g = (1 − r²)/2. The
// same on every CPU.
func (d Design) New() (*model.Sound, error) {
	switch {
	case d.SampleHz < 1 || d.SampleHz > model.MaxSampleHz:
		return nil, fmt.Errorf("sound: a rate of %d samples a second, expected 1 to %d", d.SampleHz, model.MaxSampleHz)
	case d.Hop < 1 || d.Hop > model.MaxHop:
		return nil, fmt.Errorf("sound: steps of %d samples, expected 1 to %d", d.Hop, model.MaxHop)
	case d.Bands < 1 || d.Bands > model.MaxBands:
		return nil, fmt.Errorf("sound: %d bands, expected 1 to %d", d.Bands, model.MaxBands)
	case !(d.LowHz > 0 && d.LowHz <= d.HighHz && d.HighHz < float64(d.SampleHz)/2):
		return nil, fmt.Errorf("sound: bands from %v to %v Hz, expected rising frequencies between 0 and half the rate, %v", d.LowHz, d.HighHz, float64(d.SampleHz)/2)
	case d.Sections < 1 || d.Sections > model.MaxSections || d.Levels < 1 || d.Levels > model.MaxLevels:
		return nil, fmt.Errorf("sound: %d sections and %d levels of a band, expected 1 to %d and 1 to %d", d.Sections, d.Levels, model.MaxSections, model.MaxLevels)
	case !(d.SmoothingSec >= 0) || !(d.FallSec > 0) || !(d.RiseSec >= 0):
		return nil, fmt.Errorf("sound: time constants of %v, %v and %v s, expected 0 or more, and for the loudness a time above 0", d.SmoothingSec, d.FallSec, d.RiseSec)
	}
	s := &model.Sound{SampleHz: float64(d.SampleHz), Hop: d.Hop, Smoothing: 1, Quiet: 1}
	step := float64(d.Hop) / float64(d.SampleHz)
	if d.SmoothingSec > 0 {
		s.Smoothing = float32(1 - det.Exp(-step/d.SmoothingSec))
	}
	s.Fall = float32(det.Exp(-step / d.FallSec))
	if d.RiseSec > 0 {
		s.Rise, s.Above = float32(1-det.Exp(-step/d.RiseSec)), float32(d.Above)
	}
	s.Filters = model.Tensor{Shape: []int{d.Bands, d.Sections, 3}}
	low, high := det.Log(1+float64(perHz*d.LowHz)), det.Log(1+float64(perHz*d.HighHz))
	for b := range d.Bands {
		at := low
		if d.Bands > 1 {
			at += float64((high - low) * (float64(b) / float64(d.Bands-1)))
		}
		f := (det.Exp(at) - 1) / perHz
		r := det.Exp(-math.Pi * (24.7 + float64(0.108*f)) / float64(d.SampleHz))
		w := 2 * math.Pi * f / float64(d.SampleHz)
		r2 := float64(r * r)
		for range d.Sections {
			s.Filters.F32 = append(s.Filters.F32, float32((1-r2)/2), float32(2*r*det.Cos(w)), float32(-r2))
		}
	}
	s.Levels = model.Tensor{Shape: []int{d.Bands, d.Levels}, F32: make([]float32, d.Bands*d.Levels)}
	return s, nil
}

// perHz is the slope of the scale of equivalent rectangular bandwidths.
const perHz = 0.00437

// quietShare is Quiet as a share of what the loudest step of a recording has, that
// of the softest tenth of the recordings: room for a microphone that is softer.
const quietShare = 1.0 / 32

// shares of the steps that are above the levels of a band.
const mostSteps, fewestSteps = 0.6, 0.05

// Fit sets Quiet and the levels of s to what divides the steps of recordings evenly:
// of a band, as many are between two neighbouring levels as between any others. The
// recordings must not be empty.
func Fit(s *model.Sound, recordings iter.Seq[[]float32]) error {
	bands, _, levels := s.Bands()
	s.Quiet = 1.0 / (1 << 24)
	e := newBank(s)
	var peaks []float32
	steps := 0
	for x := range recordings {
		peaks = append(peaks, e.Loudest(x))
		steps += len(x) / s.Hop
	}
	if len(peaks) == 0 {
		return fmt.Errorf("sound: there are no recordings, expected at least one")
	}
	slices.Sort(peaks)
	s.Quiet = max(peaks[len(peaks)/10]*quietShare, 1.0/(1<<24))
	above := make([][]float32, bands) // envelopes, as shares of the loudness
	// Of many recordings each so-manieth: the first may all be of one class.
	every := 1 + steps/maxFitted
	next := 0
	for x := range recordings {
		if next++; (next-1)%every != 0 {
			continue
		}
		e.Reset()
		for ; len(x) >= s.Hop && len(above[0]) < 2*maxFitted; x = x[s.Hop:] {
			e.listen(x)
			e.settle()
			for b, v := range e.envelope {
				above[b] = append(above[b], v/e.loudness)
			}
		}
	}
	if len(above[0]) == 0 {
		return fmt.Errorf("sound: all recordings are shorter than a time step of %d samples", s.Hop)
	}
	for b, all := range above {
		slices.Sort(all)
		for k := range levels {
			share := mostSteps
			if levels > 1 {
				share -= (mostSteps - fewestSteps) * float64(k) / float64(levels-1)
			}
			s.Levels.F32[b*levels+k] = all[min(int(float64(len(all))*(1-share)), len(all)-1)]
		}
	}
	return nil
}

// maxFitted is about how many steps Fit looks into at most.
const maxFitted = 1 << 18
