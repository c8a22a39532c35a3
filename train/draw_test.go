package train

import (
	"math"
	"slices"
	"testing"
)

// Time constants lie evenly in the logarithm, the middle one is that of the decay.
func TestDecaySpread(t *testing.T) {
	const decay, spread, n = 0.95, 8, 257
	p := DefaultTopology(jittered([]int{64}), 10, []string{"a", "b"})
	p.Hidden, p.Decay, p.DecaySpread = []int{n, 3}, decay, spread
	m, err := p.New(1)
	if err != nil {
		t.Fatal(err)
	}
	got := m.Layers[0].Decay
	if len(got) != n || len(m.Layers[1].Decay) != 3 || len(m.Layers[2].Decay) != 1 {
		t.Fatalf("%d, %d and %d decays, expected %d, 3 and the one of the output", len(got), len(m.Layers[1].Decay), len(m.Layers[2].Decay), n)
	}
	tau := -1 / math.Log(decay)
	for j, d := range got {
		want := math.Exp(-1 / (tau * math.Pow(spread, (2*float64(j)+1)/n-1)))
		if math.Abs(float64(d)-want) > 1e-7 {
			t.Errorf("decay %d is %v, expected %v", j, d, want)
		}
	}
	if !slices.IsSorted(got) || got[n/2] != decay {
		t.Errorf("the middle one is %v, expected %v", got[n/2], decay)
	}
	for _, wrong := range []float64{-1, 0.5, math.NaN(), math.Inf(1)} {
		if p.DecaySpread = wrong; refused(p) == nil {
			t.Errorf("a spread of %v was taken", wrong)
		}
	}
	p.Hidden, p.DecaySpread = nil, 2
	if refused(p) == nil {
		t.Error("a spread over no layer was taken")
	}
	p.Hidden = []int{3}
	for _, wrong := range []float32{0, 1} {
		if p.DecaySpread, p.Decay = 2, wrong; refused(p) == nil {
			t.Errorf("a spread around a decay of %v was taken", wrong)
		}
	}
}

func refused(p Topology) error {
	_, err := p.New(1)
	return err
}

// With plain gradient descent decays move by their share of what they would.
func TestDecayRate(t *testing.T) {
	m, source := smallTask(t, 32)
	moved := func(rate float64) (decays []float64, weight float32) {
		c := smallConfig()
		c.Optimizer, c.DecayRate = Optimizer{Kind: SGD, Rate: 0.1}, rate
		c.Epochs, c.Batch = 1, source.Len()
		tr := mustNew(t, m, source, c)
		if _, err := tr.Epoch(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		after := tr.Model()
		for j, d := range after.Layers[0].Decay {
			decays = append(decays, float64(d)-float64(m.Layers[0].Decay[j%len(m.Layers[0].Decay)]))
		}
		return decays, after.Layers[0].Weight.F32[0]
	}
	whole, weight := moved(1)
	tenth, same := moved(0.1)
	if weight != same {
		t.Errorf("the rate of decays moved a weight: %v and %v", weight, same)
	}
	some := false
	for j := range whole {
		some = some || math.Abs(whole[j]) > 1e-5
		if math.Abs(tenth[j]-whole[j]/10) > 1e-7 {
			t.Errorf("decay %d moved by %v at a tenth of the rate, by %v at all of it", j, tenth[j], whole[j])
		}
	}
	if !some {
		t.Error("no decay moved")
	}
}
