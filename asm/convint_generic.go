package asm

// scatterBytesGeneric adds the patterns of the inputs to lanes. If all lies at
// words, each word of weights is added as two: the even bytes as 16-bit lanes, then
// the odd ones, each as numbers that borrow from the next lane if they are negative.
func scatterBytesGeneric(s *IntScatter, lanes []word, inputs []uint32) {
	s.scatter(lanes, inputs, s.packed())
}

// scatter adds to lanes that are packed, or one after the other.
func (s *IntScatter) scatter(lanes []word, inputs []uint32, packed bool) {
	width := s.width / wordBytes
	for _, i := range inputs {
		p := s.places[i]
		for r, offset := range s.offsets {
			weights := s.weights[int(p.Pattern)/wordBytes+r*width:][:width]
			if sum := int(p.Sum + offset); packed {
				addPacked(lanes[2*sum/wordBytes:][:2*width], weights)
			} else {
				addPlain(lanesOf(lanes)[sum:][:s.width], weights)
			}
		}
	}
}

const (
	signBytes = 128 * (^word(0) / 0xFF)
	signLanes = signBytes & evenBytes
)

func addPacked(lanes, weights []word) {
	for i, w := range weights {
		w ^= signBytes // 128 more
		to := (*[2]word)(lanes[2*i:])
		to[0] += w&evenBytes - signLanes
		to[1] += w>>8&evenBytes - signLanes
	}
}

func addPlain(lanes []uint16, weights []word) {
	for i, w := range weights {
		for j := range wordBytes {
			lanes[i*wordBytes+j] += uint16(int8(w >> (8 * j)))
		}
	}
}

// joinLanesGeneric empties lanes from one on.
func joinLanesGeneric(e *rowEnd, lanes []word, from int, packed bool) {
	if packed {
		e.joinPacked(lanes[2*from/wordBytes:])
	} else {
		e.join(lanesOf(lanes)[from:], 0)
	}
}

// joinPacked is join for lanes that addPacked added to.
func (e *rowEnd) joinPacked(lanes []word) {
	lanes = lanes[:2*len(e.out)/wordBytes]
	for i, w := range lanes {
		lanes[i] = 0
		at := i/2*wordBytes + i%2
		for j := range wordBytes / 2 {
			e.set(at+2*j, int16(w))
			w = (w - word(int16(w))) >> 16
		}
	}
}

// join empties lanes one after the other, from the one of column j on.
func (e *rowEnd) join(lanes []uint16, j int) {
	for ; j < len(e.out); j++ {
		e.set(j, int16(lanes[j]))
		lanes[j] = 0
	}
}

func (e *rowEnd) set(j int, n int16) {
	sum := float32(n)
	e.out[j] = e.start[j] + float32(e.scale[j]*sum)
}
