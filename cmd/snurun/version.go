package main

import (
	"fmt"
	goruntime "runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/asm"
)

// version returns the version of this build, "devel" if it has none.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// createdBy names this program in the files that it writes.
func createdBy() string { return "snurun " + version() }

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version, the CPU and the kernels in use",
		Example: "  snurun version",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "snurun %s\n%s %s/%s\nkernels %s of %s\n",
				version(), goruntime.Version(), goruntime.GOOS, goruntime.GOARCH, asm.Tier(), strings.Join(asm.Tiers(), ", "))
			return err
		},
	}
}
