package nir

import (
	"fmt"
	"slices"
	"strings"

	"github.com/snurun/snurun/internal/hdf5"
	"github.com/snurun/snurun/model"
)

// formatVersion is the version of the nir package whose files Write writes.
const formatVersion = "1.0"

// slowest is 1 − l of a neuron that does not leak: a time constant must be finite,
// and l rounds to 1.
const slowest = 1.0 / (1 << 40)

// writer makes the nodes and edges of a graph.
type writer struct {
	net    *model.Network
	to     Framework
	dt     float64 // seconds
	nodes  *hdf5.Builder
	edges  []string
	names  map[string]bool
	ends   []string // the node that a layer's output comes from
	shapes [][]int  // of what it passes on, in NIR
	input  string
}

// encode returns the file of a network for a framework.
func encode(n *model.Network, to Framework) (*hdf5.Builder, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	if err := writable(n, to); err != nil {
		return nil, err
	}
	root := hdf5.NewBuilder()
	root.String("version", formatVersion)
	graph := root.Group("node")
	graph.String("type", string(kindGraph))
	w := &writer{net: n, to: to, dt: n.Input.Dt.Seconds(), nodes: graph.Group("nodes"), names: map[string]bool{}}
	if to == SnnTorch {
		w.dt = frameworks[SnnTorch].dt // whatever the step, as its own exporter
	}
	graph.Group("metadata").Float64s("dt", nil, []float64{w.dt})

	w.input = w.name("input")
	w.shape(w.node(w.input, kindInput), "shape", n.Input.Shape)
	for i := range n.Layers {
		end, err := w.layer(i)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", model.LayerName(i, n.Layers[i].Name), err)
		}
		w.ends = append(w.ends, end)
	}
	output := w.name("output")
	w.shape(w.node(output, kindOutput), "shape", w.shapes[len(w.shapes)-1])
	w.edge(w.ends[len(w.ends)-1], output)
	graph.Strings("edges", []int{len(w.edges) / 2, 2}, w.edges)
	return root, nil
}

// name returns a name for a node that no other has, without the dots and
// slashes that mean more.
func (w *writer) name(want string) string {
	want = strings.Map(func(r rune) rune {
		if r == '/' || r == '.' || r < ' ' {
			return '_'
		}
		return r
	}, want)
	name := want
	for i := 2; w.names[name]; i++ {
		name = fmt.Sprintf("%s_%d", want, i)
	}
	w.names[name] = true
	return name
}

func (w *writer) node(name string, k kind) *hdf5.Builder {
	g := w.nodes.Group(name)
	g.String("type", string(k))
	return g
}

func (w *writer) edge(from, to string) { w.edges = append(w.edges, from, to) }

func (w *writer) shape(g *hdf5.Builder, name string, shape []int) {
	v := make([]int64, len(shape))
	for i, d := range shape {
		v[i] = int64(d)
	}
	g.Int64s(name, []int{len(v)}, v)
}

func (w *writer) pair(g *hdf5.Builder, name string, v [2]int) { w.shape(g, name, v[:]) }

// layer writes the nodes of layer i and returns the one its output comes from.
func (w *writer) layer(i int) (string, error) {
	l := &w.net.Layers[i]
	name := l.Name
	if name == "" {
		name = fmt.Sprintf("layer%d", i)
	}
	var in []int
	for k, from := range l.Inputs(i) {
		shape := w.net.Input.Shape
		if from >= 0 {
			shape = w.shapes[from]
		}
		if k > 0 && !slices.Equal(shape, in) {
			return "", unsupported("%v and %v are added up, but NIR wants one shape", in, shape)
		}
		in = shape
	}
	switch l.Kind {
	case model.Flatten:
		return w.flatten(i, in)
	case model.Pool2D:
		return w.pool(i, name, in)
	}
	if err := expressible(l); err != nil {
		return "", err
	}
	u := w.unit(l)
	weights, shape, err := w.weights(i, name, in, &u)
	if err != nil {
		return "", err
	}
	w.shapes = append(w.shapes, shape)
	return w.neurons(i, &u, name, weights, shape)
}

// expressible reports what NIR has no words for.
func expressible(l *model.Layer) error {
	switch {
	case l.Activation != model.Identity:
		return unsupported("activation %s: NIR's neurons are linear below the threshold, as identity", l.Activation)
	case l.Output == model.Sigmoid:
		return unsupported("output sigmoid: NIR's neurons spike or pass on their membrane")
	case l.Output == model.Count:
		return unsupported("output count: NIR's neurons fire once a step, and a spike counts 1")
	case l.Output == model.Step && resetOf(l) == "":
		return unsupported("reset %s: NIR's neurons are reset to a voltage or, as snurun and snnTorch can be told, by their threshold, at once or after the next decay", l.Reset)
	case !widen(l.Initial).is(0):
		return unsupported("initial: NIR has no initial membrane")
	case l.Output == model.Step && l.Reset == model.ResetNone && len(l.Synapse) > 0:
		return unsupported("synapse with reset none: NIR's neurons with a synapse are reset")
	case l.Output == model.Step && l.Reset == model.ResetNone && l.Recurrent != nil && !widen(l.Decay).is(0):
		return unsupported("recurrent with reset none: NIR's neurons with a membrane are reset")
	}
	return nil
}

// from draws the edges into the first node of layer i.
func (w *writer) from(i int, to string) {
	for _, from := range w.net.Layers[i].Inputs(i) {
		if from < 0 {
			w.edge(w.input, to)
		} else {
			w.edge(w.ends[from], to)
		}
	}
}

// flatten writes no node: a matrix flattens what comes in itself, and what needs
// a plane can have the one before, for which NIR has no node to restore it.
func (w *writer) flatten(i int, in []int) (string, error) {
	from := w.net.Layers[i].Inputs(i)
	if len(from) > 1 {
		return "", unsupported("flatten of several layers: flatten each of them")
	}
	w.shapes = append(w.shapes, in)
	if from[0] < 0 {
		return w.input, nil
	}
	return w.ends[from[0]], nil
}

func (w *writer) pool(i int, name string, in []int) (string, error) {
	l := &w.net.Layers[i]
	if !slices.Equal(in, l.In) {
		return "", noPlane(l.In, in)
	}
	k, ok := map[model.Pooling]kind{model.SumPool: kindSumPool, model.AvgPool: kindAvgPool}[l.Pool]
	if !ok {
		return "", unsupported("pool %s: NIR has sum and avg", l.Pool)
	}
	name = w.name(name)
	g := w.node(name, k)
	w.pair(g, "kernel_size", l.Window.Kernel)
	w.pair(g, "stride", l.Window.Stride)
	w.pair(g, "padding", l.Window.Padding)
	w.from(i, name)
	w.shapes = append(w.shapes, l.Out)
	return name, nil
}

// weights writes the weights and current of a layer, times the gain of its
// neurons, and returns their last node and its shape; no node for weights of 1
// into neurons. Shapes in NIR must agree along an edge, so a plane goes through a
// Flatten on its way to a matrix.
func (w *writer) weights(i int, name string, in []int, u *unit) (node string, shape []int, err error) {
	l := &w.net.Layers[i]
	first := name
	if u.kind != "" {
		first += "_in"
	}
	current := widen(l.Current)
	if l.Kind == model.Conv2D && l.Window.Kernel == [2]int{1, 1} && l.Window.Stride == [2]int{1, 1} && l.Window.Padding == [2]int{} &&
		l.Groups == l.In[0] && l.Groups == l.Out[0] && current.is(0) {
		return w.scale(i, first, in, u)
	}
	if l.Kind == model.Conv2D {
		return w.conv(i, first, in, u)
	}
	n := l.OutSize()
	from := ""
	if len(in) > 1 {
		from = w.name(first + "_flat")
		g := w.node(from, kindFlatten)
		w.shape(g, "input_type", in)
		g.Int64s("start_dim", nil, []int64{0})
		g.Int64s("end_dim", nil, []int64{-1})
		w.from(i, from)
	}
	first = w.name(first)
	k := kindAffine
	if current.is(0) {
		k = kindLinear
	}
	g := w.node(first, k)
	g.Float32s("weight", []int{n, l.InSize()}, u.times(elements(&l.Weight), n))
	if k == kindAffine {
		g.Float32s("bias", []int{n}, u.times(model.Broadcast(l.Current, n), n))
	}
	if from != "" {
		w.edge(from, first)
	} else {
		w.from(i, first)
	}
	return first, []int{n}, nil
}

// scale writes one weight for each value that comes in.
func (w *writer) scale(i int, name string, in []int, u *unit) (string, []int, error) {
	l := &w.net.Layers[i]
	if volume(in) != l.OutSize() {
		return "", nil, unsupported("in is %v, but %v comes in", l.In, in)
	}
	scale := u.times(model.Broadcast(elements(&l.Weight), l.OutSize()), l.OutSize())
	if u.kind != "" && widen(scale).is(1) {
		return "", in, nil
	}
	if w.to == Norse || w.to == SnnTorch {
		return "", nil, unsupported("a weight for each input by itself is a Scale node, which %s does not read", w.to)
	}
	name = w.name(name)
	g := w.node(name, kindScale)
	g.Float32s("scale", slices.Clone(in), scale)
	w.from(i, name)
	return name, in, nil
}

func noPlane(want, in []int) error {
	return unsupported("in is %v, but %v comes in, and NIR has no node that makes a plane of it", want, in)
}

func (w *writer) conv(i int, name string, in []int, u *unit) (string, []int, error) {
	l := &w.net.Layers[i]
	if !slices.Equal(in, l.In) {
		return "", nil, noPlane(l.In, in)
	}
	bias, ok := w.all(l.Current, l.OutSize()).perChannel(l.Out[0], l.OutSize())
	if !ok {
		return "", nil, unsupported("current has a value a neuron, but NIR's Conv2d has a bias a channel")
	}
	channels := l.Out[0]
	if len(bias) == 1 {
		bias = slices.Repeat(bias, channels)
	}
	if u.gain, ok = u.gain.perChannel(channels, l.OutSize()); !ok && u.scaled {
		return "", nil, unsupported("%s does not read thresholds that differ within a channel", w.to)
	} else if !ok {
		u.gain, u.r = nil, u.steps // a factor a neuron has no place in the kernels
	}
	name = w.name(name)
	g := w.node(name, kindConv2d)
	if l.Groups == 1 { // the nir package refuses the pair
		w.pair(g, "input_shape", [2]int{l.In[1], l.In[2]})
	}
	g.Float32s("weight", l.Weight.Shape, u.times(elements(&l.Weight), channels))
	g.Float32s("bias", []int{channels}, u.times(rounded(bias), channels))
	w.pair(g, "stride", l.Window.Stride)
	w.pair(g, "padding", l.Window.Padding)
	w.pair(g, "dilation", l.Window.Dilation)
	g.Int64s("groups", nil, []int64{int64(l.Groups)})
	w.from(i, name)
	return name, l.Out, nil
}

// all returns a layer's parameter with a value for each of n neurons.
func (w *writer) all(p []float32, n int) param { return widen(model.Broadcast(p, n)) }

// elements returns a tensor's elements, quantised ones as what they stand for.
func elements(t *model.Tensor) []float32 { return t.Float32().F32 }

func widen(p []float32) param {
	out := make(param, len(p))
	for i, x := range p {
		out[i] = float64(x)
	}
	return out
}
