package plot

import (
	"fmt"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// Trace is what one neuron did in a number of time steps.
type Trace struct {
	Name      string
	Membrane  []float32 // s after each step
	Threshold *float32  // V_th = −b; nil if the neuron does not spike
	Spikes    []int     // the steps at which it spiked
}

func (t *Trace) check(steps int) error {
	if len(t.Membrane) != steps {
		return badData("neuron %q has %d steps, expected %d", t.Name, len(t.Membrane), steps)
	}
	if !finite(t.Membrane...) || t.Threshold != nil && !finite(*t.Threshold) {
		return badData("neuron %q has a membrane or a threshold that is not finite", t.Name)
	}
	for _, s := range t.Spikes {
		if s < 0 || s >= steps {
			return badData("neuron %q spikes at step %d of %d", t.Name, s, steps)
		}
	}
	return nil
}

// row returns the panel of the trace's membrane.
func (t *Trace) row(name string, height vg.Length, dt model.Millis) row {
	lo, hi := bounds(t.Membrane)
	lo, hi = min(lo, 0), max(hi, 0)
	if t.Threshold != nil {
		lo, hi = min(lo, float64(*t.Threshold)), max(hi, float64(*t.Threshold))
	}
	lo, hi = withMargin(lo, hi, 0.06)
	return row{name: name, height: height, y: newAxis("membrane s", lo, hi, 4, false), data: func(p *panel) {
		if t.Threshold != nil {
			y := onGrid(p.py(float64(*t.Threshold)))
			p.StrokeLine2(limit, p.area.Min.X, y, p.area.Max.X, y)
		}
		points := make([]vg.Point, len(t.Membrane))
		for k, s := range t.Membrane {
			points[k] = p.point(middle(k, dt), float64(s))
		}
		p.line(curve, points)
	}}
}

// middle returns the middle of a time step in ms.
func middle(step int, dt model.Millis) float64 { return (float64(step) + 0.5) * float64(dt) }

// spikesRow is a flat panel of the spikes of one neuron.
func spikesRow(name string, steps []int, dt model.Millis) row {
	return row{name: name, height: 24, y: axis{min: 0, max: 1, bare: true}, data: func(p *panel) {
		p.upright(stroke, steps, dt, p.area.Min.Y, p.area.Max.Y)
	}}
}

// upright draws a stroke from bottom to top at each of some ascending steps, one
// where several fall on the same pixel.
func (p *panel) upright(sty draw.LineStyle, steps []int, dt model.Millis, bottom, top vg.Length) {
	var points []vg.Point
	for _, s := range steps {
		x := onGrid(p.px(middle(s, dt)))
		if n := len(points); n == 0 || points[n-1].X != x {
			points = append(points, vg.Point{X: x, Y: bottom}, vg.Point{X: x, Y: top})
		}
	}
	p.segments(sty, points)
}

// Neuron draws the input spikes of a single unit, what they do to its membrane,
// and its output spikes, all over the same time. The input has one channel.
func Neuron(input spike.Train, t Trace, dt model.Millis) (*Figure, error) {
	if input.Size() != 1 {
		return nil, badData("the input of a single unit has %d channels, expected 1", input.Size())
	}
	if err := checkTime(input.Steps(), dt); err != nil {
		return nil, err
	}
	if err := t.check(input.Steps()); err != nil {
		return nil, err
	}
	var in []int
	for s := range input.Steps() {
		if input.At(s).Get(0) {
			in = append(in, s)
		}
	}
	name := "membrane"
	if t.Threshold != nil {
		name = fmt.Sprintf("membrane, threshold %.4g (dashed)", *t.Threshold)
	}
	s := stack{x: timeAxis(input.Steps(), dt), rows: []row{
		spikesRow(fmt.Sprintf("input: %d %s", len(in), plural(len(in), "spike")), in, dt),
		t.row(name, 150, dt),
		spikesRow(fmt.Sprintf("output: %d %s", len(t.Spikes), plural(len(t.Spikes), "spike")), t.Spikes, dt),
	}}
	return s.figure(), nil
}

// Membranes draws the membranes of neurons with their thresholds and spikes,
// one panel a neuron.
func Membranes(traces []Trace, dt model.Millis) (*Figure, error) {
	if len(traces) < 1 || len(traces) > maxRows {
		return nil, badData("%d neurons, expected 1 to %d", len(traces), maxRows)
	}
	steps := len(traces[0].Membrane)
	if err := checkTime(steps, dt); err != nil {
		return nil, err
	}
	const band = 9 // of the spikes, at the top of a panel
	var rows []row
	spiking := false
	for i := range traces {
		t := &traces[i]
		if err := t.check(steps); err != nil {
			return nil, err
		}
		spiking = spiking || t.Threshold != nil
		r := t.row(t.Name, 66, dt)
		r.y.max += (r.y.max - r.y.min) * band / float64(r.height-band)
		r.y.label = ""
		membrane := r.data
		r.data = func(p *panel) {
			p.upright(stroke, t.Spikes, dt, p.area.Max.Y-band+3, p.area.Max.Y)
			membrane(p)
		}
		rows = append(rows, r)
	}
	entries := []entry{{name: "membrane", style: curve}}
	if spiking {
		entries = append(entries, entry{name: "threshold", style: limit}, entry{name: "spike", style: stroke, spike: true})
	}
	s := stack{rows: rows, x: timeAxis(steps, dt), label: "membrane s", legend: newLegend(entries, fullWidth/2)}
	return s.figure(), nil
}

func checkTime(steps int, dt model.Millis) error {
	if steps < 1 {
		return badData("%d time steps, expected at least 1", steps)
	}
	if !(dt > 0) || !finite(float64(dt)*float64(steps)) {
		return badData("a time step is %v ms, expected a time above 0", dt)
	}
	return nil
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
