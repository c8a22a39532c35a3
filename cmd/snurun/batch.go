//go:build !board || fleet

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/fleet"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
)

func newBatch() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "batch",
		Short: "Classify recordings on many machines",
		Long: `batch gives the samples of recordings to workers on any machines, through a hub. What
they find is what classify finds, to the bit, whoever found it, and is printed in
order. A worker, or the hub, may go away at any time: its tasks go to others.`,
		Example: `  snurun batch submit model.msgpack a.bs2 b.bs2 --job night-1
  snurun batch work
  snurun batch results --job night-1 --wait > night-1.jsonl`,
		Args: subcommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBatchSubmit(), newBatchWork(), newBatchStatus(), newBatchResults(), newBatchLs(), newBatchRm())
	return cmd
}

type submitOptions struct {
	accessFlags
	job    string
	shared bool
	chunk  int
	seed   uint64
	steps  int
	margin marginFlag
	json   bool
}

func newBatchSubmit() *cobra.Command {
	var o submitOptions
	cmd := &cobra.Command{
		Use:   "submit MODEL RECORDING...",
		Short: "Queue the samples of recordings",
		Long: `submit stores the model and the recordings at the hub, under their SHA-256, and
queues a task for every --chunk samples. A RECORDING is any file that classify takes;
labels are found beside it. With --shared the files stay where they are: all workers
find them under the same absolute path.

What was interrupted, or failed, can be submitted again: only what is missing is
queued.`,
		Example: `  snurun batch submit model.msgpack a.bs2 b.bs2 --job night-1
  snurun batch submit model.msgpack /nfs/frames.npy --shared --job frames --hub nats://hub:4222 --credentials anna.credentials`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usagef("expected MODEL RECORDING..., found %d arguments", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return o.submit(cmd, args[0], args[1:]) },
	}
	o.hub(cmd)
	f := cmd.Flags()
	jobFlag(cmd, &o.job)
	f.BoolVar(&o.shared, "shared", false, "workers read the files themselves, under the same absolute path")
	f.IntVar(&o.chunk, "chunk", 100, "samples a task")
	f.Uint64Var(&o.seed, "seed", 1, "seed of the input noise")
	f.IntVar(&o.steps, "steps", 0, "present each sample for `N` time steps (0: as the model says)")
	o.margin.add(cmd)
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	return cmd
}

func jobFlag(cmd *cobra.Command, job *string) {
	cmd.Flags().StringVar(job, "job", "", "`name` of the job, letters, digits, '-' and '_'")
}

func checkJob(job string) error {
	if job == "" {
		return usagef("--job is missing")
	}
	if err := fleet.CheckName("job", job); err != nil {
		return usagef("--job: %w", err)
	}
	return nil
}

func (o *submitOptions) submit(cmd *cobra.Command, file string, names []string) error {
	ctx := cmd.Context()
	if err := checkJob(o.job); err != nil {
		return err
	}
	if o.chunk < 1 || o.chunk > 10_000 || o.steps < 0 || o.steps > model.MaxSteps {
		return usagef("--chunk is %d and --steps %d, expected 1 to 10000 and 0 to %d", o.chunk, o.steps, model.MaxSteps)
	}
	if err := o.margin.check(); err != nil {
		return err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	m, err := export.ReadFile(file)
	if err == nil {
		err = runtime.Verify(m)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if m.Readout.Kind.EachStep() {
		return usagef("%s decides at every step, expected a model that gives a sample one class; 'snurun classify' says what it decides", file)
	}
	margin, err := o.margin.of(m, file)
	if err != nil {
		return err
	}
	b, end, err := o.batches(ctx, "submit")
	if err != nil {
		return err
	}
	defer end()
	job := &fleet.Job{Name: o.job, Time: time.Now(), Classes: m.Classes, Chunk: o.chunk, Options: fleet.Options{Seed: o.seed, Steps: o.steps, Margin: margin}}
	if job.Model, err = b.Store(ctx, fleet.ModelBucket, data); err != nil {
		return err
	}
	files := dataset.Opener{Network: m}
	total := 0
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		in, err := o.input(ctx, b, &files, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		job.Inputs = append(job.Inputs, in)
		total += in.Samples
	}
	bar := silentBar()
	if isTerminal(cmd.ErrOrStderr()) {
		bar = newBar(cmd.ErrOrStderr(), 1)
	}
	tasks := 0
	err = b.Submit(ctx, job, func(done, of int) {
		tasks = of
		bar.ChangeMax(of)
		_ = bar.Set(done)
	})
	_ = bar.Clear()
	if err != nil {
		return err
	}
	if o.json {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"schema": schema, "job": job.Name, "samples": total, "tasks": tasks, "model": job.Model})
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "job %s: %d samples of %d %s in %d tasks\n", job.Name, total, len(names), plural(len(names), "recording"), tasks)
	return err
}

// input opens a recording as classify does, and brings it to the hub.
func (o *submitOptions) input(ctx context.Context, b *fleet.Batches, files *dataset.Opener, name string) (in fleet.JobInput, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return in, err
	}
	if info.IsDir() {
		return in, usagef("it is a folder, expected a file")
	}
	if info.Size() > fleet.MaxInput {
		return in, fmt.Errorf("it has %d bytes, expected at most %d", info.Size(), int64(fleet.MaxInput))
	}
	source, err := files.Open(name)
	if err != nil {
		return in, err
	}
	in = fleet.JobInput{Name: name, File: filepath.Base(name), Size: info.Size(), Samples: source.Len()}
	known := false
	labels := make([]int, source.Len())
	for i := range labels {
		labels[i] = source.Label(i)
		known = known || labels[i] >= 0
	}
	if known {
		in.Labels = labels
	}
	if o.shared {
		if in.Path, err = filepath.Abs(name); err != nil {
			return in, err
		}
		in.SHA256, err = digestOf(name)
		return in, err
	}
	if err := alone(files.Network, name, source); err != nil {
		return in, err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return in, err
	}
	in.Size = int64(len(data))
	in.SHA256, err = b.Store(ctx, fleet.InputBucket, data)
	return in, err
}

// alone checks that a file has the same samples where nothing is beside it, as a
// worker will have it. What is beside it cuts a recording into samples, so that their
// number differs, or the first ones do.
func alone(m *model.Network, name string, source dataset.Source) error {
	dir, err := os.MkdirTemp("", "snurun-submit-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path, err := filepath.Abs(name)
	if err != nil {
		return err
	}
	link := filepath.Join(dir, filepath.Base(name))
	if os.Symlink(path, link) != nil {
		return nil // a system without links: a worker will say it
	}
	copied, err := dataset.Open(link, m)
	if err != nil {
		return err
	}
	same := copied.Len() == source.Len()
	const enough = 16
	n := min(source.Len(), enough)
	for place := 0; same && place < n; place++ {
		a, err := evaluate.First(source, n).Load(m, place)
		if err != nil {
			return err
		}
		b, err := evaluate.First(copied, n).Load(m, place)
		if err != nil {
			return err
		}
		same = reflect.DeepEqual(a, b)
	}
	if !same {
		return fmt.Errorf("a file beside it says what its %d samples are, which workers would not see: --shared lets them read both where they are", source.Len())
	}
	return nil
}

// digestOf returns the SHA-256 of a file.
func digestOf(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// batches connects to a hub as a client for batches.
func (a *accessFlags) batches(ctx context.Context, client string) (*fleet.Batches, func(), error) {
	nc, err := a.dial(ctx, client)
	if err != nil {
		return nil, nil, err
	}
	b, err := fleet.NewBatches(nc)
	if err != nil {
		nc.Close()
		return nil, nil, err
	}
	return b, nc.Close, nil
}

// findJob connects and reads a job.
func (a *accessFlags) findJob(ctx context.Context, name string) (b *fleet.Batches, job *fleet.Job, end func(), err error) {
	if err := checkJob(name); err != nil {
		return nil, nil, nil, err
	}
	if b, end, err = a.batches(ctx, "results"); err != nil {
		return nil, nil, nil, err
	}
	if job, err = b.Job(ctx, name); err != nil {
		end()
		if errors.Is(err, fleet.ErrNoJob) {
			err = fmt.Errorf("%w; 'snurun batch submit --job %s' makes it", err, name)
		}
		return nil, nil, nil, err
	}
	return b, job, end, nil
}
