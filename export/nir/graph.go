package nir

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/snurun/snurun/internal/hdf5"
)

// maxNodes bounds the nodes of a graph and of all its subgraphs; a network has
// at most 1024 layers.
const maxNodes = 1 << 12

// kind is the type of a node as NIR spells it.
type kind string

const (
	kindGraph   kind = "NIRGraph"
	kindInput   kind = "Input"
	kindOutput  kind = "Output"
	kindPass    kind = "" // the Input or Output of a subgraph: a name for an edge
	kindLinear  kind = "Linear"
	kindAffine  kind = "Affine"
	kindScale   kind = "Scale"
	kindConv1d  kind = "Conv1d"
	kindConv2d  kind = "Conv2d"
	kindSumPool kind = "SumPool2d"
	kindAvgPool kind = "AvgPool2d"
	kindFlatten kind = "Flatten"
	kindIdent   kind = "Identity"
	kindThresh  kind = "Threshold"
	kindI       kind = "I"
	kindIF      kind = "IF"
	kindLI      kind = "LI"
	kindLIF     kind = "LIF"
	kindCubaLI  kind = "CubaLI"
	kindCubaLIF kind = "CubaLIF"
)

var kinds = []kind{
	kindInput, kindOutput, kindLinear, kindAffine, kindScale, kindConv1d, kindConv2d, kindSumPool, kindAvgPool,
	kindFlatten, kindIdent, kindThresh, kindI, kindIF, kindLI, kindLIF, kindCubaLI, kindCubaLIF,
}

// isNeuron reports whether a node becomes a layer with a membrane.
func (k kind) isNeuron() bool {
	switch k {
	case kindThresh, kindI, kindIF, kindLI, kindLIF, kindCubaLI, kindCubaLIF:
		return true
	}
	return false
}

// spikes reports whether a neuron passes spikes on, not its membrane.
func (k kind) spikes() bool {
	switch k {
	case kindThresh, kindIF, kindLIF, kindCubaLIF:
		return true
	}
	return false
}

// node is a node of the flat graph. What a subgraph contains has the subgraph's
// name before its own, with a dot between.
type node struct {
	name     string
	kind     kind
	group    *hdf5.Group
	from, to []*node
	loops    [][]*node // the nodes on each way from a neuron back to itself
	reset    Reset     // of the metadata, "" without
}

// graph is a NIR graph without its subgraphs, which are dissolved in it.
type graph struct {
	nodes   []*node // in the order of their names, or where it matters in topological order
	byName  map[string]*node
	repeats []string // edges that the file lists more than once
	version string
	dt      float64 // of the metadata, 0 without
}

// readFile reads the graph of a file.
func readFile(f *hdf5.File) (*graph, error) {
	g := &graph{byName: map[string]*node{}}
	if d, err := f.Root().Dataset("version"); err == nil {
		if s, err := d.Strings(); err == nil && len(s) == 1 {
			g.version = s[0]
		}
	}
	root, err := f.Root().Group("node")
	if err != nil {
		return nil, malformed("%v: a NIR file has its graph in the group node", err)
	}
	if d, err := root.Dataset("metadata/dt"); err == nil {
		if x, err := d.Float64s(); err == nil && len(x) == 1 && x[0] > 0 {
			g.dt = x[0]
		}
	}
	if _, _, err := g.add(root, "", true); err != nil {
		return nil, err
	}
	slices.SortFunc(g.nodes, func(a, b *node) int { return strings.Compare(a.name, b.name) })
	return g, nil
}

// add adds the nodes and edges of a NIRGraph, named with a prefix. It returns
// its Input and Output, nil unless there is exactly one.
func (g *graph) add(group *hdf5.Group, prefix string, top bool) (input, output *node, err error) {
	k, err := nodeKind(group)
	if err != nil {
		return nil, nil, err
	}
	if k != kindGraph {
		return nil, nil, malformed("%s has type %q, expected %s", group.Path(), k, kindGraph)
	}
	nodes, err := group.Group("nodes")
	if err != nil {
		return nil, nil, fileError(err)
	}
	var inputs, outputs []*node
	ends := map[string]*[2]*node{} // by the names that edges use: where they come in and go out
	for _, name := range nodes.Names() {
		child, err := nodes.Group(name)
		if err != nil {
			return nil, nil, fileError(err)
		}
		k, err := nodeKind(child)
		if err != nil {
			return nil, nil, err
		}
		if k == kindGraph {
			in, out, err := g.add(child, prefix+name+".", false)
			if err != nil {
				return nil, nil, err
			}
			ends[name] = &[2]*node{in, out}
			continue
		}
		if !slices.Contains(kinds, k) {
			return nil, nil, unsupported("node %q has type %q, expected one of %v", prefix+name, k, kinds)
		}
		n := &node{name: prefix + name, kind: k, group: child}
		if n.reset, err = readReset(child); err != nil {
			return nil, nil, err
		}
		switch {
		case k == kindInput:
			inputs = append(inputs, n)
		case k == kindOutput:
			outputs = append(outputs, n)
		}
		if !top && (k == kindInput || k == kindOutput) {
			n.kind = kindPass
		}
		if g.byName[n.name] != nil {
			return nil, nil, malformed("two nodes have the name %q", n.name)
		}
		if len(g.nodes) >= maxNodes {
			return nil, nil, fmt.Errorf("%w: more than %d nodes", ErrLimit, maxNodes)
		}
		g.nodes = append(g.nodes, n)
		g.byName[n.name] = n
		ends[name] = &[2]*node{n, n}
	}
	if err := g.connect(group, prefix, ends); err != nil {
		return nil, nil, err
	}
	if len(inputs) == 1 {
		input = inputs[0]
	}
	if len(outputs) == 1 {
		output = outputs[0]
	}
	return input, output, nil
}

// readReset returns the reset that a node's metadata says, as those of this package do.
func readReset(group *hdf5.Group) (Reset, error) {
	d, err := group.Dataset("metadata/reset")
	if err != nil {
		return "", nil // none is said
	}
	text, err := d.Strings()
	if err != nil || len(text) != 1 || !slices.Contains(append(Resets(), resetLagged), Reset(text[0])) {
		return "", malformed("%s is %q, expected one of %v", d.Path(), text, append(Resets(), resetLagged))
	}
	return Reset(text[0]), nil
}

// connect adds the edges of a NIRGraph.
func (g *graph) connect(group *hdf5.Group, prefix string, ends map[string]*[2]*node) error {
	d, err := group.Dataset("edges")
	if err != nil {
		return fileError(err)
	}
	shape := d.Shape()
	if len(shape) > 0 && shape[0] == 0 {
		return nil
	}
	if len(shape) != 2 || shape[1] != 2 {
		return malformed("%s has shape %v, expected [edges 2]", d.Path(), shape)
	}
	names, err := d.Strings()
	if err != nil {
		return fileError(err)
	}
	end := func(edge, side int) (*node, error) {
		name := names[2*edge+side]
		if e := ends[name]; e != nil {
			if n := e[1-side]; n != nil {
				return n, nil
			}
			return nil, unsupported("%s[%d]: subgraph %q has not exactly one %s", d.Path(), edge, prefix+name, []kind{kindOutput, kindInput}[side])
		}
		if n := g.byName[prefix+name]; n != nil { // a node inside a subgraph
			return n, nil
		}
		return nil, malformed("%s[%d] names %q, which is not a node", d.Path(), edge, name)
	}
	seen := make(map[[2]*node]bool, shape[0])
	for i := range shape[0] {
		from, err := end(i, 0)
		if err != nil {
			return err
		}
		to, err := end(i, 1)
		if err != nil {
			return err
		}
		if seen[[2]*node{from, to}] {
			g.repeats = append(g.repeats, from.name+" → "+to.name)
			continue
		}
		seen[[2]*node{from, to}] = true
		from.to = append(from.to, to)
		to.from = append(to.from, from)
	}
	return nil
}

// nodeKind reads the type of a node.
func nodeKind(g *hdf5.Group) (kind, error) {
	d, err := g.Dataset("type")
	if err != nil {
		return "", malformed("%s: %v: a node has a type", g.Path(), err)
	}
	s, err := d.Strings()
	if err != nil || len(s) != 1 {
		return "", malformed("%s: type is not a string (%s of shape %v)", g.Path(), d.Kind(), d.Shape())
	}
	return kind(s[0]), nil
}

// array is a parameter of a node.
type array struct {
	shape []int
	data  []float64
}

// has reports whether the node has a parameter, and it is not empty.
func (n *node) has(param string) bool {
	d, err := n.group.Dataset(param)
	return err == nil && !slices.Contains(d.Shape(), 0) || err != nil && !errors.Is(err, fs.ErrNotExist)
}

// mayBeInfinite are the parameters of a neuron that does not leak.
var mayBeInfinite = []string{"r", "tau", "tau_mem", "tau_syn", "w_in"}

// numbers reads a parameter of finite numbers, at least one.
func (n *node) numbers(param string) (array, error) {
	d, err := n.group.Dataset(param)
	if errors.Is(err, fs.ErrNotExist) {
		return array{}, malformed("node %q (%s) has no %s", n.name, n.kind, param)
	}
	if err != nil {
		return array{}, fileError(err)
	}
	data, err := d.Float64s()
	if err != nil {
		return array{}, fileError(err)
	}
	a := array{d.Shape(), data}
	if len(data) == 0 {
		return a, malformed("node %q (%s): %s is empty", n.name, n.kind, param)
	}
	infinite := slices.Contains(mayBeInfinite, param)
	if i := slices.IndexFunc(data, func(x float64) bool { return x-x != 0 && !(infinite && x > 0) }); i >= 0 {
		return a, malformed("node %q (%s): %s[%d] is %v, expected a finite number", n.name, n.kind, param, i, data[i])
	}
	return a, nil
}

// integers reads a parameter of integers, each in [low, high].
func (n *node) integers(param string, low, high int) ([]int, error) {
	a, err := n.numbers(param)
	if err != nil {
		return nil, err
	}
	out := make([]int, len(a.data))
	for i, x := range a.data {
		if !(x >= float64(low) && x <= float64(high)) || x != float64(int(x)) {
			return nil, unsupported("node %q (%s): %s is %v, expected integers from %d to %d", n.name, n.kind, param, x, low, high)
		}
		out[i] = int(x)
	}
	return out, nil
}

// maxNodeShape bounds the elements of what one node passes on: the neurons that a
// model file may have.
const maxNodeShape = 1 << 20

// shapeOf reads a parameter that is a shape.
func (n *node) shapeOf(param string) ([]int, error) {
	shape, err := n.integers(param, 1, maxNodeShape)
	if err != nil {
		return nil, err
	}
	return shape, n.checkShape(shape)
}

func (n *node) checkShape(shape []int) error {
	if v := volume(shape); v > maxNodeShape || v < 1 {
		return unsupported("node %q (%s): shape %v has more than %d elements", n.name, n.kind, shape, maxNodeShape)
	}
	return nil
}

// volume multiplies a shape. It returns 0 for one of more elements than any
// node may have.
func volume(shape []int) int {
	v := int64(1)
	for _, d := range shape {
		if d < 1 || d > maxNodeShape {
			return 0
		}
		if v *= int64(d); v > maxNodeShape {
			return 0
		}
	}
	return int(v)
}

// join lists names for an error.
func join(nodes []*node) string {
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.name
	}
	return strings.Join(names, ", ")
}
