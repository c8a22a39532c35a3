package c

import (
	"fmt"
	"strings"

	"github.com/snurun/snurun/model"
)

// functions writes what the header declares: from net_init to net_lead.
func (g *generator) functions() {
	g.writeInit()
	g.writeStep()
	if g.events() {
		g.writeEvents()
	}
	g.writeResult()
}

// events reports whether the network takes events one by one.
func (g *generator) events() bool { return g.m.Input.Encoder.Coding == model.Events }

// writeInit writes net_init and fills the state struct's other members in.
func (g *generator) writeInit() {
	var w strings.Builder
	for i := range g.m.Layers {
		l := &g.m.Layers[i]
		if g.nodes[i] == nil || !l.HasNeurons() {
			continue
		}
		initial := newParam(l.Initial)
		n := l.OutSize()
		switch initial.mode {
		case absent, one, shared:
			x := "0.0f"
			if len(initial.values) > 0 {
				x = literal(initial.values[0])
			}
			g.uses["fill"] = true
			fmt.Fprintf(&w, "    net_fill(n->l%d_s, %du, %s);\n", i, n, x)
		case each:
			at := g.parameter(fmt.Sprintf("l%d_initial", i), model.Broadcast(l.Initial, n))
			g.uses["spread"] = true
			fmt.Fprintf(&w, "    net_spread(n->l%d_s, %du, %s, %du);\n", i, n, at, n)
		}
		if len(l.Synapse) > 0 {
			g.uses["fill"] = true
			fmt.Fprintf(&w, "    net_fill(n->l%d_q, %du, 0.0f);\n", i, n)
		}
		switch l.Output {
		case model.Step:
			g.uses["clear"] = true
			fmt.Fprintf(&w, "    net_clear(n->l%d_y, %du);\n", i, words(n))
		case model.Sigmoid, model.Count:
			g.uses["fill"] = true
			fmt.Fprintf(&w, "    net_fill(n->l%d_y, %du, 0.0f);\n", i, n)
		}
	}
	g.uses["fill"] = true
	out := g.last().OutSize()
	if g.m.Readout.Kind == model.MembraneMax {
		g.uses["bits"] = true
		fmt.Fprintf(&w, "    least.u = 0xff800000u; /* minus infinity */\n    net_fill(n->scores, %du, least.f);\n", out)
	} else {
		fmt.Fprintf(&w, "    net_fill(n->scores, %du, 0.0f);\n", out)
	}
	if g.events() {
		w.WriteString("    net_forget(n);\n")
	}
	declare := ""
	if g.m.Readout.Kind == model.MembraneMax {
		declare = "    net_bits least;\n"
	}
	if g.events() {
		switch g.input.kind {
		case counts:
			fmt.Fprintf(&g.code, "static void net_forget(net_state *n)\n{\n    uint32_t k;\n    for (k = 0; k < %du; k++) {\n        n->events[k] = 0;\n    }\n    n->taken = 0;\n}\n\n", g.input.size)
		default:
			g.uses["clear"] = true
			fmt.Fprintf(&g.code, "static void net_forget(net_state *n)\n{\n    net_clear(n->events, %du);\n}\n\n", words(g.input.size))
		}
	}
	fmt.Fprintf(&g.code, "void net_init(net_state *n)\n{\n%s%s    n->steps = 0;\n}\n\n", declare, w.String())
}

// countLimit returns how many events may come in at a step, 0 for no bound.
func (g *generator) countLimit() int {
	if g.input.kind != counts {
		return 0
	}
	return max(0, g.m.CountLimit())
}

// writeStep writes net_step.
func (g *generator) writeStep() {
	var w strings.Builder
	in := g.input
	fmt.Fprintf(&w, "int net_step(net_state *n, const %s *in)\n{\n", inputTypes[in.kind])
	limit := g.countLimit()
	switch {
	case in.kind == spikes && in.size%32 != 0:
		fmt.Fprintf(&w, "    if ((in[%d] >> %d) != 0) {\n        return -1;\n    }\n", words(in.size)-1, in.size%32)
	case limit > 0:
		fmt.Fprintf(&w, "    uint32_t k, all = 0;\n    for (k = 0; k < %du; k++) {\n        all += in[k];\n        if (all > %du) {\n            return -1;\n        }\n    }\n", in.size, limit)
	}
	for _, call := range g.steps {
		w.WriteString("    " + call + "\n")
	}
	w.WriteString("    n->steps += n->steps < 0xffffffffu ? 1u : 0u;\n    net_read(n);\n    return 0;\n}\n\n")
	g.writeRead()
	g.code.WriteString(w.String())
}

// writeRead writes the readout of a step.
func (g *generator) writeRead() {
	w := &g.code
	last := g.last()
	i, out := len(g.m.Layers)-1, last.OutSize()
	fmt.Fprintf(w, "/* Adds what the last layer did in a step to the scores: %s. */\nstatic void net_read(net_state *n)\n{\n    uint32_t k;\n", g.m.Readout.Kind)
	loop := func(format string, a ...any) {
		fmt.Fprintf(w, "    for (k = 0; k < %du; k++) {\n", out)
		fmt.Fprintf(w, format, a...)
		w.WriteString("    }\n")
	}
	spiked := fmt.Sprintf("(n->l%d_y[k >> 5] >> (k & 31u)) & 1u", i)
	switch {
	case g.m.Readout.Kind.EachStep():
		loop("        n->scores[k] = n->l%d_s[k];\n", i)
	case g.m.Readout.Kind == model.MembraneSum:
		loop("        n->scores[k] += n->l%d_s[k];\n", i)
	case g.m.Readout.Kind == model.MembraneMax:
		g.uses["bits"] = true
		loop("        net_bits most;\n        const float s = n->l%d_s[k];\n        most.f = n->scores[k];\n        if (s > most.f || (s == most.f && most.u == 0x80000000u)) {\n            n->scores[k] = s;\n        }\n", i)
	case g.m.Readout.Kind == model.FirstSpike:
		loop("        if ((%s) != 0 && n->scores[k] == 0.0f) {\n            n->scores[k] = 1.0f / (float)n->steps;\n        }\n", spiked)
	case last.Output == model.Step:
		loop("        if ((%s) != 0) {\n            n->scores[k] += 1.0f;\n        }\n", spiked)
	case g.nodes[i].factor != 1:
		g.use("mul")
		loop("        n->scores[k] += net_mul(n->l%d_y[k], %s);\n", i, literal(g.nodes[i].factor))
	default:
		loop("        n->scores[k] += n->l%d_y[k];\n", i)
	}
	w.WriteString("}\n\n")
}

// writeEvents writes net_event and net_step_events.
func (g *generator) writeEvents() {
	w := &g.code
	in := g.m.Input.Shape
	if len(in) == 3 {
		fmt.Fprintf(w, "int net_event(net_state *n, uint32_t channel, uint32_t row, uint32_t column)\n{\n    const uint32_t i = (channel * %du + row) * %du + column;\n", in[1], in[2])
		fmt.Fprintf(w, "    if (channel >= %du || row >= %du || column >= %du) {\n        return -1;\n    }\n", in[0], in[1], in[2])
	} else {
		fmt.Fprintf(w, "int net_event(net_state *n, uint32_t channel)\n{\n    const uint32_t i = channel;\n    if (i >= %du) {\n        return -1;\n    }\n", g.input.size)
	}
	if g.input.kind == counts {
		most := "n->events[i] == 0xffffu"
		if limit := g.countLimit(); limit > 0 {
			most += fmt.Sprintf(" || n->taken >= %du", limit)
		}
		fmt.Fprintf(w, "    if (%s) {\n        return -1;\n    }\n    n->events[i] = (uint16_t)(n->events[i] + 1u);\n    n->taken++;\n", most)
	} else {
		w.WriteString("    n->events[i >> 5] |= 1u << (i & 31u);\n")
	}
	w.WriteString("    return 0;\n}\n\nint net_step_events(net_state *n)\n{\n    const int result = net_step(n, n->events);\n    net_forget(n);\n    return result;\n}\n\n")
}

// writeResult writes net_result and net_lead.
func (g *generator) writeResult() {
	w := &g.code
	last, i := g.last(), len(g.m.Layers)-1
	out := last.OutSize()
	bias, tie := newParam(last.Bias), ""
	u := func(k string) string {
		s := fmt.Sprintf("n->l%d_s[%s]", i, k)
		switch bias.mode {
		case absent:
			return s
		case one, shared:
			return s + " + " + literal(bias.values[0])
		}
		return fmt.Sprintf("%s + %s[%s]", s, tie, k)
	}
	if bias.mode == each {
		tie = g.parameter("tie", model.Broadcast(last.Bias, out))
	}
	fmt.Fprintf(w, `uint32_t net_result(const net_state *n)
{
    uint32_t k, best = 0;
    for (k = 1; k < %du; k++) {
        const float x = n->scores[k], most = n->scores[best];
        if (x > most || (x == most && %s > %s)) {
            best = k;
        }
    }
    return best;
}

float net_lead(const net_state *n)
{
    net_bits least;
    float best, second;
    uint32_t k;
    if (n->steps == 0) {
        return 0.0f;
    }
    least.u = 0xff800000u; /* minus infinity */
    best = least.f;
    second = least.f;
    for (k = 0; k < %du; k++) {
        const float x = n->scores[k];
        if (x > best) {
            second = best;
            best = x;
        } else if (x > second) {
            second = x;
        }
    }
    return best - second;
}
`, out, u("k"), u("best"), out)
	g.uses["bits"] = true
}

// The self-test.

// writeSeen writes the function that takes what every layer did in a step into the
// digest, in the order of package runtime.
func (g *generator) writeSeen() string {
	var w strings.Builder
	w.WriteString("/* What the digest takes of a step. */\nstatic void net_seen(net_sha256 *d, const net_state *n)\n{\n")
	scaled := false
	for i := range g.m.Layers {
		l := &g.m.Layers[i]
		if g.nodes[i] == nil || !l.HasNeurons() {
			continue
		}
		size := l.OutSize()
		switch {
		case l.Output == model.Step:
			g.uses["tested_spikes"] = true
			fmt.Fprintf(&w, "    net_spikes(d, n->l%d_y, %du);\n", i, size)
		case l.Output == model.None:
			fmt.Fprintf(&w, "    net_values(d, n->l%d_s, %du);\n", i, size)
		case g.nodes[i].factor != 1:
			scaled = true
			fmt.Fprintf(&w, "    for (k = 0; k < %du; k++) {\n        const float v = n->l%d_y[k] * %s;\n        net_values(d, &v, 1u);\n    }\n", size, i, literal(g.nodes[i].factor))
		default:
			fmt.Fprintf(&w, "    net_values(d, n->l%d_y, %du);\n", i, size)
		}
	}
	w.WriteString("}\n\n")
	text := w.String()
	if scaled {
		text = strings.Replace(text, "*n)\n{\n", "*n)\n{\n    uint32_t k;\n", 1)
	}
	return text
}
