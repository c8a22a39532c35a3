package export_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

var update = flag.Bool("update", false, "write the networks of testdata")

// goldenModel is a file of testdata that Write must make of a network, byte for byte.
type goldenModel struct {
	name, sum string // sum is the SHA-256 of the whole file
	network   func(testing.TB) *model.Network
}

var goldens = []goldenModel{
	{"tiny", "234ab28a67b5a02eb402b5b5652d4e38e971c97cc1621fdd7c8d9946d3116329", tinyNetwork},
	{"planes", "4760692a0941ea66b8e61c30b7410666baef821c3576a5c0ce2e7e9fae17bb69", planesNetwork},
	{"integers", "2404ff9031b5e30aeacfa12f29bd0bf8dbb19de3577b30cce230e9964a67a818", integersNetwork},
}

func encode(tb testing.TB, m *model.Network) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := export.Write(&b, m); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// same reports whether two networks are equal to the bit. A single NaN would
// make it false; files have none.
func same(a, b *model.Network) bool { return reflect.DeepEqual(bits(a), bits(b)) }

// bits replaces the floats of a network by their bits, so that −0 is not 0.
func bits(m *model.Network) any {
	type layer struct {
		rest   model.Layer
		floats string
	}
	rest := *m
	rest.Layers, rest.SelfTest = nil, nil
	out := []any{rest, math.Float64bits(float64(m.Input.Dt)), math.Float32bits(m.Readout.Margin)}
	for _, l := range m.Layers {
		p := []any{hex(l.Weight.F32), hex(l.Weight.Scale), hex(l.Current), hex(l.Synapse), hex(l.Decay), hex(l.Bias), hex(l.Theta), hex(l.Initial), math.Float32bits(l.Slope)}
		if l.Recurrent != nil {
			p = append(p, hex(l.Recurrent.F32), hex(l.Recurrent.Scale))
		}
		out = append(out, layer{l, fmt.Sprint(p...)})
	}
	if st := m.SelfTest; st != nil {
		out = append(out, st.Digest)
		for _, x := range st.Inputs {
			if v, analog := x.(spike.Values); analog {
				out = append(out, hex(v.Data()))
				continue
			}
			out = append(out, x)
		}
	}
	return out
}

func hex(p []float32) string {
	var b strings.Builder
	for _, x := range p {
		fmt.Fprintf(&b, "%08x ", math.Float32bits(x))
	}
	return b.String()
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	networks := map[string]*model.Network{"tiny": tinyNetwork(t), "planes": planesNetwork(t)}
	for seed := range uint64(100) {
		networks[fmt.Sprint("seed ", seed)] = randomNetwork(t, seed)
		networks[fmt.Sprint("planes, seed ", seed)] = randomPlanes(t, seed)
	}
	for name, m := range networks {
		data := encode(t, m)
		if !bytes.Equal(data, encode(t, m)) {
			t.Errorf("%s: two writes differ", name)
		}
		got, err := export.Read(bytes.NewReader(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !same(got, m) {
			t.Errorf("%s: read\n%+v\nwrote\n%+v", name, got, m)
		}
		if m.SelfTest != nil {
			if err := runtime.Verify(got); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestRoundTripKeepsBits(t *testing.T) {
	extremes := []float32{
		float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32,
		0x1p-127, math.MaxFloat32, -math.MaxFloat32, 0x1.fffffep-2, 0,
	}
	m := tinyNetwork(t)
	m.SelfTest = nil
	m.Input.Encoder = model.Encoder{Coding: model.Direct}
	l := &m.Layers[0]
	copy(l.Weight.F32, extremes)
	copy(l.Recurrent.F32[3:], extremes)
	l.Bias, l.Initial, l.Current = extremes[:5], extremes[1:6], extremes[:1]
	m.Layers[1].Slope = extremes[2]
	m.Layers[1].Weight.Scale = extremes[:4]
	copy(m.Layers[1].Weight.I8, []int8{-128, 127, 0, -1})
	values, err := spike.FromData(2, 9, append(append([]float32(nil), extremes...), make([]float32, 10)...))
	if err != nil {
		t.Fatal(err)
	}
	m.SelfTest = &model.SelfTest{Inputs: []spike.Input{values}}
	got, err := export.Read(bytes.NewReader(encode(t, m)))
	if err != nil {
		t.Fatal(err)
	}
	if !same(got, m) {
		t.Errorf("read\n%v\nwrote\n%v", bits(got), bits(m))
	}
}

// TestSameNetworkSameBytes checks that what means the same is written the same.
func TestSameNetworkSameBytes(t *testing.T) {
	m := tinyNetwork(t)
	want := encode(t, m)
	m.Input.Encoder.BinUS, m.Input.Encoder.Counts = 7, true
	m.Layers[0].Slope = 3
	m.Layers[2].Bias = []float32{}
	if !bytes.Equal(encode(t, m), want) {
		t.Error("fields that the coding and the activation do not use change the file")
	}
	for _, g := range goldens { // the first layers are an snu and a conv2d layer
		m := g.network(t)
		m.Layers[0].Decay = nil
		absent := encode(t, m)
		m.Layers[0].Decay = []float32{0}
		if !bytes.Equal(encode(t, m), absent) {
			t.Errorf("%s: no decay and a decay of 0 give different files", g.name)
		}
	}
	m = planesNetwork(t)
	want = encode(t, m)
	m.Layers[0].From = []int{}
	if !bytes.Equal(encode(t, m), want) {
		t.Error("an empty from changes the file")
	}
}

func TestGolden(t *testing.T) {
	for _, g := range goldens {
		name := filepath.Join("testdata", g.name+".msgpack")
		m := g.network(t)
		if *update {
			if err := export.WriteFile(name, m); err != nil {
				t.Fatal(err)
			}
		}
		data := goldenFile(t, g.name)
		if sum := fmt.Sprintf("%x", sha256.Sum256(data)); sum != g.sum {
			t.Errorf("%s has the SHA-256 %s, expected %s", name, sum, g.sum)
		}
		got, err := export.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !same(got, m) {
			t.Errorf("read\n%+v\nexpected\n%+v", got, m)
		}
		if !bytes.Equal(encode(t, got), data) {
			t.Errorf("writing %s again changes it", name)
		}
		info, err := export.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		end := len(data) - sha256.Size
		version := 1
		if m.HasIntegers() {
			version = 2
		}
		if want := (export.Info{Version: version, Size: int64(len(data)), SHA256: sha256.Sum256(data[:end])}); info != want {
			t.Errorf("Stat is %+v, expected %+v", info, want)
		}
	}
}

func TestReadFromPipes(t *testing.T) {
	m := randomNetwork(t, 3)
	m.Metadata = map[string]any{}
	for i := range 40 {
		m.Metadata[fmt.Sprint(i)] = strings.Repeat("x", 1<<16)
	}
	data := encode(t, m) // several pieces of readAll
	for name, r := range map[string]io.Reader{
		"half":          iotest.HalfReader(bytes.NewReader(data)),
		"error at data": iotest.DataErrReader(bytes.NewReader(data)),
		"one byte":      iotest.OneByteReader(bytes.NewReader(data)),
	} {
		got, err := export.Read(r)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !same(got, m) {
			t.Errorf("%s: the network differs", name)
		}
	}
	broken := io.MultiReader(bytes.NewReader(data[:100]), iotest.ErrReader(io.ErrClosedPipe))
	if _, err := export.Read(broken); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error is %v, expected that of the reader", err)
	}
}

func TestWriteRefuses(t *testing.T) {
	long := strings.Repeat("x", 1<<10+1)
	tests := []struct {
		name   string
		change func(m *model.Network)
		kind   error
		text   string
	}{
		{"invalid", func(m *model.Network) { m.Steps = 0 }, model.ErrInvalid, "steps is 0"},
		{"long name", func(m *model.Network) { m.Name = long }, export.ErrLimit, "name: found a string of 1025 bytes"},
		{"control character", func(m *model.Network) { m.Classes[1] = "\x1b[2J" }, model.ErrInvalid, "classes[1]: found a name with a control"},
		{"not UTF-8", func(m *model.Network) { m.Layers[2].Name = "\xff" }, model.ErrInvalid, "layers[2].name: found a string that is not UTF-8"},
		{"long metadata", func(m *model.Network) { m.Metadata["note"] = strings.Repeat(long, 64) }, export.ErrLimit, `metadata["note"]`},
		{"much metadata", func(m *model.Network) {
			for i := range 1 << 10 {
				m.Metadata[fmt.Sprint(i)] = ""
			}
		}, export.ErrLimit, "metadata: found 1027"},
		{"from", func(m *model.Network) {
			l := m.Layers[2]
			m.Layers, m.Readout.Kind = m.Layers[:2], model.SpikeCount
			m.SelfTest, l.Kind = nil, model.SNU
			l.Weight.Shape, l.Weight.I8 = []int{4, 4}, levels(16, 1)
			l.Weight.Scale, l.Out, m.Classes, l.Current = l.Weight.Scale[:1], []int{4}, nil, nil
			for range 65 {
				m.Layers = append(m.Layers, l)
				l.From = append(l.From, len(m.Layers)-1)
			}
			m.Layers = append(m.Layers, l)
			m.Layers[len(m.Layers)-1].Output = model.Step
		}, export.ErrLimit, "layers[67].from: found 65, at most 64 are allowed"},
		{"dimensions", func(m *model.Network) { m.Layers[0].Out = []int{5, 1, 1, 1, 1, 1, 1, 1, 1} }, export.ErrLimit, "layers[0].out (dimensions): found 9"},
		{"self-test", func(m *model.Network) {
			m.SelfTest.Inputs = make([]spike.Input, 1025)
			for i := range m.SelfTest.Inputs {
				m.SelfTest.Inputs[i] = spike.NewTrain(0, 9)
			}
		}, export.ErrLimit, "selftest.inputs: found 1025"},
	}
	for _, tt := range tests {
		m := tinyNetwork(t)
		tt.change(m)
		err := export.Write(io.Discard, m)
		if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: error is %v, expected %v with %q", tt.name, err, tt.kind, tt.text)
		}
	}
}

func TestWriteReportsFullDisk(t *testing.T) {
	m := tinyNetwork(t)
	size := len(encode(t, m))
	full := errors.New("no space left on device")
	for room := range size {
		if err := export.Write(&limitedWriter{room, full}, m); !errors.Is(err, full) {
			t.Fatalf("after %d of %d bytes: error is %v", room, size, err)
		}
	}
}

type limitedWriter struct {
	room int
	err  error
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	if len(p) > w.room {
		return w.room, w.err
	}
	w.room -= len(p)
	return len(p), nil
}

func TestLimits(t *testing.T) {
	data := encode(t, tinyNetwork(t))
	name := filepath.Join(t.TempDir(), "m.msgpack")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		limits export.Limits
		text   string // of the error, none if it is empty
	}{
		{export.Limits{}, ""},
		{export.Limits{Bytes: -1, Layers: -1, Neurons: -1}, ""},
		{export.Limits{Bytes: math.MaxInt64}, ""},
		{export.Limits{Bytes: int64(len(data)), Layers: 3, Neurons: 12}, ""},
		{export.Limits{Bytes: int64(len(data)) - 1}, "Limits.Bytes"},
		{export.Limits{Layers: 2}, "layers[2]"},
		{export.Limits{Neurons: 11}, "layers[2]"},
		{export.Limits{Neurons: 8}, "layers[1]"},
	}
	for _, tt := range tests {
		_, errFile := tt.limits.ReadFile(name)
		_, errPipe := tt.limits.Read(iotest.HalfReader(bytes.NewReader(data)))
		for _, err := range []error{errFile, errPipe} {
			switch {
			case tt.text == "" && err != nil:
				t.Errorf("%+v: %v", tt.limits, err)
			case tt.text != "" && (!errors.Is(err, export.ErrLimit) || !strings.Contains(err.Error(), tt.text)):
				t.Errorf("%+v: error is %v, expected an ErrLimit with %q", tt.limits, err, tt.text)
			}
		}
	}
}
