package plot

import (
	"fmt"
	"math"

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
	var marks []vg.Point
	for _, at := range e.Points {
		if at.Marked {
			x := onGrid(p.px(at.Steps))
			marks = append(marks, vg.Point{X: x, Y: p.area.Min.Y}, vg.Point{X: x, Y: p.area.Max.Y})
			p.StrokeLine2(mark, x, p.area.Min.Y, x, p.area.Max.Y)
		}
	}
	fixed := sty
	fixed.Dashes = splits[1].dashes
	var points, fixedAt, labelled []vg.Point
	for k, a := range e.Fixed {
		fixedAt = append(fixedAt, p.point(float64(k+1), a))
	}
	p.line(fixed, fixedAt)
	for _, at := range e.Points {
		points = append(points, p.point(at.Steps, at.Accuracy))
	}
	p.StrokeLines(sty, points)
	free := p.area.Min.X
	for k, at := range e.Points {
		if !alone || at.Label == "" {
			continue
		}
		width := textWidth(tickSize, at.Label)
		for _, corner := range []vg.Point{{X: -tickGap - width, Y: 5}, {X: tickGap, Y: -5 - tickSize*capHeight}} {
			corner = corner.Add(points[k])
			room := vg.Rectangle{Min: corner, Max: corner.Add(vg.Point{X: width, Y: tickSize * capHeight})}
			if room.Min.X < free || room.Max.X > p.area.Max.X || through(room, points) || through(room, fixedAt) || through(room, marks) {
				continue
			}
			p.text(corner.X, corner.Y, left, tickSize, ink, at.Label)
			labelled = append(labelled, points[k])
			free = room.Max.X + tickGap
			break
		}
	}
	p.dots(labelled, 1.5*sty.Width, sty.Color)
}

// through reports whether a curve comes within a point of a rectangle.
func through(r vg.Rectangle, points []vg.Point) bool {
	for i := range points {
		a, b := points[max(i-1, 0)], points[i]
		n := 1 + int(math.Hypot(float64(b.X-a.X), float64(b.Y-a.Y)))
		for k := range n + 1 {
			at := a.Add(b.Sub(a).Scale(vg.Length(k) / vg.Length(n)))
			if at.X > r.Min.X-1 && at.X < r.Max.X+1 && at.Y > r.Min.Y-1 && at.Y < r.Max.Y+1 {
				return true
			}
		}
	}
	return false
}
