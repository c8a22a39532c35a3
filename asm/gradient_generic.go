package asm

import (
	"math"
	"math/bits"
)

func sumRowsGeneric(dst, src *Matrix, in *Inputs) {
	for first := 0; first < src.cols; {
		width := min(src.block(first), dst.block(first))
		data, stride := src.from(first)
		to, toStride := dst.from(first)
		from := int32(0)
		for i, end := range in.Ends {
			addRows(to[i*toStride:][:width], data, stride, in, from, end)
			from = end
		}
		first += width
	}
}

func sumSpikesGeneric(dst, src *Matrix, first, rows int, spikes []uint64, stride int) {
	for column := 0; column < src.cols; {
		width := min(src.block(column), dst.block(column))
		from, fromStride := src.from(column)
		to, toStride := dst.from(column)
		for i := range rows {
			sum := to[i*toStride:][:width]
			for word := spikes[i*stride]; word != 0; word &= word - 1 {
				row := from[(first+bits.TrailingZeros64(word))*fromStride:][:width]
				for j, v := range row {
					sum[j] += v
				}
			}
		}
		column += width
	}
}

func dotRowsGeneric(dst []float32, m *Matrix, rows []uint32, d []float32) {
	for k, r := range rows {
		var lanes [Lanes]float32
		for first := 0; first < m.cols; first += m.panel {
			addProducts(&lanes, m.part(int(r), first), d[first:])
		}
		dst[k] = fold(lanes)
	}
}

func dotStepsGeneric(dst []float32, inputs int, w, d *Matrix, first int, steps *Steps) {
	n := steps.n
	for base := 0; base < len(steps.words); base += n {
		for i, word := range steps.words[base:][:inputs] {
			for ; word != 0; word &= word - 1 {
				t := base/n*stepsWord + bits.TrailingZeros32(word)
				var lanes [Lanes]float32
				for column := 0; column < w.cols; column += w.panel {
					addProducts(&lanes, w.part(i, column), d.part(first+t, column))
				}
				dst[t*n+i] = fold(lanes)
			}
		}
	}
}

// part returns the part of row i that lies in the panel that starts at column
// first.
func (m *Matrix) part(i, first int) []float32 {
	data, width := m.from(first)
	return data[i*width:][:width]
}

// addProducts adds the products of a and b to lanes.
func addProducts(lanes *[Lanes]float32, a, b []float32) {
	for j := 0; j < len(a); j += Lanes {
		a, b := a[j:j+Lanes:j+Lanes], b[j:j+Lanes:j+Lanes]
		for i := range lanes {
			lanes[i] += float32(a[i] * b[i])
		}
	}
}

// fold adds up the lanes.
func fold(lanes [Lanes]float32) float32 {
	for half := Lanes / 2; half > 0; half /= 2 {
		for i := range half {
			lanes[i] += lanes[i+half]
		}
	}
	return lanes[0]
}

func adamGeneric(a AdamStep, w, m, v, g []float32) {
	m, v, g = m[:len(w)], v[:len(w)], g[:len(w)]
	c1, c2 := 1-a.Beta1, 1-a.Beta2
	for i := range w {
		m[i] = float32(a.Beta1*m[i]) + float32(c1*g[i])
		v[i] = float32(a.Beta2*v[i]) + float32(float32(c2*g[i])*g[i])
		step := float32(a.Rate*m[i]) / (float32(math.Sqrt(float64(v[i]))) + a.Epsilon)
		w[i] = (w[i] - float32(a.Shrink*w[i])) - step
	}
}
