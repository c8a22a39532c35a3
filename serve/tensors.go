package serve

import (
	"fmt"
	"slices"

	"github.com/snurun/snurun/model"
)

// The datatypes of the protocol that are taken or given.
const (
	typeBool  = "BOOL"
	typeUint8 = "UINT8"
	typeInt32 = "INT32"
	typeInt64 = "INT64"
	typeFP32  = "FP32"
	typeBytes = "BYTES"
)

// The inputs of models. A request has one of those that its model takes.
const (
	inImage     = "image"     // UINT8 [n, …]: intensities, 255 is full
	inIntensity = "intensity" // FP32 [n, …]: intensities from 0 to 1
	inSpikes    = "spikes"    // UINT8 or BOOL [n, T, N]
	inValues    = "values"    // FP32 [n, T, N], analog; of signals [n, T, values a step]
	inEvents    = "events"    // INT32 or INT64 [n, 4]: t µs, x, y, p of one recording
	inFile      = "file"      // BYTES [n]: files of any kind that classify takes
)

// The outputs. Those of a layer have its number behind a dot, that of the input
// counts as "input": spikes.0, membrane.2, spikes.input.
const (
	outClass    = "class"
	outScores   = "scores"
	outName     = "name"
	outSteps    = "steps"
	outSpikes   = "spikes"   // without a layer: how many there were in all layers
	outSynOps   = "synops"   // synaptic operations
	outMembrane = "membrane" // of a layer only
)

// inputs lists what the model takes, one of which a request has.
func (m *Model) inputs() []tensorMetadata {
	in := m.net.Input()
	n := in.Size()
	sample := append([]int{-1}, in.Shape...)
	var list []tensorMetadata
	switch width := in.Encoder.Width(); {
	case m.encoder != nil:
		list = append(list, tensorMetadata{inImage, typeUint8, sample}, tensorMetadata{inIntensity, typeFP32, sample})
	case width > 0:
		list = append(list, tensorMetadata{inValues, typeFP32, []int{-1, -1, width}})
	default:
		list = append(list, tensorMetadata{inEvents, typeInt32, []int{-1, 4}})
	}
	if in.Encoder.Analog() {
		list = append(list, tensorMetadata{inValues, typeFP32, []int{-1, -1, n}})
	} else {
		list = append(list, tensorMetadata{inSpikes, typeUint8, []int{-1, -1, n}})
	}
	return append(list, tensorMetadata{inFile, typeBytes, []int{-1}})
}

// outputs lists what the model can be asked for.
func (m *Model) outputs() []tensorMetadata {
	by := []int{-1} // sample, and where there is a decision at every step by step
	if m.net.Readout().Kind.EachStep() {
		by = append(by, -1)
	}
	list := []tensorMetadata{
		{outClass, typeInt64, by}, {outScores, typeFP32, append(slices.Clone(by), m.net.OutSize())}, {outName, typeBytes, by}, {outSteps, typeInt64, []int{-1}},
		{outSpikes, typeInt64, []int{-1}}, {outSynOps, typeInt64, []int{-1}}, {outSpikes + ".input", inputType(m.net.Input()), []int{-1, -1, m.net.InSize()}},
	}
	layers := m.net.Model().Layers
	for i := range layers {
		l := &layers[i]
		if !l.HasNeurons() {
			continue
		}
		datatype := typeFP32
		if l.Spikes() {
			datatype = typeUint8
		}
		list = append(list,
			tensorMetadata{fmt.Sprint(outSpikes, ".", i), datatype, []int{-1, -1, l.OutSize()}},
			tensorMetadata{fmt.Sprint(outMembrane, ".", i), typeFP32, []int{-1, -1, l.OutSize()}})
	}
	return slices.Clip(list)
}

// inputType is the type of what the encoder yields.
func inputType(in model.Input) string {
	if in.Encoder.Analog() {
		return typeFP32
	}
	return typeUint8
}
