package tensors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/snurun/snurun/model"
)

func misdescribed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDescription, fmt.Sprintf(format, args...))
}

// description is the JSON that says what a network is made of.
type description struct {
	Name      string             `json:"name"`
	Framework string             `json:"framework"`
	DtMS      model.Millis       `json:"dt_ms"`
	Steps     int                `json:"steps"`
	Input     inputDescription   `json:"input"`
	Classes   []string           `json:"classes"`
	Readout   model.ReadoutKind  `json:"readout"`
	Layers    []layerDescription `json:"layers"`
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
	Fires         string           `json:"fires"`
	Reset         string           `json:"reset"`
	Output        model.Output     `json:"output"`
	MaxSpikes     *most            `json:"max_spikes"`
	SpikeValue    *float32         `json:"spike_value"`
	Activation    model.Activation `json:"activation"`
	Slope         float32          `json:"slope"`
	Floor         *float32         `json:"floor"`

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

// most is the most spikes of a neuron in a step: a number, or "many".
type most int

func (m *most) UnmarshalJSON(text []byte) error {
	if string(text) == `"many"` {
		*m = 0
		return nil
	}
	var n int
	if err := json.Unmarshal(text, &n); err != nil || n < 1 || n > model.MaxSpikes {
		return fmt.Errorf("max_spikes is %s, expected 1 to %d, or \"many\"", text, model.MaxSpikes)
	}
	*m = most(n)
	return nil
}

// network makes a network, which is yet to be validated.
func (d *description) network(f *File, im *Import) (*model.Network, error) {
	if _, ok := frameworks[d.Framework]; !ok {
		return nil, misdescribed("framework is %q, expected %s", d.Framework, strings.Join(slices.Sorted(maps.Keys(frameworks))[1:], ", "))
	}
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
		l, err := ld.layer(f, before, d.Framework, &remarks{im, model.LayerName(i, ld.Name)})
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

// layer makes a layer that takes a shape, of a framework or none. r takes remarks.
func (d *layerDescription) layer(f *File, in []int, framework string, r *remarks) (l model.Layer, err error) {
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
		if err := d.neurons(f, &l, framework, r); err != nil {
			return l, err
		}
		if d.Weight == "" {
			return l, nil
		}
	} else if d.Weight+d.Bias+d.Recurrent+d.RecurrentBias+d.Reset+d.Fires != "" || d.Decay != nil || d.Synapse != nil || d.Threshold != nil ||
		d.MaxSpikes != nil || d.SpikeValue != nil || d.Floor != nil {
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

// identity gives a layer without weights those that pass on what comes in: of planes
// a convolution of one weight a channel, of few values a matrix.
func (d *layerDescription) identity(l *model.Layer) error {
	if d.Bias+d.Recurrent+d.RecurrentBias != "" {
		return misdescribed("there is no weight, which bias and recurrent belong to")
	}
	if d.Stride != nil || d.Padding != nil || d.Dilation != nil || l.Kind == model.Dense {
		return misdescribed("there is no weight")
	}
	const small = 64 // neurons of which a matrix is no dearer than a convolution
	n := volume(l.In)
	if len(l.In) != 3 && n <= small && l.Kind == model.SNU {
		l.In, l.Out = []int{n}, []int{n}
		l.Weight = model.Matrix(n, n, make([]float32, n*n))
		for j := range n {
			l.Weight.F32[j*n+j] = 1
		}
		return nil
	}
	if len(l.In) != 3 {
		l.In = []int{n, 1, 1}
	}
	channels := l.In[0]
	if d.Groups != 0 && d.Groups != channels {
		return misdescribed("groups is %d, but there is no weight, and %v comes in: expected %d", d.Groups, l.In, channels)
	}
	one := [2]int{1, 1}
	l.Kind, l.Out, l.Groups = model.Conv2D, slices.Clone(l.In), channels
	l.Window = model.Window{Kernel: one, Stride: one, Dilation: one}
	l.Weight = model.Tensor{Shape: []int{channels, 1, 1, 1}, F32: slices.Repeat([]float32{1}, channels)}
	return nil
}

// neurons reads the weights of a layer and the parameters of its neurons.
func (d *layerDescription) neurons(f *File, l *model.Layer, framework string, r *remarks) error {
	if l.Activation == "" {
		l.Activation = model.Identity
	}
	if l.Output == "" {
		l.Output = model.Step
		if l.Kind == model.Dense {
			l.Output = model.None
		}
	}
	if d.Weight == "" {
		if err := d.identity(l); err != nil {
			return err
		}
	} else {
		w, err := f.tensor("weight", d.Weight)
		if err != nil {
			return err
		}
		l.Weight = model.Tensor{Shape: w.Shape, F32: w.Data}
	}
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
	m, err := d.module(f, framework)
	if err != nil {
		return err
	}
	if err := m.applyTo(l, r); err != nil {
		return err
	}
	if err := d.fires(l, threshold, framework, m); err != nil {
		return err
	}
	return d.reset(l, threshold, m, r)
}

// fires sets when a neuron fires, and how often in a step.
func (d *layerDescription) fires(l *model.Layer, threshold []float32, framework string, m *module) error {
	counts := d.MaxSpikes != nil && *d.MaxSpikes != 1
	if d.MaxSpikes != nil {
		l.MaxSpikes = int(*d.MaxSpikes)
	} else if frameworks[framework].many {
		counts = true
	}
	switch {
	case d.SpikeValue != nil:
		l.SpikeValue = *d.SpikeValue
	case m.graded != 1:
		l.SpikeValue = m.graded
	}
	counts = counts || l.SpikeValue != 0 && l.SpikeValue != 1
	if spikes := l.Output == model.Step; counts && spikes {
		l.Output = model.Count
		if d.MaxSpikes == nil && !frameworks[framework].many {
			l.MaxSpikes = 1
		}
	} else if l.MaxSpikes, l.SpikeValue = 0, 0; !spikes && (d.MaxSpikes != nil || d.SpikeValue != nil) {
		return misdescribed("max_spikes and spike_value are for output step, but output is %s", l.Output)
	}
	if d.Floor != nil {
		if l.Activation != model.Identity {
			return misdescribed("floor is for activation identity, but activation is %s", l.Activation)
		}
		l.Activation, l.Floor = model.Clipped, *d.Floor
	}
	atEqual := frameworks[framework].atEqual
	switch d.Fires {
	case "":
	case ">", ">=":
		atEqual = d.Fires == ">="
	default:
		return misdescribed("fires is %q, expected > or >=", d.Fires)
	}
	for _, v := range threshold {
		switch counts := l.Output == model.Count; { // those fire at their threshold
		case atEqual && !counts:
			v = math.Nextafter32(v, float32(math.Inf(-1)))
		case !atEqual && counts:
			v = math.Nextafter32(v, float32(math.Inf(1)))
		}
		l.Bias = append(l.Bias, -v)
	}
	return nil
}

// reset sets what a spike does to the membrane.
func (d *layerDescription) reset(l *model.Layer, threshold []float32, m *module, r *remarks) error {
	switch {
	case l.Output == model.None && d.Reset == "":
		l.Reset = model.ResetNone
		return nil
	case l.Output != model.None && len(threshold) == 0:
		return misdescribed("there is no threshold")
	}
	reset, err := m.reset(d, r)
	if err != nil {
		return err
	}
	l.Reset = model.Reset(reset)
	switch reset {
	case "zero", "none", "lateral", "refractory":
		return nil
	case "delayed", "subtract":
		l.Reset = model.ResetSubtract
	case "lagged":
	default:
		return misdescribed("reset is %q, expected zero, subtract, delayed, refractory, lagged, lateral or none", d.Reset)
	}
	l.Theta = slices.Clone(threshold)
	if reset == "delayed" {
		return nil
	}
	// What is subtracted at once decays with the rest of the membrane.
	if len(l.Decay) == 0 {
		l.Theta = []float32{0}
		return nil
	}
	l.Theta, err = perNeuron(l.Decay, threshold, "decay", "threshold", func(d, t float32) float32 { return float32(d * t) })
	return err
}

// perNeuron combines two parameters of which each is one value for all, or one for
// each channel or neuron.
func perNeuron(a, b []float32, nameA, nameB string, f func(a, b float32) float32) ([]float32, error) {
	if len(a) != len(b) && len(a) != 1 && len(b) != 1 {
		return nil, misdescribed("%s has %d values, but %s %d", nameA, len(a), nameB, len(b))
	}
	out := make([]float32, max(len(a), len(b)))
	for j := range out {
		out[j] = f(a[min(j, len(a)-1)], b[min(j, len(b)-1)])
	}
	return out, nil
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
