package hdf5_test

import (
	"bytes"
	"fmt"
	"log"

	"github.com/snurun/snurun/internal/hdf5"
)

func Example() {
	root := hdf5.NewBuilder()
	root.String("version", "1.0")
	lif := root.Group("node").Group("lif")
	lif.String("type", "LIF")
	lif.Float32s("tau", []int{2}, []float32{0.25, 0.5})

	var file bytes.Buffer
	if _, err := root.WriteTo(&file); err != nil {
		log.Fatal(err)
	}

	f, err := hdf5.Open(file.Bytes())
	if err != nil {
		log.Fatal(err)
	}
	node, err := f.Root().Group("node/lif")
	if err != nil {
		log.Fatal(err)
	}
	tau, err := node.Dataset("tau")
	if err != nil {
		log.Fatal(err)
	}
	values, err := tau.Float32s()
	fmt.Println(node.Names(), tau.Path(), tau.Kind(), tau.Shape(), values, err)
	// Output: [tau type] /node/lif/tau floats [2] [0.25 0.5] <nil>
}
