package nir

import (
	"slices"
	"strings"
)

func byName(a, b *node) int { return strings.Compare(a.name, b.name) }

// prune leaves what lies on a way from the Input to the Output, and warns of the
// rest.
func (g *graph) prune(im *Import) error {
	for _, e := range g.repeats {
		im.warn("edge %s is listed more than once and counted once", e)
	}
	var inputs, outputs []*node
	for _, n := range g.nodes {
		switch n.kind {
		case kindInput:
			inputs = append(inputs, n)
		case kindOutput:
			outputs = append(outputs, n)
		}
	}
	switch {
	case len(inputs) != 1:
		return unsupported("the graph has %d Input nodes (%s), expected one", len(inputs), join(inputs))
	case len(outputs) != 1:
		return unsupported("the graph has %d Output nodes (%s), expected one", len(outputs), join(outputs))
	}
	fed := reach(inputs[0], func(n *node) []*node { return n.to })
	used := reach(outputs[0], func(n *node) []*node { return n.from })
	if !fed[outputs[0]] {
		return unsupported("no way leads from Input %q to Output %q", inputs[0].name, outputs[0].name)
	}
	var kept []*node
	for _, n := range g.nodes {
		switch {
		case !used[n]:
			im.warn("node %q is left out: nothing that it does reaches the Output", n.name)
			continue
		case !fed[n]:
			return unsupported("node %q (%s): nothing from the Input reaches it", n.name, n.kind)
		}
		n.to = slices.DeleteFunc(n.to, func(m *node) bool { return !used[m] })
		slices.SortFunc(n.to, byName) // files list their edges in any order
		slices.SortFunc(n.from, byName)
		kept = append(kept, n)
	}
	g.nodes = kept
	return nil
}

// reach returns the nodes that next leads to from start.
func reach(start *node, next func(*node) []*node) map[*node]bool {
	seen := map[*node]bool{start: true}
	for todo := []*node{start}; len(todo) > 0; {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, m := range next(n) {
			if !seen[m] {
				seen[m] = true
				todo = append(todo, m)
			}
		}
	}
	return seen
}

// cutLoops takes each way on which a neuron feeds itself out of the graph and
// notes it in the neuron; then it sorts the nodes topologically.
func (g *graph) cutLoops() error {
	for _, n := range g.nodes {
		if !n.kind.isNeuron() {
			continue
		}
		for _, last := range slices.Clone(n.from) {
			way, err := n.wayBack(last)
			if err != nil {
				return err
			}
			if way == nil {
				continue
			}
			if !n.kind.spikes() {
				return unsupported("node %q (%s) feeds itself, but passes on a membrane: only spikes can feed back", n.name, n.kind)
			}
			n.loops = append(n.loops, way[1:])
			n.from = without(n.from, last)
			next := n
			if len(way) > 1 {
				next = way[1]
			}
			n.to = without(n.to, next)
			for _, m := range way[1:] {
				m.from, m.to = nil, nil
			}
		}
	}
	return g.sort()
}

// maxWay bounds the nodes on the way from a neuron back to itself.
const maxWay = 8

// wayBack walks from one of n's inputs back to n. It returns n and the nodes on
// the way, or nil if n does not feed that input.
func (n *node) wayBack(last *node) ([]*node, error) {
	var way []*node
	for m := last; m != n; m = m.from[0] {
		switch m.kind {
		case kindLinear, kindAffine, kindScale, kindIdent, kindPass:
			if len(m.from) != 1 || len(way) == maxWay {
				return nil, nil // if it is a loop, sort will say so
			}
		default:
			return nil, nil
		}
		way = append(way, m)
	}
	for _, m := range way {
		if len(m.to) != 1 {
			return nil, unsupported("node %q (%s) feeds back to %q and also feeds other nodes (%s)", m.name, m.kind, n.name, join(m.to))
		}
	}
	way = append(way, n)
	slices.Reverse(way)
	return way, nil
}

func without(nodes []*node, n *node) []*node {
	return slices.DeleteFunc(slices.Clone(nodes), func(m *node) bool { return m == n })
}

// sort puts the nodes into topological order, those of one rank by name, and
// leaves out those cut off by cutLoops.
func (g *graph) sort() error {
	waits := make(map[*node]int, len(g.nodes))
	var ready, order []*node
	for _, n := range g.nodes {
		waits[n] = len(n.from)
		if n.kind == kindInput {
			if len(n.from) > 0 {
				return unsupported("node %q (Input) has inputs: %s", n.name, join(n.from))
			}
			ready = append(ready, n)
		}
	}
	for len(ready) > 0 {
		n := ready[0]
		ready = ready[1:]
		order = append(order, n)
		for _, m := range n.to {
			if waits[m]--; waits[m] == 0 {
				ready = append(ready, m)
			}
		}
	}
	if stuck := g.stuck(order); len(stuck) > 0 {
		return unsupported("nodes %s feed each other in a loop: only a neuron that feeds itself, directly or through Linear, Affine, Scale and Identity, can be run", join(stuck))
	}
	g.nodes = order
	return nil
}

// stuck returns the nodes of loops and between loops, given all nodes that come
// before the first loop.
func (g *graph) stuck(order []*node) []*node {
	gone := make(map[*node]bool, len(g.nodes))
	for _, n := range order {
		gone[n] = true
	}
	leads := make(map[*node]int, len(g.nodes))
	var ends []*node
	for _, n := range g.nodes {
		if leads[n] = len(n.to); leads[n] == 0 && !gone[n] {
			ends = append(ends, n)
		}
	}
	for len(ends) > 0 {
		n := ends[len(ends)-1]
		ends = ends[:len(ends)-1]
		gone[n] = true
		for _, m := range n.from {
			if leads[m]--; leads[m] == 0 && !gone[m] {
				ends = append(ends, m)
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(g.nodes), func(n *node) bool { return gone[n] })
}
