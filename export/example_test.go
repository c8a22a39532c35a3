package export_test

import (
	"bytes"
	"errors"
	"fmt"
	"log"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// A network made by hand, with a self-test, to a file and back.
func Example() {
	m := &model.Network{
		Name: "which side", Steps: 4, Classes: []string{"left", "right"},
		Input: model.Input{Dt: 1, Shape: []int{2}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100}},
		Layers: []model.Layer{{
			Kind: model.SNU, In: []int{2}, Out: []int{2}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(2, 2, []float32{1, 0, 0, 1}), Decay: []float32{0.9}, Bias: []float32{-1.5},
		}},
		Readout: model.Readout{Kind: model.SpikeCount},
	}
	x := spike.NewTrain(m.Steps, 2)
	x.At(0).Set(0)
	x.At(1).Set(0)
	if err := runtime.AddSelfTest(m, []spike.Input{x}); err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer // or export.WriteFile
	if err := export.Write(&file, m); err != nil {
		log.Fatal(err)
	}

	data := file.Bytes()
	back, err := export.Read(bytes.NewReader(data))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(back.Name, back.Classes, "self-test:", runtime.Verify(back))

	data[len(data)/2] ^= 1 // one bit is enough
	_, err = export.Read(bytes.NewReader(data))
	fmt.Println("damage is found:", err != nil, errors.Is(err, export.ErrCorrupt))
	// Output:
	// which side [left right] self-test: <nil>
	// damage is found: true true
}
