package asm

import "math"

// Rare reports whether no tier has kernels for u: its neurons are updated in Go.
func (u *Units) Rare() bool {
	return u.Activation > ELU || u.Output > NoOutput || u.Reset > ResetNone
}

// updateRare is updateGeneric for units that are Rare.
func updateRare(a []float32, u *Units, tr *Trace, first, t int) {
	before := tr.S[t*tr.SStride+first:]
	after := tr.S[(t+1)*tr.SStride+first:]
	// The outputs of the step before, and of this one: bits or values.
	var bitsBefore, bitsAfter []uint64
	var softBefore, softAfter []float32
	switch u.Output {
	case Step:
		bitsBefore = tr.Y[t*tr.YStride+first/64:]
		bitsAfter = tr.Y[(t+1)*tr.YStride+first/64:]
	case Count, Sigmoidal:
		softBefore = tr.Soft[t*tr.SStride+first:]
		softAfter = tr.Soft[(t+1)*tr.SStride+first:]
	}
	var word uint64
	for j, sum := range a {
		bias := u.Bias[first+j]
		s := before[j]
		carried := float32(u.Decay[first+j] * s)
		p := sum + carried
		var y float32 // spikes of the step before, or a soft output
		switch u.Output {
		case Step:
			y = float32(bitsBefore[j/64] >> (j % 64) & 1)
		case Count:
			// Exact: a count below 2²² is within an ulp of its value over that of one.
			y = float32(math.Round(float64(softBefore[j] / u.Value)))
		case Sigmoidal:
			y = softBefore[j]
		}
		above := false // after its reset the membrane still was
		switch {
		case y == 0 || u.Reset == ResetNone:
		case u.Reset == ResetRefractory:
			p = 0
		case u.Reset == ResetSubtract:
			p -= float32(u.Theta[first+j] * y)
		case u.Reset == ResetLagged:
			p -= float32(u.Theta[first+j] * y)
			s += float32(bias * y)
		case u.Output == Sigmoidal:
			p = sum + float32(carried*(1-y))
		default: // ResetZero
			p = sum
		}
		if u.Reset == ResetLagged {
			above = s+bias > 0
		}
		s = p
		switch {
		case u.Activation != Clipped:
			s = activate(p, u.Activation, u.Slope)
		case !(p > u.Floor): // as for ReLU, NaN becomes the floor
			s = u.Floor
		}
		after[j] = s
		potential := s + bias
		if above {
			potential += bias
		}
		switch u.Output {
		case Step:
			if potential > 0 {
				word |= 1 << (j % 64)
			}
			if j%64 == 63 || j == len(a)-1 {
				bitsAfter[j/64] = word
				word = 0
			}
		case Count:
			n := float32(0)
			if potential >= 0 && bias < 0 { // in the padding there is none
				n = min(float32(math.Floor(float64(s/-bias))), u.Most)
			}
			softAfter[j] = float32(n * u.Value)
		case Sigmoidal:
			softAfter[j] = Sigmoid(potential)
		}
	}
}
