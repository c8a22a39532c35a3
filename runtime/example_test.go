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

// Load a model, encode a digit, classify it.
func Example() {
	m, err := export.ReadFile("../testdata/mnist.msgpack")
	if err != nil {
		log.Fatal(err)
	}
	net, err := runtime.Compile(m) // once; any number of goroutines may share it
	if err != nil {
		log.Fatal(err)
	}
	digits, err := dataset.Sample()
	if err != nil {
		log.Fatal(err)
	}
	encoder, err := dataset.NewEncoder(m.Input)
	if err != nil {
		log.Fatal(err)
	}
	x := spike.NewTrain(m.Steps, net.InSize())
	if err := encoder.Encode(x, digits.At(0), dataset.Key{Seed: 1}); err != nil {
		log.Fatal(err)
	}
	session := net.NewSession()
	result, err := session.Classify(x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("class", m.Classes[result.Class], "label", digits.Labels[0])
	// Output: class 7 label 7
}

// Feed a live stream step by step and watch one neuron: a leaky
// integrate-and-fire neuron with weight 1, threshold 2.5 and decay 0.96.
func ExampleSession_Step() {
	net, err := runtime.Compile(&model.Network{
		Steps: 1, Readout: model.Readout{Kind: model.SpikeCount},
		Input: model.Input{Dt: 1, Shape: []int{1}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100}},
		Layers: []model.Layer{{
			Kind: model.SNU, In: []int{1}, Out: []int{1}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(1, 1, []float32{1}), Decay: []float32{0.96}, Bias: []float32{-2.5},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	session := net.NewSession()
	in := spike.NewTrain(1, 1)
	for t := range 6 {
		in.Clear()
		if t != 1 {
			in.At(0).Set(0)
		}
		if err := session.Step(in, 0); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("step %d: membrane %.3f, spike %v\n", t, session.Membrane(0)[0], session.Spikes(0).Get(0))
	}
	// Output:
	// step 0: membrane 1.000, spike false
	// step 1: membrane 0.960, spike false
	// step 2: membrane 1.922, spike false
	// step 3: membrane 2.845, spike true
	// step 4: membrane 1.000, spike false
	// step 5: membrane 1.960, spike false
}
