package evaluate

import (
	"math"
	"reflect"
	"testing"

	"github.com/snurun/snurun/export"
)

// TestSummaryOfTheShippedModel pins what the README says of the first command:
// the noise of a draw and all that follows from it.
func TestSummaryOfTheShippedModel(t *testing.T) {
	t.Parallel()
	m, err := export.ReadFile("../testdata/mnist.msgpack")
	if err != nil {
		t.Fatal(err)
	}
	set := All(digitsFor(t, m))
	set.Draw = 1
	s, err := evaluator(t, m).Summary(t.Context(), set, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Samples != 1000 || s.Labelled != 1000 || s.Correct != 966 || s.Steps != 10000 || math.Round(s.PerSample(s.Spikes)) != 1513 || math.Round(s.PerSample(s.SynOps)) != 261103 {
		t.Errorf("%+v", s)
	}
}

// TestSummary adds up by hand.
func TestSummary(t *testing.T) {
	t.Parallel()
	m, source := digits(t)
	e := evaluator(t, m)
	var got, want Summary
	want.Confusion = make([][]int, 10)
	for c := range want.Confusion {
		want.Confusion[c] = make([]int, 10)
	}
	right, of := make([]int, 10), make([]int, 10)
	for out, err := range e.Samples(t.Context(), First(source, 200), Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		got.Add(out)
		want.Samples++
		want.Labelled++
		want.Confusion[out.Label][out.Result.Class]++
		of[out.Label]++
		if out.Result.Class == out.Label {
			want.Correct++
			right[out.Label]++
		}
		lowest := 0
		for j, z := range out.Result.Scores {
			if z > out.Result.Scores[lowest] {
				lowest = j
			}
		}
		if lowest == out.Label {
			want.LowestCorrect++
		}
		want.Steps += int64(out.Result.Steps)
		want.InputSpikes += out.Stats.InputSpikes
		for i := range out.Stats.Spikes {
			want.Spikes += out.Stats.Spikes[i]
			if i < 3 {
				want.HiddenSpikes += out.Stats.Spikes[i]
			}
			want.SynOps += out.Stats.SynOps[i]
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, expected %+v", got, want)
	}
	for c := range of {
		if n, a := got.ClassAccuracy(c); n != of[c] || a != float64(right[c])/float64(n) {
			t.Errorf("class %d: %v of %d, expected %d of %d", c, a, n, right[c], of[c])
		}
	}
	if n, a := got.ClassAccuracy(10); n != 0 || !math.IsNaN(a) {
		t.Errorf("class 10: %v of %d", a, n)
	}
}

// TestSummaryOfOddLabels takes samples without a label, and with one that is no
// output of the network.
func TestSummaryOfOddLabels(t *testing.T) {
	t.Parallel()
	m, source := digits(t)
	var s Summary
	for out, err := range evaluator(t, m).Samples(t.Context(), First(source, 3), Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		out.Label = []int{-1, 12, 0}[out.Index]
		out.Result.Class = 0
		s.Add(out)
	}
	if s.Samples != 3 || s.Labelled != 2 || s.Correct != 1 || s.Accuracy() != 0.5 || len(s.Confusion) != 13 || s.Confusion[12][0] != 1 {
		t.Errorf("%+v", s)
	}
	if n, a := s.ClassAccuracy(12); n != 1 || a != 0 {
		t.Errorf("class 12: %v of %d", a, n)
	}
}

// A silent network has only ties: they go to the class with the largest u, or
// to the lowest one.
func TestSummaryCountsTiesBothWays(t *testing.T) {
	t.Parallel()
	m, source := digits(t)
	for i := range m.Layers {
		clear(m.Layers[i].Weight.F32)
		m.Layers[i].Bias = make([]float32, m.Layers[i].OutSize())
		for j := range m.Layers[i].Bias {
			m.Layers[i].Bias[j] = -0.5
		}
	}
	m.Layers[3].Bias[4] = -0.25
	set := All(source)
	var zeros, fours int
	for _, i := range set.Indices {
		switch source.Label(i) {
		case 0:
			zeros++
		case 4:
			fours++
		}
	}
	s, err := evaluator(t, m).Summary(t.Context(), set, Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	if s.Spikes != 0 || s.Correct != fours || s.LowestCorrect != zeros || zeros == fours {
		t.Errorf("a silent network has %+v, expected no spikes, the %d fours correct, and the %d zeros", s, fours, zeros)
	}
	if s.Accuracy() != float64(fours)/1000 || s.LowestAccuracy() != float64(zeros)/1000 {
		t.Errorf("accuracies are %v and %v", s.Accuracy(), s.LowestAccuracy())
	}
}

// TestDraws compares draws with summaries of their own; they differ.
func TestDraws(t *testing.T) {
	t.Parallel()
	m, source := digits(t)
	e := evaluator(t, m)
	set := First(source, 60)
	set.Draw = 5
	var progress []int
	draws, err := e.Draws(t.Context(), set, 3, Options{Progress: func(done, of int) {
		if of != 180 {
			t.Errorf("progress of %d", of)
		}
		progress = append(progress, done)
	}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range draws {
		set.Draw = uint64(5 + i)
		want, err := e.Summary(t.Context(), set, Options{})
		if err != nil || !reflect.DeepEqual(draws[i], want) {
			t.Errorf("draw %d: %+v, expected %+v, %v", i, draws[i], want, err)
		}
	}
	if reflect.DeepEqual(draws[0], draws[1]) || len(draws) != 3 || progress[len(progress)-1] != 180 {
		t.Errorf("%d draws, %v", len(draws), progress)
	}
}

func TestEstimate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		correct     []int // of 100
		mean, error float64
	}{
		{[]int{90}, 0.9, 0},
		{[]int{90, 90}, 0.9, 0},
		{[]int{90, 92, 94}, 0.92, 0.02 / math.Sqrt(3)},
	} {
		var all []Summary
		for _, n := range c.correct {
			all = append(all, Summary{Samples: 100, Labelled: 100, Correct: n})
		}
		e := EstimateOf(all, (*Summary).Accuracy)
		if math.Abs(e.Mean-c.mean) > 1e-12 || math.Abs(e.Error-c.error) > 1e-12 {
			t.Errorf("%v: %v ± %v, expected %v ± %v", c.correct, e.Mean, e.Error, c.mean, c.error)
		}
	}
}
