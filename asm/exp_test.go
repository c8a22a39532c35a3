package asm

import (
	"math"
	"testing"
)

// sweep yields every step-th float32 with −limit ≤ x ≤ limit.
func sweep(limit float32, step uint32) func(yield func(float32) bool) {
	return func(yield func(float32) bool) {
		for b := uint32(0); b <= math.Float32bits(limit); b += step {
			if x := math.Float32frombits(b); !yield(x) || !yield(-x) {
				return
			}
		}
	}
}

func TestExpWithinOneUlp(t *testing.T) {
	t.Parallel()
	worst := 0.0
	for x := range sweep(expMax, 1009) {
		if x < expMin {
			continue
		}
		want := math.Exp(float64(x))
		_, e := math.Frexp(want)
		ulp := math.Ldexp(1, e-24)
		if off := math.Abs(float64(Exp(x))-want) / ulp; off > worst {
			worst = off
			if off > 1 {
				t.Fatalf("Exp(%v) is %v, %v ulp from %v", x, Exp(x), off, want)
			}
		}
	}
	t.Logf("at most %.3f ulp", worst)
}

// expBits are values of Exp. They decide spikes and may never change.
var expBits = []struct{ x, want uint32 }{
	{0x0, 0x3f800000},        // 0
	{0x3f800000, 0x402df854}, // 1
	{0xbf800000, 0x3ebc5ab2}, // -1
	{0x3f000000, 0x3fd3094c}, // 0.5
	{0xbeb17218, 0x3f3504f3}, // -0.3465736
	{0x3eb17218, 0x3fb504f3}, // 0.3465736
	{0xba83126f, 0x3f7fbe7f}, // -0.001
	{0x1e3ce508, 0x3f800000}, // 1e-20
	{0x800116c2, 0x3f800000}, // -1e-40
	{0xc18a6666, 0x3303b967}, // -17.3
	{0x41200000, 0x46ac14ee}, // 10
	{0xc2ae0000, 0xb33687},   // -87
	{0xc2adfae1, 0xb503b6},   // -86.99
	{0x42b00000, 0x7ef882b7}, // 88
	{0x42afcccd, 0x7ee0dcae}, // 87.9
	{0xc2c80000, 0xb33687},   // -100
	{0x42c80000, 0x7ef882b7}, // 100
	{0x402df854, 0x417277da}, // 2.7182817
	{0xc0b00000, 0x3b85ea53}, // -5.5

	// Each differs if some multiplication and addition are fused, or if some
	// constant is its neighbour: together they pin every operation.
	{0xc0d45229, 0x3aac2b18}, // -6.6350293
	{0xc0b5fbe7, 0x3b5e2688}, // -5.687
	{0xc25f3183, 0x173504cc}, // -55.79835
	{0xc29669b7, 0x93504b5},  // -75.206474
	{0xbec2002c, 0x3f2f4287}, // -0.37890756
	{0xbed9e910, 0x3f27437e}, // -0.42560625
	{0xbea6d5d2, 0x3f38cf52}, // -0.32585007
	{0xbf314ab4, 0x3f0013b3}, // -0.6925461
	{0x428a0f45, 0x71408932}, // 69.02982
	{0x428cd3b8, 0x724008fc}, // 70.41351
	{0x41db08d6, 0x533504fd}, // 27.379314
	{0x40a65af6, 0x433504f0}, // 5.1986036
	{0x40d432bb, 0x443d98b6}, // 6.6311927
	{0x41d31da6, 0x52868c0e}, // 26.389477
	{0x40124559, 0x411d4970}, // 2.2854826
}

func TestExpBits(t *testing.T) {
	for _, c := range expBits {
		if got := math.Float32bits(Exp(math.Float32frombits(c.x))); got != c.want {
			t.Errorf("Exp(%v) has bits %#x, expected %#x", math.Float32frombits(c.x), got, c.want)
		}
	}
}

// Every tier evaluates ELU, Sigmoid and TanhPrime by the operations of Exp. The
// last shows all bits of Exp where it is small, as the others do not.
func TestExpOfTiers(t *testing.T) {
	t.Parallel()
	eachTier(t, func(t *testing.T, k *tier) {
		const n = 1024
		var x []float32
		for v := range sweep(200, 1009) {
			x = append(x, v+0)
		}
		for _, c := range expBits {
			v := math.Float32frombits(c.x)
			x = append(x, v, -v+0)
		}
		x = append(x, make([]float32, n-len(x)%n)...)
		w, zero := NewMatrix(1, n), Floats(n)
		in := &Inputs{Ends: []int32{0}}
		tr := &Trace{S: Floats(n), Soft: Floats(n)}
		halves := &Trace{S: Floats(2 * n), SStride: n}
		slopes := func(f func(*Slopes, *Units, *Trace, int), u *Units) []float32 {
			sl := &Slopes{Surrogate: TanhPrime, Width: 1, D: Floats(n), Open: NewSteps(1, n)}
			f(sl, u, halves, 1)
			return sl.D
		}
		for ; len(x) > 0; x = x[n:] {
			u := &Units{N: n, Activation: ELU, Output: NoOutput, Reset: ResetNone, Current: x[:n], Decay: zero, Bias: zero}
			k.forward(&w, u, in, tr)
			for j, v := range x[:n] {
				if s := tr.S[j]; math.Float32bits(s) != math.Float32bits(activate(v, ELU, 0)) {
					t.Fatalf("ELU(%v) is %v, expected %v", v, s, activate(v, ELU, 0))
				}
			}
			u.Activation, u.Output = Identity, Sigmoidal
			k.forward(&w, u, in, tr)
			for j, v := range x[:n] {
				if y := tr.Soft[j]; math.Float32bits(y) != math.Float32bits(Sigmoid(v)) {
					t.Fatalf("Sigmoid(%v) is %v, expected %v", v, y, Sigmoid(v))
				}
			}
			for j, v := range x[:n] {
				halves.S[n+j] = v / 2
			}
			u.Output = Step
			sameBits(t, "slope of tanh", slopes(k.slopes, u), slopes(slopesGeneric, u))
		}
	})
}
