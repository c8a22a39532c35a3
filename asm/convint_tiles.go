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

// scatterBytesRuns goes through the patterns of the inputs, a few a call.
func (k *isa) scatterBytesRuns(s *IntScatter, lanes []word, inputs []uint32) {
	most := k.work / s.units()
	if most == 0 || len(s.weights) == 0 {
		s.scatter(lanes, inputs, false)
		return
	}
	l := byteList{weights: &s.weights[0], lanes: &lanes[0], offsets: &s.offsets[0], runs: len(s.offsets), width: s.width, places: &s.places[0]}
	for run := k.scatterBytes[s.kernel()]; len(inputs) > 0; inputs = inputs[l.left:] {
		l.inputs, l.left = &inputs[0], min(most, len(inputs))
		run(local(&l))
	}
}

// joinLanesRow empties lanes from one on by the kernels of k.
func (k *isa) joinLanesRow(e *rowEnd, lanes []word, from int, _ bool) {
	row := lanesOf(lanes)[from:][:len(e.out)]
	whole := len(row) &^ (RunLanes - 1)
	if whole > 0 {
		_, _ = e.start[whole-1], e.scale[whole-1]
		l := laneRow{unsafe.Pointer(&row[0]), whole, &e.out[0], &e.start[0], &e.scale[0]}
		k.joinLanes(local(&l))
	}
	e.join(row, whole)
}
