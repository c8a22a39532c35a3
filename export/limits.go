package export

import (
	"cmp"
	"math"
)

// Limits bounds what a model file may ask for; a field of 0 or less stands for
// its default. Reading a file over a limit fails with ErrLimit. To read a large
// model, raise the limit:
//
//	m, err := export.Limits{Neurons: 8 << 20}.ReadFile("large.msgpack")
type Limits struct {
	Bytes   int64 // size of the file; DefaultBytes
	Layers  int   // number of layers; DefaultLayers
	Neurons int   // neurons of all layers and outputs of pool2d layers; DefaultNeurons
}

// The default limits.
const (
	DefaultBytes   = 256 << 20
	DefaultLayers  = 1 << 10
	DefaultNeurons = 1 << 20
)

func (l Limits) withDefaults() Limits {
	return Limits{
		Bytes:   min(cmp.Or(max(l.Bytes, 0), DefaultBytes), math.MaxInt-1),
		Layers:  cmp.Or(max(l.Layers, 0), DefaultLayers),
		Neurons: cmp.Or(max(l.Neurons, 0), DefaultNeurons),
	}
}
