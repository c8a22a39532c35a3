//go:build !board

package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/snurun/snurun/export/nir"
	"github.com/snurun/snurun/model"
)

// printImport prints what was assumed of a network, and its layers.
func printImport(w io.Writer, im *nir.Import) {
	for _, s := range im.Warnings {
		fmt.Fprintf(w, "warning: %s\n", s)
	}
	for _, s := range im.Assumptions {
		fmt.Fprintf(w, "assumed: %s\n", s)
	}
	m := im.Network
	fmt.Fprintf(w, "input    %s, %s\n", shape(m.Input.Shape), m.Input.Encoder)
	fmt.Fprintf(w, "time     %d steps of %v ms\n", m.Steps, m.Input.Step())
	fmt.Fprintf(w, "readout  %s\n", m.Readout.Kind)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "layer\tname\tkind\tfrom\tin\tout\tweights\tneurons")
	for i := range m.Layers {
		l := &m.Layers[i]
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", i, printable(l.Name), l.Kind, sources(l, i), shape(l.In), shape(l.Out), connections(l), neurons(l))
	}
	t.Flush()
}

// sources names the layers that a layer takes its input from.
func sources(l *model.Layer, i int) string {
	var names []string
	for _, from := range l.Inputs(i) {
		if from < 0 {
			names = append(names, "input")
		} else {
			names = append(names, fmt.Sprint(from))
		}
	}
	return strings.Join(names, "+")
}

// connections says in a few words how a layer is connected.
func connections(l *model.Layer) string {
	w := &l.Window
	var s string
	switch l.Kind {
	case model.Flatten:
		return ""
	case model.Pool2D:
		s = fmt.Sprintf("%s %s", l.Pool, shape(w.Kernel[:]))
	default:
		s = shape(l.Weight.Shape)
	}
	if l.Kind == model.Conv2D || l.Kind == model.Pool2D {
		s += " stride " + both(w.Stride)
		if w.Padding != [2]int{} {
			s += " pad " + both(w.Padding)
		}
		if w.Dilation != [2]int{1, 1} {
			s += " dilation " + both(w.Dilation)
		}
		if l.Groups > 1 {
			s += fmt.Sprintf(" groups %d", l.Groups)
		}
	}
	if l.Recurrent != nil {
		s += ", recurrent"
	}
	return s
}

func both(p [2]int) string {
	if p[0] == p[1] {
		return fmt.Sprint(p[0])
	}
	return shape(p[:])
}

// neurons says in a few words what a layer's neurons do.
func neurons(l *model.Layer) string {
	if !l.HasNeurons() {
		return ""
	}
	var s []string
	switch l.Activation {
	case model.Identity:
	case model.Clipped:
		s = append(s, fmt.Sprintf("at least %.4g", l.Floor))
	default:
		s = append(s, string(l.Activation))
	}
	if len(l.Synapse) > 0 {
		s = append(s, "synapse "+span(l.Synapse, 1))
	}
	if len(l.Decay) > 0 {
		s = append(s, "decay "+span(l.Decay, 1))
	}
	if l.Output != model.None {
		s = append(s, "threshold "+span(l.Bias, -1), "reset "+string(l.Reset))
	}
	switch {
	case l.Output == model.Count && l.MaxSpikes == 0:
		s = append(s, "many spikes a step")
	case l.Output == model.Count:
		s = append(s, fmt.Sprintf("up to %d spikes a step", l.MaxSpikes))
	case l.Output != model.Step:
		s = append(s, "output "+string(l.Output))
	}
	if l.SpikeValue != 0 {
		s = append(s, fmt.Sprintf("of %.4g", l.SpikeValue))
	}
	return strings.Join(s, ", ")
}

// span returns a parameter's value, or its smallest and largest.
func span(p []float32, sign float64) string {
	if len(p) == 0 {
		return "0"
	}
	st := newStatistics(p, sign)
	if st.Min == st.Max {
		return fmt.Sprintf("%.4g", st.Min)
	}
	return fmt.Sprintf("%.4g…%.4g", st.Min, st.Max)
}
