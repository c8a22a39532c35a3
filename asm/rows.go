package asm

// Like returns zeros for rows inputs and the outputs of m, in panels of the
// same columns.
func (m *Matrix) Like(rows int) Matrix {
	return Matrix{rows, m.cols, m.panel, Floats(rows * Pad(m.cols))}
}

// Row returns the weights of input i, padding included, of a matrix in whole
// rows.
func (m *Matrix) Row(i int) []float32 {
	return m.data[i*m.panel : (i+1)*m.panel : (i+1)*m.panel]
}

// Panel returns the elements of the panel that starts at column first, as
// Panels yields them.
func (m *Matrix) Panel(first int) []float32 {
	from, size := first*m.rows, m.rows*m.width(first)
	return m.data[from : from+size : from+size]
}
