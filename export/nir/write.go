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
	dt     float64 // seconds
	nodes  *hdf5.Builder
	edges  []string
	names  map[string]bool
	ends   []string // the node that a layer's output comes from
	shapes [][]int  // of what it passes on, in NIR
	input  string
}

// encode returns the file of a network.
func encode(n *model.Network) (*hdf5.Builder, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	root := hdf5.NewBuilder()
	root.String("version", formatVersion)
	graph := root.Group("node")
	graph.String("type", string(kindGraph))
	w := &writer{net: n, dt: n.Input.Dt.Seconds(), nodes: graph.Group("nodes"), names: map[string]bool{}}
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
	weights, shape, err := w.weights(i, name, in)
	if err != nil {
		return "", err
	}
	w.shapes = append(w.shapes, shape)
	return w.neurons(l, name, weights, shape)
}

// expressible reports what NIR has no words for.
func expressible(l *model.Layer) error {
	switch {
	case l.Activation != model.Identity:
		return unsupported("activation %s: NIR's neurons are linear below the threshold, as identity", l.Activation)
	case l.Output == model.Sigmoid:
		return unsupported("output sigmoid: NIR's neurons spike or pass on their membrane")
	case l.Reset == model.ResetSubtract || l.Reset == model.ResetLateral:
		return unsupported("reset %s: NIR's neurons are reset to a voltage, as with zero", l.Reset)
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

// weights writes the weights and current of a layer, and returns their last
// node and its shape. Shapes in NIR must agree along an edge, so a plane goes
// through a Flatten on its way to a matrix.
func (w *writer) weights(i int, name string, in []int) (node string, shape []int, err error) {
	l := &w.net.Layers[i]
	hasNeurons := l.Output != model.None || len(l.Decay) > 0 || len(l.Synapse) > 0
	first := name
	if hasNeurons {
		first += "_in"
	}
	channels := l.Out[0]
	current := widen(l.Current)
	if l.Kind == model.Conv2D && l.Window.Kernel == [2]int{1, 1} && l.Window.Stride == [2]int{1, 1} && l.Window.Padding == [2]int{} &&
		l.Groups == l.In[0] && l.Groups == channels && current.is(0) {
		return w.scale(i, first, in)
	}
	if l.Kind == model.Conv2D {
		return w.conv(i, first, in)
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
	g.Float32s("weight", []int{n, l.InSize()}, elements(&l.Weight))
	if k == kindAffine {
		g.Float32s("bias", []int{n}, model.Broadcast(l.Current, n))
	}
	if from != "" {
		w.edge(from, first)
	} else {
		w.from(i, first)
	}
	return first, []int{n}, nil
}

// scale writes one weight for each value that comes in.
func (w *writer) scale(i int, name string, in []int) (string, []int, error) {
	l := &w.net.Layers[i]
	if volume(in) != l.OutSize() {
		return "", nil, unsupported("in is %v, but %v comes in", l.In, in)
	}
	name = w.name(name)
	g := w.node(name, kindScale)
	g.Float32s("scale", slices.Clone(in), model.Broadcast(elements(&l.Weight), l.OutSize()))
	w.from(i, name)
	return name, in, nil
}

func noPlane(want, in []int) error {
	return unsupported("in is %v, but %v comes in, and NIR has no node that makes a plane of it", want, in)
}

func (w *writer) conv(i int, name string, in []int) (string, []int, error) {
	l := &w.net.Layers[i]
	if !slices.Equal(in, l.In) {
		return "", nil, noPlane(l.In, in)
	}
	bias, ok := w.all(l.Current, l.OutSize()).perChannel(l.Out[0], l.OutSize())
	if !ok {
		return "", nil, unsupported("current has a value a neuron, but NIR's Conv2d has a bias a channel")
	}
	name = w.name(name)
	g := w.node(name, kindConv2d)
	w.pair(g, "input_shape", [2]int{l.In[1], l.In[2]})
	g.Float32s("weight", l.Weight.Shape, elements(&l.Weight))
	g.Float64s("bias", []int{l.Out[0]}, bias)
	w.pair(g, "stride", l.Window.Stride)
	w.pair(g, "padding", l.Window.Padding)
	w.pair(g, "dilation", l.Window.Dilation)
	g.Int64s("groups", nil, []int64{int64(l.Groups)})
	w.from(i, name)
	return name, l.Out, nil
}

// neurons writes the neurons of a layer, if it has any, with their recurrent
// weights, and returns the node that the layer's output comes from.
func (w *writer) neurons(l *model.Layer, name, weights string, shape []int) (string, error) {
	n := volume(shape)
	decay, synapse, bias := w.all(l.Decay, n), w.all(l.Synapse, n), w.all(l.Bias, n)
	still := len(l.Decay) == 0 || decay.is(0)
	ones, zeros := slices.Repeat([]float64{1}, n), make([]float64, n)
	threshold := make([]float64, n)
	for j, b := range bias {
		threshold[j] = 0 - b
	}
	k, hasSynapse := kindLIF, len(l.Synapse) > 0
	switch spikes := l.Output == model.Step; {
	case !spikes && !hasSynapse && still:
		return weights, nil
	case !spikes && hasSynapse:
		k = kindCubaLI
	case !spikes && decay.is(1):
		k = kindI
	case !spikes:
		k = kindLI
	case l.Reset == model.ResetNone && still:
		k = kindThresh
	case l.Reset == model.ResetNone: // a leaky integrator whose membrane is compared
		membrane, err := w.neurons(&model.Layer{Output: model.None, Decay: l.Decay}, name+"_membrane", weights, shape)
		if err != nil {
			return "", err
		}
		weights, k = membrane, kindThresh
	case hasSynapse:
		k = kindCubaLIF
	case decay.is(1):
		k = kindIF
	}
	recurrent := l.Recurrent != nil
	if recurrent && len(shape) != 1 {
		return "", unsupported("recurrent neurons of shape %v: NIR's matrices take one dimension", shape)
	}
	name = w.name(name)
	g := w.node(name, k)
	put := func(param string, v []float64) { g.Float64s(param, shape, v) }
	switch k {
	case kindThresh:
		put("threshold", threshold)
	case kindI, kindIF:
		put("r", ones)
	case kindLI, kindLIF:
		tau, r := w.constants(decay)
		put("tau", tau)
		put("r", r)
		put("v_leak", zeros)
	case kindCubaLI, kindCubaLIF:
		tau, r := w.constants(decay)
		tauSyn, wIn := w.constants(synapse)
		put("tau_mem", tau)
		put("tau_syn", tauSyn)
		put("r", r)
		put("w_in", wIn)
		put("v_leak", zeros)
	}
	if k == kindIF || k == kindLIF || k == kindCubaLIF {
		put("v_threshold", threshold)
		put("v_reset", zeros)
	}
	w.edge(weights, name)
	if recurrent {
		back := w.name(name + "_rec")
		w.node(back, kindLinear).Float32s("weight", []int{n, n}, elements(l.Recurrent))
		w.edge(name, back)
		w.edge(back, name)
	}
	return name, nil
}

// all returns a layer's parameter with a value for each of n neurons.
func (w *writer) all(p []float32, n int) param { return widen(model.Broadcast(p, n)) }

// elements returns a tensor's elements, quantised ones as what they stand for.
func elements(t *model.Tensor) []float32 { return t.Float32().F32 }

// constants returns the time constants of decays, and the gains with which an
// input counts once in a step: τ/Δt.
func (w *writer) constants(decay param) (tau, gain []float64) {
	tau, gain = make([]float64, len(decay)), make([]float64, len(decay))
	for j, l := range decay {
		steps := 1 / max(1-l, slowest)
		tau[j], gain[j] = w.dt*steps, steps
	}
	return tau, gain
}

func widen(p []float32) param {
	out := make(param, len(p))
	for i, x := range p {
		out[i] = float64(x)
	}
	return out
}
