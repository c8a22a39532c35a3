//go:build !board || fleet

package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

func newBatchLs() *cobra.Command {
	var a accessFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "ls",
		Short:   "List the jobs at the hub",
		Long:    "ls prints a line a job, the oldest first: its name and when it was submitted.",
		Example: "  snurun batch ls --hub nats://hub:4222 --credentials anna.credentials",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			b, end, err := a.batches(ctx, "ls")
			if err != nil {
				return err
			}
			defer end()
			jobs, err := b.Jobs(ctx)
			if err != nil {
				return err
			}
			for _, j := range jobs {
				if asJSON {
					err = json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"schema": schema, "job": j.Name, "time": j.Stored})
				} else {
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s  %s\n", j.Stored.Local().Format(time.DateTime), printable(j.Name))
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	a.hub(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a job")
	return cmd
}

func newBatchRm() *cobra.Command {
	var a accessFlags
	var name string
	var older time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "rm",
		Short: "Remove a job from the hub",
		Long: `rm removes a job: its tasks, its results, and those of its recordings and models that
neither another job nor an order for a board needs. With --older it removes all jobs
that were submitted longer ago; snurun-hub does so by itself, after its --keep.`,
		Example: "  snurun batch rm --job night-1 --hub nats://hub:4222 --credentials anna.credentials\n  snurun batch rm --older 48h",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if (name == "") == (older == 0) || older < 0 {
				return usagef("--job is %q and --older %v, expected one of the two", name, older)
			}
			if name != "" {
				if err := checkJob(name); err != nil {
					return err
				}
			}
			b, end, err := a.batches(ctx, "rm")
			if err != nil {
				return err
			}
			defer end()
			var removed []string
			var failed error
			if name == "" {
				removed, failed = b.Expire(ctx, older)
			} else if failed = b.Remove(ctx, name); failed == nil {
				removed = []string{name}
			}
			for _, j := range removed {
				if asJSON {
					err = json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"schema": schema, "job": j})
				} else {
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "job %s is removed\n", printable(j))
				}
				if err != nil {
					return err
				}
			}
			return failed
		},
	}
	a.hub(cmd)
	jobFlag(cmd, &name)
	cmd.Flags().DurationVar(&older, "older", 0, "remove all jobs that were submitted longer ago than this")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a job that is removed")
	return cmd
}
