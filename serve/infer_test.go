package serve

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// answer is an inference response.
type answer struct {
	Model   string `json:"model_name"`
	Version string `json:"model_version"`
	ID      string `json:"id"`
	Outputs []struct {
		Name     string
		Datatype string
		Shape    []int
		Data     json.RawMessage
	}
	Error string
}

func (a answer) data(t testing.TB, name string, to any) []int {
	t.Helper()
	for _, o := range a.Outputs {
		if o.Name == name {
			if err := json.Unmarshal(o.Data, to); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return o.Shape
		}
	}
	t.Fatalf("no output %q in %+v", name, a)
	return nil
}

func infer(t testing.TB, url, model, body string) answer {
	t.Helper()
	code, text := post(t, url+"/v2/models/"+model+"/infer", body)
	var a answer
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatalf("%d %s: %v", code, text, err)
	}
	if code != 200 || a.Error != "" {
		t.Fatalf("%d %.500s", code, text)
	}
	return a
}

// outcomes are what evaluate, and so classify, says of samples.
func outcomes(t testing.TB, net *runtime.Network, set evaluate.Set, o evaluate.Options) []evaluate.Outcome {
	t.Helper()
	var all []evaluate.Outcome
	for out, err := range evaluate.New(net).Samples(context.Background(), set, o) {
		if err != nil {
			t.Fatal(err)
		}
		c := *out
		c.Result.Scores = slices.Clone(out.Result.Scores)
		c.Stats.Spikes, c.Stats.SynOps = slices.Clone(out.Stats.Spikes), slices.Clone(out.Stats.SynOps)
		all = append(all, c)
	}
	return all
}

// TestInferImages compares every way to send images with evaluate, to the bit.
func TestInferImages(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	url := start(t, s)
	const n = 6
	images := digits(t).Pixels[:n*784]
	floats := make([]float32, len(images))
	for i, v := range images {
		floats[i] = float32(v) / 255
	}
	m, err := s.Model("mnist")
	if err != nil {
		t.Fatal(err)
	}
	source, err := dataset.FromImageSet(digits(t), m.net.Input())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, input, parameters string
		change                  func(*evaluate.Set, *evaluate.Options)
	}{
		{"bytes", `"image","datatype":"UINT8","shape":[6,784],"data":` + numbers(t, images), `{}`, nil},
		{"another name", `"x","datatype":"UINT8","shape":[6,28,28],"data":` + numbers(t, images), `{"seed":1}`, nil},
		{"planes", `"x","datatype":"UINT8","shape":[6,1,28,28],"data":` + numbers(t, images), `{"something":{"else":[1]}}`, nil},
		{"numbers", `"intensity","datatype":"FP32","shape":[6,784],"data":` + numbers(t, floats), `{}`, nil},
		{"seed", `"x","datatype":"FP32","shape":[6,784],"data":` + numbers(t, floats), `{"seed":7}`, func(s *evaluate.Set, _ *evaluate.Options) { s.Draw = 7 }},
		{"largest seed", `"x","datatype":"FP32","shape":[6,784],"data":` + numbers(t, floats), `{"seed":18446744073709551615}`, func(s *evaluate.Set, _ *evaluate.Options) { s.Draw = 1<<64 - 1 }},
		{"steps", `"x","datatype":"FP32","shape":[6,784],"data":` + numbers(t, floats), `{"steps":33}`, func(s *evaluate.Set, _ *evaluate.Options) { s.Steps = 33 }},
		{"many steps", `"x","datatype":"FP32","shape":[6,784],"data":` + numbers(t, floats), `{"steps":2100}`, func(s *evaluate.Set, _ *evaluate.Options) { s.Steps = 2100 }},
		{"margin", `"x","datatype":"FP32","shape":[6,784],"data":` + numbers(t, floats), `{"margin":3}`, func(_ *evaluate.Set, o *evaluate.Options) { o.Margin = 3 }},
		{"margin, many steps", `"x","datatype":"FP32","shape":[6,784],"data":` + numbers(t, floats), `{"margin":900,"steps":2100}`, func(s *evaluate.Set, o *evaluate.Options) { o.Margin = 900; s.Steps = 2100 }},
		{"margin auto", `"x","datatype":"FP32","shape":[6,784],"data":` + numbers(t, floats), `{"margin":"auto"}`, func(_ *evaluate.Set, o *evaluate.Options) { o.Margin = m.net.Readout().Margin }},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := evaluate.First(source, n)
			set.Draw = 1
			var o evaluate.Options
			if c.change != nil {
				c.change(&set, &o)
			}
			want := outcomes(t, m.net, set, o)
			a := infer(t, url, "mnist", fmt.Sprintf(`{"id":"é\"x","parameters":%s,"inputs":[{"name":%s}],"outputs":[{"name":"class"},{"name":"scores"},{"name":"name"},{"name":"steps"},{"name":"spikes"},{"name":"synops"}]}`, c.parameters, c.input))
			checkOutcomes(t, a, want)
			if a.ID != `é"x` || a.Model != "mnist" || a.Version != m.version {
				t.Errorf("%+v", a)
			}
		})
	}
}

func checkOutcomes(t *testing.T, a answer, want []evaluate.Outcome) {
	t.Helper()
	var class, steps, spikes, synops []int64
	var scores []float32
	var names []string
	shape := a.data(t, outScores, &scores)
	a.data(t, outClass, &class)
	a.data(t, outSteps, &steps)
	a.data(t, outSpikes, &spikes)
	a.data(t, outSynOps, &synops)
	a.data(t, outName, &names)
	k := len(want[0].Result.Scores)
	if !slices.Equal(shape, []int{len(want), k}) || len(class) != len(want) || len(scores) != k*len(want) {
		t.Fatalf("%d classes, scores of shape %v, expected %d samples", len(class), shape, len(want))
	}
	for i, w := range want {
		if class[i] != int64(w.Result.Class) || steps[i] != int64(w.Result.Steps) || spikes[i] != w.Stats.TotalSpikes() || synops[i] != w.Stats.TotalSynOps() || !slices.Equal(scores[i*k:(i+1)*k], w.Result.Scores) {
			t.Errorf("sample %d: class %d, %d steps, %d spikes, %d synops, scores %v, expected %+v", i, class[i], steps[i], spikes[i], synops[i], scores[i*k:(i+1)*k], w)
		}
		if names[i] != fmt.Sprint(w.Result.Class) {
			t.Errorf("sample %d: name %q of class %d", i, names[i], class[i])
		}
	}
}

// TestInferSample asks for one digit of a set with the noise of its place there.
func TestInferSample(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	url := start(t, s)
	m, err := s.Model("mnist")
	if err != nil {
		t.Fatal(err)
	}
	source, err := dataset.FromImageSet(digits(t), m.net.Input())
	if err != nil {
		t.Fatal(err)
	}
	want := outcomes(t, m.net, evaluate.Set{Source: source, Indices: []int{41}, Draw: 3}, evaluate.Options{})
	a := infer(t, url, "mnist", fmt.Sprintf(`{"inputs":[{"shape":[784],"data":%s,"datatype":"UINT8","name":"image","parameters":{"seed":3,"sample":41}}]}`, numbers(t, digits(t).At(41))))
	var scores []float32
	a.data(t, outScores, &scores)
	if len(a.Outputs) != 2 || !slices.Equal(scores, want[0].Result.Scores) {
		t.Errorf("%+v, expected scores %v", a, want[0].Result.Scores)
	}
}

// TestInferRecordings compares recordings, as files and as events, with what Open
// makes of the file.
func TestInferRecordings(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	url := start(t, s)
	m, err := s.Model("nmnist")
	if err != nil {
		t.Fatal(err)
	}
	const path = "../testdata/nmnist/60004.bs2"
	source, err := dataset.Open(path, m.net.Model())
	if err != nil {
		t.Fatal(err)
	}
	set := evaluate.All(source)
	set.Draw = 1
	want := outcomes(t, m.net, set, evaluate.Options{})
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const outputs = `"outputs":[{"name":"class"},{"name":"scores"},{"name":"name"},{"name":"steps"},{"name":"spikes"},{"name":"synops"}]`
	checkOutcomes(t, infer(t, url, "nmnist", fmt.Sprintf(`{"inputs":[{"name":"file","datatype":"BYTES","shape":[1],"parameters":{"content_type":"base64","filename":"a.bs2"},"data":[%q]}],%s}`, base64.StdEncoding.EncodeToString(file), outputs)), want)

	events, lines := eventsOf(t, path)
	checkOutcomes(t, infer(t, url, "nmnist", fmt.Sprintf(`{"inputs":[{"name":"x","datatype":"INT32","shape":[%d,4],"data":[%s]}],%s}`, len(events), strings.Join(lines, ","), outputs)), want)
	text, err := json.Marshal(strings.ReplaceAll(strings.Join(lines, "\n"), "[", "") + "\n")
	if err != nil {
		t.Fatal(err)
	}
	checkOutcomes(t, infer(t, url, "nmnist", fmt.Sprintf(`{"inputs":[{"name":"file","datatype":"BYTES","shape":[1],"parameters":{"filename":"a.csv"},"data":[%s]}],%s}`, strings.NewReplacer("[", "", "]", "").Replace(string(text)), outputs)), want)

	// As the spikes that it is binned to.
	x := m.net.Input().New(want[0].Result.Steps)
	if err := source.Load(x, 0, dataset.Key{}); err != nil {
		t.Fatal(err)
	}
	bits := make([]byte, x.Steps()*x.Size())
	for step := range x.Steps() {
		for i := range x.(spike.Train).At(step).All() {
			bits[step*x.Size()+i] = 1
		}
	}
	checkOutcomes(t, infer(t, url, "nmnist", fmt.Sprintf(`{"inputs":[{"name":"spikes","datatype":"UINT8","shape":[1,%d,%d],"data":%s}],%s}`, x.Steps(), x.Size(), numbers(t, bits), outputs)), want)
}

// TestInferLayers compares the spikes and membranes of layers with a recorder's.
func TestInferLayers(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	url := start(t, s)
	m, err := s.Model("mnist")
	if err != nil {
		t.Fatal(err)
	}
	x := m.net.Input().New(m.net.Steps())
	if err := m.encoder.Encode(x, digits(t).At(3), evaluate.Key(1, 3)); err != nil {
		t.Fatal(err)
	}
	rec, _, err := m.evaluator.Record(context.Background(), x, func(int) evaluate.What { return evaluate.What{Outputs: true, Membrane: true} })
	if err != nil {
		t.Fatal(err)
	}
	a := infer(t, url, "mnist", fmt.Sprintf(`{"parameters":{"sample":3},"inputs":[{"name":"image","datatype":"UINT8","shape":[1,784],"data":%s}],
		"outputs":[{"name":"membrane.1"},{"name":"spikes.hidden3"},{"name":"spikes.input"},{"name":"membrane.3"}]}`, numbers(t, digits(t).At(3))))
	for name, want := range map[string]spike.Input{
		"membrane.1": rec.Layers[1].Membrane, "spikes.hidden3": rec.Layers[2].Outputs, "spikes.input": x, "membrane.3": rec.Layers[3].Membrane,
	} {
		var got []float32
		shape := a.data(t, name, &got)
		if !slices.Equal(shape, []int{1, want.Steps(), want.Size()}) {
			t.Errorf("%s has shape %v", name, shape)
			continue
		}
		for step := range want.Steps() {
			row := make([]float32, want.Size())
			for i, v := range want.Active(step) {
				row[i] = v
			}
			if !slices.Equal(row, got[step*want.Size():(step+1)*want.Size()]) {
				t.Errorf("%s differs at step %d", name, step)
			}
		}
	}
}
