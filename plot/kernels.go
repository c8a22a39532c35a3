package plot

import "gonum.org/v1/plot/vg"

// maxHeight is what a figure of kernels takes at most, if pixels allow.
const maxHeight = 420

// Kernels draws the kernels of a convolution, pictures of one shape: a column an
// output channel, headed by the names of its kernels, and a row an input channel;
// inputs names the rows. All kernels share one scale of colours centred at 0.
// More columns than fit beside each other go on below.
func Kernels(kernels [][]Frame, inputs []string) (*Figure, error) {
	if len(kernels) < 1 || len(kernels) != len(inputs) {
		return nil, badData("%d rows of kernels with %d names", len(kernels), len(inputs))
	}
	var all []Frame
	for i, row := range kernels {
		if len(row) != len(kernels[0]) {
			return nil, badData("%d kernels in row %d, %d in row 0", len(row), i, len(kernels[0]))
		}
		all = append(all, row...)
	}
	key, err := fieldScale(all)
	if err != nil {
		return nil, err
	}
	n := len(kernels[0])
	side := vg.Length(outerMargin + labelGap)
	for _, name := range inputs {
		side = max(side, outerMargin+min(textWidth(tickSize, name), nameWidth)+labelGap)
	}
	room := vg.Length(fullWidth) - side - panelGap - key.width(maxHeight) - outerMargin
	columns, largest := kernelColumns(&all[0], len(kernels), n, room)
	w, h := all[0].size(largest)
	block := kernelBlock(len(kernels), h)
	blocks := (n + columns - 1) / columns
	height := max(vg.Length(blocks)*block-fieldGap, 60)
	end := side + vg.Length(min(columns, n))*(w+kernelGap) + panelGap
	return &Figure{width: onGrid(end + key.width(height-tickSize) + outerMargin), height: height + 2*outerMargin, draw: func(c canvas) {
		for j := range n {
			top := height + outerMargin - vg.Length(j/columns)*block - tickSize
			x := side + vg.Length(j%columns)*(w+kernelGap)
			for i := range kernels {
				area := rect(x, top-vg.Length(i)*(h+kernelGap)-h, w, h)
				c.picture(area, kernels[i][j].picture(), key.colorMap)
				c.SetLineStyle(gridOf)
				c.Stroke(area.Path())
				if j%columns == 0 && h >= tickSize {
					c.textMiddle(side-labelGap, (area.Min.Y+area.Max.Y)/2, right, tickSize, ink, fit(inputs[i], tickSize, nameWidth))
				}
			}
			if name := kernels[0][j].Name; textWidth(tickSize-2, name) <= w+kernelGap {
				c.text(onGrid(x), top+2, left, tickSize-2, gray, name)
			}
		}
		key.draw(c, end, outerMargin, height-tickSize)
	}}, nil
}

// kernelGap lies between kernels.
const kernelGap = 1.5

// kernelBlock is the height of one line of rows of kernels, with names.
func kernelBlock(rows int, height vg.Length) vg.Length {
	return vg.Length(rows)*(height+kernelGap) + tickSize + fieldGap
}

// kernelColumns returns how many of n columns of kernels like f stand beside
// each other, and the side of a kernel, which is as large as may be.
func kernelColumns(f *Frame, rows, n int, room vg.Length) (columns int, side vg.Length) {
	most := vg.Length(0)
	for k := 1; k <= n; k++ {
		blocks := vg.Length((n + k - 1) / k)
		high := (maxHeight/blocks - kernelBlock(rows, 0)) / vg.Length(rows)
		s := max(1, min(room/vg.Length(k)-kernelGap, high, 60))
		if w, _ := f.size(s); w >= most {
			columns, side, most = k, s, w
		}
	}
	return columns, side
}
