package asm

// PanelWidth is the number of columns that lie together in a Matrix: four
// words of spikes, and as many accumulators as the widest tier keeps in
// registers.
const PanelWidth = 256

// Matrix holds weights input-major for the kernels: row i is what a spike of
// input i adds to the outputs. Columns are padded to Lanes with zeros and cut
// into panels of PanelWidth (the last one may be narrower); each panel's rows
// follow each other.
type Matrix struct {
	rows, cols int
	data       []float32
}

// NewMatrix returns zeros for rows inputs and cols outputs.
func NewMatrix(rows, cols int) Matrix {
	return Matrix{rows, cols, Floats(rows * Pad(cols))}
}

// Rows returns the number of inputs.
func (m *Matrix) Rows() int { return m.rows }

// Cols returns the number of outputs, without padding.
func (m *Matrix) Cols() int { return m.cols }

// Data returns all elements in storage order, padding included; code that
// treats all weights alike (optimisers) may use it.
func (m *Matrix) Data() []float32 { return m.data }

// At returns the weight from input i to output j.
func (m *Matrix) At(i, j int) float32 { return m.data[m.offset(i, j)] }

// Set sets the weight from input i to output j.
func (m *Matrix) Set(i, j int, w float32) { m.data[m.offset(i, j)] = w }

// SetRow copies the weights of input i to all outputs from row, which has
// Pad(Cols()) elements.
func (m *Matrix) SetRow(i int, row []float32) {
	for first, panel := range m.Panels() {
		width := m.width(first)
		copy(panel[i*width:(i+1)*width], row[first:])
	}
}

func (m *Matrix) offset(i, j int) int {
	first := j &^ (PanelWidth - 1)
	return first*m.rows + i*m.width(first) + j - first
}

// width returns the padded width of the panel that starts at column first.
func (m *Matrix) width(first int) int { return min(PanelWidth, Pad(m.cols)-first) }

// Panel returns the elements of the panel that starts at column first, a
// multiple of PanelWidth; it has len/Rows columns.
func (m *Matrix) Panel(first int) []float32 {
	from, size := first*m.rows, m.rows*m.width(first)
	return m.data[from : from+size : from+size]
}

// Panels yields the first column and the elements of each panel.
func (m *Matrix) Panels() func(yield func(first int, elements []float32) bool) {
	return func(yield func(int, []float32) bool) {
		for first := 0; first < m.cols; first += PanelWidth {
			if !yield(first, m.Panel(first)) {
				return
			}
		}
	}
}
