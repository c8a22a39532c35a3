package model

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/spike"
)

// valid returns a network that uses every field.
func valid() *Network {
	threshold := 0.0
	w := Matrix(3, 2, []float32{1, 2, 3, 4, 5, 6})
	h := Matrix(3, 3, make([]float32, 9))
	return &Network{
		Name: "test", Steps: 4,
		Metadata: map[string]any{"a": "b", "c": 1.5},
		Input:    Input{Dt: 1, Shape: []int{2}, Encoder: Encoder{Coding: Poisson, RateHz: 100, Threshold: &threshold}},
		Classes:  []string{"x", "y"},
		Layers: []Layer{
			{Name: "hidden", Kind: SNU, In: []int{2}, Out: []int{3}, Activation: LeakyReLU, Slope: 0.1, Output: Step, Reset: ResetSubtract,
				Weight: w, Recurrent: &h, Current: []float32{1, 2, 3}, Decay: []float32{0.9}, Bias: []float32{-1, -1, -1}, Theta: []float32{1}, Initial: []float32{0.5}},
			{Kind: Dense, In: []int{3}, Out: []int{2}, Activation: Identity, Output: None, Reset: ResetNone,
				Weight: Tensor{Shape: []int{2, 3}, I8: []int8{1, -2, 3, -128, 127, 0}, Scale: []float32{0.5, 0.25}}},
		},
		Readout:  Readout{Kind: MembraneSum},
		SelfTest: &SelfTest{Inputs: []spike.Input{spike.NewTrain(4, 2)}},
	}
}

func TestValid(t *testing.T) {
	m := valid()
	if err := m.Validate(); err != nil {
		t.Fatal(err)
	}
	if got := m.Neurons(); got != 5 {
		t.Errorf("%d neurons, expected 5", got)
	}
	if got := m.Parameters(); got != 6+9+3+1+3+1+1+6 {
		t.Errorf("%d parameters, expected 30", got)
	}
	if m.Layers[0].Spikes() == false || m.Layers[1].Spikes() {
		t.Error("layer 0 spikes, layer 1 does not")
	}
	if b := m.Layers[1].Weight.Bytes(); b != 6+8 {
		t.Errorf("quantised weights take %d bytes, expected 14", b)
	}
	if b := m.Layers[0].Weight.Bytes(); b != 24 {
		t.Errorf("weights take %d bytes, expected 24", b)
	}
}

func TestRow(t *testing.T) {
	m := valid()
	if got := m.Layers[0].Weight.Row(1, nil); !slices.Equal(got, []float32{3, 4}) {
		t.Errorf("row 1 is %v, expected [3 4]", got)
	}
	q := &m.Layers[1].Weight
	if got := q.Row(1, nil); !slices.Equal(got, []float32{-32, 31.75, 0}) {
		t.Errorf("quantised row 1 is %v, expected [-32 31.75 0]", got)
	}
	q.Scale = q.Scale[:1]
	if got := q.Row(1, make([]float32, 8)); !slices.Equal(got, []float32{-64, 63.5, 0}) {
		t.Errorf("row 1 with one scale is %v, expected [-64 63.5 0]", got)
	}
}

func TestBroadcast(t *testing.T) {
	for _, c := range []struct{ p, want []float32 }{
		{nil, []float32{0, 0, 0, 0, 0, 0}},
		{[]float32{3}, []float32{3, 3, 3, 3, 3, 3}},
		{[]float32{3, 4}, []float32{3, 3, 3, 4, 4, 4}},
		{[]float32{3, 4, 5}, []float32{3, 3, 4, 4, 5, 5}},
		{[]float32{1, 2, 3, 4, 5, 6}, []float32{1, 2, 3, 4, 5, 6}},
	} {
		if got := Broadcast(c.p, 6); !slices.Equal(got, c.want) {
			t.Errorf("Broadcast(%v, 6) is %v, expected %v", c.p, got, c.want)
		}
	}
}

func TestEncoderAnalog(t *testing.T) {
	for _, c := range []struct {
		e    Encoder
		want bool
	}{
		{Encoder{Coding: Poisson}, false}, {Encoder{Coding: Latency}, false}, {Encoder{Coding: Direct}, true},
		{Encoder{Coding: Events}, false}, {Encoder{Coding: Events, Counts: true}, true},
	} {
		if got := c.e.Analog(); got != c.want {
			t.Errorf("%+v: analog %v", c.e, got)
		}
	}
}

func TestInvalid(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		says   string
		damage func(m *Network)
	}{
		{"dt_ms is 0", func(m *Network) { m.Input.Dt = 0 }},
		{"dt_ms is NaN", func(m *Network) { m.Input.Dt = Millis(math.NaN()) }},
		{"dt_ms is +Inf", func(m *Network) { m.Input.Dt = Millis(math.Inf(1)) }},
		{"steps is 1048577", func(m *Network) { m.Steps = MaxSteps + 1 }},
		{"steps is 0", func(m *Network) { m.Steps = 0 }},
		{"1048576 steps of 2048 inputs are more than", func(m *Network) { m.Steps, m.Input.Shape = MaxSteps, []int{2048} }},
		{`metadata "a" is NaN`, func(m *Network) { m.Metadata["a"] = math.NaN() }},
		{`metadata "a" is a int`, func(m *Network) { m.Metadata["a"] = 1 }},
		{"input: shape has no dimensions", func(m *Network) { m.Input.Shape = nil }},
		{"input: shape is [0]", func(m *Network) { m.Input.Shape = []int{0} }},
		{"more than", func(m *Network) { m.Input.Shape = []int{1 << 30} }},
		{"more than", func(m *Network) { m.Input.Shape = []int{1 << 20, 1 << 20, 1 << 20} }},
		{`encoder "" is unknown`, func(m *Network) { m.Input.Encoder.Coding = "" }},
		{"rate_hz is 0", func(m *Network) { m.Input.Encoder.RateHz = 0 }},
		{"rate_hz is +Inf", func(m *Network) { m.Input.Encoder.RateHz = math.Inf(1) }},
		{"bin_us is 0", func(m *Network) { m.Input.Encoder = Encoder{Coding: Events} }},
		{"threshold is NaN", func(m *Network) { *m.Input.Encoder.Threshold = math.NaN() }},
		{"no layers", func(m *Network) { m.Layers = nil }},
		{"layer 0 (\"hidden\"): in is [-1]", func(m *Network) { m.Layers[0].In[0] = -1 }},
		{"layer 1: out has no dimensions", func(m *Network) { m.Layers[1].Out = nil }},
		{`kind "lstm" is unknown`, func(m *Network) { m.Layers[0].Kind = "lstm" }},
		{"layer 1: a dense layer has no decay, expected kind snu or conv2d", func(m *Network) { m.Layers[1].Decay = []float32{1} }},
		{`activation "tanh" is unknown`, func(m *Network) { m.Layers[0].Activation = "tanh" }},
		{"slope is NaN", func(m *Network) { m.Layers[0].Slope = nan }},
		{`output "maybe" is unknown`, func(m *Network) { m.Layers[0].Output = "maybe" }},
		{`reset "later" is unknown`, func(m *Network) { m.Layers[0].Reset = "later" }},
		{"reset subtract needs an output", func(m *Network) { m.Layers[0].Output = None }},
		{"reset subtract needs theta", func(m *Network) { m.Layers[0].Theta = nil }},
		{"reset lateral needs output step", func(m *Network) {
			m.Layers[0].Reset, m.Layers[0].Output, m.Layers[0].Theta = ResetLateral, Sigmoid, nil
		}},
		{"theta is only for", func(m *Network) { m.Layers[0].Reset = ResetZero }},
		{"recurrent needs an output", func(m *Network) {
			m.Layers[0].Output, m.Layers[0].Reset, m.Layers[0].Theta = None, ResetNone, nil
		}},
		{"layer 1 takes shape [3], but layer 0 (\"hidden\") has shape [4]", func(m *Network) {
			l := &m.Layers[0]
			l.Out = []int{4}
			l.Weight = Matrix(4, 2, make([]float32, 8))
			l.Recurrent, l.Current, l.Bias = nil, nil, nil
		}},
		{"layer 0 (\"hidden\") takes shape [2], but input has shape [5]", func(m *Network) { m.Input.Shape[0] = 5 }},
		{"weight has shape [2 3], expected [3 2]", func(m *Network) { m.Layers[0].Weight.Shape = []int{2, 3} }},
		{"weight has 5 elements", func(m *Network) { m.Layers[0].Weight.F32 = make([]float32, 5) }},
		{"both f32 and i8", func(m *Network) { m.Layers[0].Weight.I8 = make([]int8, 6) }},
		{"weight[1,0] is NaN", func(m *Network) { m.Layers[0].Weight.F32[2] = nan }},
		{"recurrent[0,1] is +Inf", func(m *Network) { m.Layers[0].Recurrent.F32[1] = inf }},
		{"recurrent has shape", func(m *Network) { m.Layers[0].Recurrent.Shape = []int{3, 2} }},
		{"3 scales, expected 1 or 2", func(m *Network) { m.Layers[1].Weight.Scale = make([]float32, 3) }},
		{"scale[1] is 3e+38", func(m *Network) { m.Layers[1].Weight.Scale[1] = 3e38 }},
		{"scale[0] is NaN", func(m *Network) { m.Layers[1].Weight.Scale[0] = nan }},
		{"current has 2 values, expected 1 or 3", func(m *Network) { m.Layers[0].Current = make([]float32, 2) }},
		{"bias[2] is NaN", func(m *Network) { m.Layers[0].Bias[2] = nan }},
		{"decay[0] is 1.5", func(m *Network) { m.Layers[0].Decay[0] = 1.5 }},
		{"decay[0] is -0.5", func(m *Network) { m.Layers[0].Decay[0] = -0.5 }},
		{`readout "vote" is unknown`, func(m *Network) { m.Readout.Kind = "vote" }},
		{"readout spike_count needs", func(m *Network) { m.Readout.Kind = SpikeCount }},
		{"readout first_spike needs", func(m *Network) { m.Readout.Kind = FirstSpike }},
		{"3 class names for 2 output neurons", func(m *Network) { m.Classes = make([]string, 3) }},
		{"self-test input 0 has 3 channels", func(m *Network) { m.SelfTest.Inputs[0] = spike.NewTrain(1, 3) }},
		{"self-test input 0 is not of the kind", func(m *Network) { m.SelfTest.Inputs[0] = nil }},
		{"self-test has no inputs", func(m *Network) { m.SelfTest = &SelfTest{} }},
		{"self-test input 0 is not of the kind", func(m *Network) { m.SelfTest = &SelfTest{Inputs: []spike.Input{spike.NewValues(1, 2)}} }},
		{"self-test input 0 has 3 channels", func(m *Network) {
			m.Input.Encoder = Encoder{Coding: Direct}
			m.SelfTest = &SelfTest{Inputs: []spike.Input{spike.NewValues(1, 3)}}
		}},
	} {
		m := valid()
		c.damage(m)
		err := m.Validate()
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v, expected one that says %q", err, c.says)
		}
	}
	m := valid()
	m.Layers = m.Layers[:1]
	m.Readout.Kind, m.Classes = MembraneMax, nil
	if err := m.Validate(); err == nil || !strings.Contains(err.Error(), "needs a last layer with output none, but it is step: spike_count or first_spike may be meant") {
		t.Errorf("membrane_max over a spiking layer: %v", err)
	}
}

// On 32-bit machines in × out may overflow an int; it must be refused, not wrap.
func TestHugeWeightShape(t *testing.T) {
	m := valid()
	m.Input.Shape = []int{1 << 16}
	m.Layers[0].In = []int{1 << 16}
	m.Layers[0].Out = []int{1 << 16}
	m.Layers[0].Weight = Tensor{Shape: []int{1 << 16, 1 << 16}}
	if err := m.Validate(); !errors.Is(err, ErrInvalid) {
		t.Errorf("error %v, expected ErrInvalid", err)
	}
	m = valid()
	m.Input.Shape = []int{3, math.MaxInt/3 + 2} // the product wraps around
	if err := m.Validate(); !errors.Is(err, ErrInvalid) {
		t.Errorf("error %v, expected ErrInvalid", err)
	}
}
