package nir

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
)

// value is what a node passes on: the outputs of layers, added up, −1 being the
// network's input; through op, if it is not yet part of a layer.
type value struct {
	from  []int
	shape []int // as NIR has it
	op    *linear
}

// builder makes layers of nodes.
type builder struct {
	net      *model.Network
	values   map[*node]value
	neurons  int // of all layers
	dt       float64
	meanings map[*node]*meaning
}

// The default presentation of an imported network: of events, which come in real
// time, a saccade's worth, else a number of steps.
const (
	defaultSteps  = 100
	defaultEvents = 300 // ms
)

// build makes a network of a graph in topological order.
func build(im *Import, g *graph, o Options) error {
	c, err := g.clock()
	if err != nil {
		return err
	}
	f := g.framework(im, o, c)
	dt, step, err := g.step(im, o, c, f)
	if err != nil {
		return err
	}
	meanings, err := g.meanings(im, o, f, dt)
	if err != nil {
		return err
	}
	net := &model.Network{
		Input:    model.Input{Dt: step},
		Metadata: map[string]any{"nir.dt": dt, "nir.version": label(g.version)},
	}
	b := &builder{net: net, values: make(map[*node]value, len(g.nodes)), dt: dt, meanings: meanings}
	for _, n := range g.nodes {
		v, err := b.visit(n)
		if err != nil {
			return err
		}
		if v.op != nil && len(n.to) > 1 { // of use to several nodes, so a layer of its own
			if v, err = b.settle(v); err != nil {
				return err
			}
		}
		b.values[n] = v
	}
	last := &net.Layers[len(net.Layers)-1]
	net.Readout.Kind = model.SpikeCount
	if last.Output == model.None {
		net.Readout.Kind = model.MembraneSum
	}
	net.Input.Encoder = chooseEncoder(im, net, o)
	if net.Steps = o.Steps; net.Steps == 0 {
		net.Steps = defaultSteps
		if net.Input.Encoder.Coding == model.Events {
			net.Steps = int(min(max(math.Round(float64(defaultEvents/step)), 1), model.MaxSteps))
		}
		im.assume("a sample is presented for %d steps unless it is an array of its own length", net.Steps)
	}
	im.Network = net
	return net.Validate()
}

// chooseEncoder returns how input reaches the network: as events if the shape
// is that of an event camera, else the values as they are.
func chooseEncoder(im *Import, net *model.Network, o Options) model.Encoder {
	e := o.Encoder
	if e.Coding == "" {
		if s := net.Input.Shape; len(s) == 3 && s[0] == 2 {
			e.Coding, e.Counts = model.Events, true
			im.assume("input is the events of a camera, two polarities of %d×%d pixels, counted in each step", s[2], s[1])
		} else {
			e.Coding = model.Direct
			im.assume("input is values that reach the first weights as they are, at every step")
		}
	}
	if e.Coding == model.Events && e.BinUS == 0 {
		e.BinUS = tidy(float64(net.Input.Dt) * 1e3)
		// A time step that was a float32 once is whole µs but for its rounding.
		if whole := math.Round(e.BinUS); math.Abs(e.BinUS-whole) <= 1e-6*whole {
			e.BinUS = whole
		}
	}
	return e
}

// visit returns what a node passes on and adds the layers that it needs.
func (b *builder) visit(n *node) (value, error) {
	if n.kind == kindInput {
		return b.input(n)
	}
	in, err := b.inputs(n)
	if err != nil {
		return value{}, err
	}
	switch n.kind {
	case kindOutput:
		return value{}, b.output(n, in)
	case kindPass:
		return in, nil
	case kindIdent:
		return in, n.checkIncoming(in.shape)
	case kindFlatten:
		in.shape, err = n.flattened(in.shape)
		return in, err
	case kindLinear, kindAffine:
		op, err := b.dense(n, in)
		if err != nil {
			return value{}, err
		}
		return value{shape: op.out, op: op}, nil
	case kindConv1d, kindConv2d:
		op, err := b.convolution(n, in)
		if err != nil {
			return value{}, err
		}
		shape := op.out
		if n.kind == kindConv1d {
			shape = []int{op.out[0], op.out[2]}
		}
		return value{shape: shape, op: op}, nil
	case kindScale:
		return b.scale(n, in)
	case kindSumPool, kindAvgPool:
		l, err := n.pool(in.shape)
		if err != nil {
			return value{}, err
		}
		if in, err = b.settlePlane(in, l.In); err != nil {
			return value{}, err
		}
		id, err := b.add(l, in.from)
		return value{from: []int{id}, shape: l.Out}, err
	}
	u, err := n.neuron(in.shape, b.meaning(n))
	if err != nil {
		return value{}, err
	}
	u.name = label(n.name)
	return b.neuron(n, in, u)
}

func (b *builder) input(n *node) (value, error) {
	shape, err := n.shapeOf("shape")
	if err != nil {
		return value{}, err
	}
	for len(shape) > 3 && shape[0] == 1 { // a batch of one
		shape = shape[1:]
	}
	b.net.Input.Shape = planes(shape)
	return value{from: []int{-1}, shape: shape}, nil
}

// inputs adds up what comes into a node.
func (b *builder) inputs(n *node) (value, error) {
	if len(n.from) == 1 {
		return b.values[n.from[0]], nil
	}
	var sum value
	for i, m := range n.from {
		v, err := b.settle(b.values[m])
		if err != nil {
			return value{}, err
		}
		if i == 0 {
			sum.shape = v.shape
		}
		if !slices.Equal(sum.shape, v.shape) {
			return value{}, unsupported("node %q (%s): %s passes on %v, but %s %v: what is added up must have one shape", n.name, n.kind, n.from[0].name, sum.shape, m.name, v.shape)
		}
		for _, id := range v.from {
			if slices.Contains(sum.from, id) { // twice the same: once through a layer of its own
				once := value{from: []int{id}, shape: v.shape}
				if id, err = b.add(newScale(m, once, constant(1)).layer(nil), once.from); err != nil {
					return value{}, err
				}
			}
			sum.from = append(sum.from, id)
		}
	}
	return sum, nil
}

func (b *builder) scale(n *node, in value) (value, error) {
	f, err := n.param("scale", in.shape)
	if err != nil {
		return value{}, err
	}
	if in.op != nil && in.op.multiply(f) {
		return in, nil
	}
	if in, err = b.settle(in); err != nil {
		return value{}, err
	}
	return value{shape: in.shape, op: newScale(n, in, f)}, nil
}

// neuron adds the layer of a neuron and what is before it.
func (b *builder) neuron(n *node, in value, u *neuron) (value, error) {
	var err error
	if in.op == nil {
		in.op = newScale(n, in, constant(1))
	}
	if len(n.loops) > 0 && in.op.conv != nil || !in.op.multiply(u.factor) {
		// Neither weights of its own spikes nor a factor of its own fit into a
		// convolution.
		if in, err = b.settle(in); err != nil {
			return value{}, err
		}
		in.op = newScale(n, in, u.factor)
	}
	op := in.op
	op.out = slices.Clone(op.out)
	if len(n.loops) > 0 {
		if err := b.recurrent(n, op, u, volume(in.shape)); err != nil {
			return value{}, err
		}
	}
	l := op.layer(u)
	if op.recurrent != nil {
		size := volume(op.out)
		h := model.Matrix(size, size, rounded(op.recurrent))
		l.Recurrent = &h
	}
	id, err := b.add(l, op.in.from)
	return value{from: []int{id}, shape: in.shape}, err
}

// settle makes a layer without neurons of what waits for them.
func (b *builder) settle(v value) (value, error) {
	if v.op == nil {
		return v, nil
	}
	id, err := b.add(v.op.layer(nil), v.op.in.from)
	return value{from: []int{id}, shape: v.shape}, err
}

// settlePlane settles a value and gives it the shape of a plane.
func (b *builder) settlePlane(v value, plane []int) (value, error) {
	v, err := b.settle(v)
	if err != nil {
		return v, err
	}
	v.from, err = b.reshape(v.from, plane)
	return v, err
}

// reshape puts a flatten layer behind each layer whose plane is not the one
// expected.
func (b *builder) reshape(from, shape []int) ([]int, error) {
	from = slices.Clone(from)
	if len(shape) != 3 {
		return from, nil
	}
	for i, id := range from {
		before := b.net.Input.Shape
		if id >= 0 {
			before = b.net.Layers[id].Out
		}
		if len(before) != 3 || slices.Equal(before, shape) {
			continue
		}
		var err error
		from[i], err = b.add(&model.Layer{Kind: model.Flatten, In: before, Out: []int{volume(before)}}, []int{id})
		if err != nil {
			return nil, err
		}
	}
	return from, nil
}

// add appends a layer and returns its index.
func (b *builder) add(l *model.Layer, from []int) (int, error) {
	from, err := b.reshape(from, l.In)
	if err != nil {
		return 0, err
	}
	id := len(b.net.Layers)
	if !slices.Equal(from, []int{id - 1}) {
		l.From = from
	}
	if l.HasNeurons() {
		b.neurons += volume(l.Out)
	}
	if id >= export.DefaultLayers || b.neurons > export.DefaultNeurons {
		return 0, fmt.Errorf("%w: more than %d layers or %d neurons", ErrLimit, export.DefaultLayers, export.DefaultNeurons)
	}
	b.net.Layers = append(b.net.Layers, *l)
	return id, nil
}

// output makes what reaches the Output node the last layer, with neurons to read
// out.
func (b *builder) output(n *node, in value) error {
	if err := n.checkIncoming(in.shape); err != nil {
		return err
	}
	in, err := b.settle(in)
	if err != nil {
		return err
	}
	if id := in.from[0]; len(in.from) == 1 && id >= 0 && b.net.Layers[id].HasNeurons() {
		return nil
	}
	_, err = b.add(newScale(n, in, constant(1)).layer(nil), in.from)
	return err
}

// checkIncoming compares what comes into a node with the shape that it may say.
func (n *node) checkIncoming(in []int) error {
	if !n.has("shape") {
		return nil
	}
	shape, err := n.shapeOf("shape")
	if err == nil && volume(shape) != volume(in) {
		err = unsupported("node %q (%s): shape is %v, but %v comes in from %s", n.name, n.kind, shape, in, join(n.from))
	}
	return err
}

// maxLabel bounds a name in a model file.
const maxLabel = 256

// label returns a name as a model file may have it: text without control
// characters.
func label(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name[:min(len(name), maxLabel)], "_"))
}
