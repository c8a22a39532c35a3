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
	net, _, err := readNetworkInfo(file, false)
	debug.FreeOSMemory()
	return net, err
}

// readNetworkInfo is readNetwork and what identifies the file, but gives nothing
// back; verified says that the model must prove itself by its self-test.
func readNetworkInfo(file string, verified bool) (*runtime.Network, export.Info, error) {
	m, info, err := export.ReadFileInfo(file)
	if err != nil {
		return nil, info, withForeign(file, err)
	}
	if verified {
		err = runtime.Verify(m)
	}
	var net *runtime.Network
	if err == nil {
		net, err = runtime.Compile(m)
	}
	if err != nil {
		return nil, info, fmt.Errorf("%s: %w", file, err)
	}
	return net, info, nil
}
