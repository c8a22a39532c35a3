package plot

import "gonum.org/v1/plot/vg"

// maxRows bounds the panels of a figure, and with them its height.
const maxRows = 32

// row is one panel of a stack.
type row struct {
	name   string // above the panel
	height vg.Length
	y      axis
	key    *scale // right of the panel, if its data are colours
	data   func(*panel)
}

// stack is rows over one another, above a common horizontal axis.
type stack struct {
	rows   []row
	x      axis
	label  string // of all vertical axes together
	legend legend
}

func (s *stack) figure() *Figure {
	side, margin := vg.Length(0), vg.Length(outerMargin)
	height := outerMargin/2 + s.legend.height() + below + outerMargin - panelGap
	for _, r := range s.rows {
		side = max(side, r.y.leftOf())
		height += headingBand + r.height + panelGap
		if r.key != nil {
			margin = max(margin, panelGap+r.key.width(r.height)+outerMargin)
		}
	}
	if s.label != "" {
		side += labelGap + labelSize
	}
	// The last tick's label hangs over the end of the axis.
	if n := len(s.x.ticks); n > 0 {
		margin = max(margin, textWidth(tickSize, s.x.ticks[n-1].label)/2+outerMargin)
	}
	return &Figure{width: fullWidth, height: height, draw: func(c canvas) {
		from := outerMargin + side
		top := height - outerMargin/2
		s.legend.draw(c, from, top)
		top -= s.legend.height()
		first := top - headingBand
		for i, r := range s.rows {
			top -= headingBand + r.height
			p := &panel{canvas: c, area: rect(from, top, fullWidth-from-margin, r.height), x: s.x, y: r.y}
			r.data(p)
			p.axes(i == len(s.rows)-1)
			p.heading(r.name)
			if r.key != nil {
				r.key.draw(c, p.area.Max.X+panelGap, p.area.Min.Y, r.height)
			}
			if s.label != "" && i == len(s.rows)-1 {
				c.textUp(outerMargin+labelSize*capHeight, (first+top)/2, labelSize, ink, s.label)
			}
			top -= panelGap
		}
	}}
}
