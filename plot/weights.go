package plot

import "gonum.org/v1/plot/vg"

// maxFields bounds the receptive fields of a figure.
const maxFields = 1024

// Weights draws receptive fields of one shape as a grid of pictures, which
// share one scale of colours centred at 0. Names are the neurons'; they are
// left out where there is no room for them.
func Weights(fields []Frame) (*Figure, error) {
	key, err := fieldScale(fields)
	if err != nil {
		return nil, err
	}
	first := &fields[0]
	room := vg.Length(fullWidth) - 2*outerMargin - panelGap - key.width(fullWidth)
	columns := fieldColumns(first, len(fields), room)
	w, h := first.size(min(room/vg.Length(columns)-fieldGap, 120))
	names := vg.Length(tickSize)
	if w < 21 {
		names = 0
	}
	rows := (len(fields) + columns - 1) / columns
	pitch := h + fieldGap + names
	height := max(vg.Length(rows)*pitch-fieldGap, 60)
	side := outerMargin + vg.Length(min(columns, len(fields)))*(w+fieldGap) + panelGap
	return &Figure{width: onGrid(side + key.width(height-names) + outerMargin), height: height + 2*outerMargin, draw: func(c canvas) {
		top := height + outerMargin
		for i := range fields {
			f := &fields[i]
			area := rect(outerMargin+vg.Length(i%columns)*(w+fieldGap), top-vg.Length(i/columns)*pitch-names-h, w, h)
			c.picture(area, f.picture(), key.colorMap)
			if names > 0 {
				c.text(area.Min.X, area.Max.Y+2, left, tickSize-2, gray, f.Name)
			}
		}
		key.draw(c, side, outerMargin, height-names)
	}}, nil
}

// fieldScale checks pictures of weights, which must have one shape, and returns
// the scale of their colours, centred at 0.
func fieldScale(fields []Frame) (*scale, error) {
	if len(fields) < 1 || len(fields) > maxFields {
		return nil, badData("%d pictures of weights, expected 1 to %d", len(fields), maxFields)
	}
	first, limit := &fields[0], 0.0
	for i := range fields {
		f := &fields[i]
		if err := f.check(); err != nil {
			return nil, err
		}
		if f.Height != first.Height || f.Width != first.Width {
			return nil, badData("picture %q has %d×%d pixels, the first one %d×%d", f.Name, f.Height, f.Width, first.Height, first.Width)
		}
		lo, hi := bounds(f.Values)
		limit = max(limit, -lo, hi)
	}
	if limit == 0 {
		limit = 1
	}
	return &scale{colorMap: newColorMap(-limit, limit), label: "weight"}, nil
}

// fieldGap lies between receptive fields.
const fieldGap = 3

// fieldColumns returns the columns of a grid of n pictures like f that is wider
// than it is high and leaves the least of the room empty, given that pixels of
// a picture are whole pixels of the figure.
func fieldColumns(f *Frame, n int, room vg.Length) int {
	best, most := 1, vg.Length(0)
	for columns := 1; columns <= min(n, 32); columns++ {
		w, h := f.size(min(room/vg.Length(columns)-fieldGap, 120))
		rows := (n + columns - 1) / columns
		if columns < min(n, 32) && vg.Length(rows)*h > 0.7*room {
			continue
		}
		if area := vg.Length(n) / vg.Length(rows*columns) * vg.Length(columns) * w; area >= most {
			best, most = columns, area
		}
	}
	return best
}
