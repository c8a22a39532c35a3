package asm

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func checkIndices(t testing.TB, g *guard, k *tier, v []uint64, base uint32) {
	t.Helper()
	g.reset()
	words := guarded[uint64](t, g, len(v), 0)
	copy(words, v)
	got, want := guarded[uint32](t, g, 64*len(v), 0), make([]uint32, 64*len(v))
	n := indicesGeneric(want, v, base)
	if m := k.indices(got, words, base); m != n || !slices.Equal(got[:n], want[:n]) {
		t.Fatalf("%x, base %d: %v, generic %v", v, base, got[:m], want[:n])
	}
}

func TestIndices(t *testing.T) {
	t.Parallel()
	eachTier(t, func(t *testing.T, k *tier) {
		var g guard
		r := rand.New(rand.NewPCG(1, 2))
		for n := range 20 {
			v := make([]uint64, n)
			checkIndices(t, &g, k, v, 7)
			for range 20 {
				for i := range v {
					v[i] = r.Uint64() & r.Uint64() & -r.Uint64N(2) >> r.IntN(64)
				}
				checkIndices(t, &g, k, v, r.Uint32()/2)
			}
			for i := range v {
				v[i] = ^uint64(0)
			}
			checkIndices(t, &g, k, v, 0)
		}
		for bit := range 128 {
			v := make([]uint64, 2)
			v[bit/64] = 1 << (bit % 64)
			checkIndices(t, &g, k, v, 1000)
		}
	})
}

func FuzzIndices(f *testing.F) {
	f.Add(uint64(1), uint64(1)<<63, ^uint64(0), uint32(5))
	var g guard
	f.Fuzz(func(t *testing.T, a, b, c uint64, base uint32) {
		for i := range tiers[:len(tiers)-1] {
			checkIndices(t, &g, &tiers[i], []uint64{a, b, c}, base)
		}
	})
}
