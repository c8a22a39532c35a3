package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/runtime"
)

func newVerify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify MODEL",
		Short: "Prove that this machine computes what the trainer computed",
		Long: `verify runs the self-test that travels in the model file: its inputs must cause
exactly the spikes, membranes and scores that they caused where it was trained.`,
		Example: "  snurun verify testdata/mnist.msgpack",
		Args:    exactArgs(1, "MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := export.ReadFile(args[0])
			if err != nil {
				return err
			}
			if err := runtime.Verify(m); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: ok, %d inputs, kernels %s, digest %x\n",
				args[0], len(m.SelfTest.Inputs), asm.Tier(), m.SelfTest.Digest[:8])
			return err
		},
	}
}
