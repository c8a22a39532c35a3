package layer

import (
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// feed is a way by which inputs come to a layer: what another one passes on,
// or the network's input, through layers without neurons.
type feed struct {
	from  int // layer, −1 for the network's input
	pools []*pool
}

// pool is the windows of a pool2d layer as a map of places.
type pool struct {
	kind    model.Pooling
	starts  []uint32 // the windows of input i are windows[starts[i]:starts[i+1]], ascending
	windows []uint32
	scale   float32 // of average pooling
	words   int     // of spikes, one a window
	inputs  []int32 // of max pooling: how many inputs lie in each window
}

// feeds returns the ways to layer i of m, through the given pools of its
// layers.
func feeds(m *model.Network, pools []*pool, i int) []feed {
	var ways []feed
	for _, from := range m.Layers[i].Inputs(i) {
		if from < 0 || m.Layers[from].HasNeurons() {
			ways = append(ways, feed{from: from})
			continue
		}
		for _, way := range feeds(m, pools, from) {
			if pools[from] != nil {
				way.pools = append(way.pools, pools[from])
			}
			ways = append(ways, way)
		}
	}
	return ways
}

func newPool(l *model.Layer) *pool {
	p := &pool{kind: l.Pool, words: spike.Words(l.OutSize()), scale: 1}
	if l.Pool == model.AvgPool {
		p.scale = l.Window.Share()
	}
	p.starts = append(p.starts, 0)
	for c := range l.In[0] {
		for y := range l.In[1] {
			fromY, toY := windows(&l.Window, 0, y, l.Out[1])
			for x := range l.In[2] {
				fromX, toX := windows(&l.Window, 1, x, l.Out[2])
				for oy := fromY; oy < toY; oy++ {
					for ox := fromX; ox < toX; ox++ {
						p.windows = append(p.windows, uint32((c*l.Out[1]+oy)*l.Out[2]+ox))
					}
				}
				p.starts = append(p.starts, uint32(len(p.windows)))
			}
		}
	}
	if p.kind == model.MaxPool {
		p.inputs = make([]int32, l.OutSize())
		for _, w := range p.windows {
			p.inputs[w]++
		}
	}
	return p
}

// windows returns the first of the windows, out in all, that place i of an axis
// lies in, and the one after the last.
func windows(w *model.Window, axis, i, out int) (from, to int) {
	i += w.Padding[axis]
	if rest := i - w.Kernel[axis] + 1; rest > 0 {
		from = (rest + w.Stride[axis] - 1) / w.Stride[axis]
	}
	return from, min(i/w.Stride[axis]+1, out)
}

// of returns the windows that input i lies in.
func (p *pool) of(i uint32) []uint32 { return p.windows[p.starts[i]:p.starts[i+1]] }

// mark sets the bits of the windows that input i lies in.
func (p *pool) mark(marks spike.Vector, i uint32) {
	for _, w := range p.of(i) {
		marks.Set(int(w))
	}
}

// markAll is mark for each of inputs.
func (p *pool) markAll(marks, inputs spike.Vector) {
	for i := range inputs.All() {
		p.mark(marks, uint32(i))
	}
}

// analog reports whether the feed may pass on values other than 1, given
// whether its source does, to a layer that sums integers or not.
func (f *feed) analog(source, integers bool) bool {
	for _, p := range f.pools {
		source = source || p.kind == model.AvgPool && !integers
	}
	return source
}

// room returns the most entries that the list of a step takes on its way by the
// feed from a source of a size.
func (f *feed) room(source int) int {
	most := source
	for _, p := range f.pools {
		if source *= p.most(); p.kind == model.MaxPool {
			source = min(source, p.words*spike.WordBits)
			most = max(most, p.words*spike.WordBits)
		}
		most = max(most, source)
	}
	return roomFor(most)
}

// most returns the most windows that an input lies in.
func (p *pool) most() int {
	n := 0
	for i := range p.starts[1:] {
		n = max(n, int(p.starts[i+1]-p.starts[i]))
	}
	return n
}

// Feed returns the list of what comes into the layer in the steps that the
// layers before it ran last: input, the network's own, if it is just that, else
// in, whose content it becomes.
func (c *Layer) Feed(in, input *Inputs, layers []*Layer, states []*State) *Inputs {
	if c.Direct() && c.feeds[0].from < 0 {
		return input
	}
	analog := c.analog
	for i := range c.feeds { // whatever its encoder, the input may be values
		analog = analog || c.feeds[i].from < 0 && input.analog
	}
	in.Begin(analog)
	for t := range input.Steps() {
		for i := range c.feeds {
			f := &c.feeds[i]
			from := in.n
			if f.from < 0 {
				in.addStep(input, t)
			} else {
				st := states[f.from]
				layers[f.from].addOutput(in, st, t+1, 0, st.Reaching(t+1), st.ReachingSoft(t+1))
			}
			for _, p := range f.pools {
				in.pool(p, from, c.whole == nil)
			}
		}
		in.EndStep()
	}
	return in
}

// pool replaces the inputs from from on by what the windows of p pass on, scaled
// or not.
func (in *Inputs) pool(p *pool, from int, scaled bool) {
	in.before = append(in.before[:0], in.rows[from:in.n]...)
	if in.analog {
		in.valuesBefore = append(in.valuesBefore[:0], in.values[from:in.n]...)
	}
	in.n = from
	switch {
	case p.kind == model.MaxPool && in.analog:
		in.poolValues(p)
		return
	case p.kind == model.MaxPool:
		for len(in.fired) < p.words {
			in.fired = append(in.fired, 0)
		}
		fired := in.fired[:p.words]
		for _, i := range in.before {
			p.mark(fired, i)
		}
		in.AddSpikes(fired, 0)
		clear(fired)
		return
	}
	for k, i := range in.before {
		windows := p.of(i)
		in.reserve(len(windows))
		copy(in.rows[in.n:], windows)
		if in.analog {
			for m := range windows {
				in.values[in.n+m] = in.valuesBefore[k]
				if scaled {
					in.values[in.n+m] = float32(in.valuesBefore[k] * p.scale)
				}
			}
		}
		in.n += len(windows)
	}
}

// poolValues lists the windows of a max pool with the largest of the inputs in
// before, an input that is not there being 0.
func (in *Inputs) poolValues(p *pool) {
	n := len(p.inputs)
	if len(in.best) < n {
		in.best, in.seen = make([]float32, n), make([]int32, n)
	}
	best, seen := in.best[:n], in.seen[:n]
	clear(seen)
	for k, i := range in.before {
		x := in.valuesBefore[k]
		for _, w := range p.of(i) {
			if seen[w] == 0 || x > best[w] {
				best[w] = x
			}
			seen[w]++
		}
	}
	for w, k := range seen {
		if k == 0 || best[w] < 0 && k < p.inputs[w] {
			best[w] = 0
		}
	}
	in.AddValues(best, 0)
}

// analogOf reports whether layer i of m, −1 being the input, passes values on.
func analogOf(m *model.Network, i int) bool {
	if i < 0 {
		return m.Input.Encoder.Analog()
	}
	return !m.Layers[i].Spikes()
}
