package runtime

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/snurun/snurun/internal/refnet"
	"github.com/snurun/snurun/spike"
)

// A batch computes what a session computes for each input alone.
func TestBatchEqualsSession(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 11))
		analog := seed%3 == 0
		draw := randomNetwork
		if seed%2 == 1 {
			draw = randomPlanes
		}
		net, err := Compile(draw(r, analog))
		if err != nil {
			t.Fatal(err)
		}
		b, s := net.NewBatch(5), net.NewSession()
		for round := range 2 {
			n := 5 - round
			inputs := make([]spike.Input, n)
			for k := range n {
				steps := 1 + r.IntN(70)
				train, values := spike.NewTrain(steps, net.InSize()), spike.NewValues(steps, net.InSize())
				for i := range steps * net.InSize() {
					if at, j := i/net.InSize(), i%net.InSize(); r.IntN(5) == 0 {
						train.At(at).Set(j)
						values.At(at)[j] = float32(r.NormFloat64())
					}
				}
				if inputs[k] = train; analog {
					inputs[k] = values
				}
			}
			results, err := b.Classify(inputs)
			if err != nil || len(results) != n {
				t.Fatalf("seed %d: %d results of %d, %v", seed, len(results), n, err)
			}
			for k, got := range results {
				want, err := s.Classify(inputs[k])
				if err != nil {
					t.Fatal(err)
				}
				if got.Class != want.Class || got.Steps != want.Steps {
					t.Fatalf("seed %d, input %d: class %d after %d steps, alone %d after %d", seed, k, got.Class, got.Steps, want.Class, want.Steps)
				}
				for j := range want.Scores {
					if math.Float32bits(got.Scores[j]) != math.Float32bits(want.Scores[j]) {
						t.Fatalf("seed %d, input %d: score %d is %v, alone %v", seed, k, j, got.Scores[j], want.Scores[j])
					}
				}
				if got, want := b.Stats(k), s.Stats(); got.InputSpikes != want.InputSpikes || got.TotalSpikes() != want.TotalSpikes() || got.TotalSynOps() != want.TotalSynOps() {
					t.Fatalf("seed %d, input %d: stats %v, alone %v", seed, k, got, want)
				}
			}
		}
	}
}

func TestBatchRefuses(t *testing.T) {
	net, err := Compile(refnet.A.Model())
	if err != nil {
		t.Fatal(err)
	}
	b := net.NewBatch(2)
	for want, inputs := range map[string][]spike.Input{
		"3 inputs, the batch has room for 2":                                                     {spike.NewTrain(1, 784), spike.NewTrain(1, 784), spike.NewTrain(1, 784)},
		"input 1 of the batch: runtime: wrong input: it has 783 channels, the network takes 784": {spike.NewTrain(1, 784), spike.NewTrain(1, 783)},
	} {
		if _, err := b.Classify(inputs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, expected %q", err, want)
		}
	}
	values := spike.NewValues(1, 784)
	values.At(0)[7] = float32(math.NaN())
	if _, err := b.Classify([]spike.Input{values}); err == nil || !strings.Contains(err.Error(), "input 0 of the batch") {
		t.Errorf("NaN: %v", err)
	}
}

// After the first use nothing is allocated, in any plan.
func TestPlansAllocateNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("what is allocated is the same on every CPU")
	}
	for _, ref := range []*refnet.Net{&refnet.A, &refnet.B} {
		net, err := Compile(ref.Model())
		if err != nil {
			t.Fatal(err)
		}
		samples := ref.Samples(3)
		s, b, inputs := net.NewSession(), net.NewBatch(len(samples)), spike.Inputs(samples)
		for plan, run := range map[string]func(){
			"streaming": func() {
				for t := range samples[0].Steps() {
					_ = s.Step(samples[0], t)
				}
			},
			"known": func() { _, _ = s.Classify(samples[0]) },
			"batch": func() { _, _ = b.Classify(inputs) },
		} {
			if n := testing.AllocsPerRun(2, run); n != 0 {
				t.Errorf("network %s, %s: %v allocations", ref.Name, plan, n)
			}
		}
	}
}
