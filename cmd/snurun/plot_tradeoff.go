//go:build !board

package main

import (
	"fmt"
	"time"

	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/internal/bench"
	"github.com/snurun/snurun/plot"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// How times are measured: of so many samples, at so many margins a network.
const (
	tradeoffSamples = 256
	tradeoffMargins = 10
	tradeoffRepeat  = 5
)

func (p *plotter) tradeoff(files []string) (*plot.Figure, error) {
	var curves []plot.TradeoffCurve
	var turns []bench.Turn
	_, err := p.eachModel(files, func(name string, l *loaded) error {
		c, err := p.margins(l)
		if err != nil {
			return err
		}
		inputs, err := firstInputs(p.set(l), l.run.Network())
		if err != nil {
			return fmt.Errorf("%s: %w", l.file, err)
		}
		s := l.run.Network().NewSession()
		add := func(run func(x spike.Input) (runtime.Result, error)) {
			turns = append(turns, bench.Turn{Samples: len(inputs), Run: func(k int) error { _, err := run(inputs[k]); return err }})
		}
		share := func(correct int) float64 { return float64(correct) / float64(c.Samples) }
		t := plot.TradeoffCurve{Name: name, Whole: plot.TradeoffPoint{Accuracy: share(c.ByStep[len(c.ByStep)-1])}}
		for _, m := range someMargins(c, l.model.Readout.Margin) {
			t.Early = append(t.Early, plot.TradeoffPoint{Accuracy: share(m.Correct), Marked: m.marked})
			add(func(x spike.Input) (runtime.Result, error) { return s.ClassifyEarly(x, m.Margin) })
		}
		add(s.Classify)
		curves = append(curves, t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	us, err := bench.Turns(p.ctx, turns, tradeoffRepeat, 20*time.Millisecond)
	if err != nil {
		return nil, err
	}
	for i := range curves {
		c := &curves[i]
		for k := range c.Early {
			c.Early[k].US = us[k]
		}
		c.Whole.US = us[len(c.Early)]
		us = us[len(c.Early)+1:]
	}
	return plot.Tradeoff(curves)
}

// firstInputs encodes the samples of a set that times are taken of.
func firstInputs(set evaluate.Set, net *runtime.Network) (inputs []spike.Input, err error) {
	for place := range min(len(set.Indices), tradeoffSamples) {
		x, err := set.Load(net.Model(), place)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, x)
	}
	return inputs, nil
}

// chosenMargin is a margin whose decisions are timed.
type chosenMargin struct {
	evaluate.MarginPoint
	marked bool
}

// someMargins returns some margins of a curve, about evenly apart in steps, and the
// one recommended.
func someMargins(c evaluate.MarginCurve, recommended float32) (chosen []chosenMargin) {
	points := c.Points[:len(c.Points)-1]
	if len(points) == 0 {
		return nil
	}
	first, last := points[0].Steps, points[len(points)-1].Steps
	next := float64(first)
	marked := false
	for _, p := range points {
		mark := !marked && recommended > 0 && p.Margin >= recommended
		if float64(p.Steps) < next && !mark {
			continue
		}
		marked = marked || mark
		chosen = append(chosen, chosenMargin{p, mark})
		next = float64(p.Steps) + float64(last-first)/tradeoffMargins
	}
	return chosen
}
