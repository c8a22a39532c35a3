package asm

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/snurun/snurun/internal/bandwidth"
)

// BenchmarkLoadBandwidth measures the machine's own limit: how fast each tier's
// loads read what lies in each cache level and in memory.
func BenchmarkLoadBandwidth(b *testing.B) {
	for _, level := range []struct {
		name  string
		bytes int
	}{{"L1", 16 << 10}, {"L2", 256 << 10}, {"L3", 4 << 20}, {"DRAM", 256 << 20}} {
		p := Floats(level.bytes / 4)
		for i := range p {
			p[i] = 1 // a page that was never written is the one page of zeros
		}
		for _, tier := range Tiers() {
			load := bandwidth.Loader(tier)
			if load == nil {
				continue
			}
			b.Run(fmt.Sprintf("level=%s/tier=%s", level.name, tier), func(b *testing.B) {
				b.SetBytes(int64(level.bytes))
				for b.Loop() {
					load(p)
				}
			})
		}
	}
}

// BenchmarkAccumulate measures the row sum: Forward of n inputs and n neurons
// of the cheapest kind, one step a call or 32. The metric limit is the rate of
// the listed rows relative to plain loads of as many bytes as the weights have,
// measured just before; above 1, rows were still in the first-level cache from
// the step before. The metric rows is the same but for the time of a call
// without rows, which loads and stores the neurons: above 1, the processor did
// some of that while it waited for rows.
func BenchmarkAccumulate(b *testing.B) {
	for _, n := range []int{256, 1024, 4096} {
		for _, density := range []float64{0.02, 0.05, 0.1, 0.2} {
			for _, steps := range []int{1, 32} {
				lists := 32
				if steps > 1 {
					lists = 4
				}
				w, u, tr := benchLayer(n, Identity, NoOutput)
				ins := benchInputs(n, steps, density, lists)
				for i := range tiers {
					b.Run(fmt.Sprintf("n=%d/density=%v/steps=%d/tier=%s", n, density, steps, tiers[i].name), func(b *testing.B) {
						bytes := 4 * n * len(ins[0].Rows)
						limit := bandwidth.Rate(tiers[i].name, w.data)
						silent := &Inputs{Ends: make([]int32, steps)}
						update := nanoseconds(func() { tiers[i].forward(w, u, silent, tr) })
						b.SetBytes(int64(bytes))
						k := 0
						for b.Loop() {
							tiers[i].forward(w, u, ins[k], tr)
							if k++; k == lists {
								k = 0
							}
						}
						if limit > 0 {
							call := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
							b.ReportMetric(float64(bytes)/call/limit, "limit")
							b.ReportMetric(float64(bytes)/(call-update)/limit, "rows")
						}
					})
				}
			}
		}
	}
}

// nanoseconds returns the median time of a call of f.
func nanoseconds(f func()) float64 {
	const calls = 100
	times := make([]float64, 21)
	for i := range times {
		start := time.Now()
		for range calls {
			f()
		}
		times[i] = float64(time.Since(start).Nanoseconds()) / calls
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// BenchmarkUpdate measures what follows the row sum, per neuron and time step.
func BenchmarkUpdate(b *testing.B) {
	const n = 512
	in := &Inputs{Ends: []int32{0}}
	activations := []string{Identity: "identity", ReLU: "relu", LeakyReLU: "leaky_relu", ELU: "elu"}
	for out, output := range []string{Step: "step", Sigmoidal: "sigmoid"} {
		for g, activation := range activations {
			w, u, tr := benchLayer(n, Activation(g), Output(out))
			for i := range tiers {
				b.Run(fmt.Sprintf("activation=%s/output=%s/tier=%s", activation, output, tiers[i].name), func(b *testing.B) {
					for b.Loop() {
						tiers[i].forward(w, u, in, tr)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/neuron")
				})
			}
		}
	}
}

func BenchmarkIndices(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	const words = 16
	dst := make([]uint32, 64*words)
	for _, density := range []float64{0.02, 0.05, 0.15} {
		v := make([]uint64, 256*words)
		for i := range 64 * len(v) {
			if r.Float64() < density {
				v[i/64] |= 1 << (i % 64)
			}
		}
		for i := range tiers {
			b.Run(fmt.Sprintf("density=%v/tier=%s", density, tiers[i].name), func(b *testing.B) {
				k := 0
				for b.Loop() {
					tiers[i].indices(dst, v[k%256*words:][:words], 0)
					k++
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*words), "ns/word")
			})
		}
	}
}

// BenchmarkGradient measures what training adds, on a 256×256 layer.
func BenchmarkGradient(b *testing.B) {
	const n, steps = 256, 640
	errors, grad := NewMatrix(steps, n), NewMatrix(n, n)
	r := rand.New(rand.NewPCG(1, 2))
	in := benchInputs(steps, n, 0.15, 1)[0]
	rows := make([]uint32, n)
	for i := range rows {
		rows[i] = uint32(i)
	}
	dots, m, v := make([]float32, n), Floats(n*n), Floats(n*n)
	for i := range errors.data {
		errors.data[i] = r.Float32()
	}
	adam := AdamStep{Rate: 1e-3, Epsilon: 1e-8, Beta1: 0.9, Beta2: 0.999}
	for i := range tiers {
		k := &tiers[i]
		for _, c := range []struct {
			name  string
			bytes int
			run   func()
		}{
			{"SumRows", 4 * n * len(in.Rows), func() { k.sumRows(&grad, &errors, in) }},
			{"DotRows", 4 * n * n, func() { k.dotRows(dots, &grad, rows, errors.data[:n]) }},
			{"Adam", 16 * n * n, func() { k.adam(adam, grad.data, m, v, errors.data[:n*n]) }},
		} {
			b.Run(fmt.Sprintf("kernel=%s/tier=%s", c.name, k.name), func(b *testing.B) {
				b.SetBytes(int64(c.bytes))
				for b.Loop() {
					c.run()
				}
			})
		}
	}
}

// benchLayer returns what Forward takes, but for the inputs, for n inputs and n
// neurons.
func benchLayer(n int, g Activation, out Output) (*Matrix, *Units, *Trace) {
	r := rand.New(rand.NewPCG(1, 2))
	w := NewMatrix(n, n)
	for i := range w.data {
		w.data[i] = r.Float32() - 0.5
	}
	u := &Units{N: n, Activation: g, Output: out, Slope: 0.1, Current: Floats(n), Decay: Floats(n), Bias: Floats(n)}
	for j := range n {
		u.Current[j], u.Decay[j], u.Bias[j] = r.Float32()-0.6, 0.8, -0.1
	}
	return &w, u, &Trace{S: Floats(n), Soft: Floats(n), Y: make([]uint64, n/64)}
}

// benchInputs returns lists of exactly density·n of n inputs a step.
func benchInputs(n, steps int, density float64, lists int) []*Inputs {
	r := rand.New(rand.NewPCG(3, 4))
	ins := make([]*Inputs, lists)
	for k := range ins {
		ins[k] = &Inputs{}
		for range steps {
			var rows []uint32
			for _, i := range r.Perm(n)[:int(density*float64(n))] {
				rows = append(rows, uint32(i))
			}
			slices.Sort(rows)
			ins[k].Rows = append(ins[k].Rows, rows...)
			ins[k].Ends = append(ins[k].Ends, int32(len(ins[k].Rows)))
		}
	}
	return ins
}
