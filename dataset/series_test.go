package dataset

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

func seriesInput(difference bool, delta ...float32) model.Input {
	return model.Input{Dt: 10, Shape: []int{2 * len(delta)}, Encoder: model.Encoder{Coding: model.Series, Delta: delta, Difference: difference}}
}

// TestSeriesTrace: a trace worked out by hand. A jump of several levels becomes one
// spike a step until the reference has caught up.
func TestSeriesTrace(t *testing.T) {
	t.Parallel()
	x := []float32{5, 5.4, 5.5, 7, 7, 7, 7, 4.9, 4.9, 4.9, 4.9, 4.9}
	// reference     5  5   5.5  6  6.5  7  7  6.5  6  5.5  5  5
	levels := []string{"", "", "+", "+", "+", "+", "", "-", "-", "-", "-", ""}
	// Changes       0 .4 .1 1.5  0  0  0  -2.1  0  0  0  0
	// reference     0  0  0  .5  0  0  0  -.5  0  0  0  0
	changes := []string{"", "", "", "+", "-", "", "", "-", "+", "", "", ""}
	for difference, want := range map[bool][]string{false: levels, true: changes} {
		encoder, err := NewSignal(seriesInput(difference, 0.5))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // Reset begins anew
			encoder.Reset()
			dst := spike.NewVector(2)
			for step, v := range x {
				encoder.Step(dst, []float32{v})
				got := map[uint64]string{0: "", 1: "+", 2: "-"}[dst[0]]
				if got != want[step] {
					t.Errorf("difference %v, step %d: spikes %q, expected %q", difference, step, got, want[step])
				}
			}
		}
	}
}

// seriesOracle is the definition of docs/FORMAT.md, channel by channel.
func seriesOracle(x spike.Values, e model.Encoder) spike.Train {
	out := spike.NewTrain(x.Steps(), 2*x.Size())
	for c, delta := range e.Delta {
		signal := make([]float32, x.Steps())
		for t := range signal {
			signal[t] = x.At(t)[c]
			if e.Difference {
				signal[t] = 0
				if t > 0 {
					signal[t] = x.At(t)[c] - x.At(t - 1)[c]
				}
			}
		}
		r := signal[0]
		for t, v := range signal {
			if up := v - r; up >= delta {
				out.At(t).Set(2 * c)
				r += delta
			} else if down := r - v; down >= delta {
				out.At(t).Set(2*c + 1)
				r -= delta
			}
		}
	}
	return out
}

// TestSeriesAgainstOracle: the spikes of a source, of a stream of steps and of the
// oracle are the same, at any length of the presentation and from any goroutine.
func TestSeriesAgainstOracle(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, difference := range []bool{false, true} {
		in := seriesInput(difference, 0.1, 0.5, 1e-3, 100)
		var samples []spike.Values
		for n := range 20 {
			x := spike.NewValues(1+n*7, len(in.Encoder.Delta))
			walk := make([]float32, x.Size())
			for t := range x.Steps() {
				for c := range walk {
					walk[c] += float32(r.NormFloat64() * []float64{0.1, 1, 1e-3, math.MaxFloat32 / 1e3}[c])
				}
				copy(x.At(t), walk)
			}
			samples = append(samples, x)
		}
		values, err := FromInputs(samples, []int{4}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		source, err := FromSignals(values, in)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i, x := range samples {
			wg.Go(func() {
				want := seriesOracle(x, in.Encoder)
				if want.Count() == 0 && i > 3 {
					t.Error("the oracle is silent")
				}
				for _, steps := range []int{1, x.Steps(), x.Steps() + 5} {
					got := spike.NewTrain(steps, 8)
					for k := range got.Words() {
						got.Words()[k] = 0xff // Load overwrites
					}
					if err := source.Load(got, i, Key{}); err != nil {
						t.Error(err)
					}
					padded := spike.NewTrain(steps, 8)
					copy(padded.Words(), want.Words())
					if !slices.Equal(got.Words(), padded.Words()) {
						t.Errorf("difference %v, sample %d, %d steps: spikes differ from the oracle's", difference, i, steps)
					}
				}
				live, _ := NewSignal(in)
				one := spike.NewVector(8)
				for step := range x.Steps() {
					if live.Step(one, x.At(step)); !slices.Equal(one, want.At(step)) {
						t.Errorf("sample %d, step %d: live spikes differ", i, step)
					}
				}
			})
		}
		wg.Wait()
		if Length(source, 3) != samples[3].Steps() || Steps(source, 7) != samples[19].Steps() || len(source.Shape()) != 1 || source.Shape()[0] != 8 {
			t.Errorf("length %d, steps %d, shape %v", Length(source, 3), Steps(source, 7), source.Shape())
		}
	}
}

func TestSignalAllocates(t *testing.T) {
	values, err := FromInputs([]spike.Values{spike.NewValues(40, 2)}, []int{2}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	source, err := FromSignals(values, seriesInput(true, 1, 2))
	if err != nil {
		t.Fatal(err)
	}
	dst := spike.Input(spike.NewTrain(50, 4))
	if n := fewestAllocations(func() { _ = source.Load(dst, 0, Key{}) }); n > 0 {
		t.Errorf("Load allocates %v times", n)
	}
}

func TestSignalMisuse(t *testing.T) {
	t.Parallel()
	in := seriesInput(false, 1, 1)
	if _, err := NewSignal(model.Input{Encoder: model.Encoder{Coding: model.Direct}}); !errors.Is(err, ErrCoding) {
		t.Error("an encoder of images is none of signals:", err)
	}
	if _, err := NewEncoder(in); !errors.Is(err, ErrCoding) {
		t.Error("an encoder of signals is none of images:", err)
	}
	three, err := FromInputs([]spike.Values{spike.NewValues(4, 3)}, []int{3}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := FromSignals(three, in); !errors.Is(err, ErrMismatch) {
		t.Error("three values for two channels:", err)
	}
	two, err := FromInputs([]spike.Values{spike.NewValues(4, 2)}, []int{2}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	source, err := FromSignals(two, in)
	if err != nil {
		t.Fatal(err)
	}
	for _, dst := range []spike.Input{spike.NewValues(4, 4), spike.NewTrain(4, 2), nil} {
		if source.Load(dst, 0, Key{}) == nil {
			t.Errorf("destination %v was taken", dst)
		}
	}
	if source.Load(spike.NewTrain(4, 4), 1, Key{}) == nil {
		t.Error("there is no sample 1")
	}
}

// TestLearnDelta: the deviation is that of the numbers, however far they are from 0.
func TestLearnDelta(t *testing.T) {
	t.Parallel()
	const far = 1 << 20
	a, _ := spike.FromData(4, 2, []float32{1, far, 2, far + 1, 1, far, 2, far + 1})
	b, _ := spike.FromData(2, 2, []float32{-50, 7, 80, 9})
	source, err := FromInputs([]spike.Values{a, b, a}, []int{2}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for difference, deviation := range map[bool]float64{false: 0.5, true: math.Sqrt(0.75 - 0.0625)} { // of 0, 1, −1, 1
		want := slices.Repeat([]float32{float32(0.5 * deviation)}, 2)
		got, err := LearnDelta(source, []int{0, 2}, 0.5, difference)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("difference %v: %v, %v, expected %v", difference, got, err, want)
		}
	}
	flat, _ := FromInputs([]spike.Values{spike.NewValues(5, 2)}, []int{2}, nil, nil)
	if _, err := LearnDelta(flat, []int{0}, 0.5, false); err == nil || !strings.Contains(err.Error(), "channel 0") {
		t.Error("a channel that never changes:", err)
	}
	if _, err := LearnDelta(source, nil, 0.5, false); err == nil {
		t.Error("of no samples there is nothing to learn")
	}
}

// TestSeriesFiles: a recording as CSV and as .npy, alone, in folders and from a stream,
// gives the same spikes.
func TestSeriesFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, class := range []string{"up", "down"} {
		if err := os.Mkdir(filepath.Join(dir, class), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	csv := write("up/a.csv", "time,x,y\n0,0,5\n10,1,5\n20,2,5\n")
	plain := write("down/b.csv", "2 5\n1 5\n0 4\n")
	array := write("up/c.npy", string(npyFile(t, []float32{0, 5, 1, 5, 2, 5}, 3, 2)))
	m := &model.Network{Steps: 3, Input: seriesInput(false, 1, 1), Classes: []string{"down", "up"}}
	spikesOf := func(s Source, i int) string {
		t.Helper()
		x := spike.NewTrain(3, 4)
		if err := s.Load(x, i, Key{}); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for step := range 3 {
			for c := range x.At(step).All() {
				b.WriteString("xXyY"[c : c+1])
			}
			b.WriteByte('.')
		}
		return b.String()
	}
	for path, want := range map[string]string{csv: ".x.x.", plain: ".X.XY.", array: ".x.x."} {
		s, err := Open(path, m)
		if err != nil {
			t.Fatal(err)
		}
		if got := spikesOf(s, 0); got != want || Length(s, 0) != 3 || Steps(s, 1000) != 3 {
			t.Errorf("%s: spikes %s, expected %s; %d steps", path, got, want, Length(s, 0))
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if s, err = Read(f, "standard input", m); err != nil || spikesOf(s, 0) != want {
			t.Errorf("%s as a stream: %v", path, err)
		}
	}
	folder, err := LoadFolder(t.Context(), dir, m.Input, FolderOptions{Classes: m.Classes})
	if err != nil {
		t.Fatal(err)
	}
	if folder.Len() != 3 || spikesOf(folder, 0) != ".X.XY." || spikesOf(folder, 1) != ".x.x." || NameOf(folder, 1) != csv {
		t.Errorf("the folder has %d samples, the second %s", folder.Len(), NameOf(folder, 1))
	}
	values, err := LoadFolder(t.Context(), dir, model.Input{Dt: 10, Encoder: model.Encoder{Coding: model.Series}}, FolderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	x := spike.NewValues(3, 2)
	if err := values.Load(x, 0, Key{}); err != nil || !slices.Equal(x.Data(), []float32{2, 5, 1, 5, 0, 4}) {
		t.Errorf("values of an encoder without levels: %v, %v", x.Data(), err)
	}
	encoded, err := FromSignals(values, m.Input)
	if err != nil || spikesOf(encoded, 2) != ".x.x." || NameOf(encoded, 0) != plain {
		t.Errorf("the values' spikes: %v", err)
	}
	for name, text := range map[string]string{
		"three.csv": "1,2,3\n", "text.csv": "1,2\n1,b\n", "empty.csv": "", "head.csv": "x,y\n", "binary.csv": "1,2\x00\n", "more.csv": "1,2\n1,2,3\n", "nan.csv": "1,NaN\n",
	} {
		if _, err := Open(write(name, text), m); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(write("three.npy", string(npyFile(t, []float32{1, 2, 3}, 1, 3))), m); !errors.Is(err, ErrMismatch) {
		t.Error("three channels in an array:", err)
	}
}

// TestSeriesInPython: the reader of docs/FORMAT.md makes the same spikes.
func TestSeriesInPython(t *testing.T) {
	t.Parallel()
	python := ""
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import numpy, msgpack").Run() == nil {
			python = name
			break
		}
	}
	if python == "" {
		t.Skip("no Python 3 with numpy and msgpack")
	}
	r := rand.New(rand.NewPCG(3, 4))
	const steps, width = 300, 3
	x := spike.NewValues(steps, width)
	for i := range x.Data() {
		if x.Data()[i] = float32(r.NormFloat64()); i >= width {
			x.Data()[i] = x.Data()[i-width] + 0.3*x.Data()[i]
		}
	}
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := os.WriteFile(path, npyFile(t, x.Data(), steps, width), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, difference := range []bool{false, true} {
		in := seriesInput(difference, 0.1, 0.25, 0.7)
		want := seriesOracle(x, in.Encoder)
		name := map[bool]string{false: "False", true: "True"}[difference]
		cmd := exec.Command(python, "-c", "import sys; sys.path.insert(0, sys.argv[1]); import numpy, snurun_read; "+
			"sys.stdout.buffer.write(snurun_read.series({'delta': [0.1, 0.25, 0.7], 'difference': "+name+"}, numpy.load(sys.argv[2])).astype('u1').tobytes())",
			filepath.Join("..", "docs", "examples"), path)
		cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
		got, err := cmd.Output()
		if err != nil || len(got) != steps*2*width {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
		for i, b := range got {
			if want.At(i/(2*width)).Get(i%(2*width)) != (b == 1) {
				t.Fatalf("difference %v: step %d, channel %d differs", difference, i/(2*width), i%(2*width))
			}
		}
	}
}

// TestAugmentedSignals: a signal is changed as the key says, the same every time, within
// the amounts; a signal at twice the speed is every other value of it.
func TestAugmentedSignals(t *testing.T) {
	t.Parallel()
	const steps = 80
	in := seriesInput(false, 0.5)
	x := spike.NewValues(steps, 1)
	for k := range steps {
		x.At(k)[0] = float32(k)
	}
	values, err := FromInputs([]spike.Values{x}, []int{1}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	source, err := FromSignals(values, in)
	if err != nil {
		t.Fatal(err)
	}
	// A ramp of 1 a step has a spike a step; the last one is behind its end.
	load := func(s Source, sample uint64) (train spike.Train, end int) {
		train = spike.NewTrain(2*steps, 2)
		if err := s.Load(train, 0, Key{Seed: 1, Sample: sample}); err != nil {
			t.Fatal(err)
		}
		for k := range train.Steps() {
			if train.At(k).Count() > 0 {
				end = k
			}
		}
		return train, end
	}
	plain, end := load(source, 0)
	if end != steps-1 || plain.Count() != steps-1 {
		t.Fatalf("as it is: %d spikes, the last at %d", plain.Count(), end)
	}
	fast, err := Augmented(source, Augmentation{Speed: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	ends := map[int]bool{}
	for sample := range uint64(50) {
		a, end := load(fast, sample)
		b, _ := load(fast, sample)
		if !slices.Equal(a.Words(), b.Words()) || end < steps*2/3-2 || end > 2*steps-1 {
			t.Errorf("sample %d: the last spike at %d", sample, end)
		}
		ends[end] = true
	}
	if len(ends) < 20 {
		t.Errorf("%d lengths of 50 samples", len(ends))
	}
	// Levels 80 apart of values up to 79: only what is stretched reaches them.
	far, err := FromSignals(values, seriesInput(false, 80))
	if err != nil {
		t.Fatal(err)
	}
	large, err := Augmented(far, Augmentation{Stretch: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	reached := 0
	for sample := range uint64(200) {
		train, _ := load(large, sample)
		reached += train.Count()
	}
	if reached < 60 || reached > 140 {
		t.Errorf("%d of 200 signals reach a level that half of them should", reached)
	}
	for _, a := range []Augmentation{{Rotate: 0.1}, {Noise: 1}, {Delay: 1}, {Stretch: 0.95}} {
		if _, err := Augmented(source, a); err == nil {
			t.Errorf("%+v was taken", a)
		}
	}
	if _, err := Augmented(values, Augmentation{Stretch: 0.1}); !errors.Is(err, ErrMismatch) {
		t.Error("values that stay values were to be stretched:", err)
	}
	jittered, err := Augmented(source, Augmentation{Speed: 0.1, Jitter: 2})
	if err != nil {
		t.Fatal(err)
	}
	if train, _ := load(jittered, 3); train.Count() == 0 || Length(jittered, 0) != steps {
		t.Errorf("with jitter: %d spikes, length %d", train.Count(), Length(jittered, 0))
	}
}
