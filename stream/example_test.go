package stream_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/stream"
)

// Decide which of two channels spikes more, over windows of four steps that
// slide by two.
func Example() {
	m := &model.Network{
		Steps: 4, Readout: model.Readout{Kind: model.SpikeCount}, Classes: []string{"left", "right"},
		Input: model.Input{Dt: 1, Shape: []int{2}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100}},
		Layers: []model.Layer{{
			Kind: model.SNU, In: []int{2}, Out: []int{2}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(2, 2, []float32{1, 0, 0, 1}), Bias: []float32{-0.5},
		}},
	}
	net, err := runtime.Compile(m)
	if err != nil {
		log.Fatal(err)
	}
	windows, err := stream.NewWindows(net, stream.WindowOptions{Stride: 2})
	if err != nil {
		log.Fatal(err)
	}
	in, err := stream.NewInput(strings.NewReader("0\n0 1\n\n0\n1\n1\n"), m, stream.InputOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer in.Close()
	_, err = stream.Run(context.Background(), in, windows, stream.Handler{
		Decide: func(d stream.Decision) error {
			fmt.Printf("after %d µs: %s %v\n", d.TimeUS, m.Classes[d.Class], d.Scores)
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// after 4000 µs: left [3 1]
	// after 6000 µs: right [1 2]
}

// A driver pushes its events, here two of a sensor of 2×1 pixels, every 2 ms.
func ExampleFeed() {
	m := &model.Network{
		Steps: 4, Readout: model.Readout{Kind: model.SpikeCount}, Classes: []string{"left", "right"},
		Input: model.Input{Dt: 1, Shape: []int{1, 1, 2}, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000}},
		Layers: []model.Layer{{
			Kind: model.SNU, In: []int{2}, Out: []int{2}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(2, 2, []float32{1, 0, 0, 1}), Bias: []float32{-0.5},
		}},
	}
	net, err := runtime.Compile(m)
	if err != nil {
		log.Fatal(err)
	}
	windows, err := stream.NewWindows(net, stream.WindowOptions{})
	if err != nil {
		log.Fatal(err)
	}
	feed, in, err := stream.NewFeed(net.Model(), stream.InputOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer in.Close()
	ctx := context.Background()
	go func() { // the driver
		defer feed.Close()
		for t := int64(0); t <= 8000; t += 2000 {
			if err := feed.Push(ctx, event.Event{T: t}, event.Event{T: t + 500, X: uint16(t / 4000 % 2)}); err != nil {
				return
			}
		}
	}()
	_, err = stream.Run(ctx, in, windows, stream.Handler{Decide: func(d stream.Decision) error {
		fmt.Println(m.Classes[d.Class], d.Scores)
		return nil
	}})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// left [2 0]
	// left [2 2]
}
