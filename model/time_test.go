package model_test

import (
	"testing"

	"github.com/snurun/snurun/model"
)

func TestMicros(t *testing.T) {
	t.Parallel()
	for us := 1.0; us <= 1<<52; us = us*1.37 + 1 {
		if whole := float64(int64(us)); model.FromMicros(whole).Micros() != whole {
			t.Errorf("%v µs are %v ms are %v µs", whole, model.FromMicros(whole), model.FromMicros(whole).Micros())
		}
	}
	for ms, us := range map[model.Millis]float64{1: 1000, 0.333: 333, 0.0015: 1.5, 15: 15000, -1: -1000, 0: 0} {
		if ms.Micros() != us {
			t.Errorf("%v ms are %v µs, expected %v", ms, ms.Micros(), us)
		}
	}
	if s := model.Millis(15).Seconds(); s != 0.015 {
		t.Errorf("15 ms are %v s", s)
	}
}

func TestStep(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		e    model.Encoder
		want model.Millis
	}{
		{model.Encoder{Coding: model.Poisson}, 0.1},
		{model.Encoder{Coding: model.Events}, 0.1},
		{model.Encoder{Coding: model.Events, BinUS: 333}, 0.333},
		{model.Encoder{Coding: model.Direct, BinUS: 333}, 0.1},
		{model.Encoder{Coding: model.Sounds, Sound: &model.Sound{SampleHz: 8000, Hop: 80}}, 10},
	} {
		if got := (model.Input{Dt: 0.1, Encoder: c.e}).Step(); got != c.want {
			t.Errorf("%+v: a step of %v ms, expected %v", c.e, got, c.want)
		}
	}
}
