//go:build !board

package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/plot"
)

func (p *plotter) curves(files []string) (*plot.Figure, error) {
	var runs []plot.Run
	for i, name := range runNames(files) {
		m, err := loadModel(files[i])
		if err != nil {
			return nil, err
		}
		run, err := readHistory(name, m)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", files[i], err)
		}
		runs = append(runs, run)
	}
	return plot.Curves(runs)
}

// readHistory returns the training history that train stored in a model.
func readHistory(name string, m *model.Network) (plot.Run, error) {
	run := plot.Run{Name: name}
	history, err := historyOf(m)
	if err != nil {
		return run, err
	}
	for _, e := range history {
		run.Epochs = append(run.Epochs, plot.Epoch{Epoch: e.Epoch, Loss: e.Loss, Train: e.TrainAccuracy, Held: e.HeldAccuracy, Test: e.TestAccuracy})
	}
	return run, nil
}

// historyOf returns what train stored of the epochs of a model.
func historyOf(m *model.Network) (history []epochReport, err error) {
	text, ok := m.Metadata["history"].(string)
	if !ok {
		return nil, errors.New("there is no metadata \"history\", which 'snurun train' writes")
	}
	if err := json.Unmarshal([]byte(text), &history); err != nil {
		return nil, fmt.Errorf("metadata \"history\" is not what 'snurun train' writes: %w", err)
	}
	return history, nil
}

// runNames names models by their files, with as many folders as tell each from
// the others.
func runNames(files []string) []string {
	names := make([]string, len(files))
	for i, f := range files {
		for elements, longer := 1, true; longer; elements++ {
			names[i], longer = endOfPath(f, elements)
			longer = longer && slices.ContainsFunc(files, func(other string) bool {
				name, _ := endOfPath(other, elements)
				return other != f && name == names[i]
			})
		}
	}
	return names
}

// endOfPath returns the last elements of a file's path, without its extension,
// and whether there are more.
func endOfPath(file string, elements int) (end string, more bool) {
	path := strings.Split(filepath.ToSlash(filepath.Clean(strings.TrimSuffix(file, filepath.Ext(file)))), "/")
	n := max(0, len(path)-elements)
	return strings.Join(path[n:], "/"), n > 0
}

func (p *plotter) confusion(args []string) (*plot.Figure, error) {
	l, err := p.load(args)
	if err != nil {
		return nil, err
	}
	s, err := p.summary(l)
	if err != nil {
		return nil, err
	}
	counts := s.Confusion
	for len(counts) < l.outputs() {
		counts = append(counts, make([]int, l.outputs()))
	}
	return plot.Confusion(counts, l.classes())
}

// eachModel loads the models of files one after the other, which must have the
// same time step, and calls f with each. It returns the time step.
func (p *plotter) eachModel(files []string, f func(name string, l *loaded) error) (dt model.Millis, err error) {
	for i, name := range runNames(files) {
		l, err := p.load(files[i : i+1])
		if err != nil {
			return 0, err
		}
		if i == 0 {
			dt = l.model.Input.Step()
			p.options.steps = cmp.Or(p.options.steps, dataset.Steps(l.source, l.model.Steps))
		} else if l.model.Input.Step() != dt {
			return 0, fmt.Errorf("%s has time steps of %v ms, %s of %v ms: they have no common axis", files[i], l.model.Input.Step(), files[0], dt)
		}
		if err := f(name, l); err != nil {
			return 0, err
		}
	}
	return dt, nil
}

func (p *plotter) accuracy(files []string) (*plot.Figure, error) {
	var curves []plot.AccuracyCurve
	dt, err := p.eachModel(files, func(name string, l *loaded) error {
		c, err := p.margins(l)
		if err != nil {
			return err
		}
		a := plot.AccuracyCurve{Name: name, Trained: l.model.Steps}
		for _, k := range c.ByStep {
			share := float64(k) / float64(c.Samples)
			a.Mean = append(a.Mean, share)
			a.Error = append(a.Error, math.Sqrt(share*(1-share)/float64(c.Samples)))
		}
		curves = append(curves, a)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return plot.Accuracy(curves, dt)
}

// spikes shows the spikes of the models in args; the last is their input, unless it is
// named like a model.
func (p *plotter) spikes(args []string) (*plot.Figure, error) {
	var given []string
	if n := len(args) - 1; n > 0 && !strings.EqualFold(filepath.Ext(args[n]), ".msgpack") {
		args, given = args[:n], args[n:]
	}
	var all []plot.NetworkSpikes
	for i, name := range runNames(args) {
		l, err := p.load(append(args[i:i+1:i+1], given...))
		if err != nil {
			return nil, err
		}
		n, err := p.networkSpikes(l)
		if err != nil {
			return nil, err
		}
		n.Name = name
		all = append(all, n)
	}
	return plot.Spikes(all)
}

// networkSpikes counts spikes over the samples that the flags name.
func (p *plotter) networkSpikes(l *loaded) (n plot.NetworkSpikes, err error) {
	samples := 0.0
	sums, squares := make([]float64, 1+len(l.model.Layers)), make([]float64, 1+len(l.model.Layers))
	err = p.samples(l, func(out *evaluate.Outcome) {
		n.Steps = out.Result.Steps
		samples++
		for i, k := range append([]int64{out.Stats.InputSpikes}, out.Stats.Spikes...) {
			sums[i] += float64(k)
			squares[i] += float64(float64(k) * float64(k))
		}
	})
	if err != nil {
		return n, err
	}
	add := func(i int, name string, neurons int) {
		mean := sums[i] / samples
		spread := 0.0
		if samples > 1 {
			spread = math.Sqrt(max(0, squares[i]/samples-float64(mean*mean)) / (samples - 1))
		}
		n.Layers = append(n.Layers, plot.LayerSpikes{Name: name, Neurons: neurons, Mean: mean, Error: spread})
	}
	if !l.model.Input.Encoder.Analog() {
		add(0, "input", l.run.Network().InSize())
	}
	for i := range l.model.Layers {
		if layer := &l.model.Layers[i]; layer.Spikes() {
			add(i+1, layerName(l.model, i), layer.OutSize())
		}
	}
	if len(n.Layers) == 0 {
		return n, fmt.Errorf("%s: neither the input nor a layer spikes", l.file)
	}
	return n, nil
}

// rates shows firing rates over epochs: of one model by layer, of several over all.
func (p *plotter) rates(files []string) (*plot.Figure, error) {
	var all []plot.Series
	for i, name := range runNames(files) {
		m, err := loadModel(files[i])
		if err != nil {
			return nil, err
		}
		history, err := historyOf(m)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", files[i], err)
		}
		hz := 1000 / float64(m.Input.Step())
		if len(files) == 1 && len(history) > 0 && len(history[0].Firing) > 0 {
			all = layerRates(m, history, hz)
			break
		}
		neurons := 0
		for i := range m.Layers[:len(m.Layers)-1] {
			if l := &m.Layers[i]; l.Spikes() {
				neurons += l.OutSize()
			}
		}
		if neurons == 0 {
			return nil, fmt.Errorf("%s: no hidden layer spikes", files[i])
		}
		s := plot.Series{Name: name}
		for _, e := range history {
			s.X = append(s.X, float64(e.Epoch))
			s.Y = append(s.Y, e.HiddenSpikesPerSample/float64(neurons)/float64(m.Steps)*hz)
		}
		all = append(all, s)
	}
	return plot.FiringRates(all)
}

// layerRates returns a curve for each layer of m that fires; hz is the rate of a spike
// every step.
func layerRates(m *model.Network, history []epochReport, hz float64) []plot.Series {
	var all []plot.Series
	for i := range m.Layers {
		s := plot.Series{Name: layerName(m, i)}
		for _, e := range history {
			if i < len(e.Firing) && e.Firing[i] >= 0 {
				s.X, s.Y = append(s.X, float64(e.Epoch)), append(s.Y, hz*e.Firing[i])
			}
		}
		if len(s.X) > 0 {
			all = append(all, s)
		}
	}
	return all
}

func (p *plotter) histogram(files []string) (*plot.Figure, error) {
	m, err := loadModel(files[0])
	if err != nil {
		return nil, err
	}
	var layers []plot.Weighted
	add := func(name string, w *model.Tensor) {
		if w == nil || len(w.Shape) == 0 {
			return
		}
		values := plot.Weighted{Name: name}
		for j := range w.Shape[0] {
			values.Values = append(values.Values, w.Row(j, nil)...)
		}
		layers = append(layers, values)
	}
	for i := range m.Layers {
		add(layerName(m, i), &m.Layers[i].Weight)
		add(layerName(m, i)+", recurrent", m.Layers[i].Recurrent)
	}
	if len(layers) == 0 {
		return nil, fmt.Errorf("%s: no layer has weights", files[0])
	}
	return plot.Histogram(layers)
}
