//go:build !board

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/internal/bench"
)

// benchOnce keeps a run of bench short.
func benchOnce(args ...string) []string {
	return append([]string{"bench", shipped, "--limit", "8", "--time", "0s", "--repeat", "2", "--warmup", "0"}, args...)
}

// TestBenchJSON compares the counts of bench with those of classify.
func TestBenchJSON(t *testing.T) {
	var r map[string]any
	out := must(t, benchOnce("--json", "--batch", "3", "--threads", "2")...)
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"model", "kernel", "cpu", "init_us", "first_us", "latency_us", "throughput_per_s", "layers", "spikes_per_sample", "synops_per_sample"} {
		if r[key] == nil {
			t.Errorf("there is no %q", key)
		}
	}
	latency := r["latency_us"].(map[string]any)
	if len(latency) != 5 || latency["p50"].(float64) > latency["p99"].(float64) {
		t.Errorf("latency %v", latency)
	}
	var share, synops float64
	for _, l := range r["layers"].([]any) {
		l := l.(map[string]any)
		for _, key := range []string{"name", "ns_per_step", "spikes_in_per_step", "synops_per_step", "density", "share"} {
			if l[key] == nil {
				t.Errorf("a layer has no %q", key)
			}
		}
		if d := l["density"].(float64); d <= 0 || d >= 1 {
			t.Errorf("density %v", d)
		}
		share += l["share"].(float64)
		synops += 10 * l["synops_per_step"].(float64)
	}
	if share <= 0 || share > 1 || math.Abs(share+r["other_share"].(float64)-1) > 1e-9 {
		t.Errorf("the layers' share of the time is %v", share)
	}

	lines := strings.Split(strings.TrimSpace(must(t, "classify", shipped, "--limit", "8", "--json")), "\n")
	var s jsonSummary
	if err := json.Unmarshal([]byte(lines[8]), &s); err != nil {
		t.Fatal(err)
	}
	if r["spikes_per_sample"] != s.Summary.Spikes || r["synops_per_sample"] != s.Summary.SynOps || math.Abs(synops-s.Summary.SynOps) > 1e-6 {
		t.Errorf("%v spikes, %v and %v synops a sample, classify says %v and %v", r["spikes_per_sample"], r["synops_per_sample"], synops, s.Summary.Spikes, s.Summary.SynOps)
	}

	var plans []string
	for _, timing := range r["timings"].([]any) {
		plans = append(plans, timing.(map[string]any)["plan"].(string))
	}
	if got := strings.Join(plans, " "); got != "known streaming batch threads" {
		t.Errorf("plans %s", got)
	}
}

// TestBenchEarly compares the steps that early decisions took with those of
// classify.
func TestBenchEarly(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(must(t, "classify", shipped, "--limit", "8", "--margin", "4", "--json")), "\n")
	want := 0
	for _, line := range lines[:8] {
		var decision struct{ Steps int }
		if err := json.Unmarshal([]byte(line), &decision); err != nil {
			t.Fatal(err)
		}
		want += decision.Steps
	}
	var report bench.Report
	if err := json.Unmarshal([]byte(must(t, benchOnce("-o", "json", "--limit", "8", "--margin", "4", "--batch", "1")...)), &report); err != nil {
		t.Fatal(err)
	}
	for _, timing := range report.Timings {
		if timing.Plan == bench.Early && timing.Steps == float64(want)/8 && timing.SampleUS > 0 {
			return
		}
	}
	t.Errorf("%+v: no early decisions after %v steps", report.Timings, float64(want)/8)
}

func TestBenchContenders(t *testing.T) {
	before := asm.Tier()
	var reports []bench.Report
	if err := json.Unmarshal([]byte(must(t, benchOnce("-o", "json", "--all-tiers", "--compare", shipped, "--batch", "1")...)), &reports); err != nil {
		t.Fatal(err)
	}
	if asm.Tier() != before {
		t.Errorf("bench left the kernels of %s in use", asm.Tier())
	}
	n := len(asm.Tiers())
	if len(reports) != 2*n {
		t.Fatalf("%d reports for 2 models and %d tiers", len(reports), n)
	}
	for i, r := range reports {
		if r.Kernel != asm.Tiers()[i%n] || r.Chosen != (r.Kernel == before) {
			t.Errorf("report %d is of %s, chosen %v", i, r.Kernel, r.Chosen)
		}
		if q := r.Timings[0].Ratio; (q == nil) != (i == 0) || q != nil && !(q.Min <= q.Mean && q.Mean <= q.Max && q.Min > 0) {
			t.Errorf("report %d: ratio %+v", i, q)
		}
	}
}

func TestBenchOtherInputs(t *testing.T) {
	data := smallMNIST(t, 4)
	out := must(t, "bench", shipped, "--data", data, "--time", "0s", "--repeat", "1", "-o", "jsonl", "--steps", "7")
	var r bench.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || strings.Count(out, "\n") != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	if r.Samples != 4 || r.Steps != 7 {
		t.Errorf("%d samples of %d steps, expected 4 of 7", r.Samples, r.Steps)
	}
}

// TestBenchInterrupted stops bench before it measures: it says what it knows.
func TestBenchInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	var out, diagnostics bytes.Buffer
	code := run(ctx, benchOnce(), strings.NewReader(""), &out, &diagnostics)
	if code != exitFailure || !strings.Contains(diagnostics.String(), "interrupted") || !strings.Contains(out.String(), "init ") {
		t.Errorf("exit %d, %q, %q", code, out.String(), diagnostics.String())
	}
}

func TestBenchClosedPipe(t *testing.T) {
	cmd := child(t, benchOnce()...)
	var diagnostics bytes.Buffer
	cmd.Stderr = &diagnostics
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out.Close()
	if err := cmd.Wait(); err != nil || diagnostics.Len() > 0 {
		t.Errorf("%v, %q, expected a quiet end", err, diagnostics.String())
	}
}

func TestBenchUsage(t *testing.T) {
	for args, says := range map[string]string{
		"bench":                         "expected MODEL",
		"bench m -o xml":                `-o is "xml"`,
		"bench m -o md --json":          "exclude each other",
		"bench m --repeat 0":            "--repeat is 0",
		"bench m --warmup -1":           "--warmup is -1",
		"bench m --time 1h":             "--time is 1h0m0s",
		"bench m --threads 0":           "--threads has 0",
		"bench m --batch 1,9999":        "--batch has 9999",
		"bench m --random 1.5":          "--random is 1.5, expected 0 to 1",
		"bench m --random 1 x.npy":      "--random excludes",
		"bench m --limit -1":            "--limit is -1",
		"bench m --steps -1":            "--steps is -1",
		"bench m --data d x.npy":        "exclude each other",
		"bench m - --compare o.msgpack": "reads the input twice",
	} {
		if _, diagnostics, code := snurun(t, strings.Fields(args)...); code != exitUsage || !strings.Contains(diagnostics, says) {
			t.Errorf("snurun %s: exit %d, %q, expected %q", args, code, diagnostics, says)
		}
	}
}

// TestBenchGoLines holds the lines to the syntax that benchstat reads.
func TestBenchGoLines(t *testing.T) {
	line := regexp.MustCompile(`^(goos: \w+|goarch: \w+|pkg: \S+|cpu: .+|input: .+|Benchmark[A-Z][^\s]*\t\d+\t[0-9.]+ ns/op)$`)
	for l := range strings.Lines(must(t, benchOnce("-o", "go")...)) {
		if !line.MatchString(strings.TrimSuffix(l, "\n")) {
			t.Errorf("line %q", l)
		}
	}
}
