package plot

import "math"

// picture is a grid of values, row 0 at the top.
type picture struct {
	width, height int
	at            func(x, y int) float64
}

// resample returns the picture with w×h cells, row after row. A cell is the
// mean of the cells of the picture that it covers, or the one that it lies in.
func (p picture) resample(w, h int) []float64 {
	cells := make([]float64, w*h)
	columns := spans(p.width, w)
	for y, rows := range spans(p.height, h) {
		for x, cols := range columns {
			sum := 0.0
			for j := rows.from; j < rows.to; j++ {
				for i := cols.from; i < cols.to; i++ {
					sum += p.at(i, j)
				}
			}
			cells[y*w+x] = sum / float64((rows.to-rows.from)*(cols.to-cols.from))
		}
	}
	return cells
}

type span struct{ from, to int }

// spans distributes n cells over m, at least one each.
func spans(n, m int) []span {
	s := make([]span, m)
	for k := range s {
		from := int(int64(k) * int64(n) / int64(m))
		to := int(int64(k+1) * int64(n) / int64(m))
		s[k] = span{from, max(to, from+1)}
	}
	return s
}

// bounds returns the least and the greatest value.
func bounds[T float32 | float64](values []T) (lo, hi float64) {
	lo, hi = float64(values[0]), float64(values[0])
	for _, v := range values {
		lo, hi = min(lo, float64(v)), max(hi, float64(v))
	}
	return lo, hi
}

// finite reports whether there is no NaN and no infinity among values, nor
// anything so large that the arithmetic of an axis may overflow.
func finite[T float32 | float64](values ...T) bool {
	for _, v := range values {
		if !(math.Abs(float64(v)) < 1e100) {
			return false
		}
	}
	return true
}

// whole reports whether all values are whole numbers.
func whole(values []float32) bool {
	for _, v := range values {
		if float64(v) != math.Trunc(float64(v)) {
			return false
		}
	}
	return true
}
