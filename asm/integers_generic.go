package asm

import "unsafe"

// sumBytesGeneric is intSum, several bytes a word, four words at a time in
// registers.
func sumBytesGeneric(s *intSum) {
	bias := 128 * int32(len(s.rows))
	for first := 0; first < len(s.out); first += intBlock {
		var even, odd [intBlock / wordBytes]word
		data := s.data[first/wordBytes:]
		for w := 0; w < len(even); w += 4 {
			e, o := (*[4]word)(even[w:]), (*[4]word)(odd[w:])
			addWords(e, o, data[w:], s.stride, s.rows)
		}
		s.convert(even[:], first, bias)
		s.convert(odd[:], first+intBlock/2, bias)
	}
}

// convert is what follows the rows, for the columns from first on of which lanes
// has the sums.
func (s *intSum) convert(lanes []word, first int, bias int32) {
	n := min(intBlock/2, len(s.out)-first)
	if n <= 0 {
		return
	}
	out, start, scale := s.out[first:][:n], s.start[first:][:n], s.scale[first:][:n]
	var w word
	for j := range out {
		if j%(wordBytes/2) == 0 {
			w = lanes[j/(wordBytes/2)]
		}
		sum := float32(int32(w&0xFFFF) - bias)
		out[j] = start[j] + float32(scale[j]*sum)
		w >>= 16
	}
}

// addWords adds four words of each listed row: the odd bytes as 16-bit lanes, and
// the words as they are, in which lanes carry into each other. What is left of
// these without the odd bytes are the sums of the even ones.
func addWords(even, odd *[4]word, data []word, stride int, rows []uint32) {
	var a0, a1, a2, a3, o0, o1, o2, o3 word
	for _, r := range rows {
		w := (*[4]word)(data[int(r)*stride:])
		a0 += w[0]
		o0 += w[0] >> 8 & evenBytes
		a1 += w[1]
		o1 += w[1] >> 8 & evenBytes
		a2 += w[2]
		o2 += w[2] >> 8 & evenBytes
		a3 += w[3]
		o3 += w[3] >> 8 & evenBytes
	}
	even[0], even[1], even[2], even[3] = a0-o0<<8, a1-o1<<8, a2-o2<<8, a3-o3<<8
	odd[0], odd[1], odd[2], odd[3] = o0, o1, o2, o3
}

// words returns n zeros that start on a 64-byte boundary.
func words(n int) []word {
	if n == 0 {
		return nil
	}
	const line = 64 / wordBytes
	buf := make([]word, n+line-1)
	adviseHuge(unsafe.Pointer(unsafe.SliceData(buf)), wordBytes*len(buf))
	return buf[-int(uintptr(unsafe.Pointer(unsafe.SliceData(buf)))/wordBytes)&(line-1):][:n:n]
}

// lanesOf returns the memory of w as 16-bit numbers.
func lanesOf(w []word) []uint16 {
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(w))), len(w)*wordBytes/2)
}
