//go:build !board

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
	"github.com/snurun/snurun/stream"
)

// streamOf runs stream on an input.
func streamOf(t *testing.T, input io.Reader, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, diagnostics bytes.Buffer
	code = run(context.Background(), append([]string{"stream"}, args...), input, &out, &diagnostics)
	return out.String(), diagnostics.String(), code
}

// streamSummary is the last line of stream --json.
type streamSummary struct {
	Steps, Windows, Decisions, Early int64
	Events, Late, Skipped, Restarts  int64
	Nothing, Open                    int64
	Latency                          map[string]float64 `json:"latency_us"`
	Lag                              map[string]float64 `json:"lag_us"`
	Kernel                           string
}

// parseStream parses the output of stream --json.
func parseStream(t *testing.T, out string) ([]stream.DecisionLine, streamSummary) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var first map[string]startLine
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || first["start"].Schema != schema || len(first["start"].SHA256) != 64 {
		t.Fatalf("%s: %v, expected a start", lines[0], err)
	}
	lines = lines[1:]
	decisions := make([]stream.DecisionLine, len(lines)-1)
	for i := range decisions {
		if err := json.Unmarshal([]byte(lines[i]), &decisions[i]); err != nil {
			t.Fatalf("%s: %v", lines[i], err)
		}
	}
	var last map[string]streamSummary
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatalf("%s: %v", lines[len(lines)-1], err)
	}
	return decisions, last["summary"]
}

// digitLines returns the spikes of the first n sample digits as classify sees
// them, a line a step.
func digitLines(t *testing.T, n int) string {
	t.Helper()
	m, err := export.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Sample()
	if err != nil {
		t.Fatal(err)
	}
	source, err := imageSource(m, set)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	x := spike.NewTrain(m.Steps, 784)
	for i := range n {
		if err := source.Load(x, i, evaluate.Key(1, i)); err != nil {
			t.Fatal(err)
		}
		for k := range m.Steps {
			fmt.Fprintln(&b, strings.Trim(fmt.Sprint(x.At(k).AppendIndices(nil)), "[]"))
		}
	}
	return b.String()
}

// TestStreamIsClassify decides digits, one after the other, as classify does.
func TestStreamIsClassify(t *testing.T) {
	const n = 20
	lines := digitLines(t, n)
	for _, margin := range []string{"0", "2"} {
		out, diagnostics, code := streamOf(t, iotest.OneByteReader(strings.NewReader(lines)), shipped, "--json", "--margin", margin)
		if code != exitOK || diagnostics != "" {
			t.Fatalf("exit %d: %s", code, diagnostics)
		}
		decisions, summary := parseStream(t, out)
		want := strings.Split(must(t, "classify", shipped, "--json", "--limit", fmt.Sprint(n), "--margin", margin), "\n")
		early := int64(0)
		for i, d := range decisions {
			var o outcome
			if err := json.Unmarshal([]byte(want[i]), &o); err != nil {
				t.Fatal(err)
			}
			if d.Window != int64(i) || d.Class == nil || *d.Class != o.Class || d.Name != o.Name || fmt.Sprint(d.Scores) != fmt.Sprint(o.Scores) || d.Steps != o.Steps ||
				d.Step != int64(10*i+d.Steps-1) || d.TimeUS != 1000*(d.Step+1) || d.Margin == nil || d.Latency <= 0 {
				t.Errorf("digit %d: %+v, expected %+v", i, d, o)
			}
			if d.Steps < 10 {
				early++
			}
		}
		if len(decisions) != n || summary.Steps != 10*n || summary.Windows != n || summary.Decisions != n || summary.Early != early ||
			(early > 0) != (margin != "0") || summary.Latency["max"] <= 0 || summary.Lag != nil || summary.Kernel == "" {
			t.Errorf("margin %s: %d decisions, %+v", margin, len(decisions), summary)
		}
	}
	out, _, _ := streamOf(t, strings.NewReader(lines), shipped, "--stride", "5")
	for _, part := range []string{"[0]  0.010 s  7  score ", "[38]  0.200 s  ", "windows     40, 39 decided, 0 of them early", "latency ", "kernel "} {
		if !strings.Contains(out, part) {
			t.Errorf("the output lacks %q:\n%s", part, out)
		}
	}
}

// eventModel writes a small event network, with one class or more, and returns
// the name of the file.
func eventModel(t *testing.T, classes int) string {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	w := make([]float32, 2*4*5*classes)
	for i := range w {
		w[i] = float32(r.NormFloat64())
	}
	m := &model.Network{
		Steps: 10, Readout: model.Readout{Kind: model.SpikeCount},
		Input: model.Input{Dt: 1, Shape: []int{2, 4, 5}, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000}},
		Layers: []model.Layer{{
			Kind: model.SNU, In: []int{40}, Out: []int{classes}, Activation: model.Identity, Output: model.Step, Reset: model.ResetZero,
			Weight: model.Matrix(classes, 40, w), Decay: []float32{0.9}, Bias: []float32{-0.5},
		}},
	}
	name := filepath.Join(t.TempDir(), "events.msgpack")
	if err := export.WriteFile(name, m); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestStreamFormats gives the same decisions for the same events in any form.
func TestStreamFormats(t *testing.T) {
	name := eventModel(t, 3)
	var events []event.Event
	var objects bytes.Buffer
	r := rand.New(rand.NewPCG(2, 2))
	for i := range int64(2000) {
		e := event.Event{T: 100 * i, X: uint16(r.IntN(5)), Y: uint16(r.IntN(4)), P: uint8(r.IntN(2))}
		events = append(events, e)
		fmt.Fprintf(&objects, `{"t":%d,"x":%d,"y":%d,"p":%d}`+"\n", e.T, e.X, e.Y, e.P)
	}
	var want string
	for _, format := range []string{"", "text", "nmnist", "evt2", "evt3", "aedat3", "es", "jsonl"} {
		data, args := objects.Bytes(), []string{name, "--json", "--stride", "4", "--reset", "never", "--format", format}
		if format != "jsonl" {
			data = recordingOf(t, strings.Replace("."+format, ".", "", 1), events)
		}
		out, diagnostics, code := streamOf(t, bytes.NewReader(data), args...)
		if code != exitOK {
			t.Fatalf("%s: exit %d: %s", format, code, diagnostics)
		}
		decisions, summary := parseStream(t, out)
		if len(decisions) != 48 || summary.Events != 2000 || summary.Steps != 200 || decisions[47].TimeUS != 198_000 {
			t.Errorf("%q: %d decisions, the last %+v, %+v", format, len(decisions), decisions[len(decisions)-1], summary)
		}
		got := ""
		for _, d := range decisions {
			got += fmt.Sprint(d.Step, d.Scores, " ")
		}
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%s: %s, expected %s", format, got, want)
		}
	}
}

// recordingOf returns events in a format, text if it has no name.
func recordingOf(t *testing.T, format string, events []event.Event) []byte {
	t.Helper()
	if format == "" {
		format = "text"
	}
	var b bytes.Buffer
	w, err := event.NewWriter(format, &b, event.Size{Width: 5, Height: 4})
	if err == nil {
		err = w.Write(events)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestStreamWrongUsage(t *testing.T) {
	name := eventModel(t, 3)
	for args, says := range map[string]string{
		"":                           "expected MODEL, found 0 arguments",
		"m --reset always":           `--reset is "always", expected window or never`,
		"m --late keep":              `--late is "keep", expected drop or fold`,
		"m --window -1":              "--window is -1",
		"m --stride -1":              "--stride is -1",
		"m --margin -1":              "--margin is -1",
		"m --margin 1e39":            "--margin is 1e+39",
		"m --dt -1ms":                "--dt is -1ms",
		"m --gap 0s":                 "--gap is 0s",
		"m --jitter 0s":              "--jitter is 0s",
		"m --size 34":                `--size is "34"`,
		name + " --size 34x34":       "size 34x34 for input of shape [2 4 5]",
		name + " --format gif":       `format "gif" is unknown`,
		name + " --stride 11":        "stride of 11 steps, expected 1 to 10",
		name + " --stride 5 --rearm": "rearm needs windows that follow one another",
		name + " --dt 1500ns":        "expected whole µs",
		shipped + " --size 5x5":      "size 5x5 for input of shape [784]",
	} {
		_, diagnostics, code := streamOf(t, strings.NewReader(""), strings.Fields(args)...)
		if code != exitUsage || !strings.Contains(diagnostics, says) {
			t.Errorf("stream %s: exit %d, %q, expected exit %d and %q", args, code, diagnostics, exitUsage, says)
		}
	}
}

// TestStreamBadInput prints what was decided before, then the place.
func TestStreamBadInput(t *testing.T) {
	lines := digitLines(t, 2)
	bad := lines + "1 2 784\n" + lines
	out, diagnostics, code := streamOf(t, strings.NewReader(bad), shipped)
	if code != exitFailure || strings.Count(out, " score ") != 2 || !strings.Contains(out, "steps       20\n") ||
		!strings.Contains(diagnostics, `standard input: spikes: line 21: "1 2 784": "784" is no channel, expected 0 to 783`) {
		t.Errorf("exit %d, %q, %s", code, diagnostics, out)
	}
	out, diagnostics, code = streamOf(t, strings.NewReader(bad), shipped, "--skip-bad", "--json")
	if _, summary := parseStream(t, out); code != exitOK || !strings.HasPrefix(diagnostics, "snurun: warning: malformed input was passed over") || summary.Skipped != 1 || summary.Steps != 41 {
		t.Errorf("exit %d, %q, %+v", code, diagnostics, summary)
	}
}

// TestStreamOtherFormat says what to try where the first bytes are no lines.
func TestStreamOtherFormat(t *testing.T) {
	events := eventModel(t, 3)
	for _, c := range []struct{ model, input, hint string }{
		{events, "\x07\x07\x80\x13\xdf", "; the input is binary: --format says in which of nmnist, aedat2, aedat3, aedat4, evt2, evt21, evt3, dat, es, t64_x16_y16_on8, t32_x16_y15_on1, spif\n"},
		{events, "% evt 2.0\n\x00\x00", "; it begins like a recording in evt2: try --format evt2\n"},
		{events, "0,1,1,0\n1,2,2,1\n2,99,3,1\n", "malformed recording\n"},
		{shipped, "\x07\x07\x80\x13\xdf", "; the input is no text, which is all that this model's input can be streamed as\n"},
		{shipped, "1 2 x\n", "malformed recording\n"},
		{shipped, "0,1,1,x\n", "malformed recording\n"},
	} {
		_, diagnostics, code := streamOf(t, strings.NewReader(c.input), c.model)
		if code != exitFailure || !strings.HasSuffix(diagnostics, c.hint) {
			t.Errorf("%q: exit %d, %q, expected %q at its end", c.input, code, diagnostics, c.hint)
		}
	}
}

// TestStreamOfOneClass has no margin to print.
func TestStreamOfOneClass(t *testing.T) {
	out, diagnostics, code := streamOf(t, strings.NewReader("1,1,1,1\n12000,1,1,1\n"), eventModel(t, 1), "--json")
	if decisions, _ := parseStream(t, out); code != exitOK || len(decisions) != 1 || decisions[0].Margin != nil || strings.Contains(out, "margin") || strings.Contains(out, "lead") {
		t.Errorf("exit %d, %q, %s", code, diagnostics, out)
	}
}

// TestStreamInterrupted reads a decision while the input waits, and after
// Ctrl-C the summary.
func TestStreamInterrupted(t *testing.T) {
	in, sensor := io.Pipe()
	defer in.Close()
	result, out := io.Pipe()
	ctx, interrupt := context.WithCancel(t.Context())
	var diagnostics bytes.Buffer
	code := make(chan int)
	go func() {
		defer out.Close()
		code <- run(ctx, []string{"stream", shipped, "--json"}, in, out, &diagnostics)
	}()
	go func() { _, _ = io.WriteString(sensor, digitLines(t, 1)) }()
	lines := json.NewDecoder(result)
	var first map[string]startLine
	if err := lines.Decode(&first); err != nil || first["start"].Model != shipped {
		t.Fatalf("%+v, error %v, expected a start", first, err)
	}
	var d stream.DecisionLine
	if err := lines.Decode(&d); err != nil || d.Class == nil || *d.Class != 7 {
		t.Fatalf("%+v, error %v, expected the first digit, 7", d, err)
	}
	interrupt()
	var last map[string]streamSummary
	if err := lines.Decode(&last); err != nil || last["summary"].Decisions != 1 {
		t.Errorf("%+v, error %v, expected a summary", last, err)
	}
	if code := <-code; code != exitOK || diagnostics.Len() > 0 {
		t.Errorf("exit %d, %q, expected a quiet end", code, diagnostics.String())
	}
}

// slowly is a reader of the output who takes his time.
type slowly struct{ bytes.Buffer }

func (s *slowly) Write(p []byte) (int, error) {
	time.Sleep(5 * time.Millisecond)
	return s.Buffer.Write(p)
}

// TestStreamFallsBehind says so.
func TestStreamFallsBehind(t *testing.T) {
	var lines bytes.Buffer
	for i := range 20 {
		fmt.Fprintf(&lines, "%d,1,1,1\n", 1000*i)
	}
	var out slowly
	var diagnostics bytes.Buffer
	code := run(context.Background(), []string{"stream", eventModel(t, 3), "--window", "1", "--json", "--realtime", "--jitter", "2ms"}, &lines, &out, &diagnostics)
	_, summary := parseStream(t, out.String())
	if code != exitOK || summary.Lag["max"] < 10_000 || summary.Lag["last"] > summary.Lag["max"] {
		t.Errorf("exit %d, %+v, expected a lag of 10 ms or more", code, summary)
	}
	if d := diagnostics.String(); !strings.HasSuffix(d, "ms behind the input\n") {
		t.Errorf("%q, expected how far it is behind", d)
	}
}

// TestStreamClosedPipe stops reading an input without end.
func TestStreamClosedPipe(t *testing.T) {
	cmd := child(t, "stream", shipped)
	var diagnostics bytes.Buffer
	cmd.Stderr = &diagnostics
	stdin, errIn := cmd.StdinPipe()
	stdout, errOut := cmd.StdoutPipe()
	if errIn != nil || errOut != nil {
		t.Fatal(errIn, errOut)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := digitLines(t, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			if _, err := io.WriteString(stdin, lines); err != nil {
				return
			}
		}
	}()
	if _, err := stdout.Read(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	stdout.Close()
	<-ended
	if err := cmd.Wait(); err != nil || diagnostics.Len() > 0 {
		t.Errorf("%v, %q, expected a quiet end", err, diagnostics.String())
	}
}
