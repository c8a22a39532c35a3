package dataset

import (
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// Presentation is room for the input of one sample: Values if the network
// takes analog input, else Spikes. It is for one goroutine and reused from
// sample to sample.
type Presentation struct {
	Analog bool
	Spikes spike.Train
	Values spike.Values
}

// NewPresentation returns room for a number of time steps of a network's input.
func NewPresentation(in model.Input, steps int) *Presentation {
	if in.Encoder.Analog() {
		return &Presentation{Analog: true, Values: spike.NewValues(steps, in.Size())}
	}
	return &Presentation{Spikes: spike.NewTrain(steps, in.Size())}
}

// Load overwrites the presentation with sample i of source, under the noise of
// key.
func (p *Presentation) Load(source Source, i int, key Key) error {
	if p.Analog {
		return source.Values(p.Values, i, key)
	}
	return source.Spikes(p.Spikes, i, key)
}
