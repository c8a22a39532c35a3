//go:build !board

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/fleet"
	"github.com/snurun/snurun/fleet/hub"
	"github.com/snurun/snurun/spike"
)

// startHub starts a hub on this machine and returns its address.
func startHub(t *testing.T) string {
	t.Helper()
	h, err := hub.Start(t.Context(), hub.Options{Listen: "127.0.0.1:0", Store: filepath.Join(t.TempDir(), "store"), Sync: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h.URL()
}

// dialHub connects to a hub.
func dialHub(t *testing.T, url string) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return nc, js
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 12_000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}

// TestPublish streams digits to a hub: the stream of the board has what --json
// prints, and the hub knows the board.
func TestPublish(t *testing.T) {
	t.Parallel()
	url := startHub(t)
	spool := filepath.Join(t.TempDir(), "spool")
	out, diagnostics, code := streamOf(t, strings.NewReader(digitLines(t, 3)), shipped, "--json", "--publish", url, "--board", "pi-1", "--spool", spool)
	if code != exitOK || !strings.Contains(diagnostics, "connected to "+url) {
		t.Fatalf("exit %d, %q", code, diagnostics)
	}
	_, js := dialHub(t, url)
	s, err := js.Stream(t.Context(), "snurun-pi-1")
	if err != nil {
		t.Fatal(err)
	}
	head := regexp.MustCompile(`^\{"board":"pi-1","id":"[a-z0-9]+-[0-9a-f]+",`)
	seq := uint64(0)
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, `{"start"`) {
			continue
		}
		seq++
		m, err := s.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		kind := "decision"
		if strings.HasPrefix(line, `{"summary"`) {
			kind = "summary"
		}
		if got := head.ReplaceAllString(string(m.Data), "{"); m.Subject != "snurun.pi-1."+kind || kind == "decision" && got != strings.TrimSpace(line) || !strings.HasPrefix(got, line[:10]) {
			t.Errorf("%s: %s, expected %s", m.Subject, got, line)
		}
	}
	if seq != 4 || s.CachedInfo().State.LastSeq != 4 {
		t.Errorf("%d lines, %d messages, expected 3 decisions and a summary", seq, s.CachedInfo().State.LastSeq)
	}
	var state fleet.State
	if err := json.Unmarshal([]byte(must(t, "fleet", "ls", "--json", "--hub", url)), &state); err != nil || state.Board != "pi-1" || state.State != fleet.Stopped || state.SelfTest != "ok" || state.Decisions != 3 || len(state.Model) != 64 {
		t.Errorf("%+v, %v", state, err)
	}
	if list := must(t, "fleet", "ls", "--hub", url); !strings.Contains(list, "pi-1 ") || !strings.Contains(list, state.Model[:12]) {
		t.Errorf("%s", list)
	}
}

// fleetJSON returns what the commands that talk to a hub print with --json.
func fleetJSON(t *testing.T, images string) map[string]string {
	t.Helper()
	url, dir := startHub(t), t.TempDir()
	running, other := filepath.Join(dir, "model.msgpack"), "../../testdata/mnist-int8.msgpack"
	first, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, running, first)
	hub := func(args ...string) string {
		t.Helper()
		return must(t, append(args, "--hub", url, "--json")...)
	}
	in, sensor := io.Pipe()
	ended := make(chan int)
	go func() {
		ended <- run(t.Context(), []string{"stream", running, "--publish", url, "--board", "pi-1", "--spool", filepath.Join(dir, "spool"), "--take-models", "--health", "100ms"}, in, io.Discard, io.Discard)
	}()
	go func() {
		lines := digitLines(t, 1)
		for _, err := io.WriteString(sensor, lines); err == nil; _, err = io.WriteString(sensor, lines) {
			time.Sleep(5 * time.Millisecond)
		}
	}()
	until(t, "the board", func() bool {
		out, _, _ := snurun(t, "fleet", "ls", "--json", "--hub", url)
		return strings.Contains(out, `"running"`)
	})
	outputs := map[string]string{
		"fleet ls":     hub("fleet", "ls"),
		"fleet push":   hub("fleet", "push", other, "pi-1") + hub("fleet", "rollback", "pi-1") + hub("fleet", "push", other, "away", "--wait", "0s"),
		"batch submit": hub("batch", "submit", shipped, images, "--job", "j"),
		"batch status": hub("batch", "status", "--job", "j"),
		"batch ls":     hub("batch", "ls"),
		"batch rm":     hub("batch", "rm", "--job", "j"),
	}
	sensor.Close()
	if code := <-ended; code != exitOK {
		t.Errorf("exit %d", code)
	}
	return outputs
}

// TestPublishLater streams without a hub, and with one after that: it has all.
func TestPublishLater(t *testing.T) {
	t.Parallel()
	spool := filepath.Join(t.TempDir(), "spool")
	_, diagnostics, code := streamOf(t, strings.NewReader(digitLines(t, 2)), shipped, "--publish", "nats://127.0.0.1:1", "--board", "pi-1", "--spool", spool)
	if code != exitOK || !strings.Contains(diagnostics, "no connection to nats://127.0.0.1:1") || !strings.Contains(diagnostics, "3 messages were not sent; they wait in "+spool) {
		t.Fatalf("exit %d, %q", code, diagnostics)
	}
	url := startHub(t)
	_, diagnostics, code = streamOf(t, strings.NewReader(digitLines(t, 1)), shipped, "--publish", url, "--board", "pi-1", "--spool", spool)
	if code != exitOK || strings.Contains(diagnostics, "not sent") {
		t.Fatalf("exit %d, %q", code, diagnostics)
	}
	_, js := dialHub(t, url)
	s, err := js.Stream(t.Context(), "snurun-pi-1")
	if err != nil || s.CachedInfo().State.Msgs != 5 {
		t.Errorf("%v, expected three decisions and two summaries", err)
	}
}

// TestPushToStream gives a running stream another model, a broken one, and takes it
// back; then ends the stream while a model is on trial.
func TestPushToStream(t *testing.T) {
	t.Parallel()
	url, dir := startHub(t), t.TempDir()
	model, other := filepath.Join(dir, "model.msgpack"), filepath.Join(dir, "other.msgpack")
	first, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, model, first)
	must(t, "quantize", shipped, other, "--limit", "20", "--draws", "1")
	second, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	stream := func(in io.Reader, ctx context.Context) (func() int, *shared, *bytes.Buffer) {
		var text bytes.Buffer
		said := &shared{w: &text}
		code := make(chan int, 1)
		go func() {
			code <- run(ctx, []string{"stream", model, "--publish", url, "--board", "pi-1", "--spool", filepath.Join(dir, "spool"), "--take-models", "--health", "100ms"}, in, io.Discard, said)
		}()
		return func() int { return <-code }, said, &text
	}
	ctx, stop := context.WithCancel(t.Context())
	in, sensor := io.Pipe()
	defer in.Close()
	wait, _, _ := stream(in, ctx)
	feeding := make(chan struct{})
	go func() {
		defer close(feeding)
		lines := digitLines(t, 1)
		for {
			if _, err := io.WriteString(sensor, lines); err != nil {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	until(t, "the board", func() bool {
		out, _, _ := snurun(t, "fleet", "ls", "--json", "--hub", url)
		return strings.Contains(out, `"running"`)
	})
	var o fleet.Outcome
	order := func(code int, args ...string) {
		t.Helper()
		out, diagnostics, got := snurun(t, append(append([]string{"fleet"}, args...), "pi-1", "--hub", url, "--json")...)
		o = fleet.Outcome{}
		if err := json.Unmarshal([]byte(out), &o); got != code || err != nil {
			t.Fatalf("%v: exit %d, %s%s%v", args, got, out, diagnostics, err)
		}
	}
	holds := func(file string, want []byte) {
		t.Helper()
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s has %d bytes, %v, expected %d", file, len(got), err, len(want))
		}
	}
	order(exitOK, "push", other)
	holds(model, second)
	holds(previousOf(model), first)
	was := o.Was
	// Another while that one is on trial: what is gone back to is what was good.
	third := filepath.Join(dir, "third.msgpack")
	must(t, "quantize", shipped, third, "--limit", "30", "--draws", "2")
	order(exitOK, "push", third)
	holds(previousOf(model), first)
	order(exitOK, "rollback")
	holds(model, first)
	order(exitOK, "push", other)
	order(exitOK, "rollback")
	if o.Model != was {
		t.Errorf("%+v, expected to be back at %s", o, was)
	}
	holds(model, first)
	holds(previousOf(model), second)

	// A model that does not compute what it says: a bit of its self-test is wrong. The
	// command refuses it here; the board has to as well.
	broken := bytes.Clone(second)
	broken[len(broken)/2] ^= 1
	writeFile(t, filepath.Join(dir, "broken.msgpack"), broken)
	if _, diagnostics, code := snurun(t, "fleet", "push", filepath.Join(dir, "broken.msgpack"), "pi-1", "--hub", url); code != exitFailure || !strings.Contains(diagnostics, "broken.msgpack") {
		t.Errorf("exit %d, %q", code, diagnostics)
	}
	nc, _ := dialHub(t, url)
	op, err := fleet.NewOperator(nc)
	if err != nil {
		t.Fatal(err)
	}
	patient, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	left, err := op.Push(patient, broken, "broken", []string{"pi-1"}, func(got fleet.Outcome) { o = got })
	if err != nil || len(left) > 0 || o.OK || o.Error == "" || o.Model != was {
		t.Errorf("%v, %v, %+v, expected that it is refused", err, left, o)
	}
	holds(model, first)

	// On trial, then the stream fails: the model before is back.
	order(exitOK, "push", other)
	holds(model, second)
	in.CloseWithError(fmt.Errorf("the sensor broke"))
	if code := wait(); code != exitFailure {
		t.Errorf("exit %d", code)
	}
	stop()
	<-feeding
	holds(model, first)

	// A process that was killed while one was on trial.
	writeFile(t, model, second)
	writeFile(t, previousOf(model), first)
	writeFile(t, trialOf(model), []byte("some-order\n"))
	reports, err := nc.SubscribeSync("snurun.pi-1.report")
	if err != nil {
		t.Fatal(err)
	}
	wait, said, text := stream(strings.NewReader(digitLines(t, 1)), t.Context())
	if code := wait(); code != exitOK {
		t.Errorf("exit %d", code)
	}
	holds(model, first)
	said.mu.Lock()
	if !strings.Contains(text.String(), "the one before is back") {
		t.Errorf("%s", text)
	}
	said.mu.Unlock()
	for {
		m, err := reports.NextMsg(10 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if o, err := fleet.ReadOutcome(m.Data); err == nil && o.Order == "some-order" {
			if o.OK || o.Op != fleet.Rollback || o.Model != was {
				t.Errorf("%+v", o)
			}
			break
		}
	}
}

var latencies = regexp.MustCompile(`,"latency_us":[0-9.eE+-]+`)

// linesOf returns the lines of samples without their latency.
func linesOf(out string) (lines []string) {
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, `{"summary"`) {
			lines = append(lines, latencies.ReplaceAllString(line, ""))
		}
	}
	return lines
}

// TestBatch has two workers classify images and arrays, at the hub and in a shared
// folder: lines and sums are those of classify. A worker that computes something else
// is named.
func TestBatch(t *testing.T) {
	t.Parallel()
	url, dir := startHub(t), t.TempDir()
	images := filepath.Join(smallMNIST(t, 120), "t10k-images-idx3-ubyte")
	array := filepath.Join(dir, "spikes.npy")
	writeFile(t, array, npyOf(t, make([]uint8, 3*10*784), 3, 10, 784))

	ctx, stop := context.WithCancel(t.Context())
	workers := make(chan int, 2)
	work := func(name string) {
		go func() {
			var diagnostics bytes.Buffer
			code := run(ctx, []string{"batch", "work", "--hub", url, "--name", name, "--threads", "1"}, strings.NewReader(""), io.Discard, &shared{w: &diagnostics})
			workers <- code
		}()
	}
	if out, diagnostics, code := snurun(t, "batch", "results", "--hub", url, "--job", "j"); code != exitFailure || out != "" || !strings.Contains(diagnostics, "there is no such job") {
		t.Errorf("exit %d, %q, %q", code, out, diagnostics)
	}
	flags := []string{"--hub", url, "--job", "j"}
	for range 2 { // submitted again, nothing changes
		if out := must(t, append([]string{"batch", "submit", shipped, images, array, "--chunk", "7", "--seed", "5", "--margin", "6"}, flags...)...); !strings.Contains(out, "123 samples of 2 recordings in 19 tasks") {
			t.Errorf("%q", out)
		}
	}
	if _, diagnostics, code := snurun(t, append([]string{"batch", "submit", shipped, array}, flags...)...); code != exitFailure || !strings.Contains(diagnostics, "another job has this name") {
		t.Errorf("exit %d, %q", code, diagnostics)
	}
	if out := must(t, append([]string{"batch", "status"}, flags...)...); !strings.Contains(out, "0 of 123 samples done, 0 of 19 tasks") {
		t.Errorf("%q", out)
	}
	if _, diagnostics, code := snurun(t, append([]string{"batch", "results"}, flags...)...); code != exitFailure || !strings.Contains(diagnostics, "not done yet; --wait waits") {
		t.Errorf("exit %d, %q", code, diagnostics)
	}
	work("w1")
	work("w2")
	got := must(t, append([]string{"batch", "results", "--wait"}, flags...)...)
	want := must(t, "classify", shipped, images, array, "--json", "--seed", "5", "--margin", "6")
	a, b := linesOf(got), linesOf(want)
	if len(a) != 123 || len(b) != len(a) {
		t.Fatalf("%d lines, classify has %d", len(a), len(b))
	}
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("line %d: %s, classify says %s", i, a[i], b[i])
		}
	}
	var x, y jsonSummary
	for text, s := range map[string]*jsonSummary{got: &x, want: &y} {
		lines := strings.Split(strings.TrimSpace(text), "\n")
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), s); err != nil {
			t.Fatal(err)
		}
	}
	if x.Summary.Samples != y.Summary.Samples || x.Summary.Correct != y.Summary.Correct || x.Summary.Accuracy != y.Summary.Accuracy || x.Summary.Spikes != y.Summary.Spikes || x.Summary.SynOps != y.Summary.SynOps {
		t.Errorf("%+v, classify says %+v", x, y)
	}
	if out := must(t, append([]string{"batch", "status"}, flags...)...); !strings.Contains(out, "123 of 123 samples done, 19 of 19 tasks") || strings.Contains(out, "DISAGREEMENT") {
		t.Errorf("%q", out)
	}

	// Files that stay where they are; one changes before it is read.
	must(t, "batch", "submit", shipped, array, "--shared", "--hub", url, "--job", "shared")
	if out := must(t, "batch", "results", "--wait", "--hub", url, "--job", "shared"); len(linesOf(out)) != 3 {
		t.Errorf("%s", out)
	}
	stop()
	for range 2 {
		if code := <-workers; code != exitOK {
			t.Errorf("a worker ends with %d", code)
		}
	}

	// The same tasks for a worker that is wrong about one sample.
	nc, js := dialHub(t, url)
	batches, err := fleet.NewBatches(nc)
	if err != nil {
		t.Fatal(err)
	}
	job, err := batches.Job(t.Context(), "shared")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range job.Tasks {
		data, err := json.Marshal(task)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := js.Publish(t.Context(), "snurun.task.shared."+task.Key, data); err != nil {
			t.Fatal(err)
		}
		right, err := batches.Result(t.Context(), &task)
		if err != nil {
			t.Fatal(err)
		}
		wrong := fleet.Worker{Name: "broken", Do: func(context.Context, fleet.Task) ([]fleet.Said, error) {
			said := append([]fleet.Said(nil), right.Samples...)
			said[1].Scores = append([]float32(nil), said[1].Scores...)
			said[1].Scores[0]++
			said[0].Latency = 1e6
			return said, nil
		}}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- wrong.Work(ctx, nc) }()
		until(t, "a disagreement", func() bool {
			all, err := batches.Disagreements(t.Context(), "shared")
			return err == nil && len(all) == 1
		})
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if out := must(t, "batch", "status", "--hub", url, "--job", "shared"); !strings.Contains(out, "DISAGREEMENT: workers w") || !strings.Contains(out, "and broken ") || !strings.Contains(out, "spikes.npy") {
		t.Errorf("%s", out)
	}
}

// TestBatchRm removes jobs: what others need stays, and what none needs goes.
func TestBatchRm(t *testing.T) {
	t.Parallel()
	url, dir := startHub(t), t.TempDir()
	array, other := filepath.Join(dir, "spikes.npy"), filepath.Join(dir, "other.npy")
	writeFile(t, array, npyOf(t, make([]uint8, 3*10*784), 3, 10, 784))
	writeFile(t, other, npyOf(t, make([]uint8, 2*10*784), 2, 10, 784))
	must(t, "batch", "submit", shipped, array, "--job", "one", "--hub", url)
	must(t, "batch", "submit", shipped, array, other, "--job", "two", "--hub", url)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"batch", "work", "--hub", url, "--name", "w1", "--threads", "1"}, strings.NewReader(""), io.Discard, io.Discard)
	}()
	must(t, "batch", "results", "--wait", "--job", "two", "--hub", url)
	must(t, "batch", "results", "--wait", "--job", "one", "--hub", url)
	stop()
	<-ended
	must(t, "batch", "submit", shipped, other, "--job", "waits", "--hub", url)

	_, js := dialHub(t, url)
	left := func(what string, want map[string]int) {
		t.Helper()
		for stream, n := range want {
			s, err := js.Stream(t.Context(), stream)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.CachedInfo().State.Msgs; got != uint64(n) {
				t.Errorf("%s: %d messages in %s, expected %d", what, got, stream, n)
			}
		}
	}
	// An object is a message for every 128 KiB, and one.
	info, err := os.Stat(shipped)
	if err != nil {
		t.Fatal(err)
	}
	models := int(info.Size()+1<<17-1)>>17 + 1
	left("before", map[string]int{"snurun-tasks": 1, "snurun-results": 3, "OBJ_snurun-inputs": 4, "OBJ_snurun-models": models, "OBJ_snurun-jobs": 6})
	list := func() string { return must(t, "batch", "ls", "--hub", url) }
	if out := list(); strings.Count(out, "\n") != 3 || !strings.Contains(out, " one\n") || !strings.Contains(out, " waits\n") {
		t.Errorf("%q", out)
	}
	if out := must(t, "batch", "rm", "--job", "one", "--hub", url); out != "job one is removed\n" {
		t.Errorf("%q", out)
	}
	left("one", map[string]int{"snurun-tasks": 1, "snurun-results": 2, "OBJ_snurun-inputs": 4, "OBJ_snurun-models": models, "OBJ_snurun-jobs": 4})
	must(t, "batch", "rm", "--job", "two", "--hub", url)
	left("two", map[string]int{"snurun-tasks": 1, "snurun-results": 0, "OBJ_snurun-inputs": 2, "OBJ_snurun-models": models, "OBJ_snurun-jobs": 2})
	if out := must(t, "batch", "rm", "--older", "1h", "--hub", url); out != "" {
		t.Errorf("%q", out)
	}
	// A model that a board is ordered to take stays.
	order, err := json.Marshal(fleet.Order{ID: "a", Op: fleet.Push, Model: fileDigest(t, shipped), Size: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "snurun.pi-1.command", order); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "batch", "rm", "--older", "1ns", "--hub", url); out != "job waits is removed\n" {
		t.Errorf("%q", out)
	}
	left("all", map[string]int{"snurun-tasks": 0, "snurun-results": 0, "OBJ_snurun-inputs": 0, "OBJ_snurun-models": models, "OBJ_snurun-jobs": 0})
	for args, says := range map[string]string{
		"--job one --hub " + url:     "there is no such job",
		"--job one --older 1h":       "expected one of the two",
		"--hub " + url:               "expected one of the two",
		"--older -1h --hub " + url:   "expected one of the two",
		"--job one/two --hub " + url: `found "one/two"`,
	} {
		if out, diagnostics, code := snurun(t, append([]string{"batch", "rm"}, strings.Fields(args)...)...); code == exitOK || out != "" || !strings.Contains(diagnostics, says) {
			t.Errorf("batch rm %s: exit %d, %q, %q", args, code, out, diagnostics)
		}
	}
}

func fileDigest(t *testing.T, name string) string {
	t.Helper()
	digest, err := digestOf(name)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// TestBatchFails lets a worker fail: the task is given out three times, then it has
// failed; submitted again, it is queued anew.
func TestBatchFails(t *testing.T) {
	t.Parallel()
	url, dir := startHub(t), t.TempDir()
	array := filepath.Join(dir, "spikes.npy")
	writeFile(t, array, npyOf(t, make([]uint8, 3*10*784), 3, 10, 784))
	submit := []string{"batch", "submit", shipped, array, "--job", "j", "--chunk", "2", "--hub", url}
	must(t, submit...)
	nc, _ := dialHub(t, url)
	given := map[int]int{}
	w := fleet.Worker{Name: "poor", Do: func(_ context.Context, task fleet.Task) ([]fleet.Said, error) {
		given[task.From]++
		if task.From == 0 {
			return make([]fleet.Said, 2), nil
		}
		return nil, fmt.Errorf("the disk is broken")
	}}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Work(ctx, nc) }()
	out, diagnostics, code := snurun(t, "batch", "results", "--wait", "--job", "j", "--hub", url)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if code != exitFailure || len(linesOf(out)) != 2 || !strings.Contains(diagnostics, "samples 2 to 2 of spikes.npy failed, worker poor: the disk is broken") {
		t.Errorf("exit %d, %q, %q", code, out, diagnostics)
	}
	if given[0] != 1 || given[2] != 3 {
		t.Errorf("given out %v times, expected 1 and 3", given)
	}
	status := []string{"batch", "status", "--job", "j", "--hub", url}
	if out := must(t, status...); !strings.Contains(out, "2 of 3 samples done, 1 of 2 tasks, 1 failed") || !strings.Contains(out, "FAILED: samples 2 to 2 of "+array+", worker poor: the disk is broken") {
		t.Errorf("%q", out)
	}
	// Nobody asks for it any more: neither waits it, nor is it done.
	must(t, submit...)
	if out := must(t, status...); !strings.Contains(out, "1 of 2 tasks, 0 failed") {
		t.Errorf("%q", out)
	}
	w.Do = func(_ context.Context, task fleet.Task) ([]fleet.Said, error) { return make([]fleet.Said, 1), nil }
	ctx, stop = context.WithCancel(t.Context())
	go func() { ended <- w.Work(ctx, nc) }()
	if out := must(t, "batch", "results", "--wait", "--job", "j", "--hub", url); len(linesOf(out)) != 3 {
		t.Errorf("%q", out)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestBatchGone waits for what nobody has: not without end.
func TestBatchGone(t *testing.T) {
	t.Parallel()
	h, err := hub.Start(t.Context(), hub.Options{Listen: "127.0.0.1:0", Store: filepath.Join(t.TempDir(), "store"), Sync: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	url := h.URL()
	array := filepath.Join(t.TempDir(), "spikes.npy")
	writeFile(t, array, npyOf(t, make([]uint8, 10*784), 1, 10, 784))
	must(t, "batch", "submit", shipped, array, "--job", "j", "--hub", url)
	results := func() string {
		const patience = "300ms"
		out, diagnostics, code := snurun(t, "batch", "results", "--wait", "--patience", patience, "--job", "j", "--hub", url)
		if code != exitFailure || out != "" || !strings.Contains(diagnostics, "waited "+patience+" for samples 0 to 0 of spikes.npy") {
			t.Errorf("exit %d, %q, %q", code, out, diagnostics)
		}
		return diagnostics
	}
	nc, js := dialHub(t, url)
	tasks, err := js.Stream(t.Context(), fleet.TaskStream)
	if err == nil {
		err = tasks.Purge(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	if text := results(); !strings.Contains(text, "submit the job again") {
		t.Errorf("%q", text)
	}
	must(t, "batch", "submit", shipped, array, "--job", "j", "--hub", url)
	// It asks for the task that is queued after 0, 50, 150, 350, 750 ms: it waits for
	// longer than its patience. Then the hub goes away.
	asks, err := nc.SubscribeSync("$JS.API.DIRECT.GET." + fleet.TaskStream + ".>")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		var err error
		for range 6 {
			_, e := asks.NextMsg(time.Minute)
			err = errors.Join(err, e)
		}
		h.Close()
		ended <- err
	}()
	results()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, diagnostics, code := snurun(t, "batch", "results", "--wait", "--patience", "0s", "--job", "j", "--hub", url); code != exitUsage || !strings.Contains(diagnostics, "--patience is 0s") {
		t.Errorf("exit %d, %q", code, diagnostics)
	}
}

// TestBatchBeside submits a recording that a table beside it cuts into samples.
func TestBatchBeside(t *testing.T) {
	t.Parallel()
	url, dir := startHub(t), t.TempDir()
	array := filepath.Join(dir, "spikes.npy")
	writeFile(t, array, npyOf(t, make([]uint8, 3*10*784), 3, 10, 784))
	m, err := export.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := dataset.Open(array, m)
	if err != nil {
		t.Fatal(err)
	}
	if err := alone(m, array, whole); err != nil {
		t.Error(err)
	}
	if err := alone(m, array, firstOf{whole, 2}); err == nil || !strings.Contains(err.Error(), "--shared") {
		t.Errorf("another number of samples: %v", err)
	}
	if err := alone(m, array, noise{whole}); err == nil || !strings.Contains(err.Error(), "--shared") {
		t.Errorf("other samples: %v", err)
	}
	must(t, "batch", "submit", shipped, array, "--job", "j", "--hub", url)
}

// firstOf are the first samples of a source; noise has a spike more in the last.
type firstOf struct {
	dataset.Source
	n int
}

func (f firstOf) Len() int { return f.n }

type noise struct{ dataset.Source }

func (n noise) Load(dst spike.Input, i int, key dataset.Key) error {
	err := n.Source.Load(dst, i, key)
	if train, ok := dst.(spike.Train); ok && i == n.Len()-1 {
		train.At(3).Set(5)
	}
	return err
}

// TestBatchOfNothing is refused before anything is queued, or becomes the result of
// its task.
func TestBatchOfNothing(t *testing.T) {
	t.Parallel()
	url, dir := startHub(t), t.TempDir()
	bad := filepath.Join(dir, "bad.npy")
	writeFile(t, bad, []byte("no array"))
	for _, c := range []struct{ args, says string }{
		{"batch submit " + shipped + " " + bad + " --job j --hub " + url, "bad.npy"},
		{"batch submit " + shipped + " " + dir + " --job j --hub " + url, "it is a folder"},
		{"batch submit " + shipped + " " + bad + " --hub " + url, "--job is missing"},
		{"batch submit " + shipped + " " + bad + " --job a/b --hub " + url, `found "a/b"`},
		{"batch submit " + shipped + " " + bad + " --job j --hub http://x", "expected nats://HOST:4222"},
		{"batch submit " + shipped + " " + bad + " --job j --hub nats://u:p@x", "expected it in the file of --credentials"},
		{"batch work --threads 0", "--threads is 0"},
		{"batch work --name a.b", `found "a.b"`},
		{"fleet push " + shipped + " --hub " + url, "expected either names of boards or --all"},
		{"fleet rollback a b --all --hub " + url, "expected either names of boards or --all"},
		{"fleet rollback a.b --hub " + url, `found "a.b"`},
		{"fleet setup --replicas 9 --hub " + url, "1 to 5 replicas"},
		{"stream " + shipped + " --publish ftp://x", "expected nats://HOST:4222"},
		{"stream " + shipped + " --publish mqtt://x --take-models", "--take-models needs"},
		{"stream " + shipped + " --publish nats://x --board a.b", `found "a.b"`},
		{"stream " + shipped + " --publish nats://x --spool-drop all", "expected newest or oldest"},
		{"stream " + shipped + " --publish nats://x --health 1ms", "expected 100ms or more"},
	} {
		out, diagnostics, code := snurun(t, strings.Fields(c.args)...)
		if code == exitOK || out != "" || !strings.Contains(diagnostics, c.says) {
			t.Errorf("snurun %s: exit %d, %q, %q, expected %q", c.args, code, out, diagnostics, c.says)
		}
	}
}
