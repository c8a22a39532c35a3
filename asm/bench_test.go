package asm

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// benchLayer returns what Forward takes for n inputs and n neurons over steps
// time steps with exactly density·n spikes each.
func benchLayer(n, steps int, density float64, g Activation, out Output) (*Matrix, *Units, *Inputs, *Trace) {
	r := rand.New(rand.NewPCG(1, 2))
	w := NewMatrix(n, n)
	for i := range w.data {
		w.data[i] = float32(r.NormFloat64())
	}
	u := &Units{N: n, Activation: g, Output: out, Slope: 0.1, Current: Floats(n), Decay: Floats(n), Bias: Floats(n)}
	for j := range n {
		u.Decay[j], u.Bias[j] = 0.8, -1
	}
	in := &Inputs{}
	active := int(density * float64(n))
	for range steps {
		spiking := make([]bool, n)
		for _, i := range r.Perm(n)[:active] {
			spiking[i] = true
		}
		for i, on := range spiking {
			if on {
				in.Rows = append(in.Rows, uint32(i))
			}
		}
		in.Ends = append(in.Ends, int32(len(in.Rows)))
	}
	return w2(w), u, in, &Trace{S: Floats(n), Soft: Floats((steps + 1) * n), Y: make([]uint64, (steps+1)*n/64), YStride: n / 64}
}

func w2(m Matrix) *Matrix { return &m }

func BenchmarkUpdate(b *testing.B) {
	const n, steps = 256, 10
	names := map[Activation]string{Identity: "identity", ReLU: "relu", LeakyReLU: "leaky_relu", ELU: "elu"}
	for _, out := range []Output{Step, Sigmoidal} {
		for g := Identity; g <= ELU; g++ {
			w, u, in, tr := benchLayer(n, steps, 0, g, out)
			for i := range tiers {
				b.Run(fmt.Sprintf("activation=%s/output=%d/tier=%s", names[g], out, tiers[i].name), func(b *testing.B) {
					for b.Loop() {
						tiers[i].forward(w, u, in, tr)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n*steps), "ns/neuron")
				})
			}
		}
	}
}

func BenchmarkAccumulate(b *testing.B) {
	const steps = 10
	for _, n := range []int{256, 1024, 4096} {
		for _, density := range []float64{0.02, 0.05, 0.1, 0.2} {
			w, u, in, tr := benchLayer(n, steps, density, Identity, NoOutput)
			for i := range tiers {
				b.Run(fmt.Sprintf("n=%d/density=%v/tier=%s", n, density, tiers[i].name), func(b *testing.B) {
					b.SetBytes(int64(4 * n * len(in.Rows)))
					for b.Loop() {
						tiers[i].forward(w, u, in, tr)
					}
				})
			}
		}
	}
}
