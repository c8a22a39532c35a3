package c

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/snurun/snurun/model"
)

// sums is the form of the sums that neurons are updated from.
type sums string

const (
	floatSums sums = "f32"
	wordSums  sums = "i32"
	pairSums  sums = "i16" // two in a word
)

// update is a function that updates neurons: all that layers with equal ones share.
type update struct {
	sums       sums
	recurrent  bool // integer sums of the recurrent weights beside
	activation model.Activation
	output     model.Output
	reset      model.Reset
	slope      string
	floor      string
	most       string

	scale, rscale, current, alpha, decay, threshold, bias, theta mode
}

// call is what an update is called with.
type call struct {
	scale, rscale, current, alpha, decay, threshold, bias, theta string
}

// updateOf returns the update of layer i, and what a call of it passes.
func (g *generator) updateOf(i int, l *model.Layer, form sums, s shape) (u update, c call) {
	u = update{sums: form, activation: l.Activation, output: l.Output, reset: l.Reset}
	switch l.Activation {
	case model.LeakyReLU:
		u.slope = literal(l.Slope)
	case model.Clipped:
		u.floor = literal(l.Floor)
	}
	if l.Output == model.Count {
		u.most = literal(float32(cmp.Or(l.MaxSpikes, model.MaxSpikes)))
	}
	set := func(m *mode, text *string, name string, p []float32) {
		*text, *m = g.argument(i, name, newParam(p), s)
	}
	if form != floatSums {
		scale := append([]float32(nil), l.Weight.Scale...)
		f := g.factor(&g.feeds[i][0])
		positive := true
		for j := range scale {
			scale[j] = float32(scale[j] * f)
			positive = positive && scale[j] > 0
		}
		set(&u.scale, &c.scale, "scale", scale)
		set(&u.current, &c.current, "current", zeroed(l.Current))
		if u.scale == absent { // all sums are 0
			u.scale, c.scale = shared, "0.0f"
		}
		if u.current == absent && !positive { // −0 becomes +0
			u.current, c.current = shared, "0.0f"
		}
		if u.recurrent = l.Recurrent != nil; u.recurrent {
			set(&u.rscale, &c.rscale, "rscale", l.Recurrent.Scale)
			if u.rscale == absent {
				u.rscale, c.rscale = shared, "0.0f"
			}
		}
	}
	set(&u.alpha, &c.alpha, "alpha", l.Synapse)
	if len(l.Synapse) > 0 && u.alpha == absent {
		u.alpha, c.alpha = shared, "0.0f"
	}
	set(&u.decay, &c.decay, "decay", l.Decay)
	switch {
	case l.Output == model.Step && l.Reset != model.ResetLagged:
		set(&u.threshold, &c.threshold, "threshold", negative(l.Bias))
	case l.Output == model.Count:
		set(&u.bias, &c.bias, "bias", l.Bias)
	case l.Output == model.Sigmoid || l.Reset == model.ResetLagged:
		set(&u.bias, &c.bias, "bias", l.Bias)
	}
	if len(l.Theta) > 0 {
		set(&u.theta, &c.theta, "theta", l.Theta)
	}
	return u, c
}

// zeroed returns a current with +0 in place of −0.
func zeroed(p []float32) (out []float32) {
	for _, x := range p {
		out = append(out, x+0)
	}
	return out
}

// bits reports whether the update reads the spikes of the step before.
func (u *update) bits() bool {
	return u.output == model.Step && (u.reset == model.ResetSubtract || u.reset == model.ResetRefractory || u.reset == model.ResetLagged)
}

// params lists the parameters in the order of the function's arguments.
func (u *update) params() []struct {
	name string
	mode mode
} {
	return []struct {
		name string
		mode mode
	}{
		{"scale", u.scale}, {"rscale", u.rscale}, {"current", u.current}, {"alpha", u.alpha}, {"decay", u.decay},
		{"threshold", u.threshold}, {"bias", u.bias}, {"theta", u.theta},
	}
}

func (c *call) arguments() []string {
	return []string{c.scale, c.rscale, c.current, c.alpha, c.decay, c.threshold, c.bias, c.theta}
}

// function returns the name of an update, whose function is written if it was not
// before.
func (g *generator) function(u update) string {
	key := fmt.Sprint(u)
	id, ok := g.updates[key]
	if !ok {
		id = len(g.updates)
		g.updates[key] = id
		g.writeUpdate(id, &u)
	}
	return fmt.Sprintf("net_update%d", id)
}

// read returns what a parameter is in the loop over the neurons k of an update.
func read(name string, m mode) string {
	switch m {
	case shared:
		return name
	case each:
		return name + "[k]"
	}
	return ""
}

// mul returns a product, rounded, of which one factor may be the number 1.
func (g *generator) mul(m mode, name, of string) string {
	if m == one {
		return of
	}
	g.uses["mul"] = true
	return fmt.Sprintf("net_mul(%s, %s)", read(name, m), of)
}

// writeUpdate writes the function of an update: the equations of package model, for
// n neurons.
func (g *generator) writeUpdate(id int, u *update) {
	w := &g.code
	args := []string{map[sums]string{floatSums: "const float *a", wordSums: "const int32_t *a", pairSums: "const uint32_t *a, uint32_t at"}[u.sums], "uint32_t step"}
	if u.recurrent {
		args = append(args, "const int32_t *m")
	}
	args = append(args, "uint32_t n", "float *s")
	if u.alpha != absent {
		args = append(args, "float *q")
	}
	switch u.output {
	case model.Step:
		args = append(args, "uint32_t *y", "uint32_t first")
	case model.Sigmoid, model.Count:
		args = append(args, "float *y")
	}
	for _, p := range u.params() {
		switch p.mode {
		case shared:
			args = append(args, "float "+p.name)
		case each:
			args = append(args, "const float *"+p.name)
		}
	}
	fmt.Fprintf(w, "/* Updates n neurons: %s, output %s, reset %s. */\n", u.activation, u.output, u.reset)
	fmt.Fprintf(w, "static void net_update%d(%s)\n{\n    uint32_t k;\n    for (k = 0; k < n; k++) {\n", id, strings.Join(args, ", "))
	line := func(format string, a ...any) { fmt.Fprintf(w, "        "+format+"\n", a...) }

	sum := "*a"
	switch u.sums {
	case wordSums:
		sum = "(float)*a"
	case pairSums:
		g.uses["lane"], g.uses["lanes"] = true, true
		sum = "(float)net_lane(a, at)"
	}
	if u.sums != floatSums {
		sum = g.mul(u.scale, "scale", sum)
		switch u.current {
		case one:
			sum = "1.0f + " + sum
		case shared, each:
			sum = read("current", u.current) + " + " + sum
		}
	}
	line("float p = %s;", sum)
	if u.recurrent {
		line("p = p + %s;", g.mul(u.rscale, "rscale", "(float)m[k]"))
	}
	if u.alpha != absent {
		line("p = p + %s;", g.mul(u.alpha, "alpha", "q[k]"))
		line("q[k] = p;")
	}
	fired, y := u.bits(), ""
	if fired {
		line("uint32_t *const word = y + ((first + k) >> 5);")
		line("const uint32_t bit = 1u << ((first + k) & 31u);")
		line("const uint32_t fired = *word & bit;")
		line("*word &= ~bit;")
		y = "fired != 0"
	} else if u.output == model.Count {
		y = "y[k] != 0.0f"
	}
	g.writeReset(line, u, y, fired)
	switch u.activation {
	case model.ReLU:
		line("p = %s ? p : 0.0f;", g.above("p", "0.0f"))
	case model.LeakyReLU:
		g.uses["mul"] = true
		line("p = %s ? p : net_mul(%s, p);", g.above("p", "0.0f"), u.slope)
	case model.ELU:
		g.exp()
		line("p = %s ? p : net_exp(p) - 1.0f;", g.above("p", "0.0f"))
	case model.Clipped:
		line("p = p > %s ? p : %s;", u.floor, u.floor)
	}
	line("s[k] = p;")
	g.writeOutput(line, u)
	switch u.sums {
	case pairSums:
		line("at += step;")
	default:
		line("a += step;")
	}
	w.WriteString("    }\n}\n\n")
}

// writeReset writes what becomes of p, the input, by the membrane. y says in C that
// the neuron fired.
func (g *generator) writeReset(line func(string, ...any), u *update, y string, fired bool) {
	carried := ""
	if u.decay != absent {
		carried = g.mul(u.decay, "decay", "s[k]")
	}
	carry := func(under string) {
		if carried != "" {
			line("%sp = p + %s;", under, carried)
		}
	}
	switch {
	case u.reset == model.ResetZero && u.output == model.Sigmoid:
		if carried != "" {
			line("p = p + net_mul(%s, 1.0f - y[k]);", carried)
			g.uses["mul"] = true
		}
	case u.reset == model.ResetZero && u.output == model.Count:
		carry("if (y[k] == 0.0f) ")
	case u.reset == model.ResetRefractory:
		carry("")
		line("p = %s ? 0.0f : p;", y)
	case u.reset == model.ResetSubtract, u.reset == model.ResetLagged:
		if u.reset == model.ResetLagged {
			g.writeAbove(line, u, fired)
		}
		carry("")
		theta := read("theta", u.theta)
		if u.theta == one {
			theta = "1.0f"
		}
		switch {
		case u.theta == absent:
		case fired:
			line("p = fired != 0 ? p - %s : p;", theta)
		default:
			line("p = p - %s;", g.mul(u.theta, "theta", "y[k]"))
		}
	default:
		carry("")
	}
}

// writeAbove writes whether the membrane was above the threshold after its reset.
func (g *generator) writeAbove(line func(string, ...any), u *update, fired bool) {
	bias := read("bias", u.bias)
	if u.bias == one {
		bias = "1.0f"
	}
	switch {
	case u.bias == absent: // it makes no difference
	case fired:
		line("const float after = fired != 0 ? s[k] + %s : s[k];", bias)
		line("const int above = after + %s > 0.0f;", bias)
	default:
		line("const float after = s[k] + %s;", g.mul(u.bias, "bias", "y[k]"))
		line("const int above = after + %s > 0.0f;", bias)
	}
}

// writeOutput writes what the neuron passes on.
func (g *generator) writeOutput(line func(string, ...any), u *update) {
	bias := read("bias", u.bias)
	if u.bias == one {
		bias = "1.0f"
	}
	potential := "p"
	if bias != "" {
		potential = "p + " + bias
	}
	if u.reset == model.ResetLagged {
		line("float u = %s;", potential)
		if bias != "" {
			line("u = above != 0 ? u + %s : u;", bias)
		}
		potential = "u"
	}
	switch u.output {
	case model.Step:
		fires := potential + " > 0.0f"
		if u.reset != model.ResetLagged { // p + b > 0 says the same: the sum is 0 only where it is exactly
			threshold := read("threshold", u.threshold)
			switch u.threshold {
			case absent:
				threshold = "0.0f"
			case one:
				threshold = "1.0f"
			}
			fires = g.above("p", threshold)
		}
		line("if (%s) {", fires)
		line("    y[(first + k) >> 5] |= 1u << ((first + k) & 31u);")
		line("}")
	case model.Sigmoid:
		g.exp()
		line("y[k] = 1.0f / (1.0f + net_exp(-(%s)));", potential)
	case model.Count:
		g.uses["floor"] = true
		line("y[k] = %s >= 0.0f ? net_floor(p / -%s) : 0.0f;", parenthesised(potential), bias)
		line("y[k] = y[k] < %s ? y[k] : %s;", u.most, u.most)
	}
}

func parenthesised(expression string) string {
	if strings.Contains(expression, " ") {
		return "(" + expression + ")"
	}
	return expression
}

// above says in C that x > y, which is not −0.
func (g *generator) above(x, y string) string {
	g.uses["above"], g.uses["bits"] = true, true
	return fmt.Sprintf("net_above(%s, %s)", x, y)
}

// exp makes net_exp part of the text.
func (g *generator) exp() {
	g.uses["exp"], g.uses["bits"], g.uses["mul"], g.uses["above"] = true, true, true, true
}
