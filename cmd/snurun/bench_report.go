package main

import (
	"cmp"
	"fmt"
	goruntime "runtime"
	"slices"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/model"
)

// benchReport is what bench says of a model on one tier. What had not been
// measured when bench was interrupted is absent.
type benchReport struct {
	Model    string   `json:"model"`
	Kernel   string   `json:"kernel"`
	Kernels  []string `json:"kernels"` // that this CPU has, the fastest first
	Chosen   bool     `json:"chosen"`  // the kernel is the one that runs without --all-tiers
	CPU      string   `json:"cpu"`
	System   string   `json:"system"`
	Go       string   `json:"go"`
	Topology string   `json:"topology"`
	Input    string   `json:"input"` // what the samples are
	Samples  int      `json:"samples"`
	Steps    int      `json:"steps"`
	DtMS     float64  `json:"dt_ms"`

	InitUS    float64 `json:"init_us"` // read and compile
	ReadUS    float64 `json:"read_us"`
	CompileUS float64 `json:"compile_us"`
	FirstUS   float64 `json:"first_us"` // a new session's first sample

	Latency    *latencyStats `json:"latency_us,omitempty"`       // of a sample, all steps known
	Step       *latencyStats `json:"step_us,omitempty"`          // of a step, streaming
	Throughput float64       `json:"throughput_per_s,omitempty"` // one sample a call, one thread
	Timings    []benchTiming `json:"timings"`

	Layers      []benchLayer `json:"layers,omitempty"`
	InputSpikes float64      `json:"input_spikes_per_sample,omitempty"`
	Spikes      float64      `json:"spikes_per_sample,omitempty"`
	SynOps      float64      `json:"synops_per_sample,omitempty"`
	Bandwidth   float64      `json:"bandwidth_fraction,omitempty"` // of the load bandwidth, all layers together; absent with a conv2d layer
	OtherShare  float64      `json:"other_share,omitempty"`        // of the time, outside the layers: input lists and readout
	PeakRSS     int64        `json:"peak_rss_bytes,omitempty"`
}

// benchTiming is the time that one plan takes.
type benchTiming struct {
	Plan       plan          `json:"plan"`
	Batch      int           `json:"batch"`
	Threads    int           `json:"threads"`
	SampleUS   float64       `json:"us_per_sample"`
	Throughput float64       `json:"throughput_per_s"`
	Calls      *latencyStats `json:"call_us,omitempty"` // absent on several threads
	Ratio      *ratio        `json:"time_ratio,omitempty"`

	rounds []round
}

// ratio is a time relative to that of the first target: over all repetitions,
// and its range over single ones.
type ratio struct {
	Mean float64 `json:"mean"`
	Min  float64 `json:"min"`
	Max  float64 `json:"max"`
}

// benchLayer is the work and the time of one layer, all steps known.
type benchLayer struct {
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

func newBenchReport(t, first *target) *benchReport {
	us := func(n int64) float64 { return float64(n) / 1e3 }
	r := &benchReport{
		Model: t.file, Kernel: t.tier, Kernels: asm.Tiers(), Chosen: t.tier == asm.Tier(), CPU: cpuName(),
		System: goruntime.GOOS + "/" + goruntime.GOARCH, Go: goruntime.Version(), Topology: topology(t.model), Input: t.samples.name,
		Samples: t.samples.len(), Steps: t.samples.steps, DtMS: t.model.DtMS,
		InitUS: us((t.read + t.compile).Nanoseconds()), ReadUS: us(t.read.Nanoseconds()),
		CompileUS: us(t.compile.Nanoseconds()), FirstUS: us(t.first.Nanoseconds()),
		Timings: []benchTiming{}, PeakRSS: t.peakRSS,
	}
	for i, m := range t.timings {
		if len(m.rounds) == 0 {
			continue
		}
		b := newBenchTiming(m)
		if t != first {
			b.Ratio = newRatio(m.rounds, first.timings[i].rounds)
		}
		switch m.plan {
		case streaming:
			r.Step = b.Calls
		case known:
			r.Latency, r.Throughput = b.Calls, b.Throughput
		}
		r.Timings = append(r.Timings, b)
	}
	if t.profile.samples > 0 {
		r.addLayers(t)
	}
	return r
}

func newBenchTiming(m *timing) benchTiming {
	all := sum(m.rounds)
	b := benchTiming{Plan: m.plan, Batch: m.batch, Threads: m.threads, SampleUS: all.us(), Throughput: 1e6 / all.us(), rounds: m.rounds}
	if len(m.calls) > 0 {
		calls := newLatencyStats(m.calls)
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
func newRatio(a, b []round) *ratio {
	n := min(len(a), len(b))
	if n == 0 {
		return nil
	}
	each := make([]float64, n)
	for i := range each {
		each[i] = a[i].us() / b[i].us()
	}
	return &ratio{sum(a[:n]).us() / sum(b[:n]).us(), slices.Min(each), slices.Max(each)}
}

func (r *benchReport) addLayers(t *target) {
	p := &t.profile
	steps := float64(p.steps)
	timed := steps * float64(p.samples) / float64(t.samples.len()) // steps that times are of
	var ideal, spent float64                                       // seconds a step
	r.OtherShare = 1
	for i := range t.model.Layers {
		l, plan := &t.model.Layers[i], t.net.Plan(i)
		b := benchLayer{Name: cmp.Or(l.Name, fmt.Sprintf("layer%d", i)), Plan: plan.String()}
		if !l.HasNeurons() {
			r.Layers = append(r.Layers, b)
			continue
		}
		in := l.InSize()
		if l.Recurrent != nil {
			in += l.OutSize()
		}
		b.Plan, b.Weights = fmt.Sprintf("%s ×%d", plan.Layout, plan.Steps), plan.Bytes
		b.NsPerStep = float64(p.times[i].Nanoseconds()) / timed
		b.Spikes = float64(p.spikes[i]) / steps
		b.SynOps = float64(p.synops[i]) / steps
		b.Density = b.SynOps / synapses(l)
		b.SpikesIn = b.Density * float64(in)
		b.Share = p.times[i].Seconds() / p.total.Seconds()
		b.Limit = p.limits[i]
		if b.Limit > 0 && b.NsPerStep > 0 {
			read := b.SpikesIn * float64(4*asm.Pad(l.OutSize())) // bytes a step
			b.Bandwidth = read / (b.NsPerStep / 1e9) / b.Limit
			ideal, spent = ideal+read/b.Limit, spent+b.NsPerStep/1e9
		}
		r.OtherShare -= b.Share
		r.Spikes += float64(p.spikes[i])
		r.SynOps += float64(p.synops[i])
		r.Layers = append(r.Layers, b)
	}
	convolves := slices.ContainsFunc(t.model.Layers, func(l model.Layer) bool { return l.Kind == model.Conv2D })
	if spent > 0 && !convolves {
		r.Bandwidth = ideal / spent
	}
	n := float64(t.samples.len())
	r.Spikes, r.SynOps, r.InputSpikes = r.Spikes/n, r.SynOps/n, float64(p.inputSpikes)/n
}

// synapses returns the number of synaptic operations of a step at which every
// input is active.
func synapses(l *model.Layer) float64 {
	if l.Kind != model.Conv2D {
		n := l.InSize()
		if l.Recurrent != nil {
			n += l.OutSize()
		}
		return float64(n) * float64(l.OutSize())
	}
	n := float64(l.Out[0]) * float64(l.In[0]/l.Groups)
	for axis := range 2 {
		n *= float64(taps(&l.Window, axis, l.In[1+axis], l.Out[1+axis]))
	}
	return n
}

// taps counts the pairs of an input and a position of a window that sees it,
// along one axis of a plane.
func taps(w *model.Window, axis, in, out int) (n int) {
	for position := range out {
		for k := range w.Kernel[axis] {
			if at := position*w.Stride[axis] + k*w.Dilation[axis] - w.Padding[axis]; at >= 0 && at < in {
				n++
			}
		}
	}
	return n
}
