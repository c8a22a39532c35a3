package plot

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/snurun/snurun/model"
)

// Labels are classes over time, decided and expected.
type Labels struct {
	Names   []string // of the classes
	Decided []int    // of each step
	Target  []int    // of each step that has one, −1 for none; may be empty
}

// Steps draws an input or layers over time and, below, the class that was decided at each
// step, and the one that was expected.
func Steps(layers []Activity, labels Labels, dt model.Millis) (*Figure, error) {
	steps := len(labels.Decided)
	if len(layers) < 1 || len(layers) > maxRows-2 {
		return nil, badData("%d layers, expected 1 to %d", len(layers), maxRows-2)
	}
	if err := checkTime(steps, dt); err != nil {
		return nil, err
	}
	if len(labels.Names) < 1 || len(labels.Names) > len(stripColors) || len(labels.Target) > steps {
		return nil, badData("%d classes and targets of %d steps, expected 1 to %d classes and at most %d steps", len(labels.Names), len(labels.Target), len(stripColors), steps)
	}
	for _, classes := range [][]int{labels.Decided, labels.Target} {
		for t, c := range classes {
			if c < -1 || c >= len(labels.Names) {
				return nil, badData("class %d at step %d, expected −1 to %d", c, t, len(labels.Names)-1)
			}
		}
	}
	s := stack{x: timeAxis(steps, dt)}
	for i := range layers {
		a := &layers[i]
		if err := a.check(steps); err != nil {
			return nil, err
		}
		s.rows = append(s.rows, a.row(nil, channelsHeight(a.Data.Size()), fullWidth-120).keyed())
	}
	right, counted := 0, 0
	for t, c := range labels.Target {
		if c < 0 {
			continue
		}
		counted++
		if labels.Decided[t] == c {
			right++
		}
	}
	name := "decided"
	if counted > 0 {
		name += fmt.Sprintf(": %s of %s steps are right", number(float64(right), 0), number(float64(counted), 0))
		s.rows = append(s.rows, strip("expected", labels.Target, steps))
	}
	s.rows = append(s.rows, strip(name, labels.Decided, steps))
	var entries []entry
	for k, n := range labels.Names {
		entries = append(entries, entry{name: fit(n, tickSize, nameWidth), style: draw.LineStyle{Color: stripColors[k], Width: 7.5}})
	}
	s.legend = newLegend(entries, fullWidth-120)
	return s.figure(), nil
}

// stripColors are the colours of classes in strips.
var stripColors = []color.Color{blue, vermillion, green, purple, orange, skyBlue, gray, ink}

// strip is a row of one colour a step.
func strip(name string, classes []int, steps int) row {
	return row{name: name, height: 18, y: axis{min: 0, max: 1, bare: true}, data: func(p *panel) {
		for t := 0; t < len(classes); {
			start, c := t, classes[t]
			for t < len(classes) && classes[t] == c {
				t++
			}
			if c >= 0 {
				size := p.area.Size()
				width := size.X / vg.Length(steps)
				p.fill(rect(p.area.Min.X+vg.Length(start)*width, p.area.Min.Y, vg.Length(t-start)*width, size.Y), stripColors[c])
			}
		}
	}}
}
