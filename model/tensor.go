package model

// Tensor holds weights in logical order, [out, in] as in PyTorch. Exactly one
// of F32 and I8 is used.
type Tensor struct {
	Shape []int
	F32   []float32
	// I8 holds quantised weights; element k of row j stands for the float32
	// product Scale[j]·I8[k], or Scale[0]·I8[k] if there is one scale.
	I8    []int8
	Scale []float32
	// Integer says how a layer sums such weights: as integers that are scaled
	// afterwards, see the package. Without it, it sums the products.
	Integer bool
}

// Matrix returns a float32 tensor of shape [out, in] over data.
func Matrix(out, in int, data []float32) Tensor {
	return Tensor{Shape: []int{out, in}, F32: data}
}

// Len returns the number of elements.
func (t *Tensor) Len() int {
	if t.I8 != nil {
		return len(t.I8)
	}
	return len(t.F32)
}

// Bytes returns the size of the elements as stored.
func (t *Tensor) Bytes() int {
	if t.I8 != nil {
		return len(t.I8) + 4*len(t.Scale)
	}
	return 4 * len(t.F32)
}

// Float32 returns the tensor of the float32 numbers that the elements stand for.
// It is the tensor itself, not a copy, if it is float32.
func (t *Tensor) Float32() Tensor {
	if t.I8 == nil {
		return *t
	}
	f := Tensor{Shape: t.Shape, F32: make([]float32, 0, len(t.I8))}
	var row []float32
	for j := range t.Shape[0] {
		row = t.Row(j, row)
		f.F32 = append(f.F32, row...)
	}
	return f
}

// Row returns row j of a tensor whose first dimension is the rows, as float32,
// in dst if it is quantised (dst grows as needed), else without a copy.
func (t *Tensor) Row(j int, dst []float32) []float32 {
	n := t.Len() / t.Shape[0]
	if t.I8 == nil {
		return t.F32[j*n : (j+1)*n]
	}
	scale := t.Scale[0]
	if len(t.Scale) > 1 {
		scale = t.Scale[j]
	}
	dst = dst[:0]
	for _, q := range t.I8[j*n : (j+1)*n] {
		dst = append(dst, float32(scale*float32(q)))
	}
	return dst
}
