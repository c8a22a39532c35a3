package plot

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
)

// TradeoffCurve is what the decisions of one network cost and are worth: its early
// ones, by margin, and those after all steps. Accuracies are shares of 1.
type TradeoffCurve struct {
	Name  string
	Early []TradeoffPoint // none, or ascending by µs
	Whole TradeoffPoint   // all steps
}

// TradeoffPoint is a mean time a sample in µs and an accuracy.
type TradeoffPoint struct {
	US, Accuracy float64
	Marked       bool // the margin that the network recommends
}

// Tradeoff draws accuracy against the time that a decision takes, on a logarithmic
// axis: a curve of early decisions a network, a ring at the margin that it
// recommends, a square after all steps.
func Tradeoff(curves []TradeoffCurve) (*Figure, error) {
	if len(curves) < 1 || len(curves) > len(cycle) {
		return nil, badData("%d networks, expected 1 to %d", len(curves), len(cycle))
	}
	lo, hi, fastest, slowest := 1.0, 0.0, math.Inf(1), 0.0
	for _, c := range curves {
		for _, p := range append(slices.Clone(c.Early), c.Whole) {
			if !(p.US > 0) || math.IsInf(p.US, 0) || !share(p.Accuracy) {
				return nil, badData("network %q has accuracy %v after %v µs, expected a share of 1 and a time above 0", c.Name, p.Accuracy, p.US)
			}
			lo, hi = min(lo, p.Accuracy), max(hi, p.Accuracy)
			fastest, slowest = min(fastest, p.US), max(slowest, p.US)
		}
	}
	var entries []entry
	for i, c := range curves {
		sty := curve
		sty.Color = cycle[i]
		entries = append(entries, entry{name: fit(c.Name, tickSize, 2*nameWidth), style: sty})
	}
	l := newLegend(entries, fullWidth-4*outerMargin)
	const plotHeight, note = 260, labelSize + 4
	height := l.height() + panelGap + plotHeight + below + note + 1.5*outerMargin
	return &Figure{width: fullWidth, height: height, draw: func(c canvas) {
		lo, hi := withinShare(lo, hi)
		p := &panel{canvas: c, x: logAxis("mean time of a decision (µs)", fastest/1.15, slowest*1.15), y: percentAxis("accuracy (%)", lo, hi), grid: true}
		from := outerMargin + p.y.leftOf()
		l.draw(c, from, height-outerMargin/2)
		p.area = rect(from, outerMargin+note+below, fullWidth-2*outerMargin-from, plotHeight)
		p.back()
		for i, e := range curves {
			p.tradeoff(e, i)
		}
		p.axes(true)
		p.text((p.area.Min.X+p.area.Max.X)/2, outerMargin, center, tickSize, ink, "curves: early decisions, by margin · ring: the margin recommended · square: all steps")
	}}, nil
}

// tradeoff draws network number i.
func (p *panel) tradeoff(e TradeoffCurve, i int) {
	sty := curve
	sty.Color = cycle[i]
	at := func(t TradeoffPoint) vg.Point { return p.point(math.Log10(t.US), t.Accuracy) }
	var points []vg.Point
	for _, t := range e.Early {
		points = append(points, at(t))
	}
	p.StrokeLines(sty, points)
	for k, t := range e.Early {
		if t.Marked {
			p.dots(points[k:k+1], 3.5, sty.Color)
			p.dots(points[k:k+1], 2, white)
		}
	}
	const half = 3
	w := at(e.Whole)
	p.FillPolygon(sty.Color, []vg.Point{{X: w.X - half, Y: w.Y - half}, {X: w.X + half, Y: w.Y - half}, {X: w.X + half, Y: w.Y + half}, {X: w.X - half, Y: w.Y + half}})
}

// logAxis returns an axis of the logarithms to base 10 of lo to hi, with ticks at
// 1, 2 and 5 times powers of ten.
func logAxis(label string, lo, hi float64) axis {
	a := axis{min: math.Log10(lo), max: math.Log10(hi), label: label}
	for exponent := math.Floor(a.min); exponent <= a.max; exponent++ {
		for _, k := range []float64{1, 2, 5} {
			if v := k * math.Pow(10, exponent); v >= lo && v <= hi {
				a.ticks = append(a.ticks, tick{math.Log10(v), number(v, max(0, -int(exponent)))})
			}
		}
	}
	return a
}
