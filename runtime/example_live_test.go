package runtime_test

import (
	"fmt"
	"log"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// A live session: steps go in as they come, and as soon as one class leads by
// the margin that the model recommends it is decided, and the next object begins.
func ExampleSession_Reset() {
	m, err := export.ReadFile("../testdata/counts.msgpack")
	if err != nil {
		log.Fatal(err)
	}
	net, err := runtime.Compile(m)
	if err != nil {
		log.Fatal(err)
	}
	next, err := sensor(m)
	if err != nil {
		log.Fatal(err)
	}
	session := net.NewSession()
	for decided := 0; decided < 3; {
		if err := session.Run(next()); err != nil {
			log.Fatal(err)
		}
		if session.Lead() < m.Readout.Margin {
			continue
		}
		r := session.Result()
		fmt.Printf("%s after %d steps, leading by %v spikes\n", m.Classes[r.Class], r.Steps, session.Lead())
		session.Reset()
		decided++
	}
	// Output:
	// 7 after 5 steps, leading by 4 spikes
	// 7 after 5 steps, leading by 4 spikes
	// 7 after 5 steps, leading by 4 spikes
}

// sensor returns a function that returns one time step of spikes after the
// other. It shows a digit that does not change.
func sensor(m *model.Network) (next func() spike.Input, err error) {
	digits, err := dataset.Sample()
	if err != nil {
		return nil, err
	}
	encoder, err := dataset.NewEncoder(m.Input)
	if err != nil {
		return nil, err
	}
	x := spike.NewTrain(100, encoder.Size())
	if err := encoder.Encode(x, digits.At(0), dataset.Key{Seed: 1}); err != nil {
		return nil, err
	}
	step := -1
	return func() spike.Input { step = (step + 1) % x.Steps(); return x.Slice(step, step+1) }, nil
}

// Record the spikes and membranes of a layer: two neurons with thresholds 1.5
// and 2.5 that both see a spike in every step.
func ExampleSession_Membrane() {
	net, err := runtime.Compile(&model.Network{
		Steps: 8, Readout: model.Readout{Kind: model.SpikeCount},
		Input: model.Input{Dt: 1, Shape: []int{1}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 1000}},
		Layers: []model.Layer{{
			Kind: model.SNU, In: []int{1}, Out: []int{2}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(2, 1, []float32{1, 1}), Decay: []float32{0.75}, Bias: []float32{-1.5, -2.5},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	const layer = 0
	session := net.NewSession()
	in := spike.NewTrain(1, net.InSize())
	in.At(0).Set(0)
	spikes, membranes := spike.NewTrain(net.Steps(), 2), spike.NewValues(net.Steps(), 2)
	for t := range net.Steps() {
		if err := session.Run(in); err != nil {
			log.Fatal(err)
		}
		// Both are the session's own and change with the next step.
		copy(spikes.At(t), session.Spikes(layer))
		copy(membranes.At(t), session.Membrane(layer))
	}
	for neuron := range 2 {
		for t := range net.Steps() {
			fmt.Printf(" %.2f", membranes.At(t)[neuron])
			if spikes.At(t).Get(neuron) {
				fmt.Print("|")
			}
		}
		fmt.Println()
	}
	// Output:
	//  1.00 1.75| 1.00 1.75| 1.00 1.75| 1.00 1.75|
	//  1.00 1.75 2.31 2.73| 1.00 1.75 2.31 2.73|
}
