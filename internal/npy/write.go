package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// headerAlign is what NumPy rounds the start of the elements up to.
const headerAlign = 64

// Write writes an array as a .npy file of version 1.0.
func (a *Array) Write(w io.Writer) error {
	order := "<"
	if a.Type.size() == 1 {
		order = "|"
	}
	var shape strings.Builder
	for i, d := range a.Shape {
		if i > 0 {
			shape.WriteString(", ")
		}
		shape.WriteString(strconv.Itoa(d))
	}
	if len(a.Shape) == 1 {
		shape.WriteString(",")
	}
	dict := fmt.Sprintf("{'descr': '%s%s', 'fortran_order': False, 'shape': (%s), }", order, a.Type, shape.String())
	start := len(magic) + 2 + 2
	pad := headerAlign - 1 - (start+len(dict))%headerAlign
	b := append([]byte(magic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(dict)+pad+1))
	b = append(b, dict...)
	b = append(b, strings.Repeat(" ", pad)+"\n"...)
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	if _, err := w.Write(a.data); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return nil
}
