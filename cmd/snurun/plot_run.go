package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/export"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
	"github.com/snurun/snurun/train"
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
	net    *runtime.Network
	source dataset.Source
}

// load opens the model args[0] and the input args[1], or what the flags say.
func (p *plotter) load(args []string) (*loaded, error) {
	if (p.options.data != "" || p.options.list != "") && len(args) > 1 {
		return nil, usagef("--data, --list and INPUT exclude each other")
	}
	m, err := export.ReadFile(args[0])
	if err != nil {
		return nil, err
	}
	net, err := runtime.Compile(m)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", args[0], err)
	}
	var inputs []input
	if p.options.list != "" {
		inputs, err = openFolder(m, p.options.data, p.options.list)
	} else {
		inputs, err = openInputs(m, args[1:], p.options.data, p.stdin)
	}
	if err != nil {
		return nil, err
	}
	return &loaded{args[0], m, net, inputs[0].source}, nil
}

// present returns the input of the sample that --index names, for steps time
// steps or, if 0, as long as it is.
func (p *plotter) present(in model.Input, source dataset.Source, steps, unlimited int) (spike.Input, error) {
	i := p.options.index
	if i >= source.Len() {
		return nil, usagef("--index is %d, the input has %d %s", i, source.Len(), plural(source.Len(), "sample"))
	}
	if steps == 0 {
		steps = dataset.Steps(source, unlimited)
	}
	x := in.New(steps)
	return x, source.Load(x, i, train.TestKey(p.options.seed, i))
}

// run presents x from the initial state; each is called after every step.
func (l *loaded) run(ctx context.Context, x spike.Input, each func(step int, s *runtime.Session)) (runtime.Result, error) {
	s := l.net.NewSession()
	defer s.Close()
	for t := range x.Steps() {
		if err := ctx.Err(); err != nil {
			return runtime.Result{}, err
		}
		if err := s.Step(x, t); err != nil {
			return runtime.Result{}, fmt.Errorf("%s: %w", l.file, err)
		}
		each(t, s)
	}
	r := s.Result()
	if err := r.Check(); err != nil {
		return runtime.Result{}, fmt.Errorf("%s: %w", l.file, err)
	}
	r.Scores = slices.Clone(r.Scores)
	return r, nil
}

// classes returns a name for every output.
func (l *loaded) classes() []string {
	names := slices.Clone(l.model.Classes)
	for j := len(names); j < l.net.OutSize(); j++ {
		names = append(names, strconv.Itoa(j))
	}
	return names
}

// decision says of a sample what it is and what it was taken for.
func (p *plotter) decision(l *loaded, class int) string {
	text := fmt.Sprintf("sample %d: decided %s", p.options.index, l.classes()[class])
	if label := l.source.Label(p.options.index); label >= 0 && label < l.net.OutSize() {
		text += fmt.Sprintf(", true class %s", l.classes()[label])
	}
	return text
}

// each calls do with a reset session for each sample that the flags name.
func (p *plotter) each(l *loaded, do func(s *runtime.Session, i int, x spike.Input) error) error {
	n := l.source.Len()
	if p.options.limit > 0 {
		n = min(n, p.options.limit)
	}
	if n == 0 {
		return errors.New("there are no samples")
	}
	s := l.net.NewSession()
	defer s.Close()
	x := l.model.Input.New(cmp.Or(p.options.steps, dataset.Steps(l.source, l.model.Steps)))
	for i := range n {
		if err := p.ctx.Err(); err != nil {
			return err
		}
		if err := l.source.Load(x, i, train.TestKey(p.options.seed, i)); err != nil {
			return err
		}
		s.Reset()
		if err := do(s, i, x); err != nil {
			return fmt.Errorf("%s: sample %d: %w", l.file, i, err)
		}
	}
	return nil
}

// labelOf returns the class of sample i, which must be one of the network's.
func (l *loaded) labelOf(i int) (int, error) {
	label := l.source.Label(i)
	if label < 0 {
		return 0, fmt.Errorf("the class of sample %d is not known: expected labels beside the images", i)
	}
	if label >= l.net.OutSize() {
		return 0, fmt.Errorf("sample %d has class %d, the network has %d outputs", i, label, l.net.OutSize())
	}
	return label, nil
}

// runAll presents x.
func runAll(s *runtime.Session, x spike.Input) error {
	if err := s.Run(x); err != nil {
		return err
	}
	return s.Result().Check()
}
