package layer

import (
	"slices"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/model"
)

// convolution is the way from the inputs of a conv2d layer to the sums of its
// neurons. The sums lie in a plane [group, height, width, channel] with room
// around it, so that the kernel of every input fits in; its rows without that
// room, one after the other, are the units.
type convolution struct {
	scatter  asm.Scatter     // of float weights
	start    []float32       // the plane before the first input: the current of each unit, else 0
	whole    *asm.IntScatter // of a layer that sums integers, in place of these two
	rows     []asm.Row
	pattern  int      // weights of a pattern
	reach    []uint32 // how many neurons each input reaches
	axes     [2]axis
	groups   int
	channels [2]int // in and out, of a group
	width    int    // of a run
}

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
	v.pattern = len(offsets) * v.width
	places, sums := v.places(across, size), v.groups*size+asm.RunLanes
	v.reach = make([]uint32, 0, len(places))
	for i := range positions(v.groups*v.channels[0], y.in, x.in) {
		v.reach = append(v.reach, uint32(y.reached(i[1])*x.reached(i[2])*v.channels[1]))
	}
	for g := range v.groups {
		for oy := range y.out {
			n := x.out * v.channels[1]
			v.rows = append(v.rows, asm.Row{
				From: g*size + (y.low+oy)*across + x.low*v.channels[1],
				To:   (g*y.out + oy) * n,
				N:    n,
			})
		}
	}
	if l.Integer() {
		weights, most := v.integers(&l.Weight)
		whole := asm.NewIntScatter(v.width, offsets, places, sums, v.rows, weights, most)
		v.whole = &whole
		return v
	}
	v.start, v.scatter = asm.Floats(sums), asm.NewScatter(v.width, offsets, places, sums, v.patterns())
	v.load(&l.Weight)
	return v
}

// patterns returns the number of patterns: one a channel and pair of phases,
// and one of zeros for inputs that no window sees.
func (v *convolution) patterns() int {
	return v.groups*v.channels[0]*v.axes[0].phases*v.axes[1].phases + 1
}

// first returns the first weight of a pattern.
func (v *convolution) first(channel, phaseY, phaseX int) int {
	return ((channel*v.axes[0].phases+phaseY)*v.axes[1].phases + phaseX) * v.pattern
}

// places returns where the pattern of each input lies.
func (v *convolution) places(across, size int) []asm.Place {
	y, x := &v.axes[0], &v.axes[1]
	list := make([]asm.Place, 0, v.groups*v.channels[0]*y.in*x.in)
	for i := range positions(v.groups*v.channels[0], y.in, x.in) {
		c := i[0]
		oy, phaseY, seenY := y.first(i[1])
		ox, phaseX, seenX := x.first(i[2])
		p := asm.Place{Pattern: uint32((v.patterns() - 1) * v.pattern)}
		if seenY && seenX {
			p.Sum = uint32(c/v.channels[0]*size + (y.low+oy)*across + (x.low+ox)*v.channels[1])
			p.Pattern = uint32(v.first(c, phaseY, phaseX))
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
	tensor := 0
	for out := range v.groups * v.channels[1] {
		group, o := out/v.channels[1], out%v.channels[1]
		for c := range v.channels[0] {
			for ky := range y.kernel {
				for kx := range x.kernel {
					slotY, phaseY := y.slot(ky)
					slotX, phaseX := x.slot(kx)
					at := v.first(group*v.channels[0]+c, phaseY, phaseX)
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

// load takes over the float weights of a tensor.
func (v *convolution) load(t *model.Tensor) {
	data := make([]float32, 0, t.Len())
	var buf []float32
	for j := range t.Shape[0] {
		buf = t.Row(j, buf)
		data = append(data, buf...)
	}
	weights := v.scatter.Weights()
	for tensor, at := range v.weights {
		weights[at] = data[tensor]
	}
}

// integers returns the weights of a tensor as the scatter has them, and the largest
// sum of the magnitudes of a channel.
func (v *convolution) integers(t *model.Tensor) (weights []int8, most int) {
	weights = make([]int8, v.patterns()*v.pattern)
	for tensor, at := range v.weights {
		weights[at] = t.I8[tensor]
	}
	for channel := range slices.Chunk(t.I8, len(t.I8)/t.Shape[0]) {
		sum := 0
		for _, q := range channel {
			sum += max(int(q), -int(q))
		}
		most = max(most, sum)
	}
	return weights, most
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
		copy(plane[r.From:r.From+r.N], units[r.To:])
	}
}

// sum adds up the listed inputs in plane, which has as many values as start,
// and copies the sums of the units to sums.
func (v *convolution) sum(sums, plane []float32, inputs []uint32, values []float32) {
	copy(plane, v.start)
	v.scatter.Add(plane, inputs, values)
	for _, r := range v.rows {
		copy(sums[r.To:r.To+r.N], plane[r.From:])
	}
}
