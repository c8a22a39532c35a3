package runtime

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// TestReadout starts at several steps of one session: at the first it is the
// session's own, at any other its scores are what the session's grew by since.
func TestReadout(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	n := mustCompile(t, blogNetwork(r))
	x := randomTrain(r, 30, 784, 0.02)
	s := n.NewSession()
	whole, part := s.NewReadout(), s.NewReadout()
	var before []float32
	for k := range 30 {
		if err := s.Step(x, k); err != nil {
			t.Fatal(err)
		}
		whole.Add()
		if k == 11 {
			part.Reset()
			before = slices.Clone(s.Result().Scores)
			continue
		}
		part.Add()
	}
	if got, want := whole.Result(), s.Result(); got.Class != want.Class || got.Steps != 30 || !slices.Equal(got.Scores, want.Scores) || whole.Lead() != s.Lead() {
		t.Errorf("%+v, lead %v, expected the session's own %+v, lead %v", got, whole.Lead(), want, s.Lead())
	}
	got := part.Result()
	for j, z := range s.Result().Scores {
		if got.Scores[j] != z-before[j] || got.Steps != 18 {
			t.Errorf("class %d has %v spikes in %d steps, expected %v in 18", j, got.Scores[j], got.Steps, z-before[j])
		}
	}
	if n := testing.AllocsPerRun(100, func() { part.Add(); _ = part.Result() }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	s.Close()
	part.Add()
	if got := part.Result(); got.Scores != nil {
		t.Errorf("%+v of a closed session", got)
	}
	late := s.NewReadout()
	late.Reset()
	late.Add()
	if got := late.Result(); got.Scores != nil {
		t.Errorf("%+v of a closed session", got)
	}
}

// TestReadoutOfFirstSpikes counts from the first step that it takes in.
func TestReadoutOfFirstSpikes(t *testing.T) {
	m := &model.Network{
		Steps: 1, Readout: model.Readout{Kind: model.FirstSpike},
		Input: model.Input{Dt: 1, Shape: []int{2}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100}},
		Layers: []model.Layer{{
			Kind: model.SNU, In: []int{2}, Out: []int{2}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(2, 2, []float32{1, 0, 0, 1}), Bias: []float32{-0.5},
		}},
	}
	s := mustCompile(t, m).NewSession()
	r := s.NewReadout()
	x := spike.NewTrain(5, 2)
	copy(x.Words(), []uint64{1, 0, 0, 2, 3})
	for k := range 5 {
		if k == 2 {
			r.Reset()
		}
		if err := s.Step(x, k); err != nil {
			t.Fatal(err)
		}
		r.Add()
	}
	if got := r.Result(); got.Class != 1 || !slices.Equal(got.Scores, []float32{1 / float32(3), 1 / float32(2)}) {
		t.Errorf("%+v, expected class 1 with 1/2 before 1/3", got)
	}
}
