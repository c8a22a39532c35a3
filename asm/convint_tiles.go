//go:build !purego && !noasm && (amd64 || arm64)

package asm

import "unsafe"

// byteList is the argument of the assembly of IntScatter.
type byteList struct {
	weights *word
	lanes   *word
	offsets *uint32
	runs    int
	width   int // weights of a run, a multiple of RunLanes
	places  *Place
	inputs  *uint32
	left    int // inputs
}

// laneRow is the argument of the assembly of the end of a row.
type laneRow struct {
	lanes   unsafe.Pointer // of the first column
	columns int            // a multiple of RunLanes
	out     *float32
	start   *float32
	scale   *float32
	part    *float32
}

// kernel returns which kernel suits s: inputs beside each other add to overlapping
// sums, and the processor passes on what was just stored only to loads of the same
// vectors.
func (s *IntScatter) kernel() int {
	switch s.grain {
	case 8:
		return 0
	case 16:
		return 1
	}
	return 2
}

// scatterBytesRuns goes through the patterns of the inputs, a few a call, or a part
// of a run a call where one pattern is too much.
func (k *isa) scatterBytesRuns(s *IntScatter, lanes []word, inputs []uint32) {
	if len(s.weights) == 0 {
		return
	}
	run := k.scatterBytes[s.kernel()]
	l := byteList{weights: &s.weights[0], lanes: &lanes[0], offsets: &s.offsets[0], runs: len(s.offsets), width: s.width, places: &s.places[0]}
	if units := s.units(); units <= k.work {
		for most := k.work / units; len(inputs) > 0; inputs = inputs[l.left:] {
			l.inputs, l.left = &inputs[0], min(most, len(inputs))
			run(local(&l))
		}
		return
	}
	most := k.work * tileWidth
	l.runs, l.left = 1, 1
	for i := range inputs {
		l.inputs = &inputs[i]
		for r := range s.offsets {
			l.offsets = &s.offsets[r]
			for from := 0; from < s.width; from += most {
				l.weights, l.lanes = &s.weights[(r*s.width+from)/wordBytes], &lanes[2*from/wordBytes]
				l.width = min(most, s.width-from)
				run(local(&l))
			}
		}
	}
}

// joinLanesRows empties the rows of lanes by the kernels of k.
func (k *isa) joinLanesRows(s *IntScatter, lanes []word, all *rowEnd) {
	plain := lanesOf(lanes)
	var l laneRow
	for _, r := range s.rows {
		for from := 0; from < r.N; from += intStream {
			n, at := min(intStream, r.N-from), r.To+from
			row := plain[r.From+from:][:n]
			whole := n &^ (RunLanes - 1)
			if whole > 0 { // field by field: a struct that was just stored is copied slowly
				start, scale, part := noPart, ones, noPart
				if all.start != nil {
					start = all.start[at:][:whole]
				}
				if all.scale != nil {
					scale = all.scale[at:][:whole]
				}
				if all.part != nil {
					part = all.part[at:][:whole]
				}
				l.lanes, l.columns, l.out = unsafe.Pointer(&row[0]), whole, &all.out[at:][:whole][0]
				l.start, l.scale, l.part = &start[0], &scale[0], &part[0]
				k.joinLanes(local(&l))
			}
			if whole < n {
				rest := all.at(at+whole, n-whole)
				rest.join(row[whole:])
			}
		}
	}
}
