package tensors_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/export/tensors"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// TestSnnTorch runs the fixtures' network, whose spikes testdata/make.py worked
// out by snnTorch's equations.
func TestSnnTorch(t *testing.T) {
	json, err := os.ReadFile("testdata/leaky.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, description := range map[string][]byte{"leaky.safetensors": nil, "leaky.npz": json} {
		f, err := tensors.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		n, err := f.Network(description)
		if err != nil {
			t.Fatal(err)
		}
		net, err := runtime.Compile(n)
		if err != nil {
			t.Fatal(err)
		}
		s := net.NewSession()
		defer s.Close()
		x, want := f.Tensors["x"], f.Tensors["spikes"]
		spikes := 0
		input, err := spike.FromData(x.Shape[0], 8, x.Data)
		if err != nil {
			t.Fatal(err)
		}
		for step := range x.Shape[0] {
			if err := s.Step(input, step); err != nil {
				t.Fatal(err)
			}
			for j := range 5 {
				y := s.Spikes(1).Get(j)
				if y != (want.Data[5*step+j] == 1) {
					t.Fatalf("%s: step %d, neuron %d: spike %t", name, step, j, y)
				}
				if y {
					spikes++
				}
			}
		}
		if spikes == 0 || spikes == 200 {
			t.Errorf("%d spikes: the test proves nothing", spikes)
		}
	}
}

func TestDTypes(t *testing.T) {
	f, err := tensors.ReadFile("testdata/dtypes.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	reals := []float32{0, 1, -1, 1.5, 1. / (1 << 14), 1. / (1 << 24)}
	whole := []float32{0, 1, -1, 100}
	for name, want := range map[string][]float32{
		"F64": reals, "F32": reals, "F16": reals, "BF16": reals, "I64": whole, "I32": whole, "I16": whole, "I8": whole,
		"U8": {0, 1, 255}, "BOOL": {0, 1}, "scalar": {7}, "empty": {},
	} {
		if got := f.Tensors[name].Data; !slices.Equal(got, want) {
			t.Errorf("%s: %v, expected %v", name, got, want)
		}
	}
}

// safetensors returns a file of a header and data.
func safetensors(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func TestMalformed(t *testing.T) {
	one := func(entry string, data int) []byte { return safetensors(`{"a":`+entry+`}`, data) }
	for _, c := range []struct {
		data []byte
		says string
	}{
		{nil, "0 bytes"},
		{[]byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"), "a header of 18446744073709551615 bytes"},
		{safetensors("[]", 0), "not a JSON object"},
		{safetensors(`{} {}`, 0), "something follows"},
		{safetensors(`{`, 0), "header, byte 9"},
		{safetensors(`{"a":1}`, 0), "header"},
		{safetensors(`{}`, 1), "end at byte 0 of the data, the data at byte 1"},
		{one(`{"dtype":"F32","shape":[1]}`, 4), "data_offsets has 0 numbers"},
		{one(`{"dtype":"F32","shape":[1],"data_offsets":[0,8]}`, 4), "data_offsets is [0 8]"},
		{one(`{"dtype":"F32","shape":[1],"data_offsets":[4,8]}`, 8), "expected to begin at 0"},
		{one(`{"dtype":"F32","shape":[2],"data_offsets":[0,4]}`, 4), "shape [2] of F32 needs 8 bytes, but data_offsets holds 4"},
		{one(`{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}`, 4), "shape is [-1]"},
		{one(`{"dtype":"F32","shape":[2000000000,2000000000],"data_offsets":[0,4]}`, 4), "shape is [2000000000"},
		{one(`{"dtype":"F8","shape":[4],"data_offsets":[0,4]}`, 4), `dtype is "F8"`},
		{one(`{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}`, 4), "unknown field"},
		{safetensors(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), "did not occur before"},
		{one(`{"dtype":"F32","shape":[1],"Shape":[1],"data_offsets":[0,4]}`, 4), `unknown field "Shape"`},
		{one(`{"dtype":"F32","shape":[2],"shape":[1],"data_offsets":[0,4]}`, 4), `field "shape" occurs twice`},
		{[]byte("PK\x03\x04 no archive"), "zip"},
	} {
		if _, err := tensors.Read(c.data); !errors.Is(err, tensors.ErrFormat) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error is %v, expected ErrFormat with %q", err, c.says)
		}
	}
}

// array is a .npy file.
func array(header, data string) string {
	return "\x93NUMPY\x01\x00" + string([]byte{byte(len(header)), 0}) + header + data
}

// TestOthers: what a description does not name may be anything, and what it names
// is an error of its own.
func TestOthers(t *testing.T) {
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for name, content := range map[string]string{
		"README.txt": "text",
		"names.npy":  array("{'descr': '<U5', 'fortran_order': False, 'shape': (1,), }\n", "abcdefghijklmnopqrst"),
		"w.npy":      array("{'descr': '<f2', 'fortran_order': False, 'shape': (1L, 2), }\n", "\x00\x3c\x00\xc0"),
	} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	quantised := safetensors(`{"q":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]},"w":{"dtype":"U16","shape":[1,2],"data_offsets":[4,8]},`+
		`"w32":{"dtype":"U32","shape":[1],"data_offsets":[8,12]},"w64":{"dtype":"U64","shape":[1],"data_offsets":[12,20]}}`, 20)
	for i, x := range []byte{1, 0, 0xff, 0xff, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x80} {
		quantised[len(quantised)-16+i] = x
	}
	describe := func(weight string) []byte {
		return []byte(`{"dt_ms": 1, "steps": 5, "input": {"shape": [2], "encoder": "direct"}, "layers": [{"weight": "` + weight + `", "output": "none"}]}`)
	}
	for _, c := range []struct {
		data    []byte
		weights []float32
		other   string
		says    string
	}{
		{archive.Bytes(), []float32{1, -2}, "names", "descr is"},
		{archive.Bytes(), []float32{1, -2}, "README.txt", "expected only names in .npy"},
		{quantised, []float32{1, 65535}, "q", `dtype is "F8_E4M3"`},
	} {
		f, err := tensors.Read(c.data)
		if err != nil {
			t.Fatal(err)
		}
		if w := f.Tensors["w32"]; w.Data != nil && (w.Data[0] != 1<<31 || f.Tensors["w64"].Data[0] != 1<<63) {
			t.Errorf("w32 is %v, w64 %v, expected 2³¹ and 2⁶³", w.Data, f.Tensors["w64"].Data)
		}
		n, err := f.Network(describe("w"))
		if err != nil || !slices.Equal(n.Layers[0].Weight.F32, c.weights) {
			t.Errorf("weights %v, error %v, expected %v", n, err, c.weights)
		}
		if _, err := f.Network(describe(c.other)); !errors.Is(err, tensors.ErrFormat) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error is %v, expected ErrFormat with %q", err, c.says)
		}
	}
}

// TestTorch: a checkpoint is named, with the lines that make safetensors of it.
func TestTorch(t *testing.T) {
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	if _, err := z.Create("net/data.pkl"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{archive.Bytes(), []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02")} {
		if _, err := tensors.Read(data); !errors.Is(err, tensors.ErrFormat) || !strings.Contains(err.Error(), "save_file(") {
			t.Errorf("error is %v, expected ErrFormat with the line to write", err)
		}
	}
}

// file has tensors of a shape with values 0.01, 0.02, ...
func file(shapes map[string][]int) *tensors.File {
	f := &tensors.File{Tensors: map[string]tensors.Tensor{}}
	for name, shape := range shapes {
		n := 1
		for _, d := range shape {
			n *= d
		}
		t := tensors.Tensor{Shape: shape, Data: make([]float32, n)}
		for i := range t.Data {
			t.Data[i] = float32(i+1) / 100
		}
		f.Tensors[name] = t
	}
	return f
}

func TestConvolution(t *testing.T) {
	f := file(map[string][]int{"c.weight": {4, 2, 3, 3}, "c.bias": {4}, "fc.weight": {3, 36}, "beta": {3}})
	_, err := f.Network([]byte(`{"dt_ms":2,"steps":9,"input":{"shape":[2,7,8],"encoder":"events","bin_us":2000,"counts":true},"layers":[
		{"kind":"conv2d","weight":"c.weight","bias":"c.bias","padding":[1,1],"decay":0.5,"threshold":1,"reset":"zero"},
		{"kind":"pool2d","pool":"max","kernel":2},
		{"kind":"flatten"},
		{"weight":"fc.weight","decay":"beta","output":"none"}]}`))
	if err == nil || !strings.Contains(err.Error(), "layer 3") || !errors.Is(err, model.ErrInvalid) {
		t.Errorf("error is %v, expected the 36 inputs of layer 3 for 48 refused", err)
	}
	n, err := f.Network([]byte(`{"dt_ms":2,"steps":9,"input":{"shape":[2,7,8],"encoder":"events","bin_us":2000,"counts":true},"layers":[
		{"kind":"conv2d","weight":"c.weight","bias":"c.bias","padding":[1,1],"decay":0.5,"threshold":2,"reset":"subtract"},
		{"kind":"pool2d","pool":"max","kernel":2,"stride":[2,3]},
		{"kind":"flatten"},
		{"weight":"fc.weight","decay":"beta","output":"none"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	l := n.Layers
	if !slices.Equal(l[0].Out, []int{4, 7, 8}) || !slices.Equal(l[1].Out, []int{4, 3, 3}) || !slices.Equal(l[3].Out, []int{3}) ||
		l[0].Bias[0] != -2 || l[0].Theta[0] != 1 || n.Readout.Kind != model.MembraneSum || !n.Input.Encoder.Counts {
		t.Errorf("layers %+v, readout %v", l, n.Readout)
	}
}

func TestDescription(t *testing.T) {
	f := file(map[string][]int{"w": {3, 2}, "b": {3}, "h": {3, 3}, "four": {4}})
	whole := func(layers string) string {
		return `{"dt_ms":1,"steps":1,"input":{"shape":[2],"encoder":"direct"},"layers":[` + layers + `]}`
	}
	for _, c := range []struct {
		text string
		kind error
		says string
	}{
		{whole(`{"weight":"w","decay":0.5,"threshold":"b","reset":"zero"}`), nil, ""},
		{whole(`{"weight":"w","decay":0.5,"threshold":"b","reset":"subtract"}`), nil, ""},
		{whole(`{"weight":"w","decay":"b","threshold":1,"reset":"subtract"}`), nil, ""},
		{whole(`{"kind":"dense","weight":"w","bias":"b"}`), nil, ""},
		{"\ufeff" + whole(`{"kind":"dense","weight":"w","bias":"b"}`), nil, ""},
		{"\ufeff{} {}", tensors.ErrDescription, "byte 7: something follows"},
		{whole(`{"weight":"w","threshold":1,"reset":"zero","Reset":"subtract"}`), tensors.ErrDescription, `unknown field "Reset"`},
		{whole(`{"weight":"w","threſhold":1,"reset":"zero"}`), tensors.ErrDescription, "unknown field \"thre\u017fhold\""},
		{whole(`{"weight":"w","threshold":1,"reset":"zero","reset":"subtract"}`), tensors.ErrDescription, `field "reset" occurs twice`},
		{whole(`{"weight":"w","threshold":1,"reset":"zero"},{"weight":"h","threshold":1,"reset":"zero"}`), nil, ""},
		{`{"DT_MS":1}`, tensors.ErrDescription, `unknown field "DT_MS"`},
		{whole(`{"weight":"v"}`), tensors.ErrDescription, "layer 0: "},
		{whole(`{"name":"fc","weight":"v"}`), tensors.ErrDescription, `layer 0 ("fc"): `},
		{``, tensors.ErrDescription, "there is none"},
		{`{`, tensors.ErrDescription, "byte"},
		{`{"weights":1}`, tensors.ErrDescription, `unknown field "weights"`},
		{`{} {}`, tensors.ErrDescription, "something follows"},
		{`{}`, model.ErrInvalid, "dt_ms"},
		{whole(`{"decay":0.5}`), tensors.ErrDescription, "there is no threshold"},
		{whole(`{"kind":"dense"}`), tensors.ErrDescription, "there is no weight"},
		{whole(`{"threshold":1,"reset":"zero"}`), nil, ""},
		{whole(`{"threshold":1,"reset":"zero","bias":"b"}`), tensors.ErrDescription, "there is no weight, which bias and recurrent belong to"},
		{whole(`{"weight":"w","threshold":1,"reset":"zero","max_spikes":"many","spike_value":2,"floor":-1,"fires":">="}`), nil, ""},
		{whole(`{"weight":"w","threshold":1,"reset":"zero","max_spikes":0}`), tensors.ErrDescription, "max_spikes is 0, expected 1 to 1048576"},
		{whole(`{"weight":"w","threshold":1,"reset":"zero","fires":"="}`), tensors.ErrDescription, `fires is "=", expected > or >=`},
		{whole(`{"weight":"w","output":"none","max_spikes":2}`), tensors.ErrDescription, "max_spikes and spike_value are for output step"},
		{whole(`{"weight":"w","threshold":1,"reset":"zero","activation":"relu","floor":-1}`), tensors.ErrDescription, "floor is for activation identity"},
		{`{"framework":"torch"}`, tensors.ErrDescription, `framework is "torch", expected norse, rockpool, sinabs, snntorch, spikingjelly`},
		{whole(`{"weight":"v"}`), tensors.ErrDescription, `weight names "v", but the file has ["b" "four" "h" "w"]`},
		{whole(`{"weight":"w","decay":0.5,"reset":"zero"}`), tensors.ErrDescription, "there is no threshold"},
		{whole(`{"weight":"w","decay":0.5,"threshold":1}`), tensors.ErrDescription, `reset is ""`},
		{whole(`{"weight":"b","threshold":1,"reset":"zero"}`), tensors.ErrDescription, "expected [out, in]"},
		{whole(`{"weight":"w","threshold":1,"reset":"zero","bias":"b","recurrent":"h","recurrent_bias":"four"}`), tensors.ErrDescription, "bias has 3 values"},
		{whole(`{"weight":"w","threshold":1,"reset":"zero","decay":"four"}`), model.ErrInvalid, "decay has 4 values"},
		{whole(`{"weight":"w","threshold":"b","reset":"subtract","decay":"four"}`), tensors.ErrDescription, "decay has 4 values, but threshold 3"},
		{whole(`{"weight":"w","threshold":1,"reset":"zero","from":[0]}`), tensors.ErrDescription, "from is [0]"},
		{whole(`{"kind":"pool2d","pool":"sum"}`), tensors.ErrDescription, "[2] comes in"},
		{whole(`{"kind":"pool2d","weight":"w"}`), tensors.ErrDescription, "has no parameters"},
		{whole(`{"kind":"conv2d","weight":"w","threshold":1,"reset":"zero"}`), tensors.ErrDescription, "[out, in/groups, height, width]"},
		{whole(`{"kind":"pool2d","pool":"sum","dilation":2}`), tensors.ErrDescription, "a pool2d layer has no dilation"},
		{whole(`{"weight":"w","threshold":1,"reset":"zero","stride":2}`), tensors.ErrDescription, "a snu layer has no stride"},
		{whole(`{"kind":"conv2d","weight":"w","kernel":3}`), tensors.ErrDescription, "a conv2d layer has no kernel"},
		{whole(`{"weight":"w","threshold":"","reset":"zero"}`), tensors.ErrDescription, "the name of a tensor is empty"},
		{whole(`{"kind":"lstm"}`), tensors.ErrDescription, `"lstm"`},
	} {
		_, err := f.Network([]byte(c.text))
		if !errors.Is(err, c.kind) || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error is %v, expected %v with %q", c.text, err, c.kind, c.says)
		}
	}
}

// TestModule: what the buffers of snnTorch's neurons say is done, with a remark, or
// contradicts the description.
func TestModule(t *testing.T) {
	number := func(x ...float32) tensors.Tensor { return tensors.Tensor{Shape: []int{len(x)}, Data: x} }
	state := func(changes map[string]tensors.Tensor) *tensors.File {
		f := &tensors.File{Tensors: map[string]tensors.Tensor{
			"w": {Shape: []int{2, 1}, Data: []float32{1, 2}}, "lif.beta": number(0.5), "lif.threshold": number(1),
			"lif.reset_mechanism_val": number(0), "lif.graded_spikes_factor": number(1),
		}}
		maps.Copy(f.Tensors, changes)
		return f
	}
	describe := func(reset string) []byte {
		return []byte(`{"dt_ms":1,"steps":1,"input":{"shape":[1],"encoder":"direct"},"layers":[{"weight":"w","decay":"lif.beta","threshold":"lif.threshold","reset":"` + reset + `"}]}`)
	}
	above := math.Nextafter32(1, 2)
	for _, c := range []struct {
		changes map[string]tensors.Tensor
		reset   string
		says    string // in an error, or else a remark
		check   func(l *model.Layer) bool
	}{
		{nil, "delayed", "", func(l *model.Layer) bool { return l.Reset == model.ResetSubtract && l.Theta[0] == 1 && l.Bias[0] == -1 }},
		{nil, "subtract", "reset lagged", func(l *model.Layer) bool { return l.Reset == model.ResetLagged && l.Theta[0] == 0.5 }},
		{nil, "zero", "lif.reset_mechanism_val is 0: expected delayed or subtract or lagged", nil},
		{map[string]tensors.Tensor{"lif.reset_mechanism_val": number(2)}, "none", "", func(l *model.Layer) bool { return l.Reset == model.ResetNone }},
		{map[string]tensors.Tensor{"lif.reset_mechanism_val": number(0, 1)}, "none", "expected a single number", nil},
		{map[string]tensors.Tensor{"lif.beta": number(1.5, -1)}, "delayed", "decay[0] is 1.5 and clamped to 1", func(l *model.Layer) bool { return l.Decay[0] == 1 && l.Decay[1] == 0 }},
		{map[string]tensors.Tensor{"lif.graded_spikes_factor": number(3)}, "delayed", "a spike counts 3", func(l *model.Layer) bool {
			return l.Output == model.Count && l.SpikeValue == 3 && l.MaxSpikes == 1 && l.Bias[0] == -above
		}},
		{map[string]tensors.Tensor{"lif.R": number(4), "lif.C": number(2, 8), "lif.time_step": number(1)}, "delayed", "Lapicque", func(l *model.Layer) bool {
			return l.Decay[0] == 1-1./8 && l.Decay[1] == 1-1./32 && l.Weight.F32[0] == 0.5 && l.Weight.F32[1] == 0.25
		}},
		{map[string]tensors.Tensor{"lif.R": number(0.1), "lif.C": number(2)}, "delayed", "expected 0 to 1", nil},
		{map[string]tensors.Tensor{"lif.R": number(4), "lif.C": number(1, 2, 3)}, "delayed", "lif.C has shape [3]", nil},
	} {
		im, err := state(c.changes).Import(describe(c.reset), "")
		if c.check == nil {
			if !errors.Is(err, tensors.ErrDescription) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error is %v, expected %v with %q", err, tensors.ErrDescription, c.says)
			}
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if l := &im.Network.Layers[0]; !c.check(l) || !strings.Contains(strings.Join(im.Remarks, "\n"), c.says) {
			t.Errorf("%v became %+v with remarks %q, expected one with %q", c.changes, l, im.Remarks, c.says)
		}
	}
	// Neurons without these buffers are what the description says.
	im, err := file(map[string][]int{"w": {3, 1}}).Import([]byte(`{"dt_ms":1,"steps":1,"input":{"shape":[1],"encoder":"direct"},"layers":[{"weight":"w","decay":0.5,"threshold":1,"reset":"subtract"}]}`), "sinabs")
	if err != nil {
		t.Fatal(err)
	}
	if l := &im.Network.Layers[0]; l.Output != model.Count || l.Reset != model.ResetSubtract || l.Bias[0] != -1 || l.MaxSpikes != 0 {
		t.Errorf("a layer of Sinabs is %+v", l)
	}
}

// FuzzRead gives the readers damaged files and descriptions.
func FuzzRead(f *testing.F) {
	json, err := os.ReadFile("testdata/leaky.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{"leaky.safetensors", "leaky.npz", "dtypes.safetensors"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, json)
	}
	f.Add(safetensors(`{"a":{"dtype":"F16","shape":[1,1],"data_offsets":[0,2]}}`, 2),
		[]byte(`{"dt_ms":1,"steps":1,"input":{"shape":[1,1,1],"encoder":"direct"},"layers":[{"kind":"pool2d","pool":"sum","kernel":1},{"weight":"a","threshold":0.5,"reset":"zero"}]}`))
	f.Fuzz(func(t *testing.T, data, description []byte) {
		file, err := tensors.Read(data)
		if err != nil {
			if !errors.Is(err, tensors.ErrFormat) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		n, err := file.Network(description)
		if err != nil {
			if !errors.Is(err, tensors.ErrDescription) && !errors.Is(err, model.ErrInvalid) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		if n.Input.Dt != n.Input.Dt || math.IsInf(float64(n.Input.Dt), 0) || len(n.Layers) == 0 {
			t.Fatalf("read a network that is not valid: %+v", n)
		}
	})
}
