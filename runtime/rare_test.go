package runtime

import (
	"errors"
	"math"
	"math/rand/v2"
	goruntime "runtime"
	"strings"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// wide returns a network of one layer, whose neuron j has weight w from each of
// two inputs.
func wide(w float32) *model.Network {
	return &model.Network{
		Steps: 4, Readout: model.Readout{Kind: model.SpikeCount},
		Input: model.Input{Dt: 1, Shape: []int{2}, Encoder: model.Encoder{Coding: model.Direct}},
		Layers: []model.Layer{{
			Kind: model.SNU, In: []int{2}, Out: []int{1}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(1, 2, []float32{w, w}), Decay: []float32{0.5}, Bias: []float32{-1},
		}},
	}
}

// TestCountsAreBounded: a neuron fires at most model.MaxSpikes times in a step,
// however large its membrane.
func TestCountsAreBounded(t *testing.T) {
	t.Parallel()
	m := wide(3e38)
	m.Layers[0].Output, m.Layers[0].SpikeValue, m.Layers[0].Reset = model.Count, 0.5, model.ResetZero
	s := mustCompile(t, m).NewSession()
	for _, x := range []float32{1, 3e38} { // of a membrane that is finite, and of one that is not
		values := spike.NewValues(1, 2)
		values.At(0)[0] = x
		s.Reset()
		if err := s.Step(values, 0); err != nil {
			t.Fatal(err)
		}
		if y := s.Outputs(0)[0]; y != model.MaxSpikes/2 {
			t.Errorf("membrane %v: output %v, expected %v", s.Membrane(0)[0], y, model.MaxSpikes/2)
		}
		if got := s.Stats().Spikes[0]; got != model.MaxSpikes {
			t.Errorf("membrane %v: %d spikes, expected %d", s.Membrane(0)[0], got, model.MaxSpikes)
		}
		if err := s.Check(); (err != nil) != (x > 1) || err != nil && !errors.Is(err, ErrRange) {
			t.Errorf("membrane %v: %v", s.Membrane(0)[0], err)
		}
	}
}

// TestSumsComeBackIntoRange: where the equations forget a sum that was too large,
// as below the floor of clipped, so does a session, in every plan.
func TestSumsComeBackIntoRange(t *testing.T) {
	t.Parallel()
	m := wide(-3e38)
	m.Layers[0].Activation, m.Layers[0].Floor = model.Clipped, -0.25
	x := spike.NewValues(3, 2)
	x.At(0)[0], x.At(0)[1] = 1, 1 // −∞
	x.At(1)[0] = -1e-38           // 3: a spike
	n := mustCompile(t, m)
	stepped, whole, batch, o := n.NewSession(), n.NewSession(), n.NewBatch(1), newOracle(m)
	for k := range x.Steps() {
		if err := stepped.Step(x, k); err != nil {
			t.Fatal(err)
		}
		o.step(x.At(k))
		compareStep(t, 0, k, stepped, o)
	}
	want, err := whole.Classify(x)
	if err != nil || want.Scores[0] != 1 {
		t.Errorf("scores %v, %v, expected one spike", want.Scores, err)
	}
	compareStep(t, 0, 2, whole, o)
	if got, err := batch.Classify([]spike.Input{x}); err != nil || got[0].Scores[0] != want.Scores[0] {
		t.Errorf("in a batch: %v, %v, expected %v", got, err, want)
	}
}

// few returns a network of integer weights whose sums stay exact for few events a
// step: a sum over a plane comes in.
func few(size int) *model.Network {
	window := model.Window{Kernel: [2]int{size, size}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}
	return &model.Network{
		Steps: 4, Readout: model.Readout{Kind: model.SpikeCount},
		Input: model.Input{Dt: 1, Shape: []int{1, size, size}, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000, Counts: true}},
		Layers: []model.Layer{
			{Kind: model.Pool2D, Pool: model.SumPool, In: []int{1, size, size}, Out: []int{1, 1, 1}, Window: window},
			{
				Kind: model.SNU, In: []int{1, 1, 1}, Out: []int{3}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
				Weight: model.Tensor{Shape: []int{3, 1}, I8: []int8{1, 2, 3}, Scale: []float32{0.25}, Integer: true}, Bias: []float32{-1},
			},
		},
	}
}

// TestSelfTestOfFewEvents: where integers can sum few events, the random input has
// few; where not even one, the error says so, not that sums are not finite.
func TestSelfTestOfFewEvents(t *testing.T) {
	t.Parallel()
	m := few(100)
	if limit := m.CountLimit(); limit != 13 {
		t.Fatalf("at most %d events, expected 13", limit)
	}
	if _, err := AddRandomSelfTest(m); err != nil {
		t.Fatal(err)
	}
	if err := Verify(m); err != nil {
		t.Error(err)
	}
	m.SelfTest = nil
	m = few(400) // 2^24/(127·400²) is less than one
	if _, err := AddRandomSelfTest(m); !errors.Is(err, ErrInput) || errors.Is(err, ErrRange) || !strings.Contains(err.Error(), "expected at most 0") {
		t.Errorf("error %v, expected an ErrInput of too many events", err)
	}
}

// TestSelfTestRefuses inputs that a network cannot run on, or not to the same bits
// everywhere.
func TestSelfTestRefuses(t *testing.T) {
	t.Parallel()
	x := spike.NewValues(1, 10000)
	x.At(0)[3] = 0.5
	m := few(100)
	m.SelfTest = &model.SelfTest{Inputs: []spike.Input{x}}
	for _, c := range []struct {
		value float32
		says  string
	}{
		{0.5, "value 0.5 at step 0, channel 3, expected a count"},
		{-1, "value -1 at step 0, channel 3, expected a count"},
		{14, "14 events at step 0, expected at most 13"},
		{float32(math.Inf(1)), "value +Inf at step 0, channel 3 is not finite"},
	} {
		x.At(0)[3] = c.value
		if err := m.Validate(); !errors.Is(err, model.ErrInvalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("a self-test with %v: error %v, expected one that says %q", c.value, err, c.says)
		}
	}
	x.At(0)[3] = 13
	if err := m.Validate(); err != nil {
		t.Error(err)
	}

	m = wide(3e38)
	m.Layers[0].Bias = []float32{-3e38}
	two := spike.NewValues(2, 2)
	two.At(0)[0], two.At(0)[1], two.At(1)[0] = 1, 1, 1
	if err := AddSelfTest(m, []spike.Input{two}); !errors.Is(err, ErrRange) || m.SelfTest != nil {
		t.Errorf("a self-test with a membrane that is not finite: %v", err)
	}
	two.At(0)[1], two.At(1)[0] = 0, 0.1
	if err := AddSelfTest(m, []spike.Input{two}); err != nil {
		t.Error(err)
	}
}

// TestOutlineKeepsWhatWeightsAre of recurrent weights too.
func TestOutlineKeepsWhatWeightsAre(t *testing.T) {
	t.Parallel()
	m := oneLayer(4, 3, 2, true)
	m, _, err := model.Quantize(m, 8)
	if err != nil {
		t.Fatal(err)
	}
	if l := &mustCompile(t, m).Model().Layers[0]; !l.Weight.Integer || !l.Recurrent.Integer {
		t.Errorf("integer weights: %v, recurrent: %v", l.Weight.Integer, l.Recurrent.Integer)
	}
}

// firstMallocs returns the least number of allocations that the first run takes of
// what make returns, in several tries: other goroutines may allocate meanwhile.
func firstMallocs(make func() (run func())) uint64 {
	least := uint64(math.MaxUint64)
	for range 5 {
		run := make()
		var before, after goruntime.MemStats
		goruntime.ReadMemStats(&before)
		run()
		goruntime.ReadMemStats(&after)
		least = min(least, after.Mallocs-before.Mallocs)
	}
	return least
}

// TestFirstStepsAllocateNothing: a session has its memory from the start, for
// counts too, and for values where its encoder yields spikes.
func TestFirstStepsAllocateNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("what is allocated is the same on every CPU")
	}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 5))
		draw := randomNetwork
		if seed%2 == 0 {
			draw = randomPlanes
		}
		m := draw(r, false)
		counts := seed%4 >= 2
		if counts {
			m.Input.Encoder = model.Encoder{Coding: model.Events, BinUS: 1000, Counts: true}
			makeIntegers(m, r)
		}
		n := mustCompile(t, m)
		train := randomTrain(r, 40, n.InSize(), 0.5)
		values := spike.NewValues(40, n.InSize())
		for i := range values.Data() {
			values.Data()[i] = float32(r.NormFloat64())
			if counts {
				values.Data()[i] = float32(r.IntN(9))
			}
		}
		for _, x := range []spike.Input{train, values} {
			got := firstMallocs(func() func() {
				s := n.NewSession()
				return func() {
					if err := s.Run(x); err != nil {
						t.Fatal(err)
					}
				}
			})
			if got != 0 {
				t.Errorf("seed %d, %T: %d allocations in the first run, expected none", seed, x, got)
			}
		}
	}
}
