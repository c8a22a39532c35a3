package asm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// unit is a case of Slopes.Evaluate and Backward.
type unit struct {
	neurons, steps, skip int
	layout               string
	activation           Activation
	output               Output
	reset                Reset
	surrogate            Surrogate
	detach               bool
}

// build draws the units and the trace of a case, with membranes at the edges of
// the surrogate among them.
func (c unit) build(t testing.TB, g *guard, r *rand.Rand, width float32) (*Units, *Trace) {
	_, u, _, tr := shape{
		neurons: c.neurons, inputs: 1, steps: c.steps, skip: c.skip, layout: c.layout,
		activation: c.activation, output: c.output, reset: c.reset,
	}.build(t, g, r)
	for i := range tr.S {
		j := i % c.neurons
		edge := []float32{width / 2, width, 0}[r.IntN(3)]
		switch r.IntN(6) {
		case 0:
			tr.S[i] = edge - u.Bias[j]
		case 1:
			tr.S[i] = -edge - u.Bias[j]
		case 2:
			tr.S[i] = math.Nextafter32(edge, 0) - u.Bias[j]
		}
	}
	return u, tr
}

// checkSlopes compares a tier with generic on the slopes of the case.
func (c unit) checkSlopes(t testing.TB, g *guard, k *tier, seed uint64) {
	t.Helper()
	g.reset()
	r := rand.New(rand.NewPCG(seed, 5))
	width := []float32{1, 2, 0.3, 1e-3, 1e6}[r.IntN(5)]
	u, tr := c.build(t, g, r, width)
	words := NewSteps(c.steps, c.neurons).words
	got := Slopes{
		Surrogate: c.surrogate, Width: width, D: floats(t, g, r, c.steps*c.neurons, c.skip),
		Open: Steps{c.neurons, guarded[uint32](t, g, len(words), c.skip)},
	}
	for i := range words {
		got.Open.words[i] = r.Uint32()
	}
	want := Slopes{Surrogate: c.surrogate, Width: width, D: clone(got.D), Open: Steps{c.neurons, words}}
	slopesGeneric(&want, u, tr, c.steps)
	k.slopes(&got, u, tr, c.steps)
	where := fmt.Sprintf("%+v, width %v, seed %d", c, width, seed)
	sameNumbers(t, where+": slope", got.D, want.D)
	for i, w := range want.Open.words {
		if got.Open.words[i] != w {
			t.Fatalf("%s: steps %d are %015b, generic %015b", where, i, got.Open.words[i], w)
		}
	}
}

// checkBackward compares a tier with generic on the backward pass of the case.
func (c unit) checkBackward(t testing.TB, g *guard, k *tier, seed uint64) {
	t.Helper()
	g.reset()
	r := rand.New(rand.NewPCG(seed, 6))
	u, tr := c.build(t, g, r, 1)
	n, first := c.neurons, r.IntN(3)
	from := r.IntN(c.steps + 1)
	delta := matrix(t, g, r, first+c.steps, n, c.skip, c.layout)
	got := Errors{
		Grad: floats(t, g, r, c.steps*n, c.skip), Delta: delta, First: first, Next: floats(t, g, r, n, c.skip), Detach: c.detach,
		Bias: floats(t, g, r, n, c.skip), Decay: floats(t, g, r, n, c.skip), Current: floats(t, g, r, n, c.skip),
	}
	if c.output != NoOutput {
		got.Slope = floats(t, g, r, c.steps*n, c.skip)
	}
	want := got
	copied := *delta
	copied.data = clone(delta.data)
	want.Delta, want.Next = &copied, clone(got.Next)
	want.Bias, want.Decay, want.Current = clone(got.Bias), clone(got.Decay), clone(got.Current)
	backwardGeneric(u, tr, &want, from, c.steps)
	k.backward(u, tr, &got, from, c.steps)
	where := fmt.Sprintf("%+v, from %d, seed %d: ", c, from, seed)
	sameNumbers(t, where+"δ", got.Delta.data, want.Delta.data)
	sameNumbers(t, where+"next", got.Next, want.Next)
	sameNumbers(t, where+"bias", got.Bias, want.Bias)
	sameNumbers(t, where+"decay", got.Decay, want.Decay)
	sameNumbers(t, where+"current", got.Current, want.Current)
}

// sameNumbers is sameBits, but all that is not a number is the same: which of
// two operands' bits remain is up to the compiler.
func sameNumbers(t testing.TB, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) && (want[i] == want[i] || got[i] == got[i]) {
			t.Fatalf("%s: element %d is %x (%v), generic %x (%v)", what, i, math.Float32bits(got[i]), got[i], math.Float32bits(want[i]), want[i])
		}
	}
}

// unitCases yields every kind of unit at every length of up to four tiles and
// their tails.
func unitCases(yield func(seed uint64, c unit) bool) {
	seed := uint64(0)
	for n := 16; n <= 4*tileWidth+48; n += 16 {
		for kind := range 4 * 3 * 3 * 2 {
			for _, layout := range sortedLayouts {
				if seed++; testing.Short() && seed%11 != 0 {
					continue
				}
				if !yield(seed, unit{
					neurons: n, steps: 1 + int(seed)%5, skip: int(seed) % 4, layout: layout,
					activation: Activation(kind % 4), output: Output(kind / 4 % 3), reset: Reset(kind / 12 % 3),
					surrogate: Surrogate(seed % 5), detach: kind >= 36,
				}) {
					return
				}
			}
		}
	}
}

func TestSlopes(t *testing.T) {
	t.Parallel()
	eachTier(t, func(t *testing.T, k *tier) {
		var g guard
		for seed, c := range unitCases {
			if c.output != NoOutput {
				c.checkSlopes(t, &g, k, seed)
			}
		}
	})
}

// Sets of more than one word.
func TestSlopesOfManySteps(t *testing.T) {
	eachTier(t, func(t *testing.T, k *tier) {
		var g guard
		for _, steps := range []int{14, 15, 16, 31, 100} {
			unit{neurons: 48, steps: steps, surrogate: Triangle, layout: "panels"}.checkSlopes(t, &g, k, uint64(steps))
		}
	})
}

func TestBackward(t *testing.T) {
	t.Parallel()
	eachTier(t, func(t *testing.T, k *tier) {
		var g guard
		for seed, c := range unitCases {
			c.checkBackward(t, &g, k, seed)
		}
	})
}

func FuzzBackward(f *testing.F) {
	f.Add(uint64(1), uint16(100), uint8(3), uint16(0))
	f.Add(uint64(2), uint16(256), uint8(40), uint16(0x7ff))
	f.Fuzz(func(t *testing.T, seed uint64, neurons uint16, steps uint8, kind uint16) {
		var g guard
		c := unit{
			neurons: Pad(1 + int(neurons)%600), steps: 1 + int(steps)%40, skip: int(kind & 3), layout: "panels",
			activation: Activation(kind >> 2 & 3), output: Output(kind >> 4 & 3 % 3), reset: Reset(kind >> 6 & 3 % 3),
			surrogate: Surrogate(kind >> 8 & 7 % 5), detach: kind>>11&1 != 0,
		}
		if kind>>12&1 != 0 {
			c.layout = "rows"
		}
		for i := range tiers[:len(tiers)-1] {
			c.checkBackward(t, &g, &tiers[i], seed)
			if c.output != NoOutput {
				c.checkSlopes(t, &g, &tiers[i], seed)
			}
		}
	})
}

func TestBackwardAllocatesNothing(t *testing.T) {
	for i := range tiers {
		const n, steps = 80, 3
		var g guard
		u, tr := unit{neurons: n, steps: steps, layout: "panels"}.build(t, &g, rand.New(rand.NewPCG(1, 2)), 1)
		delta, below := NewMatrix(steps, n), NewMatrix(n, n)
		sl := &Slopes{Width: 1, D: Floats(steps * n), Open: NewSteps(steps, n)}
		e := &Errors{
			Grad: Floats(steps * n), Slope: sl.D, Delta: &delta, Next: Floats(n),
			Bias: Floats(n), Decay: Floats(n), Current: Floats(n),
		}
		if allocated := testing.AllocsPerRun(10, func() {
			tiers[i].slopes(sl, u, tr, steps)
			tiers[i].backward(u, tr, e, 0, steps)
			tiers[i].dotSteps(e.Grad, n, &below, &delta, 0, &sl.Open)
		}); allocated != 0 {
			t.Errorf("tier %s: %v allocations", tiers[i].name, allocated)
		}
	}
}
