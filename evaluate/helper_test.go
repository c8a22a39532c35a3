package evaluate

import (
	"slices"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/internal/refnet"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// digits returns a network that counts spikes, as float32, and the digits that are part of the program.
func digits(t testing.TB) (*model.Network, dataset.Source) {
	t.Helper()
	m, err := export.ReadFile("../testdata/counts.msgpack")
	if err != nil {
		t.Fatal(err)
	}
	m = m.Floats()
	return m, digitsFor(t, m)
}

func digitsFor(t testing.TB, m *model.Network) dataset.Source {
	t.Helper()
	set, err := dataset.Sample()
	if err != nil {
		t.Fatal(err)
	}
	source, err := dataset.FromImageSet(set, m.Input)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// withReadout returns a network that decides by another readout; for a membrane
// the last layer does not spike.
func withReadout(m *model.Network, kind model.ReadoutKind) *model.Network {
	other := *m
	other.Readout.Kind, other.SelfTest = kind, nil
	if kind == model.MembraneSum || kind == model.MembraneMax {
		other.Layers = slices.Clone(m.Layers)
		last := &other.Layers[len(other.Layers)-1]
		last.Output, last.Reset = model.None, model.ResetNone
	}
	return &other
}

func evaluator(t testing.TB, m *model.Network) *Evaluator {
	t.Helper()
	net, err := runtime.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	return New(net)
}

// task is a network and n samples for it.
type task struct {
	name  string
	model *model.Network
	set   Set
}

// tasks are networks of every kind: spiking, analog, recurrent, of planes.
func tasks(t testing.TB, n int) []task {
	t.Helper()
	m, source := digits(t)
	analog := *m
	analog.Input.Encoder, analog.SelfTest = model.Encoder{Coding: model.Direct}, nil
	recurrent := refnet.B
	recurrent.Steps = 7
	recurrent.Layers[0].Size, recurrent.Layers[1].Size = 96, 70
	planes, err := export.ReadFile("../export/testdata/planes.msgpack")
	if err != nil {
		t.Fatal(err)
	}
	return []task{
		{"spiking", m, Set{source, First(source, n).Indices, 0, 3}},
		{"analog", &analog, First(digitsFor(t, &analog), n)},
		{"recurrent", recurrent.Model(), First(trains(t, recurrent.Samples(n), []int{recurrent.Inputs}), n)},
		{"planes", planes, First(trains(t, noise(planes, n), planes.Input.Shape), n)},
	}
}

func trains(t testing.TB, x []spike.Train, shape []int) dataset.Source {
	t.Helper()
	source, err := dataset.FromInputs(x, shape, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// noise returns random input of lengths that differ.
func noise(m *model.Network, n int) []spike.Train {
	x := make([]spike.Train, n)
	for i := range x {
		x[i] = spike.NewTrain(1+(i+m.Steps)%7, m.Input.Size())
		key := dataset.Key{Seed: 1, Sample: uint64(i)}
		for t := range x[i].Steps() {
			for c := range x[i].Size() {
				if key.Uint64(uint64(t*x[i].Size()+c))%9 == 0 {
					x[i].At(t).Set(c)
				}
			}
		}
	}
	return x
}
