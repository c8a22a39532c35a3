package live

import (
	"fmt"
	"math"
	"time"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
)

// Card says what a model is and how it does on this machine. The names of its
// JSON are those of 'snurun inspect --json' where that has them.
type Card struct {
	Name       string         `json:"name"`    // that the model is called by
	Version    string         `json:"version"` // the first 12 digits of the SHA-256
	SHA256     string         `json:"sha256"`
	Bytes      int64          `json:"bytes"`
	Format     int            `json:"format"` // version of the file format
	Title      string         `json:"title,omitempty"`
	CreatedBy  string         `json:"created_by,omitempty"`
	Topology   string         `json:"topology"`
	Neurons    int            `json:"neurons"`
	Parameters int            `json:"parameters"`
	Synapses   int64          `json:"synapses"`
	DtMS       model.Millis   `json:"dt_ms"` // of a time step
	Steps      int            `json:"steps"` // of a presentation
	Input      CardInput      `json:"input"`
	Outputs    int            `json:"outputs"`
	Classes    []string       `json:"classes,omitempty"`
	Readout    string         `json:"readout"`
	Margin     float32        `json:"margin,omitempty"` // recommended for early decisions
	Layers     []CardLayer    `json:"layers"`
	Kernel     string         `json:"kernel"` // tier that runs it on this machine
	SelfTest   Test           `json:"selftest"`
	Metadata   map[string]any `json:"metadata,omitempty"`
	Loaded     time.Time      `json:"loaded"`
}

// CardInput is what a model takes in.
type CardInput struct {
	Shape     []int      `json:"shape"`
	Channels  int        `json:"channels"`
	Plane     *CardPlane `json:"plane,omitempty"` // absent if the shape sees no pixels
	Image     bool       `json:"image"`           // it takes grey images
	Encoder   string     `json:"encoder"`         // poisson, latency, direct or events
	Text      string     `json:"text"`            // the encoder and its parameters in a few words
	RateHz    float64    `json:"rate_hz,omitempty"`
	Threshold *float64   `json:"threshold,omitempty"`
	BinUS     float64    `json:"bin_us,omitempty"`
	Counts    bool       `json:"counts,omitempty"`
	Analog    bool       `json:"analog,omitempty"` // values, not spikes
}

// CardPlane is the pixels that an input sees.
type CardPlane struct {
	Channels int `json:"channels"`
	Height   int `json:"height"`
	Width    int `json:"width"`
}

// CardLayer is one layer.
type CardLayer struct {
	Name       string `json:"name,omitempty"`
	Kind       string `json:"kind"`
	In         []int  `json:"in"`
	Out        []int  `json:"out"`
	Neurons    int    `json:"neurons"` // 0: it only passes on
	Parameters int    `json:"parameters"`
	Recurrent  bool   `json:"recurrent,omitempty"`
	Integer    bool   `json:"integer,omitempty"` // it sums its weights as integers
	Activation string `json:"activation,omitempty"`
	Output     string `json:"output,omitempty"`
	Reset      string `json:"reset,omitempty"`
	Spikes     bool   `json:"spikes"`         // it hands spikes on
	Plan       string `json:"plan,omitempty"` // how this machine runs it
	Decay      *Range `json:"decay,omitempty"`
	Threshold  *Range `json:"threshold,omitempty"` // −b
}

// Range is where the values of a parameter lie.
type Range struct {
	Min  float64 `json:"min"`
	Mean float64 `json:"mean"`
	Max  float64 `json:"max"`
}

// Test is the outcome of a model's self-test on this machine.
type Test struct {
	Result       string  `json:"result"` // passed, or none if the file carries no test
	Inputs       int     `json:"inputs,omitempty"`
	Steps        int     `json:"steps,omitempty"`
	Milliseconds float64 `json:"ms,omitempty"`
}

// NewCard describes the model m that goes by name, and net, what it was compiled
// to. info is of its file, tested what Prove said.
func NewCard(name string, m *model.Network, net *runtime.Network, info export.Info, tested Test) Card {
	in := m.Input
	c := Card{
		Name: name, SHA256: fmt.Sprintf("%x", info.SHA256), Bytes: info.Size, Format: info.Version, Title: m.Name, CreatedBy: m.CreatedBy,
		Topology: m.Topology(), Neurons: m.Neurons(), Parameters: m.Parameters(), DtMS: in.Step(), Steps: m.Steps,
		Outputs: net.OutSize(), Classes: m.Classes, Readout: string(m.Readout.Kind), Margin: m.Readout.Margin, Kernel: net.Kernel(),
		SelfTest: tested, Metadata: map[string]any{}, Loaded: time.Now(),
		Input: CardInput{
			Shape: in.Shape, Channels: in.Size(), Image: takesImages(in), Encoder: string(in.Encoder.Coding), Text: in.Encoder.String(),
			RateHz: in.Encoder.RateHz, Threshold: in.Encoder.Threshold, BinUS: in.Encoder.BinUS, Counts: in.Encoder.Counts, Analog: in.Encoder.Analog(),
		},
	}
	c.Version = c.SHA256[:12]
	if p, err := in.Plane(0, 0); err == nil {
		c.Input.Plane = &CardPlane{p.Channels, p.Height, p.Width}
	}
	for i := range m.Layers {
		l := &m.Layers[i]
		card := CardLayer{
			Name: l.Name, Kind: string(l.Kind), In: l.In, Out: l.Out, Parameters: l.Parameters(), Recurrent: l.Recurrent != nil,
			Integer: l.Integer(), Activation: string(l.Activation), Output: string(l.Output), Reset: string(l.Reset), Spikes: l.Spikes(),
		}
		if l.HasNeurons() {
			card.Neurons, card.Plan = l.OutSize(), net.Plan(i).String()
			card.Decay = rangeOf(l.Decay, 1)
			if l.Output != model.None {
				card.Threshold = rangeOf(l.Bias, -1)
			}
			c.Synapses += l.Synapses()
		}
		c.Layers = append(c.Layers, card)
	}
	for k, v := range m.Metadata {
		if f, ok := v.(float64); k == "history" || ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
			continue // long, or no JSON
		}
		c.Metadata[k] = v
	}
	return c
}

// Prove runs the self-test of a model file on the network compiled from it. The
// error is a runtime.ErrSelfTest if it fails.
func Prove(net *runtime.Network, test *model.SelfTest) (Test, error) {
	if test == nil {
		return Test{Result: "none"}, nil
	}
	start := time.Now()
	digest, err := net.Digest(test)
	if err != nil {
		return Test{}, err
	}
	if digest != test.Digest {
		return Test{}, fmt.Errorf("%w: this machine computes the digest %x…, the file says %x…", runtime.ErrSelfTest, digest[:4], test.Digest[:4])
	}
	t := Test{Result: "passed", Inputs: len(test.Inputs), Milliseconds: float64(time.Since(start).Microseconds()) / 1e3}
	for _, x := range test.Inputs {
		t.Steps += x.Steps()
	}
	return t, nil
}

// rangeOf returns the range of values times sign, nil of none.
func rangeOf(values []float32, sign float64) *Range {
	if len(values) == 0 {
		return nil
	}
	r := Range{Min: math.Inf(1), Max: math.Inf(-1)}
	for _, v := range values {
		x := float64(sign*float64(v)) + 0 // −0 becomes 0
		r.Min, r.Max = min(r.Min, x), max(r.Max, x)
		r.Mean += x / float64(len(values))
	}
	return &r
}

// minRow is the least width of a picture that is said by the number of its pixels
// alone. Fewer channels are a bank of sensors.
const minRow = 16

// takesImages reports whether grey images can be encoded for an input.
func takesImages(in model.Input) bool {
	p, err := in.Plane(0, 0)
	if err != nil || p.Channels != 1 || p.Height*p.Width != in.Size() || min(p.Height, p.Width) < 8 || len(in.Shape) == 1 && p.Width < minRow {
		return false
	}
	_, err = dataset.NewEncoder(in)
	return err == nil
}
