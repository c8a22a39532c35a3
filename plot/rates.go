package plot

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Series is a curve of values over others.
type Series struct {
	Name string
	X, Y []float64 // X ascends
}

func (s *Series) check() error {
	if len(s.X) == 0 || len(s.X) != len(s.Y) {
		return badData("%q has %d values over %d, expected as many of both and at least one", s.Name, len(s.Y), len(s.X))
	}
	if !finite(s.X...) || !finite(s.Y...) {
		return badData("%q has values that are not finite", s.Name)
	}
	for i, x := range s.X[1:] {
		if x <= s.X[i] {
			return badData("%q has a value at %v behind one at %v, expected them in ascending order", s.Name, x, s.X[i])
		}
	}
	return nil
}

// FiringRates draws firing rates in Hz over the epochs of trainings, from 0.
func FiringRates(rates []Series) (*Figure, error) {
	return seriesFigure(rates, "epoch", true, "mean firing rate (Hz)")
}

// Response draws the firing rates of units in Hz over that of their input, f–I curves.
func Response(rates []Series) (*Figure, error) {
	return seriesFigure(rates, "input rate (Hz)", false, "firing rate (Hz)")
}

func seriesFigure(series []Series, xLabel string, whole bool, yLabel string) (*Figure, error) {
	if len(series) < 1 || len(series) > len(cycle) {
		return nil, badData("%d curves, expected 1 to %d", len(series), len(cycle))
	}
	first, last, highest := math.Inf(1), math.Inf(-1), 0.0
	var entries []entry
	for i := range series {
		s := &series[i]
		if err := s.check(); err != nil {
			return nil, err
		}
		for _, y := range s.Y {
			if y < 0 {
				return nil, badData("%q has a rate of %v Hz, expected 0 or more", s.Name, y)
			}
			highest = max(highest, y)
		}
		first, last = min(first, s.X[0]), max(last, s.X[len(s.X)-1])
		sty := curve
		sty.Color = cycle[i]
		entries = append(entries, entry{name: fit(s.Name, tickSize, 2*nameWidth), style: sty})
	}
	if whole {
		first, last = first-0.5, last+0.5
	} else if first == last {
		first, last = withMargin(first, last, 0.1)
	}
	l := newLegend(entries, fullWidth-4*outerMargin)
	const plotHeight = 220
	height := l.height() + panelGap + plotHeight + below + 1.5*outerMargin
	return &Figure{width: fullWidth, height: height, draw: func(c canvas) {
		p := &panel{canvas: c, x: newAxis(xLabel, first, last, 10, whole), y: newAxis(yLabel, 0, max(1.05*highest, 1e-9), 6, false), grid: true}
		from := outerMargin + p.y.leftOf()
		l.draw(c, from, height-outerMargin/2)
		p.area = rect(from, outerMargin+below, fullWidth-2.5*outerMargin-from, plotHeight)
		p.back()
		for i, s := range series {
			points := make([]vg.Point, len(s.X))
			for k, x := range s.X {
				points[k] = p.point(x, s.Y[k])
			}
			sty := curve
			sty.Color = cycle[i]
			p.line(sty, points)
		}
		p.axes(true)
	}}, nil
}

// Weighted is the weights of one layer.
type Weighted struct {
	Name   string
	Values []float32
}

// Histogram draws how often weights have which value, one panel a layer, all over the
// same range, which holds all but 0.2 % of each; the outermost bars hold those. Headings
// give mean, standard deviation, and the share that is 0.
func Histogram(layers []Weighted) (*Figure, error) {
	if len(layers) < 1 || len(layers) > maxRows {
		return nil, badData("%d layers, expected 1 to %d", len(layers), maxRows)
	}
	limit := 0.0
	for _, l := range layers {
		if len(l.Values) == 0 || !finite(l.Values...) {
			return nil, badData("layer %q has %d weights or some that are not finite", l.Name, len(l.Values))
		}
		sizes := make([]float64, len(l.Values))
		for i, v := range l.Values {
			sizes[i] = math.Abs(float64(v))
		}
		slices.Sort(sizes)
		limit = max(limit, sizes[(len(sizes)-1)*998/1000])
	}
	if limit == 0 {
		limit = 1
	}
	const bins = 121 // the middle one around 0
	s := stack{x: newAxis("weight (the outermost bars hold all beyond)", -limit, limit, 9, false)}
	for _, l := range layers {
		counts := make([]int, bins)
		mean, square, zeros, most := 0.0, 0.0, 0, 0
		for _, v := range l.Values {
			w := float64(v)
			k := min(max(int((w/limit+1)/2*bins), 0), bins-1)
			counts[k]++
			most = max(most, counts[k])
			mean += w
			square += float64(w * w)
			if v == 0 {
				zeros++
			}
		}
		n := float64(len(l.Values))
		mean /= n
		sd := math.Sqrt(max(0, square/n-float64(mean*mean)))
		digits := significant(sd)
		name := fmt.Sprintf("%s: %s %s, mean %s, standard deviation %s", l.Name, number(n, 0), plural(len(l.Values), "weight"), number(mean, digits), number(sd, digits))
		if zeros > 0 {
			name += fmt.Sprintf(", %.1f %% are 0", 100*float64(zeros)/n)
		}
		s.rows = append(s.rows, row{name: name, height: 84, y: newAxis("weights", 0, 1.05*float64(most), 4, true), data: func(p *panel) {
			width := p.area.Size().X / bins
			for k, count := range counts {
				if count > 0 {
					x := p.area.Min.X + vg.Length(k)*width
					p.fill(rect(x, p.area.Min.Y, width, p.py(float64(count))-p.area.Min.Y), blue)
				}
			}
			zero := onGrid(p.px(0))
			p.StrokeLine2(draw.LineStyle{Color: gray, Width: 0.75}, zero, p.area.Min.Y, zero, p.area.Max.Y)
		}})
	}
	return s.figure(), nil
}
