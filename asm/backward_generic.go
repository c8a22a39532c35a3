package asm

import "math"

func slopesGeneric(sl *Slopes, u *Units, tr *Trace, steps int) {
	n := u.N
	clear(sl.Open.words)
	for t := range steps {
		d := sl.D[t*n:][:n]
		if u.Output == Sigmoidal {
			for j, y := range tr.Soft[(t+1)*tr.SStride:][:n] {
				d[j] = float32(y * (1 - y))
			}
		} else {
			surrogate(d, sl.Surrogate, sl.Width, tr.S[(t+1)*tr.SStride:][:n], u.Bias[:n])
		}
		for j, v := range d {
			if v != 0 {
				sl.Open.Add(j, t)
			}
		}
	}
}

// surrogate sets d[j] to the surrogate at s[j] + bias[j].
func surrogate(d []float32, kind Surrogate, width float32, s, bias []float32) {
	s, bias = s[:len(d)], bias[:len(d)]
	inverse := 1 / width
	switch kind {
	case Boxcar:
		half := width / 2
		for j := range d {
			u := s[j] + bias[j]
			d[j] = 0
			if -half < u && u < half {
				d[j] = inverse
			}
		}
	case Triangle:
		for j := range d {
			x := float32((s[j] + bias[j]) * inverse)
			d[j] = max(0, 1-abs(x))
		}
	case TanhPrime:
		for j := range d {
			// 1 − tanh²(x) = 4e/(1 + e)² with e = exp(−2|x|).
			e := Exp(-2 * abs(float32((s[j]+bias[j])*inverse)))
			d[j] = 4 * e / float32((1+e)*(1+e))
		}
	case FastSigmoid:
		for j := range d {
			q := 1 + abs(float32((s[j]+bias[j])*inverse))
			d[j] = 1 / float32(q*q)
		}
	case Arctan:
		inverse = steep(inverse)
		for j := range d {
			x := float32((s[j] + bias[j]) * inverse)
			d[j] = 1 / (1 + float32(x*x))
		}
	}
}

// steep returns the factor of u for Arctan.
func steep(inverse float32) float32 { return inverse * (math.Pi / 2) }

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

func backwardGeneric(u *Units, tr *Trace, e *Errors, from, to int) {
	n := u.N
	for first := 0; first < n; {
		width := e.Delta.block(first)
		delta, stride := e.Delta.from(first)
		for t := to - 1; t >= from; t-- {
			backwardStep(u, tr, e, t, first, delta[(e.First+t)*stride:][:width])
		}
		first += width
	}
}

// backwardStep is Backward for step t and the neurons from first on whose δ go
// to delta.
func backwardStep(u *Units, tr *Trace, e *Errors, t, first int, delta []float32) {
	before, s := tr.S[t*tr.SStride:], tr.S[(t+1)*tr.SStride:]
	var y, yBefore []uint64
	var soft, softBefore []float32
	switch u.Output {
	case Step:
		y, yBefore = tr.Y[(t+1)*tr.YStride:], tr.Y[t*tr.YStride:]
	case Sigmoidal:
		soft, softBefore = tr.Soft[(t+1)*tr.SStride:], tr.Soft[t*tr.SStride:]
	}
	reset := u.reset()
	for k := range delta {
		j := first + k
		g := e.Grad[t*u.N+j]
		carried := float32(e.Next[j] * u.Decay[j])
		gate, gateBefore := float32(1), float32(1)
		if reset == ResetZero {
			gate, gateBefore = open(y, soft, j), open(yBefore, softBefore, j)
		}
		if !e.Detach {
			switch reset {
			case ResetZero:
				g -= float32(carried * s[j])
			case ResetSubtract:
				g -= float32(e.Next[j] * u.Theta[j])
			}
		}
		ds := g + carried
		if u.Output != NoOutput {
			du := float32(g * e.Slope[t*u.N+j])
			e.Bias[j] += du
			ds = du + float32(carried*gate)
		}
		d := float32(ds * derivative(u, s[j]))
		e.Current[j] += d
		e.Decay[j] += float32(d * float32(before[j]*gateBefore))
		e.Next[j] = d
		delta[k] = d
	}
}

// reset returns the reset that u has: without an output there is none.
func (u *Units) reset() Reset {
	if u.Output == NoOutput {
		return ResetNone
	}
	return u.Reset
}

// open returns 1 − y of neuron j, from its spikes or its soft outputs.
func open(y []uint64, soft []float32, j int) float32 {
	if soft != nil {
		return 1 - soft[j]
	}
	if y[j/64]>>(j%64)&1 != 0 {
		return 0
	}
	return 1
}

// derivative returns g'(p) from s = g(p).
func derivative(u *Units, s float32) float32 {
	if s > 0 || u.Activation == Identity {
		return 1
	}
	switch u.Activation {
	case ReLU:
		return 0
	case LeakyReLU:
		return u.Slope
	default: // ELU: exp(p) = s + 1
		return s + 1
	}
}
