package runtime

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// oracle computes a network the plain way, neuron after neuron, from the
// formulas of package model.
type oracle struct {
	m       *model.Network
	q, s, y [][]float32
	fired   [][]float32 // spikes of each neuron, of which y is the value
	out     [][]entry   // what each layer passed on in this step
}

// entry is an input i with its value; what of it is a whole number, and the factor
// of average pooling that is not.
type entry struct {
	i        int
	x        float32
	whole, f float32
}

// entries lists the values other than 0.
func entries(x []float32) (list []entry) {
	for i, v := range x {
		if v != 0 {
			list = append(list, entry{i, v, v, 1})
		}
	}
	return list
}

func newOracle(m *model.Network) *oracle {
	o := &oracle{m: m, out: make([][]entry, len(m.Layers))}
	for i := range m.Layers {
		l := &m.Layers[i]
		n := l.OutSize()
		o.q = append(o.q, make([]float32, n))
		o.s = append(o.s, model.Broadcast(l.Initial, n))
		o.y = append(o.y, make([]float32, n))
		o.fired = append(o.fired, make([]float32, n))
	}
	return o
}

func (o *oracle) step(x []float32) {
	for i := range o.m.Layers {
		l := &o.m.Layers[i]
		var in []entry
		for _, from := range l.Inputs(i) {
			if from < 0 {
				in = append(in, entries(x)...)
			} else {
				in = append(in, o.out[from]...)
			}
		}
		switch l.Kind {
		case model.Flatten:
			o.out[i] = in
		case model.Pool2D:
			o.out[i] = oraclePool(l, in)
		default:
			o.out[i] = o.neurons(i, l, in)
		}
	}
}

// neurons runs a layer that has neurons.
func (o *oracle) neurons(i int, l *model.Layer, in []entry) []entry {
	n := l.OutSize()
	decay, bias := model.Broadcast(l.Decay, n), model.Broadcast(l.Bias, n)
	current, theta := model.Broadcast(l.Current, n), model.Broadcast(l.Theta, n)
	alpha := model.Broadcast(l.Synapse, n)
	s, y, fired := make([]float32, n), make([]float32, n), make([]float32, n)
	for j := range n {
		a := current[j]
		if l.Weight.Integer {
			a = oracleIntegers(l, j, current[j], in, o.y[i])
		}
		for _, e := range in {
			if l.Weight.Integer {
				break
			}
			if row, k, ok := oracleWeight(l, j, e.i); ok {
				term := float32(l.Weight.Row(row, nil)[k] * e.x)
				a += term
			}
		}
		if l.Recurrent != nil && !l.Weight.Integer {
			for k, h := range l.Recurrent.Row(j, nil) {
				if o.y[i][k] != 0 {
					term := float32(h * o.y[i][k])
					a += term
				}
			}
		}
		if len(l.Synapse) > 0 {
			kept := float32(alpha[j] * o.q[i][j])
			a += kept
			o.q[i][j] = a
		}
		carried := float32(decay[j] * o.s[i][j])
		was := o.y[i][j]
		if l.Output == model.Count {
			was = o.fired[i][j]
		}
		var p float32
		switch l.Reset {
		case model.ResetZero:
			if l.Output != model.Sigmoid {
				was = min(was, 1)
			}
			gated := float32(carried * (1 - was))
			p = a + gated
		case model.ResetLateral:
			p = a + carried
			for _, y := range o.y[i] {
				if y == 1 {
					p = a
				}
			}
		case model.ResetRefractory:
			if was == 0 {
				p = a + carried
			}
		case model.ResetSubtract, model.ResetLagged:
			p = a + carried
			back := float32(theta[j] * was)
			p -= back
		case model.ResetNone:
			p = a + carried
		}
		s[j] = oracleG(l, p)
		u := s[j] + bias[j]
		if l.Reset == model.ResetLagged {
			after := o.s[i][j]
			if was > 0 {
				taken := float32(bias[j] * was)
				after += taken
			}
			if after > -bias[j] {
				u += bias[j]
			}
		}
		switch l.Output {
		case model.Step:
			if u > 0 {
				y[j] = 1
			}
		case model.Count:
			if u >= 0 {
				fired[j] = float32(math.Floor(float64(s[j] / -bias[j])))
			}
			fired[j] = min(fired[j], float32(cmp.Or(l.MaxSpikes, model.MaxSpikes)))
			y[j] = fired[j]
			if l.SpikeValue != 0 {
				y[j] *= l.SpikeValue
			}
		case model.Sigmoid:
			y[j] = 1 / (1 + asm.Exp(-u))
		}
	}
	o.s[i] = s
	if l.Output == model.None {
		return entries(s)
	}
	o.y[i], o.fired[i] = y, fired
	return entries(y)
}

// oracleWeight returns where the weight from input i to neuron j is, and whether
// there is one.
func oracleWeight(l *model.Layer, j, i int) (row, k int, ok bool) {
	if l.Kind != model.Conv2D {
		return j, i, true
	}
	out, oy, ox := place(l.Out, j)
	in, iy, ix := place(l.In, i)
	perGroup := l.In[0] / l.Groups
	if in/perGroup != out/(l.Out[0]/l.Groups) {
		return 0, 0, false
	}
	w := &l.Window
	for ky := range w.Kernel[0] {
		for kx := range w.Kernel[1] {
			if oy*w.Stride[0]-w.Padding[0]+ky*w.Dilation[0] == iy && ox*w.Stride[1]-w.Padding[1]+kx*w.Dilation[1] == ix {
				return out, (in%perGroup*w.Kernel[0]+ky)*w.Kernel[1] + kx, true
			}
		}
	}
	return 0, 0, false
}

// oracleIntegers returns the input of neuron j of a layer that sums integers.
func oracleIntegers(l *model.Layer, j int, current float32, in []entry, y []float32) float32 {
	at := func(p []float32) float32 { return p[j*len(p)/l.OutSize()] }
	exact := func(sum int64) float32 {
		if sum <= -1<<24 || sum >= 1<<24 {
			panic(fmt.Sprint("a sum of ", sum))
		}
		return float32(sum)
	}
	n, f := int64(0), float32(1)
	columns := l.Weight.Len() / l.Weight.Shape[0]
	for _, e := range in {
		if row, k, ok := oracleWeight(l, j, e.i); ok {
			n += int64(l.Weight.I8[row*columns+k]) * int64(e.whole)
		}
		f = e.f
	}
	scale := float32(at(l.Weight.Scale) * f)
	scaled := float32(scale * exact(n))
	a := current + scaled
	if l.Recurrent != nil {
		m := int64(0)
		for k := range y {
			m += int64(l.Recurrent.I8[j*len(y)+k]) * int64(y[k])
		}
		scaled := float32(at(l.Recurrent.Scale) * exact(m))
		a += scaled
	}
	return a
}

// place returns the channel, row and column of a flat index.
func place(shape []int, i int) (c, y, x int) {
	return i / shape[2] / shape[1], i / shape[2] % shape[1], i % shape[2]
}

func oraclePool(l *model.Layer, in []entry) (out []entry) {
	w := &l.Window
	if l.Pool == model.MaxPool {
		return oracleMax(l, in)
	}
	for _, e := range in {
		for k := range l.OutSize() {
			c, oy, ox := place(l.Out, k)
			ic, iy, ix := place(l.In, e.i)
			dy, dx := iy+w.Padding[0]-oy*w.Stride[0], ix+w.Padding[1]-ox*w.Stride[1]
			if c != ic || dy < 0 || dx < 0 || dy >= w.Kernel[0] || dx >= w.Kernel[1] {
				continue
			}
			f := float32(1)
			if l.Pool == model.AvgPool {
				f = 1 / float32(w.Kernel[0]*w.Kernel[1])
			}
			out = append(out, entry{k, e.x * f, e.whole, e.f * f})
		}
	}
	return out
}

// oracleMax is the largest value of each window's part of the plane.
func oracleMax(l *model.Layer, in []entry) []entry {
	w := &l.Window
	plane, out := make([]float32, l.InSize()), make([]float32, l.OutSize())
	for _, e := range in {
		plane[e.i] = e.x
	}
	for k := range out {
		c, oy, ox := place(l.Out, k)
		out[k] = float32(math.Inf(-1))
		for i, x := range plane {
			ic, iy, ix := place(l.In, i)
			dy, dx := iy+w.Padding[0]-oy*w.Stride[0], ix+w.Padding[1]-ox*w.Stride[1]
			if c == ic && dy >= 0 && dx >= 0 && dy < w.Kernel[0] && dx < w.Kernel[1] {
				out[k] = max(out[k], x)
			}
		}
	}
	return entries(out)
}

func oracleG(l *model.Layer, p float32) float32 {
	if l.Activation == model.Clipped {
		return max(p, l.Floor)
	}
	if p > 0 {
		return p
	}
	switch l.Activation {
	case model.ReLU:
		return 0
	case model.LeakyReLU:
		return float32(l.Slope * p)
	case model.ELU:
		return asm.Exp(p) - 1
	}
	return p
}

// randomNetwork draws a network of fully connected layers whose shapes,
// activations, outputs and resets come from r.
func randomNetwork(r *rand.Rand, analogInput bool) *model.Network {
	size := func() int { return []int{1, 3, 16, 17, 63, 64, 65, 100, 256, 257, 300}[r.IntN(11)] }
	floats := func(n int, f func() float64) []float32 {
		p := make([]float32, n)
		for i := range p {
			p[i] = float32(f())
		}
		return p
	}
	vector := func(n int, f func() float64) []float32 {
		switch r.IntN(3) {
		case 0:
			return nil
		case 1:
			return floats(1, f)
		}
		return floats(n, f)
	}
	in := size()
	m := &model.Network{
		Steps: 1 + r.IntN(40),
		Input: model.Input{Dt: 1, Shape: []int{in}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100}},
	}
	if analogInput {
		m.Input.Encoder = model.Encoder{Coding: model.Direct}
	}
	depth := 1 + r.IntN(3)
	for i := range depth {
		out := size()
		scale := 2 / math.Sqrt(float64(in))
		l := model.Layer{
			Name: fmt.Sprint("l", i), Kind: model.SNU, In: []int{in}, Out: []int{out},
			Activation: []model.Activation{model.Identity, model.ReLU, model.LeakyReLU, model.ELU, model.Clipped}[r.IntN(5)],
			Slope:      float32(r.Float64()),
			Output:     []model.Output{model.Step, model.Step, model.Sigmoid, model.None, model.Count}[r.IntN(5)],
			Reset:      []model.Reset{model.ResetZero, model.ResetZero, model.ResetSubtract, model.ResetNone}[r.IntN(4)],
			Weight:     model.Matrix(out, in, floats(in*out, func() float64 { return scale * r.NormFloat64() })),
			Current:    vector(out, func() float64 { return 0.1 * r.NormFloat64() }),
			Decay:      vector(out, r.Float64),
			Bias:       vector(out, func() float64 { return -r.Float64() }),
			Initial:    vector(out, r.NormFloat64),
		}
		if l.Output == model.Step && r.IntN(5) == 0 {
			l.Reset = model.ResetLateral
		}
		if l.Output == model.None {
			l.Reset = model.ResetNone
		} else if r.IntN(3) == 0 {
			h := model.Matrix(out, out, floats(out*out, func() float64 { return r.NormFloat64() / math.Sqrt(float64(out)) }))
			l.Recurrent = &h
		}
		if l.Output == model.None && r.IntN(2) == 0 {
			l.Kind, l.Decay, l.Initial = model.Dense, nil, nil
		}
		if (l.Output == model.Step || l.Output == model.Count) && r.IntN(3) == 0 {
			l.Reset = []model.Reset{model.ResetRefractory, model.ResetLagged}[r.IntN(2)]
		}
		if l.Activation == model.Clipped {
			l.Floor = -r.Float32()
		}
		if l.Output == model.Count {
			l.MaxSpikes, l.SpikeValue = r.IntN(4), float32(r.IntN(3)-1)/2
			l.Bias = floats([]int{1, out}[r.IntN(2)], func() float64 { return -0.1 - r.Float64() })
		}
		if l.Reset == model.ResetSubtract || l.Reset == model.ResetLagged {
			l.Theta = floats(1, r.Float64)
		}
		m.Layers = append(m.Layers, l)
		in = out
	}
	switch m.Layers[depth-1].Output {
	case model.None:
		m.Readout.Kind = []model.ReadoutKind{model.MembraneSum, model.MembraneMax, model.StepClass, model.StepSet}[r.IntN(4)]
	case model.Step:
		m.Readout.Kind = []model.ReadoutKind{model.SpikeCount, model.FirstSpike}[r.IntN(2)]
	default:
		m.Readout.Kind = model.SpikeCount
	}
	return m
}

func TestSessionEqualsOracle(t *testing.T) {
	t.Parallel()
	equalsOracle(t, 150, 70, randomNetwork)
}

func TestIntegersEqualOracle(t *testing.T) {
	integers := 0
	equalsOracle(t, 150, 40, func(r *rand.Rand, counts bool) *model.Network {
		draw := randomNetwork
		if r.IntN(2) == 0 {
			draw = randomPlanes
		}
		m := draw(r, false)
		if counts {
			m.Input.Encoder = model.Encoder{Coding: model.Events, BinUS: 1000, Counts: true}
		}
		integers += makeIntegers(m, r)
		return m
	})
	if integers == 0 {
		t.Error("no layer sums integers")
	}
}

// makeIntegers gives the layers of m that can sum integers such weights, and
// returns how many they are.
func makeIntegers(m *model.Network, r *rand.Rand) (n int) {
	quantised := func(t *model.Tensor) model.Tensor {
		q := model.Tensor{Shape: t.Shape, Integer: true, I8: make([]int8, t.Len()), Scale: make([]float32, []int{1, t.Shape[0]}[r.IntN(2)])}
		for k := range q.I8 {
			q.I8[k] = int8(r.IntN(255) - 127)
		}
		for k := range q.Scale {
			q.Scale[k] = float32(r.Float64() / 127)
		}
		return q
	}
	for i := range m.Layers {
		l := &m.Layers[i]
		if !l.HasNeurons() {
			continue
		}
		was := *l
		l.Weight = quantised(&l.Weight)
		if l.Recurrent != nil {
			h := quantised(l.Recurrent)
			l.Recurrent = &h
		}
		if m.Validate() != nil {
			*l = was
			continue
		}
		n++
	}
	return n
}

func TestPlanesEqualOracle(t *testing.T) {
	t.Parallel()
	equalsOracle(t, 60, 20, randomPlanes)
}

// equalsOracle compares random networks, streaming, over whole trains and in
// batches, with the oracle.
func equalsOracle(t *testing.T, seeds uint64, maxSteps int, draw func(r *rand.Rand, analogInput bool) *model.Network) {
	if testing.Short() {
		seeds /= 5
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 7))
		analog := seed%3 == 0
		m := draw(r, analog)
		net, err := Compile(m)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		steps := 1 + r.IntN(maxSteps)
		density := []float64{0, 0.02, 0.2, 1}[r.IntN(4)]
		train, values := spike.NewTrain(steps, net.InSize()), spike.NewValues(steps, net.InSize())
		for k := range steps {
			for i := range net.InSize() {
				if r.Float64() < density {
					train.At(k).Set(i)
					values.At(k)[i] = 1
					switch {
					case m.Input.Encoder.Counts:
						values.At(k)[i] = float32(1 + r.IntN(4))
					case analog:
						values.At(k)[i] = float32(r.NormFloat64())
					}
				}
			}
		}
		x := spike.Input(train)
		if analog {
			x = values
		}
		o, s := newOracle(m), net.NewSession()
		want := oracleScores(m)
		for k := range steps {
			if err := s.Step(x, k); err != nil {
				t.Fatal(err)
			}
			o.step(values.At(k))
			compareStep(t, seed, k, s, o)
			want.add(o, k)
		}
		wantClass := want.class(o)
		streamed := s.Result()
		compareResult(t, seed, "streaming", streamed, want.scores, wantClass)

		whole := net.NewSession()
		got, err := whole.Classify(x)
		if err != nil {
			t.Fatal(err)
		}
		compareResult(t, seed, "whole train", got, want.scores, wantClass)
		compareStep(t, seed, steps-1, whole, o)
		net.NewBatch(1)                             // lays out the weights
		for _, alone := range []bool{false, true} { // whatever this machine's caches ask for
			batch := net.newBatch(2, alone)
			results, err := batch.Classify([]spike.Input{x, x})
			if err != nil {
				t.Fatal(err)
			}
			compareResult(t, seed, "batch", results[1], want.scores, wantClass)
			if a, b := s.Stats(), batch.Stats(1); fmt.Sprint(a) != fmt.Sprint(b) {
				t.Fatalf("seed %d: stats %v streaming, %v in a batch", seed, a, b)
			}
		}
		if a, b := s.Stats(), whole.Stats(); fmt.Sprint(a) != fmt.Sprint(b) {
			t.Fatalf("seed %d: stats %v streaming, %v whole", seed, a, b)
		}
	}
}

func compareStep(t *testing.T, seed uint64, k int, s *Session, o *oracle) {
	t.Helper()
	for i := range o.m.Layers {
		if !o.m.Layers[i].HasNeurons() {
			continue
		}
		for j, want := range o.s[i] {
			if got := s.Membrane(i)[j]; math.Float32bits(got) != math.Float32bits(want) {
				t.Fatalf("seed %d, step %d, layer %d: membrane %d is %x (%v), oracle %x (%v)",
					seed, k, i, j, math.Float32bits(got), got, math.Float32bits(want), want)
			}
		}
		for j, want := range o.y[i] {
			var got float32
			switch o.m.Layers[i].Output {
			case model.Step:
				if s.Spikes(i).Get(j) {
					got = 1
				}
			case model.Sigmoid, model.Count:
				got = s.Outputs(i)[j]
			}
			if math.Float32bits(got) != math.Float32bits(want) {
				t.Fatalf("seed %d, step %d, layer %d: output %d is %v, oracle %v", seed, k, i, j, got, want)
			}
		}
	}
}

// scorer is the readout by its definition.
type scorer struct {
	kind   model.ReadoutKind
	scores []float32
}

func oracleScores(m *model.Network) *scorer {
	c := &scorer{m.Readout.Kind, make([]float32, m.Layers[len(m.Layers)-1].OutSize())}
	for j := range c.scores {
		if c.kind == model.MembraneMax {
			c.scores[j] = float32(math.Inf(-1))
		}
	}
	return c
}

func (c *scorer) add(o *oracle, step int) {
	last := len(o.s) - 1
	for j := range c.scores {
		switch c.kind {
		case model.SpikeCount:
			c.scores[j] += o.y[last][j]
		case model.MembraneSum:
			c.scores[j] += o.s[last][j]
		case model.StepClass, model.StepSet:
			c.scores[j] = o.s[last][j]
		case model.MembraneMax:
			c.scores[j] = max(c.scores[j], o.s[last][j])
		case model.FirstSpike:
			if o.y[last][j] == 1 && c.scores[j] == 0 {
				c.scores[j] = 1 / float32(step+1)
			}
		}
	}
}

func (c *scorer) class(o *oracle) int {
	last := len(o.s) - 1
	bias := model.Broadcast(o.m.Layers[last].Bias, len(c.scores))
	best := 0
	for j := range c.scores {
		u, ub := o.s[last][j]+bias[j], o.s[last][best]+bias[best]
		if c.scores[j] > c.scores[best] || c.scores[j] == c.scores[best] && u > ub {
			best = j
		}
	}
	return best
}

func compareResult(t *testing.T, seed uint64, how string, got Result, scores []float32, class int) {
	t.Helper()
	for j := range scores {
		if math.Float32bits(got.Scores[j]) != math.Float32bits(scores[j]) {
			t.Fatalf("seed %d, %s: score %d is %v, oracle %v", seed, how, j, got.Scores[j], scores[j])
		}
	}
	if got.Class != class {
		t.Fatalf("seed %d, %s: class %d, oracle %d (scores %v)", seed, how, got.Class, class, scores)
	}
}
