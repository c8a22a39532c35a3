//go:build !board

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/export/nir"
	"github.com/snurun/snurun/export/tensors"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
)

type convertOptions struct {
	json    bool
	from    string
	to      string
	dt, bin seconds
	reset   []string
	neurons neuronFlags
	input   string
	rate    float64
	steps   int
	layers  string
	classes []string
	flags   *pflag.FlagSet // tells which of them were given
}

func newConvert() *cobra.Command {
	var o convertOptions
	cmd := &cobra.Command{
		Use:   "convert IN OUT",
		Short: "Bring in networks of other frameworks, or take them out",
		Long: `convert makes a model file of a network that snnTorch, Norse, Sinabs, SpikingJelly,
Rockpool or another framework has written, or a NIR file of a model file. What IN
is follows from its content:

  NIR (.nir)           the neuromorphic intermediate representation
  .safetensors, .npz   tensors of PyTorch or NumPy; a JSON file given by --layers,
                       or the metadata "snurun" of a .safetensors file, says which
                       tensor is what
  a model file         OUT is a NIR file

OUT is a NIR file if its name ends in .nir, else a model file. docs/CONVERT.md has
the rules and the description in JSON.

NIR files say neither the length of a time step, nor how a spike resets a
membrane, nor what the input is. What was assumed of them, and a table of the
layers, goes to standard error; the flags decide otherwise:

  --from   the framework that wrote the file, and so the time step, the kind of
           decay, the reset, what an input is scaled by, whether a neuron fires at
           its threshold or above, and how often in a step; found in the file where
           its names or numbers tell. nir stands for the equations of the file
  --dt     the step that the time constants of the file are divided by
  --bin    the step of the input, if it is another: snnTorch writes files for
           0.0001 s whatever the step of its data was
  --reset  zero (to v_reset: NIR, Norse, SpikingJelly), subtract (the threshold:
           Sinabs, Rockpool, snnTorch with reset_delay=False), delayed (subtracted
           after the next decay: snnTorch's default), refractory (the step after a
           spike is lost: reset_mechanism="zero" of snnTorch's Synaptic, RLeaky and
           RSynaptic), or none
  --input  counts (events of a camera, counted in each step), events (more than one
           counts as one spike), direct (values as they are at every step),
           poisson (values as the probability of spikes, at --rate), or latency

--reset, --spikes, --norm-input, --tau-syn, --min-v-mem and --graded take one value
for all layers of neurons, or with commas one for each in the order of the network.`,
		Example: `  snurun convert cnn_sinabs.nir model.msgpack --bin 1ms
  snurun convert snntorch.nir model.msgpack --from snntorch --input poisson --rate 1000
  snurun convert sinabs.nir model.msgpack --from sinabs --spikes 1 --min-v-mem -1
  snurun convert net.nir model.msgpack --reset delayed,none
  snurun convert net.safetensors model.msgpack --layers net.json
  snurun convert model.msgpack model.nir`,
		Args: exactArgs(2, "IN OUT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return convert(cmd, args[0], args[1], o)
		},
	}
	f := cmd.Flags()
	o.flags = f
	f.StringVar(&o.from, "from", "", "`framework` that wrote the file: snntorch, norse, sinabs, spikingjelly, rockpool or nir (default: what the file tells, else nir)")
	f.StringVar(&o.to, "to", "", "`reader` of the NIR file that OUT is: norse, snntorch, which refuse what it does not read, or nir for others (default: what Norse and snnTorch read alike)")
	f.Var(&o.dt, "dt", "`duration` of a time step of a NIR file, such as 1ms, or in seconds (0: what the file suggests)")
	f.Var(&o.bin, "bin", "`duration` of a time step of the input, such as 1ms, or in seconds (0: --dt)")
	f.StringSliceVar(&o.reset, "reset", nil, "what a spike `does` in a NIR file: zero, subtract, delayed, refractory or none (default: that of --from)")
	o.neurons.register(f)
	f.StringVar(&o.input, "input", "", "`coding` of the input: counts, events, direct, poisson or latency (default counts for [2, H, W], else direct)")
	f.Float64Var(&o.rate, "rate", 1000, "rate in `Hz` of an intensity of 1, of --input poisson")
	f.IntVar(&o.steps, "steps", 0, "default presentation, in time steps (0: 0.3 s of events, else 100)")
	f.StringVar(&o.layers, "layers", "", "description `FILE` in JSON of the tensors of IN")
	f.BoolVar(&o.json, "json", false, "print one JSON object, beside what is said of the network on standard error")
	complete(cmd, "from", "snntorch", "norse", "sinabs", "spikingjelly", "rockpool", "nir")
	complete(cmd, "to", "norse", "snntorch", "nir")
	complete(cmd, "reset", "zero", "subtract", "delayed", "refractory", "none")
	complete(cmd, "input", "counts", "events", "direct", "poisson", "latency")
	f.StringSliceVar(&o.classes, "classes", nil, "`names` of the outputs, with commas between")
	return cmd
}

// seconds is a flag that is a time in seconds, or with a unit. It is 0 or more.
type seconds float64

func (s *seconds) String() string { return strconv.FormatFloat(float64(*s), 'g', -1, 64) }
func (s *seconds) Type() string   { return "seconds" }

func (s *seconds) Set(text string) error {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		d, err := time.ParseDuration(text)
		if err != nil {
			return errors.New("expected seconds, or a time such as 1ms")
		}
		x = d.Seconds()
	}
	if !(x >= 0 && x <= 1e9) {
		return errors.New("expected 0 to 1e9 seconds")
	}
	*s = seconds(x)
	return nil
}

// millis is a flag that is a time in ms, or with a unit.
type millis float64

func (m *millis) String() string { return strconv.FormatFloat(float64(*m), 'g', -1, 64) }
func (m *millis) Type() string   { return "ms" }

// Set implements pflag.Value.
func (m *millis) Set(text string) error {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		d, err := time.ParseDuration(text)
		if err != nil {
			return errors.New("expected ms, or a time such as 1ms")
		}
		x = float64(d.Nanoseconds()) / 1e6
	}
	*m = millis(x)
	return nil
}

// micros is millis given in µs.
type micros millis

func (m *micros) String() string { return strconv.FormatFloat(model.Millis(*m).Micros(), 'g', -1, 64) }
func (m *micros) Type() string   { return "µs" }

// Set implements pflag.Value.
func (m *micros) Set(text string) error {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return errors.New("expected µs")
	}
	*m = micros(model.FromMicros(x))
	return nil
}

// us returns the time in µs, rounded to nanoseconds: whole times stay whole.
func (s seconds) us() float64 { return math.Round(float64(s)*1e9) / 1e3 }

// encoder returns what --input says, with no coding if it says nothing.
func (o *convertOptions) encoder() (model.Encoder, error) {
	switch o.input {
	case "":
		return model.Encoder{}, nil
	case "counts":
		return model.Encoder{Coding: model.Events, Counts: true}, nil
	case "poisson":
		return model.Encoder{Coding: model.Poisson, RateHz: o.rate}, nil
	case "events", "direct", "latency":
		return model.Encoder{Coding: model.Coding(o.input)}, nil
	}
	return model.Encoder{}, usagef("--input is %q, expected counts, events, direct, poisson or latency", o.input)
}

// check checks what has only a few values.
func (o *convertOptions) check() error {
	switch {
	case o.from != "" && !slices.Contains(nir.Frameworks(), nir.Framework(o.from)):
		return usagef("--from is %q, expected %s", o.from, either(nir.Frameworks()))
	case !slices.Contains([]nir.Framework{"", nir.Norse, nir.SnnTorch, nir.NIR}, nir.Framework(o.to)):
		return usagef("--to is %q, expected norse, snntorch or nir", o.to)
	case o.steps < 0 || o.steps > model.MaxSteps:
		return usagef("--steps is %d, expected 0 to %d", o.steps, model.MaxSteps)
	case !(o.rate > 0 && o.rate <= 1e9):
		return usagef("--rate is %v, expected a rate above 0, up to 1e9 Hz", o.rate)
	case o.flags.Changed("rate") && o.input != string(model.Poisson):
		return usagef("--rate is for --input poisson, but --input is %q", o.input)
	case o.bin > 0 && o.bin < 1e-9:
		return usagef("--bin is %v s, expected at least a nanosecond, 1e-9", float64(o.bin))
	}
	return nil
}

// checkPaths makes sure that no file is lost: the output is a file of its own.
func (o *convertOptions) checkPaths(in, out string) error {
	if out == "-" {
		return usagef("OUT is -, but convert writes no standard output: expected the name of a file")
	}
	for _, name := range []string{in, o.layers} {
		if same(name, out) {
			return usagef("OUT is %s, the same file as %s, which would be lost: expected another file", out, name)
		}
	}
	return nil
}

func convert(cmd *cobra.Command, in, out string, o convertOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	options, err := o.nir()
	if err != nil {
		return err
	}
	encoder, err := o.encoder()
	if err != nil {
		return err
	}
	if err := o.checkPaths(in, out); err != nil {
		return err
	}
	toNIR := strings.EqualFold(filepath.Ext(out), ".nir")
	kind, err := kindOf(in)
	if err != nil {
		return err
	}
	if err := o.checkFor(kind, in); err != nil {
		return err
	}
	if toNIR {
		if err := o.checkForNIR(); err != nil {
			return err
		}
	} else if o.to != "" {
		return usagef("--to is for NIR files, but %s does not end in .nir", out)
	}
	var im *nir.Import
	switch kind {
	case nirFile:
		options.Encoder = encoder
		im, err = nir.ReadFile(in, options)
	case tensorFile:
		im, err = readTensors(in, o.layers, o.from)
	default:
		im, err = readModel(in)
	}
	if err != nil {
		return withForeign(in, err)
	}
	if kind == modelFile && !toNIR {
		return usagef("%s is a model file, but %s does not end in .nir: there is nothing to convert", in, out)
	}
	m := im.Network
	if kind != nirFile {
		o.override(m, encoder)
	}
	if len(o.classes) > 0 {
		if n := m.Layers[len(m.Layers)-1].OutSize(); len(o.classes) != n {
			return usagef("--classes has %d names, expected %d, one for each output of %s", len(o.classes), n, in)
		}
		m.Classes = o.classes
	}
	if err := m.Validate(); err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	if !toNIR {
		if err := o.checkBin(m.Input.Encoder, in); err != nil {
			return err
		}
	}
	if toNIR {
		im.Assumptions = append(im.Assumptions, nir.Remarks(m, nir.Framework(o.to))...)
	}
	printImport(cmd.ErrOrStderr(), im)
	written := func() error {
		if !o.json {
			return nil
		}
		return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{
			"schema": schema, "input": in, "out": out, "network": m.Topology(), "steps": m.Steps, "readout": m.Readout.Kind,
			"assumed": append([]string{}, im.Assumptions...), "warnings": append([]string{}, im.Warnings...),
		})
	}
	if toNIR {
		if err := nir.WriteFileFor(out, m, nir.Framework(o.to)); err != nil {
			return fmt.Errorf("%s: %w", out, err)
		}
		return written()
	}
	if m.Name == "" {
		m.Name = strings.TrimSuffix(filepath.Base(in), filepath.Ext(in))
	}
	m.CreatedBy = createdBy()
	idle, err := runtime.AddRandomSelfTest(m)
	if err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	printIdle(cmd.ErrOrStderr(), idle)
	if err := export.WriteFile(out, m); err != nil {
		return err
	}
	return written()
}

// fileKind is what a file is, in words.
type fileKind string

// The kinds of files that convert reads.
const (
	nirFile    fileKind = "a NIR file"
	tensorFile fileKind = "a file of tensors"
	modelFile  fileKind = "a model file"
)

// kindOf tells what a file is by its first bytes or else by its name. Any other
// is taken for a model file.
func kindOf(name string) (fileKind, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, 9)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return "", err
	}
	head = head[:n]
	switch text := string(head); {
	case strings.HasPrefix(text, "\x89HDF\r\n\x1a\n"):
		return nirFile, nil
	case strings.HasPrefix(text, "PK\x03\x04"), strings.HasPrefix(text, "\x80\x02\x8a\x0a"), n == 9 && head[8] == '{' && head[7] == 0:
		return tensorFile, nil
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".nir":
		return nirFile, nil
	case ".npz", ".safetensors", ".pt", ".pth":
		return tensorFile, nil
	}
	return modelFile, nil
}

// checkFor reports flags that say nothing about a file of a kind.
func (o *convertOptions) checkFor(kind fileKind, name string) error {
	for _, f := range []struct {
		flag  string
		given bool
		of    fileKind
	}{
		{"dt", o.dt > 0, nirFile}, {"reset", o.reset != nil, nirFile}, {"layers", o.layers != "", tensorFile},
		{"spikes", o.neurons.spikes != nil, nirFile}, {"norm-input", o.neurons.normInput != nil, nirFile}, {"tau-syn", o.neurons.tauSyn != nil, nirFile},
		{"min-v-mem", o.neurons.minVMem != nil, nirFile}, {"graded", o.neurons.graded != nil, nirFile},
	} {
		if f.given && kind != f.of {
			return usagef("--%s is for %s, but %s is taken for %s", f.flag, f.of, name, kind)
		}
	}
	if o.from != "" && kind == modelFile {
		return usagef("--from is for files of other frameworks, but %s is taken for %s", name, kind)
	}
	return nil
}

// checkForNIR reports flags that say nothing about a NIR file to be written.
func (o *convertOptions) checkForNIR() error {
	for _, name := range []string{"input", "steps", "classes"} {
		if o.flags.Changed(name) {
			return usagef("--%s has no place in a NIR file, which OUT is by its name", name)
		}
	}
	return nil
}

// checkBin makes sure that events can be binned as an encoder says.
func (o *convertOptions) checkBin(e model.Encoder, name string) error {
	if e.Coding != model.Events || e.WholeBin() {
		return nil
	}
	if o.bin > 0 {
		return usagef("--bin is %v s, which makes bins of %v µs: events need whole microseconds, at least 1", float64(o.bin), e.BinUS)
	}
	return usagef("--bin is missing: %s has bins of %v µs, but events need whole microseconds, at least 1", name, e.BinUS)
}

func readModel(name string) (*nir.Import, error) {
	m, err := export.ReadFile(name)
	if errors.Is(err, export.ErrNotModel) {
		return nil, fmt.Errorf("%w; nor is it a NIR file, safetensors or a .npz archive", err)
	}
	return &nir.Import{Network: m}, err
}

func readTensors(name, layers, from string) (*nir.Import, error) {
	var description []byte
	if layers != "" {
		var err error
		if description, err = os.ReadFile(layers); err != nil {
			return nil, err
		}
	}
	f, err := tensors.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if from == string(nir.NIR) {
		from = ""
	}
	im, err := f.Import(description, from)
	if err != nil {
		if layers != "" {
			name = layers
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &nir.Import{Network: im.Network, Assumptions: im.Remarks, Warnings: im.Warnings}, nil
}

// override puts the flags over what a network says itself.
func (o *convertOptions) override(m *model.Network, e model.Encoder) {
	if o.bin > 0 {
		m.Input.Dt = model.FromMicros(o.bin.us())
	}
	if e.Coding != "" {
		m.Input.Encoder = e
	}
	if m.Input.Encoder.Coding == model.Events && (o.bin > 0 || e.Coding != "") {
		m.Input.Encoder.BinUS = seconds(m.Input.Dt.Seconds()).us()
	}
	if o.steps > 0 {
		m.Steps = o.steps
	}
}

// loadModel reads a model file; the error of another framework's file names the page
// that helps.
func loadModel(file string) (*model.Network, error) {
	m, err := export.ReadFile(file)
	return m, withForeign(file, err)
}
