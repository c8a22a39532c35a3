package export

import "github.com/snurun/snurun/model"

// field is a key of a map and what writes its value.
type field struct {
	key   string
	write func()
}

func (e *encoder) layer(where string, l *model.Layer) {
	var fields []field
	add := func(key string, write func()) { fields = append(fields, field{key, write}) }
	word := func(key, s string) { add(key, func() { e.str(s) }) }
	add("name", func() { e.name(where+".name", l.Name) })
	word("kind", string(l.Kind))
	if len(l.From) > 0 {
		add("from", func() { e.from(where+".from", l.From) })
	}
	add("in", func() { e.shape(where+".in", l.In) })
	add("out", func() { e.shape(where+".out", l.Out) })
	if l.HasNeurons() {
		word("activation", string(l.Activation))
		if l.Activation == model.LeakyReLU {
			add("slope", func() { e.float32(l.Slope) })
		}
		word("output", string(l.Output))
		word("reset", string(l.Reset))
	}
	pair := func(key string, p [2]int) { add(key, func() { e.shape(where+"."+key, p[:]) }) }
	switch w := &l.Window; l.Kind {
	case model.Pool2D:
		word("pool", string(l.Pool))
		pair("kernel", w.Kernel)
		pair("stride", w.Stride)
		pair("padding", w.Padding)
	case model.Conv2D:
		pair("stride", w.Stride)
		pair("padding", w.Padding)
		pair("dilation", w.Dilation)
		add("groups", func() { e.count(where+".groups", l.Groups) })
	}
	if l.HasNeurons() {
		add("weight", func() { e.tensor(&l.Weight) })
	}
	if l.Recurrent != nil {
		add("recurrent", func() { e.tensor(l.Recurrent) })
	}
	decay := l.Decay
	if len(decay) == 0 && (l.Kind == model.SNU || l.Kind == model.Conv2D) {
		decay = []float32{0} // the format wants it said
	}
	for _, p := range []struct {
		key    string
		values []float32
	}{
		{"decay", decay}, {"current", l.Current}, {"synapse", l.Synapse}, {"bias", l.Bias}, {"theta", l.Theta}, {"initial", l.Initial},
	} {
		if len(p.values) > 0 {
			add(p.key, func() { e.parameter(p.values) })
		}
	}
	e.mapOf(len(fields))
	for _, f := range fields {
		e.str(f.key)
		f.write()
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
