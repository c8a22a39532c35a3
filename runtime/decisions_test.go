package runtime

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// What Decisions yields is, to the bit, what Step and Result say after each step,
// of every readout.
func TestDecisionsEqualSteps(t *testing.T) {
	seen := map[model.ReadoutKind]bool{}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 7))
		m := randomNetwork(r, seed%3 == 0)
		net, err := Compile(m)
		if err != nil {
			t.Fatal(err)
		}
		x := net.Input().New(70)
		for t := range x.Steps() {
			for i := range x.Size() {
				switch x := x.(type) {
				case spike.Train:
					if r.IntN(4) == 0 {
						x.At(t).Set(i)
					}
				case spike.Values:
					x.At(t)[i] = float32(r.NormFloat64())
				}
			}
		}
		stepped, s := net.NewSession(), net.NewSession()
		step := 0
		for got, err := range s.Decisions(x) {
			if err != nil {
				if !errors.Is(err, ErrRange) {
					t.Fatal(err)
				}
				break
			}
			if err := stepped.Step(x, step); err != nil {
				t.Fatal(err)
			}
			step++
			want := stepped.Result()
			if got.Class != want.Class || got.Steps != step {
				t.Fatalf("seed %d, %s, step %d: class %d after %d steps, expected %d", seed, m.Readout.Kind, step, got.Class, got.Steps, want.Class)
			}
			for j := range want.Scores {
				if math.Float32bits(got.Scores[j]) != math.Float32bits(want.Scores[j]) {
					t.Fatalf("seed %d, %s, step %d: score %d is %v, expected %v", seed, m.Readout.Kind, step, j, got.Scores[j], want.Scores[j])
				}
			}
			seen[m.Readout.Kind] = true
		}
	}
	for _, kind := range []model.ReadoutKind{model.StepClass, model.StepSet, model.SpikeCount} {
		if !seen[kind] {
			t.Errorf("no network with readout %s", kind)
		}
	}
}

func TestDecisionsRefuse(t *testing.T) {
	var closed Session
	for _, err := range closed.Decisions(spike.NewTrain(1, 1)) {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("of a closed session: %v", err)
		}
	}
	m := randomNetwork(rand.New(rand.NewPCG(1, 7)), false)
	net, err := Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range net.NewSession().Decisions(net.Input().New(0)) {
		if !errors.Is(err, ErrEmpty) {
			t.Errorf("without steps: %v", err)
		}
	}
}
