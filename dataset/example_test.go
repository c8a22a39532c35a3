package dataset_test

import (
	"fmt"
	"log"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// A digit becomes the same spikes wherever and whenever it is encoded.
func Example() {
	digits, err := dataset.Sample()
	if err != nil {
		log.Fatal(err)
	}
	encoder, err := dataset.NewEncoder(model.Input{
		Shape:   []int{28 * 28},
		Dt:      1,
		Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100},
	})
	if err != nil {
		log.Fatal(err)
	}
	source, err := dataset.FromImages(digits, encoder)
	if err != nil {
		log.Fatal(err)
	}
	train := spike.NewTrain(10, 28*28)
	for i := range 3 {
		if err := source.Load(train, i, dataset.Key{Seed: 1, Sample: uint64(i)}); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("a %s: %d spikes in %d steps\n", source.Classes()[source.Label(i)], train.Count(), train.Steps())
	}
	// Output:
	// a 7: 85 spikes in 10 steps
	// a 0: 120 spikes in 10 steps
	// a 9: 103 spikes in 10 steps
}

// A recording of an event camera becomes time steps of 100 ms.
func ExampleOpen() {
	m := &model.Network{Input: model.Input{
		Shape:   []int{2, 34, 34},
		Encoder: model.Encoder{Coding: model.Events, BinUS: 100_000},
	}}
	source, err := dataset.Open("event/testdata/nmnist-43.bs2", m)
	if err != nil {
		log.Fatal(err)
	}
	train := spike.NewTrain(dataset.Longest(source), m.Input.Size())
	if err := source.Load(train, 0, dataset.Key{}); err != nil {
		log.Fatal(err)
	}
	for t := range train.Steps() {
		fmt.Printf("step %d: %d active channels\n", t, train.At(t).Count())
	}
	// Output:
	// step 0: 309 active channels
	// step 1: 272 active channels
	// step 2: 331 active channels
	// step 3: 2 active channels
}
