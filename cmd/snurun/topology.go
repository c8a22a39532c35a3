package main

import (
	"fmt"
	"strings"

	"github.com/snurun/snurun/model"
)

// topology writes a network down as papers do: 2x34x34-16c5s2-ap2-100r-10 takes
// two planes of 34×34; then come a convolution to 16 channels with a kernel of
// 5×5 and a stride of 2, average pooling over 2×2 (mp: max, sp: sum), 100
// neurons with recurrent weights, and 10 neurons. A + follows a layer to which
// several layers are added; a flatten layer is not written.
func topology(m *model.Network) string {
	s := sizes(m.Input.Shape)
	for i := range m.Layers {
		l := &m.Layers[i]
		switch l.Kind {
		case model.Flatten:
			continue
		case model.Conv2D:
			s += fmt.Sprintf("-%dc%s", l.Out[0], square(l.Window.Kernel))
			if l.Window.Stride != [2]int{1, 1} {
				s += "s" + square(l.Window.Stride)
			}
		case model.Pool2D:
			s += fmt.Sprintf("-%.1sp%s", l.Pool, square(l.Window.Kernel))
			if l.Window.Stride != l.Window.Kernel {
				s += "s" + square(l.Window.Stride)
			}
		default:
			s += "-" + sizes(l.Out)
		}
		if l.Recurrent != nil {
			s += "r"
		}
		if len(l.Inputs(i)) > 1 {
			s += "+"
		}
	}
	return s
}

// sizes writes a shape as 2x34x34.
func sizes(shape []int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(shape), "[]"), " ", "x")
}

// square writes a height and a width as one number if they are the same, else
// as 3x5.
func square(size [2]int) string {
	if size[0] == size[1] {
		return fmt.Sprint(size[0])
	}
	return sizes(size[:])
}
