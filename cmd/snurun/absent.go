//go:build board

package main

import "github.com/spf13/cobra"

// absent returns a command that says that this build leaves it out: long is the rest
// of its help behind its name, and instead what to do.
func absent(name, does, long, instead string) *cobra.Command {
	return &cobra.Command{
		Use:                name,
		Short:              does + " (not in this build for boards)",
		Long:               name + " is not in this build for boards. " + long,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, a := range args {
				if a == "--help" || a == "-h" {
					return cmd.Help()
				}
			}
			return usagef("%s is not in this build for boards: %s", name, instead)
		},
	}
}
