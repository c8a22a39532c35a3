package plot

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Epoch is where a training stood after an epoch. Accuracies are shares of 1.
type Epoch struct {
	Epoch             int
	Loss              float64
	Train, Held, Test float64 // accuracy on training, held-out and test samples
}

// Run is the history of one training.
type Run struct {
	Name   string
	Epochs []Epoch
}

// splits are the curves of accuracy. A single run tells them apart by colour
// and dashes, several by dashes alone.
var splits = []struct {
	name   string
	color  color.Color
	dashes []vg.Length
	of     func(Epoch) float64
}{
	{"test", blue, nil, func(e Epoch) float64 { return e.Test }},
	{"held out", green, []vg.Length{6, 2.5}, func(e Epoch) float64 { return e.Held }},
	{"training", orange, []vg.Length{1.5, 2}, func(e Epoch) float64 { return e.Train }},
}

// Curves draws the loss and the accuracies of training runs over their epochs.
func Curves(runs []Run) (*Figure, error) {
	if len(runs) < 1 || len(runs) > len(cycle) {
		return nil, badData("%d training runs, expected 1 to %d", len(runs), len(cycle))
	}
	last, lowest, highest := 1, 0.0, 0.0
	for _, r := range runs {
		if len(r.Epochs) == 0 {
			return nil, badData("training run %q has no epochs", r.Name)
		}
		for i, e := range r.Epochs {
			if e.Epoch < 1 || i > 0 && e.Epoch <= r.Epochs[i-1].Epoch {
				return nil, badData("training run %q: entry %d is of epoch %d, expected ascending epochs from 1", r.Name, i, e.Epoch)
			}
			if !finite(e.Loss) || !share(e.Train) || !share(e.Held) || !share(e.Test) {
				return nil, badData("training run %q: epoch %d has loss %v and accuracies %v, %v, %v, expected finite numbers and shares of 1", r.Name, e.Epoch, e.Loss, e.Train, e.Held, e.Test)
			}
			last, lowest, highest = max(last, e.Epoch), min(lowest, e.Loss), max(highest, e.Loss)
		}
	}
	names, kinds := curvesLegends(runs)
	const plotHeight = 195
	height := max(names.height(), kinds.height()) + panelGap + plotHeight + below + 1.5*outerMargin
	return &Figure{width: fullWidth, height: height, draw: func(c canvas) {
		x := newAxis("epoch", 0.5, float64(last)+0.5, 8, true)
		bottom, top := withMargin(lowest, highest, 0.06)
		if lowest == 0 {
			bottom = 0
		}
		loss := &panel{canvas: c, x: x, y: newAxis("training loss", bottom, top, 6, false), grid: true}
		lo, hi := accuracyRange(runs)
		accuracy := &panel{canvas: c, x: x, y: percentAxis("accuracy (%)", lo, hi), grid: true}
		room := (vg.Length(fullWidth) - 2*outerMargin - 3*panelGap - loss.y.leftOf() - accuracy.y.leftOf()) / 2
		loss.area = rect(outerMargin+loss.y.leftOf(), outerMargin+below, room, plotHeight)
		accuracy.area = rect(fullWidth-outerMargin-room, outerMargin+below, room, plotHeight)
		above := height - outerMargin/2
		names.draw(c, loss.area.Min.X, above)
		kinds.draw(c, accuracy.area.Min.X, above)
		loss.back()
		accuracy.back()
		for i, r := range runs {
			sty := curve
			sty.Color = cycle[i]
			if len(runs) == 1 {
				sty.Color = ink
			}
			loss.line(sty, epochPoints(loss, r, func(e Epoch) float64 { return e.Loss }))
			for k := len(splits) - 1; k >= 0; k-- {
				accuracy.line(splitStyle(k, i, len(runs)), epochPoints(accuracy, r, splits[k].of))
			}
		}
		loss.axes(true)
		accuracy.axes(true)
	}}, nil
}

func epochPoints(p *panel, r Run, of func(Epoch) float64) []vg.Point {
	points := make([]vg.Point, len(r.Epochs))
	for i, e := range r.Epochs {
		points[i] = p.point(float64(e.Epoch), of(e))
	}
	return points
}

func splitStyle(split, run, runs int) draw.LineStyle {
	sty := curve
	sty.Dashes = splits[split].dashes
	sty.Color = cycle[run]
	if runs == 1 {
		sty.Color = splits[split].color
	}
	return sty
}

// curvesLegends returns the legends of the runs, empty for a single one, and of
// the curves of accuracy.
func curvesLegends(runs []Run) (names, kinds legend) {
	var entries []entry
	for i, r := range runs {
		sty := curve
		sty.Color = cycle[i]
		entries = append(entries, entry{name: fit(r.Name, tickSize, 2*nameWidth), style: sty})
	}
	if len(runs) > 1 {
		names = newLegend(entries, fullWidth/2-4*outerMargin)
	}
	entries = nil
	for k, s := range splits {
		sty := splitStyle(k, 0, 1)
		if len(runs) > 1 {
			sty.Color = ink
		}
		entries = append(entries, entry{name: s.name, style: sty})
	}
	return names, newLegend(entries, fullWidth/2)
}

// accuracyRange returns the range of all accuracies, with a margin, in 0…1.
func accuracyRange(runs []Run) (lo, hi float64) {
	lo, hi = 1, 0
	for _, r := range runs {
		for _, e := range r.Epochs {
			lo, hi = min(lo, e.Train, e.Held, e.Test), max(hi, e.Train, e.Held, e.Test)
		}
	}
	return withinShare(lo, hi)
}

func share(v float64) bool { return v >= 0 && v <= 1 }

// withinShare widens a range of shares a little and keeps it within 0…1.
func withinShare(lo, hi float64) (float64, float64) {
	if hi-lo < 0.02 {
		lo, hi = lo-0.01, hi+0.01
	}
	lo, hi = withMargin(lo, hi, 0.08)
	return max(lo, 0), min(hi, 1)
}

// percentAxis returns an axis of shares between lo and hi, labelled in percent.
func percentAxis(label string, lo, hi float64) axis {
	a := newAxis(label, 100*lo, 100*hi, 9, false)
	a.min, a.max = lo, hi
	for i := range a.ticks {
		a.ticks[i].at /= 100
	}
	return a
}
