package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/internal/bench"
)

// outcome is a line of --json for a sample.
type outcome struct {
	Input   string    `json:"input"`
	Index   int       `json:"index"`
	File    string    `json:"file,omitempty"` // of a folder
	Label   *int      `json:"label,omitempty"`
	Class   int       `json:"class"`
	Name    string    `json:"name,omitempty"`
	Scores  []float32 `json:"scores"`
	Lead    *float32  `json:"lead,omitempty"` // absent if it is infinite, as with one class
	Steps   int       `json:"steps"`
	Spikes  int64     `json:"spikes"`
	Latency float64   `json:"latency_us"`
}

// fileOf returns the name of the file that a sample is from.
func fileOf(in input, i int) string { return cmp.Or(dataset.NameOf(in.source, i), in.name) }

// line prints the line of a sample.
func (c *classifier) line(in input, out *evaluate.Outcome) error {
	if c.eachStep() {
		return c.stepsLine(in, out)
	}
	r := &out.Result
	o := outcome{
		Input: in.name, Index: out.Index, File: dataset.NameOf(in.source, out.Index), Class: r.Class, Scores: r.Scores, Steps: r.Steps,
		Spikes: out.Stats.TotalSpikes(), Latency: float64(out.Latency.Nanoseconds()) / 1e3,
	}
	if out.Label >= 0 {
		o.Label = &out.Label
	}
	if lead := r.Lead(); !math.IsInf(float64(lead), 1) {
		o.Lead = &lead
	}
	if r.Class < len(c.model.Classes) {
		o.Name = c.model.Classes[r.Class]
	}
	if c.options.json {
		return json.NewEncoder(c.out).Encode(o)
	}
	mark := ""
	if o.Label != nil && !out.Correct() {
		mark = fmt.Sprintf("  expected %s", c.className(out.Label))
	}
	name := fmt.Sprintf("%s[%d]", o.Input, o.Index)
	if o.File != "" {
		name = o.File
	}
	_, err := fmt.Fprintf(c.out, "%s  %s  score %.4g  %d steps  %d spikes  %.1f µs%s\n",
		name, c.className(o.Class), o.Scores[o.Class], o.Steps, o.Spikes, o.Latency, mark)
	return err
}

func (c *classifier) className(class int) string {
	if class < len(c.model.Classes) {
		return c.model.Classes[class]
	}
	return fmt.Sprint(class)
}

// columns is the header of --out.
func (c *classifier) columns() []string {
	if c.eachStep() {
		return c.stepColumns()
	}
	columns := []string{"input", "file", "index", "label", "class", "label_name", "class_name", "steps", "spikes", "synops"}
	for j := range c.evaluator.Network().OutSize() {
		columns = append(columns, "score_"+c.className(j))
	}
	return columns
}

// row is the row of a sample in --out: the same bytes on every machine.
func (c *classifier) row(in input, out *evaluate.Outcome) []string {
	label, name := "", ""
	if out.Label >= 0 {
		label, name = strconv.Itoa(out.Label), c.className(out.Label)
	}
	r := &out.Result
	row := []string{
		in.name, fileOf(in, out.Index), strconv.Itoa(out.Index), label, strconv.Itoa(r.Class), name, c.className(r.Class),
		strconv.Itoa(r.Steps), strconv.FormatInt(out.Stats.TotalSpikes(), 10), strconv.FormatInt(out.Stats.TotalSynOps(), 10),
	}
	for _, z := range r.Scores {
		row = append(row, strconv.FormatFloat(float64(z), 'g', -1, 32))
	}
	return row
}

// summary prints the totals.
func (c *classifier) summary() error {
	s := &c.sums
	if s.Samples == 0 {
		return errors.New("there are no samples to classify")
	}
	latency := bench.NewLatencies(c.latencies)
	t := c.timed
	if c.fast.samples > 0 {
		t = c.fast
	}
	rate := float64(t.samples) / t.elapsed.Seconds()
	kernel, threads := c.evaluator.Network().Kernel(), c.options.threads
	if c.options.json {
		all := map[string]any{
			"schema": schema, "model": c.file, "network": c.model.Topology(), "samples": s.Samples, "latency_us": latency, "throughput_per_s": rate,
			"spikes_per_sample": s.PerSample(s.Spikes), "synops_per_sample": s.PerSample(s.SynOps),
			"steps_per_sample": s.PerSample(s.Steps), "kernel": kernel, "threads": threads,
		}
		if s.Samples < c.total {
			all["interrupted"] = true
		}
		if said := c.options.files.said.json(); said != nil {
			all["remarks"] = said
		}
		if d := &s.Decided; d.Counted > 0 {
			all["steps_counted"], all["accuracy"], all["nll"] = d.Counted, d.Accuracy(), d.MeanNLL()
			if c.options.matrix && len(s.Confusion) > 0 {
				all["confusion"], all["class_accuracy"] = s.Confusion, c.classAccuracies()
			}
		}
		if s.Labelled > 0 {
			all["correct"], all["accuracy"] = s.Correct, s.Accuracy()
			if c.options.matrix {
				all["confusion"], all["class_accuracy"] = s.Confusion, c.classAccuracies()
			}
		}
		return json.NewEncoder(c.out).Encode(map[string]any{"summary": all})
	}
	w := c.out
	fmt.Fprintf(w, "samples     %d\n", s.Samples)
	if s.Labelled > 0 {
		fmt.Fprintf(w, "accuracy    %.2f %%  (%d of %d)\n", 100*s.Accuracy(), s.Correct, s.Labelled)
	}
	if d := &s.Decided; d.Counted > 0 {
		fmt.Fprintf(w, "accuracy    %.2f %% of %d steps\n", 100*d.Accuracy(), d.Counted)
		fmt.Fprintf(w, "likelihood  %.4f nats a step\n", d.MeanNLL())
	}
	fmt.Fprintf(w, "steps       %.4g a sample of %v ms\n", s.PerSample(s.Steps), c.model.Input.Step())
	fmt.Fprintf(w, "spikes      %.0f a sample\n", s.PerSample(s.Spikes))
	fmt.Fprintf(w, "synops      %.0f a sample\n", s.PerSample(s.SynOps))
	fmt.Fprintf(w, "latency     %.1f µs mean, %.1f p50, %.1f p90, %.1f p99, %.1f max\n", latency.Mean, latency.P50, latency.P90, latency.P99, latency.Max)
	fmt.Fprintf(w, "throughput  %.0f samples/s on %d %s, encoding included\n", rate, threads, plural(threads, "thread"))
	if said := c.options.files.said.String(); said != "" {
		fmt.Fprintf(w, "remarks     files with %s\n", said)
	}
	_, err := fmt.Fprintf(w, "kernel      %s\n", kernel)
	if err == nil && c.options.matrix {
		err = c.confusion()
	}
	return err
}

// classAccuracies returns the accuracy of each class, null if no sample has it.
func (c *classifier) classAccuracies() []*float64 {
	all := make([]*float64, len(c.sums.Confusion))
	for label := range all {
		if n, accuracy := c.sums.ClassAccuracy(label); n > 0 {
			all[label] = &accuracy
		}
	}
	return all
}

// confusion prints a row a class that samples have: how many, the share that is
// right, and what they were taken for.
func (c *classifier) confusion() error {
	if c.sums.Labelled == 0 && len(c.sums.Confusion) == 0 {
		_, err := fmt.Fprintln(c.out, "\nno confusion: the classes of the samples are not known")
		return err
	}
	head := []string{"class", "samples", "accuracy"}
	for k := range c.evaluator.Network().OutSize() {
		head = append(head, c.className(k))
	}
	rows := [][]string{head}
	for label, counts := range c.sums.Confusion {
		n, accuracy := c.sums.ClassAccuracy(label)
		share := ""
		if !math.IsNaN(accuracy) {
			share = fmt.Sprintf("%.2f %%", 100*accuracy)
		}
		row := []string{c.className(label), strconv.Itoa(n), share}
		for _, n := range counts {
			row = append(row, strconv.Itoa(n))
		}
		rows = append(rows, row)
	}
	fmt.Fprintln(c.out)
	return bench.Table(c.out, rows, 1)
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// percent prints an accuracy and its standard error.
func percent(e evaluate.Estimate) string {
	if e.Error == 0 {
		return fmt.Sprintf("%.2f %%", 100*e.Mean)
	}
	return fmt.Sprintf("%.2f ± %.2f %%", 100*e.Mean, 100*e.Error)
}
