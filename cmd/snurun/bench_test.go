package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/snurun/snurun/asm"
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
	if share <= 0.3 || share > 1 || math.Abs(share+r["other_share"].(float64)-1) > 1e-9 {
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

func TestBenchContenders(t *testing.T) {
	before := asm.Tier()
	var reports []benchReport
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
	var r benchReport
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

// fixedReports are two contenders with round numbers.
func fixedReports() []*benchReport {
	stats := &latencyStats{8, 7.5, 9, 12.25, 1500}
	a := &benchReport{
		Model: "a.msgpack", Kernel: "avx2", Kernels: []string{"avx2", "generic"}, Chosen: true, CPU: "Test CPU", System: "linux/arm64", Go: "go1.26",
		Topology: "784-10", Input: "digits", Samples: 100, Steps: 10, DtMS: 1, InitUS: 2500, ReadUS: 1500, CompileUS: 1000, FirstUS: 50,
		Latency: stats, Step: &latencyStats{1, 1, 1, 2, 3}, Throughput: 125000,
		Timings: []benchTiming{
			{Plan: known, Batch: 1, Threads: 1, SampleUS: 8, Throughput: 125000, Calls: stats, rounds: []round{{200, 1600 * time.Microsecond}}},
			{Plan: threaded, Batch: 1, Threads: 4, SampleUS: 2, Throughput: 500000, rounds: []round{{400, 800 * time.Microsecond}}},
		},
		Layers:      []benchLayer{{Name: "flat", Plan: "folded"}, {"out", "panels ×10", 600, 14, 1.5, 140, 0.25, 0.75, 50176, 1e11, 0.5}},
		InputSpikes: 140, Spikes: 15, SynOps: 1400, Bandwidth: 0.5, OtherShare: 0.25, PeakRSS: 12_300_000,
	}
	b := *a
	b.Model, b.Kernel, b.Chosen = "b,2.msgpack", "generic", false
	b.Timings = []benchTiming{{Plan: known, Batch: 1, Threads: 1, SampleUS: 20, Throughput: 50000, Calls: stats, Ratio: &ratio{2.5, 2.25, 2.75}, rounds: []round{{100, 2 * time.Millisecond}}}}
	return []*benchReport{a, &b}
}

func TestBenchFormats(t *testing.T) {
	both := fixedReports()
	for _, c := range []struct {
		format  string
		reports []*benchReport
		want    string
	}{
		{"text", both[:1], `
model       a.msgpack  784-10
input       digits: 100 samples of 10 steps of 1 ms
cpu         Test CPU, linux/arm64, go1.26
kernel      avx2 of avx2, generic
init        2500 µs: read 1500, compile 1000
first       50.00 µs
latency     8.00 µs mean, 7.50 p50, 9.00 p90, 12.25 p99, 1500 max a sample of 10 steps
step        1.00 µs mean, 1.00 p50, 1.00 p90, 2.00 p99, 3.00 max, streaming
spikes      15.0 a sample, from 140.0 of the input
synops      1400 a sample
load        50 % of the load bandwidth
memory      12.3 MB at most

plan     batch  threads  µs/sample  samples/s  call p50   p90    p99  max µs
known        1        1       8.00     125000      7.50  9.00  12.25    1500
threads      1        4       2.00     500000

layer  plan        in/step  density  out/step  synops/step  ns/step  share  load
flat   folded
out    panels ×10     14.0   25.0 %       1.5          140      600   75 %  0.50
other                                                                 25 %
`},
		{"text", both, `
cpu         Test CPU, linux/arm64, go1.26
input       digits: 100 samples of 10 steps of 1 ms

model        kernel   plan     batch  threads  µs/sample  samples/s  call p50   p90    p99  max µs             ratio
a.msgpack    avx2 *   known        1        1       8.00     125000      7.50  9.00  12.25    1500
b,2.msgpack  generic  known        1        1      20.00      50000      7.50  9.00  12.25    1500  2.50 (2.25–2.75)
a.msgpack    avx2 *   threads      1        4       2.00     500000
`},
		{"md", both[:1], `
Test CPU, linux/arm64, go1.26: digits, 100 samples of 10 steps

| plan    | batch | threads | µs/sample | samples/s | call p50 |  p90 |   p99 | max µs |
|---------|------:|--------:|----------:|----------:|---------:|-----:|------:|-------:|
| known   |     1 |       1 |      8.00 |    125000 |     7.50 | 9.00 | 12.25 |   1500 |
| threads |     1 |       4 |      2.00 |    500000 |          |      |       |        |

| layer | plan       | in/step | density | out/step | synops/step | ns/step | share | load |
|-------|------------|--------:|--------:|---------:|------------:|--------:|------:|-----:|
| flat  | folded     |         |         |          |             |         |       |      |
| out   | panels ×10 |    14.0 |  25.0 % |      1.5 |         140 |     600 |  75 % | 0.50 |
| other |            |         |         |          |             |         |  25 % |      |
`},
		{"csv", both, `
model,cpu,system,kernel,chosen,samples,steps,init_us,first_us,peak_rss_bytes,plan,batch,threads,us_per_sample,throughput_per_s,call_mean_us,call_p50_us,call_p90_us,call_p99_us,call_max_us,time_ratio,input
a.msgpack,Test CPU,linux/arm64,avx2,true,100,10,2500,50,12300000,known,1,1,8,125000,8,7.5,9,12.25,1500,,digits
a.msgpack,Test CPU,linux/arm64,avx2,true,100,10,2500,50,12300000,threads,1,4,2,500000,,,,,,,digits
"b,2.msgpack",Test CPU,linux/arm64,generic,false,100,10,2500,50,12300000,known,1,1,20,50000,8,7.5,9,12.25,1500,2.5,digits
`},
		{"go", both, `
goos: linux
goarch: arm64
pkg: github.com/snurun/snurun/cmd/snurun
cpu: Test CPU
input: digits
BenchmarkModel/model=a/kernel=avx2/plan=known/batch=1/threads=1	200	8000.0 ns/op
BenchmarkModel/model=a/kernel=avx2/plan=threads/batch=1/threads=4	400	2000.0 ns/op
BenchmarkModel/model=b,2/kernel=generic/plan=known/batch=1/threads=1	100	20000.0 ns/op
`},
	} {
		var out strings.Builder
		if err := benchFormats[c.format](&out, c.reports); err != nil {
			t.Fatal(err)
		}
		if out.String() != c.want[1:] {
			t.Errorf("-o %s of %d reports:\n%s\nexpected\n%s", c.format, len(c.reports), out.String(), c.want[1:])
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

func TestWrapped(t *testing.T) {
	if got := wrapped([]int{1, 2, 3}, 8); len(got) != 8 || got[3] != 1 || got[7] != 2 {
		t.Errorf("%v", got)
	}
	if got := wrapped([]int{1, 2, 3, 4}, 2); len(got) != 4 {
		t.Errorf("%v", got)
	}
	if wrapped([]int(nil), 4) != nil {
		t.Error("nil does not stay nil")
	}
}

func TestLatencyStats(t *testing.T) {
	us := make([]float64, 200)
	for i := range us {
		us[i] = float64(200 - i)
	}
	if got, want := newLatencyStats(us), (latencyStats{100.5, 100, 180, 198, 200}); got != want {
		t.Errorf("%+v, expected %+v", got, want)
	}
}
