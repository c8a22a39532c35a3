package c

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// literal returns x as a constant of type float, every bit of it.
func literal(x float32) string {
	if f := float64(x); f == math.Trunc(f) && math.Abs(f) < 1<<20 && !(f == 0 && math.Signbit(f)) {
		return strconv.FormatFloat(f, 'f', 1, 32) + "f"
	}
	return strconv.FormatFloat(float64(x), 'x', -1, 32) + "f"
}

// param is a parameter of the neurons of a layer.
type param struct {
	mode   mode
	values []float32 // one, one a channel, or one a neuron
}

// mode says how many values a parameter has, and what need not be computed.
type mode string

const (
	absent mode = "absent" // as if it were 0
	one    mode = "one"    // the number 1
	shared mode = "shared" // one value
	each   mode = "each"   // one a channel, or one a neuron
)

// newParam returns a parameter, with as few values as say the same.
func newParam(p []float32) param {
	same := true
	for _, x := range p {
		same = same && math.Float32bits(x) == math.Float32bits(p[0])
	}
	switch {
	case len(p) == 0 || same && p[0] == 0:
		return param{mode: absent}
	case same && p[0] == 1:
		return param{one, p[:1]}
	case same:
		return param{shared, p[:1]}
	}
	return param{each, p}
}

// negative returns the parameter with the other sign, +0 for 0.
func negative(p []float32) (out []float32) {
	for _, x := range p {
		out = append(out, -x+0)
	}
	return out
}

// shape is how the neurons of a layer lie: channels of places, in groups; those of a
// fully connected layer are one channel.
type shape struct {
	plane            bool // of a convolution
	channels, places int
	groups           int
	run              int // sums of a place in a group, padding included
}

// parameter writes an array of parameters, if it was not with the same values before,
// and returns its name.
func (g *generator) parameter(name string, values []float32) string {
	key := fmt.Sprintf("%x", values) // −0 is another than 0
	if at, ok := g.written[key]; ok {
		return at
	}
	g.sizes.Parameters += 4 * len(values)
	g.written[key] = g.floats(name, values, "")
	return g.written[key]
}

// floats writes an array of constants and returns its name.
func (g *generator) floats(name string, values []float32, says string) string {
	g.array("float", name, len(values), says, func(k int) string { return literal(values[k]) })
	return "net_" + name
}

// array writes an array of constants.
func (g *generator) array(kind, name string, n int, says string, at func(k int) string) {
	w := &g.constants
	if says != "" {
		fmt.Fprintf(w, "/* %s */\n", says)
	}
	fmt.Fprintf(w, "static const %s net_%s[%d] = {\n", kind, name, n)
	writeList(w, n, at)
	w.WriteString("};\n\n")
}

// writeList writes the elements of an array, in lines of up to 100 characters.
func writeList(w *strings.Builder, n int, at func(k int) string) {
	line := 0
	for k := range n {
		text := at(k)
		switch {
		case k > 0 && line+len(text) > 94:
			w.WriteString(",\n    ")
			line = 0
		case k > 0:
			w.WriteString(", ")
		default:
			w.WriteString("    ")
		}
		w.WriteString(text)
		line += len(text) + 2
	}
	w.WriteString("\n")
}

// argument returns what a call of an update passes for a parameter of layer i: a
// number, or where its values for the neurons from a channel's first on are, in a
// loop over the channels c of layers that have several. In such a loop a parameter
// of the channel is one number.
func (g *generator) argument(i int, name string, p param, s shape) (text string, m mode) {
	switch p.mode {
	case absent, one:
		return "", p.mode
	case shared:
		return literal(p.values[0]), shared
	}
	at := g.parameter(fmt.Sprintf("l%d_%s", i, name), p.values)
	switch {
	case !s.plane:
		return at, each
	case len(p.values) == s.channels:
		return at + "[c]", shared
	}
	return fmt.Sprintf("%s + %du * c", at, s.places), each
}
