package runtime

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// blogNetwork is 784-256-256-256-10 with random weights that fire.
func blogNetwork(r *rand.Rand) *model.Network {
	m := &model.Network{
		Steps: 10, Readout: model.Readout{Kind: model.SpikeCount},
		Input: model.Input{Dt: 1, Shape: []int{784}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100}},
	}
	sizes := []int{784, 256, 256, 256, 10}
	for i, out := range sizes[1:] {
		w := make([]float32, sizes[i]*out)
		for k := range w {
			w[k] = float32(0.05 * r.NormFloat64())
		}
		m.Layers = append(m.Layers, model.Layer{
			Kind: model.SNU, In: []int{sizes[i]}, Out: []int{out}, Activation: model.ELU, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(out, sizes[i], w), Decay: []float32{0.9}, Bias: []float32{-0.3},
		})
	}
	return m
}

func randomTrain(r *rand.Rand, steps, size int, density float64) spike.Train {
	t := spike.NewTrain(steps, size)
	for k := range steps {
		for i := range size {
			if r.Float64() < density {
				t.At(k).Set(i)
			}
		}
	}
	return t
}

func mustCompile(t testing.TB, m *model.Network) *Network {
	t.Helper()
	n, err := Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNothingIsAllocatedInAStep(t *testing.T) {
	if testing.Short() {
		t.Skip("what is allocated is the same on every CPU")
	}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 3))
		draw := randomNetwork
		if seed%3 == 0 {
			draw = randomPlanes
		}
		n := mustCompile(t, draw(r, false))
		s := n.NewSession()
		x := randomTrain(r, 40, n.InSize(), 0.3)
		values := spike.NewValues(1, n.InSize())
		for i := range values.At(0) {
			values.At(0)[i] = float32(r.NormFloat64())
		}
		allocs := testing.AllocsPerRun(3, func() {
			if err := s.Step(x, 0); err != nil {
				t.Fatal(err)
			}
			if err := s.Step(values, 0); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Classify(x); err != nil {
				t.Fatal(err)
			}
			if _, err := s.ClassifyEarly(x, 1); err != nil {
				t.Fatal(err)
			}
		})
		if allocs != 0 {
			t.Fatalf("seed %d: %v allocations, expected none", seed, allocs)
		}
	}
}

func TestManySessionsShareOneNetwork(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	n := mustCompile(t, blogNetwork(r))
	inputs := make([]spike.Train, 8)
	want := make([]string, len(inputs))
	for i := range inputs {
		inputs[i] = randomTrain(r, 10, 784, 0.02)
		res, err := n.NewSession().Classify(inputs[i])
		if err != nil {
			t.Fatal(err)
		}
		want[i] = fmt.Sprint(res)
	}
	var wait sync.WaitGroup
	for g := range 64 {
		wait.Go(func() {
			s := n.NewSession()
			defer s.Close()
			for k := range 4 {
				i := (g + k) % len(inputs)
				if k%2 == 0 {
					s.Reset()
					for step := range 10 {
						if err := s.Step(inputs[i], step); err != nil {
							t.Error(err)
						}
					}
				} else if err := errOf(s.Classify(inputs[i])); err != nil {
					t.Error(err)
				}
				if got := fmt.Sprint(s.Result()); got != want[i] {
					t.Errorf("session %d, input %d: %s, expected %s", g, i, got, want[i])
				}
			}
		})
	}
	wait.Wait()
}

func errOf(_ Result, err error) error { return err }

func TestMisuseIsAnError(t *testing.T) {
	n := mustCompile(t, blogNetwork(rand.New(rand.NewPCG(1, 1))))
	s := n.NewSession()
	tail := spike.NewTrain(2, 784)
	tail.At(1)[12] |= 1 << 20
	nan := spike.NewValues(1, 784)
	nan.At(0)[3] = float32(math.NaN())
	badValues := spike.NewValues(2, 784)
	badValues.At(1)[7] = float32(math.Inf(1))
	for _, c := range []struct {
		says string
		err  error
	}{
		{"700 channels, the network takes 784", s.Step(spike.NewTrain(1, 700), 0)},
		{"past channel 783 at step 1", s.Step(tail, 1)},
		{"past channel 783 at step 1", s.Run(tail)},
		{"10 channels, the network takes 784", s.Step(spike.NewValues(1, 10), 0)},
		{"step 0, channel 3 is not finite", s.Step(nan, 0)},
		{"it has 2 steps, there is no step 2", s.Step(tail, 2)},
		{"it has 2 steps, there is no step -1", s.Step(tail, -1)},
		{"neither a spike.Train nor spike.Values", s.Run(nil)},
		{"785 channels, the network takes 784", s.Run(spike.NewTrain(1, 785))},
		{"1 channels, the network takes 784", s.Run(spike.NewValues(1, 1))},
		{"step 1, channel 7 is not finite", s.Run(badValues)},
		{"785 channels", errOf(s.Classify(spike.NewTrain(1, 785)))},
		{"785 channels", errOf(s.Classify(spike.NewValues(1, 785)))},
		{"785 channels", errOf(s.ClassifyEarly(spike.NewTrain(0, 785), 1))},
		{"785 channels", errOf(s.ClassifyEarly(spike.NewValues(0, 785), 1))},
	} {
		if !errors.Is(c.err, ErrInput) || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("error %v, expected one that says %q", c.err, c.says)
		}
	}
	if got := s.Stats().Steps; got != 0 {
		t.Errorf("refused inputs advanced the session by %d steps", got)
	}
	s.Close()
	for _, err := range []error{
		s.Step(spike.NewTrain(1, 784), 0), s.Step(spike.NewValues(1, 784), 0), s.Run(spike.NewTrain(1, 784)),
		errOf(s.Classify(spike.NewTrain(1, 784))), errOf(s.ClassifyEarly(spike.NewTrain(1, 784), 1)),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("error %v after Close, expected ErrClosed", err)
		}
	}
	s.Close()
	s.Reset()
	if r := s.Result(); r.Scores != nil || s.Spikes(0) != nil || s.Membrane(0) != nil || s.Outputs(0) != nil {
		t.Error("a closed session has results")
	}
}

func TestStatsCountTheWork(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	m := blogNetwork(r)
	n := mustCompile(t, m)
	s := n.NewSession()
	x := randomTrain(r, 10, 784, 0.02)
	if _, err := s.Classify(x); err != nil {
		t.Fatal(err)
	}
	whole := s.Stats()
	spikes := slices.Clone(whole.Spikes)
	if whole.InputSpikes != int64(x.Count()) || whole.Steps != 10 {
		t.Errorf("stats %+v, expected %d input spikes in 10 steps", whole, x.Count())
	}
	s.Reset()
	counted := make([]int64, n.Layers())
	for k := range 10 {
		if err := s.Step(x, k); err != nil {
			t.Fatal(err)
		}
		for i := range counted {
			counted[i] += int64(s.Spikes(i).Count())
		}
	}
	active, synops := int64(x.Count()), int64(0)
	for i := range counted {
		if counted[i] != spikes[i] {
			t.Errorf("layer %d: %d spikes, counted %d", i, spikes[i], counted[i])
		}
		synops += active * int64(m.Layers[i].OutSize())
		active = counted[i]
	}
	if got := s.Stats(); got.TotalSynOps() != synops {
		t.Errorf("%d synaptic operations, expected %d", got.TotalSynOps(), synops)
	}
	if got := s.Stats(); got.TotalSpikes() != counted[0]+counted[1]+counted[2]+counted[3] || got.TotalSpikes() == 0 {
		t.Errorf("%d spikes, counted %v", got.TotalSpikes(), counted)
	}
}

func TestEarlyDecision(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	n := mustCompile(t, blogNetwork(r))
	early, whole := n.NewSession(), n.NewSession()
	stopped := 0
	for range 50 {
		x := randomTrain(r, 30, 784, 0.03)
		got, err := early.ClassifyEarly(x, 3)
		if err != nil {
			t.Fatal(err)
		}
		// By definition: the first step at which the lead reaches the margin.
		whole.Reset()
		steps := 0
		for k := range 30 {
			if err := whole.Step(x, k); err != nil {
				t.Fatal(err)
			}
			steps++
			z := append([]float32(nil), whole.Result().Scores...)
			best := whole.Result().Class
			lead := float32(math.Inf(1))
			for j, v := range z {
				if j != best {
					lead = min(lead, z[best]-v)
				}
			}
			if lead != whole.Lead() {
				t.Fatalf("lead %v, expected %v of %v", whole.Lead(), lead, z)
			}
			if lead >= 3 {
				break
			}
		}
		if got.Steps != steps || got.Class != whole.Result().Class {
			t.Fatalf("decided for %d after %d steps, expected %d after %d", got.Class, got.Steps, whole.Result().Class, steps)
		}
		if steps < 30 {
			stopped++
		}
	}
	if stopped == 0 || stopped == 50 {
		t.Fatalf("%d of 50 stopped early: the test decides nothing", stopped)
	}
}

func TestTieGoesToThePotential(t *testing.T) {
	// Two output neurons fire equally often; the second ends with a larger u.
	m := &model.Network{
		Steps: 1, Readout: model.Readout{Kind: model.SpikeCount},
		Input: model.Input{Dt: 1, Shape: []int{1}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 1}},
		Layers: []model.Layer{{
			Kind: model.SNU, In: []int{1}, Out: []int{3}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(3, 1, []float32{1, 2, 2}), Bias: []float32{0, 0, 0},
		}},
	}
	x := spike.NewTrain(1, 1)
	x.At(0).Set(0)
	for _, c := range []struct {
		bias  []float32
		class int
	}{
		{[]float32{0, 0, 0}, 1}, // u = 1, 2, 2: the lower index of the larger
		{[]float32{1.5, 0, 0}, 0},
		{[]float32{0, 0, 0.5}, 2},
		{[]float32{-1, -2, -2}, 0}, // silent, u = 0, 0, 0
	} {
		m.Layers[0].Bias = c.bias
		r, err := mustCompile(t, m).NewSession().Classify(x)
		if err != nil || r.Class != c.class {
			t.Errorf("bias %v: class %d, %v, expected %d", c.bias, r.Class, err, c.class)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	m := blogNetwork(rand.New(rand.NewPCG(1, 1)))
	m.Layers[1].Weight.F32[5] = float32(math.NaN())
	if _, err := Compile(m); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("error %v, expected model.ErrInvalid", err)
	}
	if err := AddSelfTest(m, nil); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("error %v, expected model.ErrInvalid", err)
	}
	m.SelfTest = &model.SelfTest{}
	if err := Verify(m); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("error %v, expected model.ErrInvalid", err)
	}
}

func TestVerify(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for seed := range uint64(20) {
		m := randomNetwork(rand.New(rand.NewPCG(seed, 2)), seed%2 == 0)
		if err := Verify(m); !errors.Is(err, ErrNoSelfTest) {
			t.Fatalf("without a self-test: %v", err)
		}
		var inputs []spike.Input
		if seed%2 == 0 {
			v := spike.NewValues(5, m.Input.Size())
			for k := range 5 {
				for i := range v.At(k) {
					v.At(k)[i] = r.Float32()
				}
			}
			inputs = append(inputs, v)
		} else {
			inputs = append(inputs, randomTrain(r, 5, m.Input.Size(), 0.5), randomTrain(r, 3, m.Input.Size(), 0.1))
		}
		if err := AddSelfTest(m, inputs); err != nil {
			t.Fatal(err)
		}
		if err := Verify(m); err != nil {
			t.Fatal(err)
		}
		good := m.SelfTest
		if err := AddSelfTest(m, nil); err == nil || m.SelfTest != good {
			t.Fatalf("a self-test without inputs: %v, %+v", err, m.SelfTest)
		}
		m.SelfTest.Digest[3] ^= 1
		if err := Verify(m); !errors.Is(err, ErrSelfTest) {
			t.Fatalf("with a wrong digest: %v", err)
		}
	}
}

func TestSumsOutOfRange(t *testing.T) {
	m := blogNetwork(rand.New(rand.NewPCG(1, 1)))
	m.Layers = m.Layers[:1]
	l := &m.Layers[0]
	l.Activation, l.Output, l.Reset = model.Identity, model.None, model.ResetNone
	m.Readout.Kind = model.MembraneSum
	for k := range l.Weight.F32 {
		l.Weight.F32[k] = 3e38
	}
	x := spike.NewTrain(1, 784)
	x.At(0).Set(0)
	x.At(0).Set(1)
	if err := errOf(mustCompile(t, m).NewSession().Classify(x)); !errors.Is(err, ErrRange) {
		t.Errorf("error %v, expected ErrRange", err)
	}
	silent := spike.NewTrain(1, 784)
	if _, err := mustCompile(t, m).NewBatch(2).Classify([]spike.Input{silent, x}); !errors.Is(err, ErrRange) || !strings.Contains(err.Error(), "input 1 of the batch") {
		t.Errorf("error %v, expected ErrRange of input 1 of the batch", err)
	}
}

func TestEarlyDecisionOnValues(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	n := mustCompile(t, blogNetwork(r))
	a, b := n.NewSession(), n.NewSession()
	if a.Lead() != 0 {
		t.Errorf("lead %v before the first step", a.Lead())
	}
	for range 10 {
		x := randomTrain(r, 30, 784, 0.03)
		v := spike.NewValues(30, 784)
		for k := range 30 {
			for i := range x.At(k).All() {
				v.At(k)[i] = 1
			}
		}
		got, errA := a.ClassifyEarly(v, 3)
		want, errB := b.ClassifyEarly(x, 3)
		if errA != nil || errB != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%v, %v for values, %v, %v for the same spikes", got, errA, want, errB)
		}
	}
}

// TestBeforeTheFirstStep: there is no lead yet, and no class.
func TestBeforeTheFirstStep(t *testing.T) {
	for _, kind := range []model.ReadoutKind{model.SpikeCount, model.FirstSpike, model.MembraneSum, model.MembraneMax} {
		for outputs := 1; outputs <= 2; outputs++ {
			m := &model.Network{
				Steps: 1, Readout: model.Readout{Kind: kind},
				Input: model.Input{Dt: 1, Shape: []int{1}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100}},
				Layers: []model.Layer{{
					Kind: model.SNU, In: []int{1}, Out: []int{outputs}, Activation: model.Identity, Output: model.None, Reset: model.ResetNone,
					Weight: model.Matrix(outputs, 1, make([]float32, outputs)),
				}},
			}
			if kind == model.SpikeCount || kind == model.FirstSpike {
				m.Layers[0].Output = model.Step
			}
			n := mustCompile(t, m)
			s := n.NewSession()
			r := s.NewReadout()
			if s.Lead() != 0 || r.Lead() != 0 {
				t.Errorf("%s of %d: lead %v, of a readout %v, expected 0", kind, outputs, s.Lead(), r.Lead())
			}
			x := spike.NewTrain(2, 1)
			_, errBatch := n.NewBatch(2).Classify([]spike.Input{x, x.Slice(1, 1)})
			for call, err := range map[string]error{
				"Classify": errOf(s.Classify(x.Slice(0, 0))), "ClassifyEarly": errOf(s.ClassifyEarly(spike.NewValues(0, 1), 1)), "Batch": errBatch,
			} {
				if !errors.Is(err, ErrEmpty) || !errors.Is(err, ErrInput) {
					t.Errorf("%s of an input without steps: %v", call, err)
				}
			}
			if err := s.Run(x.Slice(0, 0)); err != nil || s.Lead() != 0 {
				t.Errorf("no steps: lead %v, %v", s.Lead(), err)
			}
		}
	}
}

// TestCountsOfLongRuns: a session that is never reset counts on where 32 bits
// end.
func TestCountsOfLongRuns(t *testing.T) {
	n := mustCompile(t, blogNetwork(rand.New(rand.NewPCG(1, 1))))
	s := n.NewSession()
	s.stats.Steps, s.stats.InputSpikes = math.MaxInt32, math.MaxInt32
	for i := range s.stats.Spikes {
		s.stats.Spikes[i] = math.MaxInt32
	}
	s.readout.Steps = math.MaxInt
	x := spike.NewTrain(1, 784)
	for i := range 784 {
		x.At(0).Set(i)
	}
	if err := s.Run(x); err != nil {
		t.Fatal(err)
	}
	got := s.Stats()
	if int64(got.Steps) != math.MaxInt32+1 || int64(got.InputSpikes) != math.MaxInt32+784 || int64(got.TotalSpikes()) < 4*math.MaxInt32 {
		t.Errorf("%+v", got)
	}
	if s.Result().Steps != math.MaxInt {
		t.Errorf("%d steps, expected them to stay", s.Result().Steps)
	}
}
