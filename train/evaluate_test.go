package train

import (
	"context"
	"testing"
)

// A silent network has only ties: they go to the class with the largest u, or
// to the lowest one.
func TestEvaluateCountsTiesBothWays(t *testing.T) {
	m, source := smallTask(t, 100)
	for i := range m.Layers {
		clear(m.Layers[i].Weight.F32)
	}
	copy(m.Layers[len(m.Layers)-1].Bias, []float32{-0.5, -0.5, -0.25})
	e, err := Evaluate(context.Background(), m, source, indices(100), 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	if e.SpikesPerSample != 0 || e.Correct != 33 || e.LowestCorrect != 34 {
		t.Errorf("a silent network has %+v, expected no spikes, the 33 samples of the last class correct, and the 34 of the first", e)
	}
	if e.Accuracy() != 0.33 || e.LowestAccuracy() != 0.34 {
		t.Errorf("accuracies are %v and %v, expected 0.33 and 0.34", e.Accuracy(), e.LowestAccuracy())
	}
}
