package model

import (
	"fmt"
	"math"
	"slices"
)

// validateLayers checks each layer and what comes into it.
func (n *Network) validateLayers() error {
	read := make([]bool, len(n.Layers))
	for i := range n.Layers {
		l := &n.Layers[i]
		if err := l.validate(n.where(i)); err != nil {
			return err
		}
		for _, from := range l.Inputs(i) {
			if from < -1 || from >= i {
				return invalid("%s: from is %v, expected layers before it, or -1 for the input", n.where(i), l.From)
			}
			if from >= 0 {
				read[from] = true
			}
			if before := n.shape(from); !sameShape(before, l.In) {
				return invalid("%s takes shape %v, but %s has shape %v", n.where(i), l.In, n.where(from), before)
			}
		}
		if l.Kind == Pool2D && l.Pool == MaxPool {
			if err := n.validateMaxPool(i); err != nil {
				return err
			}
		}
	}
	for i, ok := range read[:len(read)-1] {
		if !ok {
			return invalid("no layer takes the output of %s", n.where(i))
		}
	}
	return nil
}

// where names a layer in errors, −1 being the input.
func (n *Network) where(i int) string {
	switch {
	case i < 0:
		return "input"
	case n.Layers[i].Name != "":
		return fmt.Sprintf("layer %d (%q)", i, n.Layers[i].Name)
	}
	return fmt.Sprintf("layer %d", i)
}

// shape returns the shape of what a layer passes on, −1 being the input.
func (n *Network) shape(i int) []int {
	if i < 0 {
		return n.Input.Shape
	}
	return n.Layers[i].Out
}

// sameShape reports whether values of one shape can be taken as another: planes
// only as they are, else all of one size.
func sameShape(a, b []int) bool {
	if len(a) == 3 && len(b) == 3 {
		return slices.Equal(a, b)
	}
	return volume(a) == volume(b)
}

// validateMaxPool checks that what comes into layer i is spikes, one at most
// an input.
func (n *Network) validateMaxPool(i int) error {
	for l := &n.Layers[i]; ; l = &n.Layers[i] {
		from := l.Inputs(i)
		switch {
		case len(from) > 1:
			return invalid("%s: max pooling needs spikes, but %d layers are added up: sum pooling may be meant", n.where(i), len(from))
		case l.Kind == Pool2D && l.Pool != MaxPool:
			return invalid("%s: max pooling needs spikes, but pooling %s passes sums on", n.where(i), l.Pool)
		}
		if i = from[0]; i < 0 {
			if n.Input.Encoder.Analog() {
				return invalid("max pooling needs spikes, but the input is analog")
			}
			return nil
		}
		if l := &n.Layers[i]; l.HasNeurons() {
			if l.Output != Step {
				return invalid("max pooling needs spikes, but %s has output %s", n.where(i), l.Output)
			}
			return nil
		}
	}
}

func (l *Layer) validate(where string) error {
	for _, s := range []struct {
		name  string
		shape []int
	}{{"in", l.In}, {"out", l.Out}} {
		if err := validShape(where, s.name, s.shape); err != nil {
			return err
		}
	}
	switch l.Kind {
	case SNU:
	case Dense:
		if l.Output != None || l.Reset != ResetNone || l.Recurrent != nil || len(l.Synapse) > 0 || len(l.Decay) > 0 || len(l.Initial) > 0 {
			return invalid("%s: a dense layer keeps no state: output and reset must be none, without recurrent, synapse, decay or initial", where)
		}
	case Conv2D:
		if l.Recurrent != nil {
			return invalid("%s: a conv2d layer has no recurrent weights, an snu layer may", where)
		}
	case Pool2D, Flatten:
		return l.validatePassing(where)
	default:
		return invalid("%s: kind %q is unknown, expected snu, dense, conv2d, pool2d or flatten", where, l.Kind)
	}
	switch l.Activation {
	case Identity, ReLU, ELU, LeakyReLU:
	default:
		return invalid("%s: activation %q is unknown, expected identity, relu, leaky_relu or elu", where, l.Activation)
	}
	if l.Slope-l.Slope != 0 {
		return invalid("%s: slope is %v, expected a finite number", where, l.Slope)
	}
	switch l.Output {
	case Step, Sigmoid, None:
	default:
		return invalid("%s: output %q is unknown, expected step, sigmoid or none", where, l.Output)
	}
	switch l.Reset {
	case ResetZero, ResetSubtract:
		if l.Output == None {
			return invalid("%s: reset %s needs an output, but output is none", where, l.Reset)
		}
	case ResetLateral:
		if l.Output != Step {
			return invalid("%s: reset lateral needs output step, but output is %s", where, l.Output)
		}
	case ResetNone:
	default:
		return invalid("%s: reset %q is unknown, expected zero, subtract, lateral or none", where, l.Reset)
	}
	if l.Reset == ResetSubtract && len(l.Theta) == 0 {
		return invalid("%s: reset subtract needs theta", where)
	}
	if l.Reset != ResetSubtract && len(l.Theta) > 0 {
		return invalid("%s: theta is only for reset subtract, but reset is %s", where, l.Reset)
	}
	if l.Recurrent != nil && l.Output == None {
		return invalid("%s: recurrent needs an output, but output is none", where)
	}
	return l.validateParameters(where)
}

// validatePassing checks a layer without neurons.
func (l *Layer) validatePassing(where string) error {
	if l.Parameters() > 0 {
		return invalid("%s: a %s layer has no parameters", where, l.Kind)
	}
	if l.Kind == Flatten {
		if volume(l.In) != volume(l.Out) {
			return invalid("%s: out is %v, expected a shape with the %d values of in %v", where, l.Out, volume(l.In), l.In)
		}
		return nil
	}
	switch l.Pool {
	case SumPool, AvgPool, MaxPool:
	default:
		return invalid("%s: pool %q is unknown, expected sum, avg or max", where, l.Pool)
	}
	if l.Window.Dilation != [2]int{1, 1} {
		return invalid("%s: dilation is %v, expected [1 1]", where, l.Window.Dilation)
	}
	return l.validateWindow(where, l.In[0])
}

// maxWindow bounds a window's numbers, so that no product of theirs overflows.
const maxWindow = 1 << 12

// validateWindow checks the shapes and the window of a conv2d or pool2d layer
// that has a number of channels out.
func (l *Layer) validateWindow(where string, channels int) error {
	if len(l.In) != 3 || len(l.Out) != 3 {
		return invalid("%s: in is %v and out is %v, expected [channels height width]", where, l.In, l.Out)
	}
	w := &l.Window
	for axis := range 2 {
		for _, p := range []struct {
			name          string
			value, lowest int
		}{
			{"kernel", w.Kernel[axis], 1}, {"stride", w.Stride[axis], 1},
			{"padding", w.Padding[axis], 0}, {"dilation", w.Dilation[axis], 1},
		} {
			if p.value < p.lowest || p.value > maxWindow {
				return invalid("%s: %s is %d, expected %d to %d", where, p.name, p.value, p.lowest, maxWindow)
			}
		}
		if reach := w.Reach(axis); w.Padding[axis] >= reach {
			return invalid("%s: padding is %v, expected less than the window's extent of %d", where, w.Padding, reach)
		}
	}
	want := []int{channels, w.Steps(0, l.In[1]), w.Steps(1, l.In[2])}
	if want[1] < 1 || want[2] < 1 {
		return invalid("%s: a window of %v with dilation %v does not fit in %v with padding %v", where, w.Kernel, w.Dilation, l.In, w.Padding)
	}
	if !slices.Equal(l.Out, want) {
		return invalid("%s: out is %v, expected %v from in %v", where, l.Out, want, l.In)
	}
	return nil
}

func (l *Layer) validateParameters(where string) error {
	if err := l.validateWeights(where); err != nil {
		return err
	}
	out := l.OutSize()
	channels := out
	if l.Kind == Conv2D {
		channels = l.Out[0]
	}
	for _, p := range l.vectors() {
		if k := len(p.values); k > 1 && k != channels && k != out {
			return invalid("%s: %s has %d values, expected %s", where, p.name, k, l.lengths())
		}
		if j := firstNotFinite(p.values); j >= 0 {
			return invalid("%s: %s[%d] is %v, expected a finite number", where, p.name, j, p.values[j])
		}
	}
	for _, p := range []namedVector{{"decay", l.Decay}, {"synapse", l.Synapse}} {
		for j, d := range p.values {
			if d < 0 || d > 1 {
				return invalid("%s: %s[%d] is %v, expected 0 to 1", where, p.name, j, d)
			}
		}
	}
	return nil
}

// lengths says how many values a parameter may have.
func (l *Layer) lengths() string {
	if l.Kind == Conv2D {
		return fmt.Sprintf("1, %d (one a channel) or %d (one a neuron)", l.Out[0], l.OutSize())
	}
	return fmt.Sprintf("1 or %d, one a neuron", l.OutSize())
}

func (l *Layer) validateWeights(where string) error {
	if l.Kind == Conv2D {
		return l.validateConvolution(where)
	}
	in, out := l.InSize(), l.OutSize()
	rows := in
	if l.Recurrent != nil {
		rows += out
	}
	// The kernels pad the neurons to multiples of 16.
	if padded := (out + 15) &^ 15; rows > maxVolume/padded {
		return invalid("%s: %d inputs of %d neurons are more than %d weights", where, rows, padded, maxVolume)
	}
	if err := l.Weight.validate(where, "weight", []int{out, in}); err != nil {
		return err
	}
	if l.Recurrent != nil {
		return l.Recurrent.validate(where, "recurrent", []int{out, out})
	}
	return nil
}

// validateConvolution checks window, groups and weights of a conv2d layer.
func (l *Layer) validateConvolution(where string) error {
	channels := l.Out[0]
	if err := l.validateWindow(where, channels); err != nil {
		return err
	}
	if l.Groups < 1 || l.In[0]%l.Groups != 0 || channels%l.Groups != 0 {
		return invalid("%s: groups is %d, expected a divisor of the %d channels in and the %d channels out", where, l.Groups, l.In[0], channels)
	}
	// The kernels lay weights and sums out with room around them.
	w := &l.Window
	taps := [2]float64{}
	sums := float64(channels+15) * 2
	for axis := range 2 {
		taps[axis] = float64(w.Kernel[axis] + 1)
		sums *= float64(l.Out[1+axis] + 2*w.Reach(axis))
	}
	if weights := 4 * float64(l.In[0]) * taps[0] * taps[1] * float64(channels/l.Groups+15); weights > maxVolume || sums > maxVolume {
		return invalid("%s: a convolution from %v to %v with a kernel of %v has more than %d weights or sums", where, l.In, l.Out, w.Kernel, maxVolume)
	}
	return l.Weight.validate(where, "weight", []int{channels, l.In[0] / l.Groups, w.Kernel[0], w.Kernel[1]})
}

func (t *Tensor) validate(where, field string, shape []int) error {
	if !slices.Equal(t.Shape, shape) {
		return invalid("%s: %s has shape %v, expected %v", where, field, t.Shape, shape)
	}
	if err := validShape(where, field, shape); err != nil {
		return err
	}
	if t.F32 != nil && t.I8 != nil {
		return invalid("%s: %s has both f32 and i8 elements", where, field)
	}
	if n := volume(shape); t.Len() != n {
		return invalid("%s: %s has %d elements, its shape %v needs %d", where, field, t.Len(), shape, n)
	}
	if k := firstNotFinite(t.F32); k >= 0 {
		row := len(t.F32) / shape[0]
		return invalid("%s: %s[%d,%d] is %v, expected a finite number", where, field, k/row, k%row, t.F32[k])
	}
	if t.I8 != nil {
		if k := len(t.Scale); k != 1 && k != shape[0] {
			return invalid("%s: %s has %d scales, expected 1 or %d, one a row", where, field, k, shape[0])
		}
		for j, s := range t.Scale {
			// 128·scale must stay finite.
			if !(math.Abs(float64(s)) <= math.MaxFloat32/128) {
				return invalid("%s: %s scale[%d] is %v, expected a finite number below 2^121", where, field, j, s)
			}
		}
	}
	return nil
}
