// Package train learns the parameters of a spiking network by
// back-propagation through time.
//
// A Topology makes an untrained network, a Config says how it learns, and a
// Recipe is a choice of both that is known to work; a dataset.Source has the
// samples:
//
//	p := train.DefaultTopology(input, steps, classes)
//	p.Active, err = train.Activity(source, input, steps)
//	m, err := p.New(seed)
//	t, err := train.New(m, source, used, train.Defaults())
//	for !t.Done() {
//		p, err := t.Epoch(ctx, nil)        // loss, accuracy, firing rates
//	}
//	m = t.Model()
//
// The result is a model for package runtime, and for export.WriteFile. Package
// evaluate says how good it is, which margin to recommend for early decisions,
// and adds a self-test.
//
// The forward pass is that of package runtime, to the bit: both run their
// layers through the same kernels. The same seed gives the same bytes on any
// number of threads, CPU and tier, because each sample's gradients, and each
// weight's sum over samples, are computed by one goroutine in a fixed order.
package train

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/evaluate"
	"github.com/snurun/snurun/internal/layer"
	"github.com/snurun/snurun/model"
)

// ErrDiverged is the error of a training whose loss, gradients or parameters are
// no longer finite.
var ErrDiverged = errors.New("training diverged")

// Trainer trains one network on one data set. Methods of a Trainer must not be
// called concurrently.
type Trainer struct {
	config  Config
	model   *model.Network // as given; its parameters are those of the start
	source  dataset.Source
	indices []int // the samples to train on
	analog  bool

	sequences bool // samples have targets step by step, and lengths of their own
	windowed  bool // and run window by window, the state carried on
	steps     int  // that there is room for: of a presentation, or of a window

	layers        []*layer.Layer // as in the model; nil for one without neurons
	ways          []way
	units         [][]uint32 // of each layer, the unit of each neuron
	moments       []moments
	deltas        []asm.Matrix // δ of each layer but convolutions, a row a sample and step of the batch
	kernels       []asm.Matrix // the gradients of a convolution's weights, a row a sample of the batch
	inputs        []inputsOf   // of layers whose inputs are listed
	vectors       []vectors
	samples       []*sample
	active        []*sample // of a window
	workers       []*worker
	numbers       []uint32 // 0, 1, 2, … of the samples of a batch
	order         []int
	activeIndices []int // the samples of active in the source
	tasks         []task
	errs          []error    // of the parts of an update
	clip          *clip      // nil without one
	pruned        []*pruning // of each layer, nil where all weights stay
	print         *[sha256.Size]byte

	epoch   int     // finished epochs
	updates int     // parameter updates so far
	cost    float32 // of a hidden spike, now
	now     tally   // of the current epoch
}

// tally sums over the samples of an epoch so far.
type tally struct {
	done    int
	steps   int // that ran
	counted int // samples, or the steps that count
	loss    float64
	right   int
	of      int   // see sample
	counts  []int // spikes of each layer
}

// moments are an optimiser's running means for one layer.
type moments struct {
	weights              [2]asm.Matrix
	kernel               [3]asm.Matrix // of a convolution, and its summed gradient
	bias, decay, current [2][]float32
}

// worker is the scratch of one goroutine.
type worker struct {
	*scratch
	*block
}

// New returns a trainer for the samples of source with the given indices, from
// the parameters of m, which is not changed. Quantised weights are trained as the
// float32 numbers that they stand for, integer ones too.
func New(m *model.Network, source dataset.Source, indices []int, config Config) (*Trainer, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if m.HasIntegers() {
		m = m.Floats()
	}
	if err := trainable(m); err != nil {
		return nil, err
	}
	if config.RecurrentRate == 0 && slices.ContainsFunc(m.Layers, func(l model.Layer) bool { return l.Recurrent != nil }) {
		return nil, errors.New("train: recurrent rate is 0, at which recurrent weights never learn, expected a share above 0: Defaults has 0.1")
	}
	if config.DecayRate == 0 && config.Decay != Fixed {
		return nil, errors.New("train: decay rate is 0, at which decays never learn, expected a share above 0, or decay fixed: Defaults has 1")
	}
	if m.Readout.Kind == model.FirstSpike {
		return nil, errors.New("train: readout first_spike has no gradient: train with spike_count and change the readout afterwards")
	}
	if err := config.Loss.check(m.Readout.Kind); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if err := (evaluate.Set{Source: source, Indices: indices}).Check(m, true); err != nil {
		return nil, err
	}
	sequences := m.Readout.Kind.EachStep()
	if n := m.Layers[len(m.Layers)-1].OutSize(); len(config.ClassWeights) > 0 && (len(config.ClassWeights) != n || sequences) {
		return nil, fmt.Errorf("train: %d class weights, expected %d, one a class, and one class a sample", len(config.ClassWeights), n)
	}
	steps := m.Steps
	if sequences {
		steps = longest(source, indices, m.Steps)
	}
	windowed := sequences && 0 < config.Window && config.Window < steps
	whole := steps
	if windowed {
		steps = config.Window
	}
	if config.Window > 0 && !sequences {
		return nil, fmt.Errorf("train: windows of %d steps are for readouts with a decision a step, not for %s", config.Window, m.Readout.Kind)
	}
	if size := batchBytes(m, config.Batch, steps) + sequenceBytes(m, config.Batch, whole); size > maxBatchBytes {
		return nil, fmt.Errorf("train: a batch of %d samples of %d steps takes %.1f GB, expected at most %d GB: a smaller batch, fewer steps or smaller layers may help",
			config.Batch, whole, size/1e9, int64(maxBatchBytes/1e9))
	}
	t := &Trainer{
		sequences: sequences, windowed: windowed,
		config: config, model: m, source: source, indices: slices.Clone(indices),
		steps: steps, analog: m.Input.Encoder.Analog(),
		order:  make([]int, len(indices)),
		now:    tally{counts: make([]int, len(m.Layers))},
		layers: layer.New(m),
	}
	if err := t.roundWeights(); err != nil {
		return nil, err
	}
	n := len(t.layers)
	t.ways, t.units, t.moments = findWays(t.layers), make([][]uint32, n), make([]moments, n)
	t.deltas, t.kernels, t.inputs, t.vectors = make([]asm.Matrix, n), make([]asm.Matrix, n), make([]inputsOf, n), make([]vectors, n)
	for i, l := range t.layers {
		if l == nil {
			continue
		}
		if n := t.dropped(l); config.Dropout > 0 && 0 < n && n < len(l.Sources()) {
			return nil, fmt.Errorf("train: dropout is %v, but layer %d adds up spikes of hidden layers, which are dropped, and inputs that are not: no scale of its weights makes up for that", config.Dropout, i)
		}
		t.moments[i] = newMoments(l)
		if s := l.Scatter(); s != nil {
			t.kernels[i] = asm.NewRows(config.Batch, len(s.Weights()))
		} else {
			t.deltas[i] = l.Weights.Like(config.Batch * t.steps)
		}
		t.vectors[i] = newVectors(l, config.Batch)
		t.units[i] = make([]uint32, l.Out)
		for j := range l.Out {
			t.units[i][l.Neuron(j)] = uint32(j)
		}
		if err := t.checkTheta(i); err != nil {
			return nil, err
		}
	}
	t.tasks = t.listTasks()
	t.pruned = newPruning(t)
	t.errs = make([]error, max(config.Batch, len(t.tasks)))
	if config.Clip > 0 {
		t.clip = newClip(t)
	}
	for k := range config.Batch {
		t.samples = append(t.samples, newSample(t))
		t.numbers = append(t.numbers, uint32(k))
	}
	for range config.Threads {
		t.workers = append(t.workers, &worker{newScratch(t), newBlock(t)})
	}
	return t, nil
}

// maxBatchBytes bounds the memory of a batch.
const maxBatchBytes = 8e9

// longest returns the number of steps of the longest of some samples; those without a
// length are presented for as many as are given.
func longest(source dataset.Source, indices []int, presented int) int {
	n := 1
	for _, i := range indices {
		n = max(n, lengthOf(source, i, presented))
	}
	return n
}

func lengthOf(source dataset.Source, i, presented int) int {
	if n := dataset.Length(source, i); n > 0 {
		return n
	}
	return presented
}

// batchBytes estimates the memory of a batch: about six values a neuron and
// step, the lists of inputs, and the gradients of convolutions.
func batchBytes(m *model.Network, batch, steps int) float64 {
	values, kernels := float64(m.Input.Size()), 0.0
	for i := range m.Layers {
		l := &m.Layers[i]
		values += float64(24 * float64(asm.Pad(l.OutSize())))
		if l.Kind == model.Conv2D {
			kernels += float64(4 * float64(l.Weight.Len()))
		}
	}
	return (float64(values*float64(steps)) + kernels) * float64(batch)
}

// sequenceBytes is what the samples of a batch take, which are held from their first
// step to their last, whatever is computed at once: inputs and targets.
func sequenceBytes(m *model.Network, batch, steps int) float64 {
	input := float64(m.Input.Size()) / 8
	if m.Input.Encoder.Analog() {
		input = float64(4 * float64(m.Input.Size()))
	}
	targets := 8 + float64(float64(m.Layers[len(m.Layers)-1].OutSize())/8)
	return float64((input+targets)*float64(steps)) * float64(batch)
}

func newMoments(l *layer.Layer) moments {
	var o moments
	if s := l.Scatter(); s != nil {
		for k := range o.kernel {
			o.kernel[k] = asm.NewRows(1, len(s.Weights()))
		}
	}
	for k := range 2 {
		o.weights[k] = l.Weights.Like(l.Weights.Rows())
		o.bias[k], o.decay[k], o.current[k] = asm.Floats(l.Units.N), asm.Floats(l.Units.N), asm.Floats(l.Units.N)
	}
	return o
}

// Progress is where a training stands within an epoch; losses and counts are
// means over the epoch's samples so far, the loss over steps where these are decided.
type Progress struct {
	Epoch         int // from 1
	Done, Samples int
	Loss          float64
	// Accuracy is that on the training samples, while they are learned; ties go to the
	// lowest class. Of steps it is evaluate.Steps.Accuracy.
	Accuracy        float64
	SpikesPerSample float64 // of the hidden layers
	Rate            float64 // learning rate
	Pruned          float64 // share of the weights that are 0 for ever
	// Firing is the share of neurons of each layer that fire in a step; −1 for
	// a layer that passes no spikes on.
	Firing []float64
}

// Epoch trains to the end of the current epoch and returns its means.
// progress, if not nil, is called after every update. A cancelled context ends
// the call early with the context's error; the next call goes on from there.
// After the last epoch, see Done, there is nothing to train.
func (t *Trainer) Epoch(ctx context.Context, progress func(Progress)) (Progress, error) {
	if t.Done() {
		return t.progress(), fmt.Errorf("train: all %d epochs are trained", t.config.Epochs)
	}
	if t.now.done == 0 {
		if err := t.prune(); err != nil {
			return t.progress(), err
		}
	}
	copy(t.order, t.indices)
	dataset.Shuffle(t.order, dataset.KeyFor(t.config.Seed, purposeOrder, uint64(t.epoch)))
	for t.now.done < len(t.order) {
		if err := ctx.Err(); err != nil {
			return t.progress(), err
		}
		batch := t.order[t.now.done:min(t.now.done+t.config.Batch, len(t.order))]
		t.cost = t.config.spikeCost(t.at())
		err := t.update(batch, t.rate(t.at()))
		if err != nil && !errors.Is(err, ErrDiverged) {
			return t.progress(), err
		}
		if err != nil || t.now.loss-t.now.loss != 0 {
			p := t.progress()
			return p, fmt.Errorf("train: %w: in epoch %d, after %d samples, the loss is %v and gradients are not finite; a lower learning rate may help", ErrDiverged, p.Epoch, p.Done, p.Loss)
		}
		if progress != nil {
			progress(t.progress())
		}
	}
	p := t.progress()
	if err := t.Model().Validate(); err != nil {
		return p, fmt.Errorf("train: %w: after epoch %d: %w; a lower learning rate may help", ErrDiverged, p.Epoch, err)
	}
	t.epoch++
	t.now = tally{counts: make([]int, len(t.layers))}
	return p, nil
}

// at returns how far training is, in epochs.
func (t *Trainer) at() float64 {
	return float64(t.epoch) + float64(t.now.done)/float64(len(t.order))
}

// rate returns the learning rate at an epoch, which may be fractional.
func (t *Trainer) rate(at float64) float64 {
	return t.config.Optimizer.Rate * t.config.Schedule.factor(at, t.config.Epochs)
}

// lastRate returns the learning rate of the last update of the epoch.
func (t *Trainer) lastRate() float64 {
	from := (max(t.now.done, 1) - 1) / t.config.Batch * t.config.Batch
	return t.rate(float64(t.epoch) + float64(from)/float64(len(t.order)))
}

// add takes in a sample, or a window of one that is not its last.
func (a *tally) add(s *sample, last bool) {
	if last {
		a.done++
	}
	a.steps += s.steps
	a.counted += s.counted
	a.loss += s.lossValue
	a.right += s.right
	a.of += s.of
	for i, n := range s.counts {
		a.counts[i] += n
	}
}

// progress returns the means of the epoch so far.
func (t *Trainer) progress() Progress {
	done := float64(max(1, t.now.done))
	p := Progress{
		Epoch: t.epoch + 1, Done: t.now.done, Samples: len(t.order),
		Loss: t.now.loss / float64(max(1, t.now.counted)), Accuracy: float64(t.now.right) / float64(max(1, t.now.of)), Rate: t.lastRate(), Pruned: t.prunedShare(),
	}
	for i, n := range t.now.counts {
		perSample := float64(n) / done
		if i < len(t.layers)-1 {
			p.SpikesPerSample += perSample
		}
		firing := -1.0
		if l := t.layers[i]; l != nil && l.Spikes() {
			firing = float64(n) / (float64(max(1, t.now.steps)) * float64(l.Out))
		}
		p.Firing = append(p.Firing, firing)
	}
	return p
}

// update makes one parameter update from the samples of a batch, with windows one from
// each window of the sequences that have it.
func (t *Trainer) update(batch []int, rate float64) error {
	longest := t.steps
	for k, i := range batch {
		s := t.samples[k]
		s.length, s.targets = t.steps, dataset.Targets{}
		if t.sequences {
			s.length, s.targets = lengthOf(t.source, i, t.model.Steps), dataset.TargetsOf(t.source, i)
		}
		longest = max(longest, s.length)
	}
	for start := 0; start < longest; start += t.steps {
		if err := t.updateFrom(batch, start, rate); err != nil {
			return err
		}
	}
	return nil
}

// updateFrom is update for the window that begins with a step.
func (t *Trainer) updateFrom(batch []int, start int, rate float64) error {
	samples, indices := t.active[:0], t.activeIndices[:0]
	rows, counted := 0, 0
	for k, i := range batch {
		s := t.samples[k]
		if start >= s.length {
			continue
		}
		s.start, s.steps, s.first = start, min(t.steps, s.length-start), rows
		rows += s.steps
		samples, indices = append(samples, s), append(indices, i)
		for step := start; step < start+s.steps; step++ {
			if s.targets.Counts(step) {
				counted++
			}
		}
	}
	if !t.sequences {
		counted = len(batch)
	}
	scale := 1 / float32(max(1, counted))
	err := t.parallel((len(samples)+together-1)/together, func(w *worker, i int) error {
		from, to := i*together, min((i+1)*together, len(samples))
		if err := t.forward(w.scratch, samples[from:to], indices[from:to]); err != nil {
			return err
		}
		for k := from; k < to; k++ {
			samples[k].backward(t, w.scratch, t.source.Label(indices[k]), k, scale)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	for _, s := range samples {
		t.now.add(s, s.start+s.steps == s.length)
	}
	if counted == 0 { // nothing to learn from: the state alone is carried on
		return nil
	}
	t.updates++
	step := t.config.Optimizer.at(t.updates, rate)
	for i := range t.layers {
		if t.ways[i].listed {
			t.inputs[i].collect(t, i, samples)
		}
	}
	if t.config.Clip > 0 {
		err = t.clip.update(t, samples, step)
	} else {
		err = t.apply(samples, step)
	}
	if err != nil {
		return err
	}
	return t.round()
}

// apply changes all parameters by the gradients of the samples.
func (t *Trainer) apply(samples []*sample, step update) error {
	return t.parallel(len(t.tasks), func(w *worker, i int) error {
		switch k := t.tasks[i]; {
		case k.vectors:
			current, bias, decay, err := t.sumVectors(k.layer, len(samples))
			if err != nil {
				return err
			}
			t.applyVectors(k.layer, current, bias, decay, step)
		case k.kernel:
			t.applyKernel(k.layer, t.sumKernel(k.layer, len(samples)), step)
		default:
			t.applyRows(k, t.sumRows(w.block, k, samples), 0, step)
		}
		return nil
	})
}

// noise returns the key of the noise of a sample's input in the current epoch.
func (t *Trainer) noise(sample int) dataset.Key {
	if t.config.Frozen {
		return dataset.KeyFor(t.config.Seed, purposeNoise, uint64(sample))
	}
	return t.freshNoise(sample)
}

// freshNoise returns the key of a sample's noise in the current epoch, another
// one in every epoch.
func (t *Trainer) freshNoise(sample int) dataset.Key {
	return dataset.KeyFor(t.config.Seed, purposeNoise, uint64(sample)).Epoch(t.epoch)
}

// Done reports whether all epochs are trained.
func (t *Trainer) Done() bool { return t.epoch >= t.config.Epochs }

// Model returns the network with the parameters learned so far.
func (t *Trainer) Model() *model.Network {
	m := t.floats()
	if t.config.Weights == Int8 {
		q, _, err := model.Quantize(m, 8)
		if err != nil { // a training that diverged
			return m
		}
		m = q
	}
	for i, l := range t.layers {
		if l != nil && t.config.Dropout > 0 && t.dropped(l) > 0 {
			// All spikes arrive now: as many as in training, on average, if each
			// counts less.
			w := &m.Layers[i].Weight
			if w.Integer {
				scale(w.Scale, float32(1-t.config.Dropout))
			} else {
				scale(w.F32, float32(1-t.config.Dropout))
			}
		}
	}
	return m
}

// floats returns the network with what was learned, as float32.
func (t *Trainer) floats() *model.Network {
	m := *t.model
	m.Layers = slices.Clone(m.Layers)
	m.SelfTest = nil
	for i, l := range t.layers {
		if l != nil {
			l.Store(&m.Layers[i])
		}
	}
	return &m
}

// dropped returns the number of sources of a layer from which dropout keeps
// inputs.
func (t *Trainer) dropped(l *layer.Layer) int {
	n := 0
	for _, src := range l.Sources() {
		if src >= 0 && drops(t.layers[src]) {
			n++
		}
	}
	return n
}

// drops reports whether dropout is of what a layer passes on: spikes, or the outputs of
// soft units.
func drops(l *layer.Layer) bool { return l.Spikes() || l.Units.Output == asm.Sigmoidal }

func scale(w []float32, by float32) {
	for i := range w {
		w[i] *= by
	}
}
