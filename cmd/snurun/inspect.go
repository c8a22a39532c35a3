package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
)

func newInspect() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect MODEL",
		Short: "Show what is in a model file",
		Long: `inspect shows the layers, parameters, decay and threshold statistics, encoder,
metadata and checksum of a model file, and how this machine runs each layer.`,
		Example: `  snurun inspect testdata/mnist.msgpack
  snurun inspect model.msgpack --json`,
		Args: exactArgs(1, "MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, info, err := export.ReadFileInfo(args[0])
			if err != nil {
				return err
			}
			net, err := runtime.Compile(m)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			r := newReport(args[0], m, net, info)
			out := bufio.NewWriter(cmd.OutOrStdout())
			if asJSON {
				e := json.NewEncoder(out)
				e.SetIndent("", "  ")
				if err := e.Encode(r); err != nil {
					return err
				}
			} else {
				r.print(out, m)
			}
			return out.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// report is what inspect says of a model.
type report struct {
	File       string         `json:"file"`
	Bytes      int64          `json:"bytes"`
	SHA256     string         `json:"sha256"`
	Name       string         `json:"name,omitempty"`
	CreatedBy  string         `json:"created_by,omitempty"`
	DtMS       float64        `json:"dt_ms"`
	Steps      int            `json:"steps"`
	Input      inputReport    `json:"input"`
	Classes    []string       `json:"classes,omitempty"`
	Readout    string         `json:"readout"`
	Neurons    int            `json:"neurons"`
	Parameters int            `json:"parameters"`
	Layers     []layerReport  `json:"layers"`
	SelfTest   *selfTest      `json:"selftest,omitempty"`
	Metadata   map[string]any `json:"metadata,omitempty"`
}

type inputReport struct {
	Shape     []int    `json:"shape"`
	Encoder   string   `json:"encoder"`
	RateHz    float64  `json:"rate_hz,omitempty"`
	Threshold *float64 `json:"threshold,omitempty"`
	BinUS     float64  `json:"bin_us,omitempty"`
	Counts    bool     `json:"counts,omitempty"`
}

type layerReport struct {
	Name       string     `json:"name,omitempty"`
	Kind       string     `json:"kind"`
	In         []int      `json:"in"`
	Out        []int      `json:"out"`
	Activation string     `json:"activation"`
	Output     string     `json:"output"`
	Reset      string     `json:"reset"`
	Recurrent  bool       `json:"recurrent"`
	Parameters int        `json:"parameters"`
	Bytes      int        `json:"weight_bytes"`
	DType      string     `json:"dtype"`
	Plan       string     `json:"plan"` // how this machine runs the layer
	Weight     statistics `json:"weight"`
	Decay      statistics `json:"decay"`
	Threshold  statistics `json:"threshold"` // −b
}

type selfTest struct {
	Inputs int    `json:"inputs"`
	Digest string `json:"digest"`
}

type statistics struct {
	Min  float64 `json:"min"`
	Mean float64 `json:"mean"`
	Max  float64 `json:"max"`
	Std  float64 `json:"std"`
}

func newStatistics(values []float32, sign float64) statistics {
	s := statistics{Min: math.Inf(1), Max: math.Inf(-1)}
	for _, v := range values {
		x := sign * float64(v)
		s.Min, s.Max = min(s.Min, x), max(s.Max, x)
		s.Mean += x / float64(len(values))
	}
	for _, v := range values {
		d := sign*float64(v) - s.Mean
		s.Std += d * d / float64(len(values))
	}
	s.Std = math.Sqrt(s.Std)
	return s
}

func (s statistics) String() string {
	if s.Min == s.Max {
		return fmt.Sprintf("%.4g", s.Min)
	}
	return fmt.Sprintf("%.4g ± %.2g  [%.4g, %.4g]", s.Mean, s.Std, s.Min, s.Max)
}

func newReport(file string, m *model.Network, net *runtime.Network, info export.Info) report {
	e := m.Input.Encoder
	r := report{
		File: file, Bytes: info.Size, SHA256: fmt.Sprintf("%x", info.SHA256),
		Name: m.Name, CreatedBy: m.CreatedBy, DtMS: m.DtMS, Steps: m.Steps,
		Input:   inputReport{m.Input.Shape, string(e.Coding), e.RateHz, e.Threshold, e.BinUS, e.Counts},
		Classes: m.Classes, Readout: string(m.Readout.Kind), Neurons: m.Neurons(), Parameters: m.Parameters(),
		Metadata: m.Metadata,
	}
	for i := range m.Layers {
		l := &m.Layers[i]
		lr := layerReport{
			Name: l.Name, Kind: string(l.Kind), In: l.In, Out: l.Out,
			Activation: string(l.Activation), Output: string(l.Output), Reset: string(l.Reset),
			Recurrent: l.Recurrent != nil, Parameters: l.Parameters(), Bytes: l.Weight.Bytes(), DType: "f32", Plan: net.Plan(i).String(),
			Decay:     newStatistics(model.Broadcast(l.Decay, l.OutSize()), 1),
			Threshold: newStatistics(model.Broadcast(l.Bias, l.OutSize()), -1),
		}
		if l.Weight.I8 != nil {
			lr.DType = "i8"
		}
		if l.Recurrent != nil {
			lr.Bytes += l.Recurrent.Bytes()
		}
		var weights, row []float32
		for j := range l.OutSize() {
			row = l.Weight.Row(j, row)
			weights = append(weights, row...)
		}
		lr.Weight = newStatistics(weights, 1)
		r.Layers = append(r.Layers, lr)
	}
	if st := m.SelfTest; st != nil {
		r.SelfTest = &selfTest{len(st.Spikes) + len(st.Values), fmt.Sprintf("%x", st.Digest)}
	}
	return r
}

func (r *report) print(w *bufio.Writer, m *model.Network) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-11s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("file", "%s  %d bytes", r.File, r.Bytes)
	line("sha256", "%s", r.SHA256)
	if r.Name != "" {
		line("name", "%s", r.Name)
	}
	if r.CreatedBy != "" {
		line("created by", "%s", r.CreatedBy)
	}
	line("time", "%d steps of %v ms", r.Steps, r.DtMS)
	line("input", "%s, %s", shape(r.Input.Shape), r.Input.describe())
	if len(r.Classes) > 0 {
		line("classes", "%s", strings.Join(r.Classes, " "))
	}
	line("readout", "%s", r.Readout)
	line("size", "%d neurons, %d parameters", r.Neurons, r.Parameters)
	if r.SelfTest != nil {
		line("self-test", "%d inputs, digest %s", r.SelfTest.Inputs, r.SelfTest.Digest[:16])
	}
	for i := range r.Layers {
		l := &r.Layers[i]
		kind := l.Kind
		if l.Recurrent {
			kind += ", recurrent"
		}
		fmt.Fprintf(w, "\nlayer %d     %s  %s  %s → %s\n", i, l.Name, kind, shape(l.In), shape(l.Out))
		line("  unit", "%s, output %s, reset %s", l.Activation, l.Output, l.Reset)
		line("  weights", "%s %d bytes, %v", l.DType, l.Bytes, l.Weight)
		line("  plan", "%s", l.Plan)
		if len(m.Layers[i].Decay) > 0 {
			line("  decay", "%v", l.Decay)
		}
		if l.Output != string(model.None) {
			line("  threshold", "%v", l.Threshold)
		}
	}
	if len(r.Metadata) > 0 {
		fmt.Fprintln(w)
	}
	for _, k := range slices.Sorted(maps.Keys(r.Metadata)) {
		if k == "history" {
			continue // for plot curves, and long
		}
		fmt.Fprintf(w, "%s: %s\n", printable(k), printable(fmt.Sprint(r.Metadata[k])))
	}
}

// printable returns s, quoted if a terminal would take parts of it for commands.
func printable(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}

func (in inputReport) describe() string {
	s := in.Encoder
	if in.RateHz != 0 {
		s += fmt.Sprintf(" %v Hz", in.RateHz)
	}
	if in.Threshold != nil {
		s += fmt.Sprintf(", intensity above %v", *in.Threshold)
	}
	if in.BinUS != 0 {
		s += fmt.Sprintf(", bins of %v µs", in.BinUS)
	}
	if in.Counts {
		s += ", counted"
	}
	return s
}

func shape(s []int) string { return strings.ReplaceAll(strings.Trim(fmt.Sprint(s), "[]"), " ", "×") }
