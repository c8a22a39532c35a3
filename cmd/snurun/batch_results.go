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
			failed, err := failures(ctx, b, job, have)
			if err != nil {
				return err
			}
			p := progressOf(job, have)
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{
					"schema": schema, "job": name, "samples": p.samples, "done": p.done, "tasks": p.tasks, "tasks_done": p.tasksDone, "tasks_failed": len(failed), "disagreements": differ,
				})
			}
			if _, err := fmt.Fprintf(cmd.OutOrStdout(), "job %s: %d of %d samples done, %d of %d tasks, %d failed\n", name, p.done, p.samples, p.tasksDone, p.tasks, len(failed)); err != nil {
				return err
			}
			for _, line := range failed[:min(len(failed), maxFailures)] {
				if _, err := fmt.Fprintln(cmd.OutOrStdout(), "FAILED: "+line); err != nil {
					return err
				}
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

// maxFailures bounds the failures that are printed.
const maxFailures = 20

// failures says which tasks failed, and the first of them why.
func failures(ctx context.Context, b *fleet.Batches, job *fleet.Job, have map[string]bool) (lines []string, err error) {
	failed, err := b.Failed(ctx, job.Name)
	if err != nil || len(failed) == 0 {
		return nil, err
	}
	for i, t := range job.Tasks {
		if !failed[t.Key] || have[t.Key] {
			continue
		}
		line := fmt.Sprintf("samples %d to %d of %s", t.From, t.To-1, printable(job.Inputs[i].Name))
		if len(lines) < maxFailures {
			if f, err := b.Failure(ctx, &t); err == nil {
				line += fmt.Sprintf(", worker %s: %s", printable(f.Worker), printable(f.Error))
			}
		}
		lines = append(lines, line)
	}
	return lines, nil
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
	var patience time.Duration
	cmd := &cobra.Command{
		Use:   "results",
		Short: "Print what the workers found, in order",
		Long: `results prints the lines that 'snurun classify --json' would print for the recordings
of a job, in their order, as they come: the same bytes, apart from latency_us. A
summary follows. With --wait it waits for what is not done, also for a hub that is
away, up to --patience; else it prints what is there up to the first sample that is
missing, and exits with 1 if any is. A task that failed ends it: 'batch status' says
why, and submitting the job again queues what failed.`,
		Example: "  snurun batch results --job night-1 --wait --hub nats://hub:4222 --credentials anna.credentials",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if patience <= 0 {
				return usagef("--patience is %v, expected more than 0", patience)
			}
			b, job, end, err := a.findJob(cmd.Context(), name)
			if err != nil {
				return err
			}
			defer end()
			return printResults(cmd, b, job, &waiter{b: b, wait: wait, patience: patience})
		},
	}
	a.hub(cmd)
	jobFlag(cmd, &name)
	cmd.Flags().BoolVar(&wait, "wait", false, "wait for what is not done yet")
	cmd.Flags().DurationVar(&patience, "patience", 5*time.Minute, "with --wait, give up when the hub has not answered for so long, or has no trace of a task")
	return cmd
}

func printResults(cmd *cobra.Command, b *fleet.Batches, job *fleet.Job, w *waiter) error {
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
		r, err := w.result(ctx, &t, out.Flush)
		if err != nil {
			failed = err
			break
		}
		in := &job.Inputs[i]
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

// waiter reads results, and waits for them.
type waiter struct {
	b        *fleet.Batches
	wait     bool
	patience time.Duration
}

// result returns the result of a task, or waits for it.
func (w *waiter) result(ctx context.Context, t *fleet.Task, flush func() error) (*fleet.Result, error) {
	pause := 50 * time.Millisecond
	alive := time.Now() // when the hub last knew of the task
	for {
		r, err := w.b.Result(ctx, t)
		if err == nil {
			return r, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, fleet.ErrNoMessage) {
			f, failure := w.b.Failure(ctx, t)
			if failure == nil {
				return nil, fmt.Errorf("samples %d to %d of %s failed, worker %s: %s", t.From, t.To-1, t.Name, printable(f.Worker), printable(f.Error))
			}
			if !w.wait {
				return nil, fmt.Errorf("samples %d to %d of %s are not done yet; --wait waits for them", t.From, t.To-1, t.Name)
			}
			waits, failure := w.b.Waits(ctx, t)
			if waits {
				alive = time.Now()
			}
			if err = failure; err == nil {
				err = errors.New("they are neither queued nor done: submitting was cut short, or the results were kept for too long; submit the job again")
			}
		}
		if !w.wait {
			return nil, err
		}
		if time.Since(alive) > w.patience {
			return nil, fmt.Errorf("waited %v for samples %d to %d of %s: %w", w.patience, t.From, t.To-1, t.Name, err)
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
