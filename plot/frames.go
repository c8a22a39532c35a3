package plot

import (
	"slices"

	"gonum.org/v1/plot/vg"
)

// Frame is a picture of one value a pixel, row after row.
type Frame struct {
	Name          string
	Height, Width int
	Values        []float32
	// Off, if it is not nil, are the OFF events of each pixel, Values being the ON
	// events: these are blue, those vermillion, as many of both violet.
	Off []float32
	// Scale says what the colours mean, with the unit; without it a frame has
	// no key, as one that is only 0 and 1 needs none.
	Scale string

	Most []float32 // values that the colours have room for beside these
}

func (f *Frame) check() error {
	if f.Height < 1 || f.Width < 1 || f.Height > len(f.Values) || len(f.Values)/f.Height != f.Width || len(f.Values)%f.Height != 0 {
		return badData("%q has %d values for %d×%d pixels", f.Name, len(f.Values), f.Height, f.Width)
	}
	if !finite(f.Values...) || !finite(f.Off...) || !finite(f.Most...) {
		return badData("%q has values that are not finite", f.Name)
	}
	if f.Off == nil {
		return nil
	}
	if len(f.Off) != len(f.Values) || min(slices.Min(f.Off), slices.Min(f.Values)) < 0 {
		return badData("%q has %d values of ON events and %d of OFF events, expected as many of each, 0 or more", f.Name, len(f.Values), len(f.Off))
	}
	return nil
}

func (f *Frame) picture() picture { return f.pictureOf(f.Values) }

func (f *Frame) pictureOf(values []float32) picture {
	return picture{f.Width, f.Height, func(x, y int) float64 { return float64(values[y*f.Width+x]) }}
}

// key returns the scale of the frame's colours.
func (f *Frame) key() *scale {
	values := slices.Concat(f.Values, f.Off, f.Most)
	return &scale{newColorMap(bounds(values)), f.Scale, whole(values), f.Off != nil}
}

// size returns the frame's size within a square, whole pixels of the frame
// being whole pixels of the figure if there is room.
func (f *Frame) size(side vg.Length) (width, height vg.Length) {
	dots := side * pixelsPerPoint / vg.Length(max(f.Width, f.Height))
	if dots > 1 {
		dots = vg.Length(int(dots))
	}
	length := func(n int) vg.Length { return max(dots*vg.Length(n), 3) / pixelsPerPoint }
	return length(f.Width), length(f.Height)
}

// room returns what the frame takes with its key, which may be the higher one:
// its label has to fit beside it.
func (f *Frame) room(side vg.Length) (width, height vg.Length) {
	width, height = f.size(side)
	if f.Scale != "" {
		height = max(height, textWidth(labelSize, f.Scale)-outerMargin)
		width += panelGap + f.key().width(height)
	}
	return width, height
}

// draw draws the frame with its upper left corner at (x, top), and its key.
func (f *Frame) draw(c canvas, x, top, side vg.Length) {
	w, h := f.size(side)
	area := rect(x, top-h, w, h)
	key := f.key()
	if f.Off != nil {
		c.polarities(area, f.picture(), f.pictureOf(f.Off), key.hi)
	} else {
		c.picture(area, f.picture(), key.colorMap)
	}
	c.SetLineStyle(spine)
	c.Stroke(area.Path())
	c.text(area.Min.X, area.Max.Y+6, left, labelSize, ink, fit(f.Name, labelSize, max(w, 90)))
	if f.Scale != "" {
		_, room := f.room(side)
		key.draw(c, area.Max.X+panelGap, onGrid(top-room), room)
	}
}

const (
	maxFrames = 4
	maxSide   = 240 // of a picture
)

// Frames draws pictures side by side.
func Frames(frames []Frame) (*Figure, error) {
	if len(frames) < 1 || len(frames) > maxFrames {
		return nil, badData("%d pictures, expected 1 to %d", len(frames), maxFrames)
	}
	room := vg.Length(fullWidth - 2*outerMargin - 2*panelGap*(len(frames)-1))
	for i := range frames {
		f := &frames[i]
		if err := f.check(); err != nil {
			return nil, err
		}
		if f.Scale != "" {
			room -= panelGap + f.key().width(maxSide)
		}
	}
	side := min(room/vg.Length(len(frames)), maxSide)
	places := make([]vg.Length, len(frames))
	x, height := vg.Length(outerMargin), vg.Length(0)
	for i := range frames {
		places[i] = x
		w, h := frames[i].room(side)
		height = max(height, h)
		x += w + 2*panelGap
	}
	width := onGrid(x - 2*panelGap + outerMargin)
	return &Figure{width: width, height: headingBand + height + outerMargin, draw: func(c canvas) {
		for i := range frames {
			frames[i].draw(c, places[i], outerMargin+height, side)
		}
	}}, nil
}
