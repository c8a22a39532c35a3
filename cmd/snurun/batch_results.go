//go:build !board || fleet

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/fleet"
	"github.com/snurun/snurun/runtime"
)

func newBatchStatus() *cobra.Command {
	var a accessFlags
	var name string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Say how far a job is",
		Long:    "status prints how many samples of a job are done, which tasks failed, and which\nworkers disagree.",
		Example: "  snurun batch status --job night-1 --hub nats://hub:4222 --credentials anna.credentials",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			b, job, end, err := a.findJob(ctx, name)
			if err != nil {
				return err
			}
			defer end()
			have, err := b.Have(ctx, name)
			if err != nil {
				return err
			}
			differ, err := b.Disagreements(ctx, name)
			if err != nil {
				return err
			}
			p := progressOf(job, have)
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{
					"job": name, "samples": p.samples, "done": p.done, "tasks": p.tasks, "tasks_done": p.tasksDone, "disagreements": differ,
				})
			}
			if _, err := fmt.Fprintf(cmd.OutOrStdout(), "job %s: %d of %d samples done, %d of %d tasks\n", name, p.done, p.samples, p.tasksDone, p.tasks); err != nil {
				return err
			}
			for _, d := range differ {
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "DISAGREEMENT: workers %s (%s) and %s (%s) about samples %d to %d of %s, sha256 %.12s\n",
					printable(d.First.Worker), printable(d.First.Kernel), printable(d.Second.Worker), printable(d.Second.Kernel), d.Task.From, d.Task.To-1, printable(d.Task.Name), printable(d.Task.Input)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	a.hub(cmd)
	jobFlag(cmd, &name)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// jobProgress is how far a job is.
type jobProgress struct{ samples, done, tasks, tasksDone int }

func progressOf(job *fleet.Job, have map[string]bool) (p jobProgress) {
	for _, t := range job.Tasks {
		p.tasks++
		p.samples += t.To - t.From
		if have[t.Key] {
			p.tasksDone++
			p.done += t.To - t.From
		}
	}
	return p
}

func newBatchResults() *cobra.Command {
	var a accessFlags
	var name string
	var wait bool
	cmd := &cobra.Command{
		Use:   "results",
		Short: "Print what the workers found, in order",
		Long: `results prints the lines that 'snurun classify --json' would print for the recordings
of a job, in their order, as they come: the same bytes, apart from latency_us. A
summary follows. With --wait it waits for what is not done; else it prints what is
there up to the first sample that is missing, and exits with 1 if any is.`,
		Example: "  snurun batch results --job night-1 --wait --hub nats://hub:4222 --credentials anna.credentials",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, job, end, err := a.findJob(cmd.Context(), name)
			if err != nil {
				return err
			}
			defer end()
			return printResults(cmd, b, job, wait)
		},
	}
	a.hub(cmd)
	jobFlag(cmd, &name)
	cmd.Flags().BoolVar(&wait, "wait", false, "wait for what is not done yet")
	return cmd
}

func printResults(cmd *cobra.Command, b *fleet.Batches, job *fleet.Job, wait bool) error {
	ctx := cmd.Context()
	out := bufio.NewWriter(cmd.OutOrStdout())
	e := json.NewEncoder(out)
	bar := silentBar()
	if isTerminal(cmd.ErrOrStderr()) && !isTerminal(cmd.OutOrStdout()) {
		bar = newBar(cmd.ErrOrStderr(), int64(progressOf(job, nil).samples))
	}
	var s batchSummary
	var failed error
	for i, t := range job.Tasks {
		r, err := waitResult(ctx, b, &t, wait, out.Flush)
		if err != nil {
			failed = err
			break
		}
		in := &job.Inputs[i]
		if r.Error != "" {
			failed = fmt.Errorf("%s: samples %d to %d, worker %s: %s", in.Name, t.From, t.To-1, printable(r.Worker), printable(r.Error))
			break
		}
		for k := range r.Samples {
			if err := e.Encode(s.add(in, t.From+k, &r.Samples[k], job.Classes)); err != nil {
				return err
			}
		}
		_ = bar.Set(s.samples)
	}
	_ = bar.Clear()
	if s.samples > 0 {
		if err := e.Encode(map[string]any{"summary": s.fields(failed != nil)}); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if failed != nil && errors.Is(failed, context.Canceled) {
		return interruptedError{fmt.Errorf("after %d samples", s.samples)}
	}
	return failed
}

// waitResult returns the result of a task, or waits for it.
func waitResult(ctx context.Context, b *fleet.Batches, t *fleet.Task, wait bool, flush func() error) (*fleet.Result, error) {
	pause := 50 * time.Millisecond
	for {
		r, err := b.Result(ctx, t)
		if err == nil {
			return r, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !wait && errors.Is(err, fleet.ErrNoMessage) {
			return nil, fmt.Errorf("samples %d to %d of %s are not done yet; --wait waits for them", t.From, t.To-1, t.Name)
		}
		if !wait {
			return nil, err
		}
		if err := flush(); err != nil { // somebody may wait for what is there
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, time.Second)
	}
}

// batchSummary adds up what results say.
type batchSummary struct {
	samples, labelled, correct   int
	spikes, synops, steps, delay float64
}

// add takes a sample in and returns its line, as classify has it.
func (s *batchSummary) add(in *fleet.JobInput, index int, r *fleet.Said, classes []string) outcome {
	o := outcome{Input: in.Name, Index: index, Class: r.Class, Scores: r.Scores, Steps: r.Steps, Spikes: r.Spikes, Latency: r.Latency}
	if in.Labels != nil && in.Labels[index] >= 0 {
		o.Label = &in.Labels[index]
		s.labelled++
		if r.Class == *o.Label {
			s.correct++
		}
	}
	if r.Class >= 0 && r.Class < len(classes) {
		o.Name = classes[r.Class]
	}
	result := runtime.Result{Class: r.Class, Scores: r.Scores, Steps: r.Steps}
	if lead := result.Lead(); !math.IsInf(float64(lead), 1) {
		o.Lead = &lead
	}
	s.samples++
	s.spikes += float64(r.Spikes)
	s.synops += float64(r.SynOps)
	s.steps += float64(r.Steps)
	s.delay += r.Latency
	return o
}

// fields are those of the summary of classify that do not depend on the machine, and
// the mean of the latencies.
func (s *batchSummary) fields(interrupted bool) map[string]any {
	n := float64(s.samples)
	all := map[string]any{
		"schema": schema, "samples": s.samples, "spikes_per_sample": s.spikes / n, "synops_per_sample": s.synops / n, "steps_per_sample": s.steps / n,
		"latency_us": map[string]float64{"mean": s.delay / n},
	}
	if s.labelled > 0 {
		all["correct"], all["accuracy"] = s.correct, float64(s.correct)/float64(s.labelled)
	}
	if interrupted {
		all["interrupted"] = true
	}
	return all
}
