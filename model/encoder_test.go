package model

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// bank returns the encoder of a bank of two filters with three levels each.
func bank() Encoder {
	return Encoder{Coding: Sounds, Sound: &Sound{
		SampleHz: 8000, Hop: 80, Smoothing: 0.5, Fall: 0.9, Rise: 0.1, Above: 2, Quiet: 0.01,
		Filters: Tensor{Shape: []int{2, 1, 3}, F32: []float32{0.1, 1.5, -0.8, 0.1, 0, -0.8}},
		Levels:  Tensor{Shape: []int{2, 3}, F32: []float32{0.1, 0.2, 0.3, 0.1, 0.2, 0.3}},
	}}
}

func TestEncodersOfSignals(t *testing.T) {
	sounds, series := bank(), Encoder{Coding: Series, Delta: []float32{1, 2, 3, 4, 5}, Difference: true}
	for _, e := range []*Encoder{&sounds, &series} {
		if err := e.check(); err != nil || e.Analog() {
			t.Errorf("%s: analog %v, error %v", e.Coding, e.Analog(), err)
		}
	}
	if s := sounds.String(); s != "sound at 8000 Hz, 2 bands of 3 levels, steps of 80 samples" {
		t.Error(s)
	}
	if s := series.String(); s != "series of 5 channels, levels 1 2 3 4 … apart, of differences" {
		t.Error(s)
	}
	if series.Width() != 5 || sounds.Width() != 0 || !Series.Signals() || Sounds.Signals() {
		t.Errorf("widths %d and %d", series.Width(), sounds.Width())
	}
	if d := sounds.Sound.Step(); d != 10 {
		t.Errorf("a step of %v ms", d)
	}
	// The poles of the second filter are at a quarter of the rate.
	if hz := sounds.Sound.CentreHz(1); math.Abs(hz-2000) > 1e-6 {
		t.Errorf("centre at %v Hz", hz)
	}
	sounds.Sound.Filters.F32[5] = 0.1
	if hz := sounds.Sound.CentreHz(1); hz != 0 {
		t.Errorf("centre of real poles at %v Hz", hz)
	}
}

func TestWrongEncodersOfSignals(t *testing.T) {
	nan := float32(math.NaN())
	for want, change := range map[string]func(s *Sound){
		"sample_hz is 0.5":               func(s *Sound) { s.SampleHz = 0.5 },
		"sample_hz is 8000.5":            func(s *Sound) { s.SampleHz = 8000.5 },
		"hop is 0":                       func(s *Sound) { s.Hop = 0 },
		"smoothing is 0":                 func(s *Sound) { s.Smoothing = 0 },
		"fall is NaN":                    func(s *Sound) { s.Fall = nan },
		"rise is 2":                      func(s *Sound) { s.Rise = 2 },
		"above is -1":                    func(s *Sound) { s.Above = -1 },
		"quiet is 0":                     func(s *Sound) { s.Quiet = 0 },
		"filters have shape [2 3]":       func(s *Sound) { s.Filters.Shape = []int{2, 3} },
		"filters have shape [2 2 3]":     func(s *Sound) { s.Filters.Shape = []int{2, 2, 3} },
		"levels have shape [3 2]":        func(s *Sound) { s.Levels.Shape = []int{3, 2} },
		"for section 0 of band 1":        func(s *Sound) { s.Filters.F32[5] = -1 },
		"for section 0 of band 0":        func(s *Sound) { s.Filters.F32[1] = 1.9 },
		"levels have NaN at 2 of band 1": func(s *Sound) { s.Levels.F32[5] = nan },
	} {
		e := bank()
		change(e.Sound)
		if err := e.check(); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, expected %q", err, want)
		}
	}
	for want, e := range map[string]Encoder{
		"has no bank of filters": {Coding: Sounds},
		"there is no delta":      {Coding: Series},
		"delta 1 is 0":           {Coding: Series, Delta: []float32{1, 0}},
		"delta 0 is +Inf":        {Coding: Series, Delta: []float32{float32(math.Inf(1))}},
	} {
		if err := e.check(); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, expected %q", err, want)
		}
	}
}

func TestWrongFloors(t *testing.T) {
	for want, f := range map[string]Floor{
		"floor of -1 events": {Events: -1},
		"floor of score NaN": {Score: float32(math.NaN())},
		"floor of lead -1":   {Lead: -1},
	} {
		if err := f.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, expected %q", err, want)
		}
	}
	if err := (Floor{Events: 3, Score: -2, Lead: 1}).Check(); err != nil {
		t.Error(err)
	}
}
