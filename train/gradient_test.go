package train

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// tape is reverse-mode differentiation in float64, one node a scalar. It knows
// nothing of layers, lists or back-propagation through time.
type tape struct {
	nodes []node
	hooks map[int]func() // run when the gradients of a node, and of all later ones, are known
	hits  int            // hooks that changed something
}

type node struct {
	value, grad float64
	from        []edge
}

type edge struct {
	node       int
	derivative float64
}

func (t *tape) leaf(v float64) int { return t.op(v) }

func (t *tape) op(v float64, from ...edge) int {
	t.nodes = append(t.nodes, node{value: v, from: from})
	return len(t.nodes) - 1
}

func (t *tape) v(i int) float64 { return t.nodes[i].value }

func (t *tape) add(a, b int) int { return t.op(t.v(a)+t.v(b), edge{a, 1}, edge{b, 1}) }
func (t *tape) sub(a, b int) int { return t.op(t.v(a)-t.v(b), edge{a, 1}, edge{b, -1}) }
func (t *tape) mul(a, b int) int {
	return t.op(t.v(a)*t.v(b), edge{a, t.v(b)}, edge{b, t.v(a)})
}
func (t *tape) scale(a int, k float64) int { return t.op(k*t.v(a), edge{a, k}) }
func (t *tape) exp(a int) int              { e := math.Exp(t.v(a)); return t.op(e, edge{a, e}) }
func (t *tape) log(a int) int              { return t.op(math.Log(t.v(a)), edge{a, 1 / t.v(a)}) }
func (t *tape) sigmoid(a int) int {
	y := 1 / (1 + math.Exp(-t.v(a)))
	return t.op(y, edge{a, y * (1 - y)})
}
func (t *tape) detach(a int) int { return t.leaf(t.v(a)) }

func (t *tape) backward(out int) {
	t.nodes[out].grad = 1
	for i := out; i >= 0; i-- {
		if hook := t.hooks[i]; hook != nil {
			hook()
		}
		for _, e := range t.nodes[i].from {
			t.nodes[e.node].grad += t.nodes[i].grad * e.derivative
		}
	}
}

// clipped returns copies of nodes whose gradients are scaled by as much as those
// of sums, which are filled in later, are longer than norm.
func (t *tape) clipped(nodes, sums []int, norm float64) []int {
	copies := make([]int, len(nodes))
	for k, i := range nodes {
		copies[k] = t.scale(i, 1)
	}
	if t.hooks == nil {
		t.hooks = map[int]func(){}
	}
	t.hooks[copies[len(copies)-1]] = func() {
		squares := 0.0
		for _, i := range sums {
			squares += t.nodes[i].grad * t.nodes[i].grad
		}
		if length := math.Sqrt(squares); length > norm {
			t.hits++
			for _, i := range copies {
				t.nodes[i].grad *= norm / length
			}
		}
	}
	return copies
}

func (t *tape) activation(a int, l *model.Layer) int {
	p := t.v(a)
	if p > 0 {
		return t.op(p, edge{a, 1})
	}
	switch l.Activation {
	case model.ReLU:
		return t.op(0, edge{a, 0})
	case model.LeakyReLU:
		return t.scale(a, float64(l.Slope))
	case model.ELU:
		return t.op(math.Exp(p)-1, edge{a, math.Exp(p)})
	}
	return t.op(p, edge{a, 1})
}

func (t *tape) spike(u int, g Surrogate) int {
	x, w := t.v(u)/float64(g.Width), float64(g.Width)
	var d float64
	switch g.Kind {
	case Boxcar:
		if math.Abs(x) < 0.5 {
			d = 1 / w
		}
	case Triangle:
		d = max(0, 1-math.Abs(x))
	case TanhPrime:
		d = 1 - math.Tanh(x)*math.Tanh(x)
	case FastSigmoid:
		d = 1 / ((1 + math.Abs(x)) * (1 + math.Abs(x)))
	case Arctan:
		d = 1 / (1 + math.Pi*math.Pi/4*x*x)
	}
	y := 0.0
	if t.v(u) > 0 {
		y = 1
	}
	return t.op(y, edge{u, d})
}

// parameters are the tape nodes of one layer's parameters.
type parameters struct{ weight, recurrent, current, decay, bias []int }

// tapeLoss runs m over x on a tape by the equations of package model and
// returns the loss and the nodes of all parameters.
func tapeLoss(m *model.Network, c *Config, x [][]float64, label int) (*tape, int, []parameters) {
	t, outputs, ps := tapeRun(m, c, x, func(int, int, int) bool { return false })
	return t, tapeReadout(t, m, c, outputs, label), ps
}

// tapeRun runs m over x on a tape and returns what the last layer passes on at each
// step. What is dropped of a layer at a step reaches no other layer.
func tapeRun(m *model.Network, c *Config, x [][]float64, dropped func(layer, step, neuron int) bool) (*tape, [][]int, []parameters) {
	t := &tape{}
	leaves := func(p []float32) []int {
		var out []int
		for _, v := range p {
			out = append(out, t.leaf(float64(v)))
		}
		return out
	}
	at := func(p []int, j, n int) int {
		if len(p) == 0 {
			return t.leaf(0)
		}
		return p[j/(n/len(p))]
	}
	ps := make([]parameters, len(m.Layers))
	s, y := make([][]int, len(m.Layers)), make([][]int, len(m.Layers))
	q := make([][]int, len(m.Layers))
	for i := range m.Layers {
		l := &m.Layers[i]
		ps[i] = parameters{weight: leaves(l.Weight.F32), current: leaves(l.Current), decay: leaves(l.Decay), bias: leaves(l.Bias)}
		if l.Recurrent != nil {
			ps[i].recurrent = leaves(l.Recurrent.F32)
		}
		for _, v := range model.Broadcast(l.Initial, l.OutSize()) {
			s[i] = append(s[i], t.leaf(float64(v)))
			y[i] = append(y[i], t.leaf(0))
			q[i] = append(q[i], t.leaf(0))
		}
	}
	var outputs [][]int
	one := t.leaf(1)
	for step := range x {
		if c.Window > 0 && step%c.Window == 0 { // no error goes back beyond
			for i := range m.Layers {
				for _, nodes := range [][]int{s[i], y[i], q[i]} {
					for j := range nodes {
						nodes[j] = t.detach(nodes[j])
					}
				}
			}
		}
		var input []int
		for _, v := range x[step] {
			input = append(input, t.leaf(v))
		}
		passed := make([][]int, len(m.Layers)) // what each layer passes on
		for i := range m.Layers {
			l, p := &m.Layers[i], &ps[i]
			n := l.OutSize()
			var in []int
			for _, from := range l.Inputs(i) {
				x := input
				if from >= 0 {
					x = passed[from]
				}
				if in == nil {
					in = x
					continue
				}
				in = slices.Clone(in)
				for k := range in {
					in[k] = t.add(in[k], x[k])
				}
			}
			if !l.HasNeurons() {
				passed[i] = t.pass(l, in)
				continue
			}
			sNew, yNew := make([]int, n), make([]int, n)
			own, sums := y[i], make([]int, n)
			if p.recurrent != nil && c.ErrorClip > 0 {
				own = t.clipped(own, sums, c.ErrorClip)
			}
			for j := range n {
				a := at(p.current, j, n)
				for k := range in {
					if w, ok := weightIndex(l, j, k); ok {
						a = t.add(a, t.mul(p.weight[w], in[k]))
					}
				}
				for k := range n {
					if p.recurrent != nil {
						a = t.add(a, t.mul(p.recurrent[j*n+k], own[k]))
					}
				}
				if len(l.Synapse) > 0 {
					a = t.add(a, t.scale(q[i][j], float64(l.Synapse[j/(n/len(l.Synapse))])))
					q[i][j] = a
					sums[j] = a
				}
				carried := t.mul(at(p.decay, j, n), s[i][j])
				back := y[i][j]
				if c.DetachReset {
					back = t.detach(back)
				}
				switch l.Reset {
				case model.ResetZero:
					a = t.add(a, t.mul(carried, t.sub(one, back)))
				case model.ResetLateral:
					open := 1.0
					for _, k := range y[i] {
						open = min(open, 1-t.v(k))
					}
					a = t.add(a, t.scale(carried, open))
				case model.ResetSubtract:
					theta := t.leaf(float64(l.Theta[0]))
					if c.Theta == Threshold && len(l.Bias) > 0 {
						theta = t.scale(at(p.bias, j, n), -1)
					}
					a = t.sub(t.add(a, carried), t.mul(back, theta))
				case model.ResetNone:
					a = t.add(a, carried)
				}
				if len(l.Synapse) == 0 {
					sums[j] = a
				}
				sNew[j] = t.activation(a, l)
				switch u := t.add(sNew[j], at(p.bias, j, n)); l.Output {
				case model.Step:
					yNew[j] = t.spike(u, c.Surrogate)
				case model.Sigmoid:
					yNew[j] = t.sigmoid(u)
				case model.None:
					yNew[j] = sNew[j]
				}
			}
			s[i], y[i], passed[i] = sNew, yNew, slices.Clone(yNew)
			for j := range passed[i] {
				if dropped(i, step, j) {
					passed[i][j] = t.leaf(0)
				}
			}
		}
		outputs = append(outputs, passed[len(passed)-1])
	}
	return t, outputs, ps
}

func tapeReadout(t *tape, m *model.Network, c *Config, outputs [][]int, label int) int {
	classes, T := len(outputs[0]), len(outputs)
	sums := func(steps int) []int {
		z := make([]int, classes)
		for j := range z {
			z[j] = outputs[0][j]
			for k := 1; k < steps; k++ {
				z[j] = t.add(z[j], outputs[k][j])
			}
		}
		return z
	}
	target := func(j int) float64 {
		v := c.Loss.Smoothing / float64(classes)
		if j == label {
			v += 1 - c.Loss.Smoothing
		}
		return v
	}
	crossEntropy := func(z []int, factor float64) int {
		total := t.leaf(0)
		for _, v := range z {
			total = t.add(total, t.exp(t.scale(v, factor)))
		}
		loss := t.leaf(0)
		for j, v := range z {
			loss = t.add(loss, t.scale(t.sub(t.log(total), t.scale(v, factor)), target(j)))
		}
		return loss
	}
	z := sums(T)
	var loss int
	switch {
	case c.Loss.Kind == MSE:
		loss = t.leaf(0)
		for j := range z {
			d := t.sub(t.scale(z[j], 1/float64(T)), t.leaf(target(j)))
			loss = t.add(loss, t.scale(t.mul(d, d), 1/float64(classes)))
		}
	case m.Readout.Kind == model.MembraneSum:
		loss = crossEntropy(z, 1/float64(T))
		for k := 1; c.Loss.Prefix > 0 && k <= T; k++ {
			loss = t.add(loss, t.scale(crossEntropy(sums(k), 1/float64(k)), c.Loss.Prefix/float64(T)))
		}
	case m.Readout.Kind == model.MembraneMax:
		for j := range z {
			z[j] = outputs[0][j]
			for k := range outputs {
				if t.v(outputs[k][j]) > t.v(z[j]) {
					z[j] = outputs[k][j]
				}
			}
		}
		loss = crossEntropy(z, 1)
	default:
		loss = crossEntropy(z, c.Loss.Scale)
	}
	for j := range z {
		if c.Loss.Metabolic > 0 {
			loss = t.add(loss, t.scale(t.mul(z[j], z[j]), c.Loss.Metabolic/float64(T*classes)))
		}
	}
	return loss
}

// gradientCase is a network, a configuration and a batch to compare.
type gradientCase struct {
	name    string
	analog  bool
	network func(p *Topology)
	change  func(m *model.Network)
	config  func(c *Config)
}

var gradientCases = []gradientCase{
	{name: "default", network: func(p *Topology) { p.Activation, p.Reset, p.Theta = model.Identity, model.ResetSubtract, 0.5 }, config: func(c *Config) { c.Surrogate, c.Theta = Defaults().Surrogate, Threshold }},
	{name: "blog", config: func(c *Config) { c.Surrogate.Width = 1 }},
	{name: "relu, tanh", network: func(p *Topology) { p.Activation = model.ReLU }, config: func(c *Config) { c.Surrogate = Surrogate{TanhPrime, 1} }},
	{name: "identity, triangle", network: func(p *Topology) { p.Activation = model.Identity }, config: func(c *Config) { c.Surrogate = Surrogate{Triangle, 1.5} }},
	{name: "leaky relu, fast sigmoid", network: func(p *Topology) { p.Activation, p.Slope = model.LeakyReLU, 0.1 }, config: func(c *Config) { c.Surrogate = Surrogate{FastSigmoid, 0.5} }},
	{name: "arctan", config: func(c *Config) { c.Surrogate = Surrogate{Arctan, 1} }},
	{name: "detached reset", config: func(c *Config) { c.DetachReset = true; c.Surrogate = Surrogate{Triangle, 1} }},
	{name: "subtract", network: func(p *Topology) { p.Reset, p.Theta = model.ResetSubtract, 0.7 }, config: func(c *Config) { c.Surrogate = Surrogate{Triangle, 1} }},
	{name: "subtract, detached", network: func(p *Topology) { p.Reset, p.Theta = model.ResetSubtract, 0.7 }, config: func(c *Config) { c.DetachReset = true; c.Surrogate = Surrogate{Triangle, 1} }},
	{name: "subtract the threshold", network: func(p *Topology) { p.Reset, p.Bias = model.ResetSubtract, -0.4 }, config: func(c *Config) { c.Theta, c.Surrogate = Threshold, Surrogate{TanhPrime, 1} }},
	{name: "subtract the threshold, detached", network: func(p *Topology) { p.Reset, p.Bias = model.ResetSubtract, -0.4 }, config: func(c *Config) {
		c.Theta, c.DetachReset, c.Surrogate = Threshold, true, Surrogate{TanhPrime, 1}
	}},
	{name: "soft, subtract the threshold, recurrent", network: func(p *Topology) { p.Soft, p.Recurrent, p.Reset, p.Bias = true, true, model.ResetSubtract, -0.4 }, config: func(c *Config) { c.Theta = Threshold }},
	{name: "no reset", network: func(p *Topology) { p.Reset = model.ResetNone }, config: func(c *Config) { c.Surrogate = Surrogate{Triangle, 1} }},
	{name: "lateral", network: func(p *Topology) { p.Reset = model.ResetLateral }, config: func(c *Config) { c.Surrogate = Surrogate{Triangle, 1} }},
	{name: "lateral recurrent", network: func(p *Topology) { p.Reset, p.Recurrent = model.ResetLateral, true }, config: func(c *Config) { c.Surrogate = Surrogate{Triangle, 1} }},
	{name: "recurrent", network: func(p *Topology) { p.Recurrent = true }, config: func(c *Config) { c.Surrogate = Surrogate{TanhPrime, 1} }},
	{name: "soft", network: func(p *Topology) { p.Soft = true }},
	{name: "recurrent, clipped errors", network: func(p *Topology) { p.Recurrent = true }, config: func(c *Config) {
		c.ErrorClip, c.Surrogate = 0.1, Surrogate{Triangle, 1}
	}},
	{name: "soft recurrent, clipped errors", network: func(p *Topology) { p.Soft, p.Recurrent = true, true }, config: func(c *Config) { c.ErrorClip, c.RecurrentRate = 0.01, 1 }},
	{name: "recurrent, free errors", network: func(p *Topology) { p.Recurrent, p.Reset, p.Theta = true, model.ResetSubtract, 0.5 }, config: func(c *Config) {
		c.ErrorClip, c.Surrogate = 0, Surrogate{Triangle, 1}
	}},
	{name: "soft recurrent", network: func(p *Topology) { p.Soft, p.Recurrent = true, true }},
	{name: "soft subtract", network: func(p *Topology) { p.Soft, p.Reset, p.Theta = true, model.ResetSubtract, 0.7 }},
	{name: "decay per layer", config: func(c *Config) { c.Decay = PerLayer; c.Surrogate = Surrogate{Triangle, 1} }},
	{name: "decay fixed", config: func(c *Config) { c.Decay = Fixed }},
	{name: "membrane sum", network: func(p *Topology) { p.Readout = model.MembraneSum }, config: func(c *Config) { c.Loss.Prefix = 0.5; c.Surrogate = Surrogate{Triangle, 1} }},
	{name: "membrane max", network: func(p *Topology) { p.Readout = model.MembraneMax }, config: func(c *Config) { c.Surrogate = Surrogate{Triangle, 1} }},
	{name: "mse", config: func(c *Config) { c.Loss.Kind, c.Loss.Smoothing = MSE, 0.1; c.Surrogate = Surrogate{TanhPrime, 1} }},
	{name: "metabolic", config: func(c *Config) { c.Loss.Metabolic, c.Loss.Smoothing = 0.3, 0.1; c.Surrogate = Surrogate{TanhPrime, 1} }},
	{name: "analog input", analog: true, config: func(c *Config) { c.Surrogate = Surrogate{Triangle, 1} }},
	{name: "leaky readout", network: func(p *Topology) { p.Readout = model.MembraneSum }, change: func(m *model.Network) {
		l := &m.Layers[len(m.Layers)-1]
		l.Kind, l.Decay = model.SNU, []float32{0.8}
	}, config: func(c *Config) { c.Surrogate = Surrogate{TanhPrime, 1} }},
	{name: "analog hidden layer", change: func(m *model.Network) {
		l := &m.Layers[0]
		l.Output, l.Reset = model.None, model.ResetNone
	}, config: func(c *Config) { c.Surrogate = Surrogate{TanhPrime, 1} }},
	{name: "clipped", network: func(p *Topology) { p.Recurrent = true }, config: func(c *Config) {
		c.Clip, c.RecurrentRate, c.Decay, c.Surrogate = 0.05, 1, PerLayer, Surrogate{Triangle, 1}
	}},
	{name: "clipped, fixed decay", network: func(p *Topology) { p.Readout = model.MembraneSum }, config: func(c *Config) {
		c.Clip, c.Decay, c.Surrogate = 0.01, Fixed, Surrogate{TanhPrime, 1}
	}},
	{name: "wide", network: func(p *Topology) { p.Hidden = []int{300, 7} }, config: func(c *Config) { c.Surrogate = Surrogate{Triangle, 1} }},
}

// TestGradientsAgainstTape compares one update of plain gradient descent with
// rate 1, which is the gradient itself, with that of the tape.
func TestGradientsAgainstTape(t *testing.T) {
	for n, c := range gradientCases {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(n), 1))
			in := model.Input{Shape: []int{9}, Dt: 1, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 300}}
			if c.analog {
				in.Encoder = model.Encoder{Coding: model.Direct}
			}
			p := DefaultTopology(in, 5, []string{"a", "b", "c"})
			p.Hidden, p.Gain, p.Active, p.ActiveHidden, p.Decay = []int{8, 6}, 0.6, 3, 3, 0.5
			p.Activation, p.Reset = model.ELU, model.ResetZero
			if c.network != nil {
				c.network(&p)
			}
			m, err := p.New(uint64(n))
			if err != nil {
				t.Fatal(err)
			}
			if c.change != nil {
				c.change(m)
			}
			config := Defaults()
			config.Surrogate, config.Theta = Surrogate{Boxcar, 2}, FixedTheta
			if c.config != nil {
				c.config(&config)
			}
			compareGradients(t, r, m, config)
		})
	}
}

// compareGradients compares one update of m with the tape.
func compareGradients(t *testing.T, r *rand.Rand, m *model.Network, config Config) {
	t.Helper()
	config.Epochs, config.Batch, config.Threads = 1, 4, 2
	config.Optimizer = Optimizer{Kind: SGD, Rate: 1}
	config.Schedule = Schedule{Kind: Constant}
	source, xs, labels := randomSource(r, m.Input.Encoder.Analog(), 4, m.Steps, m.Input.Size(), 3)
	trainer, err := New(m, source, []int{0, 1, 2, 3}, config)
	if err != nil {
		t.Fatal(err)
	}
	got, err := trainer.Epoch(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	after := trainer.Model()

	var loss float64
	hits := 0
	grads := make([]layerGradient, len(m.Layers))
	for k := range xs {
		tp, out, ps := tapeLoss(m, &config, xs[k], labels[k])
		tp.backward(out)
		loss += tp.v(out) / 4
		hits += tp.hits
		for i := range ps {
			grads[i].add(tp, &ps[i], 0.25)
		}
	}
	for i := range grads {
		for k := range grads[i].recurrent {
			grads[i].recurrent[k] *= config.RecurrentRate
		}
	}
	if strings.Contains(t.Name(), "clipped_errors") && hits == 0 {
		t.Error("no error was clipped")
	}
	if config.Clip > 0 {
		clipGradients(t, grads, &config)
	}
	if math.Abs(got.Loss-loss) > 1e-5*(1+math.Abs(loss)) {
		t.Errorf("loss %v, tape %v", got.Loss, loss)
	}
	for i := range m.Layers {
		grads[i].compare(t, fmt.Sprint("layer ", i), &m.Layers[i], &after.Layers[i], &config)
	}
}

// clipGradients scales gradients that are together longer than config.Clip; in a
// test of it they are.
func clipGradients(t *testing.T, grads []layerGradient, config *Config) {
	t.Helper()
	total := 0.0
	for i := range grads {
		g := &grads[i]
		learned := [][]float64{g.weight, g.recurrent, g.current, g.bias}
		if config.Decay != Fixed {
			learned = append(learned, g.decay)
		}
		for _, p := range learned {
			for _, v := range p {
				total += v * v
			}
		}
	}
	norm := math.Sqrt(total)
	if norm < 2*config.Clip {
		t.Fatalf("the gradient is %v long, expected more than twice %v", norm, config.Clip)
	}
	for i := range grads {
		g := &grads[i]
		for _, p := range [][]float64{g.weight, g.recurrent, g.current, g.bias, g.decay} {
			for k := range p {
				p[k] *= config.Clip / norm
			}
		}
	}
}

type layerGradient struct{ weight, recurrent, current, decay, bias []float64 }

func (g *layerGradient) add(t *tape, p *parameters, share float64) {
	for _, c := range []struct {
		to   *[]float64
		from []int
	}{{&g.weight, p.weight}, {&g.recurrent, p.recurrent}, {&g.current, p.current}, {&g.decay, p.decay}, {&g.bias, p.bias}} {
		if *c.to == nil {
			*c.to = make([]float64, len(c.from))
		}
		for k, i := range c.from {
			(*c.to)[k] += share * t.nodes[i].grad
		}
	}
}

func (g *layerGradient) compare(t *testing.T, where string, before, after *model.Layer, c *Config) {
	t.Helper()
	check := func(name string, was, is []float32, grad []float64) {
		var size float64
		for _, v := range grad {
			size = max(size, math.Abs(v))
		}
		for k := range grad {
			moved := float64(was[min(k, len(was)-1)]) - float64(is[min(k, len(is)-1)])
			if math.Abs(moved-grad[k]) > 2e-5*(size+0.01) {
				t.Fatalf("%s: gradient of %s[%d] is %v, tape %v (largest %v)", where, name, k, moved, grad[k], size)
			}
		}
	}
	check("weight", before.Weight.F32, after.Weight.F32, g.weight)
	if before.Recurrent != nil {
		check("recurrent", before.Recurrent.F32, after.Recurrent.F32, g.recurrent)
	}
	check("current", before.Current, after.Current, g.current)
	check("bias", before.Bias, after.Bias, g.bias)
	decay := g.decay
	if c.Decay == Fixed {
		clear(decay)
	}
	if len(decay) == 1 && c.Decay == PerNeuron && len(after.Decay) > 1 {
		// The tape shares one decay; the trainer's neurons each moved by a part.
		var moved float64
		for _, d := range after.Decay {
			moved += float64(before.Decay[0]) - float64(d)
		}
		if math.Abs(moved-decay[0]) > 1e-4*(math.Abs(decay[0])+0.01) {
			t.Fatalf("%s: gradient of decay is %v, tape %v", where, moved, decay[0])
		}
		return
	}
	check("decay", before.Decay, after.Decay, decay)
}

func randomSource(r *rand.Rand, analog bool, n, steps, size, classes int) (dataset.Source, [][][]float64, []int) {
	var trains []spike.Train
	var values []spike.Values
	var xs [][][]float64
	var labels []int
	for range n {
		tr, v := spike.NewTrain(steps, size), spike.NewValues(steps, size)
		x := make([][]float64, steps)
		for k := range steps {
			x[k] = make([]float64, size)
			for i := range size {
				if r.Float64() < 0.4 {
					tr.At(k).Set(i)
					x[k][i] = 1
					if analog {
						v.At(k)[i] = float32(r.NormFloat64())
						x[k][i] = float64(v.At(k)[i])
					}
				}
			}
		}
		trains, values, xs, labels = append(trains, tr), append(values, v), append(xs, x), append(labels, r.IntN(classes))
	}
	names := make([]string, classes)
	for j := range names {
		names[j] = fmt.Sprint("class", j)
	}
	var source dataset.Source
	var err error
	if analog {
		source, err = dataset.FromInputs(values, []int{size}, labels, names)
	} else {
		source, err = dataset.FromInputs(trains, []int{size}, labels, names)
	}
	if err != nil {
		panic(err)
	}
	return source, xs, labels
}
