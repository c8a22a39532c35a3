package export_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

func read(file []byte) (*model.Network, error) { return export.Read(bytes.NewReader(file)) }

// golden returns testdata/tiny.msgpack.
func golden(tb testing.TB) []byte { return goldenFile(tb, "tiny") }

func goldenFile(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".msgpack"))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// known reports whether err is of one of the package's kinds.
func known(err error) bool {
	return slices.ContainsFunc([]error{
		export.ErrNotModel, export.ErrVersion, export.ErrCorrupt, export.ErrLimit, model.ErrInvalid,
	}, func(kind error) bool { return errors.Is(err, kind) })
}

// attacked are the golden files that attacks with many files begin with.
func attacked() []goldenModel {
	if testing.Short() {
		return goldens[:1]
	}
	return goldens
}

func TestTruncated(t *testing.T) {
	t.Parallel()
	for _, g := range attacked() {
		testTruncated(t, goldenFile(t, g.name))
	}
}

func testTruncated(t *testing.T, data []byte) {
	for n := range data {
		_, err := read(data[:n])
		want := export.ErrCorrupt
		if n < len("\x8dformat\xacsnurun/model")+1 {
			want = export.ErrNotModel
		}
		if !errors.Is(err, want) {
			t.Errorf("the first %d bytes: error is %v, expected %v", n, err, want)
		}
		// The decoder must find the end by itself too.
		if n < len(body(data)) {
			if _, err := read(seal(data[:n])); !known(err) {
				t.Errorf("the first %d bytes, sealed: error is %v", n, err)
			}
		}
	}
	for _, tail := range []string{"\x00", "\xc0", trailer, string(data)} {
		if _, err := read(append(slices.Clip(data), tail...)); !errors.Is(err, export.ErrCorrupt) {
			t.Errorf("%q appended: error is %v", tail, err)
		}
	}
}

// TestOldVersionOfNewLayers gives what only files of version 2 may hold the version
// 1: an old reader would run another network.
func TestOldVersionOfNewLayers(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(m *model.Network, l *model.Layer){
		"count":      func(_ *model.Network, l *model.Layer) { l.Output = model.Count },
		"clipped":    func(_ *model.Network, l *model.Layer) { l.Activation = model.Clipped },
		"refractory": func(_ *model.Network, l *model.Layer) { l.Reset = model.ResetRefractory },
		"lagged":     func(_ *model.Network, l *model.Layer) { l.Reset, l.Theta = model.ResetLagged, []float32{1} },
		"max pool": func(m *model.Network, _ *model.Layer) {
			m.Input.Shape, m.Input.Encoder = []int{1, 2, 2}, model.Encoder{Coding: model.Direct}
			m.Layers = slices.Insert(m.Layers, 0, model.Layer{Kind: model.Pool2D, Pool: model.MaxPool, In: []int{1, 2, 2}, Out: []int{1, 2, 2},
				Window: model.Window{Kernel: [2]int{1, 1}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}})
		},
	} {
		m := &model.Network{
			Steps: 1, Readout: model.Readout{Kind: model.SpikeCount},
			Input: model.Input{Dt: 1, Shape: []int{4}, Encoder: model.Encoder{Coding: model.Poisson, RateHz: 100}},
			Layers: []model.Layer{{
				Kind: model.SNU, In: []int{4}, Out: []int{1}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
				Weight: model.Matrix(1, 4, make([]float32, 4)), Bias: []float32{-1},
			}},
		}
		change(m, &m.Layers[0])
		var file bytes.Buffer
		if err := export.Write(&file, m); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		old := bytes.Replace(body(file.Bytes()), []byte("\xa7version\x02"), []byte("\xa7version\x01"), 1)
		if _, err := read(seal(old)); !errors.Is(err, model.ErrInvalid) || !strings.Contains(err.Error(), "it has version 1, but its layers, or its input, need version 2") {
			t.Errorf("%s in a file of version 1: error %v", what, err)
		}
	}
}

func TestFlippedBits(t *testing.T) {
	t.Parallel()
	for _, g := range goldens {
		data := goldenFile(t, g.name)
		for i := range data {
			for bit := range 8 {
				if testing.Short() && bit != i%8 {
					continue
				}
				data[i] ^= 1 << bit
				if _, err := read(data); !known(err) {
					t.Errorf("bit %d of byte %d flipped: error is %v", bit, i, err)
				}
				data[i] ^= 1 << bit
			}
		}
	}
}

// TestEndsWithinValue ends the file within a value, with the right digest.
func TestEndsWithinValue(t *testing.T) {
	data := golden(t)
	for _, pair := range []string{
		"", "\xa1", "\xa1x", "\xa1x\xcd\x01", "\xa1x\xcb\x01", "\xa1x\xc7", "\xa1x\xc8\x01", "\xa1x\xd9", "\xa1x\xdd\x00",
		"\xa1x\x92\x01", "\xa1x\xd8\x01", "\xa1x\xc4\x01",
	} {
		if _, err := read(insert(t, data, "", pair, 1)); !errors.Is(err, export.ErrCorrupt) {
			t.Errorf("%q last: error is %v", pair, err)
		}
	}
	for _, value := range []string{"", "\x92", "\x92\xa3abc", "\xcd", "\xcb\x00"} {
		if _, err := read(insert(t, without(t, data, "dt_ms"), "", "\xa5dt_ms"+value, 1)); !errors.Is(err, export.ErrCorrupt) {
			t.Errorf("dt_ms last, with %q: error is %v", value, err)
		}
	}
	if _, err := read(insert(t, data, "", "\xa1x\x01", 0)); !errors.Is(err, export.ErrCorrupt) || !strings.Contains(err.Error(), "sha256 begins at") {
		t.Errorf("a pair too many: error is %v", err)
	}
	for _, version := range []string{"\xa7version", "\xa7version\xcd", "\xa7ver", "\xa7version\x01" + trailer[:3]} {
		if _, err := read([]byte("\x84\xa6format\xacsnurun/model" + version)); !errors.Is(err, export.ErrCorrupt) {
			t.Errorf("%q last: error is %v", version, err)
		}
	}
	// Here the value of version is the beginning of the trailer.
	overlap := []byte("\x84\xa6format\xacsnurun/model\xa7version\xcc" + string(data[len(body(data)):]))
	if _, err := read(overlap); !errors.Is(err, export.ErrVersion) {
		t.Errorf("overlapping version and digest: error is %v", err)
	}
}

// bombs are values that claim to be far larger than they are.
var bombs = []string{
	"\xdd\xff\xff\xff\xff", "\xdc\xff\xff", "\xdf\xff\xff\xff\xff", "\xde\xff\xff",
	"\xc6\xff\xff\xff\xff", "\xc5\xff\xff", "\xc4\xff", "\xdb\xff\xff\xff\xff", "\xda\xff\xff", "\xd9\xff",
	"\xc9\xff\xff\xff\xff\x01", "\xc8\xff\xff\x01", "\xc7\xff\x01",
	"\xdd\x7f\xff\xff\xff", "\xc6\x7f\xff\xff\xff", "\xdf\x80\x00\x00\x00", "\xdb\x80\x00\x00\x00",
	"\xd8\x01" + strings.Repeat("\xc1", 16) + "\x81", // an extension, which msgpack skips before a map
}

func TestBombs(t *testing.T) {
	for _, g := range attacked() {
		testBombs(t, goldenFile(t, g.name))
	}
}

func testBombs(t *testing.T, data []byte) {
	end := len(body(data))
	var before, after goruntime.MemStats
	goruntime.ReadMemStats(&before)
	reads := 0
	for _, n := range walk(data) {
		if n.end > end && n.at > 0 {
			continue // in the trailer
		}
		for _, bomb := range bombs {
			for _, cut := range []int{min(n.end, end), end} {
				for _, tail := range []string{"", strings.Repeat("\x00", 300)} {
					file := seal(splice(body(data), n.at, cut, bomb+tail))
					if _, err := read(file); !known(err) {
						t.Errorf("%q as %q, then %d bytes: error is %v", bomb, n.path, len(file)-n.at, err)
					}
					reads++
				}
			}
		}
	}
	// As the value of an unknown key they are no less dangerous.
	for _, bomb := range bombs {
		file := insert(t, data, "input", "\xa1x"+bomb, 1)
		if _, err := read(file); !errors.Is(err, export.ErrCorrupt) {
			t.Errorf("%q skipped: error is %v", bomb, err)
		}
	}
	goruntime.ReadMemStats(&after)
	perRead := (after.TotalAlloc - before.TotalAlloc) / uint64(reads)
	if limit := uint64(64 << 10); perRead > limit {
		t.Errorf("a read allocates %d bytes, expected less than %d", perRead, limit)
	}
}

// TestWrongTypes puts a value of every type in the place of every other.
func TestWrongTypes(t *testing.T) {
	t.Parallel()
	for _, g := range attacked() {
		data := goldenFile(t, g.name)
		end := len(body(data))
		values := map[string]string{
			"nil": "\xc0", "bool": "\xc3", "int": "\x05", "float": "\xca\x3f\x00\x00\x00", "str": "\xa1s",
			"bin": "\xc4\x01b", "array": "\x91\x01", "map": "\x81\xa1k\x01", "ext": "\xd4\x01\x00", "unused": "\xc1",
			"large": "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "negative": "\xd3\x80\x00\x00\x00\x00\x00\x00\x00",
		}
		number := []string{"int", "float"}
		for _, n := range walk(data) {
			if n.end > end {
				continue
			}
			for class, value := range values {
				numeric := slices.Contains(number, class) && slices.Contains(number, n.class)
				metadata := strings.HasPrefix(n.path, "metadata.") && (class == "str" || slices.Contains(number, class))
				scalar := n.class == "map" && slices.Contains(number, class) && slices.ContainsFunc(
					[]string{".decay", ".bias", ".theta", ".initial", ".current", ".synapse", ".scale"},
					func(s string) bool { return strings.HasSuffix(n.path, s) })
				if class == n.class || numeric || metadata || scalar {
					continue
				}
				_, err := read(seal(splice(body(data), n.at, n.end, value)))
				if !known(err) {
					t.Errorf("%s for %s %s: error is %v", class, n.class, n.path, err)
				}
				if err != nil && !n.key && n.path != "format" && !strings.Contains(err.Error(), " "+n.path+" at byte "+fmt.Sprint(n.at)) {
					t.Errorf("%s for %s %s: error %q does not name path and byte %d", class, n.class, n.path, err, n.at)
				}
			}
		}
	}
}

func TestMissingKeys(t *testing.T) {
	// What a file says without an optional key, nothing if it stays valid. Without
	// any other key it is refused.
	optional := map[string]string{
		"name": "", "created_by": "", "metadata": "", "classes": "", "selftest": "", "input.encoder.threshold": "",
		"metadata.accuracy": "", "metadata.note": "", "metadata.seed": "",
		"input.encoder.counts": "", "readout.margin": "",
		"layers[1].theta": "reset subtract needs theta", "layers[0].theta": "reset subtract needs theta",
		"selftest.inputs[0].spikes": "expected either spikes or values", "selftest.inputs[1].spikes": "expected either spikes or values",
		"version":          `the second key is "name", expected version`,
		"layers[3].from":   "",
		"layers[4].from":   "takes shape [2 6 6], but layer 3",
		"layers[6].from":   "no layer takes the output of layer 3",
		"layers[0].stride": "", "layers[1].stride": "", "layers[2].stride": "",
		"layers[3].stride": "out is [4 4 2], expected [4 2 1]", "layers[4].stride": "out is [2 4 4], expected [2 2 2]",
		"layers[0].padding": "out is [4 6 6], expected [4 2 4]", "layers[1].padding": "", "layers[2].padding": "out is [4 3 3], expected [4 1 3]",
		"layers[3].padding": "out is [4 4 2], expected [4 2 2]", "layers[4].padding": "",
		"layers[0].dilation": "out is [4 6 6], expected [4 8 6]", "layers[2].dilation": "",
		"layers[0].groups": "weight has shape [4 1 3 3], expected [4 2 3 3]", "layers[2].groups": "",
	}
	ofIntegers := map[string]string{ // that are not as in the other files
		"input.encoder.counts": "self-test input 0 is not of the kind that encoder events yields",
		"layers[3].stride":     "out is [4 4 1], expected [4 2 1]", "layers[3].padding": "out is [4 4 1], expected [4 2 1]",
		"selftest.inputs[0].values": "expected either spikes or values", "selftest.inputs[1].values": "expected either spikes or values",
	}
	for _, key := range []string{"name", "recurrent", "current", "synapse", "bias", "initial"} {
		for i := range 8 {
			optional[fmt.Sprintf("layers[%d].%s", i, key)] = ""
		}
	}
	for _, g := range goldens {
		data := goldenFile(t, g.name)
		whole, err := read(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range walk(data) {
			if n.pair < 0 || n.path == "format" || n.path == "sha256" {
				continue
			}
			wanted, found := optional[n.path]
			if other, differs := ofIntegers[n.path]; differs && g.name == "integers" {
				wanted, found = other, true
			}
			key := n.path[strings.LastIndexByte(n.path, '.')+1:]
			if !found {
				wanted = "the key " + key + " is missing"
			}
			got, err := read(without(t, data, n.path))
			if (wanted == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), wanted) {
				t.Errorf("%s without %s: error is %v, expected %q", g.name, n.path, err, wanted)
			}
			if window := []string{"stride", "padding", "dilation", "groups"}; err == nil && slices.Contains(window, key) && !same(got, whole) {
				t.Errorf("%s without %s is another network", g.name, n.path)
			}
		}
	}
}

func TestUnknownAndDoubleKeys(t *testing.T) {
	for _, g := range goldens {
		testUnknownAndDoubleKeys(t, goldenFile(t, g.name))
	}
}

func testUnknownAndDoubleKeys(t *testing.T, data []byte) {
	m, err := read(data)
	if err != nil {
		t.Fatal(err)
	}
	nested := strings.Repeat("\x91", 32) + "\x01"
	unknown := "\xa8x-future\x84\xa1a" + nested[1:] + "\x05\xc7\x02\x01ab\xc0\xc6\x00\x00\x00\x01z\x90\xcf\xff\xff\xff\xff\xff\xff\xff\xff"
	for _, n := range walk(data) {
		if n.class != "map" || strings.HasPrefix(n.path, "metadata") {
			continue
		}
		got, err := read(insert(t, data, n.path, unknown, 1))
		if err != nil {
			t.Errorf("unknown key in %q: %v", n.path, err)
		} else if !same(got, m) {
			t.Errorf("unknown key in %q changes the network", n.path)
		}
		_, header, _ := headerOf(data[n.at:])
		first := walk(data[n.at+header:])[0] // its first key
		key := string(data[n.at+header : n.at+header+first.end])
		for _, twice := range []string{key + "\x01", "\xa1x\x01\xa1x\x01"} {
			_, err := read(insert(t, data, n.path, twice, strings.Count(twice, "\x01")))
			if !errors.Is(err, export.ErrCorrupt) || !strings.Contains(err.Error(), "the key occurs twice") {
				t.Errorf("%q twice in %q: error is %v", twice, n.path, err)
			}
		}
	}
	for _, key := range []string{"\xa6sha256", "\xa6format", "\xa7version"} {
		if _, err := read(insert(t, data, "", key+"\x01", 1)); !errors.Is(err, export.ErrCorrupt) {
			t.Errorf("%q twice: error is %v", key, err)
		}
	}
}

// str, bin, f32 and tensor write MessagePack values.
func str(s string) string {
	return string(binary.BigEndian.AppendUint32([]byte{0xdb}, uint32(len(s)))) + s
}

func bin(s string) string { return "\xc6" + str(s)[1:] }

func f32(x ...float32) string {
	var b []byte
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return string(b)
}

func f64(x float64) string {
	return string(binary.BigEndian.AppendUint64([]byte{0xcb}, math.Float64bits(x)))
}

func tensor(dtype, shape, data string) string {
	return "\x83\xa5dtype" + str(dtype) + "\xa5shape" + shape + "\xa4data" + bin(data)
}

// refusal is a value in the place of another and how the file is refused.
type refusal struct {
	path, value string
	kind        error
	text        string
}

func testRefused(t *testing.T, data []byte, tests []refusal) {
	t.Helper()
	for _, tt := range tests {
		_, err := read(with(t, data, tt.path, tt.value))
		if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s = %q: error is %v\nexpected %v with %q", tt.path, tt.value, err, tt.kind, tt.text)
		}
	}
}

func TestRefused(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	max31 := "\xce\x7f\xff\xff\xff"
	testRefused(t, golden(t), []refusal{
		{"format", str("snurun/other"), export.ErrNotModel, `its format is "snurun/other", expected "snurun/model"`},
		{"version", "\x05", export.ErrVersion, "it has version 5, this program reads versions 1 to 4: upgrade snurun"},
		{"version", "\x00", export.ErrCorrupt, "version at byte 29: found 0, expected 1 to"},
		{"name", str("a\x00b"), export.ErrCorrupt, "name at byte 35: found a name with a control character"},
		{"name", str("a\xffb"), export.ErrCorrupt, "not UTF-8"},
		{"name", str(strings.Repeat("x", 1025)), export.ErrLimit, "length 1025, at most 1024"},
		{"metadata", "\x81\xa1\x07\x01", export.ErrCorrupt, "metadata at byte"},
		{"metadata", "\x81\xa3a.b\xc0", export.ErrCorrupt, `metadata["a.b"] at byte`},
		{"metadata", "\x81\xa0\xc0", export.ErrCorrupt, `metadata[""] at byte`},
		{"metadata.note", str(strings.Repeat("x", 1<<16+1)), export.ErrLimit, "at most 65536"},
		{"metadata.accuracy", f64(math.NaN()), model.ErrInvalid, "metadata.accuracy at byte"},
		{"dt_ms", f64(math.Inf(1)), model.ErrInvalid, "dt_ms at byte"},
		{"dt_ms", "\x00", model.ErrInvalid, "dt_ms is 0"},
		{"dt_ms", "\xcf\x00\x20\x00\x00\x00\x00\x00\x01", export.ErrCorrupt, "found 9007199254740993"},
		{"steps", "\xff", export.ErrCorrupt, "found -1, expected 0 to 2147483647"},
		{"steps", "\xce\x80\x00\x00\x00", export.ErrCorrupt, "found 2147483648"},
		{"steps", "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", export.ErrCorrupt, "found 18446744073709551615"},
		{"steps", "\x00", model.ErrInvalid, "steps is 0"},
		{"input.shape", "\x90", model.ErrInvalid, "input: shape has no dimensions"},
		{"input.shape", "\x91\x00", export.ErrCorrupt, "input.shape[0] at byte"},
		{"input.shape", "\x99" + strings.Repeat("\x01", 9), export.ErrLimit, "length 9, at most 8"},
		{"input.shape", "\x98" + strings.Repeat(max31, 8), model.ErrInvalid, "more than"},
		{"input.encoder.kind", str("phase"), model.ErrInvalid, `encoder "phase" is unknown`},
		{"input.encoder.rate_hz", f64(math.NaN()), model.ErrInvalid, "input.encoder.rate_hz at byte"},
		{"input.encoder", "\x82\xa4kind\xa6events\xa6counts\xc3", export.ErrCorrupt, "the key bin_us is missing"},
		{"classes", "\x91\xa1a", model.ErrInvalid, "1 class names for 3 output neurons"},
		{"layers", "\x90", model.ErrInvalid, "there are no layers"},
		{"layers[0].kind", str("conv3d"), model.ErrInvalid, `kind "conv3d" is unknown`},
		{"layers[0]", "\x83\xa4kind\xa6gather\xa2in\x93\x01\x03\x03\xa3out\x91\x05", model.ErrInvalid, `kind "gather" is unknown`},
		{"layers[0].kind", str("conv2d"), model.ErrInvalid, "a conv2d layer has no recurrent, expected kind snu"},
		{"layers[0].kind", str("pool2d"), export.ErrCorrupt, "the key pool is missing"},
		{"layers[0].kind", str("flatten"), model.ErrInvalid, "a flatten layer has no activation, expected kind snu, dense or conv2d"},
		{"layers[1].activation", str("tanh"), model.ErrInvalid, `activation "tanh" is unknown`},
		{"layers[1].output", str("ternary"), model.ErrInvalid, `output "ternary" is unknown`},
		{"layers[1].reset", str("half"), model.ErrInvalid, `reset "half" is unknown`},
		{"layers[1].slope", f64(1e39), model.ErrInvalid, "layers[1].slope at byte"},
		{"layers[0].out", "\x98" + strings.Repeat(max31, 8), export.ErrLimit, "Limits.Neurons"},
		{"layers[0].weight", tensor("f64", "\x92\x05\x09", ""), model.ErrInvalid, `layers[0].weight.dtype at byte`},
		{"layers[0].weight", tensor("i8", "\x92\x05\x09", strings.Repeat("x", 45)), export.ErrCorrupt, "the key scale is missing"},
		{"layers[0].weight", tensor("f32", "\x92\x05\x09", f32(1)), export.ErrCorrupt, "layers[0].weight.data at byte"},
		{"layers[0].weight", tensor("f32", "\x92\x05\x09", f32(1)), export.ErrCorrupt, "found 4 bytes, expected 180"},
		{"layers[0].weight", tensor("f32", "\x92\x01\x01", f32(1)), model.ErrInvalid, "weight has shape [1 1], expected [5 9]"},
		{"layers[0].weight", tensor("f32", "\x92\x05\x09", f32(append(make([]float32, 44), nan)...)), model.ErrInvalid, "weight[4,8] is NaN"},
		{"layers[0].weight", tensor("f32", "\x98"+strings.Repeat(max31, 8), ""), export.ErrCorrupt, "found 0 bytes, expected"},
		{"layers[0].weight", tensor("f32", "\x92\xce\x40\x00\x00\x00\x04", ""), export.ErrCorrupt, "found 0 bytes, expected"},
		{"layers[1].weight.scale", f64(1e38), model.ErrInvalid, "scale[0] is 1e+38"},
		{"layers[1].weight.scale", tensor("f32", "\x93\x01\x02\x02", f32(1, 2, 3, 4)), export.ErrCorrupt, "found a tensor of 3 dimensions, expected 1"},
		{"layers[1].weight.scale", tensor("i8", "\x91\x04", "abcd"), model.ErrInvalid, `found "i8", expected f32`},
		{"layers[1].weight.dtype", str("f32"), export.ErrCorrupt, "layers[1].weight.scale at byte"},
		{"layers[0].recurrent", tensor("f32", "\x92\x05\x01", f32(1, 2, 3, 4, 5)), model.ErrInvalid, "recurrent has shape [5 1]"},
		{"layers[0].bias", tensor("f32", "\x91\x02", f32(1, 2)), model.ErrInvalid, "bias has 2 values, expected 1 or 5"},
		{"layers[0].bias", tensor("f32", "\x91\x05", f32(1, 2, 3, 4, inf)), model.ErrInvalid, "bias[4] is +Inf"},
		{"layers[0].bias", "\xca\x7f\xc0\x00\x00", model.ErrInvalid, "layers[0].bias at byte"},
		{"layers[0].decay", f64(1.5), model.ErrInvalid, "decay[0] is 1.5"},
		{"readout.kind", str("rank"), model.ErrInvalid, `readout "rank" is unknown`},
		{"selftest.digest", bin("short"), export.ErrCorrupt, "found 5 bytes, expected a SHA-256 of 32"},
		{"selftest.inputs[0].size", "\x00", export.ErrCorrupt, "expected 1 to"},
		{"selftest.inputs[0].size", "\x08", export.ErrCorrupt, "spikes past neuron 7"},
		{"selftest.inputs[0].size", "\x0a", model.ErrInvalid, "input 0 has 10 channels, expected 9"},
		{"selftest.inputs[0].size", "\xcd\x01\x00", export.ErrCorrupt, "selftest.inputs[0].spikes at byte"},
		{"selftest.inputs[0].steps", max31, export.ErrCorrupt, "found 48 bytes, expected 17179869176"},
		{"selftest.inputs[1]", "\x83\xa5steps\x01\xa4size\x09\xa6values" + bin(f32(make([]float32, 9)...)), model.ErrInvalid, "not of the kind"},
		{"selftest.inputs[1]", "\x83\xa5steps\x01\xa4size\x01\xa6values" + bin(f32(nan)), model.ErrInvalid, "selftest.inputs[1].values at byte"},
		{"selftest.inputs[1]", "\x83\xa5steps" + max31 + "\xa4size\xce\x1f\xff\xff\xff\xa6values" + bin(""), export.ErrCorrupt, "found 0 bytes"},
	})
}

func TestAccepted(t *testing.T) {
	tests := []struct {
		file, path, value string
		check             func(m *model.Network) bool
	}{
		{"tiny", "dt_ms", "\x02", func(m *model.Network) bool { return m.Input.Dt == 2 }},
		{"tiny", "dt_ms", "\xca\x3f\x00\x00\x00", func(m *model.Network) bool { return m.Input.Dt == 0.5 }},
		{"tiny", "metadata", "\x81\xa1n\xe0", func(m *model.Network) bool { return m.Metadata["n"] == -32.0 }},
		{"tiny", "metadata", "\x80", func(m *model.Network) bool { return m.Metadata == nil }},
		{"tiny", "classes", "\x90", func(m *model.Network) bool { return m.Classes == nil }},
		{"tiny", "layers[1].theta", "\x01", func(m *model.Network) bool { return m.Layers[1].Theta[0] == 1 }},
		{"tiny", "layers[1].theta", f64(0.1), func(m *model.Network) bool { return m.Layers[1].Theta[0] == 0.1 }},
		{"tiny", "layers[0].bias", tensor("f32", "\x91\x01", f32(7)), func(m *model.Network) bool { return len(m.Layers[0].Bias) == 1 }},
		{"tiny", "input.encoder", "\x83\xa4kind\xa7latency\xa7rate_hz\x01\xa6bin_us\x01", func(m *model.Network) bool {
			return reflect.DeepEqual(m.Input.Encoder, model.Encoder{Coding: model.Latency})
		}},
		{"tiny", "input.encoder", "\x82\xa4kind\xa6events\xa6bin_us\x01", func(m *model.Network) bool {
			return reflect.DeepEqual(m.Input.Encoder, model.Encoder{Coding: model.Events, BinUS: 1})
		}},
		{"planes", "layers[4].from", "\x91\xd1\xff\xff", func(m *model.Network) bool { return slices.Equal(m.Layers[4].From, []int{-1}) }},
		{"planes", "layers[6].from", "\x92\x03\xd1\x00\x05", func(m *model.Network) bool { return slices.Equal(m.Layers[6].From, []int{3, 5}) }},
		{"planes", "layers[0].synapse", "\x01", func(m *model.Network) bool { return m.Layers[0].Synapse[0] == 1 }},
		{"tiny", "readout", "\x82\xa4kind\xacmembrane_sum\xa5floor\x82\xa6events\x07\xa4lead\x02", func(m *model.Network) bool { return m.Readout.Floor == model.Floor{Events: 7, Lead: 2} }},
		{"planes", "readout.margin", "\x02", func(m *model.Network) bool { return m.Readout.Margin == 2 }},
	}
	for _, tt := range tests {
		m, err := read(with(t, goldenFile(t, tt.file), tt.path, tt.value))
		if err != nil || !tt.check(m) {
			t.Errorf("%s = %q: read %+v, error %v", tt.path, tt.value, m, err)
		}
	}
}

func TestNotModel(t *testing.T) {
	for _, file := range []string{
		"", "\x80", "\x83", "PK\x03\x04", "{\"format\": \"snurun/model\"}", "\x89HDF\r\n\x1a\n",
		"\x83\xa6format\x01\xa7version\x01", "\x83\xa7version\x01", "\xdf\xff\xff\xff\xff", "\x82\xa6format\xacsnurun/model",
		"\xd8\x01" + strings.Repeat("x", 16) + "\x83\xa6format\xacsnurun/model\xa7version\x01",
	} {
		if _, err := read([]byte(file)); !errors.Is(err, export.ErrNotModel) {
			t.Errorf("%q: error is %v, expected ErrNotModel", file, err)
		}
	}
}

// TestDamagedNewerVersion checks that a file of a later version is recognised
// although this version cannot tell whether it is whole.
func TestDamagedNewerVersion(t *testing.T) {
	file := with(t, golden(t), "version", "\x07")
	file[len(file)-1]++
	_, err := read(file)
	if !errors.Is(err, export.ErrVersion) || !errors.Is(err, export.ErrCorrupt) {
		t.Errorf("error is %v, expected ErrVersion and ErrCorrupt", err)
	}
}

func TestNesting(t *testing.T) {
	data := golden(t)
	tests := []struct {
		name, value string
		kind        error
	}{
		{"32 arrays", strings.Repeat("\x91", 32) + "\x01", nil},
		{"33 arrays", strings.Repeat("\x91", 33) + "\x01", export.ErrLimit},
		{"many arrays", strings.Repeat("\x91", 1<<20) + "\x01", export.ErrLimit},
		{"many maps", strings.Repeat("\x81\x01", 1<<20) + "\x01", export.ErrLimit},
		{"keys that are maps", strings.Repeat("\x81", 1<<20) + "\x01", export.ErrLimit},
		{"wide", "\xdd\x00\x10\x00\x00" + strings.Repeat("\x90", 1<<20), nil},
	}
	for _, tt := range tests {
		if _, err := read(insert(t, data, "layers[0]", "\xa1x"+tt.value, 1)); !errors.Is(err, tt.kind) {
			t.Errorf("%s: error is %v, expected %v", tt.name, err, tt.kind)
		}
	}
	scales := strings.Repeat("\x81\xa5scale", 1<<20) + "\x01"
	if _, err := read(with(t, data, "layers[1].weight.scale", scales)); !errors.Is(err, export.ErrCorrupt) {
		t.Errorf("scales of scales: error is %v", err)
	}
}

// TestMemory checks the bound on memory with files that are large in the ways
// that cost most for their size.
func TestMemory(t *testing.T) {
	data := golden(t)
	large := tinyNetwork(t)
	large.SelfTest = nil
	large.Layers[0].In, large.Input.Shape = []int{1 << 20}, []int{1 << 20}
	large.Layers[0].Weight = model.Matrix(5, 1<<20, make([]float32, 5<<20))
	train := tinyNetwork(t)
	train.SelfTest = &model.SelfTest{Inputs: []spike.Input{spike.NewTrain(1<<20, 9)}}
	files := map[string][]byte{
		"weights":    encode(t, large),
		"self-test":  encode(t, train),
		"classes":    with(t, data, "classes", "\xdd\x00\x01\x00\x00"+strings.Repeat("\xa2ab", 1<<16)),
		"from":       with(t, data, "layers", "\xdc\x04\x00"+strings.Repeat("\x84\xa4kind\xa1x\xa4from\xdc\x00\x40"+strings.Repeat("\xff", 64)+"\xa2in\x91\x01\xa3out\x91\x01", 1<<10)),
		"no from":    insert(t, data, "layers[0]", "\xa4from\xdd\x00\x10\x00\x00"+strings.Repeat("\xff", 1<<20), 1),
		"no stride":  insert(t, data, "layers[0]", "\xa6stride\xdd\x00\x10\x00\x00"+strings.Repeat("\x01", 1<<20), 1),
		"layers":     with(t, data, "layers", "\xdc\x04\x00"+strings.Repeat("\x83\xa4kind\xa1x\xa2in\x91\x01\xa3out\x91\x01", 1<<10)),
		"no classes": with(t, data, "classes", "\xdd\x00\x10\x00\x00"+strings.Repeat("\xa2ab", 1<<20)),
		"no shape":   with(t, data, "input.shape", "\xdd\x00\x10\x00\x00"+strings.Repeat("\x01", 1<<20)),
		"unknown":    insert(t, data, "input", "\xa1x\xdd\x00\x10\x00\x00"+strings.Repeat("\x80", 1<<20), 1),
	}
	for name, file := range files {
		path := filepath.Join(t.TempDir(), "m.msgpack")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		for source, load := range map[string]func() (*model.Network, error){
			"file": func() (*model.Network, error) { return export.ReadFile(path) },
			"pipe": func() (*model.Network, error) { return read(file) },
		} {
			var before, after goruntime.MemStats
			goruntime.ReadMemStats(&before)
			if _, err := load(); err != nil && !known(err) {
				t.Errorf("%s: %v", name, err)
			}
			goruntime.ReadMemStats(&after)
			// All that was ever allocated bounds what was in use at once.
			if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(4*len(file)+16<<20); got > limit {
				t.Errorf("%s from a %s: %d bytes allocated for a file of %d, expected at most %d", name, source, got, len(file), limit)
			}
		}
	}
}
