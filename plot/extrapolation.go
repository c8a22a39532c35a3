package plot

import (
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/snurun/snurun/model"
)

// Extrapolated is what a network makes of an input that lasts longer than those
// that it was trained on.
type Extrapolated struct {
	Input    Frame    // the sum of all steps
	Channels Activity // or, if it has data, an input that is no picture, over the same time
	Output   Activity // of the last layer, one neuron a class
	Scores   []float32
	Classes  []string
	Class    int // decided
	Trained  int // steps in training, 0 if unknown

	Most []float32 // scores that bars leave room for beside these
}

// Extrapolation draws the summed input beside the output over all steps, or channels
// above it, and the scores that it adds up to; the time known from training is shaded.
func Extrapolation(e Extrapolated, dt model.Millis) (*Figure, error) {
	channels := e.Channels.Data != nil
	if channels {
		if err := e.Channels.check(e.Output.steps()); err != nil {
			return nil, err
		}
	} else if err := e.Input.check(); err != nil {
		return nil, err
	}
	if err := checkTime(e.Output.steps(), dt); err != nil {
		return nil, err
	}
	if err := e.Output.check(e.Output.steps()); err != nil {
		return nil, err
	}
	n := e.Output.Data.Size()
	if n > maxClasses || len(e.Classes) != n || len(e.Scores) != n || !finite(e.Scores...) || e.Class < 0 || e.Class >= n {
		return nil, badData("%d outputs with %d class names, %d scores and class %d, expected as many of each, up to %d, all finite", n, len(e.Classes), len(e.Scores), e.Class, maxClasses)
	}

	const inputSide = 168
	const barsWidth = 84
	height := max(min(vg.Length(n)*15, 300), inputSide)
	inputWidth := vg.Length(0)
	var input row
	if channels {
		input = e.Channels.row(nil, channelsHeight(e.Channels.Data.Size()), fullWidth-barsWidth-120).keyed()
	} else {
		inputWidth, _ = e.Input.room(inputSide)
		inputWidth += 2 * panelGap
	}
	output := e.Output.row(e.Classes, height, fullWidth-inputWidth-barsWidth-120)
	if e.Trained = min(max(e.Trained, 0), e.Output.steps()); e.Trained > 0 {
		where := "shaded"
		if output.key != nil {
			where = "to the line"
		}
		output.name += " (" + where + ": as long as in training)"
	}
	x := timeAxis(e.Output.steps(), dt)
	if len(x.ticks) > 6 && !channels {
		x.ticks = ticksOf(x.min, x.max, 6, false)
	}
	total := headingBand + height + below + outerMargin
	if channels {
		total += headingBand + input.height + panelGap
	}
	return &Figure{width: fullWidth, height: total, draw: func(c canvas) {
		bottom := vg.Length(outerMargin + below)
		from := outerMargin + inputWidth + max(output.y.leftOf(), input.y.leftOf())
		width := fullWidth - outerMargin - barsWidth - 2*panelGap - from
		if output.key != nil {
			width -= panelGap + output.key.width(height)
		}
		width = max(width, 30)
		if channels {
			above := &panel{canvas: c, area: rect(from, bottom+height+panelGap+headingBand, width, input.height), x: x, y: input.y}
			input.data(above)
			above.axes(false)
			above.heading(input.name)
			if input.key != nil {
				input.key.draw(c, above.area.Max.X+panelGap, above.area.Min.Y, input.height)
			}
		} else {
			e.Input.draw(c, outerMargin, bottom+height, inputSide)
		}
		p := &panel{canvas: c, area: rect(from, bottom, width, height), x: x, y: output.y}
		shade := p.area
		shade.Max.X = onGrid(p.px(float64(e.Trained) * float64(dt)))
		if output.key == nil {
			c.fill(shade, wash)
		}
		output.data(p)
		p.axes(true)
		p.heading(output.name)
		if output.key != nil {
			output.key.draw(c, p.area.Max.X+panelGap, bottom, height)
			if e.Trained > 0 {
				c.StrokeLine2(draw.LineStyle{Color: ink, Width: 1.5}, shade.Max.X, shade.Min.Y, shade.Max.X, shade.Max.Y)
			}
		}
		e.bars(c, rect(fullWidth-outerMargin-barsWidth, bottom, barsWidth, height), output.y)
	}}, nil
}

// bars draws the scores as bars in line with the rows of the output.
func (e *Extrapolated) bars(c canvas, area vg.Rectangle, y axis) {
	lo, hi := bounds(append(slices.Clone(e.Most), e.Scores...))
	lo, hi = min(lo, 0), max(hi, 0)
	if lo == hi {
		hi = 1
	}
	decimals := 0
	if !whole(e.Scores) {
		decimals = significant(max(-lo, hi) / 100)
	}
	labels := make([]string, len(e.Scores))
	var room vg.Length
	for j, s := range e.Scores {
		labels[j] = number(float64(s), decimals)
		room = max(room, textWidth(tickSize, labels[j]))
	}
	p := &panel{canvas: c, area: area, x: axis{min: lo, max: hi}, y: y}
	p.area.Max.X -= room + tickGap
	p.heading("score")
	pitch := area.Size().Y / vg.Length(len(e.Scores))
	zero := onGrid(p.px(0))
	for j, s := range e.Scores {
		at := p.py(float64(j))
		col := gray
		if j == e.Class {
			col = blue
		}
		end := p.px(float64(s))
		c.fill(rect(min(zero, end), at-0.3*pitch, max(zero, end)-min(zero, end), 0.6*pitch), col)
		if pitch > tickSize {
			c.textMiddle(area.Max.X, at, right, tickSize, ink, labels[j])
		}
	}
	c.StrokeLine2(spine, zero, area.Min.Y, zero, area.Max.Y)
}
