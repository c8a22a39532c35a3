package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

func (l *Layer) validate(where string) error {
	for _, s := range []struct {
		name  string
		shape []int
	}{{"in", l.In}, {"out", l.Out}} {
		if err := validShape(where, s.name, s.shape); err != nil {
			return err
		}
	}
	spec := l.Kind.Spec()
	if spec == nil {
		return invalid("%s: kind %q is unknown, expected %s", where, l.Kind, oneOf(Kinds()))
	}
	if err := l.checkFields(where, spec); err != nil {
		return err
	}
	if !spec.Neurons {
		return spec.check(l, where)
	}
	if err := l.validateUnit(where); err != nil {
		return err
	}
	if err := spec.check(l, where); err != nil {
		return err
	}
	return l.validateParameters(where, spec.Shared)
}

// validateUnit checks what the equations of a neuron depend on.
func (l *Layer) validateUnit(where string) error {
	switch l.Activation {
	case Identity, ReLU, ELU, LeakyReLU:
		if l.Floor != 0 {
			return invalid("%s: floor is only for activation clipped, but activation is %s", where, l.Activation)
		}
	case Clipped:
		if !(l.Floor <= 0) || math.IsInf(float64(l.Floor), 0) {
			return invalid("%s: floor is %v, expected a finite number of at most 0", where, l.Floor)
		}
	default:
		return invalid("%s: activation %q is unknown, expected identity, relu, leaky_relu, elu or clipped", where, l.Activation)
	}
	if l.Slope-l.Slope != 0 {
		return invalid("%s: slope is %v, expected a finite number", where, l.Slope)
	}
	switch l.Output {
	case Step, Sigmoid, None:
		if l.MaxSpikes != 0 || l.SpikeValue != 0 {
			return invalid("%s: max_spikes and spike_value are only for output count, but output is %s", where, l.Output)
		}
	case Count:
		if err := l.validateCount(where); err != nil {
			return err
		}
	default:
		return invalid("%s: output %q is unknown, expected step, sigmoid, none or count", where, l.Output)
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
	case ResetRefractory, ResetLagged:
		if l.Output != Step && l.Output != Count {
			return invalid("%s: reset %s needs output step or count, but output is %s", where, l.Reset, l.Output)
		}
	case ResetNone:
	default:
		return invalid("%s: reset %q is unknown, expected zero, subtract, lateral, refractory, lagged or none", where, l.Reset)
	}
	if subtracts := l.Reset == ResetSubtract || l.Reset == ResetLagged; subtracts && len(l.Theta) == 0 {
		return invalid("%s: reset %s needs theta", where, l.Reset)
	} else if !subtracts && len(l.Theta) > 0 {
		return invalid("%s: theta is only for resets subtract and lagged, but reset is %s", where, l.Reset)
	}
	if l.Recurrent != nil && l.Output == None {
		return invalid("%s: recurrent needs an output, but output is none", where)
	}
	return nil
}

// MaxSpikes is the most spikes that a neuron of output count fires in a step, where
// its layer says nothing of it.
const MaxSpikes = 1 << 20

// validateCount checks a layer of output count.
func (l *Layer) validateCount(where string) error {
	switch {
	case l.MaxSpikes < 0 || l.MaxSpikes > MaxSpikes:
		return invalid("%s: max_spikes is %d, expected 0 to %d", where, l.MaxSpikes, MaxSpikes)
	case !(math.Abs(float64(l.SpikeValue)) <= math.MaxFloat32/float64(cmp.Or(l.MaxSpikes, MaxSpikes))):
		// As many spikes as there may be must stay finite.
		return invalid("%s: spike_value is %v, expected a number whose product with %d spikes is finite in float32", where, l.SpikeValue, cmp.Or(l.MaxSpikes, MaxSpikes))
	case len(l.Bias) == 0:
		return invalid("%s: output count needs a bias below 0, the threshold's negative, but there is none", where)
	}
	for j, b := range l.Bias {
		if !(b < 0) {
			return invalid("%s: bias[%d] is %v, expected less than 0 for output count: it is the threshold's negative", where, j, b)
		}
	}
	return nil
}

// maxWindow bounds a window's numbers, so that no product of theirs overflows.
const maxWindow = 1 << 12

// checkFlatten checks a flatten layer.
func checkFlatten(l *Layer, where string) error {
	if volume(l.In) != volume(l.Out) {
		return invalid("%s: out is %v, expected a shape with the %d values of in %v", where, l.Out, volume(l.In), l.In)
	}
	return nil
}

// checkPool checks a pool2d layer.
func checkPool(l *Layer, where string) error {
	switch l.Pool {
	case SumPool, AvgPool, MaxPool:
	default:
		return invalid("%s: pool %q is unknown, expected sum, avg or max", where, l.Pool)
	}
	if l.Window.Dilation != [2]int{1, 1} {
		return invalid("%s: dilation is %v, expected [1 1] for pool2d", where, l.Window.Dilation)
	}
	return l.validateWindow(where, l.In[0])
}

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

func (l *Layer) validateParameters(where string, shared bool) error {
	out := l.OutSize()
	channels := out
	if shared {
		channels = l.Out[0]
	}
	for _, p := range l.vectors() {
		if k := len(p.values); k > 1 && k != channels && k != out {
			return invalid("%s: %s has %d values, expected %s", where, p.name, k, lengths(channels, out))
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
func lengths(channels, out int) string {
	if channels != out {
		return fmt.Sprintf("1, %d (one a channel) or %d (one a neuron)", channels, out)
	}
	return fmt.Sprintf("1 or %d, one a neuron", out)
}

// checkDense checks a dense layer.
func checkDense(l *Layer, where string) error {
	if l.Output != None || l.Reset != ResetNone {
		return invalid("%s: output is %s and reset %s, expected none: a dense layer keeps no state", where, l.Output, l.Reset)
	}
	return checkMatrix(l, where)
}

// checkMatrix checks the weights of fully connected neurons.
func checkMatrix(l *Layer, where string) error {
	in, out := l.InSize(), l.OutSize()
	rows := in
	if l.Recurrent != nil {
		rows += out
	}
	// The kernels pad the neurons to multiples of 16.
	if padded := (out + 15) &^ 15; rows > MaxVolume/padded {
		return invalid("%s: %d inputs of %d neurons are more than %d weights", where, rows, padded, MaxVolume)
	}
	if err := l.Weight.validate(where, "weight", []int{out, in}); err != nil {
		return err
	}
	if l.Recurrent != nil {
		return l.Recurrent.validate(where, "recurrent", []int{out, out})
	}
	return nil
}

// maxSums bounds the sums of a convolution with the room around them.
const maxSums = MaxVolume / 4

// checkConvolution checks window, groups and weights of a conv2d layer.
func checkConvolution(l *Layer, where string) error {
	if len(l.Weight.Shape) != 4 {
		return invalid("%s: weight has shape %v, expected [channels out, channels in / groups, height, width]", where, l.Weight.Shape)
	}
	channels := l.Out[0]
	if err := l.validateWindow(where, channels); err != nil {
		return err
	}
	if l.Groups < 1 || l.In[0]%l.Groups != 0 || channels%l.Groups != 0 {
		return invalid("%s: groups is %d, expected a divisor of the %d channels in and the %d channels out", where, l.Groups, l.In[0], channels)
	}
	// The kernels lay weights and sums out with room around them; it must not be
	// a small file's way to much memory.
	w := &l.Window
	weights := 4 * float64(l.In[0]) * float64(channels/l.Groups+15)
	sums := 2 * float64(channels+15)
	for axis := range 2 {
		weights *= float64(w.Kernel[axis] + 1)
		sums *= float64(l.Out[1+axis] + 2*w.Reach(axis))
	}
	if weights > MaxVolume || sums > maxSums {
		return invalid("%s: a convolution from %v to %v with a kernel of %v and dilation %v needs room for %.0f weights and %.0f sums, more than %d or %d",
			where, l.In, l.Out, w.Kernel, w.Dilation, weights, sums, MaxVolume, maxSums)
	}
	return l.Weight.validate(where, "weight", []int{channels, l.In[0] / l.Groups, w.Kernel[0], w.Kernel[1]})
}
