package train_test

import (
	"context"
	"fmt"
	"log"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
	"github.com/snurun/snurun/train"
)

// Training on spike trains of one's own: which of two groups of channels fires.
func Example() {
	var trains []spike.Train
	var labels []int
	for i := range 200 {
		x := spike.NewTrain(10, 20)
		for t := range 10 {
			x.At(t).Set(i%2*10 + (i/2+3*t)%10)
		}
		trains, labels = append(trains, x), append(labels, i%2)
	}
	classes := []string{"low", "high"}
	source, err := dataset.FromInputs(trains, []int{20}, labels, classes)
	if err != nil {
		log.Fatal(err)
	}
	input := model.Input{Shape: []int{20}, Dt: 1, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000}}
	topology := train.DefaultTopology(input, 10, classes)
	topology.Hidden = []int{32}
	if topology.Active, err = train.Activity(source, input, 10); err != nil {
		log.Fatal(err)
	}
	m, err := topology.New(1)
	if err != nil {
		log.Fatal(err)
	}
	learn, held := dataset.Split(source.Len(), 0.2, 1)
	trainer, err := train.New(m, source, learn, train.Defaults())
	if err != nil {
		log.Fatal(err)
	}
	for !trainer.Done() {
		if _, err := trainer.Epoch(context.Background(), nil); err != nil {
			log.Fatal(err)
		}
	}
	net, err := runtime.Compile(trainer.Model())
	if err != nil {
		log.Fatal(err)
	}
	result, err := evaluate.New(net).Summary(context.Background(), evaluate.Set{Source: source, Indices: held}, evaluate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("accuracy on %d held-out samples: %.0f %%\n", result.Samples, 100*result.Accuracy())
	// Output: accuracy on 40 held-out samples: 100 %
}
