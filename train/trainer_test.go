package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// smallTask returns noisy images of three classes that a small network can
// tell apart, and an untrained network for them.
func smallTask(t testing.TB, n int) (*model.Network, dataset.Source) {
	t.Helper()
	const side = 8
	set := dataset.ImageSet{Images: dataset.Images{Count: n, Height: side, Width: side}, Classes: []string{"row", "column", "diagonal"}}
	r := rand.New(rand.NewPCG(4, 4))
	for i := range n {
		image := make([]byte, side*side)
		at := r.IntN(side)
		for k := range side {
			switch i % 3 {
			case 0:
				image[at*side+k] = 255
			case 1:
				image[k*side+at] = 255
			default:
				image[k*side+(k+at)%side] = 255
			}
		}
		set.Pixels = append(set.Pixels, image...)
		set.Labels = append(set.Labels, i%3)
	}
	in := jittered([]int{side * side})
	in.Dt = 6
	p := DefaultTopology(in, 10, set.Classes)
	p.Hidden, p.ActiveHidden, p.Active = []int{40, 30}, 8, 5
	m, err := p.New(7)
	if err != nil {
		t.Fatal(err)
	}
	encoder, err := dataset.NewEncoder(m.Input)
	if err != nil {
		t.Fatal(err)
	}
	source, err := dataset.FromImages(set, encoder)
	if err != nil {
		t.Fatal(err)
	}
	return m, source
}

func accuracyOf(t testing.TB, m *model.Network, set evaluate.Set) float64 {
	t.Helper()
	net, err := runtime.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	s, err := evaluate.New(net).Summary(context.Background(), set, evaluate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s.Accuracy()
}

func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func smallConfig() Config {
	c := Defaults()
	c.Epochs, c.Batch, c.Threads = 4, 16, 2
	return c
}

// bytesOf returns the model file of a trainer.
func bytesOf(t testing.TB, tr *Trainer) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := export.Write(&b, tr.Model()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func trainAll(t testing.TB, tr *Trainer) {
	t.Helper()
	for !tr.Done() {
		if _, err := tr.Epoch(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
	}
}

func mustNew(t testing.TB, m *model.Network, s dataset.Source, c Config) *Trainer {
	t.Helper()
	tr, err := New(m, s, indices(s.Len()), c)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	for readout, atLeast := range map[model.ReadoutKind]float64{model.SpikeCount: 0.6, model.MembraneSum: 0.8, model.MembraneMax: 0.7} {
		m, source := smallTask(t, 600)
		p := DefaultTopology(m.Input, m.Steps, source.Classes())
		p.Hidden, p.Active, p.ActiveHidden, p.Readout = []int{40}, 5, 8, readout
		m, err := p.New(1)
		if err != nil {
			t.Fatal(err)
		}
		c := smallConfig()
		c.Epochs = 12
		tr, err := New(m, source, indices(500), c)
		if err != nil {
			t.Fatal(err)
		}
		trainAll(t, tr)
		held := indices(600)[500:]
		set := evaluate.Set{Source: source, Indices: held, Draw: 1}
		if before, after := accuracyOf(t, m, set), accuracyOf(t, tr.Model(), set); before > 0.5 || after < atLeast {
			t.Errorf("%s: accuracy %v before, %v after training, expected about 0.33 and at least %v", readout, before, after, atLeast)
		}
	}
}

// The bytes of a trained model depend on the seed alone.
func TestSameBytesOnAnyThreadsAndTier(t *testing.T) {
	variants := map[string]func(*Topology, *Config){
		"default":   func(*Topology, *Config) {},
		"recurrent": func(p *Topology, _ *Config) { p.Recurrent = true },
		"soft":      func(p *Topology, _ *Config) { p.Soft = true },
		"clipped":   func(_ *Topology, c *Config) { c.Clip = 0.1 },
		"int8, pruned": func(p *Topology, c *Config) {
			p.Recurrent, p.Hidden = true, []int{40, 130}
			c.Weights, c.Prune, c.Epochs = Int8, 0.3, 3
		},
		"noise": func(_ *Topology, c *Config) { c.Dropout, c.InitialNoise, c.SpikeCost = 0.2, 0.1, 1e-4 },
		"noise, the blog's units": func(p *Topology, c *Config) {
			p.Activation, p.Reset, c.Surrogate = model.ELU, model.ResetZero, Surrogate{Boxcar, 2}
			c.Dropout, c.InitialNoise, c.SpikeCost = 0.2, 0.1, 1e-4
		},
		"tanh, sgd": func(_ *Topology, c *Config) {
			c.Surrogate, c.Optimizer = Surrogate{TanhPrime, 1}, Optimizer{Kind: SGD, Rate: 0.1, Momentum: 0.9}
		},
		"rmsprop": func(_ *Topology, c *Config) { c.Optimizer.Kind, c.Optimizer.L2 = RMSprop, 1e-3 },
	}
	threadCounts := []int{1, 2, 5}
	if testing.Short() {
		variants = map[string]func(*Topology, *Config){"noise": variants["noise"]}
		threadCounts = threadCounts[:2]
	}
	for name, vary := range variants {
		trained := sameBytes(t, name, threadCounts, func() (*model.Network, dataset.Source, Config) {
			m, source := smallTask(t, 100)
			p := DefaultTopology(m.Input, m.Steps, source.Classes())
			p.Hidden, p.Active, p.ActiveHidden = []int{40, 70}, 3, 8
			c := smallConfig()
			c.Epochs = 2
			vary(&p, &c)
			m, err := p.New(3)
			if err != nil {
				t.Fatal(err)
			}
			return m, source, c
		})
		if want, ok := map[string]string{"noise": "80bd9871ed710690", "noise, the blog's units": "8392b27fb267154d"}[name]; ok {
			pinned(t, trained, want)
		}
	}
}

// sameBytes trains on every tier with every number of threads and returns the
// model file, which must be the same each time.
func sameBytes(t *testing.T, name string, threadCounts []int, task func() (*model.Network, dataset.Source, Config)) []byte {
	t.Helper()
	var want []byte
	for _, tier := range asm.Tiers() {
		restore, err := asm.Use(tier)
		if err != nil {
			t.Fatal(err)
		}
		for _, threads := range threadCounts {
			m, source, c := task()
			c.Threads = threads
			tr := mustNew(t, m, source, c)
			trainAll(t, tr)
			got := bytesOf(t, tr)
			if want == nil {
				want = got
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s: %d threads on %s give another model", name, threads, tier)
			}
		}
		restore()
	}
	return want
}

// pinned checks the beginning of the SHA-256 of a trained model, which is the
// same on every architecture.
func pinned(t *testing.T, trained []byte, want string) {
	t.Helper()
	if got := fmt.Sprintf("%x", sha256.Sum256(trained))[:16]; got != want {
		t.Errorf("the trained model has SHA-256 %s…, expected %s…", got, want)
	}
}

// A gradient that is shorter than Clip is left as it is.
func TestLooseClipChangesNothing(t *testing.T) {
	m, source, c := planeTask(t, 40)
	loose := c
	loose.Clip = 1e6
	a, b := mustNew(t, m, source, c), mustNew(t, m, source, loose)
	trainAll(t, a)
	trainAll(t, b)
	if !bytes.Equal(bytesOf(t, a), bytesOf(t, b)) {
		t.Error("a bound that no gradient reaches gives another model")
	}
}

// TestMixedLayers trains layers with spiking and with analog inputs by the same
// workers: lists of few analog inputs and of many spikes share their memory.
func TestMixedLayers(t *testing.T) {
	m, source := smallTask(t, 64)
	first, second := &m.Layers[0], &m.Layers[1]
	first.Activation, first.Output, first.Reset, first.Theta = model.ReLU, model.None, model.ResetNone, nil
	for k := range first.Weight.F32 {
		first.Weight.F32[k] = -1 // ReLU is 0 throughout: there is nothing to list
	}
	for j := range second.Bias {
		second.Bias[j] = 1 // fires at every step
	}
	second.Theta = []float32{-1}
	for _, threads := range []int{1, 2} {
		c := smallConfig()
		c.Epochs, c.Threads = 3, threads
		trainAll(t, mustNew(t, m, source, c))
	}
}

func TestSeedsDiffer(t *testing.T) {
	m, source := smallTask(t, 100)
	c := smallConfig()
	c.Epochs = 1
	a := mustNew(t, m, source, c)
	trainAll(t, a)
	c.Seed++
	b := mustNew(t, m, source, c)
	trainAll(t, b)
	if bytes.Equal(bytesOf(t, a), bytesOf(t, b)) {
		t.Error("two seeds give the same model")
	}
}

func TestResumeGivesTheSameBytes(t *testing.T) {
	m, source := smallTask(t, 100)
	c := smallConfig()
	c.Epochs, c.Dropout, c.InitialNoise = 3, 0.1, 0.1
	resume(t, m, source, c)
}

// resume checks that a training that is interrupted and resumed after every few
// updates, each time in a new trainer, ends with the same bytes.
func resume(t *testing.T, m *model.Network, source dataset.Source, c Config) {
	t.Helper()
	whole := mustNew(t, m, source, c)
	trainAll(t, whole)

	part := mustNew(t, m, source, c)
	var wantLast, gotLast Progress
	for !part.Done() {
		ctx, cancel := context.WithCancel(context.Background())
		updates := 0
		p, err := part.Epoch(ctx, func(Progress) {
			if updates++; updates == 2 {
				cancel()
			}
		})
		cancel()
		if err == nil {
			gotLast = p
		} else if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		var saved bytes.Buffer
		if err := part.Save(&saved, []byte("history")); err != nil {
			t.Fatal(err)
		}
		c.Threads = 3 - c.Threads%2
		part = mustNew(t, m, source, c)
		extra, err := part.Restore(&saved)
		if err != nil || string(extra) != "history" {
			t.Fatalf("restored %q, %v", extra, err)
		}
	}
	if !bytes.Equal(bytesOf(t, part), bytesOf(t, whole)) {
		t.Error("a resumed training gives another model")
	}
	if _, err := part.Epoch(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "are trained") {
		t.Errorf("an epoch after the last: %v", err)
	}
	if !bytes.Equal(bytesOf(t, part), bytesOf(t, whole)) {
		t.Error("an epoch after the last changes the model")
	}
	again := mustNew(t, m, source, c)
	for !again.Done() {
		var err error
		if wantLast, err = again.Epoch(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if gotLast.Loss != wantLast.Loss || gotLast.Accuracy != wantLast.Accuracy || gotLast.SpikesPerSample != wantLast.SpikesPerSample {
		t.Errorf("the last epoch reports %+v, expected %+v", gotLast, wantLast)
	}
}

func TestRestoreRefuses(t *testing.T) {
	m, source := smallTask(t, 40)
	c := smallConfig()
	tr := mustNew(t, m, source, c)
	var saved bytes.Buffer
	if err := tr.Save(&saved, []byte("x")); err != nil {
		t.Fatal(err)
	}
	good := saved.Bytes()
	before := bytesOf(t, tr)
	refuse := func(what string, data []byte) {
		t.Helper()
		if _, err := tr.Restore(bytes.NewReader(data)); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("%s: error %v, expected ErrCheckpoint", what, err)
		}
	}
	for n := range len(good) {
		if n < 200 || n > len(good)-50 || n%997 == 0 {
			refuse("truncated", good[:n])
			flipped := bytes.Clone(good)
			flipped[n] ^= 0x10
			refuse("flipped", flipped)
		}
	}
	refuse("longer", append(bytes.Clone(good), 0))
	c.Batch++
	other := mustNew(t, m, source, c)
	if _, err := other.Restore(bytes.NewReader(good)); !errors.Is(err, ErrCheckpoint) || !strings.Contains(err.Error(), "another network") {
		t.Errorf("another configuration: %v", err)
	}
	if !bytes.Equal(bytesOf(t, tr), before) {
		t.Error("a refused checkpoint changed the trainer")
	}
	c.Batch--
	if other, err := New(m, inverted{source}, tr.indices, c); err != nil {
		t.Error(err)
	} else if _, err := other.Restore(bytes.NewReader(good)); !errors.Is(err, ErrCheckpoint) || !strings.Contains(err.Error(), "data set") {
		t.Errorf("other samples of the same labels: %v", err)
	}
	if _, err := tr.Restore(io.MultiReader(bytes.NewReader(good[:50]), failing{})); err == nil || errors.Is(err, ErrCheckpoint) {
		t.Errorf("failing reader: %v", err)
	}
	if err := tr.Save(io.Discard, make([]byte, maxExtra+tr.checkpointSize()+1)); err == nil {
		t.Error("Save took too much extra data")
	}
	if _, err := tr.Restore(bytes.NewReader(good)); err != nil {
		t.Error(err)
	}
}

// inverted has spikes where its source has none, and none where it has some.
type inverted struct{ dataset.Source }

func (s inverted) Load(dst spike.Input, i int, key dataset.Key) error {
	err := s.Source.Load(dst, i, key)
	words := dst.(spike.Train).Words()
	for w := range words {
		words[w] ^= math.MaxUint64 // of an input of whole words
	}
	return err
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("no more") }

func TestDivergenceIsAnError(t *testing.T) {
	m, source := smallTask(t, 64)
	p := DefaultTopology(m.Input, m.Steps, source.Classes())
	p.Hidden, p.Active, p.ActiveHidden, p.Readout = []int{40}, 3, 8, model.MembraneSum
	m, err := p.New(1)
	if err != nil {
		t.Fatal(err)
	}
	c := smallConfig()
	c.Optimizer = Optimizer{Kind: SGD, Rate: 3e38}
	c.Schedule.Kind = Constant
	tr := mustNew(t, m, source, c)
	for err == nil && !tr.Done() {
		_, err = tr.Epoch(context.Background(), nil)
	}
	if !errors.Is(err, ErrDiverged) {
		t.Errorf("error %v, expected ErrDiverged", err)
	}
	// The only update makes weights infinite, and no sample shows it.
	c.Optimizer = Optimizer{Kind: SGD, Rate: 1e9, WeightDecay: 1e38}
	c.Epochs, c.Batch = 1, source.Len()
	tr = mustNew(t, m, source, c)
	if _, err := tr.Epoch(context.Background(), nil); !errors.Is(err, ErrDiverged) || tr.Done() {
		t.Errorf("error %v, expected ErrDiverged", err)
	}
}

func TestNewRefuses(t *testing.T) {
	m, source := smallTask(t, 10)
	for _, c := range []struct {
		says   string
		change func(*Config, *model.Network)
	}{
		{"epochs is 0", func(c *Config, _ *model.Network) { c.Epochs = 0 }},
		{"batch is 0", func(c *Config, _ *model.Network) { c.Batch = 0 }},
		{"threads is 0", func(c *Config, _ *model.Network) { c.Threads = 0 }},
		{"dropout is 1", func(c *Config, _ *model.Network) { c.Dropout = 1 }},
		{"prune is 0.5 in 2 epochs", func(c *Config, _ *model.Network) { c.Prune, c.Epochs = 0.5, 2 }},
		{"clip is -1", func(c *Config, _ *model.Network) { c.Clip = -1 }},
		{"error clip is NaN", func(c *Config, _ *model.Network) { c.ErrorClip = math.NaN() }},
		{"recurrent rate is -1", func(c *Config, _ *model.Network) { c.RecurrentRate = -1 }},
		{"recurrent rate is 0", func(c *Config, m *model.Network) {
			c.RecurrentRate, m.Layers = 0, slices.Clone(m.Layers)
			n := m.Layers[0].OutSize()
			h := model.Matrix(n, n, make([]float32, n*n))
			m.Layers[0].Recurrent = &h
		}},
		{"decay rate is NaN", func(c *Config, _ *model.Network) { c.DecayRate = math.NaN() }},
		{"decay rate is 0", func(c *Config, _ *model.Network) { c.DecayRate = 0 }},
		{"initial noise is NaN", func(c *Config, _ *model.Network) { c.InitialNoise = math.NaN() }},
		{`decay "slow"`, func(c *Config, _ *model.Network) { c.Decay = "slow" }},
		{`theta "half"`, func(c *Config, _ *model.Network) { c.Theta = "half" }},
		{`surrogate "sine"`, func(c *Config, _ *model.Network) { c.Surrogate.Kind = "sine" }},
		{"width is 0", func(c *Config, _ *model.Network) { c.Surrogate.Width = 0 }},
		{`loss "hinge"`, func(c *Config, _ *model.Network) { c.Loss.Kind = "hinge" }},
		{"smoothing is 2", func(c *Config, _ *model.Network) { c.Loss.Smoothing = 2 }},
		{`optimizer "lion"`, func(c *Config, _ *model.Network) { c.Optimizer.Kind = "lion" }},
		{"learning rate is -1", func(c *Config, _ *model.Network) { c.Optimizer.Rate = -1 }},
		{"beta2 is 1", func(c *Config, _ *model.Network) { c.Optimizer.Beta2 = 1 }},
		{`schedule "saw"`, func(c *Config, _ *model.Network) { c.Schedule.Kind = "saw" }},
		{"every 0 epochs", func(c *Config, _ *model.Network) { c.Schedule = Schedule{Kind: Halving} }},
		{"warm-up is -1", func(c *Config, _ *model.Network) { c.Schedule.Warmup = -1 }},
		{"first_spike has no gradient", func(_ *Config, m *model.Network) { m.Readout.Kind = model.FirstSpike }},
		{"dt_ms is 0", func(_ *Config, m *model.Network) { m.Input.Dt = 0 }},
	} {
		config, network := smallConfig(), *m
		c.change(&config, &network)
		if _, err := New(&network, source, []int{0}, config); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v, expected one that says %q", err, c.says)
		}
	}
	for says, list := range map[string][]int{
		"no samples":   nil,
		"out of range": {10},
	} {
		if _, err := New(m, source, list, smallConfig()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, expected one that says %q", err, says)
		}
	}
	p := DefaultTopology(jittered([]int{63}), 10, source.Classes())
	wrong, err := p.New(1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(wrong, source, []int{0}, smallConfig()); err == nil || !strings.Contains(err.Error(), "shape") {
		t.Errorf("error %v, expected one of the shape", err)
	}
}

func TestTopologyRefuses(t *testing.T) {
	for _, c := range []struct {
		says   string
		change func(*Topology)
	}{
		{`initialisation "zero"`, func(p *Topology) { p.Init = "zero" }},
		{"steps is 0", func(p *Topology) { p.Steps = 0 }},
		{"no classes", func(p *Topology) { p.Classes = nil }},
		{"no classes", func(p *Topology) { p.Classes, p.Init = nil, Glorot }},
		{"theta is -1", func(p *Topology) { p.Theta = -1 }},
		{"the bias is 0, expected one below 0", func(p *Topology) { p.Bias = 0 }},
		{"recurrent gain is -1", func(p *Topology) { p.RecurrentGain = -1 }},
		{"gain 0", func(p *Topology) { p.Gain = 0 }},
		{"input: shape [0 8 8]", func(p *Topology) { p.Input.Shape[0] = 0 }},
		{"input: shape [1048576 1048576 1048576]", func(p *Topology) { p.Input.Shape = []int{1 << 20, 1 << 20, 1 << 20} }},
		{"a hidden layer of 0", func(p *Topology) { p.Hidden[0] = 0 }},
		{"weights of layer 1: shape [65536 65536]", func(p *Topology) { p.Hidden = []int{1 << 16, 1 << 16} }},
		{"weights of layer 0: shape [65536 65536]", func(p *Topology) { p.Hidden, p.Recurrent = []int{1 << 16}, true }},
		{"channels is -2", func(p *Topology) { p.Planes = []Plane{{Channels: -2, Kernel: 3, Stride: 1}} }},
		{"kernel is 0", func(p *Topology) { p.Planes = []Plane{{Channels: 2, Stride: 1}} }},
		{"stride is 0", func(p *Topology) { p.Planes = []Plane{{Channels: 2, Kernel: 3}} }},
		{"padding is 4097", func(p *Topology) { p.Planes = []Plane{{Channels: 2, Kernel: 3, Stride: 1, Padding: 4097}} }},
		{`pool "median"`, func(p *Topology) { p.Planes = []Plane{{Pool: "median", Kernel: 2, Stride: 2}} }},
		{"plane 4096c1p4096: shape [4096 8200 8200]", func(p *Topology) {
			p.Planes = []Plane{{Channels: 4096, Kernel: 1, Stride: 1, Padding: 4096}}
		}},
		{"weights of layer 1: shape [256 33592320]", func(p *Topology) {
			p.Planes = []Plane{{Channels: 5, Kernel: 5, Stride: 1, Padding: 1294}}
		}},
		{"does not fit", func(p *Topology) { p.Planes = []Plane{{Channels: 2, Kernel: 9, Stride: 1}} }},
	} {
		p := DefaultTopology(jittered([]int{64}), 10, []string{"a", "b"})
		p.Input.Shape = []int{1, 8, 8}
		c.change(&p)
		if _, err := p.New(1); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v, expected one that says %q", err, c.says)
		}
	}
}

func TestSchedule(t *testing.T) {
	for _, c := range []struct {
		s     Schedule
		epoch float64
		want  float64
	}{
		{Schedule{Kind: Constant}, 3, 1},
		{Schedule{Kind: Constant, Warmup: 4}, 1, 0.25},
		{Schedule{Kind: Halving, Every: 5}, 4.9, 1},
		{Schedule{Kind: Halving, Every: 5}, 5, 0.5},
		{Schedule{Kind: Halving, Every: 5}, 14.5, 0.25},
		{Schedule{Kind: Cosine}, 0, 1},
		{Schedule{Kind: Cosine}, 5, 0.5},
		{Schedule{Kind: Cosine}, 10, 0},
		{Schedule{Kind: Cosine, Warmup: 2}, 6, 0.5},
	} {
		if got := c.s.factor(c.epoch, 10); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%+v at epoch %v: %v, expected %v", c.s, c.epoch, got, c.want)
		}
	}
}

func TestNormalIsNormal(t *testing.T) {
	g := newNormal(1, purposeWeights, 0)
	const n = 200000
	var sum, squares, fourth float64
	for range n {
		x := g.next()
		sum += x
		squares += x * x
		fourth += x * x * x * x
	}
	if mean, variance, kurtosis := sum/n, squares/n, fourth/n; math.Abs(mean) > 0.01 || math.Abs(variance-1) > 0.02 || math.Abs(kurtosis-3) > 0.1 {
		t.Errorf("mean %v, variance %v, fourth moment %v, expected 0, 1, 3", mean, variance, kurtosis)
	}
}

// With dropout p, a share p of the hidden spikes is withheld.
func TestDropoutDropsItsShare(t *testing.T) {
	m, source := smallTask(t, 30)
	c := smallConfig()
	c.Dropout = 0.25
	tr := mustNew(t, m, source, c)
	w, s := tr.workers[0], tr.samples[0]
	fired, passed := 0, 0
	for i := range 30 {
		if err := tr.forward(w.scratch, tr.samples[:1], []int{i}); err != nil {
			t.Fatal(err)
		}
		fired += s.counts[0]
		for row := 1; row <= tr.steps; row++ {
			passed += s.states[0].Reaching(row).Count()
		}
	}
	if share := 1 - float64(passed)/float64(fired); fired < 400 || math.Abs(share-0.25) > 0.04 {
		t.Errorf("%v of %d spikes dropped, expected 0.25", share, fired)
	}
}

func TestParseSurrogate(t *testing.T) {
	g, err := ParseSurrogate("triangle:0.5")
	if err != nil || g != (Surrogate{Triangle, 0.5}) || g.String() != "triangle:0.5" {
		t.Errorf("%v, %v", g, err)
	}
	if g, err := ParseSurrogate("boxcar"); err != nil || g.Width != 1 {
		t.Errorf("%v, %v", g, err)
	}
	for _, s := range []string{"", "step", "boxcar:wide", "boxcar:0", "boxcar:-1", "boxcar:inf", "boxcar:nan"} {
		if _, err := ParseSurrogate(s); err == nil {
			t.Errorf("%q was taken", s)
		}
	}
}
