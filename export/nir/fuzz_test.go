package nir_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/export/nir"
	"github.com/snurun/snurun/model"
)

// check reads a file. What is accepted must be a valid network that a model file
// can hold.
func check(t *testing.T, data []byte, o nir.Options) {
	t.Helper()
	im, err := nir.Read(data, o)
	if err != nil {
		return
	}
	if err := im.Network.Validate(); err != nil {
		t.Fatalf("read a network that is not valid: %v", err)
	}
	if err := export.Write(new(bytes.Buffer), im.Network); err != nil && !errors.Is(err, export.ErrLimit) {
		t.Fatalf("what was read cannot be written: %v", err)
	}
	if err := nir.Write(new(bytes.Buffer), im.Network); err != nil && !errors.Is(err, nir.ErrUnsupported) && !errors.Is(err, model.ErrInvalid) {
		t.Fatalf("error of no kind: %v", err)
	}
}

// FuzzRead gives the reader damaged files.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"testdata/lif_norse.nir", "testdata/lif_rockpool.nir"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "", 0.0)
	}
	for _, g := range graphs(rand.New(rand.NewPCG(13, 14))) {
		f.Add(g.file(f), "subtract", dt)
	}
	f.Fuzz(func(t *testing.T, data []byte, reset string, dt float64) {
		check(t, data, nir.Options{Dt: dt, Reset: nir.Reset(reset)})
	})
}

// FuzzMeaning reads files as those of each framework, with all that its neurons may
// be told.
func FuzzMeaning(f *testing.F) {
	for _, g := range graphs(rand.New(rand.NewPCG(15, 16))) {
		data := g.file(f)
		f.Add(data, uint8(1), 1, 0.0, 0.0, 1.0)
		f.Add(data, uint8(3), -1, 5.0, -0.5, 2.0)
	}
	f.Fuzz(func(t *testing.T, data []byte, from uint8, spikes int, tauSyn, floor, graded float64) {
		names := append(nir.Frameworks(), "")
		check(t, data, nir.Options{
			From: names[int(from)%len(names)], Spikes: []int{spikes}, NormInput: []bool{from > 127},
			TauSyn: []float64{tauSyn}, MinVMem: []float64{floor}, Graded: []float64{graded},
			Resets: []nir.Reset{nir.Resets()[int(from)%len(nir.Resets())]},
		})
	})
}

// FuzzGraph gives the reader well-formed files with graphs that bytes spell: the
// kinds of nodes, their parameters and the edges.
func FuzzGraph(f *testing.F) {
	for seed := range byte(40) {
		data := make([]byte, 400)
		r := rand.New(rand.NewPCG(uint64(seed), 0))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, spelt(data).file(t), nir.Options{Dt: dt})
	})
}

// spelt makes a graph of bytes.
func spelt(data []byte) testGraph {
	next := func(n int) int {
		if len(data) == 0 {
			return 0
		}
		x := int(data[0])
		data = data[1:]
		return x % n
	}
	number := func() float64 { return []float64{dt, 0.25, 1, 2, 0, -1, 1e300, 1e-300}[next(8)] }
	shapes := [][]int{{4}, {1, 2, 2}, {2, 2}, {1}, {}, {4, 4}, {1, 1, 1, 1}, {1, 1, 2, 2}, {2, 1, 1, 1}, {1, 2, 2}, {1 << 20}}
	array := func() any {
		s := shapes[next(len(shapes)-1)]
		v := tensor{s, nil}
		n := 1
		for _, d := range s {
			n *= d
		}
		for range n {
			v.data = append(v.data, number())
		}
		return v
	}
	kinds := []string{"Linear", "Affine", "Scale", "Conv1d", "Conv2d", "SumPool2d", "AvgPool2d", "Flatten", "Threshold",
		"I", "IF", "LI", "LIF", "CubaLI", "CubaLIF", "NIRGraph", "Delay", "Identity", "Input", "Output"}
	reals := []string{"weight", "bias", "scale", "threshold", "r", "tau", "v_leak", "v_threshold", "tau_mem", "tau_syn", "v_reset", "w_in"}
	small := []string{"kernel_size", "stride", "padding", "dilation", "groups", "start_dim", "end_dim"}
	var g testGraph
	g.nodes = append(g.nodes, input(shapes[next(len(shapes))]...))
	for i := range 1 + next(6) {
		n := node(fmt.Sprint(i), kinds[next(len(kinds))], map[string]any{})
		if n.kind == "NIRGraph" {
			n.params["graph"] = chain(input(4), node("n", "IF", map[string]any{"r": number(), "v_threshold": number()}), output(4))
		}
		value := array()
		for _, name := range reals {
			if name != "v_reset" {
				n.params[name] = value
			}
			if next(4) == 0 {
				n.params[name] = array()
			}
		}
		for _, name := range small {
			n.params[name] = next(3)
		}
		if n.kind == "Input" || n.kind == "Output" {
			n.params = map[string]any{"shape": shapes[next(len(shapes))]}
		}
		g.nodes = append(g.nodes, n)
	}
	g.nodes = append(g.nodes, node("output", "Output", nil))
	for i := 1; i < len(g.nodes); i++ {
		g.edges = append(g.edges, g.nodes[i-1].name, g.nodes[i].name)
	}
	for range next(5) {
		g.edges = append(g.edges, g.nodes[next(len(g.nodes))].name, g.nodes[next(len(g.nodes))].name)
	}
	return g
}
