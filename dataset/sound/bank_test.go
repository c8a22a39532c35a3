package sound

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// voice returns sound that has no meaning: a tone that glides, in noise, with pauses.
func voice(n int) []float32 {
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, n)
	phase := 0.0
	for i := range x {
		phase += 0.1 + float64(i)*1e-5
		x[i] = float32(r.NormFloat64()*0.001) + float32(math.Sin(phase)*0.3*math.Max(0, math.Sin(float64(i)/700)))
	}
	return x
}

// inputOf returns the input of a bank that was fitted to x.
func inputOf(t testing.TB, d Design, x []float32) model.Input {
	t.Helper()
	s, err := d.New()
	if err != nil {
		t.Fatal(err)
	}
	if err := Fit(s, slices.Values([][]float32{x})); err != nil {
		t.Fatal(err)
	}
	return model.Input{Shape: []int{d.Bands * d.Levels}, Dt: s.Step(), Encoder: model.Encoder{Coding: model.Sounds, Sound: s}}
}

// plain is the encoder as model.Sound says it, sample by sample.
func plain(s *model.Sound, x []float32) (steps [][]int) {
	bands, sections, levels := s.Bands()
	in := make([][2]float32, bands*sections)  // x_{n−1}, x_{n−2} of each section
	out := make([][2]float32, bands*sections) // v_{n−1}, v_{n−2}
	e := make([]float32, bands)
	noise, loud := float32(0), s.Quiet
	for ; len(x) >= s.Hop; x = x[s.Hop:] {
		sums := make([]float32, bands)
		for _, v := range x[:s.Hop] {
			for b := range bands {
				u := v
				for k := range sections {
					i := b*sections + k
					g, c1, c2 := s.Filters.F32[3*i], s.Filters.F32[3*i+1], s.Filters.F32[3*i+2]
					a := float32(g * (u - in[i][1]))
					c := float32(c1 * out[i][0])
					d := float32(c2 * out[i][1])
					y := a + c
					y += d
					in[i] = [2]float32{u, in[i][0]}
					out[i] = [2]float32{y, out[i][0]}
					u = y
				}
				sums[b] += float32(math.Abs(float64(u)))
			}
		}
		all := float32(0)
		for b := range bands {
			m := float32(sums[b] * (1 / float32(s.Hop)))
			e[b] += float32(s.Smoothing * (m - e[b]))
			all += e[b]
		}
		if all >= noise {
			noise += float32(s.Rise * (all - noise))
		} else {
			noise = all
		}
		loud = max(float32(s.Fall*loud), all, float32(s.Above*noise), s.Quiet)
		var spikes []int
		for k := range levels {
			for b := range bands {
				if e[b] > float32(s.Levels.F32[b*levels+k]*loud) {
					spikes = append(spikes, k*bands+b)
				}
			}
		}
		steps = append(steps, spikes)
		for i := range out {
			for j, v := range out[i] {
				if math.Abs(float64(v)) < math.Ldexp(1, -60) {
					out[i][j] = 0
				}
			}
		}
		for b := range e {
			if math.Abs(float64(e[b])) < math.Ldexp(1, -60) {
				e[b] = 0
			}
		}
		for i := range in { // what a section takes is what the one before has put out
			if i%sections > 0 {
				in[i] = out[i-1]
			}
		}
	}
	return steps
}

// encoded returns the spikes of sound.
func encoded(t testing.TB, in model.Input, x []float32) (steps [][]int) {
	t.Helper()
	e, err := NewEncoder(in)
	if err != nil {
		t.Fatal(err)
	}
	dst := spike.NewVector(e.Size())
	for ; len(x) >= e.Hop(); x = x[e.Hop():] {
		e.Step(dst, x)
		steps = append(steps, slices.Collect(dst.All()))
	}
	return steps
}

func TestEncoderIsThePlainLoop(t *testing.T) {
	for _, d := range []Design{
		Speech,
		{SampleHz: 16000, Hop: 1, Bands: 3, LowHz: 200, HighHz: 7000, Sections: 2, Levels: 2, FallSec: 1, RiseSec: 1, Above: 2},
		{SampleHz: 8000, Hop: 37, Bands: 5, LowHz: 60, HighHz: 3000, Sections: 3, Levels: 1, SmoothingSec: 0.03, FallSec: 0.2},
		{SampleHz: 44100, Hop: 441, Bands: 1, LowHz: 1000, HighHz: 1000, Sections: 1, Levels: 70, FallSec: 5},
	} {
		x := append(voice(8000), make([]float32, 3000)...) // with silence, in which all becomes 0
		in := inputOf(t, d, x)
		got, want := encoded(t, in, x), plain(in.Encoder.Sound, x)
		spikes := 0
		for i := range want {
			spikes += len(want[i])
			if !slices.Equal(got[i], want[i]) {
				t.Fatalf("%+v: step %d spikes in %v, expected %v", d, i, got[i], want[i])
			}
		}
		if len(got) != len(want) || spikes < len(want) {
			t.Errorf("%+v: %d steps, expected %d; %d spikes", d, len(got), len(want), spikes)
		}
	}
}

// TestEncoderSameBits pins spikes and bank, for other CPUs.
func TestEncoderSameBits(t *testing.T) {
	x := make([]float32, 16000)
	state := uint32(1)
	for i := range x {
		state = state*1664525 + 1013904223
		x[i] = float32(int32(state)>>16) / (1 << 15) * float32(i%4000) / 4000
	}
	in := inputOf(t, Speech, x)
	h := sha256.New()
	s := in.Encoder.Sound
	binary.Write(h, binary.LittleEndian, s.Filters.F32)
	binary.Write(h, binary.LittleEndian, s.Levels.F32)
	binary.Write(h, binary.LittleEndian, []float32{s.Smoothing, s.Fall, s.Rise, s.Above, s.Quiet})
	for _, spikes := range encoded(t, in, x) {
		fmt.Fprintln(h, spikes)
	}
	r, err := NewResampler(44100, 8000)
	if err != nil {
		t.Fatal(err)
	}
	binary.Write(h, binary.LittleEndian, r.Append(nil, x))
	const want = "27b586c061d4d4bd62f4076c2443167f3271bce735aaf9c2e3936e50234d4799"
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != want {
		t.Errorf("digest %s, expected %s", got, want)
	}
}

func TestLoudnessDoesNotMatter(t *testing.T) {
	x := voice(16000)
	in := inputOf(t, Speech, x)
	in.Encoder.Sound.Quiet = 1.0 / (1 << 30)
	want := fmt.Sprint(encoded(t, in, x))
	for _, gain := range []float32{1.0 / 1024, 0.25, 2} {
		other := slices.Clone(x)
		for i := range other {
			other[i] *= gain
		}
		if fmt.Sprint(encoded(t, in, other)) != want {
			t.Errorf("%v times as loud gives other spikes", gain)
		}
		in := in
		quiet := *in.Encoder.Sound
		quiet.Quiet = 1 << 20
		in.Encoder.Sound = &quiet
		if got := encoded(t, in, other); gain < 1 && len(slices.Concat(got...)) != 0 {
			t.Errorf("%v times as loud, below Quiet, has spikes", gain)
		}
	}
}

func TestSilenceSettles(t *testing.T) {
	x := voice(8000)
	in := inputOf(t, Speech, x)
	e, err := NewEncoder(in)
	if err != nil {
		t.Fatal(err)
	}
	dst := spike.NewVector(e.Size())
	silence := make([]float32, e.Hop())
	for range 50 {
		e.Step(dst, x)
		x = x[e.Hop():]
	}
	for range 400 {
		e.Step(dst, silence)
	}
	for _, s := range e.state {
		if s != [2]float32{} {
			t.Fatalf("after 4 s of silence a filter is at %v, expected 0", s)
		}
	}
	if dst.Count() != 0 {
		t.Errorf("silence has %d spikes", dst.Count())
	}
	e.Reset()
	first := voice(e.Hop())
	e.Step(dst, first)
	got := slices.Collect(dst.All())
	if want := encoded(t, in, first)[0]; !slices.Equal(got, want) {
		t.Errorf("after Reset spikes in %v, expected %v", got, want)
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	x := voice(160)
	in := inputOf(t, Speech, voice(8000))
	e, err := NewEncoder(in)
	if err != nil {
		t.Fatal(err)
	}
	dst := spike.NewVector(e.Size())
	if n := testing.AllocsPerRun(20, func() { e.Step(dst, x) }); n != 0 {
		t.Errorf("a step allocates %v times", n)
	}
}

// TestBandsAreWhereTheyShouldBe plays the centre of each band.
func TestBandsAreWhereTheyShouldBe(t *testing.T) {
	s, err := Speech.New()
	if err != nil {
		t.Fatal(err)
	}
	bands, _, _ := s.Bands()
	last := 0.0
	for b := range bands {
		f := s.CentreHz(b)
		if f <= last {
			t.Fatalf("band %d is at %v Hz, the one below at %v", b, f, last)
		}
		last = f
		x := make([]float32, 8000)
		for i := range x {
			x[i] = float32(math.Sin(2 * math.Pi * f * float64(i) / 8000))
		}
		e := newBank(s)
		for ; len(x) >= s.Hop; x = x[s.Hop:] {
			e.listen(x)
		}
		loudest := 0
		for k, v := range e.envelope {
			if v > e.envelope[loudest] {
				loudest = k
			}
		}
		// A sine of amplitude 1 passes with a gain of 1: its mean magnitude is 2/π.
		if loudest != b || math.Abs(float64(e.envelope[b])-2/math.Pi) > 0.05 {
			t.Errorf("%.0f Hz is loudest in band %d with %v, expected band %d with %.3f", f, loudest, e.envelope[loudest], b, 2/math.Pi)
		}
	}
	if first := s.CentreHz(0); math.Abs(first-100) > 1 || math.Abs(last-3600) > 1 {
		t.Errorf("bands from %v to %v Hz, expected 100 to 3600", first, last)
	}
}

// TestFitDividesEvenly counts how often the levels of a band are reached.
func TestFitDividesEvenly(t *testing.T) {
	x := voice(64000)
	in := inputOf(t, Speech, x)
	bands, _, levels := in.Encoder.Sound.Bands()
	counts := make([]int, bands*levels)
	steps := encoded(t, in, x)
	for _, spikes := range steps {
		for _, c := range spikes {
			counts[c]++
		}
	}
	for c, n := range counts {
		k := c / bands
		want := (mostSteps - (mostSteps-fewestSteps)*float64(k)/float64(levels-1)) * float64(len(steps))
		if math.Abs(float64(n)-want) > 2 {
			t.Errorf("level %d of band %d is reached in %d of %d steps, expected %.0f", k, c%bands, n, len(steps), want)
		}
	}
}

func TestRefused(t *testing.T) {
	for want, d := range map[string]Design{
		"a rate of 0 samples":            {},
		"steps of 0 samples":             {SampleHz: 8000},
		"0 bands":                        {SampleHz: 8000, Hop: 80},
		"bands from 100 to 4000 Hz":      {SampleHz: 8000, Hop: 80, Bands: 4, LowHz: 100, HighHz: 4000},
		"time constants of 0, 0 and 0 s": {SampleHz: 8000, Hop: 80, Bands: 4, LowHz: 100, HighHz: 3000, Sections: 1, Levels: 1},
		"0 sections":                     {SampleHz: 8000, Hop: 80, Bands: 4, LowHz: 100, HighHz: 3000, Levels: 1, FallSec: 1},
		"0 levels":                       {SampleHz: 8000, Hop: 80, Bands: 4, LowHz: 100, HighHz: 3000, Sections: 1, FallSec: 1},
	} {
		if _, err := d.New(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, expected %q", d, err, want)
		}
	}
	s, err := Speech.New()
	if err != nil {
		t.Fatal(err)
	}
	if err := Fit(s, slices.Values([][]float32{})); err == nil {
		t.Error("fitted to nothing")
	}
	if err := Fit(s, slices.Values([][]float32{make([]float32, 159)})); err == nil || !strings.Contains(err.Error(), "shorter than a time step of 160") {
		t.Errorf("fitted to less than a step: %v", err)
	}
	for _, in := range []model.Input{
		{Shape: []int{2}, Encoder: model.Encoder{Coding: model.Poisson}},
		{Shape: []int{2}, Encoder: model.Encoder{Coding: model.Sounds, Sound: s}},
	} {
		if _, err := NewEncoder(in); !errors.Is(err, ErrMismatch) {
			t.Errorf("%v %v: error %v, expected ErrMismatch", in.Shape, in.Encoder.Coding, err)
		}
	}
}

// BenchmarkSound reports how many seconds of sound one core encodes in a second.
func BenchmarkSound(b *testing.B) {
	x := voice(8000)
	in := inputOf(b, Speech, x)
	e, err := NewEncoder(in)
	if err != nil {
		b.Fatal(err)
	}
	dst := spike.NewVector(e.Size())
	b.ReportAllocs()
	for b.Loop() {
		for at := 0; at+e.Hop() <= len(x); at += e.Hop() {
			e.Step(dst, x[at:])
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "realtime")
}
