package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	goruntime "runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/internal/bench"
	"github.com/snurun/snurun/model"
)

type benchOptions struct {
	files    readingFlags
	margin   marginFlag
	data     string
	random   float64
	limit    int
	seed     uint64
	steps    int
	threads  []int
	batch    []int
	repeat   int
	warmup   int
	time     time.Duration
	compare  string
	allTiers bool
	output   string
	json     bool
}

func newBench() *cobra.Command {
	var o benchOptions
	cmd := &cobra.Command{
		Use:   "bench MODEL [INPUT...]",
		Short: "Measure how fast a model runs on this machine",
		Long: `bench encodes the samples first and then measures how long the network takes, in
each of the ways in which it can be used:

  known      one sample a call, all of its time steps at hand: layer by layer
  early      with --margin: one sample a call, step by step until it is decided
  streaming  one time step a call, as spikes come in
  batch      several samples a call
  threads    known, on several threads, each with a session of its own

Each is warmed up and then repeated; a repetition runs all samples, as often as
fit into --time. Percentiles are those of the calls. INPUT is as in classify; a
network that does not take the digits that are part of the program, as one of
events, runs on its self-test or, without one, on random input.

A layer's density is the share of its synapses that an input passes in a step;
more than all where pooling windows overlap and repeat an input. That of a conv2d
layer counts only what windows see within the plane, and its inputs per step are
estimated from it. A layer without neurons runs with the layer after it.

The load column tells which share of this machine's load bandwidth a fully
connected layer's weights are read with: that of plain loads of as many bytes as
the layer's weights have, measured in the same run. Above 1, weights were still in
a nearer cache from the time step before. Peak memory is that of the process
before it measures batches and threads.

With --compare or --all-tiers the contenders take turns, repetition by
repetition (A B A B ...), so that whatever else the machine does meets them all;
ratio is the time relative to the first, with its range over the repetitions.

Ctrl-C ends the measurement and prints what there is.`,
		Example: `  snurun bench testdata/mnist.msgpack
  snurun bench model.msgpack --all-tiers
  snurun bench model.msgpack --margin auto
  snurun bench events.msgpack recording.bs2
  snurun bench events.msgpack --random 0.05 --steps 100
  snurun bench model.msgpack --compare other.msgpack --repeat 10
  snurun bench model.msgpack --data ~/mnist --threads 1,2,4 --batch 1,8,64 -o md
  snurun bench model.msgpack -o go > new.txt && benchstat old.txt new.txt`,
		Args: modelAndInputs(&o.data),
		RunE: func(cmd *cobra.Command, args []string) error {
			return benchmark(cmd.Context(), cmd, args[0], args[1:], o)
		},
	}
	f := cmd.Flags()
	o.files.add(cmd)
	o.margin.add(cmd)
	f.StringVar(&o.data, "data", "", "run the test split of the data set in this `folder`")
	f.Float64Var(&o.random, "random", 0, "run on random input: the `share` of channels active in a step (0: no)")
	f.IntVar(&o.limit, "limit", 256, "run only the first `N` samples (0: all)")
	f.Uint64Var(&o.seed, "seed", 1, "seed of the input noise")
	f.IntVar(&o.steps, "steps", 0, "present each sample for `N` time steps (0: as the model says)")
	f.IntSliceVar(&o.threads, "threads", nil, "measure throughput on each of these `numbers` of threads (default 1, 2, 4, ... up to the cores)")
	f.IntSliceVar(&o.batch, "batch", []int{1, 32, 128}, "measure batches of these `sizes`")
	f.IntVar(&o.repeat, "repeat", 5, "repeat each measurement `N` times")
	f.IntVar(&o.warmup, "warmup", 1, "run each measurement `N` times before")
	f.DurationVar(&o.time, "time", 100*time.Millisecond, "least `duration` of a repetition")
	f.StringVar(&o.compare, "compare", "", "measure `OTHER`, a model too, in turns with MODEL")
	f.BoolVar(&o.allTiers, "all-tiers", false, "measure all kernels that this CPU has; * marks those that it would use")
	f.StringVarP(&o.output, "output", "o", "text", "`format`: text, md, csv, json, jsonl, or go for benchstat")
	f.BoolVar(&o.json, "json", false, "the same as -o json")
	suggestValues(cmd, "output", cobra.ShellCompDirectiveNoFileComp, bench.Formats()...)
	return cmd
}

// powersOfTwo returns 1, 2, 4, … up to n.
func powersOfTwo(n int) []int {
	p := make([]int, bits.Len(uint(n)))
	for i := range p {
		p[i] = 1 << i
	}
	return p
}

func (o *benchOptions) check() error {
	if o.json {
		if o.output != "text" && o.output != "json" {
			return usagef("--json and -o %s exclude each other", o.output)
		}
		o.output = "json"
	}
	switch {
	case !slices.Contains(bench.Formats(), o.output):
		return usagef("-o is %q, expected text, md, csv, json, jsonl or go", o.output)
	case !(o.random >= 0 && o.random <= 1):
		return usagef("--random is %v, expected 0 to 1", o.random)
	case o.limit < 0:
		return usagef("--limit is %d, expected 0 or more", o.limit)
	case o.steps < 0 || o.steps > model.MaxSteps:
		return usagef("--steps is %d, expected 0 to %d", o.steps, model.MaxSteps)
	case o.repeat < 1 || o.repeat > 1000:
		return usagef("--repeat is %d, expected 1 to 1000", o.repeat)
	case o.warmup < 0 || o.warmup > 1000:
		return usagef("--warmup is %d, expected 0 to 1000", o.warmup)
	case o.time < 0 || o.time > time.Minute:
		return usagef("--time is %v, expected 0s to 1m", o.time)
	}
	for _, n := range o.threads {
		if n < 1 || n > 1024 {
			return usagef("--threads has %d, expected 1 to 1024", n)
		}
	}
	for _, n := range o.batch {
		if n < 1 || n > 4096 {
			return usagef("--batch has %d, expected 1 to 4096", n)
		}
	}
	return o.margin.check()
}

func benchmark(ctx context.Context, cmd *cobra.Command, file string, names []string, o benchOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	if len(o.threads) == 0 {
		o.threads = powersOfTwo(goruntime.GOMAXPROCS(0))
	}
	if o.random > 0 && (len(names) > 0 || o.data != "") {
		return usagef("--random excludes --data and INPUT")
	}
	files := []string{file}
	if o.compare != "" {
		files = append(files, o.compare)
		if slices.Contains(names, "-") {
			return usagef("--compare reads the input twice, which standard input does not allow")
		}
	}
	tiers := []string{asm.Tier()}
	if o.allTiers {
		tiers = asm.Tiers()
	}
	encoded := map[string]bench.Samples{} // of each file
	var targets []*bench.Target
	for _, f := range files {
		for _, tier := range tiers {
			t, err := bench.NewTarget(f, tier, func(m *model.Network) (s bench.Samples, err error) {
				if _, done := encoded[f]; !done {
					if s, err = encodeSamples(ctx, m, names, cmd.InOrStdin(), o); err == nil {
						encoded[f] = s
					}
				}
				return encoded[f], err
			})
			if errors.Is(err, export.ErrNotModel) {
				err = withForeign(f, err)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", f, err)
			}
			margin, err := o.margin.of(t.Model(), f)
			if err != nil {
				return err
			}
			t.DecideEarly(margin)
			targets = append(targets, t)
		}
	}
	progress := silentBar()
	if isTerminal(cmd.ErrOrStderr()) {
		progress = newBar(cmd.ErrOrStderr(), 1)
	}
	err := bench.Measure(ctx, targets, bench.Options{
		Batch: o.batch, Threads: o.threads, Warmup: o.warmup, Repeat: o.repeat, Time: o.time,
		Progress: func(done, total int, what string) {
			progress.ChangeMax(total)
			progress.Describe(what)
			_ = progress.Set(done)
		},
	})
	_ = progress.Clear()
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	var text strings.Builder
	if err := bench.Write(&text, o.output, bench.Reports(targets)); err != nil {
		return err
	}
	if _, err := io.WriteString(cmd.OutOrStdout(), text.String()); err != nil {
		return err
	}
	return err
}
