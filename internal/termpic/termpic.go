// Package termpic draws small pictures in a terminal: grey images by half
// blocks and rasters by blocks, or both by plain characters.
package termpic

import (
	"fmt"
	"math"
	"strings"
)

// Style is what a terminal can show.
type Style int

const (
	// Plain is ASCII, for files and dumb terminals.
	Plain Style = iota
	// Blocks are Unicode blocks without colour.
	Blocks
	// Grey are Unicode blocks in the 24 greys of a terminal of 256 colours.
	Grey
)

// Picture is lines of text of Width cells each; escape sequences take no cell.
type Picture struct {
	Lines []string
	Width int
}

// ramp has a character a level of darkness; the first is nothing at all.
const ramp = " .:-=+*#%@"

// bars fill a cell from below.
var bars = []rune("▁▂▃▄▅▆▇█")

// Image draws values between 0 (dark) and 1, row by row, w of them a row. Half
// a cell is a pixel, or a block of f×f pixels, their mean, with the smallest f
// that fits into maxWidth cells. Without colour a pixel of at least a half is
// set; plain characters show the mean of two rows.
func Image(values []float32, w, maxWidth int, style Style) Picture {
	values, w = shrink(values, w, max(1, maxWidth))
	at := func(x, y int) float32 {
		if i := y*w + x; i < len(values) {
			return values[i]
		}
		return 0
	}
	p := Picture{Width: w}
	for y := 0; y*w < len(values); y += 2 {
		var line strings.Builder
		for x := range w {
			upper, lower := at(x, y), at(x, y+1)
			switch style {
			case Grey:
				fmt.Fprintf(&line, "\x1b[38;5;%d;48;5;%dm▀", 232+level(upper, 24), 232+level(lower, 24))
			case Blocks:
				line.WriteRune([]rune(" ▄▀█")[2*level(upper, 2)+level(lower, 2)])
			default:
				line.WriteByte(ramp[level((upper+lower)/2, len(ramp))])
			}
		}
		if style == Grey {
			line.WriteString("\x1b[0m")
		}
		p.Lines = append(p.Lines, line.String())
	}
	return p
}

// shrink averages blocks of pixels until at most maxWidth remain in a row.
func shrink(values []float32, w, maxWidth int) ([]float32, int) {
	f := (w + maxWidth - 1) / maxWidth
	if f <= 1 {
		return values, w
	}
	h := (len(values) + w - 1) / w
	outW, outH := (w+f-1)/f, (h+f-1)/f
	out := make([]float32, outW*outH)
	for i, v := range values {
		out[i/w/f*outW+i%w/f] += v / float32(f*f)
	}
	return out, outW
}

// Raster draws a line a row and a cell a step of values between 0 and 1, or a
// cell for the mean of k steps, with the smallest k that fits into maxWidth
// cells. A dot is 0.
func Raster(rows [][]float32, maxWidth int, style Style) Picture {
	var p Picture
	for _, row := range rows {
		row, p.Width = shrinkRow(row, max(1, maxWidth))
		var line strings.Builder
		for _, v := range row {
			switch {
			case v <= 0 && style == Plain:
				line.WriteByte('.')
			case v <= 0:
				line.WriteRune('·')
			case style == Plain && v >= 1:
				line.WriteByte('|')
			case style == Plain:
				line.WriteByte('1' + byte(level(v, 9)))
			default:
				line.WriteRune(bars[level(v, len(bars))])
			}
		}
		p.Lines = append(p.Lines, line.String())
	}
	return p
}

func shrinkRow(row []float32, maxWidth int) ([]float32, int) {
	k := max(1, (len(row)+maxWidth-1)/maxWidth)
	out := make([]float32, (len(row)+k-1)/k)
	for i, v := range row {
		out[i/k] += v / float32(min(k, len(row)-i/k*k))
	}
	return out, len(out)
}

// level returns which of n levels v between 0 and 1 is on.
func level(v float32, n int) int {
	if !(v > 0) {
		return 0
	}
	return int(math.Min(float64(v)*float64(n), float64(n-1)))
}

// Beside puts right beside left, gap cells between them, if both fit into
// maxWidth cells, else below it.
func Beside(left, right Picture, gap, maxWidth int) Picture {
	if left.Width+gap+right.Width > maxWidth {
		return Picture{append(append(left.Lines[:len(left.Lines):len(left.Lines)], ""), right.Lines...), max(left.Width, right.Width)}
	}
	p := Picture{Width: left.Width + gap + right.Width}
	for i := range max(len(left.Lines), len(right.Lines)) {
		line := strings.Repeat(" ", left.Width)
		if i < len(left.Lines) {
			line = left.Lines[i]
		}
		if i < len(right.Lines) {
			line += strings.Repeat(" ", gap) + right.Lines[i]
		}
		p.Lines = append(p.Lines, strings.TrimRight(line, " "))
	}
	return p
}
