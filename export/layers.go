package export

import "github.com/snurun/snurun/model"

// A layerField is how a parameter of a layer is read and written.
type layerField struct {
	key   model.Field
	read  func(d *decoder, l *model.Layer) error
	write func(e *encoder, where string, l *model.Layer)
	given func(l *model.Layer) bool // whether it is written, where its kind has it; nil for always
}

// layerFields has the fields of model.LayerFields, in the same order.
var layerFields = []layerField{
	wordField("activation", func(l *model.Layer) *model.Activation { return &l.Activation }),
	{
		"slope",
		func(d *decoder, l *model.Layer) (err error) { l.Slope, err = d.float32(); return err },
		func(e *encoder, _ string, l *model.Layer) { e.float32(l.Slope) },
		func(l *model.Layer) bool { return l.Activation == model.LeakyReLU },
	},
	{
		"floor",
		func(d *decoder, l *model.Layer) (err error) { l.Floor, err = d.float32(); return err },
		func(e *encoder, _ string, l *model.Layer) { e.float32(l.Floor) },
		func(l *model.Layer) bool { return l.Activation == model.Clipped },
	},
	wordField("output", func(l *model.Layer) *model.Output { return &l.Output }),
	{
		"max_spikes",
		func(d *decoder, l *model.Layer) error {
			n, err := d.integer(1, maxInt)
			l.MaxSpikes = int(n)
			return err
		},
		func(e *encoder, where string, l *model.Layer) { e.count(where, l.MaxSpikes) },
		func(l *model.Layer) bool { return l.MaxSpikes != 0 },
	},
	{
		"spike_value",
		func(d *decoder, l *model.Layer) (err error) { l.SpikeValue, err = d.float32(); return err },
		func(e *encoder, _ string, l *model.Layer) { e.float32(l.SpikeValue) },
		func(l *model.Layer) bool { return l.SpikeValue != 0 },
	},
	wordField("reset", func(l *model.Layer) *model.Reset { return &l.Reset }),
	wordField("pool", func(l *model.Layer) *model.Pooling { return &l.Pool }),
	pairField("kernel", 1, func(l *model.Layer) *[2]int { return &l.Window.Kernel }),
	pairField("stride", 1, func(l *model.Layer) *[2]int { return &l.Window.Stride }),
	pairField("padding", 0, func(l *model.Layer) *[2]int { return &l.Window.Padding }),
	pairField("dilation", 1, func(l *model.Layer) *[2]int { return &l.Window.Dilation }),
	{
		"groups",
		func(d *decoder, l *model.Layer) error {
			n, err := d.integer(1, maxInt)
			l.Groups = int(n)
			return err
		},
		func(e *encoder, where string, l *model.Layer) { e.count(where, l.Groups) },
		nil,
	},
	{
		"weight",
		func(d *decoder, l *model.Layer) (err error) { l.Weight, err = d.tensor(true); return err },
		func(e *encoder, _ string, l *model.Layer) { e.tensor(&l.Weight) },
		nil,
	},
	{
		"recurrent",
		func(d *decoder, l *model.Layer) error {
			t, err := d.tensor(true)
			l.Recurrent = &t
			return err
		},
		func(e *encoder, _ string, l *model.Layer) { e.tensor(l.Recurrent) },
		func(l *model.Layer) bool { return l.Recurrent != nil },
	},
	vectorField("decay", func(l *model.Layer) *[]float32 { return &l.Decay }),
	vectorField("current", func(l *model.Layer) *[]float32 { return &l.Current }),
	vectorField("synapse", func(l *model.Layer) *[]float32 { return &l.Synapse }),
	vectorField("bias", func(l *model.Layer) *[]float32 { return &l.Bias }),
	vectorField("theta", func(l *model.Layer) *[]float32 { return &l.Theta }),
	vectorField("initial", func(l *model.Layer) *[]float32 { return &l.Initial }),
}

func wordField[T ~string](key model.Field, of func(l *model.Layer) *T) layerField {
	return layerField{
		key,
		func(d *decoder, l *model.Layer) (err error) { *of(l), err = word[T](d); return err },
		func(e *encoder, _ string, l *model.Layer) { e.str(string(*of(l))) },
		nil,
	}
}

func pairField(key model.Field, low int64, of func(l *model.Layer) *[2]int) layerField {
	return layerField{
		key,
		func(d *decoder, l *model.Layer) (err error) { *of(l), err = d.pair(low); return err },
		func(e *encoder, where string, l *model.Layer) { p := *of(l); e.shape(where, p[:]) },
		nil,
	}
}

// vectorField is a parameter that may be left out. Where a kind requires it, none
// is written as 0.
func vectorField(key model.Field, of func(l *model.Layer) *[]float32) layerField {
	return layerField{
		key,
		func(d *decoder, l *model.Layer) (err error) { *of(l), err = d.parameter(); return err },
		func(e *encoder, _ string, l *model.Layer) {
			values := *of(l)
			if len(values) == 0 {
				values = []float32{0}
			}
			e.parameter(values)
		},
		func(l *model.Layer) bool { return len(*of(l)) > 0 },
	}
}

// readField reads the value of a key that is a parameter of layers.
func (d *decoder) readField(key string, l *model.Layer) (known bool, err error) {
	for i := range layerFields {
		if f := &layerFields[i]; string(f.key) == key {
			return true, f.read(d, l)
		}
	}
	return false, nil
}

func (d *decoder) layers(l Limits) ([]model.Layer, error) {
	var layers []model.Layer
	neurons := uint64(0)
	err := d.array(maxInt, func(i int) error {
		at := d.offset()
		if i == l.Layers {
			return d.errorf(ErrLimit, at, "there are more than %d layers: Limits.Layers can be raised", l.Layers)
		}
		layer, err := d.layer()
		if err != nil {
			return err
		}
		if layer.Kind != model.Flatten {
			neurons += elements(layer.Out)
		}
		if neurons > uint64(l.Neurons) {
			return d.errorf(ErrLimit, at, "the layers so far have more than %d neurons: Limits.Neurons can be raised", l.Neurons)
		}
		layers = append(layers, layer)
		return nil
	})
	return layers, err
}

func (d *decoder) layer() (model.Layer, error) {
	var l model.Layer
	o, err := d.object(maxKeys, func(key string) (err error) {
		switch key {
		case "name":
			l.Name, err = d.name()
		case "kind":
			l.Kind, err = word[model.Kind](d)
		case "from":
			l.From, err = d.integers(maxFrom, -1)
		case "in":
			l.In, err = d.shape()
		case "out":
			l.Out, err = d.shape()
		default:
			known := false
			if known, err = d.readField(key, &l); !known {
				err = d.skip(0)
			}
		}
		return err
	})
	if err != nil {
		return l, err
	}
	required := []string{"kind", "in", "out"}
	spec := l.Kind.Spec() // a kind that is unknown is refused by model.Validate
	if spec != nil {
		for _, f := range spec.Required {
			required = append(required, string(f))
		}
	}
	if l.Activation == model.LeakyReLU {
		required = append(required, "slope")
	} else {
		l.Slope = 0
	}
	if l.Activation == model.Clipped {
		required = append(required, "floor")
	} else {
		l.Floor = 0
	}
	if l.Output != model.Count {
		l.MaxSpikes, l.SpikeValue = 0, 0
	}
	if err := o.require(required...); err != nil {
		return l, err
	}
	if spec != nil {
		spec.Fill(&l, func(f model.Field) bool { return o.has(string(f)) })
	}
	return l, nil
}

func (e *encoder) layer(where string, l *model.Layer) {
	spec := l.Kind.Spec() // known, since the network is valid
	var fields []*layerField
	for i := range layerFields {
		f := &layerFields[i]
		if spec.Says(f.key) && (f.given == nil || f.given(l) || spec.Requires(f.key)) {
			fields = append(fields, f)
		}
	}
	keys := 4 + len(fields)
	if len(l.From) > 0 {
		keys++
	}
	e.mapOf(keys)
	e.str("name")
	e.name(where+".name", l.Name)
	e.str("kind")
	e.str(string(l.Kind))
	if len(l.From) > 0 {
		e.str("from")
		e.from(where+".from", l.From)
	}
	e.str("in")
	e.shape(where+".in", l.In)
	e.str("out")
	e.shape(where+".out", l.Out)
	for _, f := range fields {
		e.str(string(f.key))
		f.write(e, where+"."+string(f.key), l)
	}
}

// from writes the indices of layers, −1 for the input.
func (e *encoder) from(where string, layers []int) {
	e.atMost(where, len(layers), maxFrom)
	e.arrayOf(len(layers))
	for _, i := range layers {
		e.do(func() error { return e.mp.EncodeInt(int64(i)) })
	}
}
