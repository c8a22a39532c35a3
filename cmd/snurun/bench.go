package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/bits"
	goruntime "runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
)

type benchOptions struct {
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
  snurun bench events.msgpack recording.bs2
  snurun bench events.msgpack --random 0.05 --steps 100
  snurun bench model.msgpack --compare other.msgpack --repeat 10
  snurun bench model.msgpack --data ~/mnist --threads 1,2,4 --batch 1,8,64 -o md
  snurun bench model.msgpack -o go > new.txt && benchstat old.txt new.txt`,
		Args: modelAndInputs(&o.data),
		RunE: func(cmd *cobra.Command, args []string) error {
			return bench(cmd.Context(), cmd, args[0], args[1:], o)
		},
	}
	f := cmd.Flags()
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
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(slices.Sorted(maps.Keys(benchFormats)), cobra.ShellCompDirectiveNoFileComp))
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
	case benchFormats[o.output] == nil:
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
	return nil
}

func bench(ctx context.Context, cmd *cobra.Command, file string, names []string, o benchOptions) error {
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
	var targets []*target
	for _, f := range files {
		for _, tier := range tiers {
			t, err := newTarget(f, tier, names, cmd.InOrStdin(), targets, o)
			if err != nil {
				return fmt.Errorf("%s: %w", f, err)
			}
			targets = append(targets, t)
		}
	}
	err := measureAll(ctx, targets, o, cmd.ErrOrStderr())
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	reports := make([]*benchReport, len(targets))
	for i, t := range targets {
		reports[i] = newBenchReport(t, targets[0])
	}
	var text strings.Builder
	if err := benchFormats[o.output](&text, reports); err != nil {
		return err
	}
	if _, err := io.WriteString(cmd.OutOrStdout(), text.String()); err != nil {
		return err
	}
	return err
}

// target is a model on one tier, with all that was measured of it.
type target struct {
	file    string
	tier    string
	model   *model.Network
	net     *runtime.Network
	samples samples
	session *runtime.Session

	read, compile, first time.Duration
	timings              []*timing
	profile              layerProfile
	peakRSS              int64 // bytes; 0 if it is not known or there are several targets
}

// newTarget loads a model and its samples; those of a target before of the
// same file are shared.
func newTarget(file, tier string, names []string, stdin io.Reader, before []*target, o benchOptions) (*target, error) {
	restore, err := asm.Use(tier)
	if err != nil {
		return nil, err
	}
	defer restore()
	t := &target{file: file, tier: tier}
	start := time.Now()
	if t.model, err = export.ReadFile(file); err != nil {
		return nil, err
	}
	t.read = time.Since(start)
	start = time.Now()
	if t.net, err = runtime.Compile(t.model); err != nil {
		return nil, err
	}
	t.compile = time.Since(start)
	if i := slices.IndexFunc(before, func(b *target) bool { return b.file == file }); i >= 0 {
		t.samples = before[i].samples
	} else if t.samples, err = encodeSamples(t.model, names, stdin, o); err != nil {
		return nil, err
	}
	start = time.Now()
	t.session = t.net.NewSession()
	if err := t.classify(t.session, 0); err != nil {
		return nil, err
	}
	t.first = time.Since(start)
	return t, nil
}
