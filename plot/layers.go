package plot

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// LayerSpikes is how much one layer spikes in the presentation of a sample.
type LayerSpikes struct {
	Name        string
	Neurons     int
	Mean, Error float64 // spikes a sample, over samples, and the standard error
}

// NetworkSpikes is how much the input and the layers of one network spike.
type NetworkSpikes struct {
	Name   string
	Steps  int // of a sample
	Layers []LayerSpikes
}

// Spikes draws the spikes a sample of the inputs and layers of networks as bars, each
// with its standard error and the mean share of its neurons that spike in a step.
func Spikes(networks []NetworkSpikes) (*Figure, error) {
	if len(networks) < 1 || len(networks) > len(cycle) {
		return nil, badData("%d networks, expected 1 to %d", len(networks), len(cycle))
	}
	var names, labels []string
	var means []float64
	var colors []color.Color
	var entries []entry
	highest, room := 0.0, vg.Length(0)
	for i, n := range networks {
		if n.Steps < 1 || len(n.Layers) == 0 {
			return nil, badData("network %q has %d time steps and %d layers, expected at least one of both", n.Name, n.Steps, len(n.Layers))
		}
		entries = append(entries, entry{name: fit(n.Name, tickSize, 2*nameWidth), style: draw.LineStyle{Color: cycle[i], Width: 9}})
		for _, l := range n.Layers {
			if !finite(l.Mean, l.Error) || l.Mean < 0 || l.Error < 0 || l.Neurons < 1 {
				return nil, badData("layer %q has %v ± %v spikes of %d neurons", l.Name, l.Mean, l.Error, l.Neurons)
			}
			names = append(names, fmt.Sprintf("%s (%s)", fit(l.Name, tickSize, nameWidth/2), number(float64(l.Neurons), 0)))
			share := 100 * l.Mean / float64(l.Neurons) / float64(n.Steps)
			digits := significant(l.Error)
			label := fmt.Sprintf("%s ± %s  (%s %% active in a step)", number(l.Mean, digits), number(l.Error, digits), number(share, significant(share/10)))
			labels, means, colors = append(labels, label), append(means, l.Mean), append(colors, cycle[i])
			room = max(room, textWidth(tickSize, label))
			highest = max(highest, l.Mean)
		}
	}
	if len(names) > maxRows {
		return nil, badData("%d layers, expected 1 to %d", len(names), maxRows)
	}
	if highest == 0 {
		highest = 1
	}
	const pitch = 30
	y := namedAxis("", names, pitch)
	from := outerMargin + y.leftOf()
	var l legend
	if len(networks) > 1 {
		l = newLegend(entries, fullWidth-4*outerMargin)
	}
	plotHeight := vg.Length(pitch * len(names))
	height := outerMargin + plotHeight + below + outerMargin + l.height()
	return &Figure{width: fullWidth, height: height, draw: func(c canvas) {
		p := &panel{canvas: c, y: y, x: newAxis("spikes a sample", 0, highest, 6, false)}
		p.x = upToTick(p.x)
		p.area = rect(from, outerMargin+below, fullWidth-outerMargin-2*tickGap-room-from, plotHeight)
		l.draw(c, from, height-outerMargin/2)
		for i, mean := range means {
			at, end := p.py(float64(i)), p.px(mean)
			c.fill(rect(p.area.Min.X, at-9, end-p.area.Min.X, 18), colors[i])
			c.textMiddle(end+2*tickGap, at, left, tickSize, ink, labels[i])
		}
		p.axes(true)
	}}, nil
}
