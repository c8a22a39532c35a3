package c

import (
	"fmt"

	"github.com/snurun/snurun/model"
)

// lanes is the order in which four sums take their bytes from a word: its even bytes
// are those of the first two, its odd ones those of the others.
var lanes = [4]int{0, 2, 1, 3}

// panel is how many sums of a fully connected layer have their weights together.
const panel = 8

// matrix writes a tensor [out, in] of a fully connected layer in the order of
// net_sum_f32 or net_sum_i8 and returns its name.
func (g *generator) matrix(name string, t *model.Tensor, in, out int, says string) string {
	if !t.Integer {
		values := make([]float32, 0, in*out)
		rows := make([][]float32, out)
		for j := range rows {
			rows[j] = t.Row(j, nil)
		}
		for first := 0; first < out; {
			width := 1
			if out-first >= panel {
				width = panel
			}
			for i := range in {
				for j := range width {
					values = append(values, rows[first+j][i])
				}
			}
			first += width
		}
		g.sizes.Weights += 4 * len(values)
		return g.floats(name, values, says)
	}
	var packed []uint32
	for first := 0; first < out; first += panel {
		for i := range in {
			for part := first; part < min(first+panel, (out+3)&^3); part += 4 {
				word := uint32(0)
				for b, j := range lanes {
					q := int8(0)
					if part+j < out {
						q = t.I8[(part+j)*in+i]
					}
					word |= uint32(int(q)+128) << (8 * b)
				}
				packed = append(packed, word)
			}
		}
	}
	return g.packed(name, packed, says)
}

func (g *generator) packed(name string, packed []uint32, says string) string {
	g.sizes.Weights += 4 * len(packed)
	g.array("uint32_t", name, len(packed), says, func(k int) string { return fmt.Sprintf("0x%08xu", packed[k]) })
	return "net_" + name
}

// kernel writes the weights of a convolution in the order [channel in, row, column,
// channel out of the group], the last tap first, and returns their name.
func (g *generator) kernel(name string, l *model.Layer, form sums, s shape) string {
	w := &l.Window
	inGroup, outGroup := l.In[0]/l.Groups, l.Out[0]/l.Groups
	says := fmt.Sprintf("%s: weights", name)
	n := l.In[0] * w.Kernel[0] * w.Kernel[1] * s.run
	// at returns the channel out and the place in its row of the tensor of weight k,
	// and whether it is one.
	at := func(k int) (channel, place int, ok bool) {
		o := k % s.run
		k /= s.run
		x := w.Kernel[1] - 1 - k%w.Kernel[1]
		k /= w.Kernel[1]
		y := w.Kernel[0] - 1 - k%w.Kernel[0]
		c := k / w.Kernel[0]
		if o >= outGroup {
			return 0, 0, false
		}
		return c/inGroup*outGroup + o, (c%inGroup*w.Kernel[0]+y)*w.Kernel[1] + x, true
	}
	row := l.Weight.Len() / l.Out[0]
	switch form {
	case floatSums:
		rows := make([][]float32, l.Out[0])
		for j := range rows {
			rows[j] = l.Weight.Row(j, nil)
		}
		values := make([]float32, n)
		for k := range values {
			channel, place, _ := at(k)
			values[k] = rows[channel][place]
		}
		g.sizes.Weights += 4 * n
		return g.floats(name, values, says)
	case wordSums:
		g.sizes.Weights += n
		g.array("int8_t", name, n, says, func(k int) string {
			channel, place, _ := at(k)
			return fmt.Sprint(l.Weight.I8[channel*row+place])
		})
		return "net_" + name
	}
	packed := make([]uint32, n/4)
	for k := range packed {
		for b, j := range lanes {
			if channel, place, ok := at(4*k + j); ok {
				packed[k] |= uint32(uint8(l.Weight.I8[channel*row+place])) << (8 * b)
			}
		}
	}
	return g.packed(name, packed, says)
}
