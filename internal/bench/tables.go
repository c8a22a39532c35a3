package bench

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// timingTable has a row a timing; left is the number of columns of text.
func timingTable(reports []*Report) (rows [][]string, left int) {
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

func timingRow(t *Timing) []string {
	row := []string{string(t.Plan), strconv.Itoa(t.Batch), strconv.Itoa(t.Threads), digits(t.SampleUS), fmt.Sprintf("%.0f", t.Throughput), "", "", "", ""}
	if c := t.Calls; c != nil {
		for i, v := range []float64{c.P50, c.P90, c.P99, c.Max} {
			row[5+i] = digits(v)
		}
	}
	return row
}

// layerTable has a row a layer and one for what is left of the time.
func layerTable(r *Report) (rows [][]string, left int) {
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

func percentiles(s *Latencies) string {
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

// Table prints rows of cells, the first left columns aligned to the left, the
// others to the right.
func Table(w io.Writer, rows [][]string, left int) error {
	p := &lineWriter{w: w}
	p.table(rows, left)
	return p.err
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
