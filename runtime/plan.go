package runtime

import (
	"fmt"
)

// Layout is the order in which a layer's weights lie in memory.
type Layout string

// The layouts.
const (
	// Panels of 64 neurons: the layer runs panel by panel, each over all steps
	// at hand, its sums in registers.
	Panels Layout = "panels"
	// Rows: all weights of an input follow each other, for layers too large for
	// the caches, which are read at the speed of memory.
	Rows Layout = "rows"
	// Scatter: each spike adds its kernel to the sums that it reaches.
	Scatter Layout = "scatter"
)

// Plan says how a layer is run. All plans give the same bits. That of a layer
// without neurons is empty.
type Plan struct {
	Layout Layout
	Bytes  int // of the weights as they are laid out, padding included
	// Steps is how many time steps run at once where they are known; Step runs
	// one. It is 1 for a layer that needs its own spikes of one step for the
	// next.
	Steps int
	// Copied says that batches run on a second copy of the weights, in panels.
	Copied bool
}

// String returns the plan in a few words, such as "panels, 10 steps at once".
func (p Plan) String() string {
	if p == (Plan{}) {
		return "folded into the next layer"
	}
	s := fmt.Sprintf("%s, %d steps at once", p.Layout, p.Steps)
	if p.Steps == 1 {
		s = fmt.Sprintf("%s, step by step", p.Layout)
	}
	if p.Copied {
		s += ", batches on a copy in panels"
	}
	return s
}

// Plan returns the plan of a layer.
func (n *Network) Plan(layer int) Plan {
	l := n.layers[layer]
	if l == nil {
		return Plan{}
	}
	p := Plan{Layout: Panels, Bytes: l.WeightBytes(), Steps: n.chunk()}
	switch {
	case l.Convolves():
		p.Layout = Scatter
	case l.InRows():
		p.Layout, p.Copied = Rows, l.Copies()
	}
	if l.Recurrent || l.Lateral {
		p.Steps = 1
	}
	return p
}

// chunk returns how many time steps run layer by layer at once.
func (n *Network) chunk() int {
	return min(n.model.Steps, chunkSteps, max(1, chunkInputs/max(1, n.widest)))
}
