package asm

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// shape is a case of Forward.
type shape struct {
	neurons, inputs, steps int
	density                float64
	values                 bool // inputs with values, not spikes
	oneRow                 bool // strides of 0: the state is overwritten in place
	skip                   int  // elements between the slices and the guard pages
	layout                 string
	activation             Activation
	output                 Output
	reset                  Reset
}

// float draws a number of any kind that a network may hold: ordinary, tiny,
// denormal, large, 0 or −0.
func float(r *rand.Rand) float32 {
	switch r.IntN(12) {
	case 0:
		return 0
	case 1:
		return float32(math.Copysign(0, -1))
	case 2:
		return float32(r.NormFloat64() * 1e-40)
	case 3:
		return float32(r.NormFloat64() * 1e-20)
	case 4:
		return float32(r.NormFloat64() * 1e15)
	case 5:
		return float32(r.NormFloat64() * 50)
	}
	return float32(r.NormFloat64())
}

func floats(t testing.TB, g *guard, r *rand.Rand, n, skip int) []float32 {
	f := guarded[float32](t, g, n, skip)
	for i := range f {
		f[i] = float(r)
	}
	return f
}

// inputs lists rows below n for steps time steps.
func inputs(t testing.TB, g *guard, r *rand.Rand, n, steps int, density float64, values bool, skip int) *Inputs {
	var list []uint32
	ends := guarded[int32](t, g, steps, skip)
	for s := range ends {
		for i := range n {
			if r.Float64() < density {
				list = append(list, uint32(i))
			}
		}
		ends[s] = int32(len(list))
	}
	in := &Inputs{Rows: guarded[uint32](t, g, len(list), skip), Ends: ends}
	copy(in.Rows, list)
	if values {
		in.Values = floats(t, g, r, len(list), skip)
	}
	return in
}

// sortedLayouts are their names, so that a seed always stands for the same case.
var sortedLayouts = slices.Sorted(maps.Keys(layouts))

func matrix(t testing.TB, g *guard, r *rand.Rand, rows, cols, skip int, layout string) *Matrix {
	m := &Matrix{rows: rows, cols: cols, data: floats(t, g, r, rows*Pad(cols), skip)}
	layouts[layout](m)
	return m
}

// build draws a case.
func (c shape) build(t testing.TB, g *guard, r *rand.Rand) (*Matrix, *Units, *Inputs, *Trace) {
	n := c.neurons
	w := matrix(t, g, r, c.inputs, n, c.skip, c.layout)
	u := &Units{
		N: n, Activation: c.activation, Output: c.output, Reset: c.reset, Slope: float32(r.Float64()),
		Current: floats(t, g, r, n, c.skip), Decay: guarded[float32](t, g, n, c.skip), Bias: floats(t, g, r, n, c.skip),
	}
	for j := range n {
		u.Current[j] += 0 // not −0
		u.Decay[j] = r.Float32()
	}
	if c.reset == ResetSubtract {
		u.Theta = floats(t, g, r, n, c.skip)
	}
	tr := &Trace{}
	rows := 1
	if !c.oneRow {
		rows, tr.SStride, tr.YStride = c.steps+1, n, (n+63)/64
	}
	tr.S = floats(t, g, r, rows*n, c.skip)
	switch c.output {
	case Step:
		tr.Y = guarded[uint64](t, g, rows*((n+63)/64), 0)
		for i := range tr.Y {
			tr.Y[i] = r.Uint64()
		}
	case Sigmoidal:
		tr.Soft = guarded[float32](t, g, rows*n, c.skip)
		for i := range tr.Soft {
			tr.Soft[i] = r.Float32()
		}
	}
	return w, u, inputs(t, g, r, c.inputs, c.steps, c.density, c.values, c.skip), tr
}

// check compares a tier with generic on the case.
func (c shape) check(t testing.TB, g *guard, k *tier, seed uint64) {
	t.Helper()
	g.reset()
	w, u, in, tr := c.build(t, g, rand.New(rand.NewPCG(seed, 1)))
	want := Trace{S: clone(tr.S), SStride: tr.SStride, Y: clone(tr.Y), YStride: tr.YStride, Soft: clone(tr.Soft)}
	forwardGeneric(w, u, in, &want)
	k.forward(w, u, in, tr)
	c.compare(t, seed, tr, &want)
}

// compare fails unless got and want are the same bits.
func (c shape) compare(t testing.TB, seed uint64, got, want *Trace) {
	t.Helper()
	where := fmt.Sprintf("%+v, seed %d", c, seed)
	sameBits(t, where+": membrane", got.S, want.S)
	sameBits(t, where+": soft output", got.Soft, want.Soft)
	for i := range want.Y {
		if got.Y[i] != want.Y[i] {
			t.Fatalf("%s: spike word %d is %x, generic %x", where, i, got.Y[i], want.Y[i])
		}
	}
}

// checkUpdate compares Update of a tier with Forward where only input t spikes
// in step t, and its weights are the sums.
func (c shape) checkUpdate(t testing.TB, g *guard, k *tier, seed uint64) {
	t.Helper()
	g.reset()
	r := rand.New(rand.NewPCG(seed, 3))
	_, u, _, tr := c.build(t, g, r)
	stride := u.N + c.skip
	sums := floats(t, g, r, c.steps*stride-c.skip, c.skip)
	w, in := NewRows(c.steps, u.N), &Inputs{}
	for i := range sums {
		sums[i] += 0 // not −0
	}
	for step := range c.steps {
		copy(w.Row(step), sums[step*stride:])
		in.Rows, in.Ends = append(in.Rows, uint32(step)), append(in.Ends, int32(step+1))
	}
	want := Trace{S: clone(tr.S), SStride: tr.SStride, Y: clone(tr.Y), YStride: tr.YStride, Soft: clone(tr.Soft)}
	silent := *u
	silent.Current = make([]float32, u.N)
	forwardGeneric(&w, &silent, in, &want)
	k.update(u, sums, stride, c.steps, tr)
	c.compare(t, seed, tr, &want)
}

func clone[T any](s []T) []T { return append([]T(nil), s...) }

func sameBits(t testing.TB, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s %d is %x (%v), generic %x (%v)", what, i, math.Float32bits(got[i]), got[i], math.Float32bits(want[i]), want[i])
		}
	}
}

// Every kind of unit at every length of up to four tiles and their tails.
func TestForward(t *testing.T) {
	t.Parallel()
	eachTier(t, func(t *testing.T, k *tier) {
		var g guard
		seed := uint64(0)
		for n := 16; n <= 4*tileWidth+48; n += 16 {
			for kind := range 4 * 3 * 3 {
				for _, layout := range sortedLayouts {
					for _, density := range []float64{0, 0.1, 0.5, 1} {
						if seed++; testing.Short() && seed%11 != 0 {
							continue
						}
						shape{
							neurons: n, inputs: 1 + int(seed)%70, steps: 1 + int(seed)%4, density: density,
							values: seed%3 == 0, oneRow: seed%5 == 0, skip: int(seed) % 4, layout: layout,
							activation: Activation(kind % 4), output: Output(kind / 4 % 3), reset: Reset(kind / 12),
						}.check(t, &g, k, seed)
					}
				}
			}
		}
	})
}

// Rows around and above the 1024 columns that the streaming kernels sum at once.
func TestForwardLongRows(t *testing.T) {
	t.Parallel()
	eachTier(t, func(t *testing.T, k *tier) {
		var g guard
		for i, n := range []int{1008, 1024, 1040, 2128} {
			for rows := range 20 {
				shape{neurons: n, inputs: max(rows, 1), steps: 2, density: float64(min(rows, 1)), values: rows%2 == 1,
					layout: "rows", activation: ELU, output: Output(rows % 3)}.check(t, &g, k, uint64(100*i+rows))
			}
		}
	})
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	for i := range tiers {
		t.Run("tier="+tiers[i].name, func(t *testing.T) {
			var g guard
			seed := uint64(0)
			for n := 16; n <= 4*tileWidth+48; n += 16 {
				for kind := range 4 * 3 * 3 {
					seed++
					shape{
						neurons: n, inputs: 1, steps: 1 + int(seed)%4, oneRow: seed%5 == 0, skip: int(seed) % 4, layout: "panels",
						activation: Activation(kind % 4), output: Output(kind / 4 % 3), reset: Reset(kind / 12),
					}.checkUpdate(t, &g, &tiers[i], seed)
				}
			}
		})
	}
}

func TestForwardWithoutSteps(t *testing.T) {
	eachTier(t, func(t *testing.T, k *tier) {
		var g guard
		for _, layout := range sortedLayouts {
			shape{neurons: 80, inputs: 3, layout: layout}.check(t, &g, k, 1)
		}
	})
}

// What is too short panics, whatever the tier, and does not read on.
func TestForwardRefuses(t *testing.T) {
	defer kernels.Store(kernels.Load())
	for i := range tiers {
		kernels.Store(&tiers[i])
		for name, change := range map[string]func(w *Matrix, u *Units, in *Inputs, tr *Trace){
			"rows":      func(_ *Matrix, _ *Units, in *Inputs, _ *Trace) { in.Rows = in.Rows[:2] },
			"values":    func(_ *Matrix, _ *Units, in *Inputs, _ *Trace) { in.Values = make([]float32, 2) },
			"columns":   func(w *Matrix, _ *Units, _ *Inputs, _ *Trace) { *w = NewMatrix(4, 64) },
			"current":   func(_ *Matrix, u *Units, _ *Inputs, _ *Trace) { u.Current = u.Current[:64] },
			"decay":     func(_ *Matrix, u *Units, _ *Inputs, _ *Trace) { u.Decay = u.Decay[:64:64] },
			"bias":      func(_ *Matrix, u *Units, _ *Inputs, _ *Trace) { u.Bias = u.Bias[:64:64] },
			"membranes": func(_ *Matrix, _ *Units, _ *Inputs, tr *Trace) { tr.S = tr.S[:100:100] },
			"spikes":    func(_ *Matrix, _ *Units, _ *Inputs, tr *Trace) { tr.Y = tr.Y[:1:1] },
		} {
			for _, batch := range []bool{false, true} {
				w := NewMatrix(4, 128)
				u := &Units{N: 128, Current: Floats(128), Decay: Floats(128), Bias: Floats(128)}
				in := &Inputs{Rows: []uint32{0, 1, 3, 3}, Ends: []int32{1, 4}}
				tr := &Trace{S: Floats(128), Y: make([]uint64, 2)}
				change(&w, u, in, tr)
				refused := func() (yes bool) {
					defer func() { yes = recover() != nil }()
					if batch {
						new(Batch).Forward(&w, u, []*Inputs{in}, []*Trace{tr})
					} else {
						Forward(&w, u, in, tr)
					}
					return false
				}()
				if !refused {
					t.Errorf("tier %s, batch %v: %s too short, and no panic", tiers[i].name, batch, name)
				}
			}
		}
	}
}

func FuzzForward(f *testing.F) {
	f.Add(uint64(1), uint16(100), uint16(40), uint8(3), uint8(30), uint16(0))
	f.Add(uint64(2), uint16(1100), uint16(9), uint8(1), uint8(255), uint16(0x7ff))
	var g guard
	f.Fuzz(func(t *testing.T, seed uint64, neurons, inputs uint16, steps, density uint8, kind uint16) {
		c := shape{
			neurons: Pad(1 + int(neurons)%2500), inputs: 1 + int(inputs)%100, steps: int(steps % 8), density: float64(density) / 255,
			values: kind&1 != 0, oneRow: kind&2 != 0, skip: int(kind >> 2 & 3), layout: "panels",
			activation: Activation(kind >> 4 & 3), output: Output(kind >> 6 & 3 % 3), reset: Reset(kind >> 8 & 3 % 3),
		}
		if kind&8 != 0 {
			c.layout = "rows"
		}
		for i := range tiers[:len(tiers)-1] {
			c.check(t, &g, &tiers[i], seed)
		}
	})
}

func TestForwardAllocatesNothing(t *testing.T) {
	for i := range tiers {
		for _, layout := range sortedLayouts {
			var g guard
			w, u, in, tr := shape{neurons: 80, inputs: 30, steps: 3, density: 0.5, layout: layout}.build(t, &g, rand.New(rand.NewPCG(1, 2)))
			if n := testing.AllocsPerRun(10, func() { tiers[i].forward(w, u, in, tr) }); n != 0 {
				t.Errorf("tier %s, %s: %v allocations", tiers[i].name, layout, n)
			}
			if n := testing.AllocsPerRun(10, func() { tiers[i].update(u, tr.S, 0, 3, tr) }); n != 0 {
				t.Errorf("tier %s, %s: %v allocations of Update", tiers[i].name, layout, n)
			}
		}
	}
}
