package asm

// tileWidth is the number of columns that lie together in a small Matrix: one
// word of spikes, and no more accumulators than every tier has registers.
const tileWidth = 64

// Matrix holds weights input-major for the kernels: row i is what a spike of
// input i adds to the outputs. Columns are padded to Lanes with zeros and cut
// into panels; each panel's rows follow each other.
//
// A matrix that the caches can hold is cut into panels of 64 columns: a kernel
// finishes one panel, its sums in registers, over many time steps before it
// goes on. A larger one is a single panel of whole rows, since memory is read
// at speed only in long runs.
type Matrix struct {
	rows, cols int
	panel      int // columns in a panel; the last one may have fewer
	data       []float32
}

// NewMatrix returns zeros for rows inputs and cols outputs.
func NewMatrix(rows, cols int) Matrix {
	m := Matrix{rows, cols, tileWidth, Floats(rows * Pad(cols))}
	if len(m.data) > streamFrom {
		m.panel = Pad(cols)
	}
	return m
}

// NewRows returns zeros for rows inputs and cols outputs, in whole rows.
func NewRows(rows, cols int) Matrix {
	return Matrix{rows, cols, Pad(cols), Floats(rows * Pad(cols))}
}

// Rows returns the number of inputs.
func (m *Matrix) Rows() int { return m.rows }

// Cols returns the number of outputs, without padding.
func (m *Matrix) Cols() int { return m.cols }

// InRows reports whether the weights lie in whole rows, not in panels.
func (m *Matrix) InRows() bool { return m.panel > tileWidth }

// Data returns all elements in storage order, padding included; code that
// treats all weights alike (optimisers) may use it.
func (m *Matrix) Data() []float32 { return m.data }

// At returns the weight from input i to output j.
func (m *Matrix) At(i, j int) float32 { return *m.at(i, j) }

// Set sets the weight from input i to output j.
func (m *Matrix) Set(i, j int, w float32) { *m.at(i, j) = w }

func (m *Matrix) at(i, j int) *float32 {
	data, stride := m.from(j)
	return &data[i*stride]
}

// from returns the elements from column j of row 0 on, and the distance to the
// same column of the next row.
func (m *Matrix) from(j int) (data []float32, stride int) {
	first := j - j%m.panel
	return m.data[first*m.rows+j-first:], m.width(first)
}

// width returns the padded width of the panel that starts at column first.
func (m *Matrix) width(first int) int { return min(m.panel, Pad(m.cols)-first) }

// Panels yields the first column and the elements of each panel; a panel has
// len(elements)/Rows columns.
func (m *Matrix) Panels() func(yield func(first int, elements []float32) bool) {
	return func(yield func(int, []float32) bool) {
		for first := 0; first < m.cols; first += m.panel {
			from, size := first*m.rows, m.rows*m.width(first)
			if !yield(first, m.data[from:from+size:from+size]) {
				return
			}
		}
	}
}
