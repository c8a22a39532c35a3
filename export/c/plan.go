package c

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/snurun/snurun/model"
)

// A node passes something on in each step: the input, a layer with neurons, or a
// max pool. Other layers without neurons only say where things go.
type node struct {
	layer  int // −1 for the input
	size   int
	kind   passes
	array  string  // C: the words of spikes, or the values
	factor float32 // of values: what they are multiplied by, if not 1
}

// passes says what a node passes on.
type passes string

const (
	spikes passes = "spikes" // bits
	values passes = "values" // float
	counts passes = "counts" // uint16_t, of events
)

// inputTypes are the C types of the input of each kind.
var inputTypes = map[passes]string{spikes: "uint32_t", values: "float", counts: "uint16_t"}

// A feed is a way by which something comes to a layer: from a node, through sum
// and average pools.
type feed struct {
	from  *node
	pools []int // layers
}

// factor returns the product of the factors of average pooling, in order.
func (g *generator) factor(f *feed) float32 {
	x := float32(1)
	for _, p := range f.pools {
		if l := &g.m.Layers[p]; l.Pool == model.AvgPool {
			x = float32(x * l.Window.Share())
		}
	}
	return x
}

// repeats returns how often an input of the feed's node may occur in the list of a
// layer.
func (g *generator) repeats(f *feed) int {
	n := 1
	for _, p := range f.pools {
		k := g.m.Layers[p].Window.Kernel
		if n *= k[0] * k[1]; n > 1<<24 {
			return 1 << 24
		}
	}
	return n
}

// maxFeeds bounds the ways into a layer: each is a function.
const maxFeeds = 64

// generator writes a network.
type generator struct {
	m     *model.Network
	input *node
	nodes []*node // of each layer, nil of one that only says where things go
	feeds [][]feed

	uses      map[string]bool // parts of the template
	state     []member
	scratch   int // words
	constants strings.Builder
	code      strings.Builder
	steps     []string // calls of net_step
	updates   map[string]int
	written   map[string]string // arrays of parameters, by their values
	convs     map[string]bool
	pools     map[int]bool // whose windows are written
	index     string       // type of an index
	place     string       // type of a place along an axis
	sizes     Sizes
}

// member is a member of the state.
type member struct {
	kind  string // C type
	name  string
	count int
	says  string
}

func newGenerator(m *model.Network) (*generator, error) {
	g := &generator{
		m: m, uses: map[string]bool{}, updates: map[string]int{}, written: map[string]string{}, convs: map[string]bool{}, pools: map[int]bool{},
		index: "uint16_t", place: "uint8_t",
	}
	if !slices.Contains(readouts, m.Readout.Kind) {
		return nil, fmt.Errorf("%w: its readout is %s, expected one of %v", ErrUnsupported, m.Readout.Kind, readouts)
	}
	if !slices.Contains(codings, m.Input.Encoder.Coding) {
		return nil, fmt.Errorf("%w: its encoder is %s, expected one of %v", ErrUnsupported, m.Input.Encoder.Coding, codings)
	}
	g.input = &node{layer: -1, size: m.Input.Size(), kind: spikes, array: "in", factor: 1}
	switch e := m.Input.Encoder; {
	case e.Coding == model.Events && e.Counts:
		g.input.kind = counts
	case e.Analog():
		g.input.kind = values
	}
	widest := g.input.size
	for i := range m.Layers {
		l := &m.Layers[i]
		n, err := g.nodeOf(i, l)
		if err != nil {
			return nil, err
		}
		g.nodes = append(g.nodes, n)
		if l.Kind != model.Flatten {
			widest = max(widest, l.OutSize(), l.InSize())
		}
		if len(l.In) == 3 {
			for axis := range 2 {
				switch most := max(l.In[1+axis], l.Out[min(1+axis, len(l.Out)-1)], l.Window.Kernel[axis]); {
				case most > math.MaxUint16:
					g.place = "uint32_t"
				case most > math.MaxUint8 && g.place == "uint8_t":
					g.place = "uint16_t"
				}
			}
		}
	}
	if widest > 1<<16 {
		g.index = "uint32_t"
	}
	for i := range m.Layers {
		var ways []feed
		if g.nodes[i] != nil {
			ways = g.waysTo(i)
		}
		if len(ways) > maxFeeds {
			return nil, fmt.Errorf("%w: %s has %d inputs through layers without neurons, expected up to %d", ErrUnsupported, where(m, i), len(ways), maxFeeds)
		}
		g.feeds = append(g.feeds, ways)
	}
	return g, nil
}

// where names a layer in errors.
func where(m *model.Network, i int) string { return model.LayerName(i, m.Layers[i].Name) }

// nodeOf returns the node of layer i, nil if it has none.
func (g *generator) nodeOf(i int, l *model.Layer) (*node, error) {
	n := &node{layer: i, size: l.OutSize(), kind: values, factor: 1}
	switch {
	case l.HasNeurons():
		if err := supported(l, where(g.m, i)); err != nil {
			return nil, err
		}
		n.array = fmt.Sprintf("n->l%d_y", i)
		switch l.Output {
		case model.Step:
			n.kind = spikes
		case model.None:
			n.array = fmt.Sprintf("n->l%d_s", i)
		case model.Count:
			if l.SpikeValue != 0 {
				n.factor = l.SpikeValue
			}
		}
		return n, nil
	case l.Kind == model.Pool2D && l.Pool == model.MaxPool:
		from := g.source(g.m.Layers[i].Inputs(i)[0])
		n.kind, n.array = from.kind, fmt.Sprintf("n->l%d_y", i)
		return n, nil
	case l.Kind == model.Pool2D, l.Kind == model.Flatten:
		return nil, nil
	}
	return nil, fmt.Errorf("%w: %s is of kind %s, expected %v", ErrUnsupported, where(g.m, i), l.Kind,
		[]model.Kind{model.SNU, model.Dense, model.Conv2D, model.Pool2D, model.Flatten})
}

// readouts and codings are those that this package knows.
var (
	readouts = []model.ReadoutKind{model.SpikeCount, model.MembraneSum, model.MembraneMax, model.FirstSpike, model.StepClass, model.StepSet}
	codings  = []model.Coding{model.Poisson, model.Latency, model.Direct, model.Events, model.Series}
)

// supported returns an error for a layer of neurons of which this package does not
// know every word.
func supported(l *model.Layer, where string) error {
	for _, w := range []struct {
		what, word string
		known      []string
	}{
		{"kind", string(l.Kind), []string{string(model.SNU), string(model.Dense), string(model.Conv2D)}},
		{"activation", string(l.Activation), []string{string(model.Identity), string(model.ReLU), string(model.LeakyReLU), string(model.ELU), string(model.Clipped)}},
		{"output", string(l.Output), []string{string(model.Step), string(model.Sigmoid), string(model.None), string(model.Count)}},
		{"reset", string(l.Reset), []string{string(model.ResetZero), string(model.ResetSubtract), string(model.ResetLateral), string(model.ResetNone), string(model.ResetRefractory), string(model.ResetLagged)}},
	} {
		known := false
		for _, k := range w.known {
			known = known || k == w.word
		}
		if !known {
			return fmt.Errorf("%w: %s has %s %s, expected one of %s", ErrUnsupported, where, w.what, w.word, strings.Join(w.known, ", "))
		}
	}
	return nil
}

// source returns the node whose output a max pool takes from layer i, through
// flatten layers and max pools only.
func (g *generator) source(i int) *node {
	for i >= 0 && g.nodes[i] == nil {
		i = g.m.Layers[i].Inputs(i)[0]
	}
	if i < 0 {
		return g.input
	}
	return g.nodes[i]
}

// waysTo returns the ways into layer i, in the order of its inputs.
func (g *generator) waysTo(i int) (ways []feed) {
	for _, from := range g.m.Layers[i].Inputs(i) {
		switch {
		case from < 0:
			ways = append(ways, feed{from: g.input})
		case g.nodes[from] != nil:
			ways = append(ways, feed{from: g.nodes[from]})
		default:
			for _, way := range g.waysTo(from) {
				if g.m.Layers[from].Kind == model.Pool2D {
					way.pools = append(append([]int(nil), way.pools...), from)
				}
				ways = append(ways, way)
			}
		}
	}
	return ways
}

// last returns the last layer.
func (g *generator) last() *model.Layer { return &g.m.Layers[len(g.m.Layers)-1] }
