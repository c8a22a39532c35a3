package model

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestQuantize compares the integers with those of a search, and what is lost
// with its definition.
func TestQuantize(t *testing.T) {
	t.Parallel()
	m := integerNetwork().Floats()
	r := rand.New(rand.NewPCG(1, 2))
	for i := range m.Layers {
		l := &m.Layers[i]
		if !l.HasNeurons() {
			continue
		}
		for k := range l.Weight.F32 {
			l.Weight.F32[k] = float32(r.NormFloat64())
		}
		for k := range l.Weight.F32[:l.InSize()] { // a row of zeros, one of denormals
			l.Weight.F32[k] = 0
			l.Weight.F32[l.InSize()+k] = math.Float32frombits(uint32(k))
		}
	}
	for _, bits := range []int{2, 4, 8} {
		q, losses, err := Quantize(m, bits)
		if err != nil {
			t.Fatal(err)
		}
		if len(losses) != 2 || losses[0].Layer != 1 || losses[1].Weights != 3*5+3*3 {
			t.Fatalf("%d bits: losses %+v", bits, losses)
		}
		most := 1<<(bits-1) - 1
		for at, loss := range losses {
			was, is := &m.Layers[loss.Layer], &q.Layers[loss.Layer]
			noise, power, zeros := 0.0, 0.0, 0
			pairs := [][2]*Tensor{{&was.Weight, &is.Weight}}
			if was.Recurrent != nil {
				pairs = append(pairs, [2]*Tensor{was.Recurrent, is.Recurrent})
			}
			for _, p := range pairs {
				columns := p[0].Len() / p[0].Shape[0]
				for k, w := range p[0].F32 {
					scale := p[1].Scale[k/columns]
					best, least := 0, math.Inf(1)
					for q := -most; q <= most; q++ {
						d := math.Abs(float64(w) - float64(q)*float64(scale))
						if d < least || d == least && q%2 == 0 && best%2 != 0 {
							best, least = q, d
						}
					}
					if scale == 0 {
						best = 0
					}
					if got := int(p[1].I8[k]); got != best {
						t.Errorf("%d bits, layer %d: %v at scale %v becomes %d, expected %d", bits, loss.Layer, w, scale, got, best)
					}
					noise, power = noise+least*least, power+float64(w)*float64(w)
					if best == 0 && w != 0 {
						zeros++
					}
				}
			}
			if want := math.Sqrt(noise / power); math.Abs(loss.Error-want) > 1e-9*want || loss.Zeros != zeros {
				t.Errorf("%d bits, layer %d: lost %+v, expected %v and %d zeros", bits, at, loss, want, zeros)
			}
		}
	}
}

func TestQuantizeRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		says  string
		spoil func(m *Network)
		bits  int
	}{
		{"weights of 9 bits, expected 2 to 8", func(*Network) {}, 9},
		{"weights of 1 bits, expected 2 to 8", func(*Network) {}, 1},
		{"layer 1: weight is integer, but analog values come in", func(m *Network) { m.Input.Encoder = Encoder{Coding: Direct} }, 8},
		{"layer 2: weight is integer, but analog values come in", func(m *Network) { m.Layers[1].Output = Sigmoid }, 8},
		{"layer 2: recurrent is integer, but output is sigmoid, expected step", func(m *Network) { m.Layers[2].Output = Sigmoid }, 8},
		{"layer 1 has integer weights already", func(m *Network) { m.Layers = integerNetwork().Layers }, 8},
	} {
		m := integerNetwork().Floats()
		c.spoil(m)
		if _, _, err := Quantize(m, c.bits); err == nil || !strings.Contains(err.Error(), c.says) || errors.Is(err, ErrInvalid) != (c.bits == 8) {
			t.Errorf("error %v, expected one that says %q", err, c.says)
		}
	}
}

// TestRoundOfNoNumber rounds what is no number of integers to the same on every CPU.
func TestRoundOfNoNumber(t *testing.T) {
	n := IntegerOf(8)
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		w, scale float32
		want     int8
	}{{float32(math.NaN()), 1, 0}, {1, float32(math.NaN()), 0}, {inf, 1, 127}, {-inf, 1, -127}, {inf, inf, 0}, {3e38, 1e-38, 127}, {-2.5, 1, -2}, {1, 0, 0}} {
		if got := n.Round(c.w, c.scale); got != c.want {
			t.Errorf("%v at a scale of %v is %d, expected %d", c.w, c.scale, got, c.want)
		}
	}
}
