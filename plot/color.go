package plot

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
)

// ramp is a sequence of colours at equal distances.
type ramp []color.RGBA

// Ramps from white through the blue, and from it to the vermillion, of Okabe
// and Ito, each as dark at both ends.
var (
	sequential = ramp{white, rgb(0xA6CDE4), blue, rgb(0x00314D)}
	diverging  = ramp{rgb(0x00314D), blue, rgb(0xA6CDE4), white, rgb(0xF3C09B), vermillion, rgb(0x5C2900)}
)

// colorMap gives every value between lo and hi a colour.
type colorMap struct {
	ramp   ramp
	lo, hi float64
}

// newColorMap returns a map for values between lo and hi: from 0 up, or, if
// there are negative ones, about 0.
func newColorMap(lo, hi float64) colorMap {
	if lo < 0 {
		hi = max(-lo, hi)
		return colorMap{diverging, -hi, hi}
	}
	if hi == 0 {
		hi = 1
	}
	return colorMap{sequential, 0, hi}
}

func (m colorMap) color(v float64) color.RGBA {
	at := min(max((v-m.lo)/(m.hi-m.lo), 0), 1) * float64(len(m.ramp)-1)
	i := min(int(at), len(m.ramp)-2)
	a, b, f := m.ramp[i], m.ramp[i+1], at-float64(i)
	mix := func(p, q uint8) uint8 { return uint8(math.Round(float64(p) + f*(float64(q)-float64(p)))) }
	return color.RGBA{R: mix(a.R, b.R), G: mix(a.G, b.G), B: mix(a.B, b.B), A: 255}
}

// polarityColor returns the colour of shares of ON and OFF events: white without
// any, the deeper the larger the greater share, by its root, so that a single
// event is seen; of a hue that tells which it is, violet where they are equal.
func polarityColor(on, off float64) color.RGBA {
	if on+off == 0 {
		return white
	}
	hue := colorMap{ramp{vermillion, rgb(0x6A3D9A), blue}, 0, 1}.color(on / (on + off))
	return colorMap{ramp{white, hue}, 0, 1}.color(math.Sqrt(max(on, off)))
}

// dark reports whether text on the colour of v should be white.
func (m colorMap) dark(v float64) bool {
	c := m.color(v)
	return 0.299*float64(c.R)+0.587*float64(c.G)+0.114*float64(c.B) < 140
}

// scale is the key to a colour map: a bar with ticks and a label.
type scale struct {
	colorMap
	label string
	whole bool // ticks at whole numbers only
	polar bool // the bar is of ON events, its right half of OFF events
}

const scaleBar = 9 // width of the bar of a scale

// width is the room that a scale of a height takes to the right of where it
// begins.
func (s *scale) width(height vg.Length) vg.Length {
	return scaleBar + tickLength + tickGap + widest(s.ticks(height), tickSize) + labelGap + labelSize
}

// ticks returns as many ticks as have room for their labels.
func (s *scale) ticks(height vg.Length) []tick {
	count := min(max(int(height/(1.2*tickSize)), 2), 6)
	return ticksOf(s.lo, s.hi, count, s.whole)
}

// draw draws the scale from (x, y) up.
func (s *scale) draw(c canvas, x, y, height vg.Length) {
	bar := rect(x, y, scaleBar, height)
	values := picture{1, 256, func(_, j int) float64 { return s.hi - (s.hi-s.lo)*float64(j)/255 }}
	if s.polar {
		none := picture{1, 1, func(int, int) float64 { return 0 }}
		c.polarities(bar, values, none, s.hi)
		c.polarities(rect(bar.Min.X+scaleBar/2, y, bar.Max.X-bar.Min.X-scaleBar/2, height), none, values, s.hi)
	} else {
		c.picture(bar, values, s.colorMap)
	}
	c.SetLineStyle(spine)
	c.Stroke(bar.Path())
	ticks := s.ticks(height)
	for _, t := range ticks {
		at := onGrid(bar.Min.Y + vg.Length((t.at-s.lo)/(s.hi-s.lo))*bar.Size().Y)
		c.StrokeLine2(spine, bar.Max.X, at, bar.Max.X+tickLength, at)
		c.textMiddle(bar.Max.X+tickLength+tickGap, at, left, tickSize, ink, t.label)
	}
	if s.label != "" {
		at := bar.Max.X + tickLength + tickGap + widest(ticks, tickSize) + labelGap + labelSize*capHeight
		c.textUp(at, (bar.Min.Y+bar.Max.Y)/2, labelSize, ink, s.label)
	}
}
