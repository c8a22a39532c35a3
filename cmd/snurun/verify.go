package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/runtime"
)

func newVerify() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify MODEL...",
		Short: "Prove that this machine computes what the trainer computed",
		Long: `verify runs the self-test that travels in the model file: its inputs must cause
exactly the spikes, membranes and scores that they caused where it was trained. The
exit code is 0 only if all models pass.`,
		Example: "  snurun verify testdata/mnist.msgpack\n  snurun verify testdata/mnist.msgpack testdata/nmnist.msgpack --json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("expected MODEL, found no arguments")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var first error
			for _, file := range args {
				err := verify(cmd.OutOrStdout(), file, asJSON)
				if err != nil && len(args) > 1 {
					fmt.Fprintf(cmd.ErrOrStderr(), "snurun: %s\n", message(err))
					err = fmt.Errorf("not all of the %d models are as they should be", len(args))
				}
				first = cmp.Or(first, err)
			}
			return first
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a model")
	return cmd
}

// verify runs the self-test of a model and prints that it passed.
func verify(w io.Writer, file string, asJSON bool) error {
	m, info, err := export.ReadFileInfo(file)
	if err != nil {
		return withForeign(file, err)
	}
	if err := runtime.Verify(m); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	digest := fmt.Sprintf("%x", m.SelfTest.Digest)
	if asJSON {
		return json.NewEncoder(w).Encode(map[string]any{
			"schema": schema, "model": file, "sha256": fmt.Sprintf("%x", info.SHA256), "ok": true, "inputs": len(m.SelfTest.Inputs), "digest": digest, "kernel": asm.Tier(),
		})
	}
	_, err = fmt.Fprintf(w, "%s: ok, %d inputs, kernels %s, digest %s\n", file, len(m.SelfTest.Inputs), asm.Tier(), digest[:16])
	return err
}
