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
		Long: `version prints the version of this program, the Go release and the platform that
it was built with and for, and the kernels: those in use, which SNURUN_SIMD can
choose, of those that this CPU has.

--sbom lists the modules that the program was built from instead, as a software
bill of materials in CycloneDX 1.6: the same for the same build.`,
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
