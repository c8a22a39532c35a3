package c

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// noise is the generator of the inputs that Go and C both run: xorshift32.
type noise uint32

func (x *noise) next() uint32 {
	*x ^= *x << 13
	*x ^= *x >> 17
	*x ^= *x << 5
	return uint32(*x)
}

// fill draws step 0 of an input and returns it as C takes it too.
func (x *noise) fill(in spike.Input, counted bool) {
	density := []uint32{0, 1, 3, 16, 64}[x.next()%5]
	switch in := in.(type) {
	case spike.Train:
		v := in.At(0)
		clear(v)
		for i := range in.Size() {
			if x.next()%64 < density {
				v.Set(i)
			}
		}
	case spike.Values:
		v := in.At(0)
		clear(v)
		for i := range v {
			k := x.next()
			switch {
			case k%64 >= density:
			case counted:
				v[i] = float32(1 + k>>8%3)
			default:
				v[i] = float32(int32(k>>8%513)-256) / 128
			}
		}
	}
}

// fills is fill in C, for a network of a name and its kind of input.
var fills = map[passes]string{
	spikes: `    for (i = 0; i < sizeof in / sizeof in[0]; i++) {
        in[i] = 0;
    }
    for (i = 0; i < NET_INPUTS; i++) {
        if (next() % 64u < density) {
            in[i >> 5] |= 1u << (i & 31u);
        }
    }
`,
	counts: `    for (i = 0; i < NET_INPUTS; i++) {
        const uint32_t k = next();
        in[i] = k % 64u >= density ? 0 : (uint16_t)(1u + (k >> 8) % 3u);
    }
`,
	values: `    for (i = 0; i < NET_INPUTS; i++) {
        const uint32_t k = next();
        in[i] = k % 64u >= density ? 0.0f : (float)((int32_t)((k >> 8) % 513u) - 256) / 128.0f;
    }
`,
}

// support is what programs of tests share: the generator, a digest and hexadecimal
// output by out, which the program defines.
const support = `
#include <stdint.h>
void out(const char *text);

static uint32_t noise, digest;

static uint32_t next(void)
{
    noise ^= noise << 13;
    noise ^= noise >> 17;
    noise ^= noise << 5;
    return noise;
}

static void take(uint32_t word)
{
    digest = (digest ^ word) * 16777619u;
}

static void take_floats(const float *v, uint32_t n)
{
    union { float f; uint32_t u; } bits;
    while (n > 0) {
        bits.f = *v++;
        take(bits.u);
        n--;
    }
}

static void hex(uint32_t word)
{
    char text[10];
    int i;
    for (i = 0; i < 8; i++) {
        text[i] = "0123456789abcdef"[(word >> (28 - 4 * i)) & 15u];
    }
    text[8] = ' ';
    text[9] = 0;
    out(text);
}
`

// hosted defines out for a system with files.
const hosted = `
#include <stdio.h>
void out(const char *text)
{
    fputs(text, stdout);
}
`

// driver returns a C function run_NAME that runs a network for steps steps on noise of
// a seed. It writes the digest of all membranes, spikes, outputs and of the scores,
// the class and the lead every so many steps, and at the end.
func driver(m *model.Network, name string, seed uint32, steps, every int) string {
	g, err := newGenerator(m)
	if err != nil {
		panic(err)
	}
	var w strings.Builder
	size := g.input.size
	if g.input.kind == spikes {
		size = words(size)
	}
	fmt.Fprintf(&w, "static void run_%s(void)\n{\n    static net_state n;\n    static %s in[%d];\n    uint32_t t, i, density;\n", name, inputTypes[g.input.kind], size)
	fmt.Fprintf(&w, "    static const uint32_t densities[5] = {0, 1, 3, 16, 64};\n    noise = %du;\n    digest = 2166136261u;\n    net_init(&n);\n", seed)
	fmt.Fprintf(&w, "    for (t = 0; t < %du; t++) {\n    density = densities[next() %% 5u];\n%s", steps, fills[g.input.kind])
	if g.events() && len(m.Input.Shape) == 3 { // the same, event by event
		repeat := "(in[i >> 5] >> (i & 31u)) & 1u"
		if g.input.kind == counts {
			repeat = "in[i]"
		}
		fmt.Fprintf(&w, "    if (t %% 2u == 1) {\n    for (i = 0; i < NET_INPUTS; i++) {\n        uint32_t k;\n        for (k = %s; k > 0; k--) {\n", repeat)
		w.WriteString("            if (net_event(&n, i / (NET_HEIGHT * NET_WIDTH), i / NET_WIDTH % NET_HEIGHT, i % NET_WIDTH) != 0) {\n                out(\"refused \");\n            }\n        }\n    }\n    (void)net_step_events(&n);\n    } else\n")
	}
	w.WriteString("    if (net_step(&n, in) != 0) {\n        out(\"refused \");\n    }\n")
	for i := range m.Layers {
		l := &m.Layers[i]
		if !l.HasNeurons() {
			continue
		}
		fmt.Fprintf(&w, "    take_floats(n.l%d_s, %du);\n", i, l.OutSize())
		switch l.Output {
		case model.Step:
			fmt.Fprintf(&w, "    for (i = 0; i < %du; i++) {\n        take(n.l%d_y[i]);\n    }\n", words(l.OutSize()), i)
		case model.Sigmoid:
			fmt.Fprintf(&w, "    take_floats(n.l%d_y, %du);\n", i, l.OutSize())
		case model.Count:
			fmt.Fprintf(&w, "    for (i = 0; i < %du; i++) {\n        const float v = n.l%d_y[i] * %s;\n        take_floats(&v, 1u);\n    }\n", l.OutSize(), i, literal(g.nodes[i].factor))
		}
	}
	fmt.Fprintf(&w, "    if ((t + 1u) %% %du == 0 || t + 1u == %du) {\n        const float lead = net_lead(&n);\n", every, steps)
	w.WriteString("        take_floats(n.scores, NET_OUTPUTS);\n        take_floats(&lead, 1u);\n        take(net_result(&n));\n        hex(digest);\n    }\n    }\n    out(\"\\n\");\n}\n\n")
	return named(w.String(), name)
}

// expected returns what run_NAME must write.
func expected(t *testing.T, m *model.Network, seed uint32, steps, every int) string {
	t.Helper()
	net, err := runtime.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	s := net.NewSession()
	x, digest := noise(seed), uint32(2166136261)
	take := func(word uint32) { digest = (digest ^ word) * 16777619 }
	floats := func(v []float32) {
		for _, f := range v {
			take(math.Float32bits(f))
		}
	}
	in := m.Input.New(1)
	var text strings.Builder
	for k := range steps {
		x.fill(in, m.Input.Encoder.Counts)
		if err := s.Step(in, 0); err != nil {
			t.Fatal(err)
		}
		for i := range m.Layers {
			if !m.Layers[i].HasNeurons() {
				continue
			}
			for _, f := range s.Membrane(i) {
				if f-f != 0 {
					t.Fatalf("step %d: a membrane of layer %d is %v", k, i, f)
				}
			}
			floats(s.Membrane(i))
			floats(s.Outputs(i))
			if m.Layers[i].Output == model.Step {
				v := s.Spikes(i)
				for w := range words(m.Layers[i].OutSize()) {
					take(uint32(v[w/2] >> (32 * (w % 2))))
				}
			}
		}
		if (k+1)%every == 0 || k+1 == steps {
			r := s.Result()
			floats(r.Scores)
			take(math.Float32bits(s.Lead()))
			take(uint32(r.Class))
			fmt.Fprintf(&text, "%08x ", digest)
		}
	}
	return text.String() + "\n"
}

// trial is networks in one C file, and what a program that runs them must write.
type trial struct {
	names  []string
	source string
	want   string
}

// addTo exports a network, into the text.
func (c *trial) add(t *testing.T, m *model.Network, name string, steps, every int) {
	t.Helper()
	withSelfTest(t, m)
	s, err := Export(m, Options{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range s.Files {
		switch {
		case f.Name == name+".c":
			c.source += strings.Replace(string(f.Data), "#include \""+name+".h\"\n", "", 1)
		case f.Name == name+".h":
			c.source += string(f.Data)
		}
	}
	seed := uint32(len(c.names) + 1)
	c.source += driver(m, name, seed, steps, every)
	c.names = append(c.names, name)
	c.want += expected(t, m, seed, steps, every)
}

func withSelfTest(t *testing.T, m *model.Network) {
	t.Helper()
	if m.SelfTest == nil {
		if _, err := runtime.AddRandomSelfTest(m); err != nil {
			t.Fatal(err)
		}
	}
}

// program returns the C of a program that runs them all.
func (c *trial) program() string {
	var w strings.Builder
	w.WriteString(support)
	w.WriteString(c.source)
	w.WriteString("int main(void)\n{\n")
	for _, name := range c.names {
		fmt.Fprintf(&w, "    run_%s();\n", name)
	}
	w.WriteString("    return 0;\n}\n")
	return w.String()
}

// randomTrial exports random networks.
func randomTrial(t *testing.T, from, to uint64, steps, every int) *trial {
	c := &trial{}
	for seed := from; seed < to; seed++ {
		c.add(t, randomNetwork(seed), fmt.Sprintf("n%d", seed), steps, every)
	}
	return c
}

// compare reports the first network for which a program wrote something else than it
// must.
func (c *trial) compare(t *testing.T, got string) {
	t.Helper()
	lines, want := strings.Split(got, "\n"), strings.Split(c.want, "\n")
	for k, name := range c.names {
		if k >= len(lines) || strings.TrimRight(lines[k], "\r") != want[k] {
			found := "nothing"
			if k < len(lines) {
				found = lines[k]
			}
			t.Fatalf("network %s: expected %.200s, found %.200s", name, want[k], found)
		}
	}
}

// write writes a file into a folder and returns its name.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	name = filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}
