package asm

func scatterGeneric(s *Scatter, sums []float32, inputs []uint32, values []float32) {
	for k, i := range inputs {
		p := s.places[i]
		x := float32(1)
		if values != nil {
			x = values[k]
		}
		for r, offset := range s.offsets {
			weights := s.weights[int(p.Pattern)+r*s.width:][:s.width]
			addRun(sums[p.Sum+offset:], weights, x)
		}
	}
}

func collectGeneric(s *Scatter, grads, delta []float32, inputs []uint32, values []float32) {
	for k, i := range inputs {
		p := s.places[i]
		x := float32(1)
		if values != nil {
			x = values[k]
		}
		for r, offset := range s.offsets {
			errors := delta[p.Sum+offset:][:s.width]
			addRun(grads[int(p.Pattern)+r*s.width:], errors, x)
		}
	}
}

// addRun adds src, times x, to dst.
func addRun(dst, src []float32, x float32) {
	dst = dst[:len(src)]
	for i, w := range src {
		dst[i] += float32(w * x)
	}
}

func scatterDotGeneric(s *Scatter, dst, delta []float32, inputs []uint32) {
	for k, i := range inputs {
		p := s.places[i]
		var lanes [RunLanes]float32
		for r, offset := range s.offsets {
			weights := s.weights[int(p.Pattern)+r*s.width:][:s.width]
			errors := delta[p.Sum+offset:][:s.width]
			for c := 0; c < s.width; c += RunLanes {
				w, e := (*[RunLanes]float32)(weights[c:]), (*[RunLanes]float32)(errors[c:])
				for j := range lanes {
					lanes[j] += float32(w[j] * e[j])
				}
			}
		}
		for half := RunLanes / 2; half > 0; half /= 2 {
			for j := range half {
				lanes[j] += lanes[j+half]
			}
		}
		dst[k] = lanes[0]
	}
}
