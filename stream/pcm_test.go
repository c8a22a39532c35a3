package stream

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/dataset/sound"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// soundNetwork is a network of 10 bands of 6 levels, fitted to x.
func soundNetwork(t testing.TB, x []float32) *model.Network {
	t.Helper()
	d := sound.Speech
	d.Hop, d.Bands, d.Levels = 80, 10, 6
	s, err := d.New()
	if err != nil {
		t.Fatal(err)
	}
	if err := sound.Fit(s, slices.Values([][]float32{x})); err != nil {
		t.Fatal(err)
	}
	m := network(model.SpikeCount)
	m.Input = model.Input{Dt: 10, Shape: []int{60}, Encoder: model.Encoder{Coding: model.Sounds, Sound: s}}
	return m
}

// siren returns n samples of a tone that rises, and their bytes.
func siren(n int) (x []float32, pcm []byte) {
	for i := range n {
		v := int16(9000 * math.Sin(float64(i)*(0.1+float64(i)*2e-5)))
		x = append(x, float32(v)/(1<<15))
		pcm = binary.LittleEndian.AppendUint16(pcm, uint16(v))
	}
	return x, pcm
}

func TestSoundInput(t *testing.T) {
	x, pcm := siren(5000)
	m := soundNetwork(t, x)
	e, err := sound.NewEncoder(m.Input)
	if err != nil {
		t.Fatal(err)
	}
	want := spike.NewTrain(len(x)/80, 60)
	for s := range want.Steps() {
		e.Step(want.At(s), x[80*s:])
	}
	for how, r := range map[string]io.Reader{
		"whole":                   bytes.NewReader(pcm),
		"byte by byte":            iotest.OneByteReader(bytes.NewReader(pcm)),
		"halves":                  iotest.HalfReader(bytes.NewReader(pcm)),
		"with the end":            iotest.DataErrReader(bytes.NewReader(pcm)),
		"with a part of a sample": bytes.NewReader(append(slices.Clip(pcm), 1)),
	} {
		in := newInput(t, r, m, InputOptions{})
		if in.Format() != S16LE || in.StepLength() != 10 {
			t.Fatalf("format %s, steps of %v ms", in.Format(), in.StepLength())
		}
		for s := range want.Steps() {
			f, err := in.Next(context.Background())
			if err != nil {
				t.Fatalf("%s: step %d: %v", how, s, err)
			}
			if got := f.Input.(spike.Train).At(0); !slices.Equal(got, want.At(s)) || f.Events != got.Count() || f.EndUS != 10000*int64(s+1) {
				t.Fatalf("%s: step %d: %d spikes, %d events, ends at %d µs, expected %d spikes", how, s, got.Count(), f.Events, f.EndUS, want.At(s).Count())
			}
		}
		if _, err := in.Next(context.Background()); err != io.EOF {
			t.Errorf("%s: behind the last whole step: %v", how, err)
		}
	}
	if want.Count() < 1000 {
		t.Errorf("the siren has %d spikes", want.Count())
	}

	// Another rate is that of the resampled sound.
	r, err := sound.NewResampler(16000, 8000)
	if err != nil {
		t.Fatal(err)
	}
	half := r.Append(nil, x)
	e.Reset()
	in := newInput(t, iotest.OneByteReader(bytes.NewReader(pcm)), m, InputOptions{SampleHz: 16000})
	for s := range len(half) / 80 {
		f, err := in.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		e.Step(want.At(0), half[80*s:])
		if !slices.Equal(f.Input.(spike.Train).At(0), want.At(0)) {
			t.Fatalf("at 16,000 samples a second, step %d has other spikes", s)
		}
	}
}

func TestSoundInputRefuses(t *testing.T) {
	x, pcm := siren(800)
	m := soundNetwork(t, x)
	for want, o := range map[string]InputOptions{
		"simple ratio":            {SampleHz: 44101},
		"time steps of 1ms":       {Step: time.Millisecond},
		"a rate of 16000 samples": {Format: Spikes, SampleHz: 16000},
	} {
		if _, err := NewInput(bytes.NewReader(pcm), m, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, expected %q", err, want)
		}
	}
	if _, err := NewInput(bytes.NewReader(pcm), network(model.SpikeCount), InputOptions{Format: S16LE, Step: time.Second}); !errors.Is(err, sound.ErrMismatch) {
		t.Errorf("sound for a network of events: error %v", err)
	}
	in := newInput(t, strings.NewReader("RIFF\x00\x00\x00\x00WAVEfmt "), m, InputOptions{})
	if _, err := in.Next(context.Background()); !errors.Is(err, event.ErrMalformed) || !strings.Contains(err.Error(), "it is a WAV file") {
		t.Errorf("a WAV file: error %v", err)
	}
	broken := errors.New("broken")
	in = newInput(t, io.MultiReader(bytes.NewReader(pcm[:161]), iotest.ErrReader(broken)), m, InputOptions{})
	if _, err := in.Next(context.Background()); err != nil {
		t.Errorf("the step before the error: %v", err)
	}
	if _, err := in.Next(context.Background()); !errors.Is(err, broken) {
		t.Errorf("a reader that breaks: error %v", err)
	}
	for _, short := range []string{"", "R", "RIF"} {
		in = newInput(t, strings.NewReader(short), m, InputOptions{})
		if _, err := in.Next(context.Background()); err != io.EOF {
			t.Errorf("%q: error %v, expected the end", short, err)
		}
	}
	// A model with other filters would hear other spikes than those that came before.
	w := newWindows(t, m, WindowOptions{})
	other := soundNetwork(t, x[:400])
	if err := w.Replace(compile(t, other), WindowOptions{}); err == nil {
		t.Error("a network with other filters takes over")
	}
	if err := w.Replace(compile(t, soundNetwork(t, x)), WindowOptions{}); err != nil {
		t.Errorf("a network with the same filters: %v", err)
	}
}

func TestSoundInputAllocatesNothing(t *testing.T) {
	x, _ := siren(800)
	p, err := newPCMReader(noise{}, soundNetwork(t, x).Input, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := new(chunk)
	for range 200 {
		if err := p.read(c); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(200, func() { _ = p.read(c) }); n != 0 {
		t.Errorf("a step allocates %v times", n)
	}
}

// noise is noise that has no end.
type noise struct{}

func (noise) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(i * i * 13 >> 3)
	}
	return len(b), nil
}
