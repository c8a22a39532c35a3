package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/internal/atomicfile"
	"github.com/snurun/snurun/internal/npy"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
	"github.com/snurun/snurun/train"
)

type simulateOptions struct {
	in, out string
	record  []string
	index   int
	seed    uint64
}

func newSimulate() *cobra.Command {
	var o simulateOptions
	cmd := &cobra.Command{
		Use:   "simulate MODEL --in X.npy --out Y.npz",
		Short: "Record the spikes and membranes that an input causes",
		Long: `simulate runs a model over one sample, step by step, and writes a NumPy archive:
layer0.spikes [steps, neurons] uint8 and layer0.membrane [steps, neurons] float32
(s after the step), and so on for each layer of the model that has neurons; scores
[classes] float32; class int64. A soft layer has layer0.output float32 in place of
spikes, an analog one only the membrane. The neurons of a conv2d layer have three
dimensions: [steps, channels, height, width].

X.npy holds spikes [steps, channels] as booleans, integers or floats that are 0 or
1, or any values for a network with analog input; of an input of shape [channels,
height, width] all values of a step, in that order. Other files are as in classify.`,
		Example: `  snurun simulate model.msgpack --in x.npy --out y.npz
  snurun simulate model.msgpack --in digit.png --out y.npz --record membrane
  snurun simulate events.msgpack --in recording.bs2 --out y.npz`,
		Args: exactArgs(1, "MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return simulate(cmd, args[0], o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.in, "in", "", "input `X.npy`, or - for standard input")
	f.StringVar(&o.out, "out", "", "archive `Y.npz` to write")
	f.StringSliceVar(&o.record, "record", []string{"spikes", "membrane"}, "`what` to record: spikes,membrane")
	f.IntVar(&o.index, "index", 0, "simulate sample `N` of the input")
	f.Uint64Var(&o.seed, "seed", 1, "seed of the input noise")
	return cmd
}

func simulate(cmd *cobra.Command, file string, o simulateOptions) error {
	if o.in == "" || o.out == "" {
		return usagef("expected --in X.npy and --out Y.npz")
	}
	if o.out == "-" {
		return usagef("--out is -, expected a file: an archive is not written to standard output")
	}
	if same(o.in, o.out) {
		return usagef("--in and --out are the same file, %s", o.out)
	}
	record, err := parseRecord(o.record)
	if err != nil {
		return err
	}
	net, err := readNetwork(file)
	if err != nil {
		return err
	}
	m := net.Model()
	source, err := openInput(&dataset.Opener{Network: m}, o.in, cmd.InOrStdin())
	if err != nil {
		return err
	}
	if o.index < 0 || o.index >= source.Len() {
		return usagef("--index is %d, %s has %d samples", o.index, o.in, source.Len())
	}
	x := m.Input.New(dataset.Steps(source, m.Steps))
	if err := source.Load(x, o.index, train.TestKey(o.seed, o.index)); err != nil {
		return fmt.Errorf("%s: %w", o.in, err)
	}
	arrays, result, err := recordRun(cmd.Context(), net, x, record)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := result.Check(); err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "warning: %v\n", err)
	}
	return writeArchive(o.out, arrays)
}

// same reports whether two paths are of the same file.
func same(a, b string) bool {
	ia, errA := os.Stat(a)
	ib, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(ia, ib)
}

// recording is what to keep of every step.
type recording struct{ spikes, membrane bool }

func parseRecord(names []string) (r recording, err error) {
	for _, name := range names {
		switch strings.TrimSpace(name) {
		case "spikes":
			r.spikes = true
		case "membrane":
			r.membrane = true
		default:
			return r, usagef("--record has %q, expected spikes or membrane", name)
		}
	}
	if !r.spikes && !r.membrane {
		return r, usagef("--record is empty, expected spikes, membrane or both")
	}
	return r, nil
}

// namedArray is one entry of an archive.
type namedArray struct {
	name  string
	array *npy.Array
}

// layerRecord is one layer's history, step after step.
type layerRecord struct {
	spikes           []uint8
	output, membrane []float32
}

// recordRun presents x from the initial state and returns what is recorded, and
// the result.
func recordRun(ctx context.Context, net *runtime.Network, x spike.Input, what recording) ([]namedArray, runtime.Result, error) {
	m, s := net.Model(), net.NewSession()
	defer s.Close()
	layers := make([]layerRecord, len(m.Layers))
	steps := x.Steps()
	for i := range layers {
		if n := m.Layers[i].OutSize(); steps > math.MaxInt/4/n {
			return nil, runtime.Result{}, fmt.Errorf("%d steps of the %d neurons of layer %d are more than this machine can address", steps, n, i)
		}
	}
	for t := range steps {
		if err := ctx.Err(); err != nil {
			return nil, runtime.Result{}, err
		}
		if err := s.Step(x, t); err != nil {
			return nil, runtime.Result{}, err
		}
		for i := range layers {
			if !m.Layers[i].HasNeurons() {
				continue
			}
			layers[i].add(s, i, steps*m.Layers[i].OutSize(), what)
		}
	}
	var arrays []namedArray
	var failed error
	add := func(name string, a *npy.Array, err error) {
		if failed == nil {
			failed = err
		}
		arrays = append(arrays, namedArray{name, a})
	}
	for i := range layers {
		r, shape := &layers[i], append([]int{steps}, m.Layers[i].Out...)
		if r.spikes != nil {
			a, err := npy.New(r.spikes, shape...)
			add(fmt.Sprintf("layer%d.spikes", i), a, err)
		}
		if r.output != nil {
			a, err := npy.New(r.output, shape...)
			add(fmt.Sprintf("layer%d.output", i), a, err)
		}
		if r.membrane != nil {
			a, err := npy.New(r.membrane, shape...)
			add(fmt.Sprintf("layer%d.membrane", i), a, err)
		}
	}
	result := s.Result()
	a, err := npy.New(result.Scores, len(result.Scores))
	add("scores", a, err)
	a, err = npy.New([]int64{int64(result.Class)})
	add("class", a, err)
	return arrays, result, failed
}

// add records a step of layer i, of which all steps together have n values.
func (r *layerRecord) add(s *runtime.Session, i, n int, what recording) {
	if what.membrane {
		r.membrane = appendOf(n, r.membrane, s.Membrane(i))
	}
	if !what.spikes {
		return
	}
	r.output = appendOf(n, r.output, s.Outputs(i))
	if y := s.Spikes(i); y != nil {
		row := make([]uint8, len(s.Membrane(i)))
		for j := range y.All() {
			row[j] = 1
		}
		r.spikes = appendOf(n, r.spikes, row)
	}
}

// appendOf appends row to all, which will have n elements: so it never moves.
func appendOf[E any](n int, all, row []E) []E {
	if all == nil && len(row) > 0 {
		all = make([]E, 0, n)
	}
	return append(all, row...)
}

// writeArchive writes arrays to a .npz file, all or nothing.
func writeArchive(name string, arrays []namedArray) error {
	return atomicfile.Write(name, func(w io.Writer) error {
		z := npy.NewZipWriter(w)
		for _, a := range arrays {
			if err := z.Add(a.name, a.array); err != nil {
				return err
			}
		}
		return z.Close()
	})
}
