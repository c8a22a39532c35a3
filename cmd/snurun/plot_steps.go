//go:build !board

package main

import (
	"fmt"
	"math"

	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/plot"
	"github.com/snurun/snurun/spike"
)

// decide runs the sample that --index names and returns its input and what was decided
// at every step, for a network with a readout of a kind.
func (p *plotter) decide(args []string, kind model.ReadoutKind) (*loaded, spike.Input, *evaluate.Decided, error) {
	l, err := p.load(args)
	if err != nil {
		return nil, nil, nil, err
	}
	if k := l.model.Readout.Kind; k != kind {
		return nil, nil, nil, usagef("%s has readout %s, expected %s", l.file, k, kind)
	}
	x, err := p.present(l.model, l.source, 0)
	if err != nil {
		return nil, nil, nil, err
	}
	set := evaluate.Set{Source: l.source, Indices: []int{p.options.index}}
	for out, err := range l.run.Samples(p.ctx, set, evaluate.Options{}) {
		if err != nil {
			return nil, nil, nil, fmt.Errorf("%s: %w", l.file, err)
		}
		return l, x, out.Decided, nil
	}
	return nil, nil, nil, usagef("--index is %d, there is no such sample", p.options.index)
}

func (p *plotter) chorale(args []string) (*plot.Figure, error) {
	l, x, d, err := p.decide(args, model.StepSet)
	if err != nil {
		return nil, err
	}
	came, ok := x.(spike.Train)
	if steps := d.Targets.Sets.Steps(); !ok || steps != x.Steps() || x.Size() != l.outputs() {
		return nil, usagef("sample %d has no step to come for each of its %d, or other outputs than inputs: plot chorale is for what predicts its next step", p.options.index, x.Steps())
	}
	steps := x.Steps()
	r := plot.Roll{Names: l.classes(), Came: spike.NewTrain(steps+1, x.Size()), Expected: spike.NewValues(steps, x.Size())}
	for t := range steps {
		copy(r.Came.At(t), came.At(t))
		row := d.Row(t)
		for j, z := range row {
			r.Expected.At(t)[j] = float32(1 / (1 + math.Exp(-float64(z))))
		}
		r.NLL = append(r.NLL, evaluate.SetNLL(row, d.Targets.Sets.At(t)))
	}
	copy(r.Came.At(steps), d.Targets.Sets.At(steps-1))
	return plot.Chorale(r)
}

func (p *plotter) steps(args []string) (*plot.Figure, error) {
	l, x, d, err := p.decide(args, model.StepClass)
	if err != nil {
		return nil, err
	}
	labels := plot.Labels{Names: l.classes(), Decided: d.Classes, Target: d.Targets.Classes}
	return plot.Steps([]plot.Activity{channels(l.model.Input, x)}, labels, l.model.Input.Step())
}
