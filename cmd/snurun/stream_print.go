package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/stream"
)

// decisionPrinter prints decisions as they fall.
type decisionPrinter struct {
	out     *bufio.Writer
	json    bool
	err     error // of the output
	publish *publishing

	model *model.Network           // of the last decision
	next  atomic.Pointer[newModel] // that was put in its place
}

// newModel is a model that another one was replaced by.
type newModel struct {
	file  string
	model *model.Network
	info  export.Info
}

// startLine is the first line of JSON.
type startLine struct {
	Schema  int        `json:"schema"`
	Time    string     `json:"time"`
	Version string     `json:"version"`
	Model   string     `json:"model"` // file
	SHA256  string     `json:"sha256"`
	Network string     `json:"network"`
	Classes []string   `json:"classes,omitempty"`
	Format  string     `json:"format"`
	DtMS    float64    `json:"dt_ms"`
	Window  int        `json:"window_steps"`
	Stride  int        `json:"stride_steps"`
	Reset   string     `json:"reset"`
	Margin  float32    `json:"margin,omitempty"`
	Floor   *floorLine `json:"floor,omitempty"`
	Agree   string     `json:"agree,omitempty"`
	Onset   string     `json:"onset,omitempty"`
	Kernel  string     `json:"kernel"`
	Threads int        `json:"threads"`
}

type floorLine struct {
	Events int64   `json:"events"`
	Score  float32 `json:"score"`
	Lead   float32 `json:"lead"`
}

func newFloorLine(f model.Floor) *floorLine {
	if f == (model.Floor{}) {
		return nil
	}
	return &floorLine{f.Events, f.Score, f.Lead}
}

// setNames returns the names of outputs, - for none.
func setNames(m *model.Network, set []int) string {
	if len(set) == 0 {
		return "-"
	}
	names := make([]string, len(set))
	for i, j := range set {
		names[i] = className(m, j)
	}
	return strings.Join(names, " ")
}

func (p *decisionPrinter) start(s startLine) error {
	if !p.json {
		return nil
	}
	if p.err = json.NewEncoder(p.out).Encode(map[string]any{"start": s}); p.err == nil {
		p.err = p.out.Flush()
	}
	return p.err
}

func (p *decisionPrinter) decide(d stream.Decision) error {
	p.err = p.print(d)
	return p.err
}

// className returns the name of a class, its number if it has none.
func className(m *model.Network, class int) string {
	if class < len(m.Classes) {
		return m.Classes[class]
	}
	return strconv.Itoa(class)
}

func (p *decisionPrinter) print(d stream.Decision) error {
	if d.Model != p.model {
		p.model = d.Model
		if n := p.next.Load(); p.json && n != nil && n.model == d.Model {
			if err := json.NewEncoder(p.out).Encode(map[string]any{"model": map[string]any{
				"time": stamp(), "model": n.file, "sha256": fmt.Sprintf("%x", n.info.SHA256), "network": n.model.Topology(),
			}}); err != nil {
				return err
			}
		}
	}
	if p.json || p.publish.on() {
		line := d.Line()
		line.Time = stamp()
		data, err := json.Marshal(line)
		if err != nil {
			return err
		}
		p.publish.decision(data)
		if p.json {
			_, _ = p.out.Write(append(data, '\n')) // an error is that of Flush
			return p.out.Flush()
		}
	}
	name := className(d.Model, d.Class)
	set, sets := d.Set()
	switch {
	case sets:
		name = setNames(d.Model, set)
	case d.Below == stream.BelowAgree:
		name = "–  no agreement, " + className(d.Model, d.Leading)
	case d.Below != "":
		name = fmt.Sprintf("–  %s below the floor, %d events", d.Below, d.Events)
	case d.Leading != d.Class:
		name += ", this window " + className(d.Model, d.Leading)
	}
	decimals := 3
	if d.TimeUS%1000 != 0 {
		decimals = 6
	}
	margin := ""
	if !sets && !math.IsInf(float64(d.Lead), 1) {
		margin = fmt.Sprintf("  margin %.4g", d.Lead)
	}
	partial := ""
	if d.Partial {
		partial = ", its end did not come"
	}
	fmt.Fprintf(p.out, "[%d]  %.*f s  %s  score %.4g%s  %d steps%s  %.1f µs\n",
		d.Window, decimals, float64(d.TimeUS)/1e6, name, d.Scores[d.Leading], margin, d.Steps, partial, microseconds(d.Latency))
	return p.out.Flush()
}

// summaryFields are the fields of a summary in JSON.
func summaryFields(s stream.Summary, realtime bool, kernel string) map[string]any {
	fields := map[string]any{
		"steps": s.Steps, "windows": s.Windows, "decisions": s.Decisions, "early": s.Early, "nothing": s.Nothing, "open": s.Open,
		"events": s.Events, "late": s.Late, "skipped": s.Skipped, "restarts": s.Restarts, "glitches": s.Glitches, "reframed": s.Reframed,
		"seconds": s.Elapsed.Seconds(), "steps_per_s": perSecond(s.Steps, s.Elapsed), "events_per_s": perSecond(s.Events, s.Elapsed), "kernel": kernel,
	}
	if s.Decisions > 0 {
		fields["latency_us"] = map[string]float64{"p50": microseconds(s.Latency.P50), "p99": microseconds(s.Latency.P99), "max": microseconds(s.Latency.Max)}
	}
	if realtime {
		fields["lag_us"] = map[string]float64{"last": microseconds(s.Lag), "max": microseconds(s.MaxLag)}
	}
	return fields
}

// summaryLine is the last line of JSON.
func summaryLine(s stream.Summary, realtime bool, kernel string) map[string]any {
	fields := summaryFields(s, realtime, kernel)
	fields["schema"] = schema
	return map[string]any{"summary": fields}
}

// sha256 returns the digest of the model that runs, or comes with the next window;
// first is that of the beginning.
func (p *decisionPrinter) sha256(first export.Info) string {
	if n := p.next.Load(); n != nil {
		first = n.info
	}
	return fmt.Sprintf("%x", first.SHA256)
}

func perSecond(n int64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

func (p *decisionPrinter) summary(s stream.Summary, realtime bool, kernel string, steps int) error {
	if p.json {
		if err := json.NewEncoder(p.out).Encode(summaryLine(s, realtime, kernel)); err != nil {
			return err
		}
		return p.out.Flush()
	}
	w := p.out
	fmt.Fprintf(w, "steps       %d\n", s.Steps)
	fmt.Fprintf(w, "windows     %d, %d decided, %d of them early", s.Windows, s.Decisions, s.Early)
	if s.Nothing > 0 {
		fmt.Fprintf(w, ", %d of no class", s.Nothing)
	}
	fmt.Fprintln(w)
	if s.Open > 0 {
		fmt.Fprintf(w, "open        %d %s at the end, the oldest with %d of %d steps: --flush decides\n", s.Open, plural(int(s.Open), "window"), s.OpenSteps, steps)
	}
	fmt.Fprintf(w, "events      %d, %d late, %d skipped, %d %s in time\n", s.Events, s.Late, s.Skipped, s.Restarts, plural(int(s.Restarts), "jump"))
	if s.Glitches+s.Reframed > 0 {
		fmt.Fprintf(w, "repaired    %d broken %s in time left out, %d %s in the input\n", s.Glitches, plural(int(s.Glitches), "stamp"), s.Reframed, plural(int(s.Reframed), "cut"))
	}
	if s.Decisions > 0 {
		fmt.Fprintf(w, "latency     %.1f µs p50, %.1f p99, %.1f max\n", microseconds(s.Latency.P50), microseconds(s.Latency.P99), microseconds(s.Latency.Max))
	}
	if realtime {
		fmt.Fprintf(w, "lag         %.1f ms at the end, %.1f max\n", microseconds(s.Lag)/1e3, microseconds(s.MaxLag)/1e3)
	}
	fmt.Fprintf(w, "throughput  %.0f events/s, %.0f steps/s\n", perSecond(s.Events, s.Elapsed), perSecond(s.Steps, s.Elapsed))
	fmt.Fprintf(w, "kernel      %s\n", kernel)
	return w.Flush()
}

func microseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
