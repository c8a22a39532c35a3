package serve

import (
	"net/http"
	"time"

	"github.com/snurun/snurun/model"
)

// Card is what there is to say of a model, as GET /api/models has it.
type Card struct {
	Name       string         `json:"name"`
	Version    string         `json:"version"`
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
	Integer    bool   `json:"integer,omitempty"` // its weights are integers
	Activation string `json:"activation,omitempty"`
	Output     string `json:"output,omitempty"`
	Spikes     bool   `json:"spikes"`         // it hands spikes on
	Plan       string `json:"plan,omitempty"` // how this machine runs it
}

// Test is the outcome of a model's self-test on this machine.
type Test struct {
	Result       string  `json:"result"` // passed, or none if the file carries no test
	Inputs       int     `json:"inputs,omitempty"`
	Steps        int     `json:"steps,omitempty"`
	Milliseconds float64 `json:"ms,omitempty"`
}

// newCard describes a model from what its file says, weights included.
func newCard(m *Model, n *model.Network, tested Test) Card {
	in := n.Input
	c := Card{
		Name: m.name, Version: m.version, Title: n.Name, CreatedBy: n.CreatedBy, Topology: n.Topology(), Neurons: n.Neurons(),
		Parameters: n.Parameters(), DtMS: in.Step(), Steps: n.Steps, Outputs: m.net.OutSize(), Classes: n.Classes,
		Readout: string(n.Readout.Kind), Margin: n.Readout.Margin, Kernel: m.net.Kernel(), SelfTest: tested, Metadata: n.Metadata, Loaded: time.Now(),
		Input: CardInput{
			Shape: in.Shape, Channels: in.Size(), Encoder: string(in.Encoder.Coding), Text: in.Encoder.String(), RateHz: in.Encoder.RateHz,
			Threshold: in.Encoder.Threshold, BinUS: in.Encoder.BinUS, Counts: in.Encoder.Counts, Analog: in.Encoder.Analog(),
		},
	}
	if p, err := in.Plane(0, 0); err == nil {
		c.Input.Plane = &CardPlane{p.Channels, p.Height, p.Width}
	}
	for i := range n.Layers {
		l := &n.Layers[i]
		card := CardLayer{
			Name: l.Name, Kind: string(l.Kind), In: l.In, Out: l.Out, Parameters: l.Parameters(), Recurrent: l.Recurrent != nil,
			Integer: l.Integer(), Activation: string(l.Activation), Output: string(l.Output), Spikes: l.Spikes(),
		}
		if l.HasNeurons() {
			card.Neurons, card.Plan = l.OutSize(), m.net.Plan(i).String()
			c.Synapses += l.Synapses()
		}
		c.Layers = append(c.Layers, card)
	}
	return c
}

// cards answers GET /api/models.
func (s *Server) cards(w http.ResponseWriter, _ *http.Request) {
	cards := []*Card{}
	for _, m := range s.models.all() {
		cards = append(cards, m.Card())
	}
	writeJSON(w, http.StatusOK, cards)
}
