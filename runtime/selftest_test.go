package runtime

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// weakNetwork is a network 100-64-10 whose weights, of a standard deviation of
// scale/√n, move no neuron to its threshold in a few steps of small inputs.
func weakNetwork(seed uint64, scale float64, coding model.Coding) *model.Network {
	r := rand.New(rand.NewPCG(seed, 4))
	m := &model.Network{
		Steps: 100, Readout: model.Readout{Kind: model.SpikeCount},
		Input: model.Input{Dt: 1, Shape: []int{100}, Encoder: model.Encoder{Coding: coding, RateHz: 100}},
	}
	sizes := []int{100, 64, 10}
	for i, out := range sizes[1:] {
		w := make([]float32, sizes[i]*out)
		for k := range w {
			w[k] = float32(scale / math.Sqrt(float64(sizes[i])) * r.NormFloat64())
		}
		m.Layers = append(m.Layers, model.Layer{
			Kind: model.SNU, In: []int{sizes[i]}, Out: []int{out}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(out, sizes[i], w), Decay: []float32{0.99}, Bias: []float32{-1},
		})
	}
	return m
}

// changing returns the share of the neurons of each layer that spike in some
// steps of the self-test and not in others.
func changing(t *testing.T, m *model.Network) []float64 {
	s := mustCompile(t, m).NewSession()
	counts := make([]map[int]int, len(m.Layers))
	steps := 0
	step := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
		steps++
		for i := range counts {
			for j := range s.Spikes(i).All() {
				if counts[i] == nil {
					counts[i] = map[int]int{}
				}
				counts[i][j]++
			}
		}
	}
	for _, x := range m.SelfTest.Inputs {
		for k := range x.Steps() {
			step(s.Step(x, k))
		}
	}
	shares := make([]float64, len(counts))
	for i, c := range counts {
		for _, n := range c {
			if n < steps {
				shares[i] += 1 / float64(m.Layers[i].OutSize())
			}
		}
	}
	return shares
}

// TestRandomSelfTestReaches: different weights have different digests, also of
// networks that small inputs leave silent. Layers that are out of reach are named.
func TestRandomSelfTestReaches(t *testing.T) {
	for _, c := range []struct {
		coding  model.Coding
		scale   float64
		reached int
	}{
		{model.Direct, 0.01, 1}, {model.Direct, 0.1, 2}, {model.Direct, 1, 2}, {model.Direct, 30, 2},
		{model.Poisson, 0.1, 1}, {model.Poisson, 0.3, 2}, {model.Poisson, 1, 2}, {model.Poisson, 30, 2},
	} {
		var digests [2][32]byte
		for seed := range uint64(2) {
			m := weakNetwork(seed, c.scale, c.coding)
			idle, err := AddRandomSelfTest(m)
			if err != nil {
				t.Fatal(err)
			}
			shares := changing(t, m)
			if slices.Min(shares[:c.reached]) < 0.15 {
				t.Errorf("%s, scale %v: shares of neurons that fire at times %.2f", c.coding, c.scale, shares)
			}
			for i, share := range shares {
				if slices.Contains(idle, i) != (share == 0) {
					t.Errorf("%s, scale %v: idle layers %v, shares of neurons that fire at times %.2f", c.coding, c.scale, idle, shares)
				}
			}
			if err := Verify(m); err != nil {
				t.Error(err)
			}
			digests[seed] = m.SelfTest.Digest
		}
		if digests[0] == digests[1] {
			t.Errorf("%s, scale %v: other weights have the same digest", c.coding, c.scale)
		}
	}
}

// TestRandomSelfTestSaysIdle: layers out of reach are named, those that never
// fire and those that always do.
func TestRandomSelfTestSaysIdle(t *testing.T) {
	for _, bias := range []float32{-1e9, 1e9} {
		m := weakNetwork(1, 0.1, model.Poisson)
		m.Layers[0].Bias[0] = bias
		m.Layers[1].Weight = model.Matrix(10, 64, make([]float32, 640))
		idle, err := AddRandomSelfTest(m)
		if err != nil || !slices.Equal(idle, []int{0, 1}) {
			t.Errorf("bias %v: idle layers %v, %v, expected 0 and 1", bias, idle, err)
		}
		if n := m.SelfTest.Inputs[0].Steps(); n != selfTestSteps {
			t.Errorf("bias %v: %d steps, expected no more than %d where more are of no use", bias, n, selfTestSteps)
		}
	}
}

// TestRandomSelfTestStaysSmall: the input stays within its bound, but for two
// steps of a wide one, and is the same each time.
func TestRandomSelfTestStaysSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("draws over many steps")
	}
	for _, size := range []int{1, 63, 784, 2 * 128 * 128} {
		for _, coding := range []model.Coding{model.Direct, model.Poisson} {
			draw := func() *model.SelfTest {
				m := &model.Network{
					Steps: model.MaxSteps / size, Readout: model.Readout{Kind: model.SpikeCount},
					Input: model.Input{Dt: 1, Shape: []int{size}, Encoder: model.Encoder{Coding: coding, RateHz: 100}},
					Layers: []model.Layer{{
						Kind: model.SNU, In: []int{size}, Out: []int{1}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
						Weight: model.Matrix(1, size, slices.Repeat([]float32{1e-30}, size)), Bias: []float32{-1},
					}},
				}
				if _, err := AddRandomSelfTest(m); err != nil {
					t.Fatal(err)
				}
				return m.SelfTest
			}
			st := draw()
			steps, bytes := 0, 0
			switch x := st.Inputs[0].(type) {
			case spike.Train:
				steps, bytes = x.Steps(), 8*len(x.Words())
			case spike.Values:
				steps, bytes = x.Steps(), 4*len(x.Data())
			}
			if steps < 2 || steps > 2 && bytes > selfTestBytes {
				t.Errorf("%d channels, %s: %d steps, %d bytes", size, coding, steps, bytes)
			}
			if again := draw(); again.Digest != st.Digest {
				t.Errorf("%d channels, %s: another self-test the second time", size, coding)
			}
		}
	}
}

// TestRandomSelfTestIsFinite: larger values are not taken where sums leave the
// range of float32, whose digest may differ between machines.
func TestRandomSelfTestIsFinite(t *testing.T) {
	m := weakNetwork(1, 1, model.Direct)
	for k := range m.Layers[0].Weight.F32 {
		m.Layers[0].Weight.F32[k] *= 1e35
	}
	m.Layers[0].Bias[0] = -3e38
	if _, err := AddRandomSelfTest(m); err != nil {
		t.Fatal(err)
	}
	s := mustCompile(t, m).NewSession()
	if _, err := s.Classify(m.SelfTest.Inputs[0]); err != nil {
		t.Error(err)
	}
	if notFinite(s.Membrane(0)) >= 0 {
		t.Error("membranes are not finite")
	}
	good := m.SelfTest
	for k := range m.Layers[0].Weight.F32 {
		m.Layers[0].Weight.F32[k] = 3e38
	}
	if _, err := AddRandomSelfTest(m); !errors.Is(err, ErrRange) || m.SelfTest != good {
		t.Errorf("a network whose sums are never finite: %v", err)
	}
}
