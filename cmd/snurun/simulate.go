package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/internal/atomicfile"
	"github.com/snurun/snurun/internal/npy"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

type simulateOptions struct {
	files   readingFlags
	in, out string
	record  []string
	index   int
	seed    uint64
	json    bool
}

func newSimulate() *cobra.Command {
	var o simulateOptions
	cmd := &cobra.Command{
		Use:   "simulate MODEL --in X.npy --out Y.npz",
		Short: "Record the spikes and membranes that an input causes",
		Long: `simulate runs a model over one sample, step by step, and writes a NumPy archive:
layer0.spikes [steps, neurons] uint8 and layer0.membrane [steps, neurons] float32
(s after the step), and so on for each layer of the model that has neurons; scores
[classes] float32; class int64. The spikes of a layer that fires several times a
step are float32. A soft layer has layer0.output float32 in place of spikes, an
analog one only the membrane. The neurons of a conv2d layer have three
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
	f.BoolVar(&o.json, "json", false, "print what the network decides as one JSON object")
	o.files.add(cmd)
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
	source, err := openInput(&dataset.Opener{Network: m, Reading: o.files.reading()}, o.in, cmd.InOrStdin())
	if err != nil {
		return err
	}
	if o.index < 0 || o.index >= source.Len() {
		return usagef("--index is %d, %s has %d samples", o.index, o.in, source.Len())
	}
	set := evaluate.Set{Source: source, Indices: []int{o.index}, Draw: o.seed}
	x, err := set.Load(m, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", o.in, err)
	}
	r, result, err := evaluate.New(net).Record(cmd.Context(), x, func(i int) evaluate.What {
		// The output of an analog layer is its membrane.
		y := m.Layers[i].Output != model.None
		return evaluate.What{Outputs: record.spikes && y, Membrane: record.membrane}
	})
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := result.Check(); err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "warning: %v\n", err)
	}
	if err := atomicfile.Write(o.out, func(w io.Writer) error { return writeArchive(w, m, r, result) }); err != nil || !o.json {
		return err
	}
	fields := map[string]any{"schema": schema, "model": file, "network": m.Topology(), "input": o.in, "index": o.index, "out": o.out, "steps": result.Steps, "class": result.Class}
	if result.Check() == nil {
		fields["scores"] = result.Scores
		if lead := result.Lead(); !math.IsInf(float64(lead), 1) {
			fields["lead"] = lead
		}
	}
	if result.Class < len(m.Classes) {
		fields["name"] = m.Classes[result.Class]
	}
	return json.NewEncoder(cmd.OutOrStdout()).Encode(fields)
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

// writeArchive writes what was recorded as a .npz file.
func writeArchive(w io.Writer, m *model.Network, r *evaluate.Recorder, result runtime.Result) error {
	z := npy.NewZipWriter(w)
	for i := range r.Layers {
		l, name := &r.Layers[i], fmt.Sprintf("layer%d.", i)
		var err error
		switch y := l.Outputs.(type) {
		case spike.Train:
			err = addArray(z, name+"spikes", bytesOf(y), append([]int{y.Steps()}, m.Layers[i].Out...))
		case spike.Values:
			of := "output"
			if m.Layers[i].Output == model.Count {
				of = "spikes"
			}
			err = addArray(z, name+of, y.Data(), append([]int{y.Steps()}, m.Layers[i].Out...))
		}
		if s := l.Membrane; err == nil && s.Steps() > 0 {
			err = addArray(z, name+"membrane", s.Data(), append([]int{s.Steps()}, m.Layers[i].Out...))
		}
		if err != nil {
			return err
		}
	}
	if err := addArray(z, "scores", result.Scores, []int{len(result.Scores)}); err != nil {
		return err
	}
	if err := addArray(z, "class", []int64{int64(result.Class)}, nil); err != nil {
		return err
	}
	return z.Close()
}

// bytesOf returns a byte a spike, 0 or 1, step after step.
func bytesOf(x spike.Train) []uint8 {
	all := make([]uint8, 0, x.Steps()*x.Size())
	for t := range x.Steps() {
		row := all[len(all) : len(all)+x.Size()]
		for j := range x.At(t).All() {
			row[j] = 1
		}
		all = all[:len(all)+len(row)]
	}
	return all
}

func addArray[E npy.Element](z *npy.ZipWriter, name string, data []E, shape []int) error {
	a, err := npy.New(data, shape...)
	if err != nil {
		return err
	}
	return z.Add(name, a)
}
