package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"
)

// benchFormats are the values of -o.
var benchFormats = map[string]func(w io.Writer, reports []*benchReport) error{
	"text": benchText, "md": benchMarkdown, "csv": benchCSV, "json": benchJSON, "jsonl": benchLines, "go": benchGo,
}

// benchText is for people at a terminal.
func benchText(w io.Writer, reports []*benchReport) error {
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

// benchMarkdown has a table of timings and, for a single model, one of layers.
func benchMarkdown(w io.Writer, reports []*benchReport) error {
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

// benchCSV has a line a timing, with all that identifies it.
func benchCSV(w io.Writer, reports []*benchReport) error {
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

// benchJSON is one object, or an array of several.
func benchJSON(w io.Writer, reports []*benchReport) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if len(reports) == 1 {
		return e.Encode(reports[0])
	}
	return e.Encode(reports)
}

// benchLines is one object a line.
func benchLines(w io.Writer, reports []*benchReport) error {
	e := json.NewEncoder(w)
	for _, r := range reports {
		if err := e.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// benchGo has a line a repetition in the format of Go's benchmarks.
func benchGo(w io.Writer, reports []*benchReport) error {
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

// timingTable has a row a timing; left is the number of columns of text.
func timingTable(reports []*benchReport) (rows [][]string, left int) {
	head := []string{"plan", "batch", "threads", "µs/sample", "samples/s", "call p50", "p90", "p99", "max µs"}
	left = 1
	if len(reports) > 1 {
		head, left = append(append([]string{"model", "kernel"}, head...), "ratio"), 3
	}
	rows = append(rows, head)
	if len(reports) == 1 {
		for _, t := range reports[0].Timings {
			rows = append(rows, timingRow(&t))
		}
		return rows, left
	}
	// Contenders stand below each other, test by test.
	for i := range reports[0].Timings {
		for _, r := range reports {
			if i >= len(r.Timings) {
				continue
			}
			kernel, against := r.Kernel, ""
			if r.Chosen {
				kernel += " *"
			}
			t := &r.Timings[i]
			if q := t.Ratio; q != nil {
				against = fmt.Sprintf("%.2f (%.2f–%.2f)", q.Mean, q.Min, q.Max)
			}
			rows = append(rows, append(append([]string{r.Model, kernel}, timingRow(t)...), against))
		}
	}
	return rows, left
}

func timingRow(t *benchTiming) []string {
	row := []string{string(t.Plan), strconv.Itoa(t.Batch), strconv.Itoa(t.Threads), digits(t.SampleUS), fmt.Sprintf("%.0f", t.Throughput), "", "", "", ""}
	if c := t.Calls; c != nil {
		for i, v := range []float64{c.P50, c.P90, c.P99, c.Max} {
			row[5+i] = digits(v)
		}
	}
	return row
}

// layerTable has a row a layer and one for what is left of the time.
func layerTable(r *benchReport) (rows [][]string, left int) {
	rows = [][]string{{"layer", "plan", "in/step", "density", "out/step", "synops/step", "ns/step", "share", "load"}}
	for _, l := range r.Layers {
		if l.Weights == 0 { // no neurons
			rows = append(rows, []string{l.Name, l.Plan, "", "", "", "", "", "", ""})
			continue
		}
		load := ""
		if l.Bandwidth > 0 {
			load = fmt.Sprintf("%.2f", l.Bandwidth)
		}
		rows = append(rows, []string{
			l.Name, l.Plan, fmt.Sprintf("%.1f", l.SpikesIn), fmt.Sprintf("%.1f %%", 100*l.Density), fmt.Sprintf("%.1f", l.Spikes),
			fmt.Sprintf("%.0f", l.SynOps), fmt.Sprintf("%.0f", l.NsPerStep), share(l.Share), load,
		})
	}
	return append(rows, []string{"other", "", "", "", "", "", "", share(r.OtherShare), ""}), 2
}

// digits prints a time in µs to about three digits.
func digits(us float64) string {
	switch {
	case us >= 1000:
		return fmt.Sprintf("%.0f", us)
	case us >= 100:
		return fmt.Sprintf("%.1f", us)
	}
	return fmt.Sprintf("%.2f", us)
}

func share(x float64) string { return fmt.Sprintf("%.0f %%", 100*x) }

func percentiles(s *latencyStats) string {
	return fmt.Sprintf("%s p50, %s p90, %s p99, %s max", digits(s.P50), digits(s.P90), digits(s.P99), digits(s.Max))
}

// lineWriter writes until the first error.
type lineWriter struct {
	w   io.Writer
	err error
}

func (p *lineWriter) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *lineWriter) line(name, format string, args ...any) {
	p.printf("%-11s %s\n", name, fmt.Sprintf(format, args...))
}

// table aligns columns, the first left ones to the left, the others to the
// right.
func (p *lineWriter) table(rows [][]string, left int) {
	widths := columnWidths(rows)
	for _, row := range rows {
		var line strings.Builder
		for c, cell := range row {
			pad := strings.Repeat(" ", widths[c]-utf8.RuneCountInString(cell))
			if c < left {
				line.WriteString(cell + pad + "  ")
			} else {
				line.WriteString(pad + cell + "  ")
			}
		}
		p.printf("%s\n", strings.TrimRight(line.String(), " "))
	}
}

// markdown is table as Markdown.
func (p *lineWriter) markdown(rows [][]string, left int) {
	widths := columnWidths(rows)
	for i, row := range rows {
		for c, cell := range row {
			pad := strings.Repeat(" ", widths[c]-utf8.RuneCountInString(cell))
			if c < left {
				p.printf("| %s%s ", cell, pad)
			} else {
				p.printf("| %s%s ", pad, cell)
			}
		}
		p.printf("|\n")
		if i > 0 {
			continue
		}
		for c, w := range widths {
			if c < left {
				p.printf("|%s", strings.Repeat("-", w+2))
			} else {
				p.printf("|%s:", strings.Repeat("-", w+1))
			}
		}
		p.printf("|\n")
	}
}

func columnWidths(rows [][]string) []int {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for c, cell := range row {
			widths[c] = max(widths[c], utf8.RuneCountInString(cell))
		}
	}
	return widths
}
