//go:build !board

package main

import (
	"context"
	"fmt"

	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
)

// marginLoss is how much accuracy the recommended margin may cost on the
// samples held out: 0.2 points.
const marginLoss = 0.002

// recommended is a margin and what it does on the samples held out.
type recommended struct {
	margin float32 // 0: none
	early  float64 // accuracy of early decisions
	whole  float64 // accuracy of whole presentations
	steps  float64 // mean steps a sample
	of     int     // of so many
	floor  model.Floor
}

// addMargin gives m the margin, and the floor of live windows, that its decisions
// on the samples held out recommend.
func (j *job) addMargin(ctx context.Context, m *model.Network) (recommended, error) {
	net, err := runtime.Compile(m)
	if err != nil {
		return recommended{}, err
	}
	c, err := evaluate.New(net).Margins(ctx, j.heldOut(m), evaluate.Options{Threads: j.options.threads})
	if err != nil {
		return recommended{}, err
	}
	m.Readout.Margin = c.Recommend(marginLoss)
	if m.Readout.Floor, err = evaluate.New(net).Floor(ctx, j.heldOut(m), marginLoss, evaluate.Options{Threads: j.options.threads}); err != nil {
		return recommended{}, err
	}
	n := float64(c.Samples)
	p := c.At(m.Readout.Margin)
	return recommended{
		margin: m.Readout.Margin, early: float64(p.Correct) / n, whole: float64(c.Points[len(c.Points)-1].Correct) / n,
		steps: float64(p.Steps) / n, of: m.Steps, floor: m.Readout.Floor,
	}, nil
}

// addTo adds the margin and the floor, if there are any, to a summary.
func (r recommended) addTo(summary map[string]any) {
	if f := newFloorLine(r.floor); f != nil {
		summary["floor"] = f
	}
	if r.margin > 0 {
		summary["margin"], summary["margin_held_accuracy"], summary["margin_steps"] = r.margin, r.early, r.steps
	}
}

// String returns a line, or nothing without a margin.
func (r recommended) String() string {
	if r.margin == 0 {
		return ""
	}
	return fmt.Sprintf("margin %.4g: decides after %.1f of %d steps, held out %.2f instead of %.2f %%\n", r.margin, r.steps, r.of, 100*r.early, 100*r.whole)
}
