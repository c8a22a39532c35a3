package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/model"
)

// stepsOutcome is a line of --json for a sample of a network with a decision a step.
// Classes or Sets has an element a step; so have the targets, where they are known, a
// class that is not being −1.
type stepsOutcome struct {
	Input    string      `json:"input"`
	Index    int         `json:"index"`
	File     string      `json:"file,omitempty"`
	Steps    int         `json:"steps"`
	Classes  []int       `json:"classes,omitempty"`
	Sets     [][]int     `json:"sets,omitempty"`
	Labels   []int       `json:"labels,omitempty"`
	Targets  [][]int     `json:"targets,omitempty"`
	Scores   [][]float32 `json:"step_scores"`
	Accuracy *float64    `json:"accuracy,omitempty"`
	NLL      *float64    `json:"nll,omitempty"`
	Spikes   int64       `json:"spikes"`
	Latency  float64     `json:"latency_us"`
}

// eachStep reports whether the network decides at every step.
func (c *classifier) eachStep() bool { return c.model.Readout.Kind.EachStep() }

// stepsLine prints the line of a sample, with --verbose one a step too.
func (c *classifier) stepsLine(in input, out *evaluate.Outcome) error {
	d := out.Decided
	o := stepsOutcome{
		Input: in.name, Index: out.Index, File: dataset.NameOf(in.source, out.Index), Steps: len(d.Classes),
		Spikes: out.Stats.TotalSpikes(), Latency: float64(out.Latency.Nanoseconds()) / 1e3,
	}
	if d.Steps.Counted > 0 {
		accuracy, nll := d.Steps.Accuracy(), d.Steps.MeanNLL()
		o.Accuracy, o.NLL = &accuracy, &nll
	}
	if c.options.json {
		o.Classes, o.Labels = d.Classes, d.Targets.Classes
		if c.model.Readout.Kind == model.StepSet {
			o.Classes = nil
			for t := range d.Classes {
				o.Sets = append(o.Sets, d.Set([]int{}, t))
			}
			for t := range d.Targets.Sets.Steps() {
				o.Targets = append(o.Targets, targetSet([]int{}, d, t))
			}
		}
		for t := range d.Classes {
			o.Scores = append(o.Scores, d.Row(t))
		}
		return json.NewEncoder(c.out).Encode(o)
	}
	name := fmt.Sprintf("%s[%d]", o.Input, o.Index)
	if o.File != "" {
		name = o.File
	}
	if c.options.verbose {
		for t := range d.Classes {
			if _, err := fmt.Fprintf(c.out, "%s  step %d  %s%s\n", name, t, c.decided(d, t), c.expected(d, t)); err != nil {
				return err
			}
		}
	}
	known := ""
	if o.Accuracy != nil {
		known = fmt.Sprintf("  accuracy %.2f %%  %.4g nats a step", 100**o.Accuracy, *o.NLL)
	}
	_, err := fmt.Fprintf(c.out, "%s  %d steps%s  %d spikes  %.1f µs\n", name, o.Steps, known, o.Spikes, o.Latency)
	return err
}

// targetSet returns the outputs of the target of a step.
func targetSet(dst []int, d *evaluate.Decided, step int) []int {
	for j := range d.Targets.Sets.At(step).All() {
		dst = append(dst, j)
	}
	return dst
}

// decided says what was decided at a step: a class, or the outputs of a set.
func (c *classifier) decided(d *evaluate.Decided, step int) string {
	if c.model.Readout.Kind == model.StepClass {
		return c.className(d.Classes[step])
	}
	return setNames(c.model, d.Set(nil, step))
}

// target says what should have been decided at a step, "" if that is not known.
func (c *classifier) target(d *evaluate.Decided, step int) string {
	switch {
	case !d.Targets.Counts(step):
		return ""
	case c.model.Readout.Kind == model.StepClass:
		return c.className(d.Targets.Classes[step])
	}
	return setNames(c.model, targetSet(nil, d, step))
}

// expected says what was expected instead of a decision.
func (c *classifier) expected(d *evaluate.Decided, step int) string {
	if t := c.target(d, step); t != "" && t != c.decided(d, step) {
		return "  expected " + t
	}
	return ""
}

// stepColumns is the header of --out for a network with a decision a step.
func (c *classifier) stepColumns() []string {
	columns := []string{"input", "index", "step", "target", "decision"}
	for j := range c.evaluator.Network().OutSize() {
		columns = append(columns, "score_"+c.className(j))
	}
	return columns
}

// stepRows are the rows of a sample in --out, one a step.
func (c *classifier) stepRows(in input, out *evaluate.Outcome) [][]string {
	var rows [][]string
	d := out.Decided
	for t := range d.Classes {
		row := []string{fileOf(in, out.Index), strconv.Itoa(out.Index), strconv.Itoa(t), c.target(d, t), c.decided(d, t)}
		for _, z := range d.Row(t) {
			row = append(row, strconv.FormatFloat(float64(z), 'g', -1, 32))
		}
		rows = append(rows, row)
	}
	return rows
}

// openSequences opens the test of a folder of sequences for a network with a decision a
// step: music, or archives.
func openSequences(m *model.Network, dir string) ([]input, error) {
	if m.Readout.Kind == model.StepSet && m.Input.Size() == len(dataset.NoteNames()) {
		music, err := dataset.LoadChorales(dir)
		if err != nil {
			return nil, err
		}
		source, err := music.Part("test")
		return []input{{dir, source}}, err
	}
	names := m.Classes
	if len(names) == 0 {
		for k := range m.Layers[len(m.Layers)-1].OutSize() {
			names = append(names, strconv.Itoa(k))
		}
	}
	source, err := dataset.LoadSequences(dir, "test", m.Input, names)
	return []input{{filepath.Join(dir, "test.npz"), source}}, err
}

// judged makes the steps of inputs count as --skip-steps and --unlabelled say.
func (o *classifyOptions) judged(inputs []input) ([]input, error) {
	j := dataset.Judging{Skip: o.skipSteps}
	if o.unlabelled >= 0 {
		j.Unlabelled = &o.unlabelled
	}
	for i := range inputs {
		var err error
		if inputs[i].source, err = dataset.Judged(inputs[i].source, j); err != nil {
			return nil, fmt.Errorf("%s: %w", inputs[i].name, err)
		}
	}
	return inputs, nil
}
