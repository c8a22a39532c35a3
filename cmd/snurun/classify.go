package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	goruntime "runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/internal/atomicfile"
	"github.com/snurun/snurun/model"
)

// linesUpTo is the number of samples up to which each has a line of its own in
// human output.
const linesUpTo = 20

type classifyOptions struct {
	data    string
	list    string
	out     string
	limit   int
	seed    uint64
	steps   int
	margin  marginFlag
	files   readingFlags
	threads int
	json    bool
	show    bool
	verbose bool
	matrix  bool

	skipSteps, unlabelled int
}

func newClassify() *cobra.Command {
	var o classifyOptions
	cmd := &cobra.Command{
		Use:   "classify MODEL [INPUT...]",
		Short: "Classify images or recordings",
		Long: `classify runs a model on every sample of the inputs and prints classes, accuracy
where labels are known, spikes, synaptic operations and latency.

INPUT is an IDX image file (.gz too; labels are found beside it), a PNG or JPEG image, a
NumPy array .npy or archive .npz of spikes [steps, channels] or [samples, steps,
channels] or of events, events or samples in HDF5 (DSEC, E2VID, Metavision, SHD), a
recording of an event camera (` + strings.Join(event.Formats(), ", ") + `),
or '-' for one of them on standard input, but for nmnist, which only the name of
a file tells. FILE.npz:NAME and FILE.h5:NAME are one of several arrays or groups. The
classes of recordings are known if a file labels.txt beside them has lines "FILE CLASS"
or "FILE,CLASS"; those of the parts of NAME.aedat from NAME_labels.csv, as of
DVS-Gesture. Without INPUT and --data it runs on ` + fmt.Sprint(dataset.SampleSize) + ` of the MNIST test digits, which
are part of the program.

--data is a folder with IDX images or, for a network of events, with recordings,
those of a class in a subfolder of its name. --list names a list of recordings in
the folder instead, in lines "FILE CLASS"; FILE may lack its extension, and CLASS where
a table lists its parts. A list may be an HDF5 file with samples and labels, too. Of a
folder with subfolders train and test, test is taken.

Events are binned as the model says, from the earliest one on, and presented for as
many steps as the model says; an array .npy for as many as it has. Events whose time
cannot be meant, as those left over from the sensor's last run, are left out with a
warning; so is said what else is odd about a file, or with --strict refused.

Latency is the time from the encoded spike train to the class, of a sample on its
own. Of more than 256 samples without a line each it is that of the first 256, on
one thread; throughput is that of the others, in batches where these are faster.

--confusion adds a row a class: its samples, the share that is right, and how many
were taken for each class. --out writes a line a sample as CSV, the same bytes on
every machine: input, file, index, label, class, their names, steps, spikes, synaptic
operations and all scores. Ctrl-C ends with the summary of what was classified.

A network that decides at every step is shown each sequence as long as it is: of an
archive .npz with x [samples, steps, channels] and y [samples, steps] of classes, or
[samples, steps, outputs] of sets, of DIR/test.npz with --data, or music as JSON. There
is an accuracy over all steps with a target, of sets the outputs decided and expected as a
share of those decided or expected, and the negative log-likelihood of a step in nats.
--verbose prints a line a step, --out has a row a step.

--show draws each sample: its input, summed over the time steps, beside the
output of each class, step by step, and the scores. It needs at most 20 samples.
The picture follows the width of the terminal, or COLUMNS, and has no colour
with NO_COLOR; elsewhere than on a terminal it is made of plain characters.`,
		Example: `  snurun classify testdata/mnist.msgpack
  snurun classify model.msgpack --data ~/mnist --threads 4
  snurun classify model.msgpack a.bs2 b.bs2
  snurun classify model.msgpack --data recordings --list test.txt
  snurun classify model.msgpack digit.png --show
  snurun classify model.msgpack --data ~/mnist --confusion --out predictions.csv
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
	o.files.add(cmd)
	f.IntVar(&o.threads, "threads", goruntime.GOMAXPROCS(0), "classify on `N` threads; only times depend on it")
	f.BoolVar(&o.matrix, "confusion", false, "print the accuracy of each class, and what its samples were taken for")
	f.StringVar(&o.out, "out", "", "write the decisions to this CSV `file`")
	f.IntVar(&o.skipSteps, "skip-steps", 0, "where each step is decided, the first `N` do not count")
	f.IntVar(&o.unlabelled, "unlabelled", -1, "where each step is decided, those without a class count as this `class` (-1: not at all)")
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
	case o.skipSteps < 0 || o.unlabelled < -1:
		return usagef("--skip-steps is %d and --unlabelled %d, expected 0 or more, and a class or -1", o.skipSteps, o.unlabelled)
	case o.show && o.json:
		return usagef("--show and --json exclude each other")
	case o.out == "-":
		return usagef("--out is -, expected a file: the summary goes to standard output")
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
		inputs, err = openFolder(ctx, m, o.data, o.list, o.files)
	} else {
		inputs, err = openInputs(ctx, m, names, o.data, cmd.InOrStdin(), o.files)
	}
	if err == nil {
		inputs, err = o.judged(inputs)
	}
	if err != nil {
		return err
	}
	margin, err := o.margin.of(m, file)
	if err != nil {
		return err
	}
	c := &classifier{
		file: file, model: m, evaluator: evaluate.New(net), options: o, margin: margin, terminal: cmd.OutOrStdout(), out: bufio.NewWriter(cmd.OutOrStdout()), perLine: o.json || o.verbose,
	}
	for _, in := range inputs {
		c.total += in.source.Len()
	}
	if o.limit > 0 {
		c.total = min(c.total, o.limit)
	}
	if c.total <= linesUpTo {
		c.perLine = true
	} else if o.show {
		return usagef("--show draws at most %d samples, there are %d; add --limit %d", linesUpTo, c.total, linesUpTo)
	}
	c.bar = silentBar()
	if isTerminal(cmd.ErrOrStderr()) && !c.perLine {
		c.bar = newBar(cmd.ErrOrStderr(), int64(c.total))
	}
	if o.out == "" {
		return c.all(ctx, inputs)
	}
	var failed error
	err = atomicfile.Write(o.out, func(w io.Writer) error {
		c.table = csv.NewWriter(w)
		if err := c.table.Write(c.columns()); err != nil {
			return err
		}
		if failed = c.all(ctx, inputs); failed != nil {
			return failed
		}
		c.table.Flush()
		return c.table.Error()
	})
	return cmp.Or(failed, err)
}

// classifier classifies samples and keeps what the summary needs.
type classifier struct {
	file      string
	model     *model.Network
	evaluator *evaluate.Evaluator
	options   classifyOptions
	margin    float32 // of an early decision; 0: never
	total     int     // samples
	out       *bufio.Writer
	table     *csv.Writer // of --out; nil without
	bar       bar
	perLine   bool

	terminal io.Writer // what out writes to

	sums        evaluate.Summary
	latencies   []float64  // µs, of the samples that were timed
	timed, fast throughput // of those, and of the others
}

// throughput is how many samples took how long, encoding and output included.
type throughput struct {
	samples int
	elapsed time.Duration
}

// all classifies all inputs. What is known is printed whatever happens, and the
// summary of an interrupted run is that of the samples until then.
func (c *classifier) all(ctx context.Context, inputs []input) error {
	var failed error
	for _, j := range join(inputs, c.model, c.options.seed) {
		if failed = c.run(ctx, j, min(j.Len(), c.total-c.sums.Samples)); failed != nil {
			break
		}
	}
	_ = c.bar.Clear()
	interrupted := errors.Is(failed, context.Canceled)
	if interrupted {
		left := ""
		if c.table != nil {
			left = fmt.Sprintf("; %s was not written", c.options.out)
		}
		failed = interruptedError{fmt.Errorf("after %d of %d samples%s", c.sums.Samples, c.total, left)}
	}
	if failed == nil || interrupted && c.sums.Samples > 0 {
		if err := c.summary(); err != nil {
			return err
		}
	}
	// An error of the output is what Flush returns, too.
	if err := c.out.Flush(); err != nil {
		return err
	}
	return failed
}

// timedFirst is how many samples are timed of those that have no line.
const timedFirst = 256

// run classifies the first n samples of j. It prints those before the first
// sample that fails. Where each has a line each is timed. Else the first ones are,
// on one thread, and the others run as fast as they can.
func (c *classifier) run(ctx context.Context, j *joined, n int) error {
	set := evaluate.First(j.source(), n)
	set.Steps, set.Draw = c.options.steps, c.options.seed
	if len(j.inputs) > 1 && set.Steps == 0 {
		set.Steps = dataset.Steps(j.inputs[0].source, c.model.Steps) // that of all of them
	}
	all := set.Indices
	o := evaluate.Options{Threads: c.options.threads, Margin: c.margin, Timed: true}
	if c.perLine || c.total <= timedFirst {
		return c.part(ctx, j, set, o)
	}
	timed := min(n, max(0, timedFirst-c.sums.Samples))
	o.Threads, set.Indices = 1, all[:timed]
	if err := c.part(ctx, j, set, o); err != nil {
		return err
	}
	o.Threads, o.Timed, set.Indices = c.options.threads, false, all[timed:]
	return c.part(ctx, j, set, o)
}

// part classifies the samples of a set of j.
func (c *classifier) part(ctx context.Context, j *joined, set evaluate.Set, o evaluate.Options) error {
	if len(set.Indices) == 0 {
		return nil
	}
	o.Progress = func(int, int) {
		_ = c.bar.Set(c.sums.Samples)
		if c.perLine { // somebody may wait for the lines; an error is that of the next line
			_ = c.out.Flush()
		}
	}
	t := &c.fast
	if o.Timed {
		t = &c.timed
	}
	start := time.Now()
	defer func() { t.elapsed += time.Since(start) }()
	done := 0
	for out, err := range c.evaluator.Samples(ctx, set, o) {
		if err != nil {
			return c.failure(j, set, done, err)
		}
		t.samples++
		if err := c.add(j, set, *out, o.Timed); err != nil {
			return c.failure(j, set, done, err)
		}
		done++
	}
	return nil
}

// failure returns the error of the sample at a place of a set of j, in the words of
// its own input.
func (c *classifier) failure(j *joined, set evaluate.Set, at int, err error) error {
	if at == len(set.Indices) {
		return err
	}
	in, _ := j.of(set.Indices[at])
	if len(j.inputs) > 1 && !errors.Is(err, context.Canceled) {
		alone := j.alone(set, set.Indices[at])
		for _, own := range c.evaluator.Samples(context.Background(), alone, evaluate.Options{Threads: 1, Margin: c.margin, Timed: true}) {
			err = cmp.Or(own, err)
		}
	}
	return fmt.Errorf("%s: %w", in.name, err)
}

// add takes an outcome into the summary and prints what is asked for of it.
func (c *classifier) add(j *joined, set evaluate.Set, out evaluate.Outcome, timed bool) error {
	c.sums.Add(&out)
	set = j.alone(set, out.Index)
	var in input
	in, out.Index = j.of(out.Index)
	if timed {
		c.latencies = append(c.latencies, float64(out.Latency.Nanoseconds())/1e3)
	}
	if c.table != nil && c.eachStep() {
		if err := c.table.WriteAll(c.stepRows(in, &out)); err != nil {
			return err
		}
	} else if c.table != nil {
		if err := c.table.Write(c.row(in, &out)); err != nil {
			return err
		}
	}
	if !c.perLine {
		return nil
	}
	if err := c.line(in, &out); err != nil {
		return err
	}
	if c.options.show {
		if err := c.show(set, &out); err != nil {
			return err
		}
	}
	return nil
}
