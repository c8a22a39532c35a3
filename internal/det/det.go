// Package det holds the few elementary functions that training and conversion need,
// in float64 and evaluated by the same rounded operations on every platform: the
// functions of package math are assembly on some architectures and fused on
// others, and their last bits would end up in weights.
package det

import "math"

// Log returns the natural logarithm of a finite x > 0, within 2 ulp.
func Log(x float64) float64 {
	frac, exp := math.Frexp(x)
	if frac < math.Sqrt2/2 {
		frac *= 2
		exp--
	}
	// ln f = 2·artanh(s), s = (f−1)/(f+1), |s| < 0.172.
	s := (frac - 1) / (frac + 1)
	s2 := float64(s * s)
	sum := 0.0
	for _, c := range artanh {
		sum = float64((sum + c) * s2)
	}
	return float64(float64(exp)*math.Ln2) + float64(2*float64(s*(1+sum)))
}

// artanh are the coefficients of its series, the last ones first.
var artanh = [...]float64{1.0 / 23, 1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3}

// The parts of ln 2: the first has zeros at its end, so that its products with
// small integers are exact.
const (
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
)

// Exp returns eˣ for a finite x, within 2 ulp; 0 below −745.
func Exp(x float64) float64 {
	if x < -745 {
		return 0
	}
	k := math.Round(float64(x / math.Ln2))
	r := x - float64(k*ln2Hi) - float64(k*ln2Lo) // |r| < 0.35
	sum := 1.0
	for n := 15; n >= 1; n-- {
		sum = 1 + float64(float64(r/float64(n))*sum)
	}
	return math.Ldexp(sum, int(k))
}

// Sin returns the sine of x, for |x| ≤ π/2, within 2 ulp.
func Sin(x float64) float64 {
	x2 := float64(x * x)
	r := 1.0
	for k := 21; k >= 3; k -= 2 {
		r = 1 - float64(float64(x2/float64(k*(k-1)))*r)
	}
	return float64(x * r)
}

// Cos returns the cosine of x, for 0 ≤ x ≤ π, within 2e-16.
func Cos(x float64) float64 { return Sin(math.Pi/2 - x) }
