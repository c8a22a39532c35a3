package runtime

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/spike"
)

// TestMisusedSessionsDisturbNobody has 64 sessions of one network classify,
// step, take wrong inputs and close, all at once and in random order. Misuse is
// an error, and all that is not misuse gives the bits that it gives alone.
func TestMisusedSessionsDisturbNobody(t *testing.T) {
	const steps, size = 10, 784
	r := rand.New(rand.NewPCG(1, 1))
	n := mustCompile(t, blogNetwork(r))
	inputs := make([]spike.Train, 8)
	want, wantEarly := make([]string, len(inputs)), make([]string, len(inputs))
	for i := range inputs {
		inputs[i] = randomTrain(r, steps, size, 0.02)
		s := n.NewSession()
		res, err := s.Classify(inputs[i])
		want[i] = fmt.Sprint(res)
		early, errEarly := s.ClassifyEarly(inputs[i], 2)
		wantEarly[i] = fmt.Sprint(early)
		if err != nil || errEarly != nil {
			t.Fatal(err, errEarly)
		}
	}
	nan := spike.NewValues(1, size)
	nan.At(0)[size-1] = float32(math.NaN())
	var wait sync.WaitGroup
	for g := range 64 {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(2, uint64(g)))
			s := n.NewSession()
			closed := false
			// expect checks the error of a right call; a closed session refuses it.
			expect := func(err error) bool {
				if closed != errors.Is(err, ErrClosed) || !closed && err != nil {
					t.Errorf("closed %v, error %v", closed, err)
				}
				return err == nil
			}
			for range 40 {
				i := r.IntN(len(inputs))
				x := inputs[i]
				switch op := r.IntN(7); op {
				case 0:
					if res, err := s.Classify(x); expect(err) && fmt.Sprint(res) != want[i] {
						t.Errorf("classified %v, expected %s", res, want[i])
					}
				case 1:
					if res, err := s.ClassifyEarly(x, 2); expect(err) && fmt.Sprint(res) != wantEarly[i] {
						t.Errorf("decided early %v, expected %s", res, wantEarly[i])
					}
				case 2, 3: // step by step, with misuse between the steps
					s.Reset()
					for k := range steps {
						expect(s.Step(x, k))
						for _, err := range []error{
							s.Step(spike.NewTrain(1, size-1), 0), s.Step(nil, 0), s.Step(x, -1), s.Step(x, steps), s.Step(nan, 0),
							s.Run(spike.NewTrain(3, size+1)), s.Run(spike.NewValues(1, 1)),
						} {
							if err == nil {
								t.Error("misuse is no error")
							}
						}
					}
					if got := fmt.Sprint(s.Result()); !closed && got != want[i] {
						t.Errorf("stepped to %s, expected %s", got, want[i])
					}
				case 4:
					s.Close()
					closed = true
				case 5:
					s, closed = n.NewSession(), false
				case 6:
					s.Result()
					s.Stats()
					s.Lead()
					s.Spikes(0)
					s.Membrane(1)
					s.Outputs(2)
				}
			}
		})
	}
	wait.Wait()
}

func TestNetworkTellsItsMeasures(t *testing.T) {
	n := mustCompile(t, blogNetwork(rand.New(rand.NewPCG(1, 1))))
	if n.InSize() != 784 || n.OutSize() != 10 || n.Layers() != 4 || n.Steps() != 10 || n.Kernel() != asm.Tier() {
		t.Errorf("%d inputs, %d outputs, %d layers, %d steps, kernel %s", n.InSize(), n.OutSize(), n.Layers(), n.Steps(), n.Kernel())
	}
	if b := n.NewBatch(3); b.Size() != 3 {
		t.Errorf("a batch of %d samples, expected 3", b.Size())
	}
}

// TestZeroValues say that they do not run.
func TestZeroValues(t *testing.T) {
	t.Parallel()
	x := spike.NewTrain(1, 0)
	for name, n := range map[string]*Network{"zero": new(Network), "compiled": mustCompile(t, blogNetwork(rand.New(rand.NewPCG(1, 1))))} {
		s := new(Session)
		b := new(Batch)
		if name == "zero" {
			s, b = n.NewSession(), n.NewBatch(1)
			if n.InSize() != 0 || n.Classes() != nil || n.Input().Shape != nil || n.Layers() != 0 || n.Steps() != 0 {
				t.Error("the zero Network has something")
			}
		}
		s.Reset()
		s.Profile()
		r := new(Readout)
		for _, r := range []*Readout{r, s.NewReadout()} {
			r.Reset()
			r.Add()
			if r.Lead() != 0 || r.Result().Scores != nil {
				t.Errorf("%s: a readout has lead %v and %+v", name, r.Lead(), r.Result())
			}
		}
		_, errBatch := b.Classify([]spike.Input{x})
		for _, err := range []error{s.Step(x, 0), s.Run(x), errOf(s.Classify(x)), errOf(s.ClassifyEarly(x, 1)), errBatch} {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("%s: %v, expected ErrClosed", name, err)
			}
		}
		if s.Lead() != 0 || s.Spikes(0) != nil || s.Membrane(0) != nil || s.Outputs(0) != nil || s.LayerTimes() != nil || s.Check() != nil {
			t.Errorf("%s: a session has results", name)
		}
		s.Close()
	}
}
