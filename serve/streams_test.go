package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/stream"
)

// lines are those of a stream.
type lines struct {
	decisions []stream.DecisionLine
	end       streamEnd
	err       string
}

func parseLines(t testing.TB, text string) (l lines) {
	t.Helper()
	first := true
	for line := range strings.Lines(text) {
		var v struct {
			stream.DecisionLine
			Start, Model map[string]string
			Summary      *streamEnd
			Error        string
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if first != (v.Start != nil) {
			t.Errorf("line %s, first is %v", line, first)
		}
		first = false
		switch {
		case v.Error != "":
			l.err = v.Error
		case v.Summary != nil:
			l.end = *v.Summary
		case v.Scores != nil:
			l.decisions = append(l.decisions, v.DecisionLine)
		}
	}
	return l
}

// decided is what package stream says of the same bytes.
func decided(t testing.TB, m *Model, input []byte, in stream.InputOptions, w stream.WindowOptions) (all []stream.Decision) {
	t.Helper()
	windows, err := stream.NewWindows(m.net, w)
	if err != nil {
		t.Fatal(err)
	}
	from, err := stream.NewInput(bytes.NewReader(input), m.net.Model(), in)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	if _, err := stream.Run(context.Background(), from, windows, stream.Handler{Decide: func(d stream.Decision) error {
		d.Scores = slices.Clone(d.Scores)
		all = append(all, d)
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	return all
}

func checkDecisions(t testing.TB, l lines, want []stream.Decision) {
	t.Helper()
	if len(l.decisions) != len(want) || l.end.Decisions != int64(len(want)) || len(want) == 0 || l.err != "" {
		t.Fatalf("%d decisions, expected %d; %+v, error %q", len(l.decisions), len(want), l.end, l.err)
	}
	for i, d := range l.decisions {
		if w := want[i]; *d.Class != w.Class || d.Window != w.Window || d.Step != w.Step || d.TimeUS != w.TimeUS || !slices.Equal(d.Scores, w.Scores) {
			t.Errorf("%+v, expected %+v", d, w)
		}
	}
}

// TestPostStream compares a recording in a POST, over both versions of HTTP, with
// package stream.
func TestPostStream(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	at := start(t, s)
	m, err := s.Model("nmnist")
	if err != nil {
		t.Fatal(err)
	}
	input, err := os.ReadFile("../testdata/nmnist/60002.bs2")
	if err != nil {
		t.Fatal(err)
	}
	want := decided(t, m, input, stream.InputOptions{Format: "nmnist"}, stream.WindowOptions{Steps: 10, Stride: 2, Margin: 30})
	two := &http.Transport{Protocols: new(http.Protocols)}
	two.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(two.CloseIdleConnections)
	for _, client := range []*http.Client{http.DefaultClient, {Transport: two}} {
		r, err := client.Post(at+"/v2/models/nmnist/stream?format=nmnist&window=10&stride=2&margin=30", "", bytes.NewReader(input))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatalf("%d %s %v", r.StatusCode, text, err)
		}
		checkDecisions(t, parseLines(t, string(text)), want)
	}
}

// TestStreamAnswersAtOnce holds that a decision comes while its client is still
// sending, and the summary when the server ends.
func TestStreamAnswersAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	address, end := listen(t, s)
	send, w := io.Pipe()
	r, err := http.NewRequest(http.MethodPost, "http://"+address+"/v2/models/mnist/stream?window=2", send)
	if err != nil {
		t.Fatal(err)
	}
	go fmt.Fprint(w, "1 2\n3\n")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	d := json.NewDecoder(a.Body)
	var line map[string]any
	for i := range 2 {
		line = nil
		if err := d.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if (line["start"] != nil) != (i == 0) {
			t.Errorf("line %d: %v", i, line)
		}
	}
	if line["window"] != 0.0 {
		t.Errorf("%v, expected a decision", line)
	}
	ended := make(chan error, 1)
	go func() { ended <- end() }()
	line = nil
	if err := d.Decode(&line); err != nil || line["summary"] == nil {
		t.Errorf("%v %v, expected a summary", line, err)
	}
	w.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestWebSocket compares messages of both kinds with package stream.
func TestWebSocket(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	at := start(t, s)
	recording, err := os.ReadFile("../testdata/nmnist/60003.bs2")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		model, params string
		kind          websocket.MessageType
		messages      [][]byte
		in            stream.InputOptions
		w             stream.WindowOptions
	}{
		{"nmnist", "format=nmnist&window=5", websocket.MessageBinary, slices.Collect(slices.Chunk(recording, 999)), stream.InputOptions{Format: "nmnist"}, stream.WindowOptions{Steps: 5}},
		{"mnist", "window=2", websocket.MessageText, [][]byte{[]byte("1 2 3"), []byte("4\n"), []byte(""), []byte("5 6\n7\n8")}, stream.InputOptions{}, stream.WindowOptions{Steps: 2}},
	} {
		m, err := s.Model(c.model)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		conn, _, err := websocket.Dial(ctx, at+"/v2/models/"+c.model+"/stream?"+c.params, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		var input []byte
		for _, message := range c.messages {
			if err := conn.Write(ctx, c.kind, message); err != nil {
				t.Fatal(err)
			}
			if input = append(input, message...); c.kind == websocket.MessageText && len(message) > 0 && !bytes.HasSuffix(message, []byte("\n")) {
				input = append(input, '\n')
			}
		}
		want := decided(t, m, input, c.in, c.w)
		var text strings.Builder
		for n := 0; n < 1+len(want); n++ {
			_, line, err := conn.Read(ctx)
			if err != nil {
				t.Fatalf("%s: after %s: %v", c.model, text.String(), err)
			}
			text.Write(append(line, '\n'))
		}
		l := parseLines(t, text.String())
		l.end.Decisions = int64(len(l.decisions))
		checkDecisions(t, l, want)
		conn.Close(websocket.StatusNormalClosure, "")
	}
}

// TestStreamEnds sends the summary over a WebSocket when the server ends, and waits
// for its client.
func TestStreamEnds(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	address, end := listen(t, s)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, "http://"+address+"/v2/models/mnist/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if _, line, err := conn.Read(ctx); err != nil || !bytes.Contains(line, []byte(`"start"`)) {
		t.Fatalf("%s %v", line, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- end() }()
	if _, line, err := conn.Read(ctx); err != nil || !bytes.Contains(line, []byte(`"summary"`)) {
		t.Errorf("%s %v", line, err)
	}
	if _, _, err := conn.Read(ctx); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("%v, expected that the server goes", err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := s.metrics.streams.Load(); n != 0 {
		t.Errorf("%d streams are open", n)
	}
}

// TestStreamRefused holds what is said of streams that make no sense, and of too many.
func TestStreamRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *Options) { o.MaxStreams = 1 })
	at := start(t, s)
	for params, says := range map[string]string{
		"window=x":            `parameter window is \"x\", expected a whole number`,
		"stride=3&window=1":   "stride",
		"window=200&stride=1": "200 at a time, expected at most 64",
		"margin=-1":           "parameter margin",
		"reset=often":         "expected window or never",
		"gap=1h":              "at most 10s",
		"format=what":         "what",
		"windows=3":           `unknown parameter \"windows\"`,
		"window=3&window=4":   "given 2 times",
		"floor=events":        "events=N,score=S,lead=L",
		"agree=4/3":           "K of the last N",
	} {
		if code, text := post(t, at+"/v2/models/mnist/stream?"+params, ""); code != http.StatusBadRequest || !strings.Contains(text, says) {
			t.Errorf("%s: %d %s, expected %s", params, code, text, says)
		}
	}
	_, text := post(t, at+"/v2/models/mnist/stream", "1 2\nx\n")
	if l := parseLines(t, text); !strings.Contains(l.err, "line 2") || l.end.Steps != 1 {
		t.Errorf("%s", text)
	}
	s.metrics.streams.Add(1)
	if code, text := post(t, at+"/v2/models/mnist/stream", ""); code != http.StatusServiceUnavailable || !strings.Contains(text, "streams are open") {
		t.Errorf("%d %s", code, text)
	}
	s.metrics.streams.Add(-1)
}

// TestDecisionOfSet says what is in the set of a network that decides on sets.
func TestDecisionOfSet(t *testing.T) {
	t.Parallel()
	m := &model.Network{Classes: []string{"C", "D", "E"}, Readout: model.Readout{Kind: model.StepSet}}
	d := (&stream.Decision{Model: m, Leading: 2, Lead: 1, Result: runtime.Result{Class: 2, Scores: []float32{-1, 2, 3}, Steps: 1}}).Line()
	if text, err := json.Marshal(&d); err != nil || !strings.Contains(string(text), `"class":null,"set":[1,2],"scores":[-1,2,3]`) {
		t.Errorf("%s, %v", text, err)
	}
}
