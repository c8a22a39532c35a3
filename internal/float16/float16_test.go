package float16

import (
	"math"
	"testing"
)

// TestAll: every number is (−1)^sign·2^(exponent − 15)·(1 + fraction/1024), or for
// an exponent of 0 (−1)^sign·2⁻¹⁴·fraction/1024.
func TestAll(t *testing.T) {
	for bits := range 1 << 16 {
		h := uint16(bits)
		exponent, fraction := int(h>>10&31), float64(h&1023)
		want := math.Ldexp(1+fraction/1024, exponent-15)
		switch {
		case exponent == 0:
			want = math.Ldexp(fraction/1024, -14)
		case exponent == 31 && fraction == 0:
			want = math.Inf(1)
		case exponent == 31:
			want = math.NaN()
		}
		if h>>15 == 1 {
			want = -want
		}
		got := float64(Float32(h))
		if got != want && !(got != got && want != want) || math.Signbit(got) != math.Signbit(want) && got == got {
			t.Fatalf("%#04x is %v, expected %v", h, got, want)
		}
	}
}
