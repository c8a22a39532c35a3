package bench

import (
	"strings"
	"testing"
	"time"
)

// fixedReports are two contenders with round numbers.
func fixedReports() []*Report {
	stats := &Latencies{8, 7.5, 9, 12.25, 1500}
	a := &Report{
		Model: "a.msgpack", Kernel: "avx2", Kernels: []string{"avx2", "generic"}, Chosen: true, CPU: "Test CPU", System: "linux/arm64", Go: "go1.26",
		Topology: "784-10", Input: "digits", Samples: 100, Steps: 10, DtMS: 1, InitUS: 2500, ReadUS: 1500, CompileUS: 1000, FirstUS: 50,
		Latency: stats, Step: &Latencies{1, 1, 1, 2, 3}, Throughput: 125000,
		Timings: []Timing{
			{Plan: Known, Batch: 1, Threads: 1, SampleUS: 8, Throughput: 125000, Calls: stats, rounds: []round{{200, 1600 * time.Microsecond}}},
			{Plan: Threaded, Batch: 1, Threads: 4, SampleUS: 2, Throughput: 500000, rounds: []round{{400, 800 * time.Microsecond}}},
		},
		Layers:      []Layer{{Name: "flat", Plan: "folded"}, {"out", "panels ×10", 600, 14, 1.5, 140, 0.25, 0.75, 50176, 1e11, 0.5}},
		InputSpikes: 140, Spikes: 15, SynOps: 1400, Bandwidth: 0.5, OtherShare: 0.25, PeakRSS: 12_300_000,
	}
	b := *a
	b.Model, b.Kernel, b.Chosen = "b,2.msgpack", "generic", false
	b.Timings = []Timing{{Plan: Known, Batch: 1, Threads: 1, SampleUS: 20, Throughput: 50000, Calls: stats, Ratio: &Ratio{2.5, 2.25, 2.75}, rounds: []round{{100, 2 * time.Millisecond}}}}
	return []*Report{a, &b}
}

func TestWrite(t *testing.T) {
	both := fixedReports()
	for _, c := range []struct {
		format  string
		reports []*Report
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
		if err := Write(&out, c.format, c.reports); err != nil {
			t.Fatal(err)
		}
		if out.String() != c.want[1:] {
			t.Errorf("-o %s of %d reports:\n%s\nexpected\n%s", c.format, len(c.reports), out.String(), c.want[1:])
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
	if got, want := NewLatencies(us), (Latencies{100.5, 100, 180, 198, 200}); got != want {
		t.Errorf("%+v, expected %+v", got, want)
	}
}
