package evaluate

import (
	"slices"
	"testing"

	"github.com/snurun/snurun/model"
)

// TestFloor is what all but a few of the samples reach that are decided right.
func TestFloor(t *testing.T) {
	t.Parallel()
	m, source := digits(t)
	e, set := evaluator(t, m), First(source, 200)
	f, err := e.Floor(t.Context(), set, 0.02, Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	right, events, scores, leads := 0, 0, 0, 0
	for out, err := range e.Samples(t.Context(), set, Options{Threads: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		if !out.Correct() {
			continue
		}
		right++
		if out.Stats.InputSpikes < f.Events {
			events++
		}
		if slices.Max(out.Result.Scores) < f.Score {
			scores++
		}
		if out.Result.Lead() < f.Lead {
			leads++
		}
	}
	if f.Events < 1 || f.Score <= 0 || events > 0 || scores > right/50 || leads > right/50 {
		t.Errorf("%+v: of %d right ones, %d lack events, %d score, %d lead", f, right, events, scores, leads)
	}
	if f, err := e.Floor(t.Context(), Set{Source: source, Indices: nil}, 0.02, Options{}); err == nil && f != (model.Floor{}) {
		t.Errorf("%+v of no samples", f)
	}
}
