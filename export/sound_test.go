package export_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
)

// soundNetwork returns a network whose input is two levels of three bands.
func soundNetwork() *model.Network {
	filters := make([]float32, 0, 3*2*3)
	for range 6 {
		filters = append(filters, 0.125, -0.5, -0.75)
	}
	return &model.Network{
		Steps: 3, Readout: model.Readout{Kind: model.SpikeCount},
		Input: model.Input{Dt: 10, Shape: []int{6}, Encoder: model.Encoder{Coding: model.Sounds, Sound: &model.Sound{
			SampleHz: 8000, Hop: 80, Smoothing: 0.5, Fall: 0.25, Rise: 0.125, Above: 8, Quiet: 0.001,
			Filters: model.Tensor{Shape: []int{3, 2, 3}, F32: filters},
			Levels:  model.Tensor{Shape: []int{3, 2}, F32: []float32{0.1, 0.2, 0.3, 0.4, 0.5, 0}},
		}}},
		Layers: []model.Layer{{
			Kind: model.SNU, In: []int{6}, Out: []int{1}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(1, 6, fractions(6, 1)), Decay: []float32{0.5}, Bias: []float32{-1},
		}},
	}
}

func TestSoundRoundTrip(t *testing.T) {
	t.Parallel()
	m := soundNetwork()
	data := encode(t, m)
	got, err := read(data)
	if err != nil || !same(got, m) {
		t.Fatalf("read %+v, %v", got, err)
	}
	if !bytes.Contains(data, []byte("\xa7version\x04")) {
		t.Error("the file is not of version 4")
	}
	if _, err := read(seal(bytes.Replace(body(data), []byte("\xa7version\x04"), []byte("\xa7version\x03"), 1))); !errors.Is(err, model.ErrInvalid) || !strings.Contains(err.Error(), "it has version 3") {
		t.Errorf("as a file of version 3: error %v", err)
	}
	other := soundNetwork()
	other.Input.Encoder = model.Encoder{Coding: model.Latency, Sound: other.Input.Encoder.Sound}
	if got, err := read(encode(t, other)); err != nil || got.Input.Encoder.Sound != nil {
		t.Errorf("a bank of filters beside encoder latency: %+v, %v", got, err)
	}
	for _, key := range []string{"sample_hz", "hop", "smoothing", "fall", "rise", "above", "quiet", "filters", "levels"} {
		if _, err := read(without(t, data, "input.encoder."+key)); !errors.Is(err, export.ErrCorrupt) || !strings.Contains(err.Error(), "the key "+key+" is missing") {
			t.Errorf("without %s: error %v", key, err)
		}
	}
}

func TestSoundRefused(t *testing.T) {
	t.Parallel()
	testRefused(t, encode(t, soundNetwork()), []refusal{
		{"input.encoder.sample_hz", "\x00", model.ErrInvalid, "encoder sound: sample_hz is 0, expected a whole number from 1 to 1048576"},
		{"input.encoder.sample_hz", f64(8000.5), model.ErrInvalid, "sample_hz is 8000.5, expected a whole number"},
		{"input.encoder.hop", "\xce\x7f\xff\xff\xff", model.ErrInvalid, "hop is 2147483647, expected 1 to 65536"},
		{"input.encoder.smoothing", "\x00", model.ErrInvalid, "smoothing is 0, expected a number above 0"},
		{"input.encoder.fall", "\x02", model.ErrInvalid, "fall is 2, expected 0 to 1"},
		{"input.encoder.rise", "\x02", model.ErrInvalid, "rise is 2, expected 0 to 1"},
		{"input.encoder.above", f64(-1), model.ErrInvalid, "above is -1, expected 0 to 2^20"},
		{"input.encoder.quiet", "\x00", model.ErrInvalid, "quiet is 0, expected a number above 0"},
		{"input.encoder.filters", "\x01", export.ErrCorrupt, "input.encoder.filters at byte"},
		{"input.encoder.filters", tensor("f32", "\x91\x03", f32(1)+f32(0)+f32(0)), model.ErrInvalid, "filters have shape [3] and 3 numbers, expected float32 [bands, sections, 3]"},
		{"input.encoder.filters", tensor("f32", "\x93\x03\x01\x03", strings.Repeat(f32(1)+f32(0)+f32(1), 3)), model.ErrInvalid, "filters have 1, 0, 1 for section 0 of band 0, expected g up to 2^20 and |c2| < 1"},
		{"input.encoder.levels", tensor("f32", "\x92\x02\x01", f32(1)+f32(1)), model.ErrInvalid, "levels have shape [2 1] and 2 numbers, expected float32 [3, levels]"},
		{"input.encoder.levels", tensor("f32", "\x92\x03\x02", strings.Repeat(f32(-1), 6)), model.ErrInvalid, "levels have -1 at 0 of band 0, expected 0 to 2^20"},
		{"input.encoder.levels", tensor("f32", "\x92\x03\x01", strings.Repeat(f32(1), 3)), model.ErrInvalid, "input: shape is [6], expected 3 channels: encoder sound at 8000 Hz, 3 bands of 1 levels"},
	})
}
