package asm

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// checkBatch compares a tier's batch of streams of c, of 0 to c.steps steps,
// with generic on each alone.
func (c shape) checkBatch(t testing.TB, g *guard, k *tier, seed uint64, streams int) {
	t.Helper()
	g.reset()
	r := rand.New(rand.NewPCG(seed, 5))
	w, u, _, _ := c.build(t, g, r)
	var ins []*Inputs
	var got, want []*Trace
	for i := range streams {
		_, _, in, tr := c.build(t, g, r)
		if steps := (i + int(seed)) % (c.steps + 1); steps < c.steps {
			in.Ends = in.Ends[:steps]
		}
		ins, got = append(ins, in), append(got, tr)
		alone := &Trace{S: clone(tr.S), SStride: tr.SStride, Y: clone(tr.Y), YStride: tr.YStride, Soft: clone(tr.Soft)}
		forwardGeneric(w, u, in, alone)
		want = append(want, alone)
	}
	defer kernels.Store(kernels.Swap(k))
	var b Batch
	b.Forward(w, u, ins, got)
	for i := range streams {
		where := fmt.Sprintf("%+v, seed %d, stream %d", c, seed, i)
		sameBits(t, where+": membrane", got[i].S, want[i].S)
		sameBits(t, where+": soft output", got[i].Soft, want[i].Soft)
		for j, y := range want[i].Y {
			if got[i].Y[j] != y {
				t.Fatalf("%s: spike word %d is %x, generic %x", where, j, got[i].Y[j], y)
			}
		}
	}
}

func TestBatch(t *testing.T) {
	check := func(t *testing.T, k *tier) {
		var g guard
		seed := uint64(0)
		for n := 16; n <= 4*tileWidth+48; n += 16 {
			for kind := range 4 * 3 * 3 {
				seed++
				c := shape{
					neurons: n, inputs: 1 + int(seed)%30, steps: int(seed) % 4, density: float64(seed%5) / 4,
					values: seed%3 == 0, oneRow: seed%5 == 0, skip: int(seed) % 4, layout: "panels",
					activation: Activation(kind % 4), output: Output(kind / 4 % 3), reset: Reset(kind / 12),
				}
				if seed%7 == 0 {
					c.layout = "rows"
				}
				c.checkBatch(t, &g, k, seed, int(seed)%5)
			}
		}
	}
	t.Run("tier=generic", func(t *testing.T) { check(t, &generic) })
	eachTier(t, check)
}

func TestBatchAllocatesNothing(t *testing.T) {
	for i := range tiers {
		var g guard
		r := rand.New(rand.NewPCG(1, 2))
		w, u, in, tr := shape{neurons: 80, inputs: 30, steps: 3, density: 0.5, layout: "panels"}.build(t, &g, r)
		ins, trs := []*Inputs{in, in}, []*Trace{tr, tr}
		var b Batch
		restore, err := Use(tiers[i].name)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(10, func() { b.Forward(w, u, ins, trs) }); n != 0 {
			t.Errorf("tier %s: %v allocations", tiers[i].name, n)
		}
		restore()
	}
}

func TestInPanels(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, cols := range []int{10, 64, 100, 300} {
		for name, lay := range layouts {
			m := NewMatrix(7, cols)
			lay(&m)
			for i := range 7 {
				for j := range cols {
					m.Set(i, j, r.Float32())
				}
			}
			p := m.InPanels()
			if p.panel > tileWidth {
				t.Fatalf("%s, %d columns: panels of %d", name, cols, p.panel)
			}
			for i := range 7 {
				for j := range cols {
					if p.At(i, j) != m.At(i, j) {
						t.Fatalf("%s, %d columns: At(%d, %d) is %v, was %v", name, cols, i, j, p.At(i, j), m.At(i, j))
					}
				}
			}
		}
	}
}
