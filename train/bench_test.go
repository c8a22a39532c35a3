package train

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/snurun/snurun/dataset"
)

// blobs returns n images of the size and, at 150 pixels a digit, the density of
// MNIST's: ten patterns with some pixels flipped.
func blobs(n int) dataset.ImageSet {
	const side, on = 28, 150
	r := rand.New(rand.NewPCG(5, 5))
	set := dataset.ImageSet{Images: dataset.Images{Count: n, Height: side, Width: side}}
	var patterns [10][]int
	for c := range patterns {
		patterns[c] = r.Perm(side * side)[:on]
		set.Classes = append(set.Classes, fmt.Sprint(c))
	}
	for i := range n {
		image := make([]byte, side*side)
		for _, p := range patterns[i%10] {
			if r.IntN(3) == 0 {
				p = r.IntN(side * side)
			}
			image[p] = 255
		}
		set.Pixels = append(set.Pixels, image...)
		set.Labels = append(set.Labels, i%10)
	}
	return set
}

// BenchmarkTrain trains the default network, 784-256-256-256-10 over 10 steps,
// by the default configuration.
func BenchmarkTrain(b *testing.B) {
	const samples = 1280
	set := blobs(samples)
	p := DefaultTopology(jittered([]int{28, 28}), 1, 10, set.Classes)
	m, err := p.New(1)
	if err != nil {
		b.Fatal(err)
	}
	encoder, err := dataset.NewEncoder(m.Input, m.DtMS)
	if err != nil {
		b.Fatal(err)
	}
	source, err := dataset.FromImages(set, encoder)
	if err != nil {
		b.Fatal(err)
	}
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("net=A/threads=%d", threads), func(b *testing.B) {
			c := Defaults()
			c.Threads, c.Epochs = threads, 1<<20
			t, err := New(m, source, indices(samples), c)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := t.Epoch(context.Background(), nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(samples*b.N)/b.Elapsed().Seconds(), "samples/s")
		})
	}
}
