package nir_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/export/nir"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

const dt = 1e-3

// random returns a tensor of values in [low, high).
func random(r *rand.Rand, low, high float64, shape ...int) tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	t := tensor{shape, make([]float64, n)}
	for i := range t.data {
		// float32 values, as files have them.
		t.data[i] = float64(float32(low + (high-low)*r.Float64()))
	}
	return t
}

func lif(r *rand.Rand, name string, shape ...int) testNode {
	return testNode{name, "LIF", map[string]any{
		"tau": random(r, 2*dt, 20*dt, shape...), "r": random(r, 1, 12, shape...), "v_leak": random(r, -0.1, 0.2, shape...),
		"v_threshold": random(r, 0.5, 1, shape...), "v_reset": random(r, -0.3, 0.3, shape...),
	}}
}

func cuba(r *rand.Rand, name string, shape ...int) testNode {
	return testNode{name, "CubaLIF", map[string]any{
		"tau_mem": random(r, 2*dt, 20*dt, shape...), "tau_syn": random(r, dt, 9*dt, shape...), "r": random(r, 1, 12, shape...),
		"w_in": random(r, 1, 5, shape...), "v_leak": 0.0, "v_threshold": random(r, 0.3, 1, shape...),
	}}
}

func affine(r *rand.Rand, name string, out, in int) testNode {
	return testNode{name, "Affine", map[string]any{"weight": random(r, -0.6, 1, out, in), "bias": random(r, -0.2, 0.3, out)}}
}

func conv(r *rand.Rand, name string, out, in, height, width int, more map[string]any) testNode {
	n := testNode{name, "Conv2d", map[string]any{
		"weight": random(r, -0.5, 0.9, out, in, height, width), "bias": random(r, -0.1, 0.2, out),
		"stride": []int{1, 1}, "padding": []int{0, 0}, "dilation": []int{1, 1}, "groups": 1,
	}}
	for name, v := range more {
		n.params[name] = v
	}
	return n
}

func node(name, kind string, params map[string]any) testNode { return testNode{name, kind, params} }

// graphs are graphs of every node and combination that can be run.
func graphs(r *rand.Rand) map[string]testGraph {
	g := map[string]testGraph{}
	g["lif"] = chain(input(6), affine(r, "fc", 5, 6), lif(r, "n", 5), affine(r, "fc2", 3, 5), lif(r, "n2", 3), output(3))
	g["cuba"] = chain(input(6), affine(r, "fc", 5, 6), cuba(r, "n", 5), output(5))
	g["cuba of equal rest and reset"] = chain(input(4), affine(r, "fc", 5, 4), node("n", "CubaLIF", map[string]any{
		"tau_mem": 5 * dt, "tau_syn": dt, "r": []float64{3}, "w_in": 2.0, "v_leak": []float64{0.25}, "v_reset": 0.25, "v_threshold": 0.75}), output(5))
	g["readout"] = chain(input(6), affine(r, "fc", 5, 6), lif(r, "n", 5), affine(r, "fc2", 3, 5),
		node("li", "LI", map[string]any{"tau": random(r, dt, 9*dt, 3), "r": 2.0, "v_leak": random(r, -1, 1, 3)}), output(3))
	g["cubali"] = chain(input(6), affine(r, "fc", 3, 6),
		node("li", "CubaLI", map[string]any{"tau_mem": 4 * dt, "tau_syn": 3 * dt, "r": 2.0, "v_leak": 0.0}), output(3))
	g["integrators"] = chain(input(6), affine(r, "fc", 4, 6), node("if", "IF", map[string]any{"r": 1.0, "v_threshold": random(r, 1, 2, 4), "v_reset": 0.25}),
		affine(r, "fc2", 4, 4), node("i", "I", map[string]any{"r": 1 / dt}), output(4))
	g["no weights"] = chain(input(3), lif(r, "n", 3), output(3))
	g["no weights, plane"] = chain(input(2, 5, 4), lif(r, "n", 2, 5, 4), output(2, 5, 4))
	g["no weights, channels"] = chain(input(3, 5, 6), node("n", "LIF", map[string]any{
		"tau": 4 * dt, "r": random(r, 1, 9, 3, 1, 1), "v_leak": 0.0, "v_threshold": random(r, 0.5, 1, 3, 1, 1)}), output(3, 5, 6))
	g["threshold"] = chain(input(6), affine(r, "fc", 5, 6), node("t", "Threshold", map[string]any{"threshold": random(r, 0, 1, 5)}), output(5))
	g["integrator and threshold"] = chain(input(6), affine(r, "fc", 80, 6), node("li", "LI", map[string]any{"tau": 5 * dt, "r": 4.0, "v_leak": 0.1}),
		node("t", "Threshold", map[string]any{"threshold": 0.4}), output(80))
	g["linear alone"] = chain(input(6), affine(r, "fc", 5, 6), affine(r, "fc2", 4, 5), output(4))
	g["scales"] = chain(input(6), node("s", "Scale", map[string]any{"scale": random(r, 0.5, 2, 6)}), affine(r, "fc", 5, 6),
		node("s2", "Scale", map[string]any{"scale": random(r, 0.5, 2, 5)}), lif(r, "n", 5), node("s3", "Scale", map[string]any{"scale": []float64{3}}), output(5))
	g["scales of planes"] = chain(input(2, 6, 5), node("s", "Scale", map[string]any{"scale": random(r, 0.5, 2, 2, 1, 1)}),
		conv(r, "c", 3, 2, 3, 3, nil), node("s2", "Scale", map[string]any{"scale": random(r, 0.5, 2, 3, 4, 3)}), lif(r, "n", 3, 4, 3),
		node("s3", "Scale", map[string]any{"scale": random(r, 0.5, 2, 3, 4, 3)}), conv(r, "c2", 2, 3, 2, 2, nil), lif(r, "n2", 2, 3, 2), output(2, 3, 2))
	g["conv"] = chain(input(4, 7, 8), conv(r, "c", 6, 2, 3, 2, map[string]any{"stride": []int{2, 1}, "padding": []int{1, 0}, "dilation": []int{1, 2}, "groups": 2, "input_shape": []int{7, 8}}),
		node("n", "LIF", map[string]any{"tau": 4 * dt, "r": random(r, 1, 9, 6, 1, 1), "v_leak": random(r, -0.1, 0.1, 6, 1, 1), "v_threshold": random(r, 0.5, 1, 6, 4, 6)}),
		node("p", "SumPool2d", map[string]any{"kernel_size": []int{2, 3}, "stride": []int{2, 2}, "padding": []int{0, 1}}),
		node("f", "Flatten", map[string]any{"start_dim": 0, "end_dim": -1, "input_type": []int{6, 2, 3}}), affine(r, "fc", 3, 36), node("n2", "IF", map[string]any{"r": 1.0, "v_threshold": 40.0}), output(3))
	g["conv per neuron"] = chain(input(1, 6, 6), conv(r, "c", 3, 1, 3, 3, map[string]any{"padding": "same", "stride": 1}), lif(r, "n", 3, 6, 6),
		node("p", "AvgPool2d", map[string]any{"kernel_size": 2, "stride": 2, "padding": 0}), conv(r, "c2", 2, 3, 2, 2, map[string]any{"padding": "valid"}),
		cuba(r, "n2", 2, 2, 2), output(2, 2, 2))
	g["conv flattened before its neurons"] = chain(input(1, 4, 4), conv(r, "c", 2, 1, 3, 3, nil), node("f", "Flatten", map[string]any{"start_dim": 0, "end_dim": -1}),
		lif(r, "n", 8), output(8))
	g["conv1d"] = chain(input(2, 9), node("c", "Conv1d", map[string]any{"weight": random(r, -0.5, 0.9, 4, 2, 3), "bias": random(r, -0.1, 0.2, 4), "stride": 2, "padding": 1, "dilation": 1, "groups": 1, "input_shape": 9}),
		node("n", "LIF", map[string]any{"tau": 4 * dt, "r": 5.0, "v_leak": 0.0, "v_threshold": random(r, 0.5, 1, 4, 5)}), affine(r, "fc", 3, 20), output(3))
	g["conv1d after flatten"] = chain(input(2, 3, 4), node("f", "Flatten", map[string]any{"start_dim": 1, "end_dim": 2}),
		node("c", "Conv1d", map[string]any{"weight": random(r, -0.5, 0.9, 3, 2, 4), "stride": []int{1}, "padding": []int{0}, "dilation": []int{1}, "groups": 1}),
		lif(r, "n", 3, 9), output(3, 9))
	g["pool last"] = chain(input(2, 4, 4), node("p", "SumPool2d", map[string]any{"kernel_size": 2, "stride": 2, "padding": 0}), output(2, 2, 2))

	flat := testGraph{nodes: []testNode{input(4), affine(r, "fc", 5, 4), affine(r, "l.w_rec", 5, 5), cuba(r, "l.lif", 5), output(5)},
		edges: []string{"input", "fc", "fc", "l.lif", "l.lif", "l.w_rec", "l.w_rec", "l.lif", "l.lif", "output"}}
	g["recurrent"] = flat
	g["recurrent twice"] = testGraph{nodes: []testNode{input(4), node("s", "Scale", map[string]any{"scale": random(r, 0, 1, 4)}), affine(r, "w", 4, 4),
		node("s2", "Scale", map[string]any{"scale": random(r, 0, 1, 4)}), lif(r, "n", 4), output(4)},
		edges: []string{"input", "n", "n", "s", "s", "w", "w", "n", "n", "s2", "s2", "n", "n", "n", "n", "output"}}
	g["recurrent, after a convolution"] = testGraph{nodes: []testNode{input(1, 3, 3), conv(r, "c", 2, 1, 2, 2, nil), affine(r, "w", 8, 8),
		node("f", "Flatten", map[string]any{"start_dim": 0, "end_dim": 2}), lif(r, "n", 8), output(8)},
		edges: []string{"input", "c", "c", "f", "f", "n", "n", "w", "w", "n", "n", "output"}}
	g["identities"] = testGraph{nodes: []testNode{input(4), node("i", "Identity", map[string]any{"shape": []int{4}}), affine(r, "fc", 5, 4), node("i2", "Identity", nil),
		node("back", "Identity", nil), affine(r, "w", 5, 5), lif(r, "n", 5), node("i3", "Identity", nil), output(5)},
		edges: []string{"input", "i", "i", "fc", "fc", "i2", "i2", "n", "n", "back", "back", "w", "w", "n", "n", "i3", "i3", "output"}}
	g["identity alone"] = chain(input(4), node("i", "Identity", nil), output(4))
	g["residual"] = testGraph{nodes: []testNode{input(4), affine(r, "a", 4, 4), lif(r, "n", 4), affine(r, "b", 4, 4), lif(r, "n2", 4), lif(r, "n3", 4), output(4)},
		edges: []string{"input", "a", "a", "n", "n", "b", "b", "n2", "n", "n2", "n2", "n3", "n", "n3", "a", "n3", "n3", "output", "n2", "output"}}
	g["residual planes"] = testGraph{nodes: []testNode{input(2, 4, 4), lif(r, "n", 2, 4, 4), conv(r, "c", 2, 2, 3, 3, map[string]any{"padding": "same"}), lif(r, "n2", 2, 4, 4),
		conv(r, "c2", 1, 2, 2, 2, nil), lif(r, "n3", 1, 3, 3), output(1, 3, 3)},
		edges: []string{"input", "n", "n", "c", "c", "n2", "n2", "c2", "n", "c2", "c2", "n3", "n3", "output"}}
	return g
}

func TestGraphs(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	all := graphs(r)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		g := all[name]
		for _, reset := range []nir.Reset{nir.ResetZero, nir.ResetSubtract, nir.ResetDelayed} {
			t.Run(fmt.Sprint(name, " ", reset), func(t *testing.T) {
				if reset != nir.ResetZero {
					g = withoutVReset(g)
				}
				im, err := nir.Read(g.file(t), nir.Options{Dt: dt, Reset: reset})
				if err != nil {
					t.Fatal(err)
				}
				compare(t, r, im.Network, newEuler(g, dt, reset))
			})
		}
	}
}

// withoutVReset returns a graph without the voltages that only a reset to a
// voltage has a use for.
func withoutVReset(g testGraph) testGraph {
	g.nodes = slices.Clone(g.nodes)
	for i, n := range g.nodes {
		params := map[string]any{}
		for name, v := range n.params {
			if name != "v_reset" {
				params[name] = v
			}
		}
		g.nodes[i].params = params
	}
	return g
}

// compare runs a network and a graph on the same random input.
func compare(t *testing.T, r *rand.Rand, n *model.Network, e *euler) {
	t.Helper()
	o := newOracle(n)
	net, err := runtime.Compile(n)
	if err != nil {
		t.Fatal(err)
	}
	s := net.NewSession()
	defer s.Close()
	last := &n.Layers[len(n.Layers)-1]
	spikes, differ := 0, 0
	const steps = 60
	for step := range steps {
		x, values := make([]float64, n.Input.Size()), spike.NewValues(1, n.Input.Size())
		var list []entry
		for i := range x {
			if r.Float64() < 0.3 {
				x[i], values.Data()[i] = 1, 1
				list = append(list, entry{i, 1})
			}
		}
		want := e.step(x)
		got := make([]float64, last.OutSize())
		out := o.step(list)
		for _, v := range out[len(out)-1] {
			got[v.at] = float64(v.x)
		}
		if err := s.Run(values); err != nil {
			t.Fatal(err)
		}
		for j, y := range outputs(s, n) {
			if float64(y) != got[j] {
				t.Fatalf("step %d: runtime's output %d is %v, the oracle's %v", step, j, y, got[j])
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d outputs, expected %d", len(got), len(want))
		}
		for j := range got {
			if got[j] != 0 {
				spikes++
			}
			if math.Abs(got[j]-want[j]) > 1e-4*max(1, math.Abs(want[j])) {
				if differ++; differ == 1 {
					t.Errorf("step %d: output %d is %v, expected %v", step, j, got[j], want[j])
				}
			}
		}
	}
	if spikes == 0 {
		t.Error("no output at all: the test proves nothing")
	}
	if last.Output == model.Step && spikes == steps*last.OutSize() {
		t.Error("every neuron fires in every step: the test proves nothing")
	}
}

// outputs returns what the last layer passed on in the last step.
func outputs(s *runtime.Session, n *model.Network) []float32 {
	last := len(n.Layers) - 1
	if n.Layers[last].Output == model.None {
		return s.Membrane(last)
	}
	y := make([]float32, n.Layers[last].OutSize())
	for j := range s.Spikes(last).All() {
		y[j] = 1
	}
	return y
}

// TestSubgraph holds a recurrent neuron in a subgraph, as snnTorch writes it,
// against the same in a flat graph.
func TestSubgraph(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	fc, w, n := affine(r, "fc", 5, 4), affine(r, "w_rec", 5, 5), cuba(r, "lif", 5)
	inner := testGraph{nodes: []testNode{input(5), w, n, output(5)},
		edges: []string{"input", "lif", "lif", "w_rec", "w_rec", "lif", "lif", "output"}}
	nested := testGraph{nodes: []testNode{input(4), fc, {"l", "NIRGraph", map[string]any{"graph": inner}}, output(5)},
		edges: []string{"input", "fc", "fc", "l", "l", "output"}}
	flat := testGraph{nodes: []testNode{input(4), fc, {"l.w_rec", w.kind, w.params}, {"l.lif", n.kind, n.params}, output(5)},
		edges: []string{"input", "fc", "fc", "l.lif", "l.lif", "l.w_rec", "l.w_rec", "l.lif", "l.lif", "output"}}
	im, err := nir.Read(nested.file(t), nir.Options{Dt: dt, Reset: nir.ResetZero})
	if err != nil {
		t.Fatal(err)
	}
	if l := im.Network.Layers; len(l) != 1 || l[0].Recurrent == nil || l[0].Name != "l.lif" {
		t.Errorf("%d layers, expected the recurrent layer l.lif", len(l))
	}
	compare(t, r, im.Network, newEuler(flat, dt, nir.ResetZero))
}

func TestRefused(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	one := func(n testNode) testGraph { return chain(input(4), n, output(4)) }
	with := func(n testNode, name string, v any) testGraph {
		n.params[name] = v
		return one(n)
	}
	loop := func(edges ...string) testGraph {
		return testGraph{nodes: []testNode{input(4), affine(r, "a", 4, 4), lif(r, "n", 4), affine(r, "b", 4, 4), lif(r, "m", 4), output(4)},
			edges: append([]string{"input", "a", "a", "n", "n", "b", "b", "m", "m", "output"}, edges...)}
	}
	for _, c := range []struct {
		g    testGraph
		kind error
		says string
	}{
		{one(node("d", "Delay", map[string]any{"delay": 0.1})), nir.ErrUnsupported, `node "d" has type "Delay"`},
		{testGraph{nodes: []testNode{input(4), output(4)}, edges: []string{"input", "out"}}, nir.ErrMalformed, `edges[0] names "out"`},
		{testGraph{nodes: []testNode{input(4), output(4)}}, nir.ErrUnsupported, "no way leads"},
		{chain(input(4), output(4), node("o2", "Output", nil)), nir.ErrUnsupported, "2 Output nodes (o2, output)"},
		{chain(input(4), output(5)), nir.ErrUnsupported, `"output" (Output): shape is [5], but [4] comes in`},
		{chain(input(4), node("i", "Identity", map[string]any{"shape": []int{2, 3}}), output(6)), nir.ErrUnsupported, `"i" (Identity): shape is [2 3], but [4] comes in from input`},
		{chain(input(5), affine(r, "fc", 4, 4), output(4)), nir.ErrUnsupported, `"fc" (Affine): weight has shape [4 4], but [5] comes in from input`},
		{with(lif(r, "n", 4), "tau", []float64{1, 1, 1}), nir.ErrUnsupported, "tau has shape [3], but [4] comes in"},
		{with(lif(r, "n", 4), "tau", 0.0), nir.ErrUnsupported, "tau is 0, expected a time above 0"},
		{with(lif(r, "n", 4), "tau", dt/2), nir.ErrUnsupported, "a smaller dt may be meant"},
		{with(lif(r, "n", 4), "r", math.NaN()), nir.ErrMalformed, "r[0] is NaN"},
		{with(lif(r, "n", 4), "r", "x"), nir.ErrMalformed, "strings"},
		{with(cuba(r, "n", 4), "v_leak", 0.5), nir.ErrUnsupported, "v_reset is 0 and v_leak 0.5"},
		{one(node("n", "CubaLI", map[string]any{"tau_mem": 1.0, "tau_syn": 1.0, "r": 1.0, "v_leak": 2.0})), nir.ErrUnsupported, "v_leak is 2"},
		{one(node("n", "LIF", map[string]any{"tau": 1.0})), nir.ErrMalformed, `node "n" (LIF) has no r`},
		{chain(input(1, 5, 5), conv(r, "c", 1, 2, 3, 3, nil), output(1, 3, 3)), nir.ErrUnsupported, "[1 2 3 3] in [1] groups, but [1 5 5] comes in"},
		{chain(input(1, 5, 5), conv(r, "c", 1, 1, 7, 3, nil), output(1, 3, 3)), nir.ErrUnsupported, "does not fit in [1 5 5]"},
		{chain(input(1, 5, 5), conv(r, "c", 1, 1, 2, 2, map[string]any{"padding": "same"}), output(1, 5, 5)), nir.ErrUnsupported, "pads one side more"},
		{chain(input(1, 5, 5), conv(r, "c", 1, 1, 3, 3, map[string]any{"padding": "circular"}), output(1, 5, 5)), nir.ErrUnsupported, `padding is ["circular"]`},
		{chain(input(1, 5, 5), conv(r, "c", 1, 1, 3, 3, map[string]any{"input_shape": []int{6, 6}}), output(1, 3, 3)), nir.ErrUnsupported, "input_shape is [6 6], but [1 5 5] comes in"},
		{chain(input(1, 5, 5), conv(r, "c", 1, 1, 3, 3, map[string]any{"stride": []int{0, 1}}), output(1, 3, 3)), nir.ErrUnsupported, "stride is 0"},
		{loop("m", "a"), nir.ErrUnsupported, "nodes a, b, m, n feed each other in a loop"},
		{loop("m", "b", "b", "n"), nir.ErrUnsupported, "loop"},
		{testGraph{nodes: []testNode{input(4), affine(r, "w", 4, 4), lif(r, "n", 4), lif(r, "m", 4), output(4)},
			edges: []string{"input", "n", "n", "w", "w", "n", "w", "m", "m", "output"}}, nir.ErrUnsupported, `"w" (Affine) feeds back to "n" and also feeds other nodes (m, n)`},
		{testGraph{nodes: []testNode{input(4), node("i", "I", map[string]any{"r": 1.0}), output(4)},
			edges: []string{"input", "i", "i", "i", "i", "output"}}, nir.ErrUnsupported, `"i" (I) feeds itself, but passes on a membrane`},
		{testGraph{nodes: []testNode{input(4), lif(r, "n", 4), affine(r, "a", 5, 4), affine(r, "b", 4, 5), output(4)},
			edges: []string{"input", "n", "n", "a", "a", "b", "b", "n", "n", "output"}}, nir.ErrUnsupported, `"a" (Affine): weight has shape [5 4], but it feeds the 4 neurons`},
		{testGraph{nodes: []testNode{input(4), affine(r, "a", 3, 4), affine(r, "b", 4, 4), lif(r, "n", 4), output(4)},
			edges: []string{"input", "a", "input", "b", "a", "n", "b", "n", "n", "output"}}, nir.ErrUnsupported, "a passes on [3], but b [4]"},
	} {
		_, err := nir.Read(c.g.file(t), nir.Options{Dt: dt})
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error is %v, expected %v with %q", err, c.kind, c.says)
		}
	}
	if _, err := nir.Read(withoutVReset(chain(input(4), lif(r, "n", 4), output(4))).file(t), nir.Options{Dt: -1}); err == nil {
		t.Error("dt of -1 is accepted")
	}
	g := with(lif(r, "n", 4), "v_reset", 0.5)
	if _, err := nir.Read(g.file(t), nir.Options{Dt: dt, Reset: nir.ResetSubtract}); !errors.Is(err, nir.ErrUnsupported) || !strings.Contains(err.Error(), "v_reset is 0.5") {
		t.Errorf("v_reset with reset subtract: %v", err)
	}
	if _, err := nir.Read([]byte("no file"), nir.Options{}); !errors.Is(err, nir.ErrMalformed) {
		t.Errorf("error is %v, expected ErrMalformed", err)
	}
}

// TestLeftOut has a node that nothing reads and an edge that is listed twice.
func TestLeftOut(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	g := testGraph{nodes: []testNode{input(4), lif(r, "n", 4), lif(r, "probe", 4), output(4)},
		edges: []string{"input", "n", "n", "probe", "n", "output", "input", "n"}}
	im, err := nir.Read(g.file(t), nir.Options{Dt: dt, Reset: nir.ResetZero})
	if err != nil {
		t.Fatal(err)
	}
	if len(im.Network.Layers) != 1 || len(im.Warnings) != 2 {
		t.Errorf("%d layers and warnings %q, expected one layer and two warnings", len(im.Network.Layers), im.Warnings)
	}
}

func TestTimeStep(t *testing.T) {
	leaky := func(tau, r float64) testGraph {
		more := 2.0 // in neurons that are scaled to a step, tau and r go together
		if r == 1 {
			more = 1
		}
		return chain(input(2), node("n", "LIF", map[string]any{"tau": []float64{tau, 2 * tau}, "r": []float64{r, more * r}, "v_leak": 0.0, "v_threshold": 1.0}), output(2))
	}
	integrate := func(r float64) testGraph {
		return chain(input(2), node("n", "IF", map[string]any{"r": []float64{r}, "v_threshold": 1.0}), output(2))
	}
	for _, c := range []struct {
		g          testGraph
		o          nir.Options
		dt, ms     float64
		weight     float32
		assumption string // a word of an assumption or warning, if there is one
	}{
		{leaky(0.01, 1), nir.Options{Dt: 0.001}, 0.001, 1, 0.1, ""},
		{leaky(0.01, 1), nir.Options{}, 1e-4, 0.1, 0.01, "Norse"},
		{leaky(0.001, 10), nir.Options{}, 1e-4, 0.1, 1, "snnTorch"},
		{leaky(0.001, 10), nir.Options{Step: 2}, 1e-4, 2, 1, "snnTorch"},
		{leaky(0.0025, 24.019737), nir.Options{}, 1e-4, 0.1, 24.019737 * 0.04, "Norse"},
		{leaky(20, 1), nir.Options{}, 1, 1, 0.05, "steps"},
		{integrate(1), nir.Options{}, 1, 1, 1, "in each step"},
		{integrate(1), nir.Options{Dt: 0.002}, 0.002, 2, 1, ""},
		{integrate(1e4), nir.Options{}, 1e-4, 0.1, 1, "SpikingJelly"},
		{integrate(1e4), nir.Options{Dt: 2e-4}, 2e-4, 0.2, 2, ""},
	} {
		im, err := nir.Read(c.g.file(t), c.o)
		if err != nil {
			t.Fatal(err)
		}
		n := im.Network
		if w := n.Layers[0].Weight.F32[0]; n.Metadata["nir.dt"] != c.dt || math.Abs(float64(n.Input.Dt)-c.ms) > 1e-12 || math.Abs(float64(w-c.weight)) > 1e-6*float64(c.weight) {
			t.Errorf("dt is %v, a step %v ms, the weight %v; expected %v, %v, %v", n.Metadata["nir.dt"], n.Input.Dt, w, c.dt, c.ms, c.weight)
		}
		if all := strings.Join(append(im.Assumptions, im.Warnings...), "\n"); !strings.Contains(all, c.assumption) || c.assumption == "" && strings.Contains(all, "dt") {
			t.Errorf("assumptions are %q, expected one with %q", all, c.assumption)
		}
	}
}
