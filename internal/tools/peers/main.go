// Command peers measures snurun and onnxruntime beside each other, in one run, on
// one thread, on the same spikes: the reference networks of the benchmarks, as
// graphs unrolled over time, layer by layer with all steps in one product, as a
// Scan, and in onnxruntime's own 8-bit integers. The contenders take turns.
//
//	npm install --ignore-scripts --prefix DIR onnxruntime-node
//	go run ./internal/tools/peers -modules DIR [-net A] [-batch 128] [-repeat 5]
package main

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"time"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/internal/refnet"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

//go:embed onnx.mjs
var script []byte

func main() {
	log.SetFlags(0)
	modules := flag.String("modules", "", "the folder that onnxruntime-node was installed in")
	name := flag.String("net", "A", "reference network: A or C (B is recurrent)")
	batch := flag.Int("batch", 128, "samples of a batch")
	repeat := flag.Int("repeat", 5, "repetitions, of which the median counts")
	seconds := flag.Float64("seconds", 0.5, "least time of a repetition")
	flag.Parse()
	if err := run(*modules, *name, *batch, *repeat, *seconds); err != nil {
		log.Fatal("peers: ", err)
	}
}

func run(modules, name string, batch, repeat int, seconds float64) error {
	ref := map[string]*refnet.Net{"A": &refnet.A, "C": &refnet.C}[name]
	if ref == nil || modules == "" || batch < 1 || repeat < 1 {
		return errors.New("expected -modules DIR, -net A or C, and at least one sample and repetition")
	}
	modules, err := filepath.Abs(modules)
	if err != nil {
		return err
	}
	m, samples := ref.Model(), ref.Samples(batch)
	peer, err := start(modules, m, samples)
	if err != nil {
		return err
	}
	defer peer.stop()
	contenders, err := ours(m, samples)
	if err != nil {
		return err
	}
	for _, variant := range []string{"unrolled", "layers", "scan", "int8 unrolled", "int8 layers"} {
		for _, size := range []int{1, batch} {
			contenders = append(contenders, &contender{name: "onnxruntime " + variant, batch: size, run: func(seconds float64) (float64, []float64, error) {
				return peer.measure(variant, size, seconds)
			}})
		}
	}
	goruntime.LockOSThread()
	for range repeat {
		for _, c := range contenders {
			us, counts, err := c.run(seconds)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			c.us, c.counts = append(c.us, us), counts
		}
	}
	report(contenders, name, batch)
	return nil
}

// contender is one way to run the network.
type contender struct {
	name   string
	batch  int
	run    func(seconds float64) (us float64, counts []float64, err error)
	us     []float64 // of each repetition, a sample
	counts []float64 // spikes of each output, of all samples
}

func (c *contender) median() float64 {
	slices.Sort(c.us)
	return (c.us[(len(c.us)-1)/2] + c.us[len(c.us)/2]) / 2
}

// ours are the plans of the runtime, with float32 and with integer weights.
func ours(m *model.Network, samples []spike.Train) ([]*contender, error) {
	var all []*contender
	integer, _, err := model.Quantize(m, 8)
	if err != nil {
		return nil, err
	}
	for kind, m := range map[string]*model.Network{"": m, "int8 ": integer} {
		net, err := runtime.Compile(m)
		if err != nil {
			return nil, err
		}
		s, b, inputs := net.NewSession(), net.NewBatch(len(samples)), spike.Inputs(samples)
		known := func(seconds float64) (float64, []float64, error) {
			return timed(len(samples), net.OutSize(), seconds, func(add func(r runtime.Result)) error {
				for _, x := range samples {
					r, err := s.Classify(x)
					if err != nil {
						return err
					}
					add(r)
				}
				return nil
			})
		}
		batched := func(seconds float64) (float64, []float64, error) {
			return timed(len(samples), net.OutSize(), seconds, func(add func(r runtime.Result)) error {
				results, err := b.Classify(inputs)
				for _, r := range results {
					add(r)
				}
				return err
			})
		}
		all = append(all, &contender{name: "snurun " + kind + asm.Tier(), batch: 1, run: known},
			&contender{name: "snurun " + kind + asm.Tier(), batch: len(samples), run: batched})
	}
	slices.SortFunc(all, func(a, b *contender) int { return len(a.name) - len(b.name) })
	return all, nil
}

// timed repeats a pass over all samples.
func timed(samples, outputs int, seconds float64, pass func(add func(r runtime.Result)) error) (us float64, counts []float64, err error) {
	counts = make([]float64, outputs)
	err = pass(func(r runtime.Result) {
		for j, v := range r.Scores {
			counts[j] += float64(v)
		}
	})
	n, start := 0, time.Now()
	for err == nil && (n == 0 || time.Since(start).Seconds() < seconds) {
		err = pass(func(runtime.Result) {})
		n += samples
	}
	return time.Since(start).Seconds() * 1e6 / float64(n), counts, err
}

// peer is the process that runs onnxruntime.
type peer struct {
	folder string
	cmd    *exec.Cmd
	in     *bufio.Writer
	out    *bufio.Scanner
}

func start(modules string, m *model.Network, samples []spike.Train) (*peer, error) {
	folder, err := os.MkdirTemp("", "peers")
	if err != nil {
		return nil, err
	}
	type layer struct {
		In    int       `json:"in"`
		Out   int       `json:"out"`
		Decay float32   `json:"decay"`
		Bias  []float32 `json:"bias"`
	}
	description := struct {
		Inputs  int     `json:"inputs"`
		Steps   int     `json:"steps"`
		Samples int     `json:"samples"`
		Layers  []layer `json:"layers"`
	}{Inputs: m.Input.Size(), Steps: m.Steps, Samples: len(samples)}
	var weights, inputs []byte
	for i := range m.Layers {
		l := &m.Layers[i]
		description.Layers = append(description.Layers, layer{l.InSize(), l.OutSize(), l.Decay[0], l.Bias})
		for _, w := range l.Weight.F32 {
			weights = binary.LittleEndian.AppendUint32(weights, math.Float32bits(w))
		}
	}
	for _, x := range samples {
		at := len(inputs)
		inputs = append(inputs, make([]byte, 4*x.Steps()*x.Size())...)
		for t := range x.Steps() {
			for i := range x.At(t).All() {
				binary.LittleEndian.PutUint32(inputs[at+4*(t*x.Size()+i):], math.Float32bits(1))
			}
		}
	}
	text, err := json.Marshal(description)
	if err != nil {
		return nil, err
	}
	for name, data := range map[string][]byte{"network.json": text, "weights.bin": weights, "samples.bin": inputs, "onnx.mjs": script} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			return nil, err
		}
	}
	p := &peer{folder: folder, cmd: exec.Command("node", filepath.Join(folder, "onnx.mjs"), folder, filepath.Join(modules, "node_modules"))}
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.out = bufio.NewWriter(in), bufio.NewScanner(out)
	return p, p.cmd.Start()
}

func (p *peer) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	_ = os.RemoveAll(p.folder)
}

func (p *peer) measure(variant string, batch int, seconds float64) (us float64, counts []float64, err error) {
	fmt.Fprintf(p.in, "%s,%d,%v\n", variant, batch, seconds)
	if err := p.in.Flush(); err != nil {
		return 0, nil, err
	}
	if !p.out.Scan() {
		return 0, nil, errors.New("node ended")
	}
	var answer struct {
		US     float64
		Counts []float64
	}
	err = json.NewDecoder(bytes.NewReader(p.out.Bytes())).Decode(&answer)
	return answer.US, answer.Counts, err
}

// report prints a Markdown table; ratios are those to snurun with as many samples
// a call, of float32 and of integer weights.
func report(all []*contender, name string, batch int) {
	fmt.Printf("network %s, one thread, µs a sample, medians of %d repetitions in turns\n\n", name, len(all[0].us))
	fmt.Println("| | one by one | batches of", batch, "| output spikes |")
	fmt.Println("|---|--:|--:|--:|")
	for i := 0; i < len(all); i += 2 {
		sum := 0.0
		for _, c := range all[i].counts {
			sum += c
		}
		fmt.Printf("| %s | %.1f | %.1f | %.0f |\n", all[i].name, all[i].median(), all[i+1].median(), sum)
	}
}
