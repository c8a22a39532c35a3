package stream

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

var sensor = event.Size{Width: 6, Height: 5}

// network is an event network of 2×5×6 channels and three classes, recurrent,
// with steps of 1 ms.
func network(readout model.ReadoutKind) *model.Network {
	r := rand.New(rand.NewPCG(7, 7))
	weights := func(out, in int, scale float64) model.Tensor {
		w := make([]float32, out*in)
		for i := range w {
			w[i] = float32(scale * r.NormFloat64())
		}
		return model.Matrix(out, in, w)
	}
	h := weights(20, 20, 0.2)
	m := &model.Network{
		Steps: 10, Readout: model.Readout{Kind: readout},
		Input: model.Input{Dt: 1, Shape: []int{2, sensor.Height, sensor.Width}, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000}},
		Layers: []model.Layer{
			{Kind: model.SNU, In: []int{60}, Out: []int{20}, Activation: model.ELU, Output: model.Step, Reset: model.ResetZero,
				Weight: weights(20, 60, 0.5), Recurrent: &h, Decay: []float32{0.9}, Bias: []float32{-0.4}},
			{Kind: model.SNU, In: []int{20}, Out: []int{3}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
				Weight: weights(3, 20, 0.5), Decay: []float32{0.8}, Bias: []float32{-0.5}},
		},
	}
	if readout.Membranes() {
		m.Layers[1].Output, m.Layers[1].Reset = model.None, model.ResetNone
	}
	return m
}

func compile(t testing.TB, m *model.Network) *runtime.Network {
	t.Helper()
	n, err := runtime.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func newWindows(t testing.TB, m *model.Network, o WindowOptions) *Windows {
	t.Helper()
	w, err := NewWindows(compile(t, m), o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func newInput(t testing.TB, r io.Reader, m *model.Network, o InputOptions) *Input {
	t.Helper()
	in, err := NewInput(r, m, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.Close)
	return in
}

// randomTrain returns spikes of the network's input.
func randomTrain(steps int) spike.Train {
	r := rand.New(rand.NewPCG(1, uint64(steps)))
	x := spike.NewTrain(steps, 60)
	for t := range steps {
		for i := range 60 {
			if r.Float64() < 0.05 {
				x.At(t).Set(i)
			}
		}
	}
	return x
}

// randomEvents returns n events about 100 µs apart, some of them out of order
// and some behind a silence.
func randomEvents(n int) []event.Event {
	r := rand.New(rand.NewPCG(2, uint64(n)))
	events := make([]event.Event, n)
	t := int64(5000)
	for i := range events {
		t += r.Int64N(200)
		if r.IntN(100) == 0 {
			t += r.Int64N(20_000)
		}
		at := t
		if r.IntN(50) == 0 {
			at -= r.Int64N(3000)
		}
		events[i] = event.Event{T: at, X: uint16(r.IntN(sensor.Width)), Y: uint16(r.IntN(sensor.Height)), P: uint8(r.IntN(2))}
	}
	return events
}

// record writes events in a format, in order of time unless it is text.
func record(t testing.TB, format string, events []event.Event) []byte {
	t.Helper()
	if format != "text" {
		events = slices.Clone(events)
		slices.SortStableFunc(events, func(a, b event.Event) int { return int(a.T - b.T) })
	}
	var b bytes.Buffer
	w, err := event.NewWriter(format, &b, sensor)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(events); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// frames reads an input to its end. The frames are copies without the time of
// their arrival.
func frames(in *Input) ([]Frame, error) {
	var all []Frame
	for {
		f, err := in.Next(context.Background())
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		f.Input = clone(f.Input)
		f.Arrived, f.idle = time.Time{}, false
		all = append(all, f)
	}
}

// clone copies an input of one step.
func clone(x spike.Input) spike.Input {
	switch x := x.(type) {
	case spike.Train:
		c := spike.NewTrain(1, x.Size())
		copy(c.Words(), x.Words())
		return c
	case spike.Values:
		return values(x.Data()...)
	}
	return nil
}

// values returns a step of analog input.
func values(x ...float32) spike.Values {
	v := spike.NewValues(1, len(x))
	copy(v.Data(), x)
	return v
}

// channels returns the spiking channels of a frame, valuesOf its values.
func channels(f Frame) []uint32  { return f.Input.(spike.Train).At(0).AppendIndices(nil) }
func valuesOf(f Frame) []float32 { return f.Input.(spike.Values).Data() }
