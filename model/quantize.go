package model

import (
	"fmt"
	"math"
)

// QuantizeLoss is what a layer lost by Quantize. Recurrent weights count as its
// other ones do.
type QuantizeLoss struct {
	Layer   int
	Weights int
	// Error is the root mean square of what rounding changed, as a share of the
	// root mean square of the weights.
	Error float64
	Zeros int // weights other than 0 that became 0
}

// Quantize returns the network with weights of integers from −(2^(bits−1) − 1) to
// 2^(bits−1) − 1, bits being 2 to 8, which its layers sum exactly, and what each
// layer lost. The scale of a row, the weights of a neuron or of a channel, is the
// largest magnitude in it over the largest integer, rounded to float32; a weight
// becomes the integer nearest to its quotient, of two the even one. All else is
// shared with n, which must be valid, but the self-test: it is left out, since
// other weights have another digest.
//
// A layer with weights that takes analog values, one that adds up inputs which
// average pooling scales by different factors, a recurrent layer whose output is
// not step, and one with so many weights that their sum could leave what is exact
// in float32 cannot be quantised. The error is an ErrInvalid that names it.
func Quantize(n *Network, bits int) (*Network, []QuantizeLoss, error) {
	if bits < 2 || bits > 8 {
		return nil, nil, fmt.Errorf("quantise: weights of %d bits, expected 2 to 8", bits)
	}
	q := *n
	q.SelfTest = nil
	q.Layers = append([]Layer(nil), n.Layers...)
	var losses []QuantizeLoss
	for i := range q.Layers {
		l := &q.Layers[i]
		if !l.HasNeurons() {
			continue
		}
		if l.Integer() {
			return nil, nil, fmt.Errorf("quantise: %w: %s has integer weights already, expected float32 or i8", ErrInvalid, n.where(i))
		}
		s := loss{QuantizeLoss: QuantizeLoss{Layer: i}}
		l.Weight = s.quantize(&l.Weight, bits)
		if l.Recurrent != nil {
			h := s.quantize(l.Recurrent, bits)
			l.Recurrent = &h
		}
		if s.power > 0 {
			s.Error = math.Sqrt(s.noise / s.power)
		}
		losses = append(losses, s.QuantizeLoss)
	}
	if err := q.Validate(); err != nil {
		return nil, nil, fmt.Errorf("quantise: %w", err)
	}
	return &q, losses, nil
}

// loss adds up a QuantizeLoss.
type loss struct {
	QuantizeLoss
	noise, power float64
}

// Integer is how Quantize makes integers of at most Most of weights.
type Integer struct{ Most int }

// IntegerOf returns the integers of a number of bits, 2 to 8.
func IntegerOf(bits int) Integer { return Integer{1<<(bits-1) - 1} }

// Scale returns the scale of a row whose largest magnitude is given: that over the
// largest integer, rounded to float32.
func (n Integer) Scale(largest float32) float32 { return float32(float64(largest) / float64(n.Most)) }

// Round returns the integer nearest to w/scale, of two the even one; 0 of a scale
// of 0, since a scale may underflow.
func (n Integer) Round(w, scale float32) int8 {
	if scale == 0 {
		return 0
	}
	k := math.RoundToEven(float64(w) / float64(scale))
	if k != k {
		return 0 // what an integer of NaN is differs between CPUs
	}
	return int8(min(max(k, -float64(n.Most)), float64(n.Most))) // the scale was rounded
}

func (s *loss) quantize(t *Tensor, bits int) Tensor {
	integer := IntegerOf(bits)
	q := Tensor{Shape: t.Shape, I8: make([]int8, 0, t.Len()), Scale: make([]float32, t.Shape[0]), Integer: true}
	var row []float32
	for j := range q.Scale {
		row = t.Row(j, row)
		largest := float32(0)
		for _, w := range row {
			largest = max(largest, w, -w)
		}
		q.Scale[j] = integer.Scale(largest)
		for _, w := range row {
			k := integer.Round(w, q.Scale[j])
			q.I8 = append(q.I8, k)
			if k == 0 && w != 0 {
				s.Zeros++
			}
			// Rounded on their own: the figures are the same everywhere.
			change := float64(w) - float64(float64(k)*float64(q.Scale[j]))
			s.noise += float64(change * change)
			s.power += float64(float64(w) * float64(w))
		}
		s.Weights += len(row)
	}
	return q
}
