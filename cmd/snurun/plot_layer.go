//go:build !board

package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/plot"
)

// layerName names layer i in a figure. A name that is a number, as those of many
// NIR files, does not stand on its own.
func layerName(m *model.Network, i int) string {
	name := cmp.Or(m.Layers[i].Name, strconv.Itoa(i))
	if _, err := strconv.Atoi(name); err == nil {
		return "layer " + name
	}
	return name
}

// withNeurons returns the numbers of the layers that have neurons.
func withNeurons(m *model.Network) []int {
	var layers []int
	for i := range m.Layers {
		if m.Layers[i].HasNeurons() {
			layers = append(layers, i)
		}
	}
	return layers
}

// chosenLayer returns the layer that --layer names, which must have neurons;
// without it a default.
func (p *plotter) chosenLayer(m *model.Network, otherwise int) (int, error) {
	i := p.options.layer
	if i == -1 {
		return otherwise, nil
	}
	if i < 0 || i >= len(m.Layers) {
		return 0, usagef("--layer is %d, the model has %d, from 0", i, len(m.Layers))
	}
	if l := &m.Layers[i]; !l.HasNeurons() {
		numbers := strings.Trim(fmt.Sprint(withNeurons(m)), "[]")
		return 0, usagef("--layer is %d, a %s layer, which has no neurons; those that have: %s", i, l.Kind, numbers)
	}
	return i, nil
}

// shownFields is the number of receptive fields shown by default.
const shownFields = 64

func (p *plotter) weights(args []string) (*plot.Figure, error) {
	m, err := loadModel(args[0])
	if err != nil {
		return nil, err
	}
	i, err := p.chosenLayer(m, withNeurons(m)[0])
	if err != nil {
		return nil, err
	}
	layer := &m.Layers[i]
	all := layer.Weight.Shape[0]
	neurons, err := parseNeurons(p.options.neurons, all)
	if err != nil {
		return nil, err
	}
	if layer.Kind == model.Conv2D {
		return kernels(m, i, neurons)
	}
	if neurons == nil {
		neurons = sequence(0, min(all, shownFields))
	}
	in := layer.In
	if len(in) == 1 {
		in = arriving(m, i)
	}
	var fields []plot.Frame
	for _, j := range neurons {
		f := plot.Frame{Name: strconv.Itoa(j)}
		f.Height, f.Width, f.Values = picture(in, layer.Weight.Row(j, nil))
		fields = append(fields, f)
	}
	figure, err := plot.Weights(fields)
	if err != nil {
		return nil, err
	}
	figure.Title = fmt.Sprintf("input weights of %s: %d of %d neurons", layerName(m, i), len(neurons), all)
	return figure, nil
}

// arriving returns the shape that the inputs of a layer had before a flatten
// layer, or else have.
func arriving(m *model.Network, i int) []int {
	for i = m.Layers[i].Inputs(i)[0]; i >= 0; i = m.Layers[i].Inputs(i)[0] {
		if m.Layers[i].Kind != model.Flatten {
			return m.Layers[i].Out
		}
	}
	return planesOf(m.Input)
}

// shownKernels bounds the kernels shown by default, shownInputs the input
// channels that have a row each.
const (
	shownKernels = 1024
	shownInputs  = 32
)

// kernels shows those of some output channels of a conv2d layer, nil for as many
// as there is room for.
func kernels(m *model.Network, i int, channels []int) (*plot.Figure, error) {
	l := &m.Layers[i]
	rows := l.Weight.Shape[1]
	if rows > shownInputs {
		rows = 1
	}
	if channels == nil {
		channels = sequence(0, min(l.Out[0], shownKernels/rows))
	}
	figure, err := plot.Kernels(kernelGrid(l, channels, rows), kernelNames(m, i, rows))
	if err != nil {
		return nil, err
	}
	figure.Title = fmt.Sprintf("kernels of %s: %s; %d of %d channels", layerName(m, i), describeWindow(l), len(channels), l.Out[0])
	return figure, nil
}

// kernelGrid returns a row of kernels for each input channel, or one row for
// their sum, with a column for each of some output channels.
func kernelGrid(l *model.Layer, channels []int, rows int) [][]plot.Frame {
	inputs, height, width := l.Weight.Shape[1], l.Weight.Shape[2], l.Weight.Shape[3]
	area := height * width
	grid := make([][]plot.Frame, rows)
	for _, j := range channels {
		kernel := l.Weight.Row(j, nil)
		if rows < inputs {
			sum := make([]float32, area)
			for k, w := range kernel {
				sum[k%area] += w
			}
			kernel = sum
		}
		for r := range grid {
			grid[r] = append(grid[r], plot.Frame{Name: strconv.Itoa(j), Height: height, Width: width, Values: kernel[r*area:][:area]})
		}
	}
	return grid
}

// kernelNames names the rows of input channels of a conv2d layer.
func kernelNames(m *model.Network, i, rows int) []string {
	l := &m.Layers[i]
	inputs := l.Weight.Shape[1]
	if rows < inputs {
		return []string{fmt.Sprintf("sum of %d inputs", inputs)}
	}
	if from := l.Inputs(i); len(from) == 1 && from[0] == -1 && inputs == 2 && l.Groups == 1 && polar(m.Input) != nil {
		return []string{"OFF", "ON"}
	}
	names := make([]string, rows)
	if inputs == 1 && l.Groups == 1 {
		return names
	}
	for r := range names {
		names[r] = fmt.Sprintf("input %d", r)
		if l.Groups > 1 {
			names[r] += " of its group"
		}
	}
	return names
}

// polar returns the shape [2, height, width] of an input whose planes are OFF
// and ON events, nil for any other.
func polar(in model.Input) []int {
	if shape := planesOf(in); in.Encoder.Coding == model.Events && len(shape) == 3 && shape[0] == 2 {
		return shape
	}
	return nil
}
