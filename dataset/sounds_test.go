package dataset

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset/sound"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// hum is n samples of a tone that swells.
func hum(n int, hz float64) []int16 {
	x := make([]int16, n)
	for i := range x {
		x[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(i)/8000) * float64(i%1000) / 1000)
	}
	return x
}

// wavFile returns a file of 16 bits, one channel.
func wavFile(hz uint32, x []int16) []byte {
	var b bytes.Buffer
	for _, v := range []any{[]byte("RIFF"), uint32(36 + 2*len(x)), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1), hz, 2 * hz, uint16(2), uint16(16), []byte("data"), uint32(2 * len(x)), x} {
		_ = binary.Write(&b, binary.LittleEndian, v)
	}
	return b.Bytes()
}

// pcm returns what x stands for.
func pcm(x []int16) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v) / (1 << 15)
	}
	return y
}

// soundInput returns the input of a bank that was fitted to x.
func soundInput(t *testing.T, x []int16) model.Input {
	t.Helper()
	d := sound.Speech
	d.Hop, d.Bands, d.Levels = 80, 6, 2
	s, err := d.New()
	if err != nil {
		t.Fatal(err)
	}
	if err := sound.Fit(s, slices.Values([][]float32{pcm(x)})); err != nil {
		t.Fatal(err)
	}
	return model.Input{Shape: []int{12}, Dt: 10, Encoder: model.Encoder{Coding: model.Sounds, Sound: s}}
}

// heard returns the spikes that an encoder makes of x, in a number of steps.
func heard(t *testing.T, in model.Input, x []float32, steps int) spike.Train {
	t.Helper()
	e, err := sound.NewEncoder(in)
	if err != nil {
		t.Fatal(err)
	}
	all := spike.NewTrain(steps, in.Size())
	for s := 0; s < steps && len(x) >= 80; s++ {
		e.Step(all.At(s), x)
		x = x[80:]
	}
	return all
}

func place(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOpenSound(t *testing.T) {
	x := hum(4050, 700) // 50 steps and some samples
	in := soundInput(t, x)
	m := &model.Network{Input: in, Steps: 60}
	dir := t.TempDir()
	raw := make([]byte, 0, 2*len(x))
	for _, v := range x {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(v))
	}
	for name, data := range map[string][]byte{"a.wav": wavFile(8000, x), "named.otherwise": wavFile(8000, x), "a.s16": raw} {
		path := filepath.Join(dir, name)
		place(t, path, data)
		s, err := Open(path, m)
		if err != nil {
			t.Fatal(err)
		}
		dst := spike.NewTrain(60, 12)
		dst.At(59).Set(3)
		if err := s.Load(dst, 0, Key{}); err != nil {
			t.Fatal(err)
		}
		want := heard(t, in, pcm(x), 60)
		if !slices.Equal(dst.Words(), want.Words()) || want.Count() < 50 {
			t.Errorf("%s: %d spikes, not the %d of the encoder", name, dst.Count(), want.Count())
		}
		if s.Len() != 1 || s.Label(0) != -1 || Length(s, 0) != 50 || Steps(s, 60) != 60 {
			t.Errorf("%s: %d samples, label %d, %d steps, presented for %d", name, s.Len(), s.Label(0), Length(s, 0), Steps(s, 60))
		}
		if err := s.Load(spike.NewValues(60, 12), 0, Key{}); !errors.Is(err, ErrCoding) {
			t.Errorf("loaded into values: error %v", err)
		}
		if err := s.Load(dst, 1, Key{}); err == nil {
			t.Error("there is a sample 1 of 1")
		}
		var input spike.Input = dst // an interface once, not at each call
		if n := testing.AllocsPerRun(5, func() { _ = s.Load(input, 0, Key{}) }); n > 0 {
			t.Errorf("Load allocates %v times", n)
		}
	}
	// Another rate: what the resampler makes of it.
	twice := filepath.Join(dir, "twice.wav")
	place(t, twice, wavFile(16000, x))
	s, err := Open(twice, m)
	if err != nil {
		t.Fatal(err)
	}
	clip, err := sound.Clip{SampleHz: 16000, Samples: pcm(x)}.Resampled(8000)
	if err != nil {
		t.Fatal(err)
	}
	dst := spike.NewTrain(60, 12)
	if err := s.Load(dst, 0, Key{}); err != nil || !slices.Equal(dst.Words(), heard(t, in, clip.Samples, 60).Words()) {
		t.Errorf("16,000 samples a second: other spikes than those of the resampled sound, %v", err)
	}
}

func TestOpenSoundRefuses(t *testing.T) {
	x := hum(800, 700)
	in := soundInput(t, x)
	good := wavFile(8000, x)
	for _, c := range []struct {
		name, want string
		data       []byte
		in         model.Input
		kind       error
	}{
		{"other.wav", `sound for a network whose input coding is "poisson", expected "sound"`, good, model.Input{Dt: 1, Shape: []int{4}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 1}}, ErrCoding},
		{"short.wav", "79 samples, expected at least the 80 of a time step", wavFile(8000, x[:79]), in, ErrFormat},
		{"cut.wav", "its samples should take 1600 bytes, 1590 are there", good[:len(good)-10], in, ErrFormat},
		{"alaw.wav", "the samples are A-law", slices.Replace(slices.Clone(good), 20, 21, 6), in, ErrFormat},
		{"rate.wav", "44101 samples a second do not become 8000 in a simple ratio", wavFile(44101, x), in, ErrFormat},
		{"odd.s16", "within a sample of 2 bytes", good[:len(good)-1], in, ErrFormat},
		{"array.npy", "the samples are", []byte("\x93NUMPY"), in, ErrFormat},
	} {
		path := filepath.Join(t.TempDir(), c.name)
		place(t, path, c.data)
		m := &model.Network{Input: c.in, Steps: 10}
		_, err := Open(path, m)
		if c.name == "array.npy" {
			if err == nil {
				t.Error("an empty array is opened")
			}
			continue
		}
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) || strings.Count(err.Error(), c.name) != 1 {
			t.Errorf("%s: error %v, expected %v with %q and the file once", c.name, err, c.kind, c.want)
		}
		if c.name == "cut.wav" {
			var said []Remark
			o := Opener{Network: m, Reading: Reading{SkipBad: true, Remark: func(r Remark) { said = append(said, r) }}}
			s, err := o.Open(path)
			if err != nil || Length(s, 0) != 9 || len(said) != 1 || !strings.Contains(said[0].Text, "what is there is taken") {
				t.Errorf("a file that is cut off, with SkipBad: %v, %v", err, said)
			}
		}
	}
}

func TestFolderOfSound(t *testing.T) {
	dir := t.TempDir()
	x := hum(1600, 500)
	in := soundInput(t, x)
	for name, hz := range map[string]float64{"high/1.wav": 2000, "high/2.WAV": 2100, "low/1.wav": 300} {
		place(t, filepath.Join(dir, name), wavFile(8000, hum(1600, hz)))
	}
	if !HoldsSound(dir, "") {
		t.Error("the folder holds no sound")
	}
	s, err := LoadFolder(context.Background(), dir, in, FolderOptions{})
	if err != nil || s.Len() != 3 || !slices.Equal(s.Classes(), []string{"high", "low"}) || Longest(s) != 20 {
		t.Fatalf("%d samples of %v, %v", s.Len(), s.Classes(), err)
	}
	n := 0
	for piece := range Sounds(s, []int{2, 0}) {
		if n++; len(piece) != 1600 {
			t.Errorf("%d samples", len(piece))
		}
	}
	if n != 2 {
		t.Errorf("%d pieces of sound, expected 2", n)
	}
	other := soundInput(t, hum(1600, 2000))
	again, err := WithSound(s, other)
	if err != nil {
		t.Fatal(err)
	}
	dst := spike.NewTrain(25, 12)
	if err := again.Load(dst, 2, Key{}); err != nil || !slices.Equal(dst.Words(), heard(t, other, pcm(hum(1600, 300)), 25).Words()) || again.Label(2) != 1 {
		t.Errorf("under another encoder: other spikes, %v", err)
	}
	if _, err := WithSound(again, model.Input{Shape: []int{1}, Encoder: model.Encoder{Coding: model.Direct}}); !errors.Is(err, sound.ErrMismatch) {
		t.Errorf("under an encoder of no sound: error %v", err)
	}
	images, _ := FromInputs([]spike.Train{spike.NewTrain(1, 12)}, []int{12}, nil, nil)
	if _, err := WithSound(images, other); !errors.Is(err, ErrMismatch) {
		t.Errorf("a source of no sound: error %v", err)
	}
	for _, none := range []string{"", t.TempDir(), filepath.Join(dir, "nothing")} {
		if HoldsSound(none, "") {
			t.Errorf("%q holds sound", none)
		}
	}
}

func TestLoadSpoken(t *testing.T) {
	dir := t.TempDir()
	x := hum(400, 500)
	in := soundInput(t, x)
	for _, name := range []string{"0_ann_0.wav", "0_ann_4.wav", "0_ann_5.wav", "1_bob_3.wav", "1_bob_17.wav", "2_bob_9.wav"} {
		place(t, filepath.Join(dir, name), wavFile(8000, x))
	}
	for _, name := range []string{"notes.txt", "x.wav", "1_ann_x.wav", ".1_ann_7.wav"} {
		place(t, filepath.Join(dir, name), []byte("no sound"))
	}
	names := func(part Part, speaker string) (names []string) {
		s, err := LoadSpoken(context.Background(), dir, part, speaker, in, FolderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.Len() {
			name := filepath.Base(NameOf(s, i))
			names = append(names, name)
			if s.Classes()[s.Label(i)] != name[:1] {
				t.Errorf("%s is of class %s", name, s.Classes()[s.Label(i)])
			}
		}
		return names
	}
	for _, c := range []struct {
		part    Part
		speaker string
		want    []string
	}{
		{TestPart, "", []string{"0_ann_0.wav", "0_ann_4.wav", "1_bob_3.wav"}},
		{TrainPart, "", []string{"0_ann_5.wav", "1_bob_17.wav", "2_bob_9.wav"}},
		{TestPart, "ann", []string{"0_ann_0.wav", "0_ann_4.wav", "0_ann_5.wav"}},
		{TrainPart, "ann", []string{"1_bob_17.wav", "1_bob_3.wav", "2_bob_9.wav"}},
	} {
		if got := names(c.part, c.speaker); !slices.Equal(got, c.want) {
			t.Errorf("%v %q: %v, expected %v", c.part, c.speaker, got, c.want)
		}
	}
	for _, c := range []struct {
		dir, speaker, want string
		part               Part
	}{
		{dir, "eve", "of the SPEAKER eve", TestPart}, {t.TempDir(), "", "with an INDEX of 0 to 4", TestPart},
		{t.TempDir(), "", "with an INDEX from 5 on", TrainPart}, {t.TempDir(), "eve", "of another SPEAKER than eve", TrainPart},
	} {
		if _, err := LoadSpoken(context.Background(), c.dir, c.part, c.speaker, in, FolderOptions{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, expected %q", err, c.want)
		}
	}
	if _, err := LoadSpoken(context.Background(), filepath.Join(dir, "x.wav"), TestPart, "", in, FolderOptions{}); err == nil || !strings.Contains(err.Error(), "is a file, expected a folder") {
		t.Errorf("a file in place of a folder: error %v", err)
	}
}

func TestAugmentedSound(t *testing.T) {
	dir := t.TempDir()
	x := hum(2400, 500)
	in := soundInput(t, x)
	place(t, filepath.Join(dir, "a", "1.wav"), wavFile(8000, x))
	s, err := LoadFolder(context.Background(), dir, in, FolderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	load := func(s Source, key Key) spike.Train {
		dst := spike.NewTrain(60, 12)
		if err := s.Load(dst, 0, key); err != nil {
			t.Fatal(err)
		}
		return dst
	}
	plain := load(s, Key{})
	for name, a := range map[string]Augmentation{"speed": {Speed: 0.2}, "noise": {Noise: 0.5}, "delay": {Delay: 20}, "jitter": {Jitter: 2}} {
		augmented, err := Augmented(s, a)
		if err != nil {
			t.Fatal(err)
		}
		if Length(augmented, 0) != 30 {
			t.Errorf("%s: %d steps", name, Length(augmented, 0))
		}
		all := map[string]bool{}
		for k := range uint64(8) {
			got := load(augmented, Key{Sample: k})
			if !slices.Equal(got.Words(), load(augmented, Key{Sample: k}).Words()) {
				t.Errorf("%s: the same key gives other spikes", name)
			}
			all[string(bytesOf(got))] = true
			if n, was := got.Count(), plain.Count(); n < was/3 || n > 3*was {
				t.Errorf("%s: %d spikes in place of %d", name, n, was)
			}
		}
		if len(all) < 7 {
			t.Errorf("%s: 8 keys give %d different samples", name, len(all))
		}
	}
	// A pause is silent, and what follows is as it was where nothing was heard before.
	delayed, _ := Augmented(s, Augmentation{Delay: 20})
	asWas := 0
	for k := range uint64(40) {
		got := load(delayed, Key{Sample: k})
		first := 0
		for first < 60 && got.At(first).Count() == 0 {
			first++
		}
		if first > 25 {
			t.Errorf("begins at step %d, expected 20 or a few more", first)
		}
		if got.Count() >= plain.Count()-10 {
			asWas++
		}
	}
	if asWas < 10 || asWas > 38 {
		t.Errorf("%d of 40 are as if nothing had been heard before", asWas)
	}
	for _, c := range []struct {
		a    Augmentation
		want error
	}{{Augmentation{Shift: 1}, ErrMismatch}, {Augmentation{Speed: 1}, nil}, {Augmentation{Noise: -1}, nil}, {Augmentation{Delay: -1}, nil}} {
		if _, err := Augmented(s, c.a); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%+v: error %v", c.a, err)
		}
	}
	trains, _ := FromInputs([]spike.Train{plain}, []int{12}, nil, nil)
	if _, err := Augmented(trains, Augmentation{Speed: 0.1}); !errors.Is(err, ErrMismatch) {
		t.Errorf("the speed of spikes: error %v", err)
	}
}

func bytesOf(x spike.Train) (b []byte) {
	for _, w := range x.Words() {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

// TestVaryHearsItsSteps: of a long recording as much is varied as its steps hear, and
// noise is measured on that.
func TestVaryHearsItsSteps(t *testing.T) {
	const hop, steps = 160, 5
	long := make([]float32, 100*hop)
	for i := range long {
		long[i] = float32(math.Sin(float64(i) / 3))
		if i >= 2*steps*hop {
			long[i] *= 100 // not heard
		}
	}
	a := Augmentation{Speed: 0.1, Noise: 0.5, Delay: 2}
	for n := range uint64(20) {
		key := KeyFor(1, 2, n)
		got, loud := a.vary(nil, long, hop, steps, key)
		want, same := a.vary(nil, long[:2*steps*hop], hop, steps, key)
		if len(got) > (steps+1)*hop || !slices.Equal(got, want) || loud != same {
			t.Errorf("key %d: %d samples of a long recording, %d of its beginning, or others", n, len(got), len(want))
		}
	}
}
