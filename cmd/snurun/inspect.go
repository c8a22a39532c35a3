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
metadata and checksum of a model file, and how this machine runs each layer.

network is the usual short form: 2x34x34-16c5s2-ap2-100r-10 takes two planes of
34×34; then come a convolution to 16 channels with a kernel of 5×5 and a stride of
2, average pooling over 2×2 (mp: max, sp: sum), 100 recurrent neurons, and 10
neurons. A + follows a layer to which several layers are added. A pool2d or
flatten layer has no neurons; it is folded into the next layer.`,
		Example: `  snurun inspect testdata/mnist.msgpack
  snurun inspect model.msgpack --json`,
		Args: exactArgs(1, "MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, info, err := export.ReadFileInfo(args[0])
			if err != nil {
				return withForeign(args[0], err)
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
	Schema     int            `json:"schema"`
	Model      string         `json:"model"` // the file too, as other commands name it
	File       string         `json:"file"`
	Bytes      int64          `json:"bytes"`
	SHA256     string         `json:"sha256"`
	Name       string         `json:"name,omitempty"`
	CreatedBy  string         `json:"created_by,omitempty"`
	DtMS       model.Millis   `json:"dt_ms"`
	Steps      int            `json:"steps"`
	Input      inputReport    `json:"input"`
	Classes    []string       `json:"classes,omitempty"`
	Readout    string         `json:"readout"`
	Margin     float32        `json:"margin,omitempty"` // recommended for early decisions
	Floor      *floorLine     `json:"floor,omitempty"`  // recommended for live windows
	Network    string         `json:"network"`
	Topology   string         `json:"topology"`
	Neurons    int            `json:"neurons"`
	Parameters int            `json:"parameters"`
	Layers     []layerReport  `json:"layers"`
	SelfTest   *selfTest      `json:"selftest,omitempty"`
	Metadata   map[string]any `json:"metadata,omitempty"`
}

type inputReport struct {
	Shape      []int     `json:"shape"`
	Encoder    string    `json:"encoder"`
	RateHz     float64   `json:"rate_hz,omitempty"`
	Threshold  *float64  `json:"threshold,omitempty"`
	BinUS      float64   `json:"bin_us,omitempty"`
	Counts     bool      `json:"counts,omitempty"`
	Delta      []float32 `json:"delta,omitempty"`
	Difference bool      `json:"difference,omitempty"`

	Sound *soundReport `json:"sound,omitempty"`
}

// soundReport is the bank of filters of an encoder of sound.
type soundReport struct {
	SampleHz  float64   `json:"sample_hz"`
	Hop       int       `json:"hop"`
	Bands     int       `json:"bands"`
	Sections  int       `json:"sections"`
	Levels    int       `json:"levels"`
	Smoothing float32   `json:"smoothing"`
	Fall      float32   `json:"fall"`
	Rise      float32   `json:"rise"`
	Above     float32   `json:"above"`
	Quiet     float32   `json:"quiet"`
	CentresHz []float64 `json:"centres_hz"` // of the bands
}

func newSoundReport(s *model.Sound) *soundReport {
	if s == nil {
		return nil
	}
	r := &soundReport{SampleHz: s.SampleHz, Hop: s.Hop, Smoothing: s.Smoothing, Fall: s.Fall, Rise: s.Rise, Above: s.Above, Quiet: s.Quiet}
	r.Bands, r.Sections, r.Levels = s.Bands()
	for b := range r.Bands {
		r.CentresHz = append(r.CentresHz, math.Round(s.CentreHz(b)))
	}
	return r
}

type selfTest struct {
	Inputs int    `json:"inputs"`
	Digest string `json:"digest"`
}

func newReport(file string, m *model.Network, net *runtime.Network, info export.Info) report {
	e := m.Input.Encoder
	r := report{
		Schema: schema, Model: file, File: file, Network: m.Topology(), Bytes: info.Size, SHA256: fmt.Sprintf("%x", info.SHA256),
		Name: m.Name, CreatedBy: m.CreatedBy, DtMS: m.Input.Dt, Steps: m.Steps,
		Input:   inputReport{m.Input.Shape, string(e.Coding), e.RateHz, e.Threshold, e.BinUS, e.Counts, e.Delta, e.Difference, newSoundReport(e.Sound)},
		Classes: m.Classes, Readout: string(m.Readout.Kind), Margin: m.Readout.Margin, Floor: newFloorLine(m.Readout.Floor), Topology: m.Topology(), Neurons: m.Neurons(), Parameters: m.Parameters(),
		Metadata: m.Metadata,
	}
	for i := range m.Layers {
		r.Layers = append(r.Layers, newLayerReport(m, net, i))
	}
	if st := m.SelfTest; st != nil {
		r.SelfTest = &selfTest{len(st.Inputs), fmt.Sprintf("%x", st.Digest)}
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
	line("input", "%s, %s", shape(r.Input.Shape), m.Input.Encoder)
	if len(r.Classes) > 0 {
		line("classes", "%s", strings.Join(r.Classes, " "))
	}
	line("readout", "%s", r.Readout)
	if r.Margin != 0 {
		line("margin", "%.4g for early decisions", r.Margin)
	}
	if f := r.Floor; f != nil {
		line("floor", "%d events, score %.4g, lead %.4g for live windows", f.Events, f.Score, f.Lead)
	}
	line("network", "%s", r.Topology)
	line("size", "%d neurons, %d parameters", r.Neurons, r.Parameters)
	if r.SelfTest != nil {
		line("self-test", "%d inputs, digest %s", r.SelfTest.Inputs, r.SelfTest.Digest[:16])
	}
	for i := range r.Layers {
		r.Layers[i].print(w, m, i)
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

func shape(s []int) string { return strings.ReplaceAll(strings.Trim(fmt.Sprint(s), "[]"), " ", "×") }
