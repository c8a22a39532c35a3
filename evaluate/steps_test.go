package evaluate

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// logits returns a network without state, z = c + w·x, whose only weights are those of
// an input on the output of its number.
func logits(t *testing.T, kind model.ReadoutKind, in model.Input, c, w []float32) *Evaluator {
	t.Helper()
	n := len(c)
	m := &model.Network{
		Steps: 10, Input: in, Readout: model.Readout{Kind: kind},
		Layers: []model.Layer{{
			Kind: model.Dense, In: []int{n}, Out: []int{n}, Activation: model.Identity, Output: model.None, Reset: model.ResetNone,
			Weight: model.Matrix(n, n, make([]float32, n*n)), Current: c,
		}},
	}
	for j, v := range w {
		m.Layers[0].Weight.F32[j*n+j] = v
	}
	net, err := runtime.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	return New(net)
}

func chorales(t *testing.T, part string) dataset.Source {
	t.Helper()
	all, err := dataset.LoadChorales(filepath.Join("..", "testdata", "jsb"))
	if err != nil {
		t.Fatal(err)
	}
	source, err := all.Part(part)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func logit(p float64) float32 { return float32(math.Log(p / (1 - p))) }

// TestChoralesNLL measures two predictors of the chorales whose figures are known: the
// share of training steps in which a note sounds, whatever came before, 11.09 nats a
// step of the test; and the share of them in which it sounds after a step with it, and
// after one without: 10.49.
func TestChoralesNLL(t *testing.T) {
	training, test := chorales(t, "train"), chorales(t, "test")
	const notes = 88
	var on [notes]float64
	var steps float64
	var after, seen [2][notes]float64 // steps after one without and with the note
	for i := range training.Len() {
		x := spike.NewTrain(dataset.Length(training, i), notes)
		if err := training.Load(x, i, dataset.Key{}); err != nil {
			t.Fatal(err)
		}
		sets := dataset.TargetsOf(training, i).Sets
		for k := range x.Steps() {
			steps++
			for j := range notes {
				was := 0
				if x.At(k).Get(j) {
					was = 1
				}
				seen[was][j]++
				if sets.At(k).Get(j) {
					on[j]++
					after[was][j]++
				}
			}
		}
	}
	marginal, same, repeat := make([]float32, notes), make([]float32, notes), make([]float32, notes)
	for j := range notes {
		marginal[j] = logit(max(on[j], 0.5) / steps)
		p := func(was int) float32 { return logit((after[was][j] + 0.05) / (seen[was][j] + 1)) }
		same[j] = p(0)
		repeat[j] = p(1) - same[j]
	}
	for _, c := range []struct {
		name    string
		current []float32
		weight  []float32
		nll     float64
	}{{"marginals", marginal, nil, 11.09}, {"repetition", same, repeat, 10.49}} {
		e := logits(t, model.StepSet, dataset.MusicInput(), c.current, c.weight)
		s, err := e.Summary(context.Background(), All(test), Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Decided.MeanNLL(); math.Abs(got-c.nll) > 0.005 {
			t.Errorf("%s: %.3f nats a step, expected %.2f", c.name, got, c.nll)
		}
		if s.Decided.Counted != 4648 || s.Samples != 77 || s.Steps != 4648 {
			t.Errorf("%s: %d steps count, %d ran, of %d pieces, expected 4648 of 77", c.name, s.Decided.Counted, s.Steps, s.Samples)
		}
	}
}

// Decisions on classes, of sequences of several lengths with steps that do not count,
// against the definition.
func TestStepClasses(t *testing.T) {
	in := model.Input{Shape: []int{3}, Dt: 1, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000}}
	one := func(channels ...int) spike.Train {
		x := spike.NewTrain(len(channels), 3)
		for k, c := range channels {
			x.At(k).Set(c)
		}
		return x
	}
	source, err := dataset.FromSequences([]spike.Train{one(0, 1, 2, 2, 1), one(1)}, []int{3},
		[]dataset.Targets{{Classes: []int{0, -1, 1, 2}}, {Classes: []int{1}}}, []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	e := logits(t, model.StepClass, in, []float32{0, 0, 0}, []float32{2, 2, 2})
	s, err := e.Summary(context.Background(), All(source), Options{})
	if err != nil {
		t.Fatal(err)
	}
	right := math.Log(math.Exp(2)+2) - 2
	want := 3*right + (right + 2)
	if d := s.Decided; d.Counted != 4 || d.Right != 3 || s.Accuracy() != 0.75 || math.Abs(d.NLL-want) > 1e-6 {
		t.Errorf("%+v, accuracy %v, expected 3 of 4 and %v nats", d, s.Accuracy(), want)
	}
	if s.Confusion[0][0] != 1 || s.Confusion[1][2] != 1 || s.Confusion[1][1] != 1 || s.Confusion[2][2] != 1 {
		t.Errorf("confusion %v", s.Confusion)
	}
	if s.Steps != 6 {
		t.Errorf("%d steps ran, expected the 6 that there are", s.Steps)
	}
	zero := 0
	judged, err := dataset.Judged(source, dataset.Judging{Skip: 1, Unlabelled: &zero})
	if err != nil {
		t.Fatal(err)
	}
	if s, err = e.Summary(context.Background(), First(judged, 1), Options{}); err != nil || s.Decided.Counted != 3 || s.Decided.Right != 1 {
		t.Errorf("%v, %+v, expected 1 of 3", err, s.Decided)
	}
}

func TestTargetsOfAnotherKind(t *testing.T) {
	in := model.Input{Shape: []int{2}, Dt: 1, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000}}
	samples, names := []spike.Train{spike.NewTrain(2, 2)}, []string{"a", "b"}
	classes, err := dataset.FromSequences(samples, []int{2}, []dataset.Targets{{Classes: []int{0, 1}}}, names)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := dataset.FromInputs(samples, []int{2}, []int{1}, names)
	if err != nil {
		t.Fatal(err)
	}
	e := logits(t, model.StepSet, in, make([]float32, 2), nil)
	for _, source := range []dataset.Source{classes, plain} {
		if _, err := e.Summary(context.Background(), All(source), Options{}); !errors.Is(err, dataset.ErrMismatch) {
			t.Errorf("error is %v, expected ErrMismatch", err)
		}
	}
	m := e.Network().Model()
	once := *m
	once.Readout.Kind = model.MembraneSum
	if err := All(classes).Check(&once, true); !errors.Is(err, dataset.ErrMismatch) {
		t.Errorf("error is %v, expected ErrMismatch", err)
	}
}
