package layer

import (
	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/model"
)

// convolution is the way from the inputs of a conv2d layer to the sums of its
// neurons. The sums lie in a plane [group, height, width, channel] with room
// around it, so that the kernel of every input fits in; its rows without that
// room, one after the other, are the units.
type convolution struct {
	scatter  asm.Scatter
	start    []float32 // the plane before the first input: the current of each unit, else 0
	rows     []row
	reach    []uint32 // how many neurons each input reaches
	axes     [2]axis
	groups   int
	channels [2]int // in and out, of a group
	width    int    // of a run
}

// row is one row of units: n sums of the plane from from on are those of the
// units from to on.
type row struct{ from, to, n int }

func newConvolution(l *model.Layer) *convolution {
	v := &convolution{
		groups:   l.Groups,
		channels: [2]int{l.In[0] / l.Groups, l.Out[0] / l.Groups},
	}
	for which := range 2 {
		v.axes[which] = newAxis(&l.Window, which, l.In[1+which], l.Out[1+which])
	}
	y, x := &v.axes[0], &v.axes[1]
	across := x.room() * v.channels[1] // a row of the plane
	var offsets []uint32
	v.width = v.channels[1]
	for slot := range y.taps {
		offset := slot * y.step * across
		if x.step == 1 { // the taps of a row follow each other
			v.width = x.taps * v.channels[1]
			offsets = append(offsets, uint32(offset))
			continue
		}
		for slot := range x.taps {
			offsets = append(offsets, uint32(offset+slot*x.step*v.channels[1]))
		}
	}
	v.width = (v.width + asm.RunLanes - 1) / asm.RunLanes * asm.RunLanes
	size := y.room() * across // of a group's plane
	v.start = asm.Floats(v.groups*size + asm.RunLanes)
	v.scatter = asm.NewScatter(v.width, offsets, v.places(len(offsets)*v.width, across, size), len(v.start), v.patterns())
	v.reach = make([]uint32, 0, v.scatter.Inputs())
	for i := range positions(v.groups*v.channels[0], y.in, x.in) {
		v.reach = append(v.reach, uint32(y.reached(i[1])*x.reached(i[2])*v.channels[1]))
	}
	for g := range v.groups {
		for oy := range y.out {
			n := x.out * v.channels[1]
			v.rows = append(v.rows, row{
				from: g*size + (y.low+oy)*across + x.low*v.channels[1],
				to:   (g*y.out + oy) * n,
				n:    n,
			})
		}
	}
	return v
}

// patterns returns the number of patterns: one a channel and pair of phases,
// and one of zeros for inputs that no window sees.
func (v *convolution) patterns() int {
	return v.groups*v.channels[0]*v.axes[0].phases*v.axes[1].phases + 1
}

// pattern returns the first weight of a pattern of size weights.
func (v *convolution) pattern(channel, phaseY, phaseX, size int) int {
	return ((channel*v.axes[0].phases+phaseY)*v.axes[1].phases + phaseX) * size
}

// places returns where the pattern of each input lies.
func (v *convolution) places(pattern, across, size int) []asm.Place {
	y, x := &v.axes[0], &v.axes[1]
	list := make([]asm.Place, 0, v.groups*v.channels[0]*y.in*x.in)
	for i := range positions(v.groups*v.channels[0], y.in, x.in) {
		c := i[0]
		oy, phaseY, seenY := y.first(i[1])
		ox, phaseX, seenX := x.first(i[2])
		p := asm.Place{Pattern: uint32((v.patterns() - 1) * pattern)}
		if seenY && seenX {
			p.Sum = uint32(c/v.channels[0]*size + (y.low+oy)*across + (x.low+ox)*v.channels[1])
			p.Pattern = uint32(v.pattern(c, phaseY, phaseX, pattern))
		}
		list = append(list, p)
	}
	return list
}

// positions yields each [channel, y, x] of a plane in order.
func positions(channels, height, width int) func(yield func([3]int) bool) {
	return func(yield func([3]int) bool) {
		for c := range channels {
			for y := range height {
				for x := range width {
					if !yield([3]int{c, y, x}) {
						return
					}
				}
			}
		}
	}
}

// weights yields, for each weight of a tensor [channels out, channels in /
// groups, height, width] in that order, its place among the scatter's.
func (v *convolution) weights(yield func(tensor, scatter int) bool) {
	y, x := &v.axes[0], &v.axes[1]
	tensor, size := 0, len(v.scatter.Weights())/v.patterns()
	for out := range v.groups * v.channels[1] {
		group, o := out/v.channels[1], out%v.channels[1]
		for c := range v.channels[0] {
			for ky := range y.kernel {
				for kx := range x.kernel {
					slotY, phaseY := y.slot(ky)
					slotX, phaseX := x.slot(kx)
					at := v.pattern(group*v.channels[0]+c, phaseY, phaseX, size)
					if x.step == 1 {
						at += slotY*v.width + slotX*v.channels[1] + o
					} else {
						at += (slotY*x.taps+slotX)*v.width + o
					}
					if !yield(tensor, at) {
						return
					}
					tensor++
				}
			}
		}
	}
}

// order returns the neuron [channel, height, width] of each unit [group,
// height, width, channel].
func (v *convolution) order() []uint32 {
	y, x := &v.axes[0], &v.axes[1]
	order := make([]uint32, 0, v.groups*v.channels[1]*y.out*x.out)
	for g := range v.groups {
		for p := range y.out * x.out {
			for o := range v.channels[1] {
				order = append(order, uint32((g*v.channels[1]+o)*y.out*x.out+p))
			}
		}
	}
	return order
}

// load takes over the weights of a tensor.
func (v *convolution) load(t *model.Tensor) {
	data := make([]float32, 0, t.Len())
	var buf []float32
	for j := range t.Shape[0] {
		buf = rowOf(t, j, buf)
		data = append(data, buf...)
	}
	weights := v.scatter.Weights()
	for tensor, at := range v.weights {
		weights[at] = data[tensor]
	}
}

// store returns weights that are laid out as the scatter's as a tensor of a shape.
func (v *convolution) store(shape []int, weights []float32) model.Tensor {
	t := model.Tensor{Shape: shape}
	for _, at := range v.weights {
		t.F32 = append(t.F32, weights[at])
	}
	return t
}

// setCurrent sets where the sums start.
func (v *convolution) setCurrent(current []float32) { v.spread(v.start, current) }

// spread copies a value a unit to the rows of the plane.
func (v *convolution) spread(plane, units []float32) {
	for _, r := range v.rows {
		copy(plane[r.from:r.from+r.n], units[r.to:])
	}
}

// sum adds up the listed inputs in plane, which has as many values as start,
// and copies the sums of the units to sums.
func (v *convolution) sum(sums, plane []float32, inputs []uint32, values []float32) {
	copy(plane, v.start)
	v.scatter.Add(plane, inputs, values)
	for _, r := range v.rows {
		copy(sums[r.to:r.to+r.n], plane[r.from:])
	}
}
