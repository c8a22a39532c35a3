package asm

import "math"

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

func dotRowsGeneric(dst []float32, m *Matrix, rows []uint32, d []float32) {
	for k, r := range rows {
		var lanes [Lanes]float32
		for first := 0; first < m.cols; first += m.panel {
			data, width := m.from(first)
			row := data[int(r)*width:][:width]
			x := d[first:][:width]
			for j := 0; j < width; j += Lanes {
				a, b := row[j:j+Lanes:j+Lanes], x[j:j+Lanes:j+Lanes]
				for i := range lanes {
					lanes[i] += float32(a[i] * b[i])
				}
			}
		}
		for half := Lanes / 2; half > 0; half /= 2 {
			for i := range half {
				lanes[i] += lanes[i+half]
			}
		}
		dst[k] = lanes[0]
	}
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
