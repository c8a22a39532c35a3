package plot

import (
	"fmt"

	"gonum.org/v1/plot/vg"
)

// LayerSpikes is how much one layer spikes in the presentation of a sample.
type LayerSpikes struct {
	Name        string
	Neurons     int
	Mean, Error float64 // spikes a sample, over samples, and the standard error
}

// Spikes draws the spikes a sample of an input and layers as bars, each with
// its standard error and the mean share of its neurons that spike in a step.
func Spikes(layers []LayerSpikes, steps int) (*Figure, error) {
	if len(layers) < 1 || len(layers) > maxRows {
		return nil, badData("%d layers, expected 1 to %d", len(layers), maxRows)
	}
	if steps < 1 {
		return nil, badData("%d time steps, expected at least 1", steps)
	}
	var names, labels []string
	highest, room := 0.0, vg.Length(0)
	for _, l := range layers {
		if !finite(l.Mean, l.Error) || l.Mean < 0 || l.Error < 0 || l.Neurons < 1 {
			return nil, badData("layer %q has %v ± %v spikes of %d neurons", l.Name, l.Mean, l.Error, l.Neurons)
		}
		names = append(names, fmt.Sprintf("%s (%s)", fit(l.Name, tickSize, nameWidth/2), number(float64(l.Neurons), 0)))
		share := 100 * l.Mean / float64(l.Neurons) / float64(steps)
		digits := significant(l.Error)
		labels = append(labels, fmt.Sprintf("%s ± %s  (%s %% active in a step)", number(l.Mean, digits), number(l.Error, digits), number(share, significant(share/10))))
		room = max(room, textWidth(tickSize, labels[len(labels)-1]))
		highest = max(highest, l.Mean)
	}
	if highest == 0 {
		highest = 1
	}
	const pitch = 30
	y := namedAxis("", names, pitch)
	from := outerMargin + y.leftOf()
	plotHeight := vg.Length(pitch * len(layers))
	height := outerMargin + plotHeight + below + outerMargin
	return &Figure{width: fullWidth, height: height, draw: func(c canvas) {
		p := &panel{canvas: c, y: y, x: newAxis("spikes a sample", 0, highest, 6, false)}
		p.x = upToTick(p.x)
		p.area = rect(from, outerMargin+below, fullWidth-outerMargin-2*tickGap-room-from, plotHeight)
		for i, l := range layers {
			at, end := p.py(-float64(i)), p.px(l.Mean)
			c.fill(rect(p.area.Min.X, at-9, end-p.area.Min.X, 18), blue)
			c.textMiddle(end+2*tickGap, at, left, tickSize, ink, labels[i])
		}
		p.axes(true)
	}}, nil
}
