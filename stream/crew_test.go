package stream

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/model"
)

// TestThreads runs windows that overlap on one thread and on several: the same
// decisions, to the bit, in the same order, and the same summary.
func TestThreads(t *testing.T) {
	var lines strings.Builder
	x := randomTrain(300)
	for s := range x.Steps() {
		for i := range x.At(s).All() {
			fmt.Fprintf(&lines, "%d ", i)
		}
		lines.WriteByte('\n')
	}
	m := network(model.SpikeCount)
	decisions := func(o WindowOptions) (all []string, s Summary) {
		in := newInput(t, strings.NewReader(lines.String()), m, InputOptions{Format: "spikes"})
		s, err := Run(context.Background(), in, newWindows(t, m, o), Handler{Flush: true, Decide: func(d Decision) error {
			d.Latency = 0
			d.Scores = slices.Clone(d.Scores)
			d.Model = nil
			all = append(all, fmt.Sprintf("%+v", d))
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		s.Elapsed, s.Latency, s.Lag, s.MaxLag = 0, Latency{}, 0, 0
		return all, s
	}
	for _, o := range []WindowOptions{
		{Steps: 10, Stride: 1}, {Steps: 10, Stride: 3}, {Steps: 12, Stride: 4, Margin: 2}, {Steps: 10, Stride: 10}, {Steps: 10, Stride: 2, Keep: true},
		{Steps: 9, Stride: 2, Agree: Agree{Windows: 2, Of: 3}, Floor: model.Floor{Events: 20}},
	} {
		want, summary := decisions(o)
		if len(want) < 20 {
			t.Fatalf("%+v: %d decisions, expected more", o, len(want))
		}
		for _, threads := range []int{2, 3, 64} {
			o.Threads = threads
			got, s := decisions(o)
			if !slices.Equal(got, want) || s != summary {
				t.Errorf("%+v: %d decisions, %+v\nexpected %d, %+v", o, len(got), s, len(want), summary)
			}
		}
	}
}

// What the sessions refuse is refused by all, on several threads too.
func TestThreadsRefuse(t *testing.T) {
	w := newWindows(t, network(model.SpikeCount), WindowOptions{Steps: 10, Stride: 1})
	w.crew = newCrew(w.slots, 3)
	defer w.crew.close()
	x := randomTrain(3)
	if _, err := w.Step(x, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Step(x, 3); err == nil {
		t.Error("a step past the end of the input is taken in")
	}
	if _, err := NewWindows(compile(t, network(model.SpikeCount)), WindowOptions{Threads: -1}); err == nil {
		t.Error("-1 threads are accepted")
	}
}
