package export

import "github.com/snurun/snurun/model"

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

// layerKeys are the keys that a kind of layer must have, beside those of every
// layer. A kind that is not listed is refused by name, by model.Validate.
var layerKeys = map[model.Kind][]string{
	model.SNU:    {"activation", "output", "reset", "decay", "weight"},
	model.Dense:  {"activation", "output", "reset", "weight"},
	model.Conv2D: {"activation", "output", "reset", "decay", "weight"},
	model.Pool2D: {"pool", "kernel"},
}

func (d *decoder) layer() (model.Layer, error) {
	var l model.Layer
	var slope float32
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
		case "activation":
			l.Activation, err = word[model.Activation](d)
		case "slope":
			slope, err = d.float32()
		case "output":
			l.Output, err = word[model.Output](d)
		case "reset":
			l.Reset, err = word[model.Reset](d)
		case "pool":
			l.Pool, err = word[model.Pooling](d)
		case "kernel":
			l.Window.Kernel, err = d.pair(1)
		case "stride":
			l.Window.Stride, err = d.pair(1)
		case "padding":
			l.Window.Padding, err = d.pair(0)
		case "dilation":
			l.Window.Dilation, err = d.pair(1)
		case "groups":
			var n int64
			n, err = d.integer(1, maxInt)
			l.Groups = int(n)
		case "weight":
			l.Weight, err = d.tensor(true)
		case "recurrent":
			var t model.Tensor
			t, err = d.tensor(true)
			l.Recurrent = &t
		case "current":
			l.Current, err = d.parameter()
		case "synapse":
			l.Synapse, err = d.parameter()
		case "decay":
			l.Decay, err = d.parameter()
		case "bias":
			l.Bias, err = d.parameter()
		case "theta":
			l.Theta, err = d.parameter()
		case "initial":
			l.Initial, err = d.parameter()
		default:
			err = d.skip(0)
		}
		return err
	})
	if err != nil {
		return l, err
	}
	required := append([]string{"kind", "in", "out"}, layerKeys[l.Kind]...)
	if l.Activation == model.LeakyReLU {
		l.Slope = slope
		required = append(required, "slope")
	}
	if err := o.require(required...); err != nil {
		return l, err
	}
	fillWindow(&o, &l)
	return l, nil
}

// fillWindow fills in what a conv2d or pool2d layer, read as o, left out.
func fillWindow(o *object, l *model.Layer) {
	w, one := &l.Window, [2]int{1, 1}
	stride := one
	switch l.Kind {
	case model.Conv2D:
		if shape := l.Weight.Shape; len(shape) == 4 && !o.has("kernel") {
			w.Kernel = [2]int(shape[2:])
		}
		if !o.has("groups") {
			l.Groups = 1
		}
	case model.Pool2D:
		stride = w.Kernel
	default:
		return
	}
	if !o.has("stride") {
		w.Stride = stride
	}
	if !o.has("dilation") {
		w.Dilation = one
	}
}
