package model

import (
	"fmt"
	"slices"
)

// Field names a parameter of a layer, as the model file does.
type Field string

// layerFields lists what a layer may have beside name, kind, from, in and out,
// in the order of the model file, and says whether it does. export/layers.go
// reads and writes them.
var layerFields = []struct {
	field Field
	given func(l *Layer) bool
}{
	{"activation", func(l *Layer) bool { return l.Activation != "" }},
	{"slope", func(l *Layer) bool { return l.Slope != 0 }},
	{"floor", func(l *Layer) bool { return l.Floor != 0 }},
	{"output", func(l *Layer) bool { return l.Output != "" }},
	{"max_spikes", func(l *Layer) bool { return l.MaxSpikes != 0 }},
	{"spike_value", func(l *Layer) bool { return l.SpikeValue != 0 }},
	{"reset", func(l *Layer) bool { return l.Reset != "" }},
	{"pool", func(l *Layer) bool { return l.Pool != "" }},
	{"kernel", func(l *Layer) bool { return l.Window.Kernel != [2]int{} }},
	{"stride", func(l *Layer) bool { return l.Window.Stride != [2]int{} }},
	{"padding", func(l *Layer) bool { return l.Window.Padding != [2]int{} }},
	{"dilation", func(l *Layer) bool { return l.Window.Dilation != [2]int{} }},
	{"groups", func(l *Layer) bool { return l.Groups != 0 }},
	{"weight", func(l *Layer) bool { return l.Weight.Shape != nil || l.Weight.Len() > 0 }},
	{"recurrent", func(l *Layer) bool { return l.Recurrent != nil }},
	{"decay", func(l *Layer) bool { return len(l.Decay) > 0 }},
	{"current", func(l *Layer) bool { return len(l.Current) > 0 }},
	{"synapse", func(l *Layer) bool { return len(l.Synapse) > 0 }},
	{"bias", func(l *Layer) bool { return len(l.Bias) > 0 }},
	{"theta", func(l *Layer) bool { return len(l.Theta) > 0 }},
	{"initial", func(l *Layer) bool { return len(l.Initial) > 0 }},
}

// LayerFields returns the names of all parameters that layers have, in the
// order of the model file.
func LayerFields() (fields []Field) {
	for _, f := range layerFields {
		fields = append(fields, f.field)
	}
	return fields
}

// A KindSpec is what there is to know of a kind of layer.
type KindSpec struct {
	Kind     Kind
	Neurons  bool    // it computes: one without neurons only passes on
	Shared   bool    // the neurons of a channel share their weights; a parameter may be one a channel
	Fields   []Field // what it may have
	Required []Field // what a model file must say
	Implied  []Field // what follows from the others: allowed in a file, but not written

	// short returns the layer in the short form of a network, nothing for one that
	// is left out.
	short func(l *Layer) string
	// synapses counts the pairs of an input and a neuron that it reaches; nil if
	// they are none.
	synapses func(l *Layer) int64
	// check says whether shapes and weights fit.
	check func(l *Layer, where string) error
	// passes returns what the layer passes on if in comes in.
	passes func(l *Layer, where string, in passed) (passed, error)
	// places returns what it adds to the places of a network; nil for none.
	places func(l *Layer) int64
	// fill fills in what a file left out; given says what it did not.
	fill func(l *Layer, given func(Field) bool)
}

var (
	unitFields   = []Field{"activation", "slope", "floor", "output", "max_spikes", "spike_value", "reset", "weight", "current", "bias"}
	stateFields  = []Field{"decay", "synapse", "theta", "initial"}
	windowFields = []Field{"kernel", "stride", "padding", "dilation"}
)

// kinds is the table of layer kinds.
//
// A new kind is a constant (layer.go) and a row here with the functions that it
// names; a new parameter of it is a field of Layer, a row of layerFields above,
// and how export/layers.go reads and writes it. internal/layer compiles it
// (layer.go), runs it and takes its gradients back (a file of its own, back.go);
// train/ways.go chooses the way back. export/nir/write.go writes it or refuses it
// by name, export/tensors/describe.go reads its description. docs/FORMAT.md
// defines it, with its Python. runtime/oracle_test.go and export/networks_test.go
// hold it to the plain loop and to a golden file. With cmd/snurun/plot_layer.go,
// if there is something new to see, these are twelve files.
var kinds = []KindSpec{
	{
		Kind: SNU, Neurons: true,
		Fields:   slices.Concat(unitFields, stateFields, []Field{"recurrent"}),
		Required: []Field{"activation", "output", "reset", "decay", "weight"},
		short:    shortNeurons, synapses: synapsesOfMatrix, check: checkMatrix, passes: passNeurons,
	},
	{
		Kind: Dense, Neurons: true,
		Fields:   unitFields,
		Required: []Field{"activation", "output", "reset", "weight"},
		short:    shortNeurons, synapses: synapsesOfMatrix, check: checkDense, passes: passNeurons,
	},
	{
		Kind: Conv2D, Neurons: true, Shared: true,
		Fields:   slices.Concat(unitFields, stateFields, windowFields, []Field{"groups"}),
		Required: []Field{"activation", "output", "reset", "decay", "weight"},
		Implied:  []Field{"kernel"},
		short:    shortConvolution, synapses: synapsesOfConvolution, check: checkConvolution, passes: passNeurons,
		places: placesOfConvolution, fill: fillConvolution,
	},
	{
		Kind:     Pool2D,
		Fields:   append([]Field{"pool"}, windowFields...),
		Required: []Field{"pool", "kernel"},
		Implied:  []Field{"dilation"},
		short:    shortPool, check: checkPool, passes: passPool, places: placesOfPool, fill: fillPool,
	},
	{
		Kind:  Flatten,
		short: func(*Layer) string { return "" }, check: checkFlatten, passes: passFlat,
	},
}

// Kinds returns the names of all kinds.
func Kinds() (names []Kind) {
	for i := range kinds {
		names = append(names, kinds[i].Kind)
	}
	return names
}

// Spec returns what the table of kinds says of one, nil if it is unknown.
func (k Kind) Spec() *KindSpec {
	for i := range kinds {
		if kinds[i].Kind == k {
			return &kinds[i]
		}
	}
	return nil
}

// Has reports whether a layer of the kind may have a field.
func (k *KindSpec) Has(f Field) bool { return slices.Contains(k.Fields, f) }

// Requires reports whether a model file must say the field of such a layer.
func (k *KindSpec) Requires(f Field) bool { return slices.Contains(k.Required, f) }

// Says reports whether the model file says the field of such a layer, where it
// has it; those that are Implied it does not.
func (k *KindSpec) Says(f Field) bool { return k.Has(f) && !slices.Contains(k.Implied, f) }

// Fill fills in what a description of l left out and has a default, such as the
// stride of a window. given tells what it did not leave out.
func (k *KindSpec) Fill(l *Layer, given func(Field) bool) {
	if k.fill != nil {
		k.fill(l, given)
	}
}

// checkFields returns an error if the layer has something that only other kinds
// heed.
func (l *Layer) checkFields(where string, spec *KindSpec) error {
	for _, f := range layerFields {
		if spec.Has(f.field) || !f.given(l) {
			continue
		}
		var have []Kind
		for i := range kinds {
			if kinds[i].Has(f.field) {
				have = append(have, kinds[i].Kind)
			}
		}
		return invalid("%s: a %s layer has no %s, expected kind %s", where, l.Kind, f.field, oneOf(have))
	}
	return nil
}

func fillConvolution(l *Layer, given func(Field) bool) {
	if shape := l.Weight.Shape; len(shape) == 4 && !given("kernel") {
		l.Window.Kernel = [2]int(shape[2:])
	}
	if !given("groups") {
		l.Groups = 1
	}
	fillWindow(&l.Window, [2]int{1, 1}, given)
}

func fillPool(l *Layer, given func(Field) bool) { fillWindow(&l.Window, l.Window.Kernel, given) }

func fillWindow(w *Window, stride [2]int, given func(Field) bool) {
	if !given("stride") {
		w.Stride = stride
	}
	if !given("dilation") {
		w.Dilation = [2]int{1, 1}
	}
}

func shortNeurons(l *Layer) string { return sizes(l.Out) }

func shortConvolution(l *Layer) string {
	s := fmt.Sprintf("%dc%s", l.Out[0], side(l.Window.Kernel))
	if l.Window.Stride != [2]int{1, 1} {
		s += "s" + side(l.Window.Stride)
	}
	return s
}

func shortPool(l *Layer) string {
	s := fmt.Sprintf("%.1sp%s", l.Pool, side(l.Window.Kernel))
	if l.Window.Stride != l.Window.Kernel {
		s += "s" + side(l.Window.Stride)
	}
	return s
}
