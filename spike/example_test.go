package spike_test

import (
	"fmt"
	"math"

	"github.com/snurun/snurun/spike"
)

// An encoder of one's own: a signal spikes on channel 0 when it has risen by
// 0.25 since the last spike, and on channel 1 when it has fallen by as much. The
// train is what runtime.Session.Classify takes, each of its steps what
// runtime.Session.Step takes.
func Example() {
	const threshold = 0.25
	x := spike.NewTrain(16, 2)
	last := 0.0
	for t := range x.Steps() {
		signal := math.Sin(2 * math.Pi * float64(t) / 16)
		switch {
		case signal >= last+threshold:
			x.At(t).Set(0)
			last += threshold
		case signal <= last-threshold:
			x.At(t).Set(1)
			last -= threshold
		}
	}
	for channel, name := range []string{"up  ", "down"} {
		fmt.Print(name, " ")
		for t := range x.Steps() {
			if x.At(t).Get(channel) {
				fmt.Print("|")
			} else {
				fmt.Print(".")
			}
		}
		fmt.Println()
	}
	counts := make([]int, 2)
	x.AddCounts(counts)
	fmt.Println("spikes", counts)
	// Output:
	// up   .||||..........|
	// down ......|||||||...
	// spikes [5 7]
}

// The spikes of a step are counted and listed a word at a time.
func ExampleVector_All() {
	v := spike.NewVector(100)
	for _, i := range []int{99, 3, 64} {
		v.Set(i)
	}
	for i := range v.All() {
		fmt.Print(i, " ")
	}
	fmt.Println("of", v.Count())
	// Output: 3 64 99 of 3
}
