package plot

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"
	"sync"
	"unicode"

	"codeberg.org/go-fonts/liberation/liberationsansregular"
	stdfont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// canvas draws in points from the lower left corner of a figure.
type canvas struct {
	draw.Canvas
	ownFont bool // letters are drawn here, not by a viewer, which has more fonts
	pdf     bool // and as paths; pictures lie upside down
}

// align says which point of a text is given, as a share of its width.
type align float64

const (
	left   align = 0
	center align = 0.5
	right  align = 1
)

// capHeight is the height of capitals and digits as a share of the font size.
const capHeight = 0.69

// sans returns the face of all text at a size. SVG viewers without Liberation
// Sans take Arial or Helvetica, whose letters are as wide.
func sans(size vg.Length) font.Face {
	return font.Face{Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}, Face: typeface()}
}

var typeface = sync.OnceValue(func() *opentype.Font {
	f, err := opentype.Parse(liberationsansregular.TTF)
	if err != nil {
		panic(fmt.Sprintf("plot: the font that is part of the program: %v", err))
	}
	return f
})

// fit cuts a text to a width.
func fit(text string, size, width vg.Length) string {
	if textWidth(size, text) <= width {
		return text
	}
	r := []rune(text)
	r = r[:min(len(r), int(width/size*8))]
	for len(r) > 0 && textWidth(size, string(r)+"…") > width {
		r = r[:len(r)-1]
	}
	return string(r) + "…"
}

// printable makes a text that may come from a file fit for a font and for XML.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}

// missing stands for a letter that the font lacks.
const missing = '□'

// drawable replaces the letters of a text that the font lacks.
func drawable(text string) string {
	return strings.Map(func(r rune) rune {
		if i, err := typeface().GlyphIndex(nil, r); i == 0 || err != nil {
			return missing
		}
		return r
	}, text)
}

func textWidth(size vg.Length, text string) vg.Length {
	f := sans(size)
	return f.Width(text)
}

// text writes a line with its baseline at y.
func (c canvas) text(x, y vg.Length, a align, size vg.Length, col color.Color, text string) {
	f := sans(size)
	text = printable(text)
	if c.ownFont {
		text = drawable(text)
	}
	c.SetColor(col)
	at := vg.Point{X: x - vg.Length(a)*f.Width(text), Y: y}
	if c.pdf {
		c.fillOutlines(f, at, text)
	} else {
		c.FillString(f, at, text)
	}
}

// fillOutlines is FillString by the paths of the letters: vgpdf knows those of code
// page 1252 alone.
func (c canvas) fillOutlines(f font.Face, at vg.Point, text string) {
	var b sfnt.Buffer
	ppem := fixed.Int26_6(f.Font.Size * 64)
	point := func(p fixed.Point26_6) vg.Point {
		return vg.Point{X: at.X + vg.Length(p.X)/64, Y: at.Y - vg.Length(p.Y)/64}
	}
	for _, r := range text {
		glyph, err := f.Face.GlyphIndex(&b, r)
		if err != nil {
			continue
		}
		segments, err := f.Face.LoadGlyph(&b, glyph, ppem, nil)
		if err != nil {
			continue
		}
		var p vg.Path
		for _, s := range segments {
			switch s.Op {
			case sfnt.SegmentOpMoveTo:
				p.Move(point(s.Args[0]))
			case sfnt.SegmentOpLineTo:
				p.Line(point(s.Args[0]))
			case sfnt.SegmentOpQuadTo:
				p.QuadTo(point(s.Args[0]), point(s.Args[1]))
			case sfnt.SegmentOpCubeTo:
				p.CubeTo(point(s.Args[0]), point(s.Args[1]), point(s.Args[2]))
			}
		}
		if len(p) > 0 {
			c.Fill(p)
		}
		if advance, err := f.Face.GlyphAdvance(&b, glyph, ppem, stdfont.HintingNone); err == nil {
			at.X += vg.Length(advance) / 64
		}
	}
}

// textMiddle is text whose capitals are centred on y.
func (c canvas) textMiddle(x, y vg.Length, a align, size vg.Length, col color.Color, text string) {
	c.text(x, y-size*capHeight/2, a, size, col, text)
}

// textUp writes a line from bottom to top, centred on y, with its baseline at x.
func (c canvas) textUp(x, y, size vg.Length, col color.Color, text string) {
	c.Push()
	c.Translate(vg.Point{X: x, Y: y})
	c.Rotate(math.Pi / 2)
	c.text(0, 0, center, size, col, text)
	c.Pop()
}

func (c canvas) fill(r vg.Rectangle, col color.Color) {
	c.SetColor(col)
	c.Fill(r.Path())
}

// segments strokes pairs of points as one path.
func (c canvas) segments(sty draw.LineStyle, points []vg.Point) {
	var p vg.Path
	for i := 0; i+1 < len(points); i += 2 {
		p.Move(points[i])
		p.Line(points[i+1])
	}
	c.SetLineStyle(sty)
	c.Stroke(p)
}

// dots fills a circle around each point.
func (c canvas) dots(points []vg.Point, radius vg.Length, col color.Color) {
	c.SetColor(col)
	for _, at := range points {
		var p vg.Path
		p.Move(vg.Point{X: at.X + radius, Y: at.Y})
		p.Arc(at, radius, 0, 2*math.Pi)
		p.Close()
		c.Fill(p)
	}
}

// picture draws a picture over r, which lies on the pixel grid.
func (c canvas) picture(r vg.Rectangle, p picture, m colorMap) {
	w, h := dots(r.Size().X), dots(r.Size().Y)
	cells := p.resample(w, h)
	c.pixels(r, w, h, func(k int) color.RGBA { return m.color(cells[k]) })
}

// polarities draws pictures of ON and OFF events of the same pixels, up to most
// of either.
func (c canvas) polarities(r vg.Rectangle, on, off picture, most float64) {
	w, h := dots(r.Size().X), dots(r.Size().Y)
	onCells, offCells := on.resample(w, h), off.resample(w, h)
	c.pixels(r, w, h, func(k int) color.RGBA { return polarityColor(onCells[k]/most, offCells[k]/most) })
}

// pixels draws w×h pixels, row after row, over r.
func (c canvas) pixels(r vg.Rectangle, w, h int, at func(k int) color.RGBA) {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for k := range w * h {
		y := k / w
		if c.pdf {
			y = h - 1 - y
		}
		img.SetRGBA(k%w, y, at(k))
	}
	c.DrawImage(r, img)
}

// rect returns a rectangle on the pixel grid from its lower left corner.
func rect(x, y, width, height vg.Length) vg.Rectangle {
	return vg.Rectangle{
		Min: vg.Point{X: onGrid(x), Y: onGrid(y)},
		Max: vg.Point{X: onGrid(x + width), Y: onGrid(y + height)},
	}
}
