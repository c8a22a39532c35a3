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
		commands = append(commands, &cobra.Command{
			Use:                c.name,
			Short:              c.does + " (not in this build for boards)",
			Long:               c.name + " is not in this build for boards. Builds with the tags board,fleet and without\nthe tag board have it.",
			DisableFlagParsing: true,
			RunE: func(cmd *cobra.Command, args []string) error {
				for _, a := range args {
					if a == "--help" || a == "-h" {
						return cmd.Help()
					}
				}
				return usagef("%s is not in this build for boards: build it with the tags board,fleet, or run it on another machine", c.name)
			},
		})
	}
	return commands
}
