package train

import (
	"math"
	"slices"
	"testing"
)

func TestNormals(t *testing.T) {
	table := normals()
	sum, squares, within := 0.0, 0.0, 0
	for _, v := range table {
		x := float64(v)
		sum += x
		squares += x * x
		if math.Abs(x) < 1 {
			within++
		}
	}
	n := float64(tableSize)
	if math.Abs(sum) > 1e-9 || math.Abs(squares/n-1) > 1e-6 {
		t.Errorf("mean %v, variance %v, expected 0 and 1", sum/n, squares/n)
	}
	if share := float64(within) / n; math.Abs(share-0.6827) > 0.02 {
		t.Errorf("%v are within one standard deviation, expected 0.6827", share)
	}
}

// Initial membranes have the layer's own as their mean and the asked deviation,
// neighbours do not agree, and samples, layers and epochs have noise of their
// own.
func TestInitialMembrane(t *testing.T) {
	const sigma, own, draws = 0.25, 2, 400
	m, source := smallTask(t, 10)
	for i := range m.Layers[:2] {
		m.Layers[i].Initial = slices.Repeat([]float32{own}, m.Layers[i].OutSize())
	}
	c := smallConfig()
	c.InitialNoise = sigma
	tr, err := New(m, source, indices(10), c)
	if err != nil {
		t.Fatal(err)
	}
	s := tr.samples[0]
	of := func(layer, sample int) []float32 {
		return slices.Clone(s.initialMembrane(tr, layer, tr.freshNoise(sample))[:tr.layers[layer].Out])
	}
	first := of(0, 3)
	if !slices.Equal(first, of(0, 3)) {
		t.Error("the same sample has other initial membranes when they are drawn again")
	}
	other := of(0, 4)
	tr.epoch++
	later := of(0, 3)
	if slices.Equal(first, other) || slices.Equal(first, later) || slices.Equal(first[:30], of(1, 3)[:30]) {
		t.Error("another sample, epoch or layer has the same initial membranes")
	}
	var n, sum, squares, products float64
	for k := range draws {
		drawn := of(0, k)
		before := 0.0
		for _, v := range drawn {
			x := (float64(v) - own) / sigma
			n, sum, squares, products = n+1, sum+x, squares+x*x, products+x*before
			before = x
		}
	}
	if mean := sum / n; math.Abs(mean) > 0.03 {
		t.Errorf("mean %v standard deviations off, expected 0", mean)
	}
	if variance := squares / n; math.Abs(variance-1) > 0.05 {
		t.Errorf("variance %v times the asked one, expected 1", variance)
	}
	if correlation := products / n; math.Abs(correlation) > 0.04 {
		t.Errorf("neighbours correlate by %v, expected 0", correlation)
	}
}
