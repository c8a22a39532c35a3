package train

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// tapeSteps returns the loss of all steps that count, each by its definition.
func tapeSteps(t *tape, c *Config, outputs [][]int, targets dataset.Targets) int {
	loss := t.leaf(0)
	for step, z := range outputs {
		if !targets.Counts(step) {
			continue
		}
		target := func(j int) float64 {
			if targets.Classes == nil {
				if targets.Sets.At(step).Get(j) {
					return 1
				}
				return 0
			}
			v := c.Loss.Smoothing / float64(len(z))
			if j == targets.Classes[step] {
				v += 1 - c.Loss.Smoothing
			}
			return v
		}
		total := t.leaf(0)
		for j, v := range z {
			switch c.Loss.Kind {
			case MSE:
				d := t.sub(v, t.leaf(target(j)))
				loss = t.add(loss, t.scale(t.mul(d, d), 1/float64(len(z))))
			case BinaryCrossEntropy: // −y·ln σ(z) − (1 − y)·ln σ(−z)
				loss = t.sub(loss, t.scale(t.log(t.sigmoid(v)), target(j)))
				loss = t.sub(loss, t.scale(t.log(t.sigmoid(t.scale(v, -1))), 1-target(j)))
			default:
				total = t.add(total, t.exp(v))
			}
		}
		if c.Loss.Kind == CrossEntropy {
			for j, v := range z {
				loss = t.add(loss, t.scale(t.sub(t.log(total), v), target(j)))
			}
		}
	}
	return loss
}

type stepCase struct {
	name    string
	sets    bool
	analog  bool
	network func(p *Topology)
	change  func(m *model.Network)
	config  func(c *Config)
	// from is the first step that counts: with a window, that of the second.
	from int
}

var stepCases = []stepCase{
	{name: "classes, feed-forward"},
	{name: "classes, recurrent", network: func(p *Topology) { p.Recurrent = true }},
	{name: "classes, smoothed, soft recurrent", network: func(p *Topology) { p.Soft, p.Recurrent = true, true }, config: func(c *Config) { c.Loss.Smoothing = 0.1 }},
	{name: "classes, squares", network: func(p *Topology) { p.Hidden = []int{7} }, config: func(c *Config) { c.Loss.Kind, c.Loss.Smoothing = MSE, 0.1 }},
	{name: "sets, soft recurrent", sets: true, network: func(p *Topology) {
		p.Hidden, p.Soft, p.Recurrent, p.Activation, p.Reset = []int{9}, true, true, model.ReLU, model.ResetZero
	}},
	{name: "sets, squares, three layers", sets: true, network: func(p *Topology) { p.Hidden, p.Recurrent = []int{7, 5, 6}, true }, config: func(c *Config) { c.Loss.Kind = MSE }},
	{name: "sets, values, clipped", sets: true, analog: true, config: func(c *Config) { c.Clip, c.Decay = 0.01, Fixed }},
	{name: "classes, leaky readout", change: func(m *model.Network) {
		l := &m.Layers[len(m.Layers)-1]
		l.Kind, l.Decay = model.SNU, []float32{0.8}
	}},
	{name: "classes, analog hidden layer", change: func(m *model.Network) {
		l := &m.Layers[1]
		l.Output, l.Reset, l.Theta = model.None, model.ResetNone, nil
	}},
	{name: "classes, synaptic current, second window", from: 4, change: func(m *model.Network) {
		m.Layers[0].Synapse = []float32{0.7}
	}, config: func(c *Config) { c.Window = 4 }},
	{name: "classes, second window", from: 4, network: func(p *Topology) { p.Recurrent = true }, config: func(c *Config) { c.Window, c.Theta = 4, Threshold }},
	{name: "classes, soft, second window", from: 4, network: func(p *Topology) { p.Recurrent, p.Soft = true, true }, config: func(c *Config) { c.Window, c.Theta = 4, Threshold }},
	{name: "sets, window beyond the end", sets: true, config: func(c *Config) { c.Window = 100 }},
	{name: "sets, soft, dropout", sets: true, network: func(p *Topology) { p.Recurrent, p.Soft = true, true }, config: func(c *Config) { c.Dropout = 0.4 }},
	{name: "classes, soft feed-forward, dropout", network: func(p *Topology) { p.Soft = true }, config: func(c *Config) { c.Dropout = 0.4 }},
}

// stepLengths are those of the sequences of a case.
var stepLengths = []int{7, 5, 1, 8, 6}

// stepSource draws sequences with targets; those of steps before from do not count.
func stepSource(r *rand.Rand, c stepCase, size, outputs int) (dataset.Source, [][][]float64, []dataset.Targets) {
	var samples []spike.Input
	var all [][][]float64
	var targets []dataset.Targets
	names := make([]string, outputs)
	for j := range names {
		names[j] = fmt.Sprint(j)
	}
	for _, n := range stepLengths {
		_, xs, _ := randomSource(r, c.analog, 1, n, size, outputs)
		x := spike.Input(spike.NewTrain(n, size))
		if c.analog {
			x = spike.NewValues(n, size)
		}
		var t dataset.Targets
		if c.sets {
			t.Sets = spike.NewTrain(n, outputs)
		}
		for k := range n {
			for i, v := range xs[0][k] {
				switch x := x.(type) {
				case spike.Train:
					if v != 0 {
						x.At(k).Set(i)
					}
				case spike.Values:
					x.At(k)[i] = float32(v)
				}
			}
			if !c.sets {
				t.Classes = append(t.Classes, r.IntN(outputs+1)-1)
				if k < c.from {
					t.Classes[k] = -1
				}
				continue
			}
			for j := range outputs {
				if r.IntN(3) == 0 {
					t.Sets.At(k).Set(j)
				}
			}
		}
		samples, all, targets = append(samples, x), append(all, xs[0]), append(targets, t)
	}
	source, err := dataset.FromSequences(samples, []int{size}, targets, names)
	if err != nil {
		panic(err)
	}
	return source, all, targets
}

// stepTask returns what a case trains.
func stepTask(t *testing.T, c stepCase, seed uint64) (*model.Network, dataset.Source, [][][]float64, []dataset.Targets, Config) {
	t.Helper()
	const size, outputs = 9, 4
	in := model.Input{Shape: []int{size}, Dt: 1, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000, Counts: c.analog}}
	source, xs, targets := stepSource(rand.New(rand.NewPCG(seed, 1)), c, size, outputs)
	p := DefaultTopology(in, 5, source.Classes())
	p.Hidden, p.Gain, p.Active, p.ActiveHidden, p.Decay, p.Theta = []int{8, 6}, 0.6, 3, 3, 0.5, 0.5
	p.Readout = model.StepClass
	config := Defaults()
	config.Loss = Loss{Kind: CrossEntropy}
	config.RecurrentRate, config.ErrorClip = 1, 0
	if c.sets {
		p.Readout, config.Loss.Kind = model.StepSet, BinaryCrossEntropy
	}
	if c.network != nil {
		c.network(&p)
	}
	m, err := p.New(seed)
	if err != nil {
		t.Fatal(err)
	}
	if c.change != nil {
		c.change(m)
	}
	if c.config != nil {
		c.config(&config)
	}
	return m, source, xs, targets, config
}

// TestStepGradientsAgainstTape compares the gradient of sequences of several lengths,
// with targets step by step, with that of the tape. Where windows are shorter than
// sequences all targets are in the second: there is one update then.
func TestStepGradientsAgainstTape(t *testing.T) {
	for n, c := range stepCases {
		t.Run(c.name, func(t *testing.T) {
			m, source, xs, targets, config := stepTask(t, c, uint64(n))
			config.Epochs, config.Batch, config.Threads = 1, len(xs), 2
			config.Optimizer, config.Schedule = Optimizer{Kind: SGD, Rate: 1}, Schedule{Kind: Constant}
			trainer := mustNew(t, m, source, config)
			got, err := trainer.Epoch(context.Background(), nil)
			if err != nil {
				t.Fatal(err)
			}
			after, counted := trainer.Model(), 0
			for _, target := range targets {
				counted += target.Counted()
			}
			var loss float64
			grads := make([]layerGradient, len(m.Layers))
			for k, x := range xs {
				place := -1
				for at, i := range trainer.order {
					if i == k {
						place = at
					}
				}
				s := trainer.samples[place]
				dropped := func(i, step, j int) bool {
					return config.Dropout > 0 && i < len(m.Layers)-1 && s.states[i].ReachingSoft(step + 1)[j] == 0
				}
				tp, outputs, ps := tapeRun(m, &config, x, dropped)
				out := tapeSteps(tp, &config, outputs, targets[k])
				tp.backward(out)
				loss += tp.v(out) / float64(counted)
				for i := range ps {
					grads[i].add(tp, &ps[i], 1/float64(counted))
				}
			}
			if config.Clip > 0 {
				clipGradients(t, grads, &config)
			}
			if math.Abs(got.Loss-loss) > 1e-5*(1+math.Abs(loss)) {
				t.Errorf("loss %v, tape %v", got.Loss, loss)
			}
			for i := range m.Layers {
				if config.Dropout > 0 { // Model scales the weights behind what is dropped
					l := trainer.layers[i]
					l.Store(&after.Layers[i])
				}
				grads[i].compare(t, fmt.Sprint("layer ", i), &m.Layers[i], &after.Layers[i], &config)
			}
		})
	}
}

// Sequences in one batch are learned from as they are one by one: what is behind the end
// of a short one counts nowhere. One update of a batch is the mean of those of its
// sequences, weighted by the steps that count.
func TestLengthsInABatch(t *testing.T) {
	c := stepCase{network: func(p *Topology) { p.Recurrent = true }}
	m, source, _, targets, config := stepTask(t, c, 3)
	config.Epochs, config.Optimizer, config.Schedule = 1, Optimizer{Kind: SGD, Rate: 1}, Schedule{Kind: Constant}
	config.Decay = Fixed
	learned := func(indices ...int) [][]float32 {
		config.Batch = len(indices)
		tr, err := New(m, source, indices, config)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tr.Epoch(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		var moved [][]float32
		for i, l := range tr.Model().Layers {
			row := make([]float32, len(l.Weight.F32))
			for k, w := range l.Weight.F32 {
				row[k] = w - m.Layers[i].Weight.F32[k]
			}
			moved = append(moved, row)
		}
		return moved
	}
	var indices []int
	total := 0.0
	sums := make([][]float64, len(m.Layers))
	for i := range targets {
		indices = append(indices, i)
		n := float64(targets[i].Counted())
		total += n
		if n == 0 {
			continue
		}
		for l, row := range learned(i) {
			if sums[l] == nil {
				sums[l] = make([]float64, len(row))
			}
			for k, v := range row {
				sums[l][k] += n * float64(v)
			}
		}
	}
	for l, row := range learned(indices...) {
		for k, v := range row {
			if want := sums[l][k] / total; math.Abs(float64(v)-want) > 1e-6 {
				t.Fatalf("layer %d, weight %d moved by %v, expected %v", l, k, v, want)
			}
		}
	}
}

// Windows carry the state on: the loss of the first epoch, before anything is learned,
// is that of whole sequences.
func TestWindowsCarryTheState(t *testing.T) {
	for _, c := range []stepCase{
		{network: func(p *Topology) { p.Recurrent = true }},
		{network: func(p *Topology) { p.Recurrent, p.Soft = true, true }},
		{change: func(m *model.Network) { m.Layers[0].Synapse = []float32{0.7} }},
		{sets: true, config: func(c *Config) { c.Dropout = 0.3 }},
		{sets: true, network: func(p *Topology) { p.Soft = true }, config: func(c *Config) { c.Dropout, c.InitialNoise = 0.3, 0.2 }},
	} {
		m, source, _, _, config := stepTask(t, c, 5)
		config.Epochs, config.Batch = 1, 3
		config.Optimizer = Optimizer{Kind: SGD, Rate: 0}
		loss := func(window int) Progress {
			config.Window = window
			p, err := mustNew(t, m, source, config).Epoch(context.Background(), nil)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		whole := loss(0)
		for _, window := range []int{1, 3, 7, 8} {
			p := loss(window)
			if math.Abs(p.Loss-whole.Loss) > 1e-12 || p.Accuracy != whole.Accuracy || p.SpikesPerSample != whole.SpikesPerSample {
				t.Errorf("windows of %d steps: %+v, expected %+v", window, p, whole)
			}
		}
	}
}

// The bytes of a model trained on sequences depend on the seed alone, and are the same
// where training was interrupted.
func TestSequencesSameBytes(t *testing.T) {
	for _, c := range []struct {
		stepCase
		want string
	}{
		{stepCase{name: "classes, windows", network: func(p *Topology) { p.Recurrent = true }, config: func(c *Config) { c.Window, c.Clip, c.Dropout = 3, 1, 0.2 }}, "44559d8ad21b62ae"},
		{stepCase{name: "sets, soft", sets: true, network: func(p *Topology) { p.Recurrent, p.Soft = true, true }, config: func(c *Config) { c.Dropout = 0.3 }}, "639581689b3c56e9"},
	} {
		task := func() (*model.Network, dataset.Source, Config) {
			m, source, _, _, config := stepTask(t, c.stepCase, 11)
			config.Epochs, config.Batch = 4, 2
			if err := Prior(m, source, indices(source.Len())); err != nil {
				t.Fatal(err)
			}
			return m, source, config
		}
		trained := sameBytes(t, c.name, []int{1, 3}, task)
		pinned(t, trained, c.want)

		m, source, config := task()
		first := mustNew(t, m, source, config)
		ctx, stop := context.WithCancel(context.Background())
		if _, err := first.Epoch(ctx, nil); err != nil {
			t.Fatal(err)
		}
		_, err := first.Epoch(ctx, func(Progress) { stop() })
		if err == nil {
			t.Fatal("the training was not interrupted")
		}
		var saved bytes.Buffer
		if err := first.Save(&saved, nil); err != nil {
			t.Fatal(err)
		}
		second := mustNew(t, m, source, config)
		if _, err := second.Restore(&saved); err != nil {
			t.Fatal(err)
		}
		trainAll(t, second)
		if !bytes.Equal(bytesOf(t, second), trained) {
			t.Errorf("%s: resumed, the model is another", c.name)
		}
	}
}

func TestPrior(t *testing.T) {
	m, source, _, targets, _ := stepTask(t, stepCase{sets: true}, 2)
	if err := Prior(m, source, indices(source.Len())); err != nil {
		t.Fatal(err)
	}
	steps, on := 0.0, 0.0
	for _, target := range targets {
		for k := range target.Sets.Steps() {
			steps++
			if target.Sets.At(k).Get(1) {
				on++
			}
		}
	}
	p := (on + 0.5) / (steps + 1)
	if got := float64(m.Layers[len(m.Layers)-1].Current[1]); math.Abs(got-math.Log(p/(1-p))) > 1e-5 {
		t.Errorf("current %v, expected that of p = %v", got, p)
	}
	once, _ := smallTask(t, 3)
	if err := Prior(once, source, nil); err == nil {
		t.Error("a readout with one decision took a prior")
	}
}

// What fits no sequences is refused.
func TestStepRefusals(t *testing.T) {
	for _, c := range []struct {
		stepCase
		kind   model.ReadoutKind
		config func(c *Config)
		want   string
	}{
		{stepCase: stepCase{sets: true}, config: func(c *Config) { c.Loss.Kind = CrossEntropy }, want: "binary_cross_entropy or mse may be meant"},
		{config: func(c *Config) { c.Loss.Kind = BinaryCrossEntropy }, want: "needs readout step_set"},
		{stepCase: stepCase{sets: true}, config: func(c *Config) { c.Loss.Smoothing = 0.1 }, want: "label smoothing is of classes"},
		{config: func(c *Config) { c.Window = -1 }, want: "window is -1 steps"},
		{kind: model.StepSet, config: func(c *Config) { c.Loss.Kind = BinaryCrossEntropy }, want: "step_class may be meant"},
		{kind: model.MembraneSum, config: func(c *Config) {}, want: "step_class or step_set may be meant"},
	} {
		m, source, _, _, config := stepTask(t, c.stepCase, 1)
		if c.kind != "" {
			m.Readout.Kind = c.kind
		}
		c.config(&config)
		if _, err := New(m, source, indices(source.Len()), config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, expected %q", err, c.want)
		}
	}
	m, source := smallTask(t, 3)
	config := smallConfig()
	config.Window = 3
	if _, err := New(m, source, indices(3), config); err == nil || !strings.Contains(err.Error(), "decision a step") {
		t.Errorf("error is %v", err)
	}
}
