//go:build board

package main

import "github.com/spf13/cobra"

// onlyFull returns, in place of the commands that this build leaves out, some that
// say so.
func onlyFull() []*cobra.Command {
	var commands []*cobra.Command
	for _, c := range []struct{ name, does string }{
		{"train", "Train a network"},
		{"convert", "Convert networks from and to NIR, safetensors and .npz"},
		{"quantize", "Give a network integer weights"},
		{"export", "Write networks as source code"},
		{"plot", "Draw figures"},
		{"data", "Fetch data sets"},
		{"serve", "Answer over HTTP and gRPC"},
	} {
		commands = append(commands, absent(c.name, c.does, "A build without the tag board has it; the\nmodels that it makes run here.",
			"run it on another machine, with a snurun that was built without the tag board"))
	}
	return commands
}

// buildTag is what version says of the build.
const buildTag = ", for boards"
