//go:build board && !fleet

package main

import "github.com/spf13/cobra"

// hasFleet is whether this build can talk to a hub.
const hasFleet = false

// withFleet returns, in place of the commands that talk to a hub, some that say so.
func withFleet() []*cobra.Command {
	var commands []*cobra.Command
	for _, c := range []struct{ name, does string }{
		{"fleet", "See and lead many boards"},
		{"batch", "Classify recordings on many machines"},
	} {
		commands = append(commands, absent(c.name, c.does, "Builds with the tags board,fleet and without\nthe tag board have it.",
			"build it with the tags board,fleet, or run it on another machine"))
	}
	return commands
}
