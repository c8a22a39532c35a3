package plot

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/snurun/snurun/model"
)

// AccuracyCurve is the accuracy of one network after 1, 2, 3, … time steps, as
// shares of 1, each with its standard error over the samples.
type AccuracyCurve struct {
	Name        string
	Mean, Error []float64
	Trained     int // the steps that the network was trained on; 0 if unknown
}

// Accuracy draws accuracy against the number of time steps.
func Accuracy(curves []AccuracyCurve, dt model.Millis) (*Figure, error) {
	if len(curves) < 1 || len(curves) > len(cycle) {
		return nil, badData("%d accuracy curves, expected 1 to %d", len(curves), len(cycle))
	}
	steps, trained := 0, curves[0].Trained
	lo, hi := 1.0, 0.0
	for _, a := range curves {
		if len(a.Mean) == 0 || len(a.Error) != len(a.Mean) {
			return nil, badData("accuracy curve %q has %d means and %d errors, expected as many of both", a.Name, len(a.Mean), len(a.Error))
		}
		steps = max(steps, len(a.Mean))
		for k, m := range a.Mean {
			if !share(m) || !share(a.Error[k]) {
				return nil, badData("accuracy curve %q is %v ± %v after %d steps, expected shares of 1", a.Name, m, a.Error[k], k+1)
			}
			lo, hi = min(lo, m-a.Error[k]), max(hi, m+a.Error[k])
		}
		if a.Trained != trained {
			trained = 0
		}
	}
	if err := checkTime(steps, dt); err != nil {
		return nil, err
	}
	var entries []entry
	for i, a := range curves {
		sty := curve
		sty.Color = cycle[i]
		if len(curves) > 1 {
			entries = append(entries, entry{name: fit(a.Name, tickSize, 2*nameWidth), style: sty})
		}
	}
	if trained > 0 && trained <= steps {
		entries = append(entries, entry{name: "steps in training", style: marker})
	} else {
		trained = 0
	}
	band := draw.LineStyle{Color: pale(cycle[0]), Width: 7.5}
	entries = append(entries, entry{name: "± standard error", style: band})
	l := newLegend(entries, fullWidth-2*outerMargin)
	const plotHeight = 220
	height := l.height() + panelGap + plotHeight + below + 1.5*outerMargin
	return &Figure{width: fullWidth, height: height, draw: func(c canvas) {
		label := fmt.Sprintf("time steps (of %v ms)", dt)
		lo, hi := withinShare(lo, hi)
		p := &panel{canvas: c, x: newAxis(label, 0, float64(steps)+0.5, 10, true), y: percentAxis("accuracy (%)", lo, hi), grid: true}
		from := outerMargin + p.y.leftOf()
		l.draw(c, from, height-outerMargin/2)
		p.area = rect(from, outerMargin+below, fullWidth-2*outerMargin-from, plotHeight)
		p.back()
		if trained > 0 {
			x := onGrid(p.px(float64(trained)))
			p.StrokeLine2(marker, x, p.area.Min.Y, x, p.area.Max.Y)
		}
		for i, a := range curves {
			p.band(a, cycle[i])
		}
		for i, a := range curves {
			sty := curve
			sty.Color = cycle[i]
			points := make([]vg.Point, len(a.Mean))
			for k, m := range a.Mean {
				points[k] = p.point(float64(k+1), m)
			}
			p.line(sty, points)
		}
		p.axes(true)
	}}, nil
}

// band fills mean ± error.
func (p *panel) band(a AccuracyCurve, col color.Color) {
	var path []vg.Point
	for k := range a.Mean {
		path = append(path, p.point(float64(k+1), min(a.Mean[k]+a.Error[k], p.y.max)))
	}
	for k := len(a.Mean) - 1; k >= 0; k-- {
		path = append(path, p.point(float64(k+1), max(a.Mean[k]-a.Error[k], p.y.min)))
	}
	p.FillPolygon(pale(col), path)
}

// pale returns a colour that lets what is behind it show through.
func pale(col color.Color) color.Color {
	r, g, b, _ := col.RGBA()
	return color.NRGBA{R: uint8(r >> 8), G: uint8(g >> 8), B: uint8(b >> 8), A: 70}
}
