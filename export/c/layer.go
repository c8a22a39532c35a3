package c

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/snurun/snurun/model"
)

// network writes all that there is, in the order of the layers.
func (g *generator) network() {
	for i := range g.m.Layers {
		l := &g.m.Layers[i]
		switch {
		case g.nodes[i] == nil:
		case l.HasNeurons():
			g.neurons(i, l)
		case g.nodes[i].kind == spikes:
			g.maxOfSpikes(i, l)
		default:
			g.maxOfValues(i, l)
		}
	}
}

// words returns how many words of 32 bits n spikes take.
func words(n int) int { return (n + 31) / 32 }

// in is the parameter of functions that read the network's input.
func (g *generator) in() string {
	return ", const " + inputTypes[g.input.kind] + " *in"
}

// reads returns the parameter and the argument for functions that may read the input.
func (g *generator) reads(from ...*node) (parameter, argument string) {
	for _, n := range from {
		if n == g.input {
			return g.in(), ", in"
		}
	}
	return "", ""
}

// need makes the scratch at least n words.
func (g *generator) need(n int) { g.scratch = max(g.scratch, n) }

// matrixOf and planeOf say how sums lie.
func matrixOf(l *model.Layer) shape {
	run := l.OutSize()
	if l.Integer() {
		run = (run + 3) &^ 3
	}
	return shape{channels: 1, places: l.OutSize(), groups: 1, run: run}
}

func planeOf(l *model.Layer, form sums) shape {
	run := l.Out[0] / l.Groups
	if form == pairSums {
		run = (run + 3) &^ 3
	}
	return shape{plane: true, channels: l.Out[0], places: l.Out[1] * l.Out[2], groups: l.Groups, run: run}
}

// sums returns how many sums a layer has, padding included.
func (s *shape) sums() int {
	if !s.plane {
		return s.run
	}
	return s.groups * s.places * s.run
}

// form returns how layer i sums.
func (g *generator) form(i int, l *model.Layer) sums {
	switch {
	case !l.Integer():
		return floatSums
	case l.Kind != model.Conv2D:
		return wordSums
	}
	repeats := 0
	for k := range g.feeds[i] {
		f := &g.feeds[i][k]
		if f.from.kind == counts {
			return wordSums
		}
		repeats += g.repeats(f)
	}
	for j := range l.Weight.Shape[0] {
		n, sum := l.Weight.Len()/l.Weight.Shape[0], 0
		for _, q := range l.Weight.I8[j*n:][:n] {
			sum += max(int(q), -int(q))
		}
		if sum*repeats > 1<<15-1 { // whatever comes in, 16 bits are not too few
			return wordSums
		}
	}
	return pairSums
}

// neurons writes a layer that has neurons: its members of the state, its constants,
// and the function that runs it.
func (g *generator) neurons(i int, l *model.Layer) {
	n := l.OutSize()
	form := g.form(i, l)
	s := matrixOf(l)
	if l.Kind == model.Conv2D {
		s = planeOf(l, form)
	}
	g.members(i, l)
	g.sizes.Updates += n
	sums := s.sums()
	if form == pairSums {
		sums = (sums + 1) / 2
	}
	if l.Recurrent != nil && l.Integer() {
		g.need(2 * sums)
	}
	g.need(sums)
	sink := g.sink(i, l, form, s)
	froms := make([]*node, len(g.feeds[i]))
	for k := range g.feeds[i] {
		froms[k] = g.feeds[i][k].from
	}
	parameter, argument := g.reads(froms...)
	var body strings.Builder
	g.start(&body, i, l, form, s, sums)
	for k := range g.feeds[i] {
		body.WriteString(g.feed(&g.feeds[i][k], sink, fmt.Sprintf("feed%d_%d", i, k)))
	}
	if l.Recurrent != nil {
		own := *sink
		own.weights = g.matrix(fmt.Sprintf("l%d_h", i), l.Recurrent, n, n, fmt.Sprintf("layer %d: recurrent weights", i))
		own.in = n
		if l.Integer() {
			own.sum = fmt.Sprintf("n->sum.i + %du", sums)
		}
		body.WriteString(g.feed(&feed{from: g.nodes[i]}, &own, fmt.Sprintf("own%d", i)))
	}
	g.forget(&body, i, l)
	u, c := g.updateOf(i, l, form, s)
	g.callUpdate(&body, i, &u, &c, s, sums)
	fmt.Fprintf(&g.code, "/* %s */\nstatic void net_layer%d(net_state *n%s)\n{\n%s}\n\n", g.title(i, l), i, parameter, body.String())
	g.steps = append(g.steps, fmt.Sprintf("net_layer%d(n%s);", i, argument))
}

// title says in a comment what layer i is.
func (g *generator) title(i int, l *model.Layer) string {
	name := fmt.Sprintf("Layer %d", i)
	if l.Name != "" {
		name += " (" + comment(l.Name) + ")"
	}
	return fmt.Sprintf("%s: %s from %s to %s", name, l.Kind, sizesOf(l.In), sizesOf(l.Out))
}

// comment makes a name fit for a comment, in which nothing ends it, joins lines or
// turns the direction of the text.
func comment(name string) string {
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, name)
	return strings.NewReplacer("*/", "* /", "/*", "/ *", "\\", "/", "??", "? ?", "net_", "net-", "NET_", "NET-").Replace(name)
}

func sizesOf(shape []int) string {
	text := ""
	for k, d := range shape {
		if k > 0 {
			text += "x"
		}
		text += fmt.Sprint(d)
	}
	return text
}

// members declares the state of a layer.
func (g *generator) members(i int, l *model.Layer) {
	n := l.OutSize()
	says := g.title(i, l)
	g.state = append(g.state, member{"float", fmt.Sprintf("l%d_s", i), n, says})
	if len(l.Synapse) > 0 {
		g.state = append(g.state, member{"float", fmt.Sprintf("l%d_q", i), n, ""})
	}
	switch l.Output {
	case model.Step:
		g.state = append(g.state, member{"uint32_t", fmt.Sprintf("l%d_y", i), words(n), ""})
	case model.Sigmoid:
		g.state = append(g.state, member{"float", fmt.Sprintf("l%d_y", i), n, ""})
	case model.Count:
		g.state = append(g.state, member{"float", fmt.Sprintf("l%d_y", i), n, "spikes of each neuron"})
	}
}

// start writes what sums start at.
func (g *generator) start(w *strings.Builder, i int, l *model.Layer, form sums, s shape, count int) {
	if form != floatSums {
		g.uses["clear"] = true
		if l.Recurrent != nil {
			count *= 2
		}
		fmt.Fprintf(w, "    net_clear(n->sum.w, %du);\n", count)
		return
	}
	current := newParam(zeroed(l.Current))
	name := fmt.Sprintf("l%d_current", i)
	switch {
	case current.mode != each:
		g.uses["fill"] = true
		x := float32(0)
		if current.mode != absent {
			x = current.values[0]
		}
		fmt.Fprintf(w, "    net_fill(n->sum.f, %du, %s);\n", count, literal(x))
	case s.plane && len(current.values) == s.channels:
		g.uses["spread"] = true
		at := g.parameter(name, current.values)
		for group := range s.groups {
			fmt.Fprintf(w, "    net_spread(n->sum.f + %du, %du, %s + %du, %du);\n", group*s.places*s.run, s.places*s.run, at, group*s.run, s.run)
		}
	default:
		g.uses["spread"] = true
		all := make([]float32, s.sums())
		for j, x := range current.values {
			all[s.place(j)] = x
		}
		at := g.parameter(name, all)
		fmt.Fprintf(w, "    net_spread(n->sum.f, %du, %s, %du);\n", len(all), at, len(all))
	}
}

// place returns where the sum of neuron j lies.
func (s *shape) place(j int) int {
	if !s.plane {
		return j
	}
	c, at := j/s.places, j%s.places
	inGroup := s.channels / s.groups
	return c/inGroup*s.places*s.run + at*s.run + c%inGroup
}

// forget writes what spikes do to membranes before the update, and that they are
// forgotten.
func (g *generator) forget(w *strings.Builder, i int, l *model.Layer) {
	if l.Output != model.Step {
		return
	}
	n := l.OutSize()
	switch l.Reset {
	case model.ResetZero:
		// The sum is never −0, so that adding l·0 in its place changes no bit.
		g.uses["silence"], g.uses["lowest"] = true, true
		fmt.Fprintf(w, "    net_silence(n->l%d_s, n->l%d_y, %du);\n", i, i, words(n))
	case model.ResetLateral:
		g.uses["any"], g.uses["fill"], g.uses["clear"] = true, true, true
		fmt.Fprintf(w, "    if (net_any(n->l%d_y, %du) != 0) {\n        net_fill(n->l%d_s, %du, 0.0f);\n    }\n", i, words(n), i, n)
		fmt.Fprintf(w, "    net_clear(n->l%d_y, %du);\n", i, words(n))
	case model.ResetNone:
		g.uses["clear"] = true
		fmt.Fprintf(w, "    net_clear(n->l%d_y, %du);\n", i, words(n))
	}
}

// callUpdate writes the call that updates the neurons of layer i, of a convolution
// channel after channel.
func (g *generator) callUpdate(w *strings.Builder, i int, u *update, c *call, s shape, count int) {
	l := &g.m.Layers[i]
	offset := func(of string) string {
		if !s.plane {
			return of
		}
		return fmt.Sprintf("%s + %du * c", of, s.places)
	}
	var args []string
	sum := map[sums]string{floatSums: "n->sum.f", wordSums: "n->sum.i", pairSums: "n->sum.w"}[u.sums]
	at := ""
	if s.plane {
		at = "c"
		if s.groups > 1 {
			at = fmt.Sprintf("%du * (c / %du) + c %% %du", s.places*s.run, s.channels/s.groups, s.channels/s.groups)
		}
	}
	switch {
	case u.sums == pairSums && at == "":
		args = append(args, sum, "0u")
	case u.sums == pairSums:
		args = append(args, sum, at)
	case at == "":
		args = append(args, sum)
	default:
		args = append(args, sum+" + "+at)
	}
	if !s.plane {
		args = append(args, "1u")
	} else {
		args = append(args, fmt.Sprintf("%du", s.run))
	}
	if u.recurrent {
		args = append(args, fmt.Sprintf("n->sum.i + %du", count))
	}
	args = append(args, fmt.Sprintf("%du", s.places), offset(fmt.Sprintf("n->l%d_s", i)))
	if u.alpha != absent {
		args = append(args, offset(fmt.Sprintf("n->l%d_q", i)))
	}
	switch l.Output {
	case model.Step:
		first := "0u"
		if s.plane {
			first = fmt.Sprintf("%du * c", s.places)
		}
		args = append(args, fmt.Sprintf("n->l%d_y", i), first)
	case model.Sigmoid, model.Count:
		args = append(args, offset(fmt.Sprintf("n->l%d_y", i)))
	}
	for _, a := range c.arguments() {
		if a != "" {
			args = append(args, a)
		}
	}
	text := fmt.Sprintf("%s(%s);\n", g.function(*u), strings.Join(args, ", "))
	if !s.plane {
		w.WriteString("    " + text)
		return
	}
	fmt.Fprintf(w, "    {\n        uint32_t c;\n        for (c = 0; c < %du; c++) {\n            %s        }\n    }\n", s.channels, text)
}
