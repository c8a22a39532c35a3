package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/internal/bench"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
	"github.com/snurun/snurun/train"
)

// linesUpTo is the number of samples up to which each has a line of its own in
// human output.
const linesUpTo = 20

type classifyOptions struct {
	data    string
	list    string
	limit   int
	seed    uint64
	steps   int
	margin  marginFlag
	threads int
	json    bool
	show    bool
	verbose bool
}

func newClassify() *cobra.Command {
	var o classifyOptions
	cmd := &cobra.Command{
		Use:   "classify MODEL [INPUT...]",
		Short: "Classify images or recordings",
		Long: `classify runs a model on every sample of the inputs and prints classes, accuracy
where labels are known, spikes, synaptic operations and latency.

INPUT is an IDX image file (.gz too; labels are found beside it), a PNG image, a
NumPy file .npy with spikes [steps, channels] or [samples, steps, channels], a
recording of an event camera (` + strings.Join(event.Formats(), ", ") + `),
or '-' for one of them on standard input, but for nmnist, which only the name of
a file tells. The classes of recordings are known if a file labels.txt beside them
has lines "FILE CLASS". Without INPUT and --data it runs on 1,000 of the MNIST test
digits, which are part of the program.

--data is a folder with IDX images or, for a network of events, with recordings,
those of a class in a subfolder of its name. --list names a list of recordings in
the folder instead, in lines "FILE CLASS"; FILE may lack its extension. Of a
folder with subfolders train and test, test is taken.

Events are binned as the model says, from the first one on, and presented for as
many steps as the model says; an array .npy for as many as it has.

Latency is the time from the encoded spike train to the class.

--show draws each sample: its input, summed over the time steps, beside the
output of each class, step by step, and the scores. It needs at most 20 samples.
The picture follows the width of the terminal, or COLUMNS, and has no colour
with NO_COLOR; elsewhere than on a terminal it is made of plain characters.`,
		Example: `  snurun classify testdata/mnist.msgpack
  snurun classify model.msgpack --data ~/mnist --threads 4
  snurun classify model.msgpack a.bs2 b.bs2
  snurun classify model.msgpack --data recordings --list test.txt
  snurun classify model.msgpack digit.png --show
  snurun classify model.msgpack spikes.npy --json`,
		Args: modelAndInputs(&o.data),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.list != "" && len(args) > 1 {
				return usagef("--list and INPUT exclude each other")
			}
			return classify(cmd.Context(), cmd, args[0], args[1:], o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.data, "data", "", "classify the test split of the data set in this `folder`")
	f.StringVar(&o.list, "list", "", "classify the recordings of this list `file`, in --data or beside it")
	f.IntVar(&o.limit, "limit", 0, "classify only the first `N` samples (0: all)")
	f.Uint64Var(&o.seed, "seed", 1, "seed of the input noise")
	f.IntVar(&o.steps, "steps", 0, "present each sample for `N` time steps (0: as the model says)")
	o.margin.add(cmd)
	f.IntVar(&o.threads, "threads", 1, "classify on `N` threads")
	f.BoolVar(&o.json, "json", false, "print one JSON object a sample and a summary")
	f.BoolVar(&o.show, "show", false, "draw the input and the output of every sample")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "print a line for every sample")
	return cmd
}

func (o *classifyOptions) check() error {
	switch {
	case o.limit < 0:
		return usagef("--limit is %d, expected 0 or more", o.limit)
	case o.steps < 0 || o.steps > model.MaxSteps:
		return usagef("--steps is %d, expected 0 to %d", o.steps, model.MaxSteps)
	case o.threads < 1 || o.threads > 1024:
		return usagef("--threads is %d, expected 1 to 1024", o.threads)
	case o.show && o.json:
		return usagef("--show and --json exclude each other")
	}
	return o.margin.check()
}

func classify(ctx context.Context, cmd *cobra.Command, file string, names []string, o classifyOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	net, err := readNetwork(file)
	if err != nil {
		return err
	}
	m := net.Model()
	var inputs []input
	if o.list != "" {
		inputs, err = openFolder(m, o.data, o.list)
	} else {
		inputs, err = openInputs(m, names, o.data, cmd.InOrStdin())
	}
	if err != nil {
		return err
	}
	margin, err := o.margin.of(m, file)
	if err != nil {
		return err
	}
	c := &classifier{
		model: m, net: net, options: o, margin: margin, terminal: cmd.OutOrStdout(), out: bufio.NewWriter(cmd.OutOrStdout()), perLine: o.json || o.verbose,
	}
	total := 0
	for _, in := range inputs {
		total += in.source.Len()
	}
	if o.limit > 0 {
		total = min(total, o.limit)
	}
	if total <= linesUpTo {
		c.perLine = true
	} else if o.show {
		return usagef("--show draws at most %d samples, there are %d; add --limit %d", linesUpTo, total, linesUpTo)
	}
	start := time.Now()
	for _, in := range inputs {
		n := in.source.Len()
		if o.limit > 0 {
			n = min(n, o.limit-len(c.latencies))
		}
		if err := c.run(ctx, in, n); err != nil {
			// What is known already is printed all the same. An error of the output
			// is what Flush returns, too.
			if flushed := c.out.Flush(); flushed != nil {
				return flushed
			}
			return fmt.Errorf("%s: %w", in.name, err)
		}
	}
	if err := c.summary(time.Since(start)); err != nil {
		return err
	}
	return c.out.Flush()
}

// input is one named set of samples to classify.
type input struct {
	name   string
	source dataset.Source
}

// openInputs opens what the command line names: the files, or the data set in
// dir, or the digits that are part of the program.
func openInputs(m *model.Network, names []string, dir string, stdin io.Reader) ([]input, error) {
	if len(names) > 0 {
		var inputs []input
		files := dataset.Opener{Network: m}
		for _, name := range names {
			if info, err := os.Stat(name); err == nil && info.IsDir() {
				return nil, usagef("%s is a folder: --data %s takes what is in it", name, name)
			}
			source, err := openInput(&files, name, stdin)
			if err != nil {
				return nil, err
			}
			inputs = append(inputs, input{name, source})
		}
		return inputs, nil
	}
	name, load := "sample", dataset.Sample
	switch events := m.Input.Encoder.Coding == model.Events; {
	case events && dir == "":
		return nil, usagef("%w: the model takes events: name a recording, or a folder of them with --data", dataset.ErrCoding)
	case events:
		return openFolder(m, dir, "")
	case dir != "":
		name, load = dir, func() (dataset.ImageSet, error) { return dataset.LoadImages(dir, dataset.TestPart) }
	}
	set, err := load()
	if err != nil {
		return nil, err
	}
	source, err := imageSource(m, set)
	if err != nil {
		return nil, err
	}
	return []input{{name, source}}, nil
}

func openInput(files *dataset.Opener, name string, stdin io.Reader) (dataset.Source, error) {
	if name == "-" {
		return dataset.Read(stdin, "standard input", files.Network)
	}
	return files.Open(name)
}

// openFolder opens the recordings of a folder: those of a list or of subfolders.
func openFolder(m *model.Network, dir, list string) ([]input, error) {
	o := dataset.FolderOptions{List: inFolder(dir, list), Classes: m.Classes}
	if list == "" {
		if _, test := splitFolders(dir); test != "" {
			dir = test
		}
	}
	source, err := dataset.LoadFolder(dir, m.Input, o)
	if err != nil {
		return nil, err
	}
	return []input{{cmp.Or(dir, list), source}}, nil
}

func imageSource(m *model.Network, set dataset.ImageSet) (dataset.Source, error) {
	return dataset.FromImageSet(set, m.Input)
}

// classifier classifies samples and keeps what the summary needs.
type classifier struct {
	model   *model.Network
	net     *runtime.Network
	options classifyOptions
	margin  float32 // of an early decision; 0: never
	out     *bufio.Writer
	perLine bool

	terminal io.Writer // what out writes to

	latencies []float64 // µs
	labelled  int
	correct   int
	spikes    int64
	synops    int64
	steps     int
}

// outcome is what was found for one sample; its JSON form is that of --json.
type outcome struct {
	Input   string    `json:"input"`
	Index   int       `json:"index"`
	Label   *int      `json:"label,omitempty"`
	Class   int       `json:"class"`
	Name    string    `json:"name,omitempty"`
	Scores  []float32 `json:"scores"`
	Steps   int       `json:"steps"`
	Spikes  int64     `json:"spikes"`
	Latency float64   `json:"latency_us"`

	synops int64
	err    error
}

// batch returns the number of samples between two ordered writes: few where each
// has a line, which somebody may wait for.
func (c *classifier) batch() int {
	if c.perLine {
		return 16 * c.options.threads
	}
	return 1024
}

// run classifies the first n samples of in. It prints those before the first
// sample that fails.
func (c *classifier) run(ctx context.Context, in input, n int) error {
	batch := c.batch()
	outcomes := make([]outcome, min(n, batch))
	workers := make([]worker, min(n, c.options.threads))
	for w := range workers {
		workers[w] = worker{c.net.NewSession(), c.model.Input.New(c.presented(in))}
		defer workers[w].Close()
	}
	for from := 0; from < n; from += batch {
		part := outcomes[:min(batch, n-from)]
		var wait sync.WaitGroup
		for w := range workers {
			wait.Go(func() { c.work(ctx, &workers[w], in, from, part, w, len(workers)) })
		}
		wait.Wait()
		for i := range part {
			if err := part[i].err; err != nil {
				return err
			}
			if err := c.add(&part[i]); err != nil {
				return err
			}
			if c.options.show {
				if err := c.show(in, &part[i]); err != nil {
					return err
				}
			}
		}
		if c.perLine {
			if err := c.out.Flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// worker is what one goroutine classifies with.
type worker struct {
	*runtime.Session
	x spike.Input
}

// work fills every stride-th outcome of part from number first on, up to the
// first that fails.
func (c *classifier) work(ctx context.Context, w *worker, in input, from int, part []outcome, first, stride int) {
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	for k := first; k < len(part); k += stride {
		if part[k] = c.outcome(ctx, w, in, from+k); part[k].err != nil {
			return
		}
	}
}

// outcome classifies sample i.
func (c *classifier) outcome(ctx context.Context, w *worker, in input, i int) outcome {
	if err := ctx.Err(); err != nil {
		return outcome{err: err}
	}
	if err := in.source.Load(w.x, i, train.TestKey(c.options.seed, i)); err != nil {
		return outcome{err: err}
	}
	start := time.Now()
	r, err := c.classify(w.Session, w.x)
	if err != nil {
		return outcome{err: fmt.Errorf("sample %d: %w", i, err)}
	}
	latency := time.Since(start)
	stats := w.Stats()
	o := outcome{
		Input: in.name, Index: i, Class: r.Class, Scores: slices.Clone(r.Scores), Steps: r.Steps,
		Spikes: stats.TotalSpikes(), Latency: float64(latency.Nanoseconds()) / 1e3, synops: stats.TotalSynOps(),
	}
	if label := in.source.Label(i); label >= 0 {
		o.Label = &label
	}
	if r.Class < len(c.model.Classes) {
		o.Name = c.model.Classes[r.Class]
	}
	return o
}

// presented returns for how many steps the samples of in are presented.
func (c *classifier) presented(in input) int {
	if c.options.steps > 0 {
		return c.options.steps
	}
	return dataset.Steps(in.source, c.model.Steps)
}

func (c *classifier) classify(s *runtime.Session, x spike.Input) (runtime.Result, error) {
	if c.margin > 0 {
		return s.ClassifyEarly(x, c.margin)
	}
	return s.Classify(x)
}

// add takes an outcome into the summary and prints its line.
func (c *classifier) add(o *outcome) error {
	c.latencies = append(c.latencies, o.Latency)
	c.spikes += o.Spikes
	c.synops += o.synops
	c.steps += o.Steps
	if o.Label != nil {
		c.labelled++
		if *o.Label == o.Class {
			c.correct++
		}
	}
	if !c.perLine {
		return nil
	}
	if c.options.json {
		return json.NewEncoder(c.out).Encode(o)
	}
	mark := ""
	if o.Label != nil && *o.Label != o.Class {
		mark = fmt.Sprintf("  expected %s", c.className(*o.Label))
	}
	_, err := fmt.Fprintf(c.out, "%s[%d]  %s  score %.4g  %d steps  %d spikes  %.1f µs%s\n",
		o.Input, o.Index, c.className(o.Class), o.Scores[o.Class], o.Steps, o.Spikes, o.Latency, mark)
	return err
}

func (c *classifier) className(class int) string {
	if class < len(c.model.Classes) {
		return c.model.Classes[class]
	}
	return fmt.Sprint(class)
}

// summary prints the totals; elapsed includes encoding and output.
func (c *classifier) summary(elapsed time.Duration) error {
	n := len(c.latencies)
	if n == 0 {
		return fmt.Errorf("there are no samples to classify")
	}
	latency := bench.NewLatencies(c.latencies)
	perSample := func(total float64) float64 { return total / float64(n) }
	throughput := float64(n) / elapsed.Seconds()
	if c.options.json {
		s := map[string]any{
			"samples": n, "latency_us": latency, "throughput_per_s": throughput,
			"spikes_per_sample": perSample(float64(c.spikes)), "synops_per_sample": perSample(float64(c.synops)),
			"steps_per_sample": perSample(float64(c.steps)), "kernel": c.net.Kernel(), "threads": c.options.threads,
		}
		if c.labelled > 0 {
			s["correct"] = c.correct
			s["accuracy"] = float64(c.correct) / float64(c.labelled)
		}
		return json.NewEncoder(c.out).Encode(map[string]any{"summary": s})
	}
	w := c.out
	fmt.Fprintf(w, "samples     %d\n", n)
	if c.labelled > 0 {
		fmt.Fprintf(w, "accuracy    %.2f %%  (%d of %d)\n", 100*float64(c.correct)/float64(c.labelled), c.correct, c.labelled)
	}
	fmt.Fprintf(w, "steps       %.4g a sample of %v ms\n", perSample(float64(c.steps)), c.model.Input.Step())
	fmt.Fprintf(w, "spikes      %.0f a sample\n", perSample(float64(c.spikes)))
	fmt.Fprintf(w, "synops      %.0f a sample\n", perSample(float64(c.synops)))
	fmt.Fprintf(w, "latency     %.1f µs mean, %.1f p50, %.1f p90, %.1f p99, %.1f max\n", latency.Mean, latency.P50, latency.P90, latency.P99, latency.Max)
	fmt.Fprintf(w, "throughput  %.0f samples/s on %d %s, encoding included\n", throughput, c.options.threads, plural(c.options.threads, "thread"))
	_, err := fmt.Fprintf(w, "kernel      %s\n", c.net.Kernel())
	return err
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
