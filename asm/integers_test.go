package asm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// intCase is a case of Integers.Forward.
type intCase struct {
	rows, cols, steps int
	density           float64
	recurrent         bool
	counts            bool
	whole             bool // in whole rows, as large matrices are
	extreme           bool // all weights −127 or 127
	rare              bool // units that no tier has kernels for
	skip              int
}

// intLayer is what Forward takes.
type intLayer struct {
	w, own     *Integers
	u          *Units
	in, spikes *Inputs
	tr         *Trace
}

// weights draws a matrix.
func (c intCase) weights(t testing.TB, g *guard, r *rand.Rand, rows int) *Integers {
	m := NewIntegers(rows, c.cols)
	data := guarded[uint64](t, g, (len(m.data)*wordBytes+7)/8, 0)
	m.data = unsafe.Slice((*word)(unsafe.Pointer(unsafe.SliceData(data))), len(m.data))
	if c.whole {
		m.panel = padBlock(c.cols)
	}
	for j := range c.cols {
		m.scale[j] = r.Float32() / 100
		for i := range rows {
			q := int8(r.IntN(255) - 127)
			if c.extreme {
				q = 127
				if j%3 == 0 {
					q = -127
				}
			}
			m.Set(i, j, q)
		}
	}
	return &m
}

func (c intCase) build(t testing.TB, g *guard, r *rand.Rand) intLayer {
	l := intLayer{w: c.weights(t, g, r, c.rows)}
	kind := shape{
		neurons: Pad(c.cols), inputs: 1, steps: c.steps, skip: c.skip, layout: "panels",
		activation: Activation(r.IntN(4)), output: Output(r.IntN(3)), reset: Reset(r.IntN(3)),
	}
	if c.rare {
		kind.activation = Clipped
	}
	_, l.u, _, l.tr = kind.build(t, g, r)
	l.u.Floor = -r.Float32()
	if c.recurrent {
		l.own = c.weights(t, g, r, min(c.cols, 300))
	}
	l.in, l.spikes = c.lists(t, g, r, c.steps)
	return l
}

// lists draws the inputs of some steps and, of a recurrent layer, its own spikes.
func (c intCase) lists(t testing.TB, g *guard, r *rand.Rand, steps int) (in, spikes *Inputs) {
	in = inputs(t, g, r, c.rows, steps, c.density, false, c.skip)
	if c.counts {
		in.Values = guarded[float32](t, g, len(in.Rows), c.skip)
		for i := range in.Values {
			in.Values[i] = float32(r.IntN(4))
		}
	}
	if c.recurrent {
		spikes = inputs(t, g, r, min(c.cols, 300), steps, c.density, false, c.skip)
	}
	return in, spikes
}

// sums adds what the listed rows sum up to, by the plainest loop, to a row of a a
// step.
func (m *Integers) sums(a []float32, n int, in *Inputs) {
	from := int32(0)
	for t, end := range in.Ends {
		for j := range m.cols {
			var sum int64
			for k := from; k < end; k++ {
				x := int64(1)
				if in.Values != nil {
					x = int64(in.Values[k])
				}
				sum += x * int64(m.At(int(in.Rows[k]), j))
			}
			a[t*n+j] += float32(m.scale[j] * float32(sum))
		}
		from = end
	}
}

// copied returns a trace of the same content.
func (tr *Trace) copied() *Trace {
	return &Trace{S: clone(tr.S), SStride: tr.SStride, Y: clone(tr.Y), YStride: tr.YStride, Soft: clone(tr.Soft)}
}

// expect returns what a stream leaves in tr, by the plainest loop.
func (l *intLayer) expect(in, spikes *Inputs, tr *Trace) *Trace {
	steps, want := len(in.Ends), tr.copied()
	a := make([]float32, steps*l.u.N)
	for i := range a {
		a[i] = l.u.Current[i%l.u.N]
	}
	l.w.sums(a, l.u.N, in)
	if l.own != nil {
		l.own.sums(a, l.u.N, spikes)
	}
	updateSums(l.u, a, l.u.N, steps, want)
	clearTail(l.u, want, steps)
	return want
}

// check compares Forward, and ForwardBatch of streams of other lengths, on the
// weights as they lie and in panels, with the plainest loop.
func (c intCase) check(t testing.TB, g *guard, k *tier, seed uint64) {
	t.Helper()
	g.reset()
	r := rand.New(rand.NewPCG(seed, 9))
	l := c.build(t, g, r)
	var ins, lists []*Inputs
	var before, want []*Trace
	for i := range 3 {
		in, spikes := l.in, l.spikes
		if i > 0 {
			in, spikes = c.lists(t, g, r, (c.steps+i)%(c.steps+1))
		}
		ins, lists, before = append(ins, in), append(lists, spikes), append(before, l.tr.copied())
		want = append(want, l.expect(in, spikes, l.tr))
	}
	defer kernels.Store(kernels.Swap(k))
	s := NewIntScratch()
	l.w.Forward(l.u, l.in, l.own, l.spikes, l.tr, s)
	c.same(t, seed, "alone", l.tr, want[0])

	w, own := l.w.InPanels(), l.own
	if own != nil {
		panels := own.InPanels()
		own = &panels
	}
	for how, m := range map[string][2]*Integers{"batch": {l.w, l.own}, "batch in panels": {&w, own}} {
		var got []*Trace
		for _, tr := range before {
			got = append(got, tr.copied())
		}
		m[0].ForwardBatch(l.u, ins, m[1], lists, got, s)
		for i := range got {
			c.same(t, seed, fmt.Sprintf("%s, stream %d", how, i), got[i], want[i])
		}
	}
}

// same fails unless got and want are the same bits.
func (c intCase) same(t testing.TB, seed uint64, how string, got, want *Trace) {
	t.Helper()
	where := fmt.Sprintf("%s, %+v, seed %d", how, c, seed)
	sameBits(t, where+": membrane", got.S, want.S)
	sameBits(t, where+": soft output", got.Soft, want.Soft)
	for j, y := range want.Y {
		if got.Y[j] != y {
			t.Fatalf("%s: spike word %d is %x, expected %x", where, j, got.Y[j], y)
		}
	}
}

// allTiers runs f for every tier, generic too.
func allTiers(t *testing.T, f func(t *testing.T, k *tier)) {
	for i := range tiers {
		t.Run("tier="+tiers[i].name, func(t *testing.T) { f(t, &tiers[i]) })
	}
}

// Every width up to more than two panels, against the plainest loop.
func TestIntegers(t *testing.T) {
	allTiers(t, func(t *testing.T, k *tier) {
		var g guard
		seed := uint64(0)
		for cols := 1; cols <= 2*intPanel+intBlock+20; cols += 5 {
			for kind := range 6 {
				if seed++; testing.Short() && seed%5 != 0 {
					continue
				}
				intCase{
					rows: 2 + int(seed)%50, cols: cols, steps: 1 + int(seed)%3, density: float64(seed%5) / 4,
					recurrent: kind%3 == 1, counts: kind%3 == 2, skip: int(seed) % 4, whole: kind >= 3, rare: seed%11 == 0,
				}.check(t, &g, k, seed)
			}
		}
	})
}

// More columns than are summed at once.
func TestIntegersOfManyColumns(t *testing.T) {
	allTiers(t, func(t *testing.T, k *tier) {
		var g guard
		for i, cols := range []int{intStream, intStream + 16, 2*intStream + 330} {
			for _, whole := range []bool{false, true} {
				intCase{rows: 30, cols: cols, steps: 2, density: 0.5, recurrent: true, whole: whole}.check(t, &g, k, uint64(i))
			}
		}
	})
}

// Sums of as many rows as 16 bits hold, and of one more, of two and of three times
// as many, with weights as far from 0 as may be.
func TestIntegersOfManyRows(t *testing.T) {
	allTiers(t, func(t *testing.T, k *tier) {
		var g guard
		for i, rows := range []int{intRows - 1, intRows, intRows + 1, 2 * intRows, 2*intRows + 1, 3*intRows + 7} {
			for _, cols := range []int{10, 256, 330} {
				intCase{rows: rows, cols: cols, steps: 1, density: 1, extreme: true}.check(t, &g, k, uint64(i))
				intCase{rows: 2 * rows, cols: cols, steps: 2, density: 1, extreme: true, recurrent: true, whole: i%2 == 0}.check(t, &g, k, uint64(i))
			}
		}
	})
}

func TestIntegersHoldWhatIsSet(t *testing.T) {
	const rows, cols = 3, 2*intPanel + 70
	m := NewIntegers(rows, cols)
	for i := range rows {
		for j := range cols {
			if m.At(i, j) != 0 {
				t.Fatalf("At(%d, %d) is %d at first", i, j, m.At(i, j))
			}
			m.Set(i, j, int8((i*cols+j)%255-127))
		}
	}
	for i := range rows {
		for j := range cols {
			if got, want := m.At(i, j), int8((i*cols+j)%255-127); got != want {
				t.Fatalf("At(%d, %d) is %d, set to %d", i, j, got, want)
			}
		}
	}
	m.panel = padBlock(cols)
	copied := m.InPanels()
	if copied.InRows() || &copied.data[0] == &m.data[0] {
		t.Error("InPanels copied nothing")
	}
	for i := range rows {
		for j := range cols {
			if got, want := copied.At(i, j), m.At(i, j); got != want {
				t.Fatalf("in panels At(%d, %d) is %d, was %d", i, j, got, want)
			}
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("−128 was accepted")
		}
	}()
	m.Set(0, 0, -128)
}

func TestIntegersAllocateNothing(t *testing.T) {
	allTiers(t, func(t *testing.T, k *tier) {
		var g guard
		l := intCase{rows: 600, cols: 300, steps: 3, density: 0.9, recurrent: true, counts: true}.build(t, &g, rand.New(rand.NewPCG(1, 2)))
		ins, spikes, trs := []*Inputs{l.in}, []*Inputs{l.spikes}, []*Trace{l.tr}
		defer kernels.Store(kernels.Swap(k))
		s := NewIntScratch()
		if n := testing.AllocsPerRun(4, func() {
			for i := range l.in.Values { // more events than ever before
				l.in.Values[i] = 2*l.in.Values[i] + 1
			}
			l.w.Forward(l.u, l.in, l.own, l.spikes, l.tr, s)
			l.w.ForwardBatch(l.u, ins, l.own, spikes, trs, s)
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

// Many events of one channel, and values that are no counts, which would be added
// for ever.
func TestCountsOfIntegers(t *testing.T) {
	m := NewIntegers(2, 20)
	m.Set(1, 19, -127)
	m.Scale()[19] = 1
	u := &Units{N: 32, Output: NoOutput, Reset: ResetNone, Current: Floats(32), Decay: Floats(32), Bias: Floats(32)}
	run := func(x float32) (s float32, refused bool) {
		tr := &Trace{S: Floats(32)}
		defer func() { refused = recover() != nil }()
		m.Forward(u, &Inputs{Rows: []uint32{1}, Values: []float32{x}, Ends: []int32{1}}, nil, nil, tr, NewIntScratch())
		return tr.S[19], false
	}
	for _, x := range []float32{0, 1, intRows - 1, intRows, intRows + 1, 3 * intRows, 100_001} {
		if s, refused := run(x); refused || s != -127*x {
			t.Errorf("%v events: sum %v, refused %v, expected %v", x, s, refused, -127*x)
		}
	}
	nan := float32(math.NaN())
	for _, x := range []float32{-1, 0.5, 1 << 24, float32(math.Inf(1)), nan} {
		if _, refused := run(x); !refused {
			t.Errorf("a value of %v was accepted, expected a panic", x)
		}
	}
}

func FuzzIntegers(f *testing.F) {
	f.Add(uint64(1), uint16(40), uint16(300), uint8(3), uint8(0))
	f.Add(uint64(2), uint16(700), uint16(20), uint8(1), uint8(9))
	var g guard
	f.Fuzz(func(t *testing.T, seed uint64, rows, cols uint16, steps, kind uint8) {
		c := intCase{
			rows: 2 + int(rows)%800, cols: 1 + int(cols)%700, steps: 1 + int(steps)%4, density: float64(kind>>4) / 15,
			recurrent: kind&1 != 0, counts: kind&2 != 0, extreme: kind&4 != 0, whole: kind&8 != 0, skip: int(seed & 1), rare: seed&2 != 0,
		}
		for i := range tiers {
			c.check(t, &g, &tiers[i], seed)
		}
	})
}

// BenchmarkIntegers measures the row sum of integers beside that of floats, one
// step a call: Forward of n inputs and n neurons of the cheapest kind, less the
// time of a call without rows, which loads and stores the neurons.
func BenchmarkIntegers(b *testing.B) {
	for _, n := range []int{256, 1024, 4096} {
		w, u, tr := benchLayer(n, Identity, NoOutput)
		m := NewIntegers(n, n)
		for i := range n {
			for j := range n {
				m.Set(i, j, int8((i*7+j)%255-127))
			}
		}
		s := NewIntScratch()
		silent := &Inputs{Ends: []int32{0}}
		for _, density := range []float64{0.05, 0.1, 0.2} {
			ins := benchInputs(n, 1, density, 32)
			for i := range tiers {
				for name, forward := range map[string]func(in *Inputs){
					"float32": func(in *Inputs) { tiers[i].forward(w, u, in, tr) },
					"int8":    func(in *Inputs) { m.Forward(u, in, nil, nil, tr, s) },
				} {
					b.Run(fmt.Sprintf("n=%d/density=%v/tier=%s/weights=%s", n, density, tiers[i].name, name), func(b *testing.B) {
						defer kernels.Store(kernels.Swap(&tiers[i]))
						update := nanoseconds(func() { forward(silent) })
						k := 0
						for b.Loop() {
							forward(ins[k%len(ins)])
							k++
						}
						b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)-update, "ns/sum")
					})
				}
			}
		}
	}
}
