package asm

import "math"

// Exp splits x into n·ln 2 + r with |r| ≤ ln 2/2, evaluates a polynomial of
// degree 6 in r and scales it by 2^n.
const (
	expMin = -87 // below it, and above expMax, the result is that of the bound
	expMax = 88  //

	expLog2e  = 1.4426950408889634
	expRound  = 3 << 22            // adding 1.5·2^23 rounds to the nearest integer
	expLn2Hi  = 0.693359375        // ln 2 in 9 bits, so that n·expLn2Hi is exact
	expLn2Lo  = -2.12194440e-4     // ln 2 − expLn2Hi
	expCoeff2 = 0.4999999403953552 // minimax of (exp(r) − 1 − r)/r²
	expCoeff3 = 0.1666652113199234
	expCoeff4 = 0.04166838899254799
	expCoeff5 = 0.00836874544620514
	expCoeff6 = 0.0013814539415781828
)

// Exp returns exp(x), within 1 ulp of the true value for −87 ≤ x ≤ 88 and
// the bound's value beyond. It is evaluated by the same float32 operations on
// every CPU and in every tier:
//
//	n = round(x·log₂e), r = (x − n·hi) − n·lo
//	p = (((c6·r + c5)·r + c4)·r + c3)·r + c2
//	exp(x) = ((p·(r·r) + r) + 1)·2^n
func Exp(x float32) float32 {
	x = min(max(x, expMin), expMax)
	t := float32(x*expLog2e) + expRound
	n := t - expRound
	r := x - float32(n*expLn2Hi)
	r -= float32(n * expLn2Lo)
	p := float32(float32(expCoeff6)*r) + expCoeff5
	p = float32(p*r) + expCoeff4
	p = float32(p*r) + expCoeff3
	p = float32(p*r) + expCoeff2
	y := float32(p*float32(r*r)) + r
	y += 1
	return math.Float32frombits(math.Float32bits(y) + uint32(int32(n))<<23)
}

// Sigmoid returns 1/(1 + Exp(−x)).
func Sigmoid(x float32) float32 { return 1 / (1 + Exp(-x)) }
