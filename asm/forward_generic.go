package asm

// genericWidth is the number of columns that the generic kernels sum at once.
const genericWidth = 256

// forwardGeneric is Forward; it is the reference that every tier equals.
func forwardGeneric(w *Matrix, u *Units, in *Inputs, tr *Trace) {
	var acc [genericWidth]float32
	for first := 0; first < u.N; {
		a := acc[:w.block(first)]
		data, stride := w.from(first)
		from := int32(0)
		for t, end := range in.Ends {
			copy(a, u.Current[first:])
			addRows(a, data, stride, in, from, end)
			updateGeneric(a, u, tr, first, t)
			from = end
		}
		first += len(a)
	}
}

// block returns how many columns from column first on the generic kernels sum
// at once.
func (m *Matrix) block(first int) int {
	return min(genericWidth, m.width(first-first%m.panel)-first%m.panel)
}

// addRows adds the rows that in lists between from and end, len(acc) columns
// of each, to acc.
func addRows(acc, data []float32, stride int, in *Inputs, from, end int32) {
	if in.Values == nil {
		addSpikes(acc, data, stride, in.Rows[from:end])
	} else {
		addScaled(acc, data, stride, in.Rows[from:end], in.Values[from:end])
	}
}

// addSpikes adds the listed rows to acc, eight columns at a time in registers.
func addSpikes(acc, data []float32, stride int, rows []uint32) {
	for ; len(acc) >= 8; acc, data = acc[8:], data[8:] {
		a := (*[8]float32)(acc)
		a0, a1, a2, a3, a4, a5, a6, a7 := a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]
		for _, r := range rows {
			w := (*[8]float32)(data[int(r)*stride:])
			a0 += w[0]
			a1 += w[1]
			a2 += w[2]
			a3 += w[3]
			a4 += w[4]
			a5 += w[5]
			a6 += w[6]
			a7 += w[7]
		}
		a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7] = a0, a1, a2, a3, a4, a5, a6, a7
	}
}

func addScaled(acc, data []float32, stride int, rows []uint32, values []float32) {
	for k, r := range rows {
		x := values[k]
		row := data[int(r)*stride:][:len(acc)]
		acc := acc[:len(row)]
		for j, w := range row {
			acc[j] += float32(w * x)
		}
	}
}

// updateSums is Update.
func updateSums(u *Units, sums []float32, stride, steps int, tr *Trace) {
	for t := range steps {
		updateGeneric(sums[t*stride:][:u.N], u, tr, 0, t)
	}
}

// updateGeneric turns the input sums a of time step t of the neurons from
// first on into membranes and outputs.
func updateGeneric(a []float32, u *Units, tr *Trace, first, t int) {
	if u.Rare() {
		updateRare(a, u, tr, first, t)
		return
	}
	n := len(a)
	before := tr.S[t*tr.SStride+first:][:n]
	after := tr.S[(t+1)*tr.SStride+first:][:n]
	decay := u.Decay[first:][:n]
	bias := u.Bias[first:][:n]
	var theta, softBefore, softAfter []float32
	if u.Reset == ResetSubtract {
		theta = u.Theta[first:][:n]
	}
	var spikesBefore, spikesAfter []uint64
	switch u.Output {
	case Step:
		spikesBefore = tr.Y[t*tr.YStride+first/64:]
		spikesAfter = tr.Y[(t+1)*tr.YStride+first/64:]
	case Sigmoidal:
		softBefore = tr.Soft[t*tr.SStride+first:][:n]
		softAfter = tr.Soft[(t+1)*tr.SStride+first:][:n]
	}
	var word uint64
	for j, sum := range a {
		carried := float32(decay[j] * before[j])
		p := sum + carried
		switch {
		case u.Reset == ResetNone || u.Output == NoOutput:
		case u.Output == Step:
			if spikesBefore[j/64]>>(j%64)&1 == 0 {
				break
			}
			if u.Reset == ResetZero {
				p = sum
			} else {
				p -= theta[j]
			}
		case u.Reset == ResetZero:
			p = sum + float32(carried*(1-softBefore[j]))
		default:
			p -= float32(theta[j] * softBefore[j])
		}
		s := activate(p, u.Activation, u.Slope)
		after[j] = s
		potential := s + bias[j]
		switch u.Output {
		case Step:
			if potential > 0 {
				word |= 1 << (j % 64)
			}
			if j%64 == 63 || j == n-1 {
				spikesAfter[j/64] = word
				word = 0
			}
		case Sigmoidal:
			softAfter[j] = Sigmoid(potential)
		}
	}
}

func activate(p float32, g Activation, slope float32) float32 {
	if p > 0 || g == Identity {
		return p
	}
	switch g {
	case ReLU:
		return 0
	case LeakyReLU:
		return float32(slope * p)
	default:
		return Exp(p) - 1
	}
}
