package c

import (
	"bytes"
	"embed"
	"fmt"
	"math"
	"path"
	"strings"
	"sync"
	"text/template"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

//go:embed templates
var files embed.FS

// templates are parsed once they are needed: every start of the program would wait.
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{"lit": func(x float64) string { return literal(float32(x)) }}).ParseFS(files, "templates/*.tmpl"))
})

// page is what the templates see.
type page struct {
	Name, Upper, Title, Short, Program, Digest string
	Uses                                       map[string]bool
	Inputs, Outputs, Steps, Updates            int
	Shape                                      []int
	Plane, HasMargin, Events, SpikeLayers      bool
	Margin, StepUS, Index, InputKind, State    string
	Floor                                      *floor // nil without a recommendation
	InputType                                  string
	InputWords, CountLimit, StateBytes         int
	Convs                                      []convolver
	Constants, Code                            string
	Tested, Expected                           string
	TestSteps                                  []int
	Hosted                                     bool
	Layout                                     Layout
	Sizes                                      Sizes
	Constant                                   int // bytes of constants that a program needs
}

// floor is what a window of a live stream should reach, as literals.
type floor struct{ Events, Score, Lead string }

// convolver is a function that adds the weights of a convolution's input.
type convolver struct{ Kind, Sum, Weight, Value, Does, Twice, Body string }

func (g *generator) convolvers() (list []convolver) {
	const indent = "                "
	for _, v := range []convolver{
		{Kind: "f32", Sum: "float", Weight: "float", Body: indent + "to[k] = to[k] + from[k];\n"},
		{Kind: "f32x", Sum: "float", Weight: "float", Value: ", float value", Does: ", times value,", Body: indent + "to[k] = to[k] + net_mul(from[k], value);\n"},
		{Kind: "i32", Sum: "int32_t", Weight: "int8_t", Value: ", int32_t value", Does: ", times value,", Body: indent + "to[k] += from[k] * value;\n"},
		{Kind: "i16", Sum: "uint32_t", Weight: "uint32_t", Twice: "2u * ", Body: indent + "const uint32_t q = from[k];\n" +
			indent + "to[2u * k] = NET_EVEN(to[2u * k], q);\n" + indent + "to[2u * k + 1u] = NET_ODD(to[2u * k + 1u], q);\n"},
	} {
		if g.convs[v.Kind] {
			list = append(list, v)
		}
	}
	return list
}

// stateText returns the members of the state, those of 4 bytes first, and counts
// their bytes.
func (g *generator) stateText() string {
	members := []member{{"uint32_t", "steps", 0, "run since net_init"}, {"float", "scores", g.last().OutSize(), ""}}
	members = append(members, g.state...)
	if g.events() {
		if g.input.kind == counts {
			members = append(members, member{"uint32_t", "taken", 0, ""}, member{"uint16_t", "events", g.input.size, "of the step that comes next"})
		} else {
			members = append(members, member{"uint32_t", "events", words(g.input.size), "of the step that comes next"})
		}
	}
	var w strings.Builder
	total := 0
	for _, short := range []bool{false, true} {
		for _, m := range members {
			if (m.kind == "uint16_t") != short {
				continue
			}
			size := 4
			if short {
				size = 2
			}
			if m.says != "" && strings.HasPrefix(m.says, "Layer") {
				fmt.Fprintf(&w, "    /* %s */\n", m.says)
			}
			if m.count > 0 {
				fmt.Fprintf(&w, "    %s %s[%d];", m.kind, m.name, m.count)
				total += size * m.count
			} else {
				fmt.Fprintf(&w, "    %s %s;", m.kind, m.name)
				total += size
			}
			if m.says != "" && !strings.HasPrefix(m.says, "Layer") {
				fmt.Fprintf(&w, " /* %s */", m.says)
			}
			w.WriteString("\n")
		}
		if !short {
			fmt.Fprintf(&w, "    union {\n        float f[%d];\n        int32_t i[%d];\n        uint32_t w[%d];\n    } sum; /* of the layer that runs */\n", g.scratch, g.scratch, g.scratch)
			total += 4 * g.scratch
		}
	}
	g.sizes.State = (total + 3) &^ 3
	return w.String()
}

// render runs the templates.
func (g *generator) render(o Options) (*Source, error) {
	g.functions()
	seen := g.writeSeen()
	tested, steps, err := g.selfTest()
	if err != nil {
		return nil, err
	}
	m := g.m
	title := comment(m.Name)
	if title == "" {
		title = o.Name
	}
	p := &page{
		Name: o.Name, Upper: strings.ToUpper(o.Name), Title: title, Short: m.Topology(), Program: o.Program,
		Digest: fmt.Sprintf("%x", m.SelfTest.Digest[:8]), Uses: g.uses,
		Inputs: g.input.size, Outputs: g.last().OutSize(), Steps: m.Steps, Updates: g.sizes.Updates,
		Shape: m.Input.Shape, Plane: len(m.Input.Shape) == 3, HasMargin: m.Readout.Margin > 0, Events: g.events(),
		Margin: literal(m.Readout.Margin), StepUS: stepUS(m), Index: g.index, InputKind: string(g.input.kind),
		InputType: inputTypes[g.input.kind], InputWords: g.input.size, CountLimit: g.countLimit(),
		State: g.stateText(), Convs: g.convolvers(), Constants: g.constants.String(), Code: g.code.String(),
		Tested: tested + seen, TestSteps: steps, Hosted: o.Layout != Arduino, Layout: o.Layout,
	}
	for _, i := range m.Layers {
		p.SpikeLayers = p.SpikeLayers || i.HasNeurons() && i.Output == model.Step
	}
	if f := m.Readout.Floor; f != (model.Floor{}) {
		p.Floor = &floor{fmt.Sprint(f.Events), literal(f.Score), literal(f.Lead)}
	}
	if g.input.kind == spikes {
		p.InputWords = words(g.input.size)
	}
	p.StateBytes = g.sizes.State
	p.Sizes, p.Constant = g.sizes, g.sizes.Weights+g.sizes.Parameters
	var expected strings.Builder
	writeList(&expected, 32, func(k int) string { return fmt.Sprintf("0x%02x", m.SelfTest.Digest[k]) })
	p.Expected = expected.String()
	s := &Source{Sizes: g.sizes}
	for _, f := range layouts[o.Layout] {
		var b bytes.Buffer
		if err := templates().ExecuteTemplate(&b, path.Base(f.template), p); err != nil {
			return nil, fmt.Errorf("%s: %w", f.template, err)
		}
		text := b.String()
		if f.source {
			text = strings.ReplaceAll(text, "NET_PLACE", g.place)
			text = named(text, o.Name)
		}
		name := strings.ReplaceAll(f.name, "NAME", o.Name)
		s.Files = append(s.Files, File{Name: name, Data: []byte(text)})
	}
	return s, nil
}

// stepUS returns the length of a time step in microseconds, in C.
func stepUS(m *model.Network) string {
	us := m.Input.Step().Seconds() * 1e6
	if us == math.Trunc(us) && us < 1<<32 {
		return fmt.Sprintf("%.0fu", us)
	}
	return fmt.Sprintf("%g", us)
}

// layouts lists the files of each layout: their names and templates, and whether
// names in them are given the prefix.
var layouts = map[Layout][]struct {
	name, template string
	source         bool
}{
	Plain: {
		{"NAME.h", "net.h.tmpl", true}, {"NAME.c", "net.c.tmpl", true}, {"NAME_selftest.c", "net_selftest.c.tmpl", true},
		{"Makefile", "Makefile.tmpl", false}, {"CMakeLists.txt", "CMakeLists.txt.tmpl", false}, {"README.md", "README.md.tmpl", false},
	},
	Arduino: {
		{"src/NAME.h", "net.h.tmpl", true}, {"src/NAME.c", "net.c.tmpl", true}, {"src/NAME_selftest.c", "net_selftest.c.tmpl", true},
		{"library.properties", "library.properties.tmpl", false}, {"examples/selftest/selftest.ino", "selftest.ino.tmpl", true}, {"README.md", "README.md.tmpl", false},
	},
	Zephyr: {
		{"NAME.h", "net.h.tmpl", true}, {"NAME.c", "net.c.tmpl", true}, {"NAME_selftest.c", "net_selftest.c.tmpl", true},
		{"CMakeLists.txt", "zephyr.cmake.tmpl", false}, {"Kconfig", "Kconfig.tmpl", false}, {"zephyr/module.yml", "module.yml.tmpl", false}, {"README.md", "README.md.tmpl", false},
	},
}

// selfTest returns the inputs of the self-test as C, and the steps of each.
func (g *generator) selfTest() (text string, steps []int, err error) {
	var all []string
	for k, in := range g.m.SelfTest.Inputs {
		steps = append(steps, in.Steps())
		for t := range in.Steps() {
			switch x := in.(type) {
			case spike.Train:
				step := x.At(t)
				for w := range words(g.input.size) {
					all = append(all, fmt.Sprintf("0x%xu", uint32(step[w/2]>>(32*(w%2)))))
				}
				g.sizes.SelfTest += 4 * words(g.input.size)
			case spike.Values:
				for i, v := range x.At(t) {
					if g.input.kind != counts {
						all = append(all, literal(v))
						g.sizes.SelfTest += 4
						continue
					}
					if !(v >= 0 && v <= math.MaxUint16 && v == float32(math.Trunc(float64(v)))) {
						return "", nil, fmt.Errorf("%w: step %d of input %d of the self-test has %v for channel %d, expected a count of events, up to %d", ErrUnsupported, t, k, v, i, math.MaxUint16)
					}
					all = append(all, fmt.Sprint(int(v)))
					g.sizes.SelfTest += 2
				}
			}
		}
	}
	var w strings.Builder
	fmt.Fprintf(&w, "/* Step after step of input after input. */\nstatic const %s net_selftest_input[] = {\n", inputTypes[g.input.kind])
	writeList(&w, len(all), func(k int) string { return all[k] })
	fmt.Fprintf(&w, "};\n\nstatic const uint32_t net_selftest_steps[] = {\n")
	writeList(&w, len(steps), func(k int) string { return fmt.Sprint(steps[k]) })
	g.sizes.SelfTest += 4*len(steps) + 32
	w.WriteString("};\n\n")
	return w.String(), steps, nil
}
