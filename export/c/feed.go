package c

import (
	"fmt"
	"strings"

	"github.com/snurun/snurun/model"
)

// sink is where what comes into a layer goes: the weights that are added to sums.
type sink struct {
	layer   *model.Layer
	form    sums
	sum     string // C: the sums
	weights string // C
	in, out int    // of a fully connected layer
	conv    string // C: the net_conv of a convolution
}

// sink writes the weights of layer i.
func (g *generator) sink(i int, l *model.Layer, form sums, s shape) *sink {
	k := &sink{layer: l, form: form, in: l.InSize(), out: s.run}
	k.sum = map[sums]string{floatSums: "n->sum.f", wordSums: "n->sum.i", pairSums: "n->sum.w"}[form]
	says := fmt.Sprintf("layer %d: weights", i)
	if l.Kind != model.Conv2D {
		k.weights = g.matrix(fmt.Sprintf("l%d_w", i), &l.Weight, k.in, l.OutSize(), says)
		return k
	}
	k.weights = g.kernel(fmt.Sprintf("l%d_w", i), l, form, s)
	k.conv = g.window(i, l, form, s)
	return k
}

// feed returns the statement that adds what comes by f to the sums. If it takes
// more than a call, that is a function of the given name.
func (g *generator) feed(f *feed, to *sink, name string) string {
	_, argument := g.reads(f.from)
	if len(f.pools) == 0 && to.conv == "" && f.from.kind == spikes {
		rows := "rows_f32"
		if to.form == wordSums {
			rows = "rows_i8"
		}
		g.use(rows)
		return fmt.Sprintf("    net_%s(%s, %s, %du, %du, %s);\n", rows, to.sum, to.weights, to.in, to.out, f.from.array)
	}
	parameter, _ := g.reads(f.from)
	var w strings.Builder
	fmt.Fprintf(&w, "static void net_%s(net_state *n%s)\n{\n", name, parameter)
	p := &way{g: g, w: &w, depth: 1}
	p.open(f.from, g.shapeInto(f, to))
	for _, i := range f.pools {
		p.pool(i, to.layer.Integer())
	}
	p.end(f, to)
	p.close()
	w.WriteString("}\n\n")
	g.code.WriteString(w.String())
	return fmt.Sprintf("    net_%s(n%s);\n", name, argument)
}

// use makes parts of the template part of the text, and what they need.
func (g *generator) use(part string) {
	g.uses[part] = true
	switch part {
	case "rows_f32":
		g.use("sum_f32")
		g.use("iter")
	case "rows_i8":
		g.use("sum_i8")
		g.use("iter")
	case "iter":
		g.use("lowest")
	case "sum_i8":
		g.use("lanes")
	case "row_f32x":
		g.use("mul")
	}
}

// shapeInto returns the shape of the first thing that a feed leads to, nil if its
// place is not asked for.
func (g *generator) shapeInto(f *feed, to *sink) []int {
	if len(f.pools) > 0 {
		return g.m.Layers[f.pools[0]].In
	}
	if to.conv != "" {
		return to.layer.In
	}
	return nil
}

// way writes the loops that follow each thing that a node passes on through the
// windows of pools. Everything comes in the order that package model says: a loop in
// a loop lists the windows of one input after those of the one before.
type way struct {
	g     *generator
	w     *strings.Builder
	depth int // of blocks
	open_ int // blocks to close

	flat    string   // C: the index, in shape
	at      []string // C: channel, row and column, if they are known
	shape   []int    // in which they are
	value   string   // C: the value, "" for 1
	numbers int
}

func (p *way) line(format string, a ...any) {
	p.w.WriteString(strings.Repeat("    ", p.depth))
	fmt.Fprintf(p.w, format, a...)
	p.w.WriteString("\n")
}

// begin opens a block.
func (p *way) begin(format string, a ...any) {
	p.line(format+" {", a...)
	p.depth++
	p.open_++
}

func (p *way) close() {
	for ; p.open_ > 0; p.open_-- {
		p.depth--
		p.line("}")
	}
}

// open writes the loop over what a node passes on, of which the places in a shape
// are asked for, if it is not nil.
func (p *way) open(from *node, shape []int) {
	p.flat, p.shape = "i", shape
	place := func() {
		if shape == nil {
			return
		}
		p.line("if (i - row >= %du) {", shape[2])
		p.line("    row = i / %du;", shape[2])
		p.line("    c = row / %du;", shape[1])
		p.line("    y = row - c * %du;", shape[1])
		p.line("    row = row * %du;", shape[2])
		p.line("}")
		p.at = []string{"c", "y", "(i - row)"}
	}
	declare := func() {
		if shape != nil {
			p.line("uint32_t c = 0, y = 0, row = 0; /* row is where the row of i begins */")
		}
	}
	switch from.kind {
	case spikes:
		p.g.use("iter")
		p.line("net_index list[NET_LIST];")
		p.line("net_walk walk = net_begin(%s, %du);", from.array, words(from.size))
		p.line("uint32_t k, count;")
		declare()
		p.begin("while ((count = net_next(&walk, list)) != 0)")
		p.begin("for (k = 0; k < count; k++)")
		p.line("const uint32_t i = list[k];")
		place()
	default:
		p.line("uint32_t i;")
		declare()
		p.begin("for (i = 0; i < %du; i++)", from.size)
		kind, value, zero := "float", from.array+"[i]", "0.0f"
		if from.kind == counts {
			kind, zero = "uint32_t", "0"
		}
		if from.factor != 1 {
			p.g.use("mul")
			value = fmt.Sprintf("net_mul(%s, %s)", value, literal(from.factor))
		}
		p.line("const %s x = %s;", kind, value)
		p.begin("if (x != %s)", zero)
		place()
		p.value = "x"
	}
}

// pool writes the loops over the windows of pool i that the input lies in. Layers
// that sum integers take what comes in without its factor.
func (p *way) pool(i int, whole bool) {
	l := &p.g.m.Layers[i]
	p.locate(l.In)
	rows, columns := p.g.windows(i, l)
	c, y, x := p.at[0], fmt.Sprintf("y%d", i), fmt.Sprintf("x%d", i)
	// A pool may come twice: its numbers are of the block.
	p.begin("")
	p.line("const net_windows *const rows%d = %s + %s, *const columns%d = %s + %s;", i, rows, p.at[1], i, columns, p.at[2])
	p.line("uint32_t %s, %s;", y, x)
	p.begin("for (%s = rows%d->first; %s < rows%d->last; %s++)", y, i, y, i, y)
	p.begin("for (%s = columns%d->first; %s < columns%d->last; %s++)", x, i, x, i, x)
	p.at, p.shape = []string{c, y, x}, l.Out
	p.flat = flat(p.at, p.shape)
	if l.Pool == model.AvgPool && !whole {
		share := literal(l.Window.Share())
		if p.value == "" {
			p.value = "1.0f"
		}
		p.g.use("mul")
		name := fmt.Sprintf("v%d", i)
		p.line("const float %s = net_mul(%s, %s);", name, p.float(), share)
		p.value = name
	}
}

// float returns the value as a float.
func (p *way) float() string {
	if p.value == "x" {
		return "(float)x"
	}
	return p.value
}

// locate makes the place known in a shape.
func (p *way) locate(shape []int) {
	if p.at != nil && sizesOf(p.shape) == sizesOf(shape) {
		return
	}
	p.numbers++
	p.line("const uint32_t f%d = %s;", p.numbers, p.flat)
	p.flat = fmt.Sprintf("f%d", p.numbers)
	p.at = []string{
		fmt.Sprintf("(%s / %du)", p.flat, shape[1]*shape[2]),
		fmt.Sprintf("(%s / %du %% %du)", p.flat, shape[2], shape[1]),
		fmt.Sprintf("(%s %% %du)", p.flat, shape[2]),
	}
	p.shape = shape
}

// flat returns the index of a place.
func flat(at []string, shape []int) string {
	return fmt.Sprintf("(%s * %du + %s) * %du + %s", at[0], shape[1], at[1], shape[2], at[2])
}

// end writes the call that adds to the sums.
func (p *way) end(f *feed, to *sink) {
	g := p.g
	value := p.value
	if to.conv != "" {
		p.locate(to.layer.In)
		kind := string(to.form)
		extra := ""
		switch {
		case to.form == floatSums && value != "":
			kind, extra = "f32x", ", "+p.float()
			g.use("mul")
		case to.form == wordSums && value != "":
			extra = ", (int32_t)" + value
		case to.form == wordSums:
			extra = ", 1"
		}
		g.convs[kind] = true
		g.uses["i16"] = g.uses["i16"] || kind == "i16"
		p.line("net_conv_%s(%s, %s, &%s, %s%s);", kind, to.sum, to.weights, to.conv, strings.Join(p.at, ", "), extra)
		return
	}
	switch {
	case to.form == floatSums && value != "":
		g.use("row_f32x")
		p.line("net_row_f32x(%s, %s, %du, %du, %s, %s);", to.sum, to.weights, to.in, to.out, p.flat, p.float())
	case to.form == wordSums && value != "":
		g.use("row_i8x")
		p.line("net_row_i8x(%s, %s, %du, %du, %s, (int32_t)%s);", to.sum, to.weights, to.in, to.out, p.flat, value)
	case to.form == floatSums:
		g.use("sum_f32")
		p.line("const net_index at = (net_index)(%s);", p.flat)
		p.line("net_sum_f32(%s, %s, %du, %du, &at, 1u);", to.sum, to.weights, to.in, to.out)
	default:
		g.use("sum_i8")
		p.line("const net_index at = (net_index)(%s);", p.flat)
		p.line("net_sum_i8(%s, %s, %du, %du, &at, 1u);", to.sum, to.weights, to.in, to.out)
	}
}
