package model

import "math"

// maxSum is what the integer sum of a neuron stays below: every whole number up
// to it is a float32.
const maxSum = 1 << 24

// passes returns what the network's input passes on.
func (in Input) passes() passed {
	spikes, counts := !in.Encoder.Analog(), in.Encoder.Coding == Events && in.Encoder.Counts
	return passed{entries: int64(in.Size()), once: true, paths: 1, whole: spikes || counts, input: true, factor: 1, repeats: 1}
}

// add adds what another source passes on; the first is as it is.
func (p *passed) add(other *passed, first bool) {
	if first {
		p.factor = other.factor
	}
	p.mixed = p.mixed || other.mixed || other.factor != p.factor
	p.whole = p.whole && other.whole
	p.input = p.input || other.input
	p.repeats = min(p.repeats+other.repeats, maxSum)
}

// Share returns the factor of average pooling, 1/(height·width).
func (w *Window) Share() float32 { return 1 / float32(w.Kernel[0]*w.Kernel[1]) }

// validateInteger checks the elements and scales of a tensor whose shape is
// valid.
func (t *Tensor) validateInteger(where, field string) error {
	rows := t.Shape[0]
	if k := len(t.Scale); k != 1 && k != rows {
		return invalid("%s: %s has %d scales, expected 1 or %d, one a row", where, field, k, rows)
	}
	for j, s := range t.Scale {
		// The product with any sum must stay finite.
		if !(s >= 0 && s < math.MaxFloat32/maxSum) {
			return invalid("%s: %s scale[%d] is %v, expected 0 or a number above it, below 2^104", where, field, j, s)
		}
	}
	for k, q := range t.I8 {
		if q == math.MinInt8 {
			return invalid("%s: %s%s is %d, expected -127 to 127", where, field, place(k, t.Shape), q)
		}
	}
	return nil
}

// largestSum returns the largest sum of magnitudes of a row.
func (t *Tensor) largestSum() (row int, sum int64) {
	n := len(t.I8) / t.Shape[0]
	for j := range t.Shape[0] {
		s := int64(0)
		for _, q := range t.I8[j*n:][:n] {
			s += max(int64(q), -int64(q))
		}
		if s > sum {
			row, sum = j, s
		}
	}
	return row, sum
}

// validateIntegers checks that a layer which sums integers can: in comes in.
func (l *Layer) validateIntegers(where string, in passed) error {
	if l.Recurrent != nil && l.Recurrent.Integer != l.Weight.Integer {
		return invalid("%s: weight is integer: %v, recurrent: %v, expected both or none", where, l.Weight.Integer, l.Recurrent.Integer)
	}
	switch {
	case !l.Integer():
		return nil
	case !in.whole:
		return invalid("%s: weight is integer, but analog values come in, expected spikes or counts", where)
	case in.mixed:
		return invalid("%s: weight is integer, but average pooling scales what comes in by different factors, expected one", where)
	case l.Recurrent != nil && l.Output != Step:
		return invalid("%s: recurrent is integer, but output is %s, expected step", where, l.Output)
	}
	if row, sum := l.Weight.largestSum(); sum*in.repeats >= maxSum {
		return invalid("%s: the integer weights of row %d may add up to %d, expected less than 2^24", where, row, sum*in.repeats)
	}
	if l.Recurrent != nil {
		if row, sum := l.Recurrent.largestSum(); sum >= maxSum {
			return invalid("%s: the integer recurrent weights of row %d may add up to %d, expected less than 2^24", where, row, sum)
		}
	}
	return nil
}

// CountLimit returns the most events that may come into a valid network in a
// time step as counts so that its integer sums stay exact, −1 if there is no such
// bound: if no layer that sums integers takes its input. Spikes, one a channel,
// are within the bound of every valid network.
func (n *Network) CountLimit() int {
	passes := []passed{n.Input.passes()}
	limit := -1
	for i := range n.Layers {
		l := &n.Layers[i]
		in := n.into(i, passes)
		if l.Integer() && in.input {
			most := int((maxSum - 1) / (math.MaxInt8 * in.repeats))
			if limit < 0 || most < limit {
				limit = most
			}
		}
		out, err := l.Kind.Spec().passes(l, "", in)
		if err != nil {
			return 0 // not a valid network
		}
		passes = append(passes, out)
	}
	return limit
}

// Counts returns the number of events of a step that is given as counts, and the
// first channel whose value is none, not a whole number from 0 to 2²⁴ − 1, else −1.
func Counts(x []float32) (events float64, odd int) {
	for i, v := range x {
		if !(v >= 0 && v < maxSum) || v != float32(int32(v)) {
			return 0, i
		}
		events += float64(v)
	}
	return events, -1
}

// HasIntegers reports whether a layer sums integers.
func (n *Network) HasIntegers() bool {
	for i := range n.Layers {
		if n.Layers[i].Integer() {
			return true
		}
	}
	return false
}

// Floats returns the network with the float32 weights that its quantised ones
// stand for; the rest is shared. Its self-test, which integers computed, is left
// out if there were any.
func (n *Network) Floats() *Network {
	f := *n
	f.Layers = append([]Layer(nil), n.Layers...)
	if n.HasIntegers() {
		f.SelfTest = nil
	}
	for i := range f.Layers {
		l := &f.Layers[i]
		l.Weight = l.Weight.Float32()
		if l.Recurrent != nil {
			h := l.Recurrent.Float32()
			l.Recurrent = &h
		}
	}
	return &f
}
