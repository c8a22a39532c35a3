package main

import (
	"encoding/json"
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
	var bill, asJSON bool
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the version, the CPU and the kernels in use",
		Long: `version prints the version of this program, the Go release and the platform that
it was built with and for, the kernels, those in use, which SNURUN_SIMD can
choose, of those that this CPU has, and the sizes of its caches, by which layers
are laid out.

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
			if asJSON {
				sizes := asm.Caches()
				return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{
					"schema": schema, "version": version(), "go": goruntime.Version(), "system": goruntime.GOOS + "/" + goruntime.GOARCH, "board": buildTag != "",
					"kernel": asm.Tier(), "kernels": asm.Tiers(), "cpu": asm.Brand(), "cache_bytes": []int{sizes.L1, sizes.L2, sizes.L3},
				})
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "snurun %s%s\n%s %s/%s\nkernels %s of %s\n%s\n",
				version(), buildTag, goruntime.Version(), goruntime.GOOS, goruntime.GOARCH, asm.Tier(), strings.Join(asm.Tiers(), ", "), caches())
			return err
		},
	}
	c.Flags().BoolVar(&bill, "sbom", false, "print the modules that this binary was built from (CycloneDX JSON)")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

// caches returns the sizes of the caches and what the CPU calls itself.
func caches() string {
	c := asm.Caches()
	text := fmt.Sprintf("caches %d kB, %d kB", c.L1>>10, c.L2>>10)
	if c.L3 > 0 {
		text += fmt.Sprintf(", %d kB", c.L3>>10)
	}
	if brand := asm.Brand(); brand != "" {
		text += " of " + brand
	}
	return text
}
