package nir_test

import (
	"fmt"
	"log"

	"github.com/snurun/snurun/export/nir"
)

func Example() {
	im, err := nir.ReadFile("testdata/lif_norse.nir", nir.Options{Dt: 1e-4})
	if err != nil {
		log.Fatal(err)
	}
	for _, w := range im.Warnings {
		fmt.Println("warning:", w[:50])
	}
	l := im.Network.Layers[0]
	fmt.Println(l.Kind, "weight", l.Weight.F32, "decay", l.Decay, "bias", l.Bias, "reset", l.Reset)
	// Output:
	// warning: the file does not say how a spike resets the membr
	// snu weight [0.04] decay [0.96] bias [-0.1] reset zero
}
