package stream

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// bursts is spikes that come in bursts, with a few between them.
func bursts(steps int) spike.Train {
	r := rand.New(rand.NewPCG(5, 6))
	x := spike.NewTrain(steps, 60)
	for t := range steps {
		rate := 0.01
		if t%37 < 9 || t%50 == 20 {
			rate = 0.3
		}
		for c := range 60 {
			if r.Float64() < rate {
				x.At(t).Set(c)
			}
		}
	}
	return x
}

// TestOnset sets windows that wait for something beside those that begin by hand where
// it begins.
func TestOnset(t *testing.T) {
	x := bursts(600)
	for _, onset := range []Onset{{Events: 8}, {Events: 8, Quiet: 3}, {Events: 12, Quiet: 20}, {Events: 60, Quiet: 1}} {
		for _, keep := range []bool{false, true} {
			for _, margin := range []float32{0, 2} {
				m := network(model.SpikeCount)
				o := WindowOptions{Steps: 12, Onset: onset, Keep: keep, Margin: margin}
				got := decide(t, newWindows(t, m, o), x)

				net := compile(t, m)
				var want []Decision
				quiet, from, number := 0, -1, int64(0)
				single := newWindows(t, m, WindowOptions{Steps: 12, Margin: margin})
				shared := net.NewSession()
				var readout = shared.NewReadout()
				for k := range x.Steps() {
					if keep {
						if err := shared.Step(x, k); err != nil {
							t.Fatal(err)
						}
					}
					loud := x.At(k).Count() >= onset.Events
					if from < 0 && loud && quiet >= onset.Quiet {
						from = k
						single.Restart()
						readout.Reset()
					}
					if quiet++; loud {
						quiet = 0
					}
					if from < 0 {
						continue
					}
					d := Decision{Window: number, Step: int64(k)}
					if keep {
						readout.Add()
						if k-from < 11 && (margin == 0 || readout.Lead() < margin) {
							continue
						}
						d.Lead, d.Result = readout.Lead(), readout.Result()
						d.Scores = slices.Clone(d.Scores)
					} else {
						decisions, err := single.Step(x, k)
						if err != nil {
							t.Fatal(err)
						}
						if len(decisions) == 0 {
							continue
						}
						d.Lead, d.Result = decisions[0].Lead, decisions[0].Result
						d.Scores = slices.Clone(d.Scores)
					}
					want = append(want, d)
					number++
					from = -1
				}
				sameDecisions(t, got, want)
				if (len(want) < 5) != (onset.Events == 60) {
					t.Errorf("%+v: %d windows", onset, len(want))
				}
			}
		}
	}
}

// TestOnsetAfterRestart waits for quiet steps anew.
func TestOnsetAfterRestart(t *testing.T) {
	x := spike.NewTrain(8, 60)
	for s := 4; s < 8; s++ {
		for c := range 10 {
			x.At(s).Set(c)
		}
	}
	w := newWindows(t, network(model.SpikeCount), WindowOptions{Steps: 3, Onset: Onset{Events: 8, Quiet: 4}})
	if n := len(decide(t, w, x)); n != 1 {
		t.Fatalf("%d windows, expected 1", n)
	}
	decide(t, w, x.Slice(0, 2))
	w.Restart()
	if n := len(decide(t, w, x.Slice(2, 8))); n != 0 {
		t.Errorf("%d windows, expected none: two quiet steps were before Restart", n)
	}
}

func TestOnsetRefused(t *testing.T) {
	net := compile(t, network(model.SpikeCount))
	for want, o := range map[string]WindowOptions{
		"onset of -1 events behind 0 steps": {Onset: Onset{Events: -1}},
		"onset of 0 events behind 3 steps":  {Onset: Onset{Quiet: 3}},
		"onset of 1 events behind -3 steps": {Onset: Onset{Events: 1, Quiet: -3}},
		"an onset needs windows that":       {Stride: 2, Onset: Onset{Events: 1}},
	} {
		if _, err := NewWindows(net, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, expected %q", o, err, want)
		}
	}
}
