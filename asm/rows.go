package asm

// Like returns zeros for rows inputs and the outputs of m, in panels of the
// same columns.
func (m *Matrix) Like(rows int) Matrix {
	return Matrix{rows, m.cols, m.panel, Floats(rows * Pad(m.cols))}
}

// SetRow sets the weights of input i to row, which has Pad(Cols()) elements.
func (m *Matrix) SetRow(i int, row []float32) {
	for first, panel := range m.Panels() {
		width := m.width(first)
		copy(panel[i*width:(i+1)*width], row[first:])
	}
}

// Panel returns the elements of the panel that starts at column first, as
// Panels yields them.
func (m *Matrix) Panel(first int) []float32 {
	from, size := first*m.rows, m.rows*m.width(first)
	return m.data[from : from+size : from+size]
}
