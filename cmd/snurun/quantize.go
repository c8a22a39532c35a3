//go:build !board

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	goruntime "runtime"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/internal/bench"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

type quantizeOptions struct {
	files   readingFlags
	bits    int
	data    string
	list    string
	draws   int
	limit   int
	seed    uint64
	threads int
	json    bool
}

func newQuantize() *cobra.Command {
	var o quantizeOptions
	cmd := &cobra.Command{
		Use:   "quantize IN OUT",
		Short: "Make the weights of a model 8-bit integers, and say what is lost",
		Long: `quantize writes a model whose weights are integers from −127 to 127, a quarter of
the size, and with a scale for each neuron or channel. A layer sums them exactly
and scales the sum; everything else stays float32, so that the model still gives
the same spikes on every machine. Its self-test is computed anew, on the first of
the inputs of the old one, up to 8 KiB of them; the training history and accuracies
in the metadata, which are those of IN, are left out.

It says of each layer how far rounding moved the weights, as a share of their root
mean square, and how many became 0. With --data it classifies the test split of a
data set with both models, shown the same noise, and prints the accuracy of both
over several draws and how often they agree; without, how often they agree on
random input, for which no class is right.

A layer must take spikes or counts of events. A model in which one takes analog
values (encoder direct, soft neurons, membranes passed on) is refused, and the
layer named. --bits of fewer than 8 rounds to fewer integers, which fill a byte each
all the same: it shows what they would cost.`,
		Example: `  snurun quantize testdata/mnist.msgpack small.msgpack
  snurun quantize model.msgpack small.msgpack --data ~/mnist
  snurun quantize testdata/nmnist.msgpack small.msgpack --data recordings --draws 1`,
		Args: exactArgs(2, "IN and OUT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return quantize(cmd.Context(), cmd, args[0], args[1], o)
		},
	}
	o.files.add(cmd)
	f := cmd.Flags()
	f.IntVar(&o.bits, "bits", 8, "round to integers of `N` bits, 2 to 8")
	f.StringVar(&o.data, "data", "", "compare both models on the test split of the data set in this `folder`")
	f.StringVar(&o.list, "list", "", "compare them on the recordings of this list `file`, in --data or beside it")
	f.IntVar(&o.draws, "draws", 5, "compare them over `N` draws of the input noise")
	f.IntVar(&o.limit, "limit", 0, "compare them on the first `N` samples only (0: all)")
	f.Uint64Var(&o.seed, "seed", 1, "seed of the input noise")
	f.IntVar(&o.threads, "threads", goruntime.GOMAXPROCS(0), "compare on `N` threads; the result is the same")
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	return cmd
}

// quantizeReport is what quantize says.
type quantizeReport struct {
	Schema    int             `json:"schema"`
	Model     string          `json:"model"` // that was written
	Network   string          `json:"network"`
	Bits      int             `json:"bits"`
	BytesIn   int64           `json:"bytes_in"`
	BytesOut  int64           `json:"bytes_out"`
	Layers    []quantizeLayer `json:"layers"`
	Samples   int             `json:"samples"` // of a draw
	Draws     int             `json:"draws"`
	Agreement float64         `json:"agreement"` // share of the samples of all draws

	// With data whose classes are known:
	Accuracy      *float64 `json:"accuracy,omitempty"`
	AccuracyError *float64 `json:"accuracy_error,omitempty"`
	Before        *float64 `json:"accuracy_before,omitempty"`
	BeforeError   *float64 `json:"accuracy_before_error,omitempty"`
}

type quantizeLayer struct {
	Layer   int     `json:"layer"`
	Name    string  `json:"name,omitempty"`
	Weights int     `json:"weights"`
	Error   float64 `json:"error"` // of the root mean square of the weights
	Zeros   int     `json:"zeros"` // that were not before
}

func quantize(ctx context.Context, cmd *cobra.Command, in, out string, o quantizeOptions) error {
	switch {
	case o.bits < 2 || o.bits > 8:
		return usagef("--bits is %d, expected 2 to 8", o.bits)
	case o.draws < 1 || o.draws > 1000:
		return usagef("--draws is %d, expected 1 to 1000", o.draws)
	case o.limit < 0:
		return usagef("--limit is %d, expected 0 or more", o.limit)
	case o.threads < 1 || o.threads > 1024:
		return usagef("--threads is %d, expected 1 to 1024", o.threads)
	}
	m, info, err := export.ReadFileInfo(in)
	if err != nil {
		return withForeign(in, err)
	}
	q, losses, err := model.Quantize(m, o.bits)
	if err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	if err := renewSelfTest(cmd.ErrOrStderr(), m, q); err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	q.CreatedBy = createdBy()
	q.Metadata = o.metadata(m, info)
	r := quantizeReport{Schema: schema, Model: out, Network: q.Topology(), Bits: o.bits, BytesIn: info.Size, Draws: o.draws}
	for _, l := range losses {
		r.Layers = append(r.Layers, quantizeLayer{l.Layer, q.Layers[l.Layer].Name, l.Weights, l.Error, l.Zeros})
	}
	set, err := o.samples(ctx, m)
	if err != nil {
		return err
	}
	if err := r.compare(ctx, cmd.ErrOrStderr(), m, q, set, o); err != nil {
		return err
	}
	if r.Accuracy != nil {
		q.Metadata["test_accuracy"], q.Metadata["test_accuracy_se"], q.Metadata["test_draws"] = *r.Accuracy, *r.AccuracyError, float64(r.Draws)
	}
	if err := export.WriteFile(out, q); err != nil {
		return err
	}
	written, err := os.Stat(out)
	if err != nil {
		return err
	}
	r.BytesOut = written.Size()
	w := bufio.NewWriter(cmd.OutOrStdout())
	if o.json {
		err = json.NewEncoder(w).Encode(r)
	} else {
		err = r.print(w)
	}
	if err != nil {
		return err
	}
	return w.Flush()
}

// metadata returns that of the quantised model: what is said of m, but for what
// was measured with it.
func (o *quantizeOptions) metadata(m *model.Network, info export.Info) map[string]any {
	all := map[string]any{}
	for key, value := range m.Metadata {
		if key != "history" && !strings.HasPrefix(key, "test_") {
			all[key] = value
		}
	}
	all["quantised_from"] = fmt.Sprintf("%x", info.SHA256)
	all["quantised_bits"] = float64(o.bits)
	return all
}

// keptBytes bounds the inputs of a quantised model's self-test, which might take
// more than its weights.
const keptBytes = 8 << 10

// renewSelfTest gives q a self-test on the first inputs of that of m, at least one,
// or a random one.
func renewSelfTest(w io.Writer, m, q *model.Network) error {
	if m.SelfTest != nil {
		step := 8 * spike.Words(m.Input.Size())
		if m.Input.Encoder.Analog() {
			step = 4 * m.Input.Size()
		}
		kept, bytes := 0, 0
		for _, x := range m.SelfTest.Inputs {
			if bytes += x.Steps() * step; bytes > keptBytes && kept > 0 {
				break
			}
			kept++
		}
		return runtime.AddSelfTest(q, m.SelfTest.Inputs[:kept])
	}
	idle, err := runtime.AddRandomSelfTest(q)
	if err == nil {
		printIdle(w, idle)
	}
	return err
}

// randomDensity is the share of channels that are active in a step of random
// input.
const randomDensity = 0.05

// samples returns what the models are compared on.
func (o *quantizeOptions) samples(ctx context.Context, m *model.Network) (evaluate.Set, error) {
	var inputs []input
	var err error
	switch {
	case o.list != "":
		inputs, err = openFolder(ctx, m, o.data, o.list, o.files)
	case o.data != "":
		inputs, err = openInputs(ctx, m, nil, o.data, nil, o.files)
	default:
		var source dataset.Source
		source, err = bench.Random(m, randomDensity, 0, o.seed)
		inputs = []input{{"random input", source}}
	}
	if err != nil {
		return evaluate.Set{}, err
	}
	if len(inputs) != 1 {
		return evaluate.Set{}, errors.New("expected one data set")
	}
	set := evaluate.All(inputs[0].source)
	if o.limit > 0 {
		set = evaluate.First(inputs[0].source, o.limit)
	}
	set.Draw = o.seed
	return set, nil
}

// compare runs both networks over all draws of a set.
func (r *quantizeReport) compare(ctx context.Context, w io.Writer, m, q *model.Network, set evaluate.Set, o quantizeOptions) error {
	var evaluators [2]*evaluate.Evaluator
	for k, n := range []*model.Network{m, q} {
		net, err := runtime.Compile(n)
		if err != nil {
			return err
		}
		evaluators[k] = evaluate.New(net)
	}
	random := o.data == "" && o.list == ""
	if !random && dataset.Longest(set.Source) > 0 { // recordings have no noise
		r.Draws = 1
	}
	r.Samples = len(set.Indices)
	progress := silentBar()
	if isTerminal(w) {
		progress = newBar(w, int64(2*r.Draws*r.Samples))
	}
	defer func() { _ = progress.Clear() }()
	agreed, done := 0, 0
	options := evaluate.Options{Threads: o.threads, Progress: func(int, int) { _ = progress.Set(done) }}
	var summaries [2][]evaluate.Summary
	before := make([]int, r.Samples)
	for range r.Draws {
		for k, e := range evaluators {
			var sum evaluate.Summary
			at := 0
			for out, err := range e.Samples(ctx, set, options) {
				if err != nil {
					return err
				}
				sum.Add(out)
				switch {
				case k == 0:
					before[at] = out.Result.Class
				case out.Result.Class == before[at]:
					agreed++
				}
				at++
				done++
			}
			summaries[k] = append(summaries[k], sum)
		}
		set.Draw++
		if random {
			var err error
			if set.Source, err = bench.Random(m, randomDensity, 0, set.Draw); err != nil {
				return err
			}
		}
	}
	r.Agreement = float64(agreed) / float64(r.Draws*r.Samples)
	if summaries[0][0].Labelled == 0 {
		return nil
	}
	for k, to := range [][2]**float64{{&r.Before, &r.BeforeError}, {&r.Accuracy, &r.AccuracyError}} {
		e := evaluate.EstimateOf(summaries[k], (*evaluate.Summary).Accuracy)
		*to[0], *to[1] = &e.Mean, &e.Error
	}
	return nil
}

func (r *quantizeReport) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "layer\tname\tweights\terror\tbecame 0")
	for _, l := range r.Layers {
		fmt.Fprintf(t, "%d\t%s\t%d\t%.2f %%\t%.2f %%\n", l.Layer, printable(l.Name), l.Weights, 100*l.Error, 100*float64(l.Zeros)/float64(max(l.Weights, 1)))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "file        %d → %d bytes (%.3f)\n", r.BytesIn, r.BytesOut, float64(r.BytesOut)/float64(r.BytesIn))
	what := "samples"
	if r.Accuracy == nil {
		what = "samples without a class"
	}
	fmt.Fprintf(w, "compared    %d %s, %d %s\n", r.Samples, what, r.Draws, plural(r.Draws, "draw"))
	if r.Accuracy != nil {
		fmt.Fprintf(w, "before      %s\n", percent(evaluate.Estimate{Mean: *r.Before, Error: *r.BeforeError}))
		fmt.Fprintf(w, "after       %s\n", percent(evaluate.Estimate{Mean: *r.Accuracy, Error: *r.AccuracyError}))
	}
	_, err := fmt.Fprintf(w, "agreement   %.2f %%\n", 100*r.Agreement)
	return err
}

// printIdle prints of which layers a self-test changes no neuron, if there are any.
func printIdle(w io.Writer, idle []int) {
	switch len(idle) {
	case 0:
	case 1:
		fmt.Fprintf(w, "warning: the self-test changes no neuron of layer %d: verify proves little about it\n", idle[0])
	default:
		fmt.Fprintf(w, "warning: the self-test changes no neuron of layers %s: verify proves little about them\n", strings.Trim(strings.ReplaceAll(fmt.Sprint(idle), " ", ", "), "[]"))
	}
}
