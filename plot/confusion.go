package plot

import (
	"fmt"

	"gonum.org/v1/plot/vg"
)

// maxClasses bounds the classes of a confusion matrix.
const maxClasses = 128

// Confusion draws how samples of each class were classified: counts[i][j]
// samples of class i were taken for class j. Colours are shares of the row; a
// row without samples stays white. Counts are written into the cells where
// there is room for them.
func Confusion(counts [][]int, classes []string) (*Figure, error) {
	n := len(counts)
	if n < 1 || n > maxClasses || len(classes) != n {
		return nil, badData("%d rows with %d names, expected as many of both, 1 to %d", n, len(classes), maxClasses)
	}
	var total, correct int
	var widestCount vg.Length
	shares := make([]float64, 0, n*n) // in percent
	for i, row := range counts {
		if len(row) != n {
			return nil, badData("row %d of the confusion matrix has %d counts, expected %d", i, len(row), n)
		}
		sum := 0
		for _, k := range row {
			if k < 0 {
				return nil, badData("row %d of the confusion matrix has the count %d", i, k)
			}
			sum += k
			widestCount = max(widestCount, textWidth(tickSize, number(float64(k), 0)))
		}
		for _, k := range row {
			shares = append(shares, 100*float64(k)/float64(max(sum, 1)))
		}
		total += sum
		correct += row[i]
	}
	if total == 0 {
		return nil, badData("the confusion matrix counts no samples")
	}

	cell := onGrid(max(380/vg.Length(n), 3))
	cell = min(cell, max(60, onGrid(160/vg.Length(n))))
	side := cell * vg.Length(n)
	y := namedAxis("true class", classes, cell)
	var x axis
	x.min, x.max, x.label, x.bare = -0.5, float64(n)-0.5, "decided class", true
	for _, i := range labelled(n, cell, widest(y.ticks, tickSize)+4) {
		x.ticks = append(x.ticks, tick{float64(i), fit(classes[i], tickSize, nameWidth)})
	}
	key := scale{colorMap: colorMap{sequential, 0, 100}, label: "share of the true class (%)"}
	from := outerMargin + y.leftOf()
	width := max(from+side+panelGap+key.width(side)+outerMargin, 260)
	height := headingBand + side + below + outerMargin
	return &Figure{width: onGrid(width), height: height, draw: func(c canvas) {
		p := &panel{canvas: c, area: rect(from, outerMargin+below, side, side), x: x, y: y}
		c.picture(p.area, picture{n, n, func(i, j int) float64 { return shares[j*n+i] }}, key.colorMap)
		if widestCount+3 < cell && cell > tickSize {
			for k, share := range shares {
				if count := counts[k/n][k%n]; count > 0 {
					col := ink
					if key.dark(share) {
						col = white
					}
					c.textMiddle(p.px(float64(k%n)), p.py(float64(k/n)), center, tickSize, col, number(float64(count), 0))
				}
			}
		}
		p.axes(true)
		c.SetLineStyle(spine)
		c.Stroke(p.area.Path())
		p.heading(fmt.Sprintf("accuracy %.2f %%, %s of %s", 100*float64(correct)/float64(total), number(float64(correct), 0), number(float64(total), 0)))
		key.draw(c, p.area.Max.X+panelGap, p.area.Min.Y, side)
	}}, nil
}
