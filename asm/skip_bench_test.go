package asm

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkSkipBlocks compares sums of all rows with sums that pass over blocks of
// 64 weights which are 0, three of four of them: for each block of columns, the
// spikes are cut down to those that have a weight there, listed, and summed. It is
// why the kernels do not skip blocks; docs/EXPERIMENTS.md has what it says.
func BenchmarkSkipBlocks(b *testing.B) {
	const pruned = 0.75
	for _, n := range []int{256, 1024, 4096} {
		for _, density := range []float64{0.05, 0.1, 0.2} {
			r := rand.New(rand.NewPCG(1, 2))
			whole := NewIntegers(n, n)
			parts := make([]Integers, n/intBlock)
			masks := make([][]uint64, len(parts))
			for k := range parts {
				parts[k], masks[k] = NewIntegers(n, intBlock), make([]uint64, n/64)
				for i := range n {
					if r.Float64() < pruned {
						continue
					}
					masks[k][i/64] |= 1 << (i % 64)
					for j := range intBlock {
						q := int8(r.IntN(255) - 127)
						whole.Set(i, k*intBlock+j, q)
						parts[k].Set(i, j, q)
					}
				}
			}
			spikes := make([][]uint64, 32)
			for k := range spikes {
				spikes[k] = make([]uint64, n/64)
				for i := range n {
					if r.Float64() < density {
						spikes[k][i/64] |= 1 << (i % 64)
					}
				}
			}
			s, k, rows, met := NewIntScratch(), kernels.Load(), make([]uint32, n+64), make([]uint64, n/64)
			sums, zeros := Floats(n), Floats(n)
			want := Floats(n)
			all := func(x []uint64) {
				list := rows[:Indices(rows, x, 0)]
				for first := 0; first < n; first += intStream {
					end := min(first+intStream, n)
					whole.sum(k, s, sums[first:end], zeros[first:end], first, list, nil)
				}
			}
			skipping := func(x []uint64) {
				for p := range parts {
					for w, mask := range masks[p] {
						met[w] = x[w] & mask
					}
					at := p * intBlock
					parts[p].sum(k, s, sums[at:at+intBlock], zeros[at:at+intBlock], 0, rows[:Indices(rows, met, 0)], nil)
				}
			}
			for j := range n {
				whole.Scale()[j] = 1
				parts[j/intBlock].Scale()[j%intBlock] = 1
			}
			for _, x := range spikes {
				all(x)
				copy(want, sums)
				skipping(x)
				for j, v := range sums {
					if v != want[j] {
						b.Fatalf("n=%d: sum %d is %v, expected %v", n, j, v, want[j])
					}
				}
			}
			for name, run := range map[string]func([]uint64){"all": all, "skipping": skipping} {
				b.Run(fmt.Sprintf("n=%d/density=%v/%s", n, density, name), func(b *testing.B) {
					for i := 0; b.Loop(); i++ {
						run(spikes[i%len(spikes)])
					}
				})
			}
		}
	}
}
