package sound

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// tone returns a second of a sine of amplitude 1/2.
func tone(hz float64, rate int) []float32 {
	x := make([]float32, rate)
	for i := range x {
		x[i] = float32(0.5 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
	}
	return x
}

func TestResampler(t *testing.T) {
	for _, c := range []struct{ from, to int }{{16000, 8000}, {48000, 8000}, {44100, 8000}, {22050, 16000}, {11025, 8000}, {8000, 16000}, {8000, 11025}} {
		r, err := NewResampler(c.from, c.to)
		if err != nil {
			t.Fatal(err)
		}
		lower := float64(min(c.from, c.to))
		lag := float64(len(r.past)/2) / float64(c.from) // of what comes out, in s
		for _, hz := range []float64{0, 50, lower / 8, 0.35 * lower} {
			x := tone(hz, c.from)
			if hz == 0 {
				for i := range x {
					x[i] = 0.5
				}
			}
			y := r.Append(nil, x)
			if len(y) < c.to-1 || len(y) > c.to+1 {
				t.Errorf("%d to %d: %d samples of a second", c.from, c.to, len(y))
			}
			for i := c.to / 4; i < 3*c.to/4; i++ {
				want := 0.5
				if hz > 0 {
					want = 0.5 * math.Sin(2*math.Pi*hz*(float64(i)/float64(c.to)-lag))
				}
				if math.Abs(float64(y[i])-want) > 0.005 {
					t.Fatalf("%d to %d: %v Hz: sample %d is %v, expected %v", c.from, c.to, hz, i, y[i], want)
				}
			}
			*r = *fresh(t, c.from, c.to)
		}
		if c.from > c.to { // what the lower rate cannot have is gone
			for i, v := range r.Append(nil, tone(0.56*lower, c.from)) {
				if i > 200 && math.Abs(float64(v)) > 0.005 {
					t.Fatalf("%d to %d: %v Hz comes through as %v", c.from, c.to, 0.56*lower, v)
				}
			}
		}
	}
}

func fresh(t *testing.T, from, to int) *Resampler {
	t.Helper()
	r, err := NewResampler(from, to)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestResamplerTakesPieces checks that it does not matter how samples are cut.
func TestResamplerTakesPieces(t *testing.T) {
	x := tone(700, 44100)[:5000]
	want := fresh(t, 44100, 8000).Append(nil, x)
	r := fresh(t, 44100, 8000)
	var got []float32
	for n := 1; len(x) > 0; n = n*3%97 + 1 {
		n = min(n, len(x))
		got = r.Append(got, x[:n])
		x = x[n:]
	}
	if !slices.Equal(got, want) {
		t.Error("in pieces the samples are others")
	}
	c, err := Clip{44100, tone(700, 44100)[:5000]}.Resampled(8000)
	if err != nil || c.SampleHz != 8000 || !slices.Equal(c.Samples, want) {
		t.Errorf("a clip's samples are others: %v", err)
	}
	if same, err := (Clip{8000, x}).Resampled(8000); err != nil || same.SampleHz != 8000 {
		t.Errorf("the same rate: %v", err)
	}
}

func TestResamplerRefuses(t *testing.T) {
	for _, c := range []struct{ from, to int }{{0, 8000}, {8000, 0}, {1 << 21, 8000}} {
		if _, err := NewResampler(c.from, c.to); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "expected 1 to 1048576") {
			t.Errorf("%d to %d: error %v", c.from, c.to, err)
		}
	}
	for _, c := range []struct{ from, to int }{{44101, 8000}, {1048575, 8000}, {8000, 1048575}, {1048576, 1}} {
		r, err := NewResampler(c.from, c.to)
		if err == nil && len(r.taps)*len(r.past) <= maxTaps {
			continue
		}
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "sox IN.wav -r") {
			t.Errorf("%d to %d: error %v", c.from, c.to, err)
		}
	}
	if _, err := NewResampler(44101, 8000); err == nil {
		t.Error("44101 to 8000 has 8000 phases, expected an error")
	}
}

// TestTooManySamples refuses a clip that would take memory without measure at another
// rate.
func TestTooManySamples(t *testing.T) {
	t.Parallel()
	c := Clip{SampleHz: 8, Samples: make([]float32, 100_000)}
	if _, err := c.Resampled(8000); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "100000 samples at 8 a second are 100000001 at 8000") {
		t.Errorf("error %v", err)
	}
}
