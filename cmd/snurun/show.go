package main

import (
	"fmt"
	"math"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/snurun/snurun/internal/termpic"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/train"
)

// show draws the input of a sample, summed over its steps, beside what the
// last layer made of it: a line a class, with its score.
func (c *classifier) show(in input, o *outcome) error {
	x := c.model.Input.New(c.presented(in))
	if err := in.source.Load(x, o.Index, train.TestKey(c.options.seed, o.Index)); err != nil {
		return err
	}
	s := c.net.NewSession()
	defer s.Close()
	sums := make([]float32, c.net.InSize())
	outputs := make([][]float32, c.net.OutSize())
	for t := range o.Steps {
		for i, v := range x.Active(t) {
			sums[i] += v
		}
		if err := s.Step(x, t); err != nil {
			return err
		}
		for j, v := range lastOutputs(s, c.net) {
			outputs[j] = append(outputs[j], v)
		}
	}
	style, width := termpic.Detect(c.terminal, os.Getenv)
	normalise(outputs...)
	pixels, w := flatten(sums, planesOf(c.model.Input))
	normalise(pixels)

	const gap = 3
	image := termpic.Image(pixels, w, min(width, max(28, width/2)), style)
	left, right := c.classLabels(), c.classScores(o, style)
	room := width - left.Width - right.Width - 2
	if beside := room - image.Width - gap; beside >= min(o.Steps, 10) {
		room = beside
	}
	raster := termpic.Raster(outputs, room, style)
	all := termpic.Beside(termpic.Beside(left, raster, 1, width), right, 1, width)
	for _, line := range termpic.Beside(image, all, gap, width).Lines {
		fmt.Fprintln(c.out, line)
	}
	_, err := fmt.Fprintln(c.out)
	return err
}

// lastOutputs returns what the last layer shows in the step run last: spikes,
// soft outputs or membranes.
func lastOutputs(s *runtime.Session, net *runtime.Network) []float32 {
	last := net.Layers() - 1
	if spikes := s.Spikes(last); spikes != nil {
		out := make([]float32, net.OutSize())
		for j := range spikes.All() {
			out[j] = 1
		}
		return out
	}
	if soft := s.Outputs(last); soft != nil {
		return soft
	}
	return s.Membrane(last)
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
	for j := range c.net.OutSize() {
		lines = append(lines, c.className(j))
	}
	return column(lines, false)
}

// classScores is a column of the scores, the decision marked.
func (c *classifier) classScores(o *outcome, style termpic.Style) termpic.Picture {
	mark := " <"
	if style != termpic.Plain {
		mark = " ◀"
	}
	var lines []string
	for _, score := range o.Scores {
		lines = append(lines, fmt.Sprintf("%.4g", score))
	}
	p := column(lines, true)
	p.Lines[o.Class] += mark
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
