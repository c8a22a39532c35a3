//go:build !board

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// plotter gathers what a figure shows.
type plotter struct {
	ctx     context.Context
	stdin   io.Reader
	options plotOptions
}

// loaded is a model that is ready to run on the samples of a source.
type loaded struct {
	file   string
	model  *model.Network
	run    *evaluate.Evaluator
	source dataset.Source
}

// load opens the model args[0] and the input args[1], or what the flags say.
func (p *plotter) load(args []string) (*loaded, error) {
	if (p.options.data != "" || p.options.list != "") && len(args) > 1 {
		return nil, usagef("--data, --list and INPUT exclude each other")
	}
	net, err := readNetwork(args[0])
	if err != nil {
		return nil, err
	}
	m := net.Model()
	var inputs []input
	if p.options.list != "" {
		inputs, err = openFolder(p.ctx, m, p.options.data, p.options.list, p.options.files)
	} else {
		inputs, err = openInputs(p.ctx, m, args[1:], p.options.data, p.stdin, p.options.files)
	}
	if err != nil {
		return nil, err
	}
	return &loaded{args[0], m, evaluate.New(net), inputs[0].source}, nil
}

// set is the samples that the flags name.
func (p *plotter) set(l *loaded) evaluate.Set {
	n := l.source.Len()
	if p.options.limit > 0 {
		n = min(n, p.options.limit)
	}
	s := evaluate.First(l.source, n)
	s.Steps, s.Draw = p.options.steps, p.options.seed
	return s
}

// present returns the input of the sample that --index names, for steps time
// steps or, if 0, as long as it is.
func (p *plotter) present(m *model.Network, source dataset.Source, steps int) (spike.Input, error) {
	i := p.options.index
	if i >= source.Len() {
		return nil, usagef("--index is %d, the input has %d %s", i, source.Len(), plural(source.Len(), "sample"))
	}
	return evaluate.Set{Source: source, Indices: []int{i}, Steps: steps, Draw: p.options.seed}.Load(m, 0)
}

// record presents x and returns what some layers did, and the result.
func (l *loaded) record(ctx context.Context, x spike.Input, what evaluate.What, layers ...int) ([]evaluate.Record, runtime.Result, error) {
	rec, r, err := l.run.Record(ctx, x, func(i int) evaluate.What {
		if slices.Contains(layers, i) {
			return what
		}
		return evaluate.What{}
	})
	if err == nil {
		err = r.Check()
	}
	if err != nil {
		return nil, r, fmt.Errorf("%s: %w", l.file, err)
	}
	return rec.Layers, r, nil
}

// outputs is the number of the network's outputs.
func (l *loaded) outputs() int { return l.run.Network().OutSize() }

// classes returns a name for every output.
func (l *loaded) classes() []string {
	names := slices.Clone(l.model.Classes)
	for j := len(names); j < l.outputs(); j++ {
		names = append(names, strconv.Itoa(j))
	}
	return names
}

// decision says of a sample what it is and what it was taken for.
func (p *plotter) decision(l *loaded, class int) string {
	text := fmt.Sprintf("sample %d: decided %s", p.options.index, l.classes()[class])
	if label := l.source.Label(p.options.index); label >= 0 && label < l.outputs() {
		text += fmt.Sprintf(", true class %s", l.classes()[label])
	}
	return text
}

// summary is what the samples that the flags name come to.
func (p *plotter) summary(l *loaded) (evaluate.Summary, error) {
	s, err := l.run.Summary(p.ctx, p.set(l), evaluate.Options{})
	if err != nil {
		err = fmt.Errorf("%s: %w", l.file, err)
	}
	return s, err
}

// samples runs the samples that the flags name on all threads and calls f with
// the outcome of each, in order.
func (p *plotter) samples(l *loaded, f func(*evaluate.Outcome)) error {
	for out, err := range l.run.Samples(p.ctx, p.set(l), evaluate.Options{}) {
		if err != nil {
			return fmt.Errorf("%s: %w", l.file, err)
		}
		f(out)
	}
	return nil
}
