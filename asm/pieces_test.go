//go:build !purego && !noasm && (amd64 || arm64)

package asm

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// best returns the best instruction set that this CPU has.
func best(t testing.TB) *isa {
	t.Helper()
	for i := range isas {
		if isas[i].has() {
			return &isas[i]
		}
	}
	t.Skip("this CPU has no tier but generic")
	return nil
}

// inPieces returns tiers of the best instruction set that may do little in a
// call, so that small cases are cut up in all ways.
func inPieces() []tier {
	var all []tier
	for i := range isas {
		if !isas[i].has() {
			continue
		}
		for _, work := range []int{40, 130} {
			if work > 40 && testing.Short() {
				break
			}
			k := isas[i]
			k.work = work
			k.name = fmt.Sprintf("%s in pieces of %d", k.name, work)
			all = append(all, k.tier())
			all[len(all)-1].training = k.training()
		}
		break
	}
	return all
}

// counted returns k with kernels that note in most the most units of work of a
// call, as its arguments tell.
func counted(k isa, most *int) isa {
	note := func(units int) { *most = max(*most, units) }
	tiles := func(t *tile, width int) int { return (int(t.to-t.from) + 4*tileWidth - 1) / (4 * tileWidth) }
	listed := func(ends *int32, steps int) int { return int(unsafe.Slice(ends, steps)[steps-1]) }
	run := func(columns int) int { return (columns + tileWidth - 1) / tileWidth }

	forward := func(f func(*tile), width int) func(*tile) {
		return func(t *tile) { note(tiles(t, width) * (listed(t.ends, t.steps) + updateUnits*t.steps)); f(t) }
	}
	k.forward64, k.forward16 = forward(k.forward64, tileWidth), forward(k.forward16, Lanes)
	batch := func(f func(*batchTile), width int) func(*batchTile) {
		return func(t *batchTile) {
			units := 0
			for _, s := range unsafe.Slice(t.streams, t.count) {
				units += tiles(&t.tile, width) * (listed(s.ends, s.steps) + updateUnits*s.steps)
			}
			note(units)
			f(t)
		}
	}
	if k.batch64 != nil {
		k.batch64, k.batch16 = batch(k.batch64, tileWidth), batch(k.batch16, Lanes)
	}
	sumRows := func(f func(*sumTile)) func(*sumTile) {
		return func(t *sumTile) { note(listed(t.ends, t.steps) + t.steps); f(t) }
	}
	k.sumRows64, k.sumRows16 = sumRows(k.sumRows64), sumRows(k.sumRows16)
	sumSpikes := func(f func(*spikeTile)) func(*spikeTile) {
		return func(t *spikeTile) { note(64 * t.rows); f(t) }
	}
	k.sumSpikes64, k.sumSpikes16 = sumSpikes(k.sumSpikes64), sumSpikes(k.sumSpikes16)
	scatter := func(f func(*scatterList)) func(*scatterList) {
		return func(l *scatterList) { note(l.left * l.runs * run(l.width/4)); f(l) }
	}
	k.scatter, k.collect = scatter(k.scatter), scatter(k.collect)
	backward := func(f func(*backTile)) func(*backTile) {
		return func(t *backTile) { note(updateUnits * t.steps); f(t) }
	}
	k.backward16 = backward(k.backward16)
	if k.backward64 != nil {
		k.backward64 = backward(k.backward64)
	}

	sumBytes := func(f func(*byteTile)) func(*byteTile) {
		return func(t *byteTile) { note((t.left + updateUnits) * run(t.columns)); f(t) }
	}
	k.sumBytes, k.sumBytes64 = sumBytes(k.sumBytes), sumBytes(k.sumBytes64)
	if addBytes := k.addBytes; addBytes != nil {
		k.addBytes = func(l *byteRows) { note(len(l.rows) * run(l.columns)); addBytes(l) }
	}

	for i, f := range k.scatterBytes {
		k.scatterBytes[i] = func(l *byteList) { note(l.left * l.runs * run(l.width)); f(l) }
	}
	joinLanes := k.joinLanes
	k.joinLanes = func(t *laneRow) { note(run(t.columns)); joinLanes(t) }

	addRows, dotRows8, adam, indices := k.addRows, k.dotRows8, k.adam, k.indices
	scatterDot, evaluate, dotSteps := k.scatterDot, k.evaluate, k.dotSteps
	k.addRows = func(l *rowList) { note(l.left * run(l.columns)); addRows(l) }
	k.dotRows8 = func(g *dotGroup) { note(len(g.rows) * g.panels * run(g.vectors*Lanes)); dotRows8(g) }
	k.adam = func(a *AdamStep, w, m, v, g *float32, n int) { note(n / adamUnit); adam(a, w, m, v, g, n) }
	k.indices = func(dst *uint32, v *uint64, words int, base uint32) int {
		note(wordUnits * words)
		return indices(dst, v, words, base)
	}
	k.scatterDot = func(l *dotList) { note(dotInputs * l.groups * l.runs * run(l.width/4)); scatterDot(l) }
	k.evaluate = func(t *slopeTile) { note(slopeUnits * t.steps * t.blocks); evaluate(t) }
	k.dotSteps = func(t *stepTile) {
		note(stepsWord * t.inputs * (t.parts[0].panels + run(t.parts[1].vectors*Lanes)))
		dotSteps(t)
	}
	return k
}

// However much there is to do, no call of assembly does more than 250 µs of it on
// the slowest board: Go cannot preempt it, and a garbage collection waits.
func TestCallsAreShort(t *testing.T) {
	if testing.Short() {
		t.Skip("large layers take a few seconds")
	}
	const steps = 400
	r := rand.New(rand.NewPCG(1, 2))
	var most int
	k := counted(*best(t), &most)
	long := func(n, steps int, density float64) *Inputs { return benchInputs(n, steps, density, 1)[0] }
	trace := func(n int) *Trace {
		return &Trace{S: Floats((steps + 1) * n), SStride: n, Y: make([]uint64, (steps+1)*n/64), YStride: n / 64}
	}
	units := func(n int) *Units {
		return &Units{N: n, Activation: ELU, Current: Floats(n), Decay: Floats(n), Bias: Floats(n)}
	}
	layer := func(rows, cols int, lay func(*Matrix)) *Matrix {
		m := &Matrix{rows: rows, cols: cols, data: Floats(rows * Pad(cols))}
		lay(m)
		return m
	}
	const wide = 64 << 10
	panels, rows := layer(8192, 256, layouts["panels"]), layer(8192, 2048, layouts["rows"])
	wideRow := layer(8, wide, layouts["rows"])
	set := NewSteps(steps, 256)
	for i := range 256 * steps {
		set.Add(i%256, i/256)
	}
	scatter := func(width, runs, inputs int) (*Scatter, []uint32) {
		places, list := make([]Place, inputs), make([]uint32, inputs)
		offsets := make([]uint32, runs)
		for i := range list {
			list[i] = uint32(i)
		}
		for r := range offsets {
			offsets[r] = uint32(r * width)
		}
		s := NewScatter(width, offsets, places, runs*width, 1)
		return &s, list
	}
	cases := map[string]func(){
		"many steps":          func() { k.forwardTiles(panels, units(256), long(8192, steps, 0.02), trace(256)) },
		"a step of many rows": func() { k.forwardTiles(panels, units(256), long(8192, 3, 0.9), trace(256)) },
		"whole rows":          func() { k.forwardTiles(rows, units(2048), long(8192, 4, 0.5), trace(2048)) },
		"a wide layer": func() {
			k.forwardTiles(layer(4, wide, layouts["panels"]), units(wide), long(4, 2, 1), &Trace{S: Floats(wide), Y: make([]uint64, wide/64)})
		},
		"update": func() {
			k.updateTiles(units(wide), Floats(wide), 0, 1, &Trace{S: Floats(wide), Y: make([]uint64, wide/64)})
		},
		"batch": func() {
			if k.batch64 == nil {
				return
			}
			var b Batch
			var ins []*Inputs
			var traces []*Trace
			for i := range 20 {
				density := []float64{0.01, 0.05, 0.9}[i%3]
				ins, traces = append(ins, long(8192, 10, density)), append(traces, trace(256))
			}
			k.forwardBatch(&b, panels, units(256), ins, traces)
		},
		"sumRows":      func() { k.sumRowsTiles(layer(300, 256, layouts["rows"]), panels, long(8192, 300, 0.05)) },
		"sumRows, one": func() { k.sumRowsTiles(layer(1, 256, layouts["rows"]), panels, long(8192, 1, 1)) },
		"sumSpikes": func() {
			words := make([]uint64, 4096)
			for i := range words {
				words[i] = r.Uint64()
			}
			k.sumSpikesTiles(layer(4096, 64, layouts["panels"]), layer(64, 64, layouts["panels"]), 0, 4096, words, 1)
		},
		"dotRows":            func() { k.dotRowsTiles(make([]float32, 8), wideRow, []uint32{0, 1, 2, 3, 4, 5, 6, 7}, Floats(wide)) },
		"dotRows, in panels": func() { p := wideRow.InPanels(); k.dotRowsTiles(make([]float32, 1), &p, []uint32{0}, Floats(wide)) },
		"dotSteps":           func() { k.dotStepsTiles(make([]float32, 256*steps), 256, panels, rowsOf(panels, steps), 0, &set) },
		"dotSteps, wide": func() {
			few := NewSteps(2, 8)
			few.Add(3, 1)
			k.dotStepsTiles(make([]float32, 16), 8, wideRow, wideRow, 0, &few)
		},
		"adam":    func() { k.adamVectors(AdamStep{}, Floats(1e6), Floats(1e6), Floats(1e6), Floats(1e6)) },
		"indices": func() { k.indicesWords(make([]uint32, 64*5000), make([]uint64, 5000), 0) },
		"scatter": func() {
			s, list := scatter(256, 9, 2000)
			k.scatterRuns(s, Floats(s.sums), list, nil)
			k.scatterDots(s, make([]float32, len(list)), Floats(s.sums), list)
		},
		"scatter, wide": func() {
			s, list := scatter(5*wide, 3, 2)
			k.collectRuns(s, Floats(len(s.weights)), Floats(s.sums), list, []float32{1, 2})
			k.scatterDots(s, make([]float32, len(list)), Floats(s.sums), list)
		},
		"integers": func() {
			t := k.tier()
			defer kernels.Store(kernels.Swap(&t))
			for _, panel := range []int{intPanel, 2048} {
				m := NewIntegers(2000, 2048)
				m.panel = panel
				m.Forward(units(2048), long(2000, 2, 0.5), nil, nil, trace(2048), NewIntScratch())
			}
		},
		"scatter of integers": func() {
			t := k.tier()
			defer kernels.Store(kernels.Swap(&t))
			for _, c := range []struct{ width, runs, inputs int }{{256, 9, 2000}, {5 * wide, 3, 2}} {
				f, list := scatter(c.width, c.runs, c.inputs)
				s := NewIntScatter(c.width, f.offsets, f.places, f.sums, []Row{{0, 0, f.sums}}, make([]int8, c.width*c.runs), 0)
				s.Sum(Floats(f.sums), Floats(f.sums), Floats(f.sums), list, nil, s.NewPlane())
			}
		},
		"slopes": func() {
			sl := &Slopes{Width: 1, D: Floats(2 * wide), Open: NewSteps(2, wide)}
			k.slopesTiles(sl, units(wide), &Trace{S: Floats(3 * wide), SStride: wide}, 2)
		},
		"backward": func() {
			const n, steps = 80, 3000
			delta := layer(steps, n, layouts["rows"])
			k.backwardTiles(units(n), &Trace{S: Floats((steps + 1) * n), SStride: n, Y: make([]uint64, 2*(steps+1)), YStride: 2}, &Errors{
				Grad: Floats(steps * n), Slope: Floats(steps * n), Delta: delta, Next: Floats(n), Bias: Floats(n), Decay: Floats(n), Current: Floats(n),
			}, 0, steps)
		},
	}
	for name, run := range cases {
		most = 0
		run()
		t.Logf("%s: at most %d units a call", name, most)
		if most > k.work {
			t.Errorf("%s: a call does %d units of work, more than %d", name, most, k.work)
		}
	}
}

// rowsOf returns a matrix like m with some of its rows.
func rowsOf(m *Matrix, rows int) *Matrix {
	l := m.Like(rows)
	return &l
}

// Cutting up allocates nothing either.
func TestPiecesAllocateNothing(t *testing.T) {
	for _, k := range inPieces() {
		var g guard
		r := rand.New(rand.NewPCG(1, 2))
		w, u, in, tr := shape{neurons: 80, inputs: 60, steps: 20, density: 0.7, layout: "panels"}.build(t, &g, r)
		sums := matrix(t, &g, r, 20, 80, 0, "panels")
		if n := testing.AllocsPerRun(10, func() {
			k.forward(w, u, in, tr)
			k.sumRows(sums, w, in)
		}); n != 0 {
			t.Errorf("tier %s: %v allocations", k.name, n)
		}
	}
}
