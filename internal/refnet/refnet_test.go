package refnet

import (
	"math"
	"testing"

	"github.com/snurun/snurun/runtime"
)

// The figures that benchmarks report rest on these rates.
func TestRates(t *testing.T) {
	t.Parallel()
	for _, n := range []*Net{&A, &B, &C} {
		samples := n.Samples(8)
		net, err := runtime.Compile(n.Model())
		if err != nil {
			t.Fatal(err)
		}
		s := net.NewSession()
		counts := make([]float64, 1+len(n.Layers))
		for _, x := range samples {
			if _, err := s.Classify(x); err != nil {
				t.Fatal(err)
			}
			counts[0] += float64(s.Stats().InputSpikes)
			for i, c := range s.Stats().Spikes {
				counts[1+i] += float64(c)
			}
		}
		want := []float64{n.Rate}
		for _, l := range n.Layers {
			want = append(want, l.Rate)
		}
		for i, c := range counts {
			if rate := c / float64(len(samples)*n.Steps); math.Abs(rate-want[i]) > 0.05*want[i] {
				t.Errorf("network %s, layer %d (0: input): %.2f spikes a step, expected %v", n.Name, i, rate, want[i])
			}
		}
	}
}
