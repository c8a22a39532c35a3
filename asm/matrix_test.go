package asm

import (
	"testing"
	"unsafe"
)

// layouts are the two ways a Matrix lies in memory, for any size.
var layouts = map[string]func(m *Matrix){
	"panels": func(m *Matrix) { m.panel = tileWidth },
	"rows":   func(m *Matrix) { m.panel = Pad(m.cols) },
}

func TestMatrixLayout(t *testing.T) {
	for name, lay := range layouts {
		for _, cols := range []int{1, 15, 16, 17, 63, 64, 65, 100, 128, 300} {
			const rows = 7
			m := NewMatrix(rows, cols)
			lay(&m)
			for i := range rows {
				for j := range cols {
					m.Set(i, j, float32(1000*i+j+1))
				}
			}
			seen := 0
			for first, panel := range m.Panels() {
				width := len(panel) / rows
				if width%Lanes != 0 {
					t.Fatalf("%s, %d columns: a panel of %d", name, cols, width)
				}
				for i := range rows {
					for k, w := range panel[i*width : (i+1)*width] {
						j := first + k
						want := float32(0)
						if j < cols {
							want = float32(1000*i + j + 1)
							seen++
							if m.At(i, j) != want {
								t.Fatalf("%s, %d columns: At(%d, %d) is %v, expected %v", name, cols, i, j, m.At(i, j), want)
							}
						}
						if w != want {
							t.Fatalf("%s, %d columns: row %d, column %d of the panels is %v, expected %v", name, cols, i, j, w, want)
						}
					}
				}
			}
			if seen != rows*cols {
				t.Fatalf("%s, %d columns: the panels hold %d elements of %d", name, cols, seen, rows*cols)
			}
		}
	}
}

func TestMatrixChoosesLayout(t *testing.T) {
	small, large := NewMatrix(256, 256), NewMatrix(1, streamFrom+1)
	if small.panel != tileWidth || large.panel != Pad(streamFrom+1) {
		t.Fatalf("panels of %d and %d columns, expected %d and %d", small.panel, large.panel, tileWidth, Pad(streamFrom+1))
	}
}

func TestFloatsAreAligned(t *testing.T) {
	for n := 1; n < 100; n++ {
		f := Floats(n)
		if len(f) != n || uintptr(unsafe.Pointer(&f[0]))%64 != 0 {
			t.Fatalf("Floats(%d): %d elements at %p", n, len(f), &f[0])
		}
	}
	if Floats(0) != nil {
		t.Fatal("Floats(0) is not nil")
	}
}
