package plot

import (
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/snurun/snurun/model"
)

// tick is a marked place of an axis.
type tick struct {
	at    float64
	label string
}

// axis is one side of a panel.
type axis struct {
	min, max float64
	label    string // with its unit
	ticks    []tick
	bare     bool // neither line nor marks: names only
}

// newAxis returns an axis with about count ticks at round numbers, or at whole
// numbers only.
func newAxis(label string, lo, hi float64, count int, whole bool) axis {
	return axis{min: lo, max: hi, label: label, ticks: ticksOf(lo, hi, count, whole)}
}

// upToTick extends an axis to one more tick, unless it ends at one.
func upToTick(a axis) axis {
	if n := len(a.ticks); n > 1 && a.ticks[n-1].at < a.max {
		a.max = 2*a.ticks[n-1].at - a.ticks[n-2].at
		a.ticks = ticksOf(a.min, a.max, n+1, false)
	}
	return a
}

// timeAxis returns the axis of a number of time steps; a step t takes from t·Δt
// to (t+1)·Δt.
func timeAxis(steps int, dt model.Millis) axis {
	return newAxis("time (ms)", 0, float64(steps)*float64(dt), 11, false)
}

// indexAxis returns the axis of n neurons, the first at the top.
func indexAxis(label string, n, count int) axis {
	a := newAxis(label, -0.5, float64(n)-0.5, count, true)
	a.min, a.max = a.max, a.min
	return a
}

// nameWidth bounds the names of classes and layers beside a panel.
const nameWidth = 78

// namedAxis returns an axis of one place a name, from top to bottom at 0, 1,
// 2, …, pitch apart.
func namedAxis(label string, names []string, pitch vg.Length) axis {
	a := axis{min: float64(len(names)) - 0.5, max: -0.5, label: label, bare: true}
	for _, i := range labelled(len(names), pitch, 1.1*tickSize) {
		a.ticks = append(a.ticks, tick{float64(i), fit(names[i], tickSize, nameWidth)})
	}
	return a
}

// labelled returns which of n places, pitch apart, have a label that takes
// need: every k-th.
func labelled(n int, pitch, need vg.Length) []int {
	every := max(1, int(math.Ceil(float64(need/pitch))))
	var places []int
	for i := 0; i < n; i += every {
		places = append(places, i)
	}
	return places
}

// withMargin widens a range by a share on both sides, or a single value to a
// range around it.
func withMargin(lo, hi, share float64) (float64, float64) {
	d := (hi - lo) * share
	if d == 0 {
		d = max(math.Abs(lo)*share, 0.5)
	}
	return lo - d, hi + d
}

// ticksOf returns up to count ticks between lo and hi, 1, 2 or 5 times a power
// of ten apart; where that leaves less than two, the outermost numbers of two
// digits.
func ticksOf(lo, hi float64, count int, whole bool) []tick {
	if !(hi > lo) || math.IsInf(hi-lo, 0) {
		return nil
	}
	power := func(width float64) float64 {
		exponent := math.Floor(math.Log10(width))
		if whole {
			exponent = max(exponent, 0)
		}
		return math.Pow(10, exponent)
	}
	slack := (hi - lo) * 1e-9
	var step, first, last float64
	for _, k := range []float64{1, 2, 5, 10} {
		step = k * power((hi-lo)/float64(count))
		first, last = math.Ceil((lo-slack)/step), math.Floor((hi+slack)/step)
		if last-first < float64(count) {
			break
		}
	}
	stride := 1.0
	if last <= first && count > 1 {
		step = power((hi - lo) / 10)
		first, last = math.Ceil((lo-slack)/step), math.Floor((hi+slack)/step)
		stride = max(last-first, 1)
	}
	if step == 0 {
		return nil
	}
	decimals := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	var ticks []tick
	for i := range count + 1 {
		v := (first + float64(i)*stride) * step
		if v > hi+slack {
			break
		}
		ticks = append(ticks, tick{v, number(v, decimals)})
	}
	return ticks
}

// number writes v with a true minus sign and thousands set apart; very large
// and very small numbers have an exponent.
func number(v float64, decimals int) string {
	if v == 0 {
		return "0"
	}
	if math.Abs(v) >= 1e9 || decimals > 4 {
		return strings.ReplaceAll(strconv.FormatFloat(v, 'g', 3, 64), "-", "−")
	}
	digits, fraction, _ := strings.Cut(strconv.FormatFloat(math.Abs(v), 'f', decimals, 64), ".")
	for n := len(digits) - 3; n > 0; n -= 3 {
		digits = digits[:n] + "," + digits[n:]
	}
	if fraction != "" {
		digits += "." + fraction
	}
	if v < 0 {
		return "−" + digits
	}
	return digits
}

func widest(ticks []tick, size vg.Length) vg.Length {
	var w vg.Length
	for _, t := range ticks {
		w = max(w, textWidth(size, t.label))
	}
	return w
}

// leftOf returns the room that the axis takes to the left of its panel.
func (a *axis) leftOf() vg.Length {
	w := widest(a.ticks, tickSize) + tickGap
	if !a.bare {
		w += tickLength
	}
	if a.label != "" {
		w += labelGap + labelSize
	}
	return w
}

// below is the room that a horizontal axis takes under its panel, and toLabel
// the part of it above the baseline of the label.
const (
	toLabel = tickLength + tickGap + tickSize*capHeight + labelGap + 2 + labelSize*capHeight
	below   = toLabel + 3
)

// panel is one system of axes.
type panel struct {
	canvas
	area vg.Rectangle
	x, y axis
	grid bool // lines across the panel at the ticks of y
}

// px and py return where a value lies.
func (p *panel) px(v float64) vg.Length {
	return p.area.Min.X + vg.Length((v-p.x.min)/(p.x.max-p.x.min))*p.area.Size().X
}

func (p *panel) py(v float64) vg.Length {
	return p.area.Min.Y + vg.Length((v-p.y.min)/(p.y.max-p.y.min))*p.area.Size().Y
}

func (p *panel) point(x, y float64) vg.Point { return vg.Point{X: p.px(x), Y: p.py(y)} }

// line draws a curve through points from left to right, with dots on them where
// they are few. A stroke takes time by the square of its points: one of very many
// is drawn in pieces.
func (p *panel) line(sty draw.LineStyle, points []vg.Point) {
	if kept := thin(points); len(kept) < len(points) {
		const piece = 32
		for i := 0; i == 0 || i+1 < len(kept); i += piece {
			p.StrokeLines(sty, kept[i:min(i+piece+1, len(kept))])
		}
		return
	}
	p.StrokeLines(sty, points)
	if len(points) <= 20 {
		p.dots(points, 1.2*sty.Width, sty.Color)
	}
}

// thin returns points from left to right or, if they are more than two a column
// of pixels, the lowest and the highest of each column: the curve through them
// looks the same.
func thin(points []vg.Point) []vg.Point {
	n := len(points)
	if n == 0 || n <= 2*dots(points[n-1].X-points[0].X) {
		return points
	}
	var kept []vg.Point
	for from := 0; from < n; {
		lowest, highest, to := from, from, from
		for ; to < n && dots(points[to].X) == dots(points[from].X); to++ {
			if points[to].Y < points[lowest].Y {
				lowest = to
			}
			if points[to].Y > points[highest].Y {
				highest = to
			}
		}
		kept = append(kept, points[min(lowest, highest)])
		if lowest != highest {
			kept = append(kept, points[max(lowest, highest)])
		}
		from = to
	}
	return kept
}

// back draws what lies behind the data.
func (p *panel) back() {
	if !p.grid {
		return
	}
	for _, t := range p.y.ticks {
		y := onGrid(p.py(t.at))
		p.StrokeLine2(gridOf, p.area.Min.X, y, p.area.Max.X, y)
	}
}

// axes draws both axes; without labels below, the horizontal one has only its
// line and marks.
func (p *panel) axes(labelsBelow bool) {
	a := p.area
	for _, t := range p.y.ticks {
		y := onGrid(p.py(t.at))
		x := a.Min.X - tickGap
		if !p.y.bare {
			p.StrokeLine2(spine, a.Min.X-tickLength, y, a.Min.X, y)
			x -= tickLength
		}
		p.textMiddle(x, y, right, tickSize, ink, t.label)
	}
	if p.y.label != "" {
		p.textUp(a.Min.X-p.y.leftOf()+labelSize*capHeight, (a.Min.Y+a.Max.Y)/2, labelSize, ink, p.y.label)
	}
	if !p.y.bare {
		p.StrokeLine2(spine, a.Min.X, a.Min.Y-spine.Width/2, a.Min.X, a.Max.Y)
	}
	p.StrokeLine2(spine, a.Min.X, a.Min.Y, a.Max.X, a.Min.Y)
	for _, t := range p.x.ticks {
		x := onGrid(p.px(t.at))
		if !p.x.bare {
			p.StrokeLine2(spine, x, a.Min.Y-tickLength, x, a.Min.Y)
		}
		if labelsBelow {
			p.text(x, a.Min.Y-tickLength-tickGap-tickSize*capHeight, center, tickSize, ink, t.label)
		}
	}
	if labelsBelow && p.x.label != "" {
		p.text((a.Min.X+a.Max.X)/2, a.Min.Y-toLabel, center, labelSize, ink, p.x.label)
	}
}

// heading writes the panel's name above it.
func (p *panel) heading(text string) {
	room := p.Max.X - outerMargin - p.area.Min.X
	p.text(p.area.Min.X, p.area.Max.Y+6, left, labelSize, ink, fit(text, labelSize, room))
}

// significant returns the decimals that show two digits of a value, at most 3.
func significant(v float64) int {
	if v <= 0 {
		return 0
	}
	return min(max(1-int(math.Floor(math.Log10(v))), 0), 3)
}
