package bench

import (
	"math"
	goruntime "runtime"
	"slices"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/model"
)

// Report is what was found of a model on one tier. What had not been
// measured when the measurement was interrupted is absent.
type Report struct {
	Schema   int          `json:"schema"` // docs/JSON.md
	Model    string       `json:"model"`
	Kernel   string       `json:"kernel"`
	Kernels  []string     `json:"kernels"` // that this CPU has, the fastest first
	Chosen   bool         `json:"chosen"`  // the kernel is the one that runs without --all-tiers
	CPU      string       `json:"cpu"`
	System   string       `json:"system"`
	Go       string       `json:"go"`
	Network  string       `json:"network"`
	Topology string       `json:"topology"` // the same, under its old name
	Input    string       `json:"input"`    // what the samples are
	Samples  int          `json:"samples"`
	Steps    int          `json:"steps"`
	DtMS     model.Millis `json:"dt_ms"`

	InitUS    float64 `json:"init_us"` // read and compile
	ReadUS    float64 `json:"read_us"`
	CompileUS float64 `json:"compile_us"`
	FirstUS   float64 `json:"first_us"` // a new session's first sample

	Latency    *Latencies `json:"latency_us,omitempty"`       // of a sample, all steps known
	Step       *Latencies `json:"step_us,omitempty"`          // of a step, streaming
	Throughput float64    `json:"throughput_per_s,omitempty"` // one sample a call, one thread
	Timings    []Timing   `json:"timings"`

	Layers      []Layer `json:"layers,omitempty"`
	InputSpikes float64 `json:"input_spikes_per_sample,omitempty"`
	Spikes      float64 `json:"spikes_per_sample,omitempty"`
	SynOps      float64 `json:"synops_per_sample,omitempty"`
	Bandwidth   float64 `json:"bandwidth_fraction,omitempty"` // of the load bandwidth, all layers together; absent with a conv2d layer
	OtherShare  float64 `json:"other_share,omitempty"`        // of the time, outside the layers: input lists and readout
	PeakRSS     int64   `json:"peak_rss_bytes,omitempty"`
}

// Timing is the time that one plan takes.
type Timing struct {
	Plan       Plan       `json:"plan"`
	Batch      int        `json:"batch"`
	Threads    int        `json:"threads"`
	SampleUS   float64    `json:"us_per_sample"`
	Throughput float64    `json:"throughput_per_s"`
	Steps      float64    `json:"steps_per_sample,omitempty"` // of early decisions, on average
	Calls      *Latencies `json:"call_us,omitempty"`          // absent on several threads
	Ratio      *Ratio     `json:"time_ratio,omitempty"`

	rounds []round
}

// ratio is a time relative to that of the first target: over all repetitions,
// and its range over single ones.
type Ratio struct {
	Mean float64 `json:"mean"`
	Min  float64 `json:"min"`
	Max  float64 `json:"max"`
}

// Layer is the work and the time of one layer, all steps known.
type Layer struct {
	Name      string  `json:"name"`
	Plan      string  `json:"plan"` // of one without neurons, all that there is to say
	NsPerStep float64 `json:"ns_per_step"`
	SpikesIn  float64 `json:"spikes_in_per_step"` // active inputs, recurrent ones included; of a conv2d layer estimated from the density
	Spikes    float64 `json:"spikes_out_per_step"`
	SynOps    float64 `json:"synops_per_step"`
	Density   float64 `json:"density"` // synops of all synapses
	Share     float64 `json:"share"`   // of the time of a sample
	Weights   int     `json:"weight_bytes"`
	Limit     float64 `json:"load_bytes_per_s,omitempty"`   // load bandwidth for as much memory as the weights
	Bandwidth float64 `json:"bandwidth_fraction,omitempty"` // share of it that the weights are read with
}

// Latencies are statistics of latencies in µs.
type Latencies struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
}

// NewLatencies sorts us, of which there is at least one.
func NewLatencies(us []float64) Latencies {
	slices.Sort(us)
	at := func(share float64) float64 { return us[int(math.Ceil(share*float64(len(us))))-1] }
	sum := 0.0
	for _, v := range us {
		sum += v
	}
	return Latencies{sum / float64(len(us)), at(0.5), at(0.9), at(0.99), us[len(us)-1]}
}

// Reports returns a report a target; times are relative to the first target's.
func Reports(targets []*Target) []*Report {
	reports := make([]*Report, len(targets))
	for i, t := range targets {
		reports[i] = newReport(t, targets[0])
	}
	return reports
}

func newReport(t, first *Target) *Report {
	us := func(n int64) float64 { return float64(n) / 1e3 }
	r := &Report{
		Schema: 1, Network: t.model.Topology(),
		Model: t.file, Kernel: t.tier, Kernels: asm.Tiers(), Chosen: t.tier == asm.Tier(), CPU: cpuName(),
		System: goruntime.GOOS + "/" + goruntime.GOARCH, Go: goruntime.Version(), Topology: t.model.Topology(), Input: t.samples.Name,
		Samples: t.samples.Len(), Steps: t.samples.steps, DtMS: t.model.Input.Step(),
		InitUS: us((t.read + t.compile).Nanoseconds()), ReadUS: us(t.read.Nanoseconds()),
		CompileUS: us(t.compile.Nanoseconds()), FirstUS: us(t.first.Nanoseconds()),
		Timings: []Timing{}, PeakRSS: t.peakRSS,
	}
	for i, m := range t.timings {
		if len(m.rounds) == 0 {
			continue
		}
		b := newTiming(m)
		if t != first {
			b.Ratio = newRatio(m.rounds, first.timings[i].rounds)
		}
		switch m.plan {
		case Streaming:
			r.Step = b.Calls
		case Known:
			r.Latency, r.Throughput = b.Calls, b.Throughput
		}
		r.Timings = append(r.Timings, b)
	}
	if t.profile.samples > 0 {
		r.addLayers(t)
	}
	return r
}

func newTiming(m *measured) Timing {
	all := sum(m.rounds)
	b := Timing{Plan: m.plan, Batch: m.batch, Threads: m.threads, SampleUS: all.us(), Throughput: 1e6 / all.us(), rounds: m.rounds}
	if m.plan == Early {
		b.Steps = float64(m.steps) / float64(all.samples)
	}
	if len(m.calls) > 0 {
		calls := NewLatencies(m.calls)
		b.Calls = &calls
	}
	return b
}

func sum(rounds []round) (all round) {
	for _, r := range rounds {
		all.samples += r.samples
		all.elapsed += r.elapsed
	}
	return all
}

// newRatio compares the repetitions that both have.
func newRatio(a, b []round) *Ratio {
	n := min(len(a), len(b))
	if n == 0 {
		return nil
	}
	each := make([]float64, n)
	for i := range each {
		each[i] = a[i].us() / b[i].us()
	}
	return &Ratio{sum(a[:n]).us() / sum(b[:n]).us(), slices.Min(each), slices.Max(each)}
}
