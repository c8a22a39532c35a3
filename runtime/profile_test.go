package runtime

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestProfile(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	n := mustCompile(t, blogNetwork(r))
	x := randomTrain(r, 50, 784, 0.05) // more steps than run at once
	s := n.NewSession()
	want, err := s.Classify(x)
	if err != nil {
		t.Fatal(err)
	}
	if s.LayerTimes() != nil {
		t.Error("there are times without Profile")
	}

	p := n.NewSession()
	p.Profile()
	start := time.Now()
	got, err := p.Classify(x)
	elapsed := time.Since(start)
	if err != nil {
		t.Fatal(err)
	}
	if got.Class != want.Class || got.Scores[got.Class] != want.Scores[want.Class] {
		t.Errorf("%v, expected %v as without Profile", got, want)
	}
	var sum time.Duration
	for i, d := range p.LayerTimes() {
		if d <= 0 {
			t.Errorf("layer %d took %v", i, d)
		}
		sum += d
	}
	if len(p.LayerTimes()) != n.Layers() || sum > elapsed {
		t.Errorf("times %v of %v in all", p.LayerTimes(), elapsed)
	}
	if allocs := testing.AllocsPerRun(10, func() { _, _ = p.Classify(x) }); allocs > 0 {
		t.Errorf("%v allocations in a profiled run", allocs)
	}
	if now := p.LayerTimes()[0]; now <= 0 {
		t.Errorf("Reset cleared the times: %v", now)
	}
	p.Profile()
	if p.LayerTimes()[0] != 0 {
		t.Error("Profile does not start anew")
	}
	p.Close()
	p.Profile()
	if p.LayerTimes() != nil {
		t.Error("a closed session is profiled")
	}
}
