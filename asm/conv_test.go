package asm

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// scatterCase is a case of Scatter.
type scatterCase struct {
	width, runs int
	dense       bool // list every input once, or else some, any number of times
	values      bool
	skip        int // elements between the slices and the guard pages
}

// scatter draws a Scatter whose patterns overlap, as do their runs, and whose
// last place ends with the sums and the weights.
func (c scatterCase) scatter(t testing.TB, g *guard, r *rand.Rand) *Scatter {
	s := &Scatter{field: field{width: c.width, offsets: guarded[uint32](t, g, c.runs, c.skip)}}
	for i := range s.offsets[1:] {
		s.offsets[i+1] = s.offsets[i] + uint32(r.IntN(2*c.width))
	}
	patterns, inputs := 1+r.IntN(4), 1+r.IntN(40)
	s.weights = floats(t, g, r, patterns*c.runs*c.width, c.skip)
	last := r.IntN(200)
	s.sums = last + int(s.offsets[c.runs-1]) + c.width
	words := guarded[uint32](t, g, 2*inputs, c.skip)
	s.places = unsafe.Slice((*Place)(unsafe.Pointer(&words[0])), inputs)
	step := r.IntN(12)
	for i := range s.places {
		s.places[i] = Place{uint32(min(i/3*step, last)), uint32(r.IntN(patterns) * c.runs * c.width)}
	}
	s.places[inputs-1] = Place{uint32(last), uint32((patterns - 1) * c.runs * c.width)}
	return s
}

func (c scatterCase) list(t testing.TB, g *guard, r *rand.Rand, n int) (inputs []uint32, values []float32) {
	if !c.dense {
		inputs = guarded[uint32](t, g, 1+r.IntN(12), c.skip)
		for k := range inputs {
			inputs[k] = uint32(r.IntN(n))
		}
	} else {
		inputs = guarded[uint32](t, g, n, c.skip)
		for k := range inputs {
			inputs[k] = uint32(k)
		}
	}
	if c.values {
		values = floats(t, g, r, len(inputs), c.skip)
	}
	return inputs, values
}

// check compares the kernels of k with the definitions, taken sum by sum and
// weight by weight.
func (c scatterCase) check(t testing.TB, g *guard, k *tier, seed uint64) {
	t.Helper()
	g.reset()
	r := rand.New(rand.NewPCG(seed, 9))
	s := c.scatter(t, g, r)
	inputs, values := c.list(t, g, r, len(s.places))
	sums, grads := floats(t, g, r, s.sums, c.skip), floats(t, g, r, len(s.weights), c.skip)
	dots := floats(t, g, r, len(inputs), c.skip)
	where := fmt.Sprintf("%s, %+v, seed %d: ", k.name, c, seed)

	x := func(n int) float32 {
		if values == nil {
			return 1
		}
		return values[n]
	}
	want := clone(grads)
	for w := range want {
		for n, i := range inputs {
			in := w - int(s.places[i].Pattern)
			if in >= 0 && in < c.runs*c.width {
				delta := sums[int(s.places[i].Sum)+int(s.offsets[in/c.width])+in%c.width]
				want[w] += float32(delta * x(n))
			}
		}
	}
	k.collect(s, grads, sums, inputs, values)
	sameBits(t, where+"gradient", grads, want)

	want = make([]float32, len(inputs))
	for n, i := range inputs {
		var lane [8]float32
		for in := range c.runs * c.width {
			delta := sums[int(s.places[i].Sum)+int(s.offsets[in/c.width])+in%c.width]
			lane[in%8] += float32(s.weights[int(s.places[i].Pattern)+in] * delta)
		}
		a, b := (lane[0]+lane[4])+(lane[2]+lane[6]), (lane[1]+lane[5])+(lane[3]+lane[7])
		want[n] = a + b
	}
	k.scatterDot(s, dots, sums, inputs)
	sameBits(t, where+"product", dots, want)

	want = clone(sums)
	for j := range want {
		for n, i := range inputs {
			for run, offset := range s.offsets {
				at := j - int(s.places[i].Sum) - int(offset)
				if at >= 0 && at < c.width {
					want[j] += float32(s.weights[int(s.places[i].Pattern)+run*c.width+at] * x(n))
				}
			}
		}
	}
	k.scatter(s, sums, inputs, values)
	sameBits(t, where+"sum", sums, want)
}

func TestScatter(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, k *tier) {
		var g guard
		seed := uint64(0)
		for width := RunLanes; width <= 96; width += RunLanes {
			for runs := 1; runs <= 9; runs++ {
				for kind := range 4 {
					seed++
					scatterCase{width, runs, kind&1 != 0, kind&2 != 0, int(seed) % 4}.check(t, &g, k, seed)
				}
			}
		}
	}
	t.Run("tier=generic", func(t *testing.T) { check(t, &generic) })
	eachTier(t, check)
}

func TestScatterWithoutInputs(t *testing.T) {
	s := NewScatter(8, []uint32{0}, []Place{{}}, 8, 1)
	s.Add(Floats(8), nil, nil)
	s.Collect(Floats(8), Floats(8), nil, nil)
	s.Dot(nil, Floats(8), nil)
}

func TestScatterChecksPlaces(t *testing.T) {
	for _, c := range []struct {
		place    Place
		accepted bool
	}{
		{Place{}, true}, {Place{3, 16}, true}, {Place{4, 0}, false}, {Place{0, 17}, false}, {Place{1<<32 - 1, 0}, false}, {Place{0, 1<<32 - 1}, false},
	} {
		func() {
			defer func() {
				if got := recover() == nil; got != c.accepted {
					t.Errorf("%+v among 16 sums and 2 patterns of 2 runs of 8: accepted %v", c.place, got)
				}
			}()
			NewScatter(8, []uint32{0, 5}, []Place{{}, c.place}, 16, 2)
		}()
	}
}

func TestScatterAllocates(t *testing.T) {
	s, list := benchScatter(24, 3)
	sums, grads, dots := Floats(s.Sums()), Floats(len(s.Weights())), Floats(len(list))
	for i := range tiers {
		k := &tiers[i]
		if n := testing.AllocsPerRun(10, func() {
			k.scatter(s, sums, list, dots)
			k.collect(s, grads, sums, list, nil)
			k.scatterDot(s, dots, sums, list)
		}); n != 0 {
			t.Errorf("tier %s: %v allocations", k.name, n)
		}
	}
}

func FuzzScatter(f *testing.F) {
	f.Add(uint64(1), uint8(5), uint8(3), uint8(0))
	var g guard
	f.Fuzz(func(t *testing.T, seed uint64, vectors, runs, kind uint8) {
		c := scatterCase{
			width: RunLanes * (1 + int(vectors)%50), runs: 1 + int(runs)%12,
			dense: kind&1 != 0, values: kind&2 != 0, skip: int(kind >> 2 & 3),
		}
		for i := range tiers {
			c.check(t, &g, &tiers[i], seed)
		}
	})
}
