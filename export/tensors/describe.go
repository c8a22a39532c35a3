package tensors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/snurun/snurun/model"
)

func misdescribed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDescription, fmt.Sprintf(format, args...))
}

// description is the JSON that says what a network is made of.
type description struct {
	Name    string             `json:"name"`
	DtMS    model.Millis       `json:"dt_ms"`
	Steps   int                `json:"steps"`
	Input   inputDescription   `json:"input"`
	Classes []string           `json:"classes"`
	Readout model.ReadoutKind  `json:"readout"`
	Layers  []layerDescription `json:"layers"`
}

type inputDescription struct {
	Shape     []int        `json:"shape"`
	Encoder   model.Coding `json:"encoder"`
	RateHz    float64      `json:"rate_hz"`
	Threshold *float64     `json:"threshold"`
	BinUS     float64      `json:"bin_us"`
	Counts    bool         `json:"counts"`
}

// layerDescription is a layer in the words of PyTorch: bias is that of the
// weights, and decay, synapse and threshold are numbers or names of tensors.
type layerDescription struct {
	Name          string           `json:"name"`
	Kind          model.Kind       `json:"kind"`
	From          []int            `json:"from"`
	Weight        string           `json:"weight"`
	Bias          string           `json:"bias"`
	Recurrent     string           `json:"recurrent"`
	RecurrentBias string           `json:"recurrent_bias"`
	Decay         *value           `json:"decay"`
	Synapse       *value           `json:"synapse"`
	Threshold     *value           `json:"threshold"`
	Reset         string           `json:"reset"`
	Output        model.Output     `json:"output"`
	Activation    model.Activation `json:"activation"`
	Slope         float32          `json:"slope"`

	Kernel   pair          `json:"kernel"`
	Stride   pair          `json:"stride"`
	Padding  pair          `json:"padding"`
	Dilation pair          `json:"dilation"`
	Groups   int           `json:"groups"`
	Pool     model.Pooling `json:"pool"`
}

// value is a number, or the name of a tensor.
type value struct {
	number float32
	tensor string
}

func (v *value) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		if err := json.Unmarshal(text, &v.tensor); err != nil || v.tensor != "" {
			return err
		}
		return errors.New("the name of a tensor is empty")
	}
	return json.Unmarshal(text, &v.number)
}

// pair is a number for height and width, or one for each.
type pair []int

func (p *pair) UnmarshalJSON(text []byte) error {
	var n int
	if json.Unmarshal(text, &n) == nil {
		*p = pair{n, n}
		return nil
	}
	var both []int
	if err := json.Unmarshal(text, &both); err != nil {
		return err
	}
	if len(both) != 2 {
		return fmt.Errorf("%s, expected a number or two", text)
	}
	*p = both
	return nil
}

func (p pair) or(n int) [2]int {
	if p == nil {
		return [2]int{n, n}
	}
	return [2]int{p[0], p[1]}
}

// parse reads a description, without the byte order mark that some editors put
// before text.
func parse(text []byte) (*description, error) {
	object := bytes.TrimPrefix(text, []byte("\ufeff"))
	j := json.NewDecoder(bytes.NewReader(object))
	at := func() int64 { return int64(len(text)-len(object)) + j.InputOffset() }
	var d description
	if err := fields(j, &d); err != nil {
		return nil, misdescribed("byte %d: %v", at(), err)
	}
	if _, err := j.Token(); err != io.EOF {
		return nil, misdescribed("byte %d: something follows the object", at())
	}
	return &d, nil
}

// network makes a network, which is yet to be validated.
func (d *description) network(f *File) (*model.Network, error) {
	in := d.Input
	n := &model.Network{
		Name: d.Name, Steps: d.Steps, Classes: d.Classes,
		Input: model.Input{Dt: d.DtMS, Shape: in.Shape, Encoder: model.Encoder{
			Coding: in.Encoder, RateHz: in.RateHz, Threshold: in.Threshold, BinUS: in.BinUS, Counts: in.Counts}},
		Readout: model.Readout{Kind: d.Readout},
	}
	for i := range d.Layers {
		ld := &d.Layers[i]
		before := n.Input.Shape
		from := i - 1
		if len(ld.From) > 0 {
			from = ld.From[0]
		}
		if from < -1 || from >= i {
			return nil, misdescribed("%s: from is %v, expected layers before it, or -1 for the input", model.LayerName(i, ld.Name), ld.From)
		}
		if from >= 0 {
			before = n.Layers[from].Out
		}
		l, err := ld.layer(f, before)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", model.LayerName(i, ld.Name), err)
		}
		n.Layers = append(n.Layers, l)
	}
	if k := len(n.Layers); n.Readout.Kind == "" && k > 0 {
		n.Readout.Kind = model.SpikeCount
		if n.Layers[k-1].Output == model.None {
			n.Readout.Kind = model.MembraneSum
		}
	}
	return n, nil
}

// layer makes a layer that takes a shape.
func (d *layerDescription) layer(f *File, in []int) (l model.Layer, err error) {
	l = model.Layer{Name: d.Name, Kind: d.Kind, From: d.From, In: in, Activation: d.Activation, Slope: d.Slope, Output: d.Output}
	if l.Kind == "" {
		l.Kind = model.SNU
	}
	spec := l.Kind.Spec()
	if spec == nil {
		return l, misdescribed("kind is %q, expected one of %v", l.Kind, model.Kinds())
	}
	if key := d.misplaced(spec); key != "" {
		return l, misdescribed("a %s layer has no %s", l.Kind, key)
	}
	if spec.Neurons {
		if err := d.neurons(f, &l); err != nil {
			return l, err
		}
	} else if d.Weight+d.Bias+d.Recurrent+d.RecurrentBias+d.Reset != "" || d.Decay != nil || d.Synapse != nil || d.Threshold != nil {
		return l, misdescribed("a %s layer has no parameters", l.Kind)
	}
	switch l.Kind {
	case model.Flatten:
		l.Out = []int{volume(in)}
	case model.Pool2D:
		l.Pool = d.Pool
		kernel := d.Kernel.or(2)
		l.Window = model.Window{Kernel: kernel, Stride: kernel, Padding: d.Padding.or(0), Dilation: [2]int{1, 1}}
		if d.Stride != nil {
			l.Window.Stride = d.Stride.or(1)
		}
		return l, d.plane(&l, in)
	case model.Conv2D:
		l.Groups = cmp.Or(d.Groups, 1)
		shape := l.Weight.Shape
		if len(shape) != 4 {
			return l, misdescribed("weight %q has shape %v, expected [out, in/groups, height, width]", d.Weight, shape)
		}
		l.Window = model.Window{Kernel: [2]int{shape[2], shape[3]}, Stride: d.Stride.or(1), Padding: d.Padding.or(0), Dilation: d.Dilation.or(1)}
		return l, d.plane(&l, in)
	case model.SNU, model.Dense:
		if len(l.Weight.Shape) != 2 {
			return l, misdescribed("weight %q has shape %v, expected [out, in]", d.Weight, l.Weight.Shape)
		}
		l.Out = l.Weight.Shape[:1:1]
	}
	return l, nil
}

// misplaced returns a key for windows that a layer of this kind has no use for, or
// nothing.
func (d *layerDescription) misplaced(spec *model.KindSpec) string {
	for _, k := range []struct {
		key   model.Field
		given bool
	}{
		{"kernel", d.Kernel != nil}, {"pool", d.Pool != ""}, {"stride", d.Stride != nil},
		{"padding", d.Padding != nil}, {"dilation", d.Dilation != nil}, {"groups", d.Groups != 0},
	} {
		if k.given && !spec.Says(k.key) {
			return string(k.key)
		}
	}
	return ""
}

// plane fills in what a window puts out.
func (d *layerDescription) plane(l *model.Layer, in []int) error {
	if len(in) != 3 {
		return misdescribed("%v comes in, expected [channels height width]", in)
	}
	for axis := range 2 {
		if l.Window.Stride[axis] < 1 { // it divides; model.Validate checks the rest
			return misdescribed("stride is %v, expected at least 1", l.Window.Stride)
		}
	}
	channels := in[0]
	if l.Kind == model.Conv2D {
		channels = l.Weight.Shape[0]
	}
	l.Out = []int{channels, l.Window.Steps(0, in[1]), l.Window.Steps(1, in[2])}
	if l.Out[1] < 1 || l.Out[2] < 1 {
		return misdescribed("a kernel of %v with padding %v and dilation %v does not fit in %v", l.Window.Kernel, l.Window.Padding, l.Window.Dilation, in)
	}
	return nil
}

// neurons reads the weights of a layer and the parameters of its neurons.
func (d *layerDescription) neurons(f *File, l *model.Layer) error {
	if l.Activation == "" {
		l.Activation = model.Identity
	}
	if l.Output == "" {
		l.Output = model.Step
		if l.Kind == model.Dense {
			l.Output = model.None
		}
	}
	w, err := f.tensor("weight", d.Weight)
	if err != nil {
		return err
	}
	l.Weight = model.Tensor{Shape: w.Shape, F32: w.Data}
	if d.Recurrent != "" {
		h, err := f.tensor("recurrent", d.Recurrent)
		if err != nil {
			return err
		}
		l.Recurrent = &model.Tensor{Shape: h.Shape, F32: h.Data}
	}
	for _, b := range []struct{ key, name string }{{"bias", d.Bias}, {"recurrent_bias", d.RecurrentBias}} {
		if b.name == "" {
			continue
		}
		t, err := f.tensor(b.key, b.name)
		if err != nil {
			return err
		}
		switch {
		case l.Current == nil:
			l.Current = slices.Clone(t.Data)
		case len(l.Current) != len(t.Data):
			return misdescribed("%s %q has shape %v, but bias has %d values", b.key, b.name, t.Shape, len(l.Current))
		default:
			for j, x := range t.Data {
				l.Current[j] += x
			}
		}
	}
	threshold, err := f.parameter("threshold", d.Threshold)
	if err != nil {
		return err
	}
	if l.Decay, err = f.parameter("decay", d.Decay); err != nil {
		return err
	}
	if l.Synapse, err = f.parameter("synapse", d.Synapse); err != nil {
		return err
	}
	for _, v := range threshold {
		l.Bias = append(l.Bias, -v)
	}
	return d.reset(l, threshold)
}

// reset sets what a spike does to the membrane.
func (d *layerDescription) reset(l *model.Layer, threshold []float32) error {
	l.Reset = model.Reset(d.Reset)
	switch {
	case l.Output == model.None && d.Reset == "":
		l.Reset = model.ResetNone
		return nil
	case l.Output != model.None && len(threshold) == 0:
		return misdescribed("there is no threshold")
	}
	switch d.Reset {
	case "zero", "none", "lateral":
		return nil
	case "delayed", "subtract":
	default:
		return misdescribed("reset is %q, expected zero, subtract, delayed, lateral or none", d.Reset)
	}
	l.Reset = model.ResetSubtract
	l.Theta = slices.Clone(threshold)
	if d.Reset == "delayed" {
		return nil
	}
	// What is subtracted at once decays with the rest of the membrane.
	switch decay := l.Decay; {
	case len(decay) == 0:
		l.Theta = []float32{0}
	case len(decay) == 1 || len(decay) == len(l.Theta):
		for j := range l.Theta {
			l.Theta[j] *= decay[min(j, len(decay)-1)]
		}
	case len(l.Theta) == 1:
		l.Theta = slices.Clone(decay)
		for j := range l.Theta {
			l.Theta[j] *= threshold[0]
		}
	default:
		return misdescribed("decay has %d values, but threshold %d", len(decay), len(threshold))
	}
	return nil
}

func (f *File) tensor(key, name string) (Tensor, error) {
	if name == "" {
		return Tensor{}, misdescribed("there is no %s", key)
	}
	if err := f.unread[name]; err != nil {
		return Tensor{}, fmt.Errorf("%s: %w", key, err)
	}
	t, ok := f.Tensors[name]
	if !ok {
		return t, misdescribed("%s names %q, but the file has %q", key, name, slices.Sorted(maps.Keys(f.Tensors)))
	}
	return t, nil
}

// parameter returns a number or a tensor's values, or none.
func (f *File) parameter(key string, v *value) ([]float32, error) {
	switch {
	case v == nil:
		return nil, nil
	case v.tensor == "":
		return []float32{v.number}, nil
	}
	t, err := f.tensor(key, v.tensor)
	return t.Data, err
}

// volume multiplies a shape that may not be valid yet; it is 0 for one that is
// too large for any network.
func volume(shape []int) int {
	v := int64(1)
	for _, n := range shape {
		if n < 1 || n > 1<<30 {
			return 0
		}
		if v *= int64(n); v > 1<<30 {
			return 0
		}
	}
	return int(v)
}
