package asm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// intScatterCase is a case of IntScatter.
type intScatterCase struct {
	width, runs int
	dense       bool // list every input once, or else some, any number of times
	counts      bool
	extreme     bool // all weights −127 or 127
	aligned     int  // all places are multiples of it: 1, 8, 16, 32
	skip        int
}

// guardedWords returns n words that end where a guard page begins.
func guardedWords(t testing.TB, g *guard, n int) []word {
	data := guarded[uint64](t, g, (n*wordBytes+7)/8, 0)
	return unsafe.Slice((*word)(unsafe.Pointer(unsafe.SliceData(data))), n)
}

// scatter draws an IntScatter as scatterCase.scatter does a Scatter, and its weights.
// Its rows are parts of the sums, in another order.
func (c intScatterCase) scatter(t testing.TB, g *guard, r *rand.Rand) (*IntScatter, []int8) {
	f := scatterCase{width: c.width, runs: c.runs, skip: c.skip}.scatter(t, g, r)
	low := c.aligned - 1
	for i := range f.offsets {
		f.offsets[i] &^= uint32(low)
	}
	for i := range f.places {
		f.places[i].Sum &^= uint32(low)
	}
	q := make([]int8, len(f.weights))
	for i := range q {
		q[i] = int8(r.IntN(255) - 127)
		if c.extreme {
			q[i] = 127
			if r.IntN(9) == 0 {
				q[i] = -127
			}
		}
	}
	var rows []Row
	first := 0
	for at := r.IntN(9) &^ low; at < f.sums; {
		n := min(1+r.IntN(120), f.sums-at) &^ low
		if n == 0 {
			break
		}
		rows = append(rows, Row{at, first, n})
		first += n
		at += n + r.IntN(20)&^low
	}
	s := NewIntScatter(c.width, f.offsets, f.places, f.sums, rows, q, 0)
	weights := guardedWords(t, g, len(s.weights))
	copy(weights, s.weights)
	s.weights = weights
	for _, n := range c.all(&s, q) {
		s.most = max(s.most, int(n))
	}
	return &s, q
}

// all returns what all inputs together may add to each unit, each once.
func (c intScatterCase) all(s *IntScatter, q []int8) []int64 {
	list := make([]uint32, len(s.places))
	magnitudes := make([]int8, len(q))
	for i := range list {
		list[i] = uint32(i)
	}
	for i := range q {
		magnitudes[i] = max(q[i], -q[i])
	}
	return c.sums(s, magnitudes, list, nil)
}

// sums returns the sum of each unit, taken one by one.
func (c intScatterCase) sums(s *IntScatter, q []int8, inputs []uint32, values []float32) []int64 {
	plane := make([]int64, s.sums)
	for n, i := range inputs {
		x := int64(1)
		if values != nil {
			x = int64(values[n])
		}
		for in := range c.width * c.runs {
			plane[int(s.places[i].Sum)+int(s.offsets[in/c.width])+in%c.width] += x * int64(q[int(s.places[i].Pattern)+in])
		}
	}
	var units []int64
	for _, r := range s.rows {
		units = append(units, plane[r.From:r.From+r.N]...)
	}
	return units
}

// check compares Sum with the sums taken one by one, several times, since each call
// must leave the plane empty.
func (c intScatterCase) check(t testing.TB, g *guard, k *tier, seed uint64, inputs int) {
	t.Helper()
	g.reset()
	r := rand.New(rand.NewPCG(seed, 9))
	s, q := c.scatter(t, g, r)
	units := len(c.sums(s, q, nil, nil))
	defer kernels.Store(kernels.Swap(k))
	p := s.NewPlane()
	p.lanes = guardedWords(t, g, len(p.lanes))
	p.part = guarded[float32](t, g, units, c.skip)
	for call := range 2 {
		list, _ := scatterCase{dense: c.dense, skip: c.skip}.list(t, g, r, len(s.places))
		for len(list) < inputs {
			list = append(list, list...)
		}
		var values []float32
		if c.counts {
			values = guarded[float32](t, g, len(list), c.skip)
			for i := range values {
				values[i] = float32(r.IntN(4))
			}
		}
		start, scale, got := floats(t, g, r, units, c.skip), floats(t, g, r, units, c.skip), guarded[float32](t, g, units, c.skip)
		want := make([]float32, units)
		for j, n := range c.sums(s, q, list, values) {
			want[j] = start[j] + float32(scale[j]*float32(n))
		}
		s.Sum(got, start, scale, list, values, p)
		sameBits(t, fmt.Sprintf("%s, %+v, seed %d, call %d", k.name, c, seed, call), got, want)
	}
}

func TestIntScatter(t *testing.T) {
	allTiers(t, func(t *testing.T, k *tier) {
		var g guard
		seed := uint64(0)
		for width := RunLanes; width <= 200; width += RunLanes {
			for runs := 1; runs <= 4; runs++ {
				for kind := range 8 {
					seed++
					intScatterCase{
						width: width, runs: runs, dense: kind&1 != 0, counts: kind&2 != 0, aligned: []int{1, 8, 16, 32}[kind>>2+2*(runs%2)], skip: int(seed) % 4,
					}.check(t, &g, k, seed, 0)
				}
			}
		}
	})
}

// More inputs than 16 bits hold, with weights as far from 0 as may be.
func TestIntScatterOfManyInputs(t *testing.T) {
	allTiers(t, func(t *testing.T, k *tier) {
		var g guard
		for i, inputs := range []int{intAdds - 1, intAdds, intAdds + 1, 2 * intAdds, 1000} {
			for kind := range 8 {
				intScatterCase{
					width: 8 + 8*i, runs: 1 + i%2, dense: kind&1 != 0, counts: kind&2 != 0, aligned: 1 << (kind >> 2 * 3), extreme: true,
				}.check(t, &g, k, uint64(8*i+kind), inputs)
			}
		}
	})
}

// A long list is added at once if no sum can leave 16 bits, and in as few parts as
// the order of its inputs shows to be safe.
func TestIntScatterFits(t *testing.T) {
	list := func(lengths ...int) (l []uint32) {
		for _, n := range lengths {
			for i := range n {
				l = append(l, uint32(i))
			}
		}
		return l
	}
	for _, c := range []struct {
		most int
		list []uint32
		want int
	}{
		{math.MaxInt16, list(1000), 1000},
		{math.MaxInt16 + 1, list(1000), intAdds},
		{math.MaxInt16 / 2, list(400, 400), 800},
		{math.MaxInt16/2 + 1, list(400, 400), 400},
		{math.MaxInt16 / 2, list(400, 400, 400), 800},
		{math.MaxInt16, list(100, 100), 200},
		{math.MaxInt16, list(100, 200, 300), intAdds},
		{0, list(300, 300, 300), 900},
	} {
		if got := (&IntScatter{most: c.most, adds: intAdds}).fit(c.list); got != c.want {
			t.Errorf("sums up to %d, %d inputs: %d fit, expected %d", c.most, len(c.list), got, c.want)
		}
	}
}

func TestIntScatterAllocatesNothing(t *testing.T) {
	f, list := benchScatter(24, 3)
	s := f.integers()
	sums, p, values := Floats(s.sums), s.NewPlane(), make([]float32, len(list))
	for i := range values {
		values[i] = 2
	}
	allTiers(t, func(t *testing.T, k *tier) {
		defer kernels.Store(kernels.Swap(k))
		if n := testing.AllocsPerRun(10, func() {
			s.Sum(sums, sums, sums, list, nil, p)
			s.Sum(sums, sums, sums, list, values, p)
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

// Weights of one input that meet in a sum count as so many inputs.
func TestIntScatterDepth(t *testing.T) {
	for _, c := range []struct {
		offsets []uint32
		want    int
	}{{[]uint32{0}, 1}, {[]uint32{0, 8, 16}, 1}, {[]uint32{0, 7, 16}, 2}, {[]uint32{0, 3, 3, 10, 11}, 3}} {
		f := field{width: 8, offsets: c.offsets}
		if got := f.depth(); got != c.want {
			t.Errorf("runs of 8 from %v on: %d deep, expected %d", c.offsets, got, c.want)
		}
	}
}

func TestIntScatterRefuses(t *testing.T) {
	for name, f := range map[string]func(){
		"a weight of −128":       func() { NewIntScatter(8, []uint32{0}, []Place{{}}, 8, nil, []int8{0, -128, 0, 0, 0, 0, 0, 0}, 0) },
		"a row past the sums":    func() { NewIntScatter(8, []uint32{0}, []Place{{}}, 8, []Row{{4, 0, 5}}, make([]int8, 8), 0) },
		"runs that descend":      func() { NewIntScatter(8, []uint32{8, 0}, []Place{{}}, 16, nil, make([]int8, 16), 0) },
		"a place past the sums":  func() { NewIntScatter(8, []uint32{0}, []Place{{Sum: 1}}, 8, nil, make([]int8, 8), 0) },
		"a pattern past weights": func() { NewIntScatter(8, []uint32{0}, []Place{{Pattern: 1}}, 8, nil, make([]int8, 8), 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was accepted", name)
				}
			}()
			f()
		}()
	}
}

func FuzzIntScatter(f *testing.F) {
	f.Add(uint64(1), uint8(5), uint8(3), uint8(0), uint16(0))
	f.Add(uint64(2), uint8(2), uint8(1), uint8(15), uint16(700))
	var g guard
	f.Fuzz(func(t *testing.T, seed uint64, vectors, runs, kind uint8, inputs uint16) {
		c := intScatterCase{
			width: RunLanes * (1 + int(vectors)%50), runs: 1 + int(runs)%12,
			dense: kind&1 != 0, counts: kind&2 != 0, extreme: kind&4 != 0, aligned: []int{1, 8, 16, 32}[kind>>3&3], skip: int(kind >> 5 & 3),
		}
		for i := range tiers {
			c.check(t, &g, &tiers[i], seed, int(inputs)%2000)
		}
	})
}
