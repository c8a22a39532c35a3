package train

import (
	"context"
	"fmt"
	"testing"

	"github.com/snurun/snurun/dataset"
)

// BenchmarkTrain trains the networks of recipes by their configurations, without
// augmentation, on the 1,000 MNIST digits that are part of the program, from the
// second epoch on: the hidden layers have found their rates by then.
func BenchmarkTrain(b *testing.B) {
	set, err := dataset.Sample()
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		recipe string
		batch  int
	}{{"default", 64}, {"best", 128}, {"sparse", 64}, {"seed", 128}} {
		recipe, err := FindRecipe(c.recipe)
		if err != nil {
			b.Fatal(err)
		}
		setup := recipe.Setup([]int{28, 28}, set.Classes)
		m, err := setup.Topology.New(1)
		if err != nil {
			b.Fatal(err)
		}
		encoder, err := dataset.NewEncoder(m.Input)
		if err != nil {
			b.Fatal(err)
		}
		source, err := dataset.FromImages(set, encoder)
		if err != nil {
			b.Fatal(err)
		}
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("recipe=%s/batch=%d/threads=%d", c.recipe, c.batch, threads), func(b *testing.B) {
				config := setup.Config
				config.Batch, config.Threads, config.Epochs, config.CostRamp = c.batch, threads, 1<<20, 0
				samples := indices(1000 / c.batch * c.batch)
				t, err := New(m, source, samples, config)
				if err != nil {
					b.Fatal(err)
				}
				epoch := func() {
					if _, err := t.Epoch(context.Background(), nil); err != nil {
						b.Fatal(err)
					}
				}
				epoch()
				for b.Loop() {
					epoch()
				}
				b.ReportMetric(float64(len(samples)*b.N)/b.Elapsed().Seconds(), "samples/s")
			})
		}
	}
}
