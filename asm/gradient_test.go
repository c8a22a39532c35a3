package asm

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func checkSumRows(t testing.TB, g *guard, k *tier, seed uint64, rows, cols, steps, skip int, density float64, values bool, layout string) {
	t.Helper()
	g.reset()
	r := rand.New(rand.NewPCG(seed, 2))
	src := matrix(t, g, r, rows, cols, skip, layout)
	other := layout // a gradient may be laid out unlike the errors
	if seed%3 == 0 {
		other = "rows"
	}
	dst := matrix(t, g, r, steps, cols, skip, other)
	in := inputs(t, g, r, rows, steps, density, values, skip)
	want := *dst
	want.data = clone(dst.data)
	sumRowsGeneric(&want, src, in)
	k.sumRows(dst, src, in)
	sameBits(t, fmt.Sprintf("%d×%d to %d rows, density %v, %s, seed %d: element", rows, cols, steps, density, layout, seed), dst.data, want.data)
}

func TestSumRows(t *testing.T) {
	t.Parallel()
	eachTier(t, func(t *testing.T, k *tier) {
		var g guard
		seed := uint64(0)
		for cols := 1; cols <= 4*tileWidth+48; cols += 5 {
			for _, layout := range sortedLayouts {
				for _, density := range []float64{0, 0.1, 1} {
					seed++
					checkSumRows(t, &g, k, seed, 1+int(seed)%40, cols, 1+int(seed)%9, int(seed)%4, density, seed%2 == 0, layout)
				}
			}
		}
	})
}

func checkSumSpikes(t testing.TB, g *guard, k *tier, seed uint64, cols, rows, skip int, density float64, layout string) {
	t.Helper()
	g.reset()
	r := rand.New(rand.NewPCG(seed, 5))
	stride, first := 1+r.IntN(3), r.IntN(5)
	words := guarded[uint64](t, g, (rows-1)*stride+1, skip)
	last := 0 // the highest bit: src ends with its row
	for i := range words {
		for bit := range 64 {
			if r.Float64() < density {
				words[i] |= 1 << bit
				if i%stride == 0 {
					last = max(last, bit)
				}
			}
		}
	}
	src := matrix(t, g, r, first+last+1, cols, skip, layout)
	other := layout
	if r.IntN(3) == 0 {
		other = "rows"
	}
	dst := matrix(t, g, r, rows, cols, skip, other)
	want := *dst
	want.data = clone(dst.data)
	sumSpikesGeneric(&want, src, first, rows, words, stride)
	k.sumSpikes(dst, src, first, rows, words, stride)
	sameBits(t, fmt.Sprintf("%d rows × %d, density %v, %s, seed %d: element", rows, cols, density, layout, seed), dst.data, want.data)
}

func TestSumSpikes(t *testing.T) {
	t.Parallel()
	eachTier(t, func(t *testing.T, k *tier) {
		var g guard
		seed := uint64(0)
		for cols := 1; cols <= 4*tileWidth+48; cols += 5 {
			for _, layout := range sortedLayouts {
				for _, density := range []float64{0, 0.02, 0.3, 1} {
					seed++
					checkSumSpikes(t, &g, k, seed, cols, 1+int(seed)%70, int(seed)%4, density, layout)
				}
			}
		}
	})
}

// What reaches past a matrix is refused in every tier, before anything changes.
func TestSumSpikesRefuses(t *testing.T) {
	eachTier(t, func(t *testing.T, k *tier) {
		defer kernels.Store(kernels.Swap(k))
		for name, c := range map[string]struct {
			rows, cols, first, count int
			words                    []uint64
		}{
			"more rows than dst":  {3, 80, 0, 4, []uint64{1, 1, 1, 1}},
			"more rows than bits": {4, 80, 0, 4, []uint64{1, 1, 1}},
			"wider than dst":      {4, 15, 0, 4, []uint64{1, 1, 1, 1}},
			"a row behind src":    {4, 80, 6, 4, []uint64{1, 1 << 4, 1, 1}},
		} {
			src, dst := NewMatrix(10, 80), NewMatrix(c.rows, c.cols)
			for i := range src.data {
				src.data[i] = 1
			}
			refused := func() (yes bool) {
				defer func() { yes = recover() != nil }()
				SumSpikes(&dst, &src, c.first, c.count, c.words, 1)
				return false
			}()
			if !refused || slices.Max(dst.data) != 0 {
				t.Errorf("%s: refused %v, the largest element is %v, expected a panic and 0", name, refused, slices.Max(dst.data))
			}
		}
	})
}

// Spikes in words give the bits of the same spikes in lists.
func TestSumSpikesAgainstSumRows(t *testing.T) {
	const rows, cols, first = 37, 100, 64
	r := rand.New(rand.NewPCG(8, 9))
	src := randomMatrix(r, 128, cols)
	words := make([]uint64, rows)
	in := &Inputs{}
	for i := range words {
		words[i] = r.Uint64() & r.Uint64()
		for bit := range 64 {
			if words[i]>>bit&1 != 0 {
				in.Rows = append(in.Rows, uint32(first+bit))
			}
		}
		in.Ends = append(in.Ends, int32(len(in.Rows)))
	}
	got, want := NewMatrix(rows, cols), NewMatrix(rows, cols)
	SumSpikes(&got, &src, first, rows, words, 1)
	sumRowsGeneric(&want, &src, in)
	sameBits(t, "element", got.data, want.data)
}

func checkDotRows(t testing.TB, g *guard, k *tier, seed uint64, rows, cols, listed, skip int, layout string) {
	t.Helper()
	g.reset()
	r := rand.New(rand.NewPCG(seed, 3))
	m := matrix(t, g, r, rows, cols, skip, layout)
	d := floats(t, g, r, Pad(cols), skip)
	list := guarded[uint32](t, g, listed, skip)
	for i := range list {
		list[i] = uint32(r.IntN(rows))
	}
	got, want := guarded[float32](t, g, listed, skip), make([]float32, listed)
	dotRowsGeneric(want, m, list, d)
	k.dotRows(got, m, list, d)
	sameBits(t, fmt.Sprintf("%d of %d×%d, %s, seed %d: product", listed, rows, cols, layout, seed), got, want)
}

func TestDotRows(t *testing.T) {
	t.Parallel()
	eachTier(t, func(t *testing.T, k *tier) {
		var g guard
		seed := uint64(0)
		for cols := 1; cols <= 4*tileWidth+48; cols += 5 {
			for _, layout := range sortedLayouts {
				for _, listed := range []int{0, 1, 7, 8, 9, 30} {
					seed++
					checkDotRows(t, &g, k, seed, 1+int(seed)%40, cols, listed, int(seed)%4, layout)
				}
			}
		}
	})
}

// The lanes are folded as the documentation says, in every tier.
func TestDotRowsOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	m, d := NewMatrix(1, 100), Floats(Pad(100))
	var lanes [16]float32
	for j := range 100 {
		m.Set(0, j, float32(r.NormFloat64()))
		d[j] = float32(r.NormFloat64())
		product := float32(m.At(0, j) * d[j])
		lanes[j%16] += product
	}
	var eight, four, two [8]float32
	for i := range 8 {
		eight[i] = lanes[i] + lanes[i+8]
	}
	for i := range 4 {
		four[i] = eight[i] + eight[i+4]
	}
	for i := range 2 {
		two[i] = four[i] + four[i+2]
	}
	for i := range tiers {
		got := make([]float32, 1)
		tiers[i].dotRows(got, &m, []uint32{0}, d)
		sameBits(t, "tier "+tiers[i].name+": product", got, []float32{two[0] + two[1]})
	}
}

func checkDotSteps(t testing.TB, g *guard, k *tier, seed uint64, inputs, cols, steps, skip int, density float64, layout string) {
	t.Helper()
	g.reset()
	r := rand.New(rand.NewPCG(seed, 7))
	first := r.IntN(3)
	w := matrix(t, g, r, inputs+r.IntN(3), cols, skip, layout)
	d := matrix(t, g, r, first+steps, cols, skip, layout)
	n := Pad(inputs)
	set := NewSteps(steps, n)
	set.words = guarded[uint32](t, g, len(set.words), skip)
	for i := range n {
		for s := range steps {
			if r.Float64() < density {
				set.Add(i, s)
			}
		}
	}
	got := floats(t, g, r, steps*n, skip)
	want := clone(got)
	dotStepsGeneric(want, inputs, w, d, first, &set)
	k.dotSteps(got, inputs, w, d, first, &set)
	sameBits(t, fmt.Sprintf("%d inputs×%d, %d steps, density %v, %s, seed %d: product", inputs, cols, steps, density, layout, seed), got, want)
}

// dotColumns are widths up to more than four panels, then some of which a row
// takes several rounds of four panels, single panels and parts of one.
func dotColumns() []int {
	var all []int
	for cols := 1; cols <= 4*tileWidth+48; cols += 5 {
		all = append(all, cols)
	}
	return append(all, 320, 336, 512, 560, 640, 1100)
}

func TestDotSteps(t *testing.T) {
	t.Parallel()
	eachTier(t, func(t *testing.T, k *tier) {
		var g guard
		seed := uint64(0)
		for _, cols := range dotColumns() {
			for _, layout := range sortedLayouts {
				for _, density := range []float64{0, 0.1, 0.6, 1} {
					seed++
					checkDotSteps(t, &g, k, seed, 1+int(seed)%40, cols, 1+int(seed*7)%70, int(seed)%4, density, layout)
				}
			}
		}
	})
}

// Every product is that of DotRows.
func TestDotStepsAgainstDotRows(t *testing.T) {
	var g guard
	r := rand.New(rand.NewPCG(5, 8))
	const inputs, cols, steps = 20, 112, 11
	w, d := matrix(t, &g, r, inputs, cols, 0, "panels"), matrix(t, &g, r, steps, cols, 0, "panels")
	set := NewSteps(steps, inputs)
	for i := range inputs * steps / 2 {
		set.Add(i*2%inputs, i%steps)
	}
	dst := make([]float32, steps*inputs)
	DotSteps(dst, inputs, w, d, 0, &set)
	for i := range inputs {
		for s := range steps {
			want := make([]float32, 1)
			if set.Has(i, s) {
				row := make([]float32, cols)
				for j := range cols {
					row[j] = d.At(s, j)
				}
				dotRowsGeneric(want, w, []uint32{uint32(i)}, row)
			}
			sameBits(t, fmt.Sprintf("input %d, step %d: product", i, s), dst[s*inputs+i:][:1], want)
		}
	}
}

// A sum starts at +0, so products that are all −0 give +0, also where rows are so
// short that nothing is summed.
func TestDotStepsOfMinusZero(t *testing.T) {
	eachTier(t, func(t *testing.T, k *tier) {
		for _, cols := range []int{16, 64, 80} {
			const inputs, steps = 20, 3
			w, d, set := NewMatrix(inputs, cols), NewMatrix(steps, cols), NewSteps(steps, inputs)
			for j := range cols {
				for s := range steps {
					d.Set(s, j, -1)
				}
			}
			for i := range inputs {
				set.Add(i, i%steps)
			}
			got := make([]float32, steps*inputs)
			k.dotSteps(got, inputs, &w, &d, 0, &set)
			sameBits(t, fmt.Sprintf("%d columns: product", cols), got, make([]float32, len(got)))
		}
	})
}

func checkAdam(t testing.TB, g *guard, k *tier, seed uint64, n, skip int) {
	t.Helper()
	g.reset()
	r := rand.New(rand.NewPCG(seed, 4))
	a := AdamStep{Rate: r.Float32(), Epsilon: 1e-8 * r.Float32(), Beta1: 0.9, Beta2: 0.999, Shrink: 0.01 * r.Float32()}
	w, m, v, grad := floats(t, g, r, n, skip), floats(t, g, r, n, skip), floats(t, g, r, n, skip), floats(t, g, r, n, skip)
	for i := range v {
		v[i] = abs(v[i])
	}
	wantW, wantM, wantV := clone(w), clone(m), clone(v)
	adamGeneric(a, wantW, wantM, wantV, grad)
	k.adam(a, w, m, v, grad)
	where := fmt.Sprintf("n=%d, seed %d: ", n, seed)
	sameBits(t, where+"weight", w, wantW)
	sameBits(t, where+"m", m, wantM)
	sameBits(t, where+"v", v, wantV)
}

func TestAdam(t *testing.T) {
	t.Parallel()
	eachTier(t, func(t *testing.T, k *tier) {
		var g guard
		for n := range 4*tileWidth + 49 {
			checkAdam(t, &g, k, uint64(n), n, n%4)
		}
	})
}

func FuzzGradient(f *testing.F) {
	f.Add(uint64(1), uint16(100), uint16(40), uint8(3), uint8(30), uint8(0))
	f.Add(uint64(2), uint16(599), uint16(40), uint8(12), uint8(150), uint8(0))
	var g guard
	f.Fuzz(func(t *testing.T, seed uint64, cols, rows uint16, steps, density, kind uint8) {
		c, n := 1+int(cols)%600, 1+int(rows)%100
		layout := "panels"
		if kind&1 != 0 {
			layout = "rows"
		}
		for i := range tiers[:len(tiers)-1] {
			k := &tiers[i]
			checkSumRows(t, &g, k, seed, n, c, 1+int(steps), int(kind>>1&3), float64(density)/255, kind&8 != 0, layout)
			checkSumSpikes(t, &g, k, seed, c, n, int(kind>>1&3), float64(density)/255, layout)
			checkDotRows(t, &g, k, seed, n, c, int(steps), int(kind>>1&3), layout)
			checkDotSteps(t, &g, k, seed, n, c, 1+int(steps)%70, int(kind>>1&3), float64(density)/255, layout)
			checkAdam(t, &g, k, seed, c, int(kind>>1&3))
		}
	})
}
