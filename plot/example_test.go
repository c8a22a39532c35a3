package plot_test

import (
	"fmt"
	"io"

	"github.com/snurun/snurun/plot"
	"github.com/snurun/snurun/spike"
)

func ExampleRaster() {
	x := spike.NewTrain(100, 32)
	for t := range x.Steps() {
		x.At(t).Set(t * t % x.Size())
	}
	figure, err := plot.Raster([]plot.Activity{{Name: "hidden", Data: x}}, nil, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	figure.Title = "a layer of 32 neurons"
	// figure.Save("raster.svg") writes it to a file.
	fmt.Println(figure.Write(io.Discard, plot.SVG))
	// Output: <nil>
}
