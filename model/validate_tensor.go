package model

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// MaxVolume bounds the elements of a tensor: byte offsets into a layer's weights
// stay within an int32, so that a model that loads on one machine loads on a
// 32-bit one too.
const MaxVolume = math.MaxInt32 / 4

// validate checks a tensor that must have a shape of at most MaxVolume elements.
func (t *Tensor) validate(where, field string, shape []int) error {
	if !slices.Equal(t.Shape, shape) {
		return invalid("%s: %s has shape %v, expected %v", where, field, t.Shape, shape)
	}
	if t.F32 != nil && t.I8 != nil {
		return invalid("%s: %s has both f32 and i8 elements", where, field)
	}
	if n := volume(shape); t.Len() != n {
		return invalid("%s: %s has %d elements, its shape %v needs %d", where, field, t.Len(), shape, n)
	}
	if k := firstNotFinite(t.F32); k >= 0 {
		return invalid("%s: %s%s is %v, expected a finite number", where, field, place(k, shape), t.F32[k])
	}
	if t.I8 == nil && (len(t.Scale) > 0 || t.Integer) {
		return invalid("%s: %s has scales, but its elements are f32", where, field)
	}
	if t.Integer {
		return t.validateInteger(where, field)
	}
	if t.I8 != nil {
		if k := len(t.Scale); k != 1 && k != shape[0] {
			return invalid("%s: %s has %d scales, expected 1 or %d, one a row", where, field, k, shape[0])
		}
		for j, s := range t.Scale {
			// 128·scale must stay finite.
			if !(math.Abs(float64(s)) <= math.MaxFloat32/128) {
				return invalid("%s: %s scale[%d] is %v, expected a finite number below 2^121", where, field, j, s)
			}
		}
	}
	return nil
}

// place returns the index of element k of a tensor, such as [2,0].
func place(k int, shape []int) string {
	at := make([]string, len(shape))
	for axis, d := range slices.Backward(shape) {
		at[axis] = strconv.Itoa(k % d)
		k /= d
	}
	return "[" + strings.Join(at, ",") + "]"
}

// Volume returns the number of elements of a shape, which is valid if it has
// dimensions, all of at least 1, and at most MaxVolume elements.
func Volume(shape []int) (n int, valid bool) {
	n = min(len(shape), 1)
	for _, d := range shape {
		if d < 1 || n > MaxVolume/d {
			return 0, false
		}
		n *= d
	}
	return n, n > 0
}

// validShape checks that a shape is valid, so that volume can multiply its
// dimensions.
func validShape(where, field string, shape []int) error {
	if _, valid := Volume(shape); valid {
		return nil
	}
	switch {
	case len(shape) == 0:
		return invalid("%s: %s has no dimensions", where, field)
	case slices.Min(shape) < 1:
		return invalid("%s: %s is %v, expected dimensions of at least 1", where, field, shape)
	}
	return invalid("%s: %s is %v, more than %d elements", where, field, shape, MaxVolume)
}

func firstNotFinite(p []float32) int {
	// A finite number less itself is 0; four sums at once, since one waits for its last.
	var a, b, c, d float32
	q := p
	for ; len(q) >= 4; q = q[4:] {
		a += q[0] - q[0]
		b += q[1] - q[1]
		c += q[2] - q[2]
		d += q[3] - q[3]
	}
	for _, x := range q {
		a += x - x
	}
	if a+b+c+d == 0 {
		return -1
	}
	return slices.IndexFunc(p, func(x float32) bool { return x-x != 0 })
}
