//go:build !board

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/snurun/snurun/dataset"
)

func newData() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "data",
		Short: "Fetch data sets",
		Long: `data fetches a data set from its public mirrors, once, and checks what it gets.
All other commands work without a connection. What else there is to train on, train
--dataset images and train --dataset folder take as it is on disk.`,
		Example: "  snurun data mnist --out ~/mnist",
		Args:    subcommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDataSet(dataSet{
		name: "mnist", title: "MNIST", complete: "MNIST is", fetch: dataset.FetchMNIST,
		long: `mnist downloads the four files of MNIST (Y. LeCun, C. Cortes, C. Burges; CC BY-SA
3.0; 11 MB) to a folder, which it makes if it is missing, and checks their
SHA-256. Files that are there already are kept; an interrupted download goes on
where it stopped. The folder is what --data of the other commands takes.`,
	}), newDataSet(dataSet{
		name: "jsb", title: "the JSB chorales", complete: "the JSB chorales are", fetch: dataset.FetchChorales,
		long: `jsb downloads the chorales of J. S. Bach in steps of a quarter note (382 pieces, in the
public domain; 0.4 MB of JSON) to a folder, which it makes if it is missing, and checks
their SHA-256. train --recipe jsb learns from it.`,
	}))
	return cmd
}

// dataSet is a data set that can be fetched.
type dataSet struct {
	name, title, complete, long string
	fetch                       func(context.Context, string, dataset.FetchOptions) error
}

func newDataSet(d dataSet) *cobra.Command {
	var out string
	var mirrors []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     d.name + " --out DIR",
		Short:   "Download " + d.title,
		Long:    d.long,
		Example: "  snurun data " + d.name + " --out ~/" + d.name,
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usagef("--out is missing: the folder to write to")
			}
			show := &downloads{cmd: cmd}
			err := d.fetch(cmd.Context(), out, dataset.FetchOptions{Mirrors: mirrors, Progress: show.progress})
			show.clear()
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"schema": schema, "data": d.name, "out": out})
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s complete in %s\n", d.complete, out)
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "`folder` to write to")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	cmd.Flags().StringSliceVar(&mirrors, "mirror", nil, "base `URL` to download from instead of the public mirrors")
	return cmd
}

// downloads shows the progress of one file after the other.
type downloads struct {
	cmd  *cobra.Command
	file string
	bar  *progressbar.ProgressBar
}

func (d *downloads) progress(file string, done, total int64) {
	w := d.cmd.ErrOrStderr()
	if d.file != file {
		d.clear()
		d.file = file
		if isTerminal(w) {
			d.bar = newBar(w, total, progressbar.OptionShowBytes(true))
			d.bar.Describe(filepath.Base(file))
		} else {
			fmt.Fprintf(w, "fetching %s\n", file)
		}
	}
	if d.bar != nil {
		_ = d.bar.Set64(done)
	}
}

func (d *downloads) clear() {
	if d.bar != nil {
		_ = d.bar.Clear()
		d.bar = nil
	}
}
