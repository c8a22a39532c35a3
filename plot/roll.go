package plot

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot/vg"

	"github.com/snurun/snurun/spike"
)

// Roll is sets of outputs over time and what was predicted of each: the notes of a piece
// of music.
type Roll struct {
	Names    []string     // of the outputs, from the lowest on
	Came     spike.Train  // the sets of all steps
	Expected spike.Values // the probability of each output, of all steps but the first
	NLL      []float64    // negative log-likelihood of the set in nats, of all steps but the first
}

func (r *Roll) check() error {
	steps, n := r.Came.Steps(), r.Came.Size()
	switch {
	case steps < 2 || n < 1 || steps > maxSteps:
		return badData("a roll of %d steps of %d outputs, expected 2 to %d steps of at least one", steps, n, maxSteps)
	case len(r.Names) != n || r.Expected.Size() != n || r.Expected.Steps() != steps-1 || len(r.NLL) != steps-1:
		return badData("a roll of %d steps has %d names, %d predictions of %d outputs and %d likelihoods, expected %d names and %[6]d outputs, %d predictions and likelihoods",
			steps, len(r.Names), r.Expected.Steps(), r.Expected.Size(), len(r.NLL), n, steps-1)
	case !finite(r.NLL...) || !finite(r.Expected.Data()...):
		return badData("a roll has values that are not finite")
	}
	return nil
}

// maxSteps bounds the steps of figures that draw each.
const maxSteps = 1 << 20

// span returns the outputs that are seen: those of sets or of predictions of at least a
// tenth, and one more on both sides.
func (r *Roll) span() (from, to int) {
	from, to = r.Came.Size(), 0
	see := func(j int) { from, to = min(from, j), max(to, j+1) }
	for t := range r.Came.Steps() {
		for j := range r.Came.At(t).All() {
			see(j)
		}
	}
	for t := range r.Expected.Steps() {
		for j, p := range r.Expected.At(t) {
			if p >= 0.1 {
				see(j)
			}
		}
	}
	if from >= to {
		return 0, r.Came.Size()
	}
	return max(0, from-1), min(r.Came.Size(), to+1)
}

// Chorale draws a piece as a piano roll, the probability that each note was predicted
// with from what came before, with the notes that then came, and how likely they were.
func Chorale(r Roll) (*Figure, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	steps := r.Came.Steps()
	from, to := r.span()
	y := r.notes(from, to)
	height := onGrid(max(90, min(vg.Length(to-from)*4.5, 260)))
	at := picture{steps, to - from, func(x, row int) float64 {
		if x == 0 {
			return 0
		}
		return float64(r.Expected.At(x - 1)[to-1-row])
	}}
	colors := colorMap{sequential, 0, 1}
	mean, top := 0.0, 0.0
	for _, v := range r.NLL {
		mean += v
		top = max(top, v)
	}
	mean /= float64(len(r.NLL))
	likely := newAxis("nats", 0, max(top, 1)*1.05, 4, false)
	s := stack{
		x: newAxis("step", 0, float64(steps), 11, true),
		rows: []row{
			{name: fmt.Sprintf("what came: %s steps", number(float64(steps), 0)), height: height, y: y, data: func(p *panel) {
				p.bars(r.Came, from, to)
			}},
			{
				name: "what was expected, from all steps before, and • what then came", height: height, y: y,
				key: &scale{colorMap: colors, label: "probability"},
				data: func(p *panel) {
					p.canvas.picture(p.area, at, colors)
					p.notesThatCame(r.Came, from, to)
				},
			},
			{
				name: fmt.Sprintf("negative log-likelihood of each step: %s nats on average", number(mean, 2)), height: 75, y: likely,
				data: func(p *panel) {
					var points []vg.Point
					for t, v := range r.NLL {
						points = append(points, p.point(float64(t)+1.5, v))
					}
					p.line(curve, points)
				},
			},
		},
	}
	return s.figure(), nil
}

// notes is the axis of the outputs from one up to, not including, another: those whose
// names are of the note C, or if there are none, some.
func (r *Roll) notes(from, to int) axis {
	a := axis{min: float64(from) - 0.5, max: float64(to) - 0.5, label: "note"}
	for j := from; j < to; j++ {
		if name := r.Names[j]; len(name) >= 2 && name[0] == 'C' && strings.IndexByte("0123456789", name[1]) >= 0 {
			a.ticks = append(a.ticks, tick{float64(j), name})
		}
	}
	if len(a.ticks) == 0 {
		every := int(math.Ceil(float64(to-from) / 12))
		for j := from; j < to; j += every {
			a.ticks = append(a.ticks, tick{float64(j), fit(r.Names[j], tickSize, nameWidth)})
		}
	}
	return a
}

// bars fills the cells of a train, those that follow each other as one bar.
func (p *panel) bars(x spike.Train, from, to int) {
	size := p.area.Size()
	w, h := size.X/vg.Length(x.Steps()), size.Y/vg.Length(to-from)
	for j := from; j < to; j++ {
		y := p.area.Min.Y + vg.Length(j-from)*h
		for t := 0; t < x.Steps(); t++ {
			if !x.At(t).Get(j) {
				continue
			}
			start := t
			for t < x.Steps() && x.At(t).Get(j) {
				t++
			}
			p.fill(rect(p.area.Min.X+vg.Length(start)*w, y+0.1*h, vg.Length(t-start)*w-min(0.15*w, 0.75), 0.8*h), blue)
		}
	}
}

// notesThatCame marks the cells of a train from its second step on.
func (p *panel) notesThatCame(x spike.Train, from, to int) {
	var points []vg.Point
	for t := 1; t < x.Steps(); t++ {
		for j := range x.At(t).All() {
			if from <= j && j < to {
				points = append(points, p.point(float64(t)+0.5, float64(j)))
			}
		}
	}
	size := p.area.Size()
	cell := min(size.X/vg.Length(x.Steps()), size.Y/vg.Length(to-from))
	p.dots(points, max(0.6, min(0.3*cell, 1.5)), vermillion)
}
