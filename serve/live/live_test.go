package live

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

const root = "../../testdata"

// load returns a shipped model, as its file says it, compiled, and to be watched.
func load(t testing.TB, name string) (*model.Network, *runtime.Network, *Model) {
	t.Helper()
	m, err := export.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	net, err := runtime.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewModel(net, nil, m.SelfTest)
	if err != nil {
		t.Fatal(err)
	}
	return m, net, l
}

// ask sends a message and decodes the answer into head.
func ask(t testing.TB, w *Watch, request string, payload []byte, head any) []byte {
	t.Helper()
	message, err := Pack(json.RawMessage(request), payload)
	if err != nil {
		t.Fatal(err)
	}
	answer := w.Answer(t.Context(), message)
	var failed struct{ Error string }
	if _, err := Unpack(answer, &failed); err != nil || failed.Error != "" {
		t.Fatalf("%s: %v %s", request, err, failed.Error)
	}
	rest, err := Unpack(answer, head)
	if err != nil {
		t.Fatal(err)
	}
	return rest
}

// floats reads n float32 at the front of b.
func floats(b []byte, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return x
}

// TestRun holds every frame of runs on images and on a recording against a session
// stepped by hand.
func TestRun(t *testing.T) {
	t.Parallel()
	recording, err := os.ReadFile(filepath.Join(root, "nmnist/60001.bs2"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct {
		model, request string
		payload        []byte
		index          int
		seed           uint64
		watch          int
	}{
		{"mnist.msgpack", `{"op":"run","input":"sample","index":3,"seed":5,"watch":1}`, nil, 3, 5, 1},
		{"mnist.msgpack", `{"op":"run","input":"sample","index":7,"watch":-1,"steps":40}`, nil, 7, 0, -1},
		{"mnist.msgpack", `{"op":"run","input":"sample","index":7,"watch":3,"steps":2000}`, nil, 7, 0, 3},
		{"nmnist.msgpack", `{"op":"run","input":"file","name":"60001.bs2","watch":0}`, recording, 0, 0, 0},
		{"nmnist.msgpack", `{"op":"run","input":"sample","index":2,"watch":2}`, nil, 2, 0, 2},
	} {
		m, net, l := load(t, k.model)
		source := l.samples
		if k.payload != nil {
			if source, err = dataset.Open(filepath.Join(root, "nmnist/60001.bs2"), m); err != nil {
				t.Fatal(err)
			}
		}
		w := l.NewWatch()
		defer w.Close()
		var run Run
		ask(t, w, k.request, k.payload, &run)
		x := m.Input.New(run.Steps)
		if err := source.Load(x, k.index, evaluate.Key(k.seed, k.index)); err != nil {
			t.Fatal(err)
		}
		s := net.NewSession()
		var chunk struct {
			First, Steps int
			End          bool
		}
		for at := 0; !chunk.End; at += chunk.Steps {
			b := ask(t, w, `{"op":"next","count":7}`, nil, &chunk)
			if chunk.First != at || chunk.Steps == 0 || chunk.Steps > 7 {
				t.Fatalf("%s: %+v at step %d", k.request, chunk, at)
			}
			sections := make([][]byte, len(run.Sections))
			for i, part := range run.Sections {
				sections[i] = b[:part.Bytes*chunk.Steps]
				b = b[align(part.Bytes*chunk.Steps):]
			}
			if len(b) != 0 {
				t.Fatalf("%s: %d bytes after the last section", k.request, len(b))
			}
			for step := range chunk.Steps {
				before := s.Stats()
				work := before.TotalSynOps()
				if err := s.Step(x, at+step); err != nil {
					t.Fatal(err)
				}
				r := s.Result()
				for i, part := range run.Sections {
					b := sections[i][part.Bytes*step:][:part.Bytes]
					var same bool
					switch part.What {
					case "input":
						same = sameBits(b, x.(spike.Train).At(at+step))
					case "output":
						if v := s.Spikes(part.Layer); v != nil {
							same = part.Form == "bits" && sameBits(b, v)
						} else {
							same = part.Form == "f32" && slices.Equal(floats(b, part.Size), s.Membrane(part.Layer))
						}
					case "membrane":
						same = part.Layer == k.watch && slices.Equal(floats(b, part.Size), s.Membrane(k.watch))
					case "scores":
						same = slices.Equal(floats(b, part.Size), r.Scores)
					case "lead":
						same = floats(b, 1)[0] == s.Lead()
					case "class":
						same = int(binary.LittleEndian.Uint32(b)) == r.Class
					case "synops":
						after := s.Stats()
						same = math.Float64frombits(binary.LittleEndian.Uint64(b)) == float64(after.TotalSynOps()-work)
					}
					if !same {
						t.Fatalf("%s: step %d: %+v differs", k.request, at+step, part)
					}
				}
			}
		}
		if r := s.Result(); r.Steps != run.Steps || run.Runs == 0 || r.Class != run.Class {
			t.Errorf("%s: %d steps and class %d, the header says %+v", k.request, r.Steps, r.Class, run)
		}
	}
}

func sameBits(b []byte, v spike.Vector) bool {
	if len(b) != 8*len(v) {
		return false
	}
	for i, word := range v {
		if binary.LittleEndian.Uint64(b[8*i:]) != word {
			return false
		}
	}
	return true
}

// TestPixels reads a digit that comes as intensities, and the same one as a file.
func TestPixels(t *testing.T) {
	t.Parallel()
	set, err := dataset.Sample()
	if err != nil {
		t.Fatal(err)
	}
	_, _, l := load(t, "mnist.msgpack")
	w := l.NewWatch()
	defer w.Close()
	var run Run
	if image := ask(t, w, `{"op":"run","input":"pixels","steps":50,"watch":0}`, set.At(0), &run); !slices.Equal(image, set.At(0)) || run.Height != 28 || run.Width != 28 {
		t.Errorf("the image of %+v is another", run)
	}
	if run.Class != set.Labels[0] || run.Label != "" || len(run.Threshold) != 256 {
		t.Errorf("class %d, label %q, %d thresholds of a %d", run.Class, run.Label, len(run.Threshold), set.Labels[0])
	}
}

// TestSamples lists samples with their pictures.
func TestSamples(t *testing.T) {
	t.Parallel()
	for name, total := range map[string]int{"mnist.msgpack": 1000, "nmnist.msgpack": 4} {
		m, _, l := load(t, name)
		w := l.NewWatch()
		defer w.Close()
		var list sampleList
		pictures := ask(t, w, `{"op":"samples","from":1,"count":1000}`, nil, &list)
		if want := min(maxListed, total-1); list.Total != total || len(list.Samples) != want || list.Samples[0].Index != 1 {
			t.Errorf("%s: %d of %d samples", name, len(list.Samples), list.Total)
		}
		size := list.Height * list.Width
		if size != m.Input.Shape[len(m.Input.Shape)-1]*list.Height && len(m.Input.Shape) > 1 || len(pictures) != size*len(list.Samples) {
			t.Errorf("%s: %d bytes of pictures of %d×%d", name, len(pictures), list.Height, list.Width)
		}
		for i := range list.Samples {
			if slices.Max(pictures[i*size:][:size]) < 200 {
				t.Errorf("%s: picture %d is dark", name, i)
			}
		}
	}
}

// TestMessages holds what is wrong with messages against what is said of them; the
// watch works on.
func TestMessages(t *testing.T) {
	t.Parallel()
	_, _, l := load(t, "mnist.msgpack")
	_, _, events := load(t, "nmnist.msgpack")
	w, e := l.NewWatch(), events.NewWatch()
	defer w.Close()
	defer e.Close()
	pack := func(head string, payload string) []byte {
		m, err := Pack(json.RawMessage(head), []byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for _, k := range []struct {
		watch   *Watch
		message []byte
		want    string
	}{
		{w, nil, "expected 4 bytes"},
		{w, []byte{255, 255, 255, 255, 'x'}, "a head of at most 1 bytes, found the length 4294967295"},
		{w, []byte{1, 0, 0, 0, '{'}, "its head"},
		{w, pack(`{"op":"stop"}`, ""), `found "stop"`},
		{w, pack(`{"op":"next","count":1}`, ""), "next before a run"},
		{w, pack(`{"op":"run","input":"sound"}`, ""), `found "sound"`},
		{w, pack(`{"op":"run","input":"pixels"}`, "abc"), "28×28 intensities, found 3 bytes"},
		{w, pack(`{"op":"run","input":"sample","index":1000}`, ""), "from 0 to 999, found 1000"},
		{w, pack(`{"op":"run","input":"sample","index":-1}`, ""), "found -1"},
		{w, pack(`{"op":"run","input":"sample","watch":4}`, ""), "from 0 to 3 to watch"},
		{w, pack(`{"op":"run","input":"sample","steps":100000000}`, ""), "too many to look at"},
		{w, pack(`{"op":"run","input":"file","name":"../x.png"}`, "\x89PNG\r\n\x1a\n"), "x.png"},
		{w, pack(`{"op":"run","input":"file","name":"x.bin"}`, "abcdefgh"), "x.bin"},
		{w, pack(`{"op":"run","input":"file","name":"x"}`, ""), "it is empty"},
		{e, pack(`{"op":"run","input":"pixels"}`, "abc"), "an image for a network"},
	} {
		var answer struct{ Error string }
		if _, err := Unpack(k.watch.Answer(t.Context(), k.message), &answer); err != nil || !strings.Contains(answer.Error, k.want) {
			t.Errorf("%.60q: %v, %q, expected %q", k.message, err, answer.Error, k.want)
		}
	}
	var run Run
	ask(t, w, `{"op":"run","input":"sample","watch":0}`, nil, &run)
	var chunk chunkHead
	ask(t, w, `{"op":"next","count":-3}`, nil, &chunk)
	ask(t, w, `{"op":"next","count":100}`, nil, &chunk)
	if !chunk.End || chunk.Steps != run.Steps {
		t.Errorf("%+v of %d steps", chunk, run.Steps)
	}
	ask(t, w, `{"op":"next","count":1}`, nil, &chunk)
	if !chunk.End || chunk.Steps != 0 {
		t.Errorf("%+v after the end", chunk)
	}
}

// TestCard holds cards against the models.
func TestCard(t *testing.T) {
	t.Parallel()
	for name, image := range map[string]bool{"mnist.msgpack": true, "nmnist.msgpack": false} {
		m, info, err := export.ReadFileInfo(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		net, err := runtime.Compile(m)
		if err != nil {
			t.Fatal(err)
		}
		tested, err := Prove(net, m.SelfTest)
		if err != nil {
			t.Fatal(err)
		}
		c := NewCard("x", m, net, info, tested)
		if c.Input.Image != image || c.Input.Plane == nil || c.SelfTest.Result != "passed" || c.SelfTest.Inputs != 4 || len(c.Layers) != len(m.Layers) || c.Neurons != m.Neurons() || !strings.HasPrefix(c.SHA256, c.Version) {
			t.Errorf("%s: %+v", name, c)
		}
		if l := c.Layers[0]; l.Neurons == 0 || l.Threshold == nil || !(l.Threshold.Min < l.Threshold.Mean && l.Threshold.Mean < l.Threshold.Max) {
			t.Errorf("%s: %+v", name, c.Layers[0])
		}
		if _, err := json.Marshal(c); err != nil {
			t.Error(err)
		}
		m.SelfTest.Digest[0]++
		if _, err := Prove(net, m.SelfTest); err == nil {
			t.Errorf("%s: a wrong digest passes", name)
		}
	}
}

// FuzzAnswer holds that no message makes a watch fail or answer at length.
func FuzzAnswer(f *testing.F) {
	_, _, l := load(f, "mnist.msgpack")
	for _, head := range []string{
		`{"op":"samples","count":3}`, `{"op":"run","input":"sample","watch":0}`, `{"op":"run","input":"pixels"}`,
		`{"op":"run","input":"file","name":"a.npy"}`, `{"op":"next","count":3}`,
	} {
		m, err := Pack(json.RawMessage(head), make([]byte, 784))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(m)
	}
	w := l.NewWatch()
	defer w.Close()
	f.Fuzz(func(t *testing.T, message []byte) {
		var head map[string]any
		answer := w.Answer(t.Context(), message)
		if _, err := Unpack(answer, &head); err != nil || len(answer) > maxChunk+1<<16 {
			t.Errorf("%d bytes, %v", len(answer), err)
		}
	})
}
