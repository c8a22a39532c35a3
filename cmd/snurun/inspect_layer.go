package main

import (
	"bufio"
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
)

// layerReport is what inspect says of a layer. One without neurons has no unit,
// no weights and no statistics.
type layerReport struct {
	Name       string        `json:"name,omitempty"`
	Kind       string        `json:"kind"`
	From       []int         `json:"from"` // layers whose outputs come in, −1 for the input
	In         []int         `json:"in"`
	Out        []int         `json:"out"`
	Window     *windowReport `json:"window,omitempty"`
	Groups     int           `json:"groups,omitempty"`
	Pool       string        `json:"pool,omitempty"`
	Activation string        `json:"activation,omitempty"`
	Floor      float32       `json:"floor,omitempty"` // of clipped
	Output     string        `json:"output,omitempty"`
	MaxSpikes  int           `json:"max_spikes,omitempty"`  // of count, 0 for no bound
	SpikeValue float32       `json:"spike_value,omitempty"` // of count, 0 for 1
	Reset      string        `json:"reset,omitempty"`
	Recurrent  bool          `json:"recurrent"`
	Neurons    int           `json:"neurons"`
	Parameters int           `json:"parameters"`
	Bytes      int           `json:"weight_bytes"`
	DType      string        `json:"dtype,omitempty"`
	Plan       string        `json:"plan"` // how this machine runs the layer
	Weight     *statistics   `json:"weight,omitempty"`
	Synapse    *statistics   `json:"synapse,omitempty"`
	Decay      *statistics   `json:"decay,omitempty"`
	Threshold  *statistics   `json:"threshold,omitempty"` // −b
	Theta      *statistics   `json:"theta,omitempty"`     // what reset subtract takes off
}

// windowReport is a window's [height, width] each.
type windowReport struct {
	Kernel   [2]int `json:"kernel"`
	Stride   [2]int `json:"stride"`
	Padding  [2]int `json:"padding"`
	Dilation [2]int `json:"dilation"`
}

func newLayerReport(m *model.Network, net *runtime.Network, i int) layerReport {
	l := &m.Layers[i]
	r := layerReport{
		Name: l.Name, Kind: string(l.Kind), From: l.Inputs(i), In: l.In, Out: l.Out, Groups: l.Groups, Pool: string(l.Pool),
		Activation: string(l.Activation), Floor: l.Floor, Output: string(l.Output), MaxSpikes: l.MaxSpikes, SpikeValue: l.SpikeValue, Reset: string(l.Reset), Recurrent: l.Recurrent != nil,
		Parameters: l.Parameters(), Plan: net.Plan(i).String(),
	}
	if l.Window != (model.Window{}) {
		w := windowReport(l.Window)
		r.Window = &w
	}
	if !l.HasNeurons() {
		return r
	}
	r.Neurons, r.Bytes, r.DType = l.OutSize(), l.Weight.Bytes(), "f32"
	switch {
	case l.Integer():
		r.DType = "q8"
	case l.Weight.I8 != nil:
		r.DType = "i8"
	}
	if l.Recurrent != nil {
		r.Bytes += l.Recurrent.Bytes()
	}
	var weights, row []float32
	for j := range l.Weight.Shape[0] {
		row = l.Weight.Row(j, row)
		weights = append(weights, row...)
	}
	r.Weight = newStatistics(weights, 1)
	if len(l.Synapse) > 0 {
		r.Synapse = newStatistics(model.Broadcast(l.Synapse, l.OutSize()), 1)
	}
	r.Decay = newStatistics(model.Broadcast(l.Decay, l.OutSize()), 1)
	if l.Reset == model.ResetSubtract && len(l.Theta) > 0 {
		r.Theta = newStatistics(model.Broadcast(l.Theta, l.OutSize()), 1)
	}
	r.Threshold = newStatistics(model.Broadcast(l.Bias, l.OutSize()), -1)
	return r
}

// print prints layer i of m.
func (r *layerReport) print(w *bufio.Writer, m *model.Network, i int) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %-9s %s\n", name, fmt.Sprintf(format, args...))
	}
	l := &m.Layers[i]
	kind := r.Kind
	if r.Recurrent {
		kind += ", recurrent"
	}
	if r.Pool != "" {
		kind += ", " + r.Pool
	}
	fmt.Fprintf(w, "\nlayer %-5d %s  %s  %s → %s\n", i, r.Name, kind, shape(r.In), shape(r.Out))
	if len(r.From) > 1 || r.From[0] != i-1 {
		line("from", "%s", origins(m, r.From))
	}
	if l.Window != (model.Window{}) {
		line("window", "%s", describeWindow(l))
	}
	if !l.HasNeurons() {
		line("plan", "%s", r.Plan)
		return
	}
	reset := r.Reset
	if r.Theta != nil {
		reset += fmt.Sprintf(" of θ %v", r.Theta)
	}
	line("unit", "%s, output %s, reset %s", r.Activation, r.Output, reset)
	if l.Activation == model.Clipped {
		line("floor", "%v", l.Floor)
	}
	if l.Output == model.Count {
		most := "as many as fit"
		if l.MaxSpikes > 0 {
			most = fmt.Sprintf("up to %d", l.MaxSpikes)
		}
		line("spikes", "%s a step, each counts %v", most, cmp.Or(l.SpikeValue, 1))
	}
	line("size", "%d neurons, %d parameters", r.Neurons, r.Parameters)
	line("weights", "%s %d bytes, %v", r.DType, r.Bytes, r.Weight)
	line("plan", "%s", r.Plan)
	if r.Synapse != nil {
		line("synapse", "%v", r.Synapse)
	}
	if len(l.Decay) > 0 {
		line("decay", "%v", r.Decay)
	}
	if l.Output != model.None {
		line("threshold", "%v", r.Threshold)
	}
}

// origins names the layers that come in.
func origins(m *model.Network, from []int) string {
	var names []string
	for _, i := range from {
		switch {
		case i < 0:
			names = append(names, "the input")
		case m.Layers[i].Name != "":
			names = append(names, fmt.Sprintf("layer %d (%s)", i, m.Layers[i].Name))
		default:
			names = append(names, fmt.Sprintf("layer %d", i))
		}
	}
	return strings.Join(names, " + ")
}

// describeWindow leaves out what is the default: padding 0, dilation 1, one
// group.
func describeWindow(l *model.Layer) string {
	by := func(size [2]int) string { return fmt.Sprintf("%d×%d", size[0], size[1]) }
	w := &l.Window
	s := by(w.Kernel) + ", stride " + by(w.Stride)
	if w.Padding != [2]int{} {
		s += ", padding " + by(w.Padding)
	}
	if w.Dilation != [2]int{1, 1} {
		s += ", dilation " + by(w.Dilation)
	}
	if l.Groups > 1 {
		s += fmt.Sprintf(", %d groups", l.Groups)
	}
	return s
}

// statistics are of the values of one parameter.
type statistics struct {
	Min  float64 `json:"min"`
	Mean float64 `json:"mean"`
	Max  float64 `json:"max"`
	Std  float64 `json:"std"`
}

// newStatistics returns those of the values times sign.
func newStatistics(values []float32, sign float64) *statistics {
	s := statistics{Min: math.Inf(1), Max: math.Inf(-1)}
	for _, v := range values {
		x := float64(sign*float64(v)) + 0 // −0 becomes 0
		s.Min, s.Max = min(s.Min, x), max(s.Max, x)
		s.Mean += x / float64(len(values))
	}
	for _, v := range values {
		d := float64(sign*float64(v)) - s.Mean
		s.Std += d * d / float64(len(values))
	}
	s.Std = math.Sqrt(s.Std)
	return &s
}

func (s statistics) String() string {
	if s.Min == s.Max {
		return fmt.Sprintf("%.4g", s.Min)
	}
	return fmt.Sprintf("%.4g ± %.2g  [%.4g, %.4g]", s.Mean, s.Std, s.Min, s.Max)
}
