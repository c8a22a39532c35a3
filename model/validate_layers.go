package model

import (
	"fmt"
	"slices"
)

// passed is what a layer, or the network's input, passes on in a time step.
type passed struct {
	entries int64 // at most, counting an input each time that it occurs
	once    bool  // no input occurs twice
	paths   int   // through layers without neurons: one, and those of each of their sources

	// For layers that sum integers:
	whole   bool    // every entry is factor times a whole number
	input   bool    // the network's input comes in, whose numbers may be more than 1
	factor  float32 // of average pooling, in order
	mixed   bool    // sources differ in it
	repeats int64   // how often an input may occur at most
}

// maxEntries bounds what comes into a layer in a time step. Pooling windows that
// overlap multiply it at no cost to the file.
const maxEntries = MaxVolume / 16

// maxPlaces bounds the planes of a network, which cost its file nothing: the
// inputs and neurons of convolutions and the inputs of pools, these once more for
// each window that they lie in.
const maxPlaces = MaxVolume / 8

// maxPaths bounds the paths to a layer. Layers without neurons that add up
// others can double them, one after the other.
const maxPaths = 1 << 10

// validateLayers checks each layer and what comes into it.
func (n *Network) validateLayers() error {
	passes := make([]passed, 1+len(n.Layers)) // of the input, then of each layer
	passes[0] = n.Input.passes()
	taken := make([]bool, 1+len(n.Layers))
	places := int64(0)
	for i := range n.Layers {
		l := &n.Layers[i]
		if err := l.validate(n.where(i)); err != nil {
			return err
		}
		in, err := n.validateFrom(i, passes)
		if err != nil {
			return err
		}
		if err := l.validateIntegers(n.where(i), in); err != nil {
			return err
		}
		spec := l.Kind.Spec()
		if passes[1+i], err = spec.passes(l, n.where(i), in); err != nil {
			return err
		}
		if spec.places != nil {
			places += spec.places(l)
		}
		if places > maxPlaces {
			return invalid("%s: with it the planes of all layers have more than %d places, counted once a pooling window", n.where(i), maxPlaces)
		}
		for _, from := range l.Inputs(i) {
			taken[1+from] = true
		}
	}
	for i := range len(n.Layers) - 1 {
		if !taken[1+i] {
			return invalid("no layer takes the output of %s", n.where(i))
		}
	}
	return nil
}

// validateFrom checks where the inputs of layer i come from and returns what
// comes in.
func (n *Network) validateFrom(i int, passes []passed) (in passed, err error) {
	l := &n.Layers[i]
	from := l.Inputs(i)
	for k, f := range from {
		if f < -1 || f >= i {
			return in, invalid("%s: from is %v, expected layers before it, or -1 for the input", n.where(i), l.From)
		}
		if slices.Contains(from[:k], f) {
			return in, invalid("%s: from is %v, expected each layer once", n.where(i), l.From)
		}
		if before := n.shape(f); !sameShape(before, l.In) {
			return in, invalid("%s takes shape %v, but %s has shape %v", n.where(i), l.In, n.where(f), before)
		}
	}
	in = n.into(i, passes)
	if in.entries > maxEntries {
		return in, invalid("%s: more than %d inputs may come in at a time step, counted once a pooling window and layer added", n.where(i), maxEntries)
	}
	if in.paths > maxPaths {
		return in, invalid("%s: more than %d paths through layers without neurons lead to it", n.where(i), maxPaths)
	}
	return in, nil
}

// into adds up what comes into layer i.
func (n *Network) into(i int, passes []passed) passed {
	in := passed{whole: true}
	from := n.Layers[i].Inputs(i)
	for k, f := range from {
		in.entries += passes[1+f].entries
		in.paths += passes[1+f].paths
		in.once = len(from) == 1 && passes[1+f].once
		in.add(&passes[1+f], k == 0)
	}
	return in
}

func placesOfConvolution(l *Layer) int64 { return int64(l.InSize()) + int64(l.OutSize()) }
func placesOfPool(l *Layer) int64        { return int64(l.InSize()) * (1 + l.overlap()) }

// overlap bounds the windows of a pool that an input lies in.
func (l *Layer) overlap() int64 {
	n := int64(1)
	for axis := range 2 {
		windows := (l.Window.Kernel[axis] + l.Window.Stride[axis] - 1) / l.Window.Stride[axis]
		n *= int64(min(windows, l.Out[1+axis]))
	}
	return n
}

func passNeurons(l *Layer, _ string, _ passed) (passed, error) {
	return passed{entries: int64(l.OutSize()), once: true, paths: 1, whole: l.Output == Step, factor: 1, repeats: 1}, nil
}

func passFlat(_ *Layer, _ string, in passed) (passed, error) {
	in.paths++
	return in, nil
}

func passPool(l *Layer, where string, in passed) (passed, error) {
	if l.Pool != MaxPool {
		in.entries, in.once, in.paths = min(in.entries*l.overlap(), maxEntries+1), false, in.paths+1
		in.repeats = min(in.repeats*int64(l.Window.Kernel[0])*int64(l.Window.Kernel[1]), maxSum)
		if l.Pool == AvgPool {
			in.factor = float32(in.factor * l.Window.Share())
		}
		return in, nil
	}
	if !in.once {
		return passed{}, invalid("%s: max pooling needs the outputs of one layer, but sums come in: sum pooling may be meant", where)
	}
	in.entries, in.paths = int64(l.OutSize()), in.paths+1
	return in, nil
}

// PoolsValues reports whether layer i of a valid network is a max pool of values
// that may be other than spikes.
func (n *Network) PoolsValues(i int) bool {
	l := &n.Layers[i]
	if l.Kind != Pool2D || l.Pool != MaxPool {
		return false
	}
	for i >= 0 && !n.Layers[i].HasNeurons() { // what comes into a max pool comes one way
		i = n.Layers[i].Inputs(i)[0]
	}
	if i < 0 {
		return n.Input.Encoder.Analog()
	}
	return !n.Layers[i].Spikes()
}

// where names a layer in errors, −1 being the input.
func (n *Network) where(i int) string {
	if i < 0 {
		return "input"
	}
	return LayerName(i, n.Layers[i].Name)
}

// LayerName returns how errors call layer i of a name, which may be empty.
func LayerName(i int, name string) string {
	if name == "" {
		return fmt.Sprintf("layer %d", i)
	}
	return fmt.Sprintf("layer %d (%q)", i, name)
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
