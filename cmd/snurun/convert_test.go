//go:build !board

package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/runtime"
)

const (
	nirFiles    = "../../export/nir/testdata/"
	tensorFiles = "../../export/tensors/testdata/"
)

func TestConvert(t *testing.T) {
	dir := t.TempDir()
	description, err := os.ReadFile(tensorFiles + "leaky.json")
	if err != nil {
		t.Fatal(err)
	}
	marked := filepath.Join(dir, "marked.json")
	writeFile(t, marked, append([]byte("\ufeff"), description...))
	for _, c := range []struct {
		args string
		says []string
	}{
		{nirFiles + "lif_norse.nir --dt 1e-4 --reset zero", []string{"decay 0.96, threshold 0.1, reset zero", "100 steps of 0.1 ms", "1×1"}},
		{nirFiles + "lif_norse.nir", []string{"warning: dt is not in the file", "warning: the file does not say how a spike resets"}},
		{nirFiles + "lif_norse.nir --dt 1ms --bin 2ms --steps 7 --input poisson --rate 50", []string{"decay 0.6,", "7 steps of 2 ms", "poisson 50 Hz"}},
		{nirFiles + "lif_norse.nir --dt 1ns", []string{"100 steps of 1e-06 ms"}},
		{nirFiles + "lif_norse.nir --dt 1e-4 --bin 3us --input counts", []string{"100000 steps of 0.003 ms", "bins of 3 µs"}},
		{tensorFiles + "leaky.npz --input events --bin 0.0011 --layers " + tensorFiles + "leaky.json", []string{"40 steps of 1.1 ms", "bins of 1100 µs"}},
		{nirFiles + "braille_noDelay_bias_zero.nir --classes a,b,c,d,e,f,g", []string{"assumed: dt is 0.0001 s", "38×12, recurrent", "synapse 0.55"}},
		{tensorFiles + "leaky.safetensors", []string{"reset subtract", "40 steps of 1 ms"}},
		{tensorFiles + "leaky.npz --layers " + marked, []string{"40 steps of 1 ms"}},
		{tensorFiles + "leaky.npz --bin 0.005 --layers " + tensorFiles + "leaky.json", []string{"40 steps of 5 ms"}},
	} {
		out := filepath.Join(dir, "m.msgpack")
		_, says, code := snurun(t, append([]string{"convert"}, append(strings.Fields(c.args), out)...)...)
		if code != exitOK {
			t.Fatalf("%s: exit %d: %s", c.args, code, says)
		}
		for _, want := range c.says {
			if !strings.Contains(says, want) {
				t.Errorf("%s: says %q, expected %q", c.args, says, want)
			}
		}
		if out := must(t, "verify", out); !strings.Contains(out, "ok, 1 inputs") {
			t.Errorf("%s: verify says %q", c.args, out)
		}
		os.Remove(out)
	}
}

// safetensors is a file of a tensor "w" of zeros with a description.
func safetensors(t *testing.T, description string, shape ...int) []byte {
	t.Helper()
	size := 4
	for _, n := range shape {
		size *= n
	}
	header, err := json.Marshal(map[string]any{
		"__metadata__": map[string]string{"snurun": description},
		"w":            map[string]any{"dtype": "F32", "shape": shape, "data_offsets": []int{0, size}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header, make([]byte, size))
}

// TestConvertSelfTest: the self-test makes the hidden layer of the paper's Braille
// network spike, and a layer that nothing reaches is named.
func TestConvertSelfTest(t *testing.T) {
	out := filepath.Join(t.TempDir(), "m.msgpack")
	_, says, _ := snurun(t, "convert", nirFiles+"braille_noDelay_bias_zero.nir", out)
	if strings.Contains(says, "self-test") {
		t.Errorf("convert says %q, expected every layer reached", says)
	}
	m, err := export.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	net, err := runtime.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	s := net.NewSession()
	if _, err := s.Classify(m.SelfTest.Inputs[0]); err != nil {
		t.Fatal(err)
	}
	if n := s.Stats().Spikes[0]; n < 20 {
		t.Errorf("the hidden layer spikes %d times in the self-test", n)
	}

	in := filepath.Join(t.TempDir(), "silent.safetensors")
	for description, want := range map[string]string{
		`{"dt_ms":1,"steps":5,"input":{"shape":[3],"encoder":"direct"},"layers":[{"weight":"w","threshold":1,"reset":"zero"}]}`:                                             "no neuron of layer 0: verify proves little about it",
		`{"dt_ms":1,"steps":5,"input":{"shape":[3],"encoder":"direct"},"layers":[{"weight":"w","threshold":1,"reset":"zero"},{"weight":"w","threshold":1,"reset":"zero"}]}`: "no neuron of layers 0, 1: verify proves little about them",
	} {
		writeFile(t, in, safetensors(t, description, 3, 3))
		if _, says, code := snurun(t, "convert", in, out); code != exitOK || !strings.Contains(says, "warning: the self-test changes "+want) {
			t.Errorf("exit %d, %q, expected exit 0 and %q", code, says, want)
		}
	}
}

// TestConvertBack takes a network to NIR and back: the second model file is the
// first.
func TestConvertBack(t *testing.T) {
	dir := t.TempDir()
	first, back, second := filepath.Join(dir, "a.msgpack"), filepath.Join(dir, "back.nir"), filepath.Join(dir, "b.msgpack")
	if out, says, _ := snurun(t, "convert", "--quiet", nirFiles+"lif_norse.nir", first, "--dt", "1e-4"); out+says != "" {
		t.Errorf("convert --quiet prints %q", out+says)
	}
	must(t, "convert", first, back)
	must(t, "convert", back, second)
	a, err := export.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	b, err := export.ReadFile(second)
	if err != nil {
		t.Fatal(err)
	}
	a.Name, a.Metadata, a.Layers[0].Name = b.Name, b.Metadata, b.Layers[0].Name
	var x, y bytes.Buffer
	if err := export.Write(&x, a); err != nil {
		t.Fatal(err)
	}
	if err := export.Write(&y, b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(x.Bytes(), y.Bytes()) {
		t.Error("the network is another after a round trip")
	}
}

func TestConvertRefuses(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile(nirFiles + "lif_norse.nir")
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(dir, "cut.nir")
	writeFile(t, cut, data[:len(data)/2])
	text := filepath.Join(dir, "x.safetensors")
	writeFile(t, text, []byte("hello there"))
	junk := filepath.Join(dir, "junk")
	writeFile(t, junk, []byte("hello there"))
	same := filepath.Join(dir, "same.nir")
	link := filepath.Join(dir, "link.nir")
	writeFile(t, same, data)
	if err := os.Link(same, link); err != nil {
		t.Fatal(err)
	}
	described := filepath.Join(dir, "described.json")
	writeFile(t, described, []byte("{}"))
	events := filepath.Join(dir, "events.safetensors")
	writeFile(t, events, safetensors(t, `{"dt_ms":0.0025,"steps":5,"input":{"shape":[3],"encoder":"events","bin_us":2.5},"layers":[{"weight":"w","threshold":1,"reset":"zero"}]}`, 3, 3))
	out := filepath.Join(dir, "out.msgpack")
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"a", exitUsage, "expected IN OUT, found 1"},
		{"a b --reset hard", exitUsage, `--reset is "hard"`},
		{"a b --input light", exitUsage, `--input is "light"`},
		{"a b --dt 5m3", exitUsage, "expected seconds"},
		{"a b --dt NaN", exitUsage, "expected 0 to 1e9 seconds"},
		{"a b --bin -1", exitUsage, "expected 0 to 1e9 seconds"},
		{"a b --rate 0", exitUsage, "--rate is 0"},
		{"a b --steps -1", exitUsage, "--steps is -1"},
		{shipped + " " + out, exitUsage, "does not end in .nir"},
		{shipped + " " + out + " --dt 1ms", exitUsage, "--dt is for a NIR file"},
		{tensorFiles + "leaky.safetensors " + out + " --reset zero", exitUsage, "--reset is for a NIR file"},
		{nirFiles + "lif_norse.nir " + out + " --layers " + text, exitUsage, "--layers is for a file of tensors"},
		{junk + " " + out, exitFailure, "not a snurun model file"},
		{junk + " " + out, exitFailure, "nor is it a NIR file, safetensors or a .npz archive"},
		{"absent.nir " + out, exitFailure, "absent.nir"},
		{cut + " " + out, exitFailure, "cut.nir: malformed NIR file"},
		{text + " " + out, exitFailure, "x.safetensors: malformed tensor file"},
		{tensorFiles + "leaky.npz " + out, exitFailure, "leaky.npz: malformed description: there is none"},
		{tensorFiles + "leaky.npz " + out + " --layers " + text, exitFailure, "x.safetensors: malformed description"},
		{nirFiles + "lif_norse.nir " + out + " --dt 1", exitFailure, `node "1" (LIF): tau is 0.002`},
		{nirFiles + "lif_norse.nir " + out + " --classes a,b", exitUsage, "--classes has 2 names, expected 1"},
		{"a b --rate 100", exitUsage, `--rate is for --input poisson, but --input is ""`},
		{"a b --rate 100 --input direct", exitUsage, `--rate is for --input poisson, but --input is "direct"`},
		{"a b --bin 1e-10", exitUsage, "--bin is 1e-10 s"},
		{"a b --dt 2562047h", exitUsage, "expected 0 to 1e9 seconds"},
		{"a -", exitUsage, "OUT is -"},
		{same + " " + same, exitUsage, "the same file as " + same},
		{same + " " + link, exitUsage, "the same file as " + same},
		{tensorFiles + "leaky.npz " + described + " --layers " + described, exitUsage, "the same file as " + described},
		{events + " " + out + " --bin 0.0000015", exitUsage, "--bin is 1.5e-06 s, which makes bins of 1.5 µs: events need whole microseconds"},
		{events + " " + out + " --bin 0.0000005", exitUsage, "bins of 0.5 µs"},
		{events + " " + out, exitUsage, "--bin is missing: " + events + " has bins of 2.5 µs"},
		{nirFiles + "lif_norse.nir " + out + " --input events --bin 0.0000015", exitUsage, "bins of 1.5 µs"},
		{nirFiles + "lif_norse.nir " + out + " --input events --dt 0.0000015", exitUsage, "--bin is missing"},
		{tensorFiles + "leaky.npz " + out + " --input counts --bin 0.0000015 --layers " + tensorFiles + "leaky.json", exitUsage, "bins of 1.5 µs"},
		{shipped + " " + filepath.Join(dir, "mnist.nir") + " --input direct", exitUsage, "--input has no place in a NIR file"},
		{shipped + " " + filepath.Join(dir, "mnist.nir") + " --steps 3", exitUsage, "--steps has no place in a NIR file"},
		{shipped + " " + filepath.Join(dir, "mnist.nir") + " --classes a", exitUsage, "--classes has no place in a NIR file"},
		{counting + " " + filepath.Join(dir, "mnist.nir"), exitFailure, "unsupported: activation elu"},
	} {
		_, says, code := snurun(t, append([]string{"convert"}, strings.Fields(c.args)...)...)
		if code != c.code || !strings.Contains(says, c.says) {
			t.Errorf("convert %s: exit %d, %q, expected exit %d and %q", c.args, code, says, c.code, c.says)
		}
	}
	if kept, err := os.ReadFile(same); err != nil || !bytes.Equal(kept, data) {
		t.Errorf("the file that was to be overwritten is another, %v", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*out*"))
	if err != nil || len(left) > 0 {
		t.Errorf("failures leave %v, %v", left, err)
	}
}

// TestConvertSinabs brings in the convolutional network of the NIR paper and
// classifies recordings of N-MNIST with it.
func TestConvertSinabs(t *testing.T) {
	const data = "../../../shared/data/"
	if _, err := os.Stat(data + "nmnist-small"); err != nil {
		t.Skip("the recordings are not there")
	}
	out := filepath.Join(t.TempDir(), "m.msgpack")
	must(t, "convert", data+"nir/cnn_sinabs.nir", out)
	if says := must(t, "classify", out, "--data", data+"nmnist-small", "--list", "test100.txt", "--limit", "20"); !strings.Contains(says, "20 of 20") {
		t.Errorf("classify says %q, expected 20 of 20 right", says)
	}
}
