package plot

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// entry is one line of a legend: a piece of a curve, or a short upright stroke
// for a spike.
type entry struct {
	name  string
	style draw.LineStyle
	spike bool
}

const (
	legendSample = 21
	legendGap    = 18
	legendLine   = 16.5
)

func (e entry) width() vg.Length { return legendSample + tickGap + 1 + textWidth(tickSize, e.name) }

// legend is entries set in lines, so that it lies beside the data, not on them.
type legend [][]entry

// newLegend breaks entries into lines of a width.
func newLegend(entries []entry, width vg.Length) legend {
	var l legend
	var used vg.Length
	for _, e := range entries {
		w := e.width() + legendGap
		if len(l) == 0 || used+w > width {
			l, used = append(l, nil), 0
		}
		l[len(l)-1] = append(l[len(l)-1], e)
		used += w
	}
	return l
}

func (l legend) height() vg.Length { return legendLine * vg.Length(len(l)) }

// draw draws the legend from (x, top) down.
func (l legend) draw(c canvas, x, top vg.Length) {
	for i, line := range l {
		at, y := x, onGrid(top-legendLine*(vg.Length(i)+0.5))
		for _, e := range line {
			if e.spike {
				mid := onGrid(at + legendSample/2)
				c.StrokeLine2(e.style, mid, y-4, mid, y+4)
			} else {
				c.StrokeLine2(e.style, at, y, at+legendSample, y)
			}
			c.textMiddle(at+legendSample+tickGap+1, y, left, tickSize, ink, e.name)
			at += e.width() + legendGap
		}
	}
}
