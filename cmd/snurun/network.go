package main

import (
	"fmt"
	"runtime/debug"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/runtime"
)

// readNetwork reads and compiles a model. The model itself and what reading it
// took are given back to the system, so that the weights are in memory once.
func readNetwork(file string) (*runtime.Network, error) {
	m, err := export.ReadFile(file)
	if err != nil {
		return nil, err
	}
	net, err := runtime.Compile(m)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	debug.FreeOSMemory()
	return net, nil
}
