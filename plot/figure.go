// Package plot draws figures of spiking networks as PNG, SVG and PDF: spikes,
// membranes, inputs, weights, training and accuracy. Its functions take plain
// data and return a Figure, which is written to a stream or a file; the same
// data give the same bytes. A parameter dt is the length of a time step. Data
// that cannot be drawn are an ErrData.
//
// Figures are drawn on the canvases of gonum.org/v1/plot/vg with axes of their
// own: their panels share axes and sit on the pixel grid, and package
// gonum.org/v1/plot would link a dozen fonts and the back-ends of EPS and TeX.
package plot

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/snurun/snurun/internal/atomicfile"
)

// ErrFormat is the error of a file name that does not end in .png, .svg, .pdf or .gif.
var ErrFormat = errors.New("unknown picture format")

// ErrData is the error of data that cannot be drawn: nothing at all, parts of
// different lengths, numbers that are not finite, more than fits a figure.
var ErrData = errors.New("data cannot be drawn")

func badData(format string, args ...any) error {
	return fmt.Errorf("plot: %w: %s", ErrData, fmt.Sprintf(format, args...))
}

// Format is a file format of figures.
type Format string

// The formats of figures.
const (
	PNG Format = "png" // 192 dots an inch: 1,600 pixels for a full width of 800 px
	SVG Format = "svg"
	PDF Format = "pdf" // letters as outlines, so that it needs no fonts
)

// FormatOf returns the format that a file's extension names.
func FormatOf(name string) (Format, error) {
	switch ext := strings.ToLower(filepath.Ext(name)); ext {
	case ".png", ".svg", ".pdf", ".gif":
		return Format(ext[1:]), nil
	}
	return "", fmt.Errorf("plot: %w: %q, expected a name that ends in .png, .svg, .pdf or .gif", ErrFormat, name)
}

// Figure is a complete figure. It keeps the data that it was made of, which
// must not change before it is written.
type Figure struct {
	// Title stands above the figure if it is not empty.
	Title string

	width, height vg.Length
	draw          func(canvas)

	frames int // of one that moves
	delay  time.Duration
	at     func(frame int) (*Figure, error)
}

// fullHeight is the height with the title.
func (f *Figure) fullHeight() vg.Length {
	if f.Title != "" {
		return onGrid(f.height) + titleBand
	}
	return onGrid(f.height)
}

// Write writes the figure.
func (f *Figure) Write(w io.Writer, format Format) error {
	switch format {
	case GIF:
		return f.writeGIF(w)
	case PNG:
		c := vgimg.NewWith(vgimg.UseWH(f.width, f.fullHeight()), vgimg.UseDPI(72*pixelsPerPoint))
		f.drawOn(canvas{Canvas: draw.New(c), ownFont: true})
		return png.Encode(w, c.Image())
	case PDF:
		c := vgpdf.New(f.width, f.fullHeight())
		f.drawOn(canvas{Canvas: draw.New(c), ownFont: true, pdf: true})
		var b bytes.Buffer
		if _, err := c.WriteTo(&b); err != nil {
			return err
		}
		_, err := w.Write(pdfDates.ReplaceAll(b.Bytes(), []byte("(D:20000101000000)")))
		return err
	case SVG:
		c := vgsvg.New(f.width, f.fullHeight())
		f.drawOn(canvas{Canvas: draw.New(c)})
		var b bytes.Buffer
		if _, err := c.WriteTo(&b); err != nil {
			return err
		}
		_, err := svgFixes.WriteString(w, b.String())
		return err
	}
	return fmt.Errorf("plot: %w: %q, expected png, svg, pdf or gif", ErrFormat, format)
}

// pdfDates are the times at which a file was made, which would make each another.
var pdfDates = regexp.MustCompile(`\(D:\d{14}\)`)

// svgFixes mends what vgsvg writes: it calls the PNG data of a picture JPEG,
// which strict viewers then do not show, and names a single font.
var svgFixes = strings.NewReplacer(
	"data:image/jpg;", "data:image/png;",
	"font-family:Liberation Sans;", "font-family:Liberation Sans,Arial,Helvetica,sans-serif;",
)

// Save writes the figure to a file, all or nothing, in the format that the
// file's extension names.
func (f *Figure) Save(name string) error {
	format, err := FormatOf(name)
	if err != nil {
		return err
	}
	return atomicfile.Write(name, func(w io.Writer) error { return f.Write(w, format) })
}

func (f *Figure) drawOn(c canvas) {
	c.fill(c.Rectangle, white)
	if f.Title != "" {
		c.text(outerMargin, c.Max.Y-outerMargin-titleSize*capHeight, left, titleSize, ink, fit(f.Title, titleSize, f.width-2*outerMargin))
	}
	f.draw(c)
}
