package evaluate_test

import (
	"context"
	"fmt"
	"log"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/runtime"
)

// The accuracy of a network over draws of input noise, and the samples that it
// gets wrong.
func Example() {
	m, err := export.ReadFile("../testdata/mnist.msgpack")
	if err != nil {
		log.Fatal(err)
	}
	set, err := dataset.Sample()
	if err != nil {
		log.Fatal(err)
	}
	source, err := dataset.FromImageSet(set, m.Input)
	if err != nil {
		log.Fatal(err)
	}
	net, err := runtime.Compile(m)
	if err != nil {
		log.Fatal(err)
	}
	e := evaluate.New(net)
	ctx := context.Background()
	draws, err := e.Draws(ctx, evaluate.All(source), 5, evaluate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	a := evaluate.EstimateOf(draws, (*evaluate.Summary).Accuracy)
	fmt.Printf("%.2f ± %.2f %%\n", 100*a.Mean, 100*a.Error)

	for out, err := range e.Samples(ctx, evaluate.First(source, 60), evaluate.Options{}) {
		if err != nil {
			log.Fatal(err)
		}
		if !out.Correct() {
			fmt.Printf("sample %d is a %d, taken for a %d\n", out.Index, out.Label, out.Result.Class)
		}
	}
	// Output:
	// 96.86 ± 0.17 %
	// sample 2 is a 9, taken for a 7
	// sample 25 is a 4, taken for a 9
	// sample 29 is a 8, taken for a 4
	// sample 32 is a 9, taken for a 1
	// sample 34 is a 5, taken for a 3
}
