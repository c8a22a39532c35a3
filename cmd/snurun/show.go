package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/internal/termpic"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// show draws the input of a sample, summed over its steps or, if it is no picture, its
// channels over time, beside what the last layer made of it: a line a class, with its score.
func (c *classifier) show(set evaluate.Set, out *evaluate.Outcome) error {
	set.Indices = []int{out.Index}
	x, err := set.Load(c.model, 0)
	if err != nil {
		return err
	}
	net := c.evaluator.Network()
	last := net.Layers() - 1
	rec, _, err := c.evaluator.Record(context.Background(), x, func(layer int) evaluate.What {
		return evaluate.What{Outputs: layer == last}
	})
	if err != nil {
		return err
	}
	outputs := overTime(rec.Layers[last].Outputs, out.Result.Steps)
	style, width := termpic.Detect(c.terminal, os.Getenv)
	normalise(outputs...)

	const gap, maxChannels = 3, 40
	image, wide := termpic.Picture{}, min(width, max(28, width/2))
	if pictureOf(c.model.Input) == nil && net.InSize() <= maxChannels {
		channels := overTime(x, out.Result.Steps)
		normalise(channels...)
		image = termpic.Raster(channels, min(wide, 40), style)
	} else {
		sums := make([]float32, net.InSize())
		for t := range out.Result.Steps {
			for i, v := range x.Active(t) {
				sums[i] += v
			}
		}
		pixels, w := flatten(sums, planesOf(c.model.Input))
		normalise(pixels)
		image = termpic.Image(pixels, w, wide, style)
	}
	left, right := c.classLabels(), c.classScores(&out.Result, style)
	room := width - left.Width - right.Width - 2
	if beside := room - image.Width - gap; beside >= min(out.Result.Steps, 10) {
		room = beside
	}
	raster := termpic.Raster(outputs, room, style)
	all := termpic.Beside(termpic.Beside(left, raster, 1, width), right, 1, width)
	for _, line := range termpic.Beside(image, all, gap, width).Lines {
		fmt.Fprintln(c.out, line)
	}
	_, err = fmt.Fprintln(c.out)
	return err
}

// overTime returns a row a channel of the first steps of x.
func overTime(x spike.Input, steps int) [][]float32 {
	rows := make([][]float32, x.Size())
	for j := range rows {
		rows[j] = make([]float32, steps)
	}
	for t := range steps {
		for j, v := range x.Active(t) {
			rows[j][t] = v
		}
	}
	return rows
}

// normalise scales all values to 0 … 1 by their range, which includes 0.
func normalise(rows ...[]float32) {
	var low, high float32
	for _, row := range rows {
		for _, v := range row {
			low, high = min(low, v), max(high, v)
		}
	}
	for _, row := range rows {
		for i, v := range row {
			if high > low {
				row[i] = (v - low) / (high - low)
			}
		}
	}
}

// flatten returns the pixels of one step and their number a row: [channels,
// height, width] summed over channels, [n] as a square, its end missing.
func flatten(values []float32, shape []int) (pixels []float32, width int) {
	if len(shape) < 2 {
		return values, int(math.Ceil(math.Sqrt(float64(len(values)))))
	}
	width = shape[len(shape)-1]
	pixels = make([]float32, width*shape[len(shape)-2])
	for i, v := range values {
		pixels[i%len(pixels)] += v
	}
	return pixels, width
}

// classLabels is a column of the names of the classes.
func (c *classifier) classLabels() termpic.Picture {
	var lines []string
	for j := range c.evaluator.Network().OutSize() {
		lines = append(lines, c.className(j))
	}
	return column(lines, false)
}

// classScores is a column of the scores, the decision marked.
func (c *classifier) classScores(r *runtime.Result, style termpic.Style) termpic.Picture {
	mark := " <"
	if style != termpic.Plain {
		mark = " ◀"
	}
	var lines []string
	for _, score := range r.Scores {
		lines = append(lines, fmt.Sprintf("%.4g", score))
	}
	p := column(lines, true)
	p.Lines[r.Class] += mark
	p.Width += 2
	return p
}

// column pads lines to the width of the longest.
func column(lines []string, right bool) termpic.Picture {
	p := termpic.Picture{Lines: lines}
	for _, l := range lines {
		p.Width = max(p.Width, utf8.RuneCountInString(l))
	}
	for i, l := range lines {
		pad := strings.Repeat(" ", p.Width-utf8.RuneCountInString(l))
		if right {
			p.Lines[i] = pad + l
		} else {
			p.Lines[i] = l + pad
		}
	}
	return p
}

// planesOf returns the shape of an input as a picture: that of events as the
// planes that they lie in.
func planesOf(in model.Input) []int {
	if p, err := in.Plane(0, 0); err == nil && in.Encoder.Coding == model.Events {
		return []int{p.Channels, p.Height, p.Width}
	}
	return in.Shape
}

// pictureOf returns the shape of an input as a picture; nil of one that is none, whose
// channels stand below each other over time. An input of one dimension is one if its
// number of intensities is a square, or that of its events one of 17×17 or more: such
// have cameras, fewer may be channels of anything.
func pictureOf(in model.Input) []int {
	shape := planesOf(in)
	n, least := len(shape), 2
	switch coding := in.Encoder.Coding; {
	case len(in.Shape) == 1 && coding == model.Events:
		least = 17
	case len(in.Shape) == 1 && (coding == model.Poisson || coding == model.Latency || coding == model.Direct):
		side := int(math.Round(math.Sqrt(float64(in.Size()))))
		if side >= 4 && side*side == in.Size() {
			return []int{side, side}
		}
	}
	if n > 1 && min(shape[n-1], shape[n-2]) >= least {
		return shape
	}
	return nil
}
