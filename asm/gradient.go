package asm

import "math"

// SumRows adds rows of src to rows of dst: row i of dst grows by the rows of
// src that in lists for "step" i, each times its value if in.Values is set, in
// list order. dst has len(in.Ends) rows and as many columns as src. With src
// the errors δ of all samples and steps, and in the steps at which each input
// spiked, it is the weight gradient.
func SumRows(dst, src *Matrix, in *Inputs) {
	for first := 0; first < src.cols; first += PanelWidth {
		sumRowsPanel(dst, src, in, first)
	}
}

// DotRows sets dst[k] to the product of row rows[k] of m and d, which has
// Pad(m.Cols()) elements. Lane i of 16 sums the products of columns i, i+16, …
// ascending; then lanes i and i+8 are added, i and i+4, i and i+2, i and i+1.
func DotRows(dst []float32, m *Matrix, rows []uint32, d []float32) {
	dotRows(dst, m, rows, d)
}

// AdamStep is one step of the optimiser Adam (Kingma & Ba, arXiv:1412.6980)
// with decoupled weight decay (Loshchilov & Hutter, arXiv:1711.05101) for one
// slice of parameters.
type AdamStep struct {
	Rate    float32 // learning rate · √(1−β₂ᵗ)/(1−β₁ᵗ)
	Epsilon float32 // ε · √(1−β₂ᵗ)
	Beta1   float32
	Beta2   float32
	Shrink  float32 // learning rate · weight decay
}

// Apply updates w and its moments m and v by the gradient g, elementwise:
//
//	m = β₁·m + (1−β₁)·g
//	v = β₂·v + ((1−β₂)·g)·g
//	w = (w − Shrink·w) − (Rate·m)/(√v + Epsilon)
func (a AdamStep) Apply(w, m, v, g []float32) { adam(&a, w, m, v, g) }

func sumRowsPanelGeneric(dst, src *Matrix, in *Inputs, first int) {
	width := src.width(first)
	to, panel := dst.data[first*dst.rows:], src.data[first*src.rows:]
	from := int32(0)
	for i, end := range in.Ends {
		row := to[i*width : (i+1)*width]
		if in.Values == nil {
			addRows(row, panel, in.Rows[from:end])
		} else {
			addScaledRows(row, panel, in.Rows[from:end], in.Values[from:end])
		}
		from = end
	}
}

func dotRowsGeneric(dst []float32, m *Matrix, rows []uint32, d []float32) {
	for k, r := range rows {
		var lanes [Lanes]float32
		for first, panel := range m.Panels() {
			width := m.width(first)
			row := panel[int(r)*width:][:width]
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

func adamGeneric(a *AdamStep, w, m, v, g []float32) {
	m, v, g = m[:len(w)], v[:len(w)], g[:len(w)]
	c1, c2 := 1-a.Beta1, 1-a.Beta2
	for i := range w {
		m[i] = float32(a.Beta1*m[i]) + float32(c1*g[i])
		v[i] = float32(a.Beta2*v[i]) + float32(float32(c2*g[i])*g[i])
		step := float32(a.Rate*m[i]) / (float32(math.Sqrt(float64(v[i]))) + a.Epsilon)
		w[i] = (w[i] - float32(a.Shrink*w[i])) - step
	}
}
