package plot

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// pixelsPerPoint is the resolution of PNG: 192 dpi, two pixels for each that a
// page shows. Not a whole number of points a pixel, hence onGrid.
const pixelsPerPoint = 8.0 / 3

// Lengths are in points: 0.75 pt is a pixel of a page.
const (
	fullWidth = 600 // 800 px

	titleSize = 12.0
	labelSize = 11.0
	tickSize  = 10.0

	titleBand   = 21 // of a figure's title
	outerMargin = 9
	headingBand = 21 // of a panel's name
	panelGap    = 9
	tickLength  = 3.75
	tickGap     = 3
	labelGap    = 5
)

// The colours of Okabe and Ito, which people with any colour vision can tell
// apart, without yellow, which is too light for lines on white.
var (
	blue       = rgb(0x0072B2)
	vermillion = rgb(0xD55E00)
	green      = rgb(0x009E73)
	purple     = rgb(0xCC79A7)
	orange     = rgb(0xE69F00)
	skyBlue    = rgb(0x56B4E9)

	white = rgb(0xFFFFFF)
	ink   = rgb(0x1A1A1A) // text and spikes
	gray  = rgb(0x8C8C8C) // what is not the subject
	faint = rgb(0xE6E6E6) // grid lines
	wash  = rgb(0xFBEBC8) // a range of the time axis
)

// cycle is the order in which series take their colours.
var cycle = []color.Color{blue, vermillion, green, purple, orange, skyBlue, ink}

// Line styles.
var (
	spine  = draw.LineStyle{Color: rgb(0x4D4D4D), Width: 0.75}
	gridOf = draw.LineStyle{Color: faint, Width: 0.75}
	curve  = draw.LineStyle{Color: blue, Width: 1.5}
	marker = draw.LineStyle{Color: gray, Width: 1.125, Dashes: []vg.Length{1.5, 2.25}}
	stroke = draw.LineStyle{Color: ink, Width: 1.5} // a spike
	limit  = draw.LineStyle{Color: vermillion, Width: 1.125, Dashes: []vg.Length{4.5, 3}}
)

func rgb(v uint32) color.RGBA {
	return color.RGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 255}
}

// onGrid rounds a length to whole pixels, so that edges are sharp.
func onGrid(x vg.Length) vg.Length {
	return vg.Length(math.Round(float64(x)*pixelsPerPoint) / pixelsPerPoint)
}
