package main

import (
	"errors"
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
	var bill bool
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the version, the CPU and the kernels in use",
		Long: `version prints what this program is, what it runs on, and which of the kernels that
this CPU has it uses. --sbom lists all modules that it was built from, as CycloneDX.`,
		Example: `  snurun version
  snurun version --sbom > snurun.cdx.json`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if bill {
				info, ok := debug.ReadBuildInfo()
				if !ok {
					return errors.New("this binary was built without build information")
				}
				return newSBOM(info).write(cmd.OutOrStdout())
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "snurun %s\n%s %s/%s\nkernels %s of %s\n",
				version(), goruntime.Version(), goruntime.GOOS, goruntime.GOARCH, asm.Tier(), strings.Join(asm.Tiers(), ", "))
			return err
		},
	}
	c.Flags().BoolVar(&bill, "sbom", false, "print the modules that this binary was built from (CycloneDX JSON)")
	return c
}
