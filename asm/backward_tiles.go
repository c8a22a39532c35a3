//go:build !purego && !noasm && (amd64 || arm64)

package asm

import "unsafe"

// slopeTile is the argument of the assembly of Slopes.Evaluate: up to 15 steps
// of blocks blocks of 16 neurons. Strides are in bytes.
type slopeTile struct {
	blocks  int
	steps   int
	s       *float32 // after the first step: membranes, or soft outputs
	sStride uintptr
	bias    *float32
	d       *float32
	dStride uintptr
	open    *uint32
	half    float32 // Width/2
	inverse float32 // 1/Width; for Arctan times π/2
	kind    slopeKind
}

// slopeKind is the Surrogate, or what takes its place for soft outputs.
type slopeKind uint8

const slopeSoft = slopeKind(Arctan) + 1 // y·(1 − y)

// slopesTiles is Slopes.Evaluate by the kernels of k.
func (k *isa) slopesTiles(sl *Slopes, u *Units, tr *Trace, steps int) {
	if steps == 0 {
		return
	}
	n := u.N
	t := slopeTile{
		sStride: 4 * uintptr(tr.SStride), dStride: 4 * uintptr(n),
		half: sl.Width / 2, inverse: 1 / sl.Width, kind: slopeKind(sl.Surrogate),
	}
	rows := tr.S
	switch {
	case u.Output == Sigmoidal:
		rows, t.kind = tr.Soft, slopeSoft
	case sl.Surrogate == Arctan:
		t.inverse = steep(t.inverse)
	}
	_ = rows[steps*tr.SStride+n-1]
	_, _ = sl.D[steps*n-1], u.Bias[n-1]
	columns := k.work / (slopeUnits * stepsWord) * Lanes
	for from := 0; from < steps; from += stepsWord {
		t.steps = min(stepsWord, steps-from)
		s, d, open := rows[(from+1)*tr.SStride:], sl.D[from*n:], sl.Open.words[from/stepsWord*n:][:n]
		for first := 0; first < n; first += columns {
			t.blocks = min(columns, n-first) / Lanes
			t.s, t.d, t.open, t.bias = &s[first], &d[first], &open[first], &u.Bias[first]
			k.evaluate(local(&t))
		}
	}
}

// backTile is the argument of the assembly of Backward, for neighbouring
// neurons and a few steps. It starts at the last step. Strides are in bytes.
type backTile struct {
	steps       int
	grad        *float32
	slope       *float32 // for all outputs but NoOutput
	stride      uintptr  // of grad and slope
	s           *float32 // after the step
	soft        *float32 // after the step, for shutSoft
	sStride     uintptr
	y           unsafe.Pointer // after the step, the byte of the first neuron, for shutSpikes
	yStride     uintptr
	delta       *float32
	deltaStride uintptr
	next        *float32
	decay       *float32
	theta       *float32 // for throughSubtract
	biasSum     *float32
	decaySum    *float32
	currentSum  *float32
	factor      float32 // Units.Slope
	through     through
	shut        shut
	activation  Activation
	output      Output
}

// through is the way that a gradient takes through the reset.
type through uint8

const (
	throughNone     through = iota
	throughZero             // − (Next·Decay)·s
	throughSubtract         // − Next·Theta
)

// shut is what 1 − y is found from.
type shut uint8

const (
	shutNone   shut = iota // 1
	shutSpikes             // 0 for a spike, else 1
	shutSoft               // 1 − soft output
)

// backwardTiles is Backward by the kernels of k: for each tile, from the last
// steps to the first ones.
func (k *isa) backwardTiles(u *Units, tr *Trace, e *Errors, from, to int) {
	if from >= to {
		return
	}
	n, reset := u.N, u.reset()
	t := backTile{
		stride: 4 * uintptr(n), sStride: 4 * uintptr(tr.SStride), yStride: 8 * uintptr(tr.YStride),
		factor: u.Slope, activation: u.Activation, output: u.Output,
	}
	if reset == ResetZero {
		t.shut = shutSpikes
		if u.Output == Sigmoidal {
			t.shut = shutSoft
		}
	}
	if !e.Detach {
		switch reset {
		case ResetZero:
			t.through = throughZero
		case ResetSubtract:
			t.through = throughSubtract
		}
	}
	_ = tr.S[to*tr.SStride+n-1]
	_, _, _, _, _ = e.Next[n-1], u.Decay[n-1], e.Bias[n-1], e.Decay[n-1], e.Current[n-1]
	for first, width := 0, 0; first < n; first += width {
		run := k.backward16
		width = Lanes
		if k.backward64 != nil && n-first >= tileWidth {
			run, width = k.backward64, tileWidth
		}
		for end := to; end > from; end -= t.steps {
			t.steps = min(k.work/updateUnits, end-from)
			t.place(u, tr, e, first, width, end)
			run(local(&t))
		}
	}
}

// place goes to width neurons from first on, and the steps before end.
func (t *backTile) place(u *Units, tr *Trace, e *Errors, first, width, end int) {
	n := u.N
	delta, stride := e.Delta.from(first)
	t.delta, t.deltaStride = &delta[(e.First+end-1)*stride:][:width][0], 4*uintptr(stride)
	t.grad, t.s = &e.Grad[(end-1)*n:][:n][first], &tr.S[end*tr.SStride+first]
	t.next, t.decay = &e.Next[first], &u.Decay[first]
	t.biasSum, t.decaySum, t.currentSum = &e.Bias[first], &e.Decay[first], &e.Current[first]
	if u.Output != NoOutput {
		t.slope = &e.Slope[(end-1)*n:][:n][first]
	}
	if t.through == throughSubtract {
		t.theta = &u.Theta[:n][first]
	}
	switch t.shut {
	case shutSpikes:
		t.y = unsafe.Add(unsafe.Pointer(&tr.Y[end*tr.YStride+first/64]), first%64/8)
	case shutSoft:
		t.soft = &tr.Soft[end*tr.SStride:][:n][first]
	}
}
