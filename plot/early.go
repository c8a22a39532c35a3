package plot

import (
	"fmt"

	"gonum.org/v1/plot/vg"

	"github.com/snurun/snurun/model"
)

// EarlyCurve is what one network's decisions cost that wait for a lead of the
// best score instead of the end of the presentation. Accuracies are shares of 1.
type EarlyCurve struct {
	Name string
	// Points ascend by their mean steps.
	Points []EarlyPoint
	// Fixed is the accuracy after 1, 2, 3, … steps, the same for all samples.
	Fixed []float64
}

// EarlyPoint is a margin: the mean steps and the accuracy of decisions that
// wait for it.
type EarlyPoint struct {
	Steps, Accuracy float64
	Label           string // beside the point, on a figure of a single curve
	Marked          bool   // the margin that the network recommends
}

// EarlyDecisions draws accuracy against the mean time steps of early decisions
// and, dashed, of presentations of a fixed length.
func EarlyDecisions(curves []EarlyCurve, dt model.Millis) (*Figure, error) {
	if len(curves) < 1 || len(curves) > len(cycle) {
		return nil, badData("%d curves of early decisions, expected 1 to %d", len(curves), len(cycle))
	}
	steps, marked := 1, false
	lo, hi := 1.0, 0.0
	for _, e := range curves {
		if len(e.Points) == 0 || len(e.Fixed) == 0 {
			return nil, badData("curve %q has %d margins and %d steps, expected some of both", e.Name, len(e.Points), len(e.Fixed))
		}
		steps = max(steps, len(e.Fixed))
		for i, p := range e.Points {
			if !(p.Steps >= 1 && p.Steps <= float64(len(e.Fixed))) || i > 0 && p.Steps < e.Points[i-1].Steps || !share(p.Accuracy) {
				return nil, badData("curve %q has accuracy %v after %v steps, expected shares of 1 in order of their 1 to %d steps", e.Name, p.Accuracy, p.Steps, len(e.Fixed))
			}
			marked = marked || p.Marked
			lo, hi = min(lo, p.Accuracy), max(hi, p.Accuracy)
		}
		for k, a := range e.Fixed {
			if !share(a) {
				return nil, badData("curve %q has accuracy %v after %d steps, expected a share of 1", e.Name, a, k+1)
			}
			lo, hi = min(lo, a), max(hi, a)
		}
	}
	if err := checkTime(steps, dt); err != nil {
		return nil, err
	}
	l := earlyLegend(curves, marked)
	const plotHeight = 260
	height := l.height() + panelGap + plotHeight + below + 1.5*outerMargin
	return &Figure{width: fullWidth, height: height, draw: func(c canvas) {
		lo, hi := withinShare(lo, hi)
		label := fmt.Sprintf("mean time steps a sample (of %v ms)", dt)
		p := &panel{canvas: c, x: newAxis(label, 0.5, float64(steps)+0.5, 10, true), y: percentAxis("accuracy (%)", lo, hi), grid: true}
		from := outerMargin + p.y.leftOf()
		l.draw(c, from, height-outerMargin/2)
		p.area = rect(from, outerMargin+below, fullWidth-2*outerMargin-from, plotHeight)
		p.back()
		for i, e := range curves {
			p.early(e, i, len(curves) == 1)
		}
		p.axes(true)
	}}, nil
}

// earlyLegend names the curves, if there are several, and the line styles.
func earlyLegend(curves []EarlyCurve, marked bool) legend {
	var entries []entry
	sty, col := curve, cycle[0]
	if len(curves) > 1 {
		for i, e := range curves {
			sty.Color = cycle[i]
			entries = append(entries, entry{name: fit(e.Name, tickSize, 2*nameWidth), style: sty})
		}
		col = ink
	}
	sty.Color = col
	entries = append(entries, entry{name: "early decisions, by margin", style: sty})
	sty.Dashes = splits[1].dashes
	entries = append(entries, entry{name: "all samples the same steps", style: sty})
	if marked {
		mark := marker
		if len(curves) > 1 {
			mark.Color = col
		}
		entries = append(entries, entry{name: "recommended margin", style: mark})
	}
	return newLegend(entries, fullWidth-4*outerMargin)
}

// early draws curve number i, with labels if it is alone.
func (p *panel) early(e EarlyCurve, i int, alone bool) {
	sty := curve
	sty.Color = cycle[i]
	mark := marker
	if !alone {
		mark.Color = sty.Color
	}
	for _, at := range e.Points {
		if at.Marked {
			x := onGrid(p.px(at.Steps))
			p.StrokeLine2(mark, x, p.area.Min.Y, x, p.area.Max.Y)
		}
	}
	fixed := sty
	fixed.Dashes = splits[1].dashes
	var points, labelled []vg.Point
	for k, a := range e.Fixed {
		points = append(points, p.point(float64(k+1), a))
	}
	p.line(fixed, points)
	points = nil
	for _, at := range e.Points {
		points = append(points, p.point(at.Steps, at.Accuracy))
	}
	p.StrokeLines(sty, points)
	for k, at := range e.Points {
		if alone && at.Label != "" {
			labelled = append(labelled, points[k])
			p.text(points[k].X, points[k].Y+5, right, tickSize, ink, at.Label+" ")
		}
	}
	p.dots(labelled, 1.5*sty.Width, sty.Color)
}
