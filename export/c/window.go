package c

import (
	"fmt"
	"strings"

	"github.com/snurun/snurun/model"
)

// taps are, along an axis, the outputs of a convolution that see an input: the
// first, the tap by which it does, counted from the last, and how many they are.
type taps struct{ first, tap, count int }

// tapsOf returns the taps of each input along an axis, and from one output that
// sees an input to the next how far the outputs and the taps are.
func tapsOf(w *model.Window, axis, in, out int) (list []taps, outputs, between int) {
	common := gcd(w.Stride[axis], w.Dilation[axis])
	outputs, between = w.Dilation[axis]/common, w.Stride[axis]/common
	for i := range in {
		t := taps{}
		for o := range out {
			d := i + w.Padding[axis] - o*w.Stride[axis]
			if d < 0 || d%w.Dilation[axis] != 0 || d/w.Dilation[axis] >= w.Kernel[axis] {
				continue
			}
			if t.count == 0 {
				t.first, t.tap = o, w.Kernel[axis]-1-d/w.Dilation[axis]
			}
			t.count++
		}
		list = append(list, t)
	}
	return list, outputs, between
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

// placeBytes is the size of a place along an axis.
func (g *generator) placeBytes() int {
	switch g.place {
	case "uint8_t":
		return 1
	case "uint16_t":
		return 2
	}
	return 4
}

// window writes the windows of a convolution and returns their name.
func (g *generator) window(i int, l *model.Layer, form sums, s shape) string {
	g.uses["place"] = true
	w := &l.Window
	rows, down, tapsDown := tapsOf(w, 0, l.In[1], l.Out[1])
	columns, right, tapsRight := tapsOf(w, 1, l.In[2], l.Out[2])
	name := fmt.Sprintf("l%d", i)
	for _, t := range []struct {
		name string
		taps []taps
	}{{name + "_rows", rows}, {name + "_columns", columns}} {
		g.array("net_taps", t.name, len(t.taps), "", func(k int) string {
			return fmt.Sprintf("{%d, %d, %d}", t.taps[k].first, t.taps[k].tap, t.taps[k].count)
		})
		g.sizes.Parameters += 3 * g.placeBytes() * len(t.taps)
	}
	run := s.run
	if form == pairSums {
		run /= 4
	}
	joined := 0
	if right == 1 && tapsRight == 1 {
		joined = 1
	}
	fmt.Fprintf(&g.constants, "static const net_conv net_%s_conv = {net_%s_rows, net_%s_columns, %d, %d, %d, %d, %d, %d, %d, {%d, %d}, %d, %d};\n\n",
		name, name, name, l.In[0]/l.Groups, s.places*run, w.Kernel[0], w.Kernel[1], l.Out[2]*run, down, right, tapsDown, tapsRight, run, joined)
	g.sizes.Parameters += 4 * 13
	return fmt.Sprintf("net_%s_conv", name)
}

// windows writes the windows of pool i, if they are not yet, and returns the names
// of those of rows and of columns.
func (g *generator) windows(i int, l *model.Layer) (rows, columns string) {
	g.uses["pool"] = true
	names := [2]string{fmt.Sprintf("p%d_rows", i), fmt.Sprintf("p%d_columns", i)}
	if !g.pools[i] {
		g.pools[i] = true
		for axis, name := range names {
			in, out := l.In[1+axis], l.Out[1+axis]
			g.array("net_windows", name, in, "", func(k int) string {
				first, last := windowsOf(&l.Window, axis, k, out)
				return fmt.Sprintf("{%d, %d}", first, last)
			})
			g.sizes.Parameters += 2 * g.placeBytes() * in
		}
	}
	return "net_" + names[0], "net_" + names[1]
}

// windowsOf returns the first of the windows, out in all, that place i of an axis
// lies in, and the one after the last; both are 0 if there is none.
func windowsOf(w *model.Window, axis, i, out int) (first, last int) {
	for o := range out {
		if d := i + w.Padding[axis] - o*w.Stride[axis]; d >= 0 && d < w.Kernel[axis] {
			if last == 0 {
				first = o
			}
			last = o + 1
		}
	}
	return first, last
}

// maxOfSpikes writes a max pool of spikes: each window that a spike lies in spikes.
func (g *generator) maxOfSpikes(i int, l *model.Layer) {
	from, n := g.source(g.m.Layers[i].Inputs(i)[0]), g.nodes[i]
	g.state = append(g.state, member{"uint32_t", fmt.Sprintf("l%d_y", i), words(n.size), fmt.Sprintf("Layer %d: max pooling from %s to %s", i, sizesOf(l.In), sizesOf(l.Out))})
	parameter, argument := g.reads(from)
	var w strings.Builder
	fmt.Fprintf(&w, "/* Layer %d: a window spikes if an input in it does. */\nstatic void net_layer%d(net_state *n%s)\n{\n", i, i, parameter)
	p := &way{g: g, w: &w, depth: 1}
	p.open(from, l.In)
	body := w.String()
	// Declarations first, then the spikes are cleared, then the loop runs.
	cut := strings.Index(body, "    while (")
	w.Reset()
	g.use("clear")
	fmt.Fprintf(&w, "%s    net_clear(%s, %du);\n%s", body[:cut], n.array, words(n.size), body[cut:])
	p.pool(i, true)
	p.line("const uint32_t j = %s;", p.flat)
	p.line("%s[j >> 5] |= 1u << (j & 31u);", n.array)
	p.close()
	w.WriteString("}\n\n")
	g.code.WriteString(w.String())
	g.steps = append(g.steps, fmt.Sprintf("net_layer%d(n%s);", i, argument))
}

// maxOfValues writes a max pool of values, whose windows are looked at one by one:
// an input that is not listed is 0 and counts as that.
func (g *generator) maxOfValues(i int, l *model.Layer) {
	from, n := g.source(g.m.Layers[i].Inputs(i)[0]), g.nodes[i]
	kind := "float"
	if n.kind == counts {
		kind = "uint16_t"
	}
	g.state = append(g.state, member{kind, fmt.Sprintf("l%d_y", i), n.size, fmt.Sprintf("Layer %d: max pooling from %s to %s", i, sizesOf(l.In), sizesOf(l.Out))})
	parameter, argument := g.reads(from)
	value := from.array + "[(c * %du + (uint32_t)iy) * %du + (uint32_t)ix]"
	value = fmt.Sprintf(value, l.In[1], l.In[2])
	if from.factor != 1 {
		g.use("mul")
		value = fmt.Sprintf("net_mul(%s, %s)", value, literal(from.factor))
	}
	win := &l.Window
	var w strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&w, format+"\n", a...) }
	line("/* Layer %d: the largest value of each window, inside of the plane. */", i)
	line("static void net_layer%d(net_state *n%s)\n{", i, parameter)
	line("    uint32_t c, j = 0;")
	line("    int32_t y, x, iy, ix;")
	line("    for (c = 0; c < %du; c++) {", l.Out[0])
	line("        for (y = -%d; y < %d; y += %d) {", win.Padding[0], l.Out[1]*win.Stride[0]-win.Padding[0], win.Stride[0])
	line("            for (x = -%d; x < %d; x += %d) {", win.Padding[1], l.Out[2]*win.Stride[1]-win.Padding[1], win.Stride[1])
	line("                int seen = 0;")
	line("                %s best = 0;", kind)
	line("                for (iy = y < 0 ? 0 : y; iy < y + %d && iy < %d; iy++) {", win.Kernel[0], l.In[1])
	line("                    for (ix = x < 0 ? 0 : x; ix < x + %d && ix < %d; ix++) {", win.Kernel[1], l.In[2])
	line("                        const %s v = %s;", kind, value)
	line("                        if (seen == 0 || v > best) {")
	line("                            best = v;")
	line("                        }")
	line("                        seen = 1;")
	line("                    }\n                }")
	line("                %s[j] = best;", n.array)
	line("                j++;")
	line("            }\n        }\n    }\n}\n")
	g.code.WriteString(w.String())
	g.steps = append(g.steps, fmt.Sprintf("net_layer%d(n%s);", i, argument))
}
