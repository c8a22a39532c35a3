package train

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// orderTask returns n spike trains of 40 steps in which two groups of channels
// are active for three steps each, at random times. The class says which groups
// these were, in order: what came first must be remembered.
func orderTask(t testing.TB, n int, seed uint64) dataset.Source {
	t.Helper()
	const steps, group = 40, 8
	r := rand.New(rand.NewPCG(seed, 8))
	var inputs []spike.Input
	var labels []int
	for k := range n {
		x := spike.NewTrain(steps, 2*group)
		for step := range steps {
			for c := range 2 * group {
				if r.Float64() < 0.02 {
					x.At(step).Set(c)
				}
			}
		}
		class := k % 4
		from := []int{r.IntN(15), 18 + r.IntN(15)}
		for m, g := range []int{class & 1, class >> 1} {
			for step := range 3 {
				for c := range group {
					if r.Float64() < 0.5 {
						x.At(from[m] + step).Set(g*group + c)
					}
				}
			}
		}
		inputs, labels = append(inputs, x), append(labels, class)
	}
	source, err := dataset.FromInputs(inputs, []int{2 * group}, labels, []string{"aa", "ba", "ab", "bb"})
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// learnOrder trains a small network on orderTask and returns its accuracy, and
// by how much the errors of its hidden layer grow from the last step to the first,
// at most.
func learnOrder(t testing.TB, change func(p *Topology, c *Config)) (accuracy, growth float64) {
	t.Helper()
	source := orderTask(t, 1000, 1)
	in := model.Input{Shape: source.Shape(), Dt: 1, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000}}
	p := DefaultTopology(in, 40, source.Classes())
	p.Hidden, p.Active, p.ActiveHidden = []int{64}, 1, 8
	c := Defaults()
	c.Epochs, c.Batch, c.Threads = 10, 32, 2
	change(&p, &c)
	m, err := p.New(1)
	if err != nil {
		t.Fatal(err)
	}
	tr := mustNew(t, m, source, c)
	for !tr.Done() {
		_, err := tr.Epoch(context.Background(), func(Progress) {
			growth = max(growth, errorNorm(tr, 0)/errorNorm(tr, m.Steps-1))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return accuracyOf(t, tr.Model(), evaluate.All(orderTask(t, 1000, 2))), growth
}

// errorNorm returns the length of the errors of the first layer at a step, of all
// samples of the last batch.
func errorNorm(t *Trainer, step int) float64 {
	sum := 0.0
	buf := make([]float32, t.layers[0].Units.N)
	for k := range t.config.Batch {
		sum += squares(rowOf(buf, &t.deltas[0], k*t.steps+step)[:t.layers[0].Out])
	}
	return math.Sqrt(sum)
}

// TestRecurrenceLearns shows why recurrence needs ErrorClip: with a wide
// surrogate, H and the decay hand errors back larger than they were, step after
// step, and the optimiser follows the largest.
func TestRecurrenceLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	t.Parallel()
	recurrent := func(p *Topology, c *Config) {
		p.Recurrent, p.Reset, p.Activation, c.Surrogate = true, model.ResetZero, model.ELU, Surrogate{Boxcar, 2}
	}
	free, freeGrowth := learnOrder(t, func(p *Topology, c *Config) {
		recurrent(p, c)
		c.ErrorClip, c.RecurrentRate = 0, 1
	})
	clipped, clippedGrowth := learnOrder(t, recurrent)
	if freeGrowth < 1e4 || clippedGrowth > 1e3 || clipped < free+0.03 {
		t.Errorf("errors grow %.3g times at an accuracy of %v, with bounds %.3g times at %v: expected a thousand times less and more right", freeGrowth, free, clippedGrowth, clipped)
	}
	forward, _ := learnOrder(t, func(p *Topology, c *Config) {
		recurrent(p, c)
		p.Recurrent = false
	})
	if clipped < forward+0.1 {
		t.Errorf("accuracy %v, without recurrence %v: expected much more", clipped, forward)
	}
}
