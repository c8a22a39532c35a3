package bench

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

var formats = map[string]func(w io.Writer, reports []*Report) error{
	"text": text, "md": markdown, "csv": commaSeparated, "json": indented, "jsonl": lines, "go": goLines,
}

// Formats returns the names of the formats that Write knows.
func Formats() []string { return slices.Sorted(maps.Keys(formats)) }

// Write prints reports: as text, md (Markdown), csv, json, jsonl, or go, which
// benchstat reads.
func Write(w io.Writer, format string, reports []*Report) error {
	f := formats[format]
	if f == nil {
		return fmt.Errorf("bench: the format is %q, expected one of %s", format, strings.Join(Formats(), ", "))
	}
	return f(w, reports)
}

// text is for people at a terminal.
func text(w io.Writer, reports []*Report) error {
	r := reports[0]
	p := &lineWriter{w: w}
	if len(reports) > 1 {
		p.line("cpu", "%s, %s, %s", r.CPU, r.System, r.Go)
		p.line("input", "%s: %d samples of %d steps of %v ms", r.Input, r.Samples, r.Steps, r.DtMS)
		p.printf("\n")
		p.table(timingTable(reports))
		return p.err
	}
	p.line("model", "%s  %s", r.Model, r.Topology)
	p.line("input", "%s: %d samples of %d steps of %v ms", r.Input, r.Samples, r.Steps, r.DtMS)
	p.line("cpu", "%s, %s, %s", r.CPU, r.System, r.Go)
	p.line("kernel", "%s of %s", r.Kernel, strings.Join(r.Kernels, ", "))
	p.line("init", "%s µs: read %s, compile %s", digits(r.InitUS), digits(r.ReadUS), digits(r.CompileUS))
	p.line("first", "%s µs", digits(r.FirstUS))
	if r.Latency != nil {
		p.line("latency", "%s µs mean, %s a sample of %d steps", digits(r.Latency.Mean), percentiles(r.Latency), r.Steps)
	}
	for _, t := range r.Timings {
		if t.Plan == Early {
			p.line("early", "%s µs mean, %s a sample that is decided after %.2f steps on average", digits(t.Calls.Mean), percentiles(t.Calls), t.Steps)
		}
	}
	if r.Step != nil {
		p.line("step", "%s µs mean, %s, streaming", digits(r.Step.Mean), percentiles(r.Step))
	}
	if len(r.Layers) > 0 {
		p.line("spikes", "%.1f a sample, from %.1f of the input", r.Spikes, r.InputSpikes)
		p.line("synops", "%.0f a sample", r.SynOps)
	}
	if r.Bandwidth > 0 {
		p.line("load", "%s of the load bandwidth", share(r.Bandwidth))
	}
	if r.PeakRSS > 0 {
		p.line("memory", "%.1f MB at most", float64(r.PeakRSS)/1e6)
	}
	if len(r.Timings) > 0 {
		p.printf("\n")
		p.table(timingTable(reports))
	}
	if len(r.Layers) > 0 {
		p.printf("\n")
		p.table(layerTable(r))
	}
	return p.err
}

// markdown has a table of timings and, for a single model, one of layers.
func markdown(w io.Writer, reports []*Report) error {
	r := reports[0]
	p := &lineWriter{w: w}
	p.printf("%s, %s, %s: %s, %d samples of %d steps\n\n", r.CPU, r.System, r.Go, r.Input, r.Samples, r.Steps)
	p.markdown(timingTable(reports))
	if len(reports) == 1 && len(r.Layers) > 0 {
		p.printf("\n")
		p.markdown(layerTable(r))
	}
	return p.err
}

// commaSeparated has a line a timing, with all that identifies it.
func commaSeparated(w io.Writer, reports []*Report) error {
	c := csv.NewWriter(w)
	header := []string{
		"model", "cpu", "system", "kernel", "chosen", "samples", "steps", "init_us", "first_us", "peak_rss_bytes",
		"plan", "batch", "threads", "us_per_sample", "throughput_per_s",
		"call_mean_us", "call_p50_us", "call_p90_us", "call_p99_us", "call_max_us", "time_ratio", "input",
	}
	rows := [][]string{header}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	for _, r := range reports {
		for _, t := range r.Timings {
			row := []string{
				r.Model, r.CPU, r.System, r.Kernel, strconv.FormatBool(r.Chosen), strconv.Itoa(r.Samples), strconv.Itoa(r.Steps),
				number(r.InitUS), number(r.FirstUS), strconv.FormatInt(r.PeakRSS, 10),
				string(t.Plan), strconv.Itoa(t.Batch), strconv.Itoa(t.Threads), number(t.SampleUS), number(t.Throughput),
				"", "", "", "", "", "", r.Input,
			}
			if r.PeakRSS == 0 {
				row[9] = ""
			}
			if c := t.Calls; c != nil {
				for i, v := range []float64{c.Mean, c.P50, c.P90, c.P99, c.Max} {
					row[15+i] = number(v)
				}
			}
			if t.Ratio != nil {
				row[20] = number(t.Ratio.Mean)
			}
			rows = append(rows, row)
		}
	}
	return c.WriteAll(rows)
}

// indented is one JSON object, or an array of several.
func indented(w io.Writer, reports []*Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if len(reports) == 1 {
		return e.Encode(reports[0])
	}
	return e.Encode(reports)
}

// lines is one JSON object a line.
func lines(w io.Writer, reports []*Report) error {
	e := json.NewEncoder(w)
	for _, r := range reports {
		if err := e.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// goLines has a line a repetition in the format of Go's benchmarks.
func goLines(w io.Writer, reports []*Report) error {
	p := &lineWriter{w: w}
	goos, goarch, _ := strings.Cut(reports[0].System, "/")
	p.printf("goos: %s\ngoarch: %s\npkg: github.com/snurun/snurun/cmd/snurun\ncpu: %s\n", goos, goarch, reports[0].CPU)
	input := ""
	for _, r := range reports {
		if r.Input != input {
			input = r.Input
			p.printf("input: %s\n", input)
		}
		name := strings.TrimSuffix(filepath.Base(r.Model), filepath.Ext(r.Model))
		name = strings.Join(strings.Fields(name), "_")
		for _, t := range r.Timings {
			for _, round := range t.rounds {
				p.printf("BenchmarkModel/model=%s/kernel=%s/plan=%s/batch=%d/threads=%d\t%d\t%.1f ns/op\n",
					name, r.Kernel, t.Plan, t.Batch, t.Threads, round.samples, 1e3*round.us())
			}
		}
	}
	return p.err
}
