//go:build !board

package main

import (
	"fmt"
	"math"
	"strconv"

	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/plot"
)

func (p *plotter) margin(files []string) (*plot.Figure, error) {
	var curves []plot.EarlyCurve
	dt, err := p.eachModel(files, func(name string, l *loaded) error {
		c, err := p.margins(l)
		if err == nil {
			curves = append(curves, earlyCurve(name, c, l.model.Readout.Margin))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return plot.EarlyDecisions(curves, dt)
}

// margins measures the early decisions of a network on the samples that the
// flags name.
func (p *plotter) margins(l *loaded) (evaluate.MarginCurve, error) {
	c, err := l.run.Margins(p.ctx, p.set(l), evaluate.Options{})
	if err != nil {
		err = fmt.Errorf("%s: %w", l.file, err)
	}
	return c, err
}

// A curve has about so many points, and labels on the way from the first to the
// last of them.
const (
	earlyPoints = 400
	earlyLabels = 16
)

// decimalsOf returns the decimals that show about three digits of a margin.
func decimalsOf(margin float32) int {
	switch {
	case margin < 10:
		return 2
	case margin < 100:
		return 1
	}
	return 0
}

// earlyCurve is c, as it is drawn: with fewer points than c has if they are many.
func earlyCurve(name string, c evaluate.MarginCurve, recommended float32) plot.EarlyCurve {
	samples := float64(c.Samples)
	e := plot.EarlyCurve{Name: name}
	for _, n := range c.ByStep {
		e.Fixed = append(e.Fixed, float64(n)/samples)
	}
	last := len(c.Points) - 1
	first, end := float64(c.Points[0].Steps)/samples, float64(c.Points[last].Steps)/samples
	drawn, labelled := math.Inf(-1), 0.0
	for i, p := range c.Points {
		steps := float64(p.Steps) / samples
		marked := recommended > 0 && p.Margin >= recommended && (i == 0 || c.Points[i-1].Margin < recommended)
		if steps-drawn < (end-first)/earlyPoints && i < last && !marked {
			continue
		}
		drawn = steps
		at := plot.EarlyPoint{Steps: steps, Accuracy: float64(p.Correct) / samples, Marked: marked}
		if i == 0 { // every decision falls after the first step
			labelled = steps
		} else if i < last && steps-labelled >= (end-first)/earlyLabels {
			at.Label, labelled = strconv.FormatFloat(float64(p.Margin), 'f', decimalsOf(p.Margin), 32), steps
		}
		e.Points = append(e.Points, at)
	}
	return e
}
