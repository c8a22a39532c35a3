package plot

import (
	"cmp"
	"fmt"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// Activity is the output of one layer, or an input, over time: spike.Values if it
// is analog, else a spike.Train.
type Activity struct {
	Name string
	Kind string // what its rows are: "channel", or "" for neurons
	Data spike.Input
	Unit string // what the values are, such as "membrane s"

	Whole spike.Input // what the colours have room for, nil for Data alone
}

// steps returns the number of time steps, 0 without data.
func (a *Activity) steps() int {
	if a.Data == nil {
		return 0
	}
	return a.Data.Steps()
}

func (a *Activity) kind() string { return cmp.Or(a.Kind, "neuron") }

func (a *Activity) check(steps int) error {
	if a.steps() != steps || a.Data.Size() < 1 {
		return badData("%q has %d steps, expected %d of at least one neuron", a.Name, a.steps(), steps)
	}
	if v, analog := a.Data.(spike.Values); analog {
		for t := range steps {
			if !finite(v.At(t)...) {
				return badData("%q has values that are not finite at step %d", a.Name, t)
			}
		}
	}
	return nil
}

// overTime is an input with time from left to right and neuron 0 at the top.
func overTime(x spike.Input) picture {
	at := func(x, y int) float64 { return 0 }
	switch data := x.(type) {
	case spike.Values:
		at = func(x, y int) float64 { return float64(data.At(x)[y]) }
	case spike.Train:
		at = func(x, y int) float64 {
			if data.At(x).Get(y) {
				return 1
			}
			return 0
		}
	}
	return picture{x.Steps(), x.Size(), at}
}

// key returns the scale of the colours of the activity as it is drawn in w×h
// pixels, or nil if a mark a spike leaves something to see.
func (a *Activity) key(w, h int) *scale {
	all := a.Data
	if a.Whole != nil {
		all = a.Whole
	}
	p := overTime(all)
	spikes, isTrain := all.(spike.Train)
	if isTrain && p.width <= w && spikes.Count() <= maxMarks && (p.height <= 2*h || sparse(spikes, h)) {
		return nil
	}
	label := "share that spikes"
	if !isTrain {
		label = a.Unit
		if p.width > w || p.height > h {
			label = "mean " + label
		}
	}
	lo, hi := bounds(p.resample(min(w, p.width), min(h, p.height)))
	return &scale{colorMap: newColorMap(lo, hi), label: label}
}

// maxMarks bounds the marks of a panel, and with them the size of an SVG file.
const maxMarks = 50_000

// row returns the panel of an activity, with the names of its neurons if there are
// as many.
func (a *Activity) row(classes []string, height, width vg.Length) row {
	n := a.Data.Size()
	r := row{name: a.Name, height: height, key: a.key(dots(width), dots(height))}
	r.y = indexAxis(a.kind(), n, max(2, int(height/24)))
	if len(classes) == n {
		r.y = namedAxis("class", classes, height/vg.Length(n))
	}
	r.data = func(p *panel) {
		if r.key != nil {
			p.canvas.picture(p.area, overTime(a.Data), r.key.colorMap)
			return
		}
		p.marks(a.Data.(spike.Train)) // only spikes go without a key
	}
	return r
}

// keyed is r with the label of its key in its name, if that is too long for its place.
func (r row) keyed() row {
	if r.key != nil && textWidth(labelSize, r.key.label) > r.height+headingBand {
		r.name += ", " + r.key.label + " in colours"
		r.key.label = ""
	}
	return r
}

// channelsHeight is the height of n channels over time below others.
func channelsHeight(n int) vg.Length { return onGrid(max(45, min(vg.Length(n)*11.25, 110))) }

// marks draws one upright mark a spike, never less than what can be seen, and the
// larger the fewer there are in a step.
func (p *panel) marks(x spike.Train) {
	size, most := p.area.Size(), 1
	for t := range x.Steps() {
		most = max(most, x.At(t).Count())
	}
	cell := vg.Point{X: size.X / vg.Length(x.Steps()), Y: size.Y / vg.Length(x.Size())}
	height := max(0.7*cell.Y, 1.5, min(0.6*size.Y/vg.Length(most), 4.5))
	width := max(0.75, min(0.6*cell.X, height/2, 2.25))
	var points []vg.Point
	for t := range x.Steps() {
		mid := p.area.Min.X + (vg.Length(t)+0.5)*cell.X
		for j := range x.At(t).All() {
			y := p.py(float64(j))
			points = append(points, vg.Point{X: mid, Y: y - height/2}, vg.Point{X: mid, Y: y + height/2})
		}
	}
	p.segments(draw.LineStyle{Color: ink, Width: width}, points)
}

// sparse reports whether the spikes of a train hardly hide each other if each
// takes a few of h pixels.
func sparse(x spike.Train, h int) bool { return x.Count() <= x.Steps()*h/8 }

// dots returns a length in pixels.
func dots(x vg.Length) int { return int(math.Round(float64(x) * pixelsPerPoint)) }

// Raster draws the activity of an input and layers over the same time, one
// panel each: a mark a spike, or colours where there are more neurons than
// pixels and for analog values. The classes name the neurons of the last layer
// if there are as many.
func Raster(layers []Activity, classes []string, dt model.Millis) (*Figure, error) {
	if len(layers) < 1 || len(layers) > maxRows {
		return nil, badData("%d layers, expected 1 to %d", len(layers), maxRows)
	}
	steps := layers[0].steps()
	if err := checkTime(steps, dt); err != nil {
		return nil, err
	}
	var rows []row
	for i := range layers {
		a := &layers[i]
		if err := a.check(steps); err != nil {
			return nil, err
		}
		var names []string
		if i == len(layers)-1 {
			names = classes
		}
		n := a.Data.Size()
		height := onGrid(vg.Length(24 + 14*math.Log2(1+float64(n)/10)))
		if len(names) == n {
			height = max(height, min(vg.Length(n)*11.25, 225))
		}
		r := a.row(names, height, fullWidth-120)
		r.name += fmt.Sprintf(": %s %s", number(float64(n), 0), plural(n, a.kind()))
		if spikes, ok := a.Data.(spike.Train); ok {
			k := spikes.Count()
			r.name += fmt.Sprintf(", %s %s", number(float64(k), 0), plural(k, "spike"))
		}
		rows = append(rows, r.keyed())
	}
	s := stack{rows: rows, x: timeAxis(steps, dt)}
	return s.figure(), nil
}
