package nir_test

import (
	"slices"

	"github.com/snurun/snurun/export/nir"
)

// euler evaluates a test graph by NIR's equations in float64: forward Euler, a
// synaptic current that acts in its own step, IF neurons of R = 1 that add their
// input whatever the step.
type euler struct {
	graph  testGraph
	dt     float64
	reset  nir.Reset
	out    map[string][]float64
	shape  map[string][]int
	v, i   map[string][]float64
	spiked map[string][]bool
}

func newEuler(g testGraph, dt float64, reset nir.Reset) *euler {
	return &euler{g, dt, reset, map[string][]float64{}, map[string][]int{}, map[string][]float64{}, map[string][]float64{}, map[string][]bool{}}
}

func (e *euler) step(x []float64) []float64 {
	for _, n := range e.graph.nodes {
		var in []float64
		var shape []int
		for k := 0; k < len(e.graph.edges); k += 2 {
			if from := e.graph.edges[k]; e.graph.edges[k+1] == n.name {
				if e.shape[from] != nil {
					shape = e.shape[from]
				}
				in = add(in, e.out[from])
			}
		}
		if n.kind == "Input" {
			e.shape[n.name], e.out[n.name] = n.params["shape"].([]int), x
			continue
		}
		e.out[n.name], e.shape[n.name] = e.node(n, in, shape)
	}
	return e.out[e.graph.nodes[len(e.graph.nodes)-1].name]
}

func add(a, b []float64) []float64 {
	if a == nil {
		return slices.Clone(b)
	}
	for i, x := range b {
		a[i] += x
	}
	return a
}

// value returns the parameter of neuron j of size; a missing one is otherwise.
func (n testNode) value(name string, j, size int, otherwise float64) float64 {
	switch p := n.params[name].(type) {
	case float64:
		return p
	case []float64:
		return p[j*len(p)/size]
	case tensor:
		return p.data[j*len(p.data)/size]
	}
	return otherwise
}

func (n testNode) pair(name string) [2]int {
	switch p := n.params[name].(type) {
	case int:
		return [2]int{p, p}
	case []int:
		return [2]int{p[0], p[len(p)-1]}
	}
	return [2]int{}
}

func (e *euler) node(n testNode, in []float64, shape []int) ([]float64, []int) {
	switch n.kind {
	case "Output", "Identity":
		return in, shape
	case "Flatten":
		first, last := n.params["start_dim"].(int), n.params["end_dim"].(int)
		if last < 0 {
			last += len(shape)
		}
		out := append([]int{}, shape[:first]...)
		size := 1
		for _, d := range shape[first : last+1] {
			size *= d
		}
		return in, append(append(out, size), shape[last+1:]...)
	case "Scale":
		for j := range in {
			in[j] *= n.value("scale", j, len(in), 0)
		}
		return in, shape
	case "Linear", "Affine":
		w := n.params["weight"].(tensor)
		out := make([]float64, w.shape[0])
		for j := range out {
			out[j] = n.value("bias", j, len(out), 0)
			for i := 0; i < len(in); i++ { // none for a recurrent one at first
				out[j] += w.data[j*w.shape[1]+i] * in[i]
			}
		}
		return out, w.shape[:1]
	case "Conv2d", "SumPool2d", "AvgPool2d":
		return n.window(in, shape)
	case "Conv1d":
		w := n.params["weight"].(tensor)
		flat := map[string]any{"weight": tensor{[]int{w.shape[0], w.shape[1], 1, w.shape[2]}, w.data}, "bias": n.params["bias"], "groups": n.params["groups"]}
		for name, none := range map[string]int{"stride": 1, "padding": 0, "dilation": 1} {
			flat[name] = []int{none, n.pair(name)[1]}
		}
		out, s := testNode{"", "Conv2d", flat}.window(in, []int{shape[0], 1, shape[1]})
		return out, []int{s[0], s[2]}
	}
	out := make([]float64, len(in))
	if e.v[n.name] == nil {
		e.v[n.name], e.i[n.name] = make([]float64, len(in)), make([]float64, len(in))
		e.spiked[n.name] = make([]bool, len(in))
		for j := range in {
			e.v[n.name][j] = n.value("v_leak", j, len(in), 0)
		}
	}
	size := len(in)
	for j, x := range in {
		v, i := &e.v[n.name][j], &e.i[n.name][j]
		r, leak := n.value("r", j, size, 0), n.value("v_leak", j, size, 0)
		switch n.kind {
		case "Threshold":
			*v = x
		case "I", "IF":
			if r != 1 {
				r *= e.dt
			}
			*v += r * x
		case "LI", "LIF":
			*v += e.dt / n.value("tau", j, size, 0) * (leak - *v + r*x)
		case "CubaLI", "CubaLIF":
			*i += e.dt / n.value("tau_syn", j, size, 0) * (n.value("w_in", j, size, 1)*x - *i)
			*v += e.dt / n.value("tau_mem", j, size, 0) * (leak - *v + r**i)
		}
		out[j] = *v
		switch n.kind {
		case "Threshold", "IF", "LIF", "CubaLIF":
			out[j] = e.fire(n, j, size, v)
		}
	}
	return out, shape
}

// fire returns the spike of neuron j and resets its membrane.
func (e *euler) fire(n testNode, j, size int, v *float64) float64 {
	threshold := n.value("v_threshold", j, size, n.value("threshold", j, size, 0))
	late := &e.spiked[n.name][j]
	if e.reset == nir.ResetDelayed && n.kind != "Threshold" && *late {
		*v -= threshold
	}
	if *late = *v > threshold; !*late {
		return 0
	}
	switch e.reset {
	case nir.ResetZero:
		*v = n.value("v_reset", j, size, 0)
	case nir.ResetSubtract:
		*v -= threshold
	}
	return 1
}

func (n testNode) window(in []float64, shape []int) ([]float64, []int) {
	kernel, channels, groups := n.pair("kernel_size"), shape[0], 1
	dilation := [2]int{1, 1}
	w, conv := n.params["weight"].(tensor)
	if conv {
		kernel, channels = [2]int{w.shape[2], w.shape[3]}, w.shape[0]
		groups, dilation = n.params["groups"].(int), n.pair("dilation")
	}
	stride, padding := n.pair("stride"), n.pair("padding")
	if n.params["padding"] == "same" {
		for a := range padding {
			padding[a] = dilation[a] * (kernel[a] - 1) / 2
		}
	}
	var extent [2]int
	for a := range extent {
		extent[a] = (shape[1+a]+2*padding[a]-dilation[a]*(kernel[a]-1)-1)/stride[a] + 1
	}
	var out []float64
	for c := range channels {
		for y := range extent[0] {
			for x := range extent[1] {
				sum := n.value("bias", c, channels, 0)
				for ci := range shape[0] {
					for ky := range kernel[0] {
						for kx := range kernel[1] {
							iy, ix := y*stride[0]+ky*dilation[0]-padding[0], x*stride[1]+kx*dilation[1]-padding[1]
							if iy < 0 || ix < 0 || iy >= shape[1] || ix >= shape[2] {
								continue
							}
							weight := 0.0
							perGroup := shape[0] / groups
							switch {
							case conv && ci/perGroup == c/(channels/groups):
								weight = w.data[((c*perGroup+ci%perGroup)*kernel[0]+ky)*kernel[1]+kx]
							case !conv && ci == c:
								weight = 1
								if n.kind == "AvgPool2d" {
									weight /= float64(kernel[0] * kernel[1])
								}
							}
							sum += weight * in[(ci*shape[1]+iy)*shape[2]+ix]
						}
					}
				}
				out = append(out, sum)
			}
		}
	}
	return out, []int{channels, extent[0], extent[1]}
}
