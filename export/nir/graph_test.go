package nir_test

import (
	"bytes"
	"testing"

	"github.com/snurun/snurun/internal/hdf5"
)

// A testNode is a node of a graph for tests: its type and its parameters, a
// float64 or int, a slice of one of them, a tensor, or a string.
type testNode struct {
	name, kind string
	params     map[string]any
}

type tensor struct {
	shape []int
	data  []float64
}

// testGraph is a graph for tests. The nodes are in an order in which they can be
// evaluated: an edge to an earlier node, or to itself, delivers one step later.
type testGraph struct {
	nodes []testNode
	edges []string // from, to, from, to
}

func put(g *hdf5.Builder, name string, v any) {
	switch v := v.(type) {
	case string:
		g.String(name, v)
	case int:
		g.Int64s(name, nil, []int64{int64(v)})
	case float64:
		g.Float64s(name, nil, []float64{v})
	case []int:
		x := make([]int64, len(v))
		for i := range v {
			x[i] = int64(v[i])
		}
		g.Int64s(name, []int{len(v)}, x)
	case []float64:
		g.Float64s(name, []int{len(v)}, v)
	case tensor:
		g.Float64s(name, v.shape, v.data)
	case testGraph:
		v.put(g.Group(name))
	}
}

func (tg testGraph) put(g *hdf5.Builder) {
	g.String("type", "NIRGraph")
	nodes := g.Group("nodes")
	for _, n := range tg.nodes {
		if n.kind == "NIRGraph" {
			n.params["graph"].(testGraph).put(nodes.Group(n.name))
			continue
		}
		child := nodes.Group(n.name)
		child.String("type", n.kind)
		for name, v := range n.params {
			put(child, name, v)
		}
	}
	// Files list their edges in any order.
	var edges []string
	for i := len(tg.edges) - 2; i >= 0; i -= 2 {
		edges = append(edges, tg.edges[i], tg.edges[i+1])
	}
	g.Strings("edges", []int{len(edges) / 2, 2}, edges)
}

// file returns the graph as a NIR file.
func (tg testGraph) file(t testing.TB) []byte {
	t.Helper()
	root := hdf5.NewBuilder()
	root.String("version", "1.0")
	tg.put(root.Group("node"))
	var b bytes.Buffer
	if _, err := root.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// chain joins nodes one after the other.
func chain(nodes ...testNode) testGraph {
	g := testGraph{nodes: nodes}
	for i := 1; i < len(nodes); i++ {
		g.edges = append(g.edges, nodes[i-1].name, nodes[i].name)
	}
	return g
}

func input(shape ...int) testNode { return testNode{"input", "Input", map[string]any{"shape": shape}} }
func output(shape ...int) testNode {
	return testNode{"output", "Output", map[string]any{"shape": shape}}
}
