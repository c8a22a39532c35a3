package train

import (
	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/internal/layer"
	"github.com/snurun/snurun/spike"
)

// sample is what one sample of a batch keeps until the update: its input and
// the states of all layers over all steps.
type sample struct {
	input  *dataset.Presentation
	states []*layer.State

	passed  [][]uint64  // with dropout: the spikes of each hidden layer that reach the next
	initial [][]float32 // with initial noise: the membranes of each layer before the first step

	lossValue float64
	right     bool
	counts    []int // spikes of each layer
}

func newSample(t *Trainer) *sample {
	s := &sample{
		input:  dataset.NewPresentation(t.model.Input, t.steps),
		states: make([]*layer.State, len(t.layers)),
		counts: make([]int, len(t.layers)),
	}
	for i, l := range t.layers {
		s.states[i] = l.NewState(t.steps, true)
	}
	return s
}

// scratch belongs to one worker: it is small enough to stay in its caches while
// sample follows sample.
type scratch struct {
	input, step *layer.Inputs
	loss        *lossState
	layers      []layerScratch
	rows        []uint32
	dots        []float32
}

// layerScratch is one layer's share of the backward pass of a sample.
type layerScratch struct {
	slopes asm.Slopes
	errors asm.Errors
}

func newScratch(t *Trainer) *scratch {
	w := &scratch{
		input: layer.NewInputs(0, 0, false), step: layer.NewInputs(0, 0, false),
		loss: newLossState(t.config.Loss, t.model.Readout.Kind, t.layers[len(t.layers)-1].Out, t.steps),
	}
	widest := 0
	for i, l := range t.layers {
		n := l.Units.N
		widest = max(widest, n)
		ls := layerScratch{
			slopes: asm.Slopes{Open: asm.NewSteps(t.steps, n)},
			errors: asm.Errors{
				Grad: asm.Floats(t.steps * n), Delta: &t.deltas[i], Next: asm.Floats(n),
				Detach: t.config.DetachReset || l.Lateral,
			},
		}
		if l.Units.Output == asm.NoOutput { // an analog layer passes every gradient on
			for k := range t.steps {
				for j := range l.Out {
					ls.slopes.Open.Add(j, k)
				}
			}
		} else {
			ls.slopes.Surrogate, ls.slopes.Width = t.config.Surrogate.kernel(), t.config.Surrogate.Width
			ls.slopes.D = asm.Floats(t.steps * n)
			ls.errors.Slope = ls.slopes.D
		}
		w.layers = append(w.layers, ls)
	}
	w.rows, w.dots = make([]uint32, widest), asm.Floats(widest)
	return w
}

// forward encodes sample index with the noise of key and runs the network.
func (s *sample) forward(t *Trainer, w *scratch, index int, key dataset.Key) error {
	if err := s.input.Load(t.source, index, key); err != nil {
		return err
	}
	w.input.Begin(t.analog)
	for k := range t.steps {
		if t.analog {
			w.input.AddValues(s.input.Values.At(k), 0)
		} else {
			w.input.AddSpikes(s.input.Spikes.At(k), 0)
		}
		w.input.EndStep()
	}
	for i, l := range t.layers {
		if i > 0 {
			s.list(t, w, i-1)
		}
		s.states[i].Reset(s.initialMembrane(t, i, key))
		l.Run(s.states[i], w.input, w.step)
		s.counts[i] = s.states[i].CountSpikes()
		if t.config.Dropout > 0 && i < len(t.layers)-1 && l.Spikes() {
			s.drop(t, i, key)
		}
	}
	return nil
}

// list makes what layer i passed on the input of the next one.
func (s *sample) list(t *Trainer, w *scratch, i int) {
	if s.passed == nil || s.passed[i] == nil {
		t.layers[i].List(w.input, s.states[i])
		return
	}
	words := spike.Words(t.layers[i].Out)
	w.input.Begin(false)
	for k := range t.steps {
		w.input.AddSpikes(s.passed[i][k*words:][:words], 0)
		w.input.EndStep()
	}
}

// backward sets the loss and the gradients of the sample, scaled by scale; its
// δ of step k goes to row number·steps + k of each matrix of t.deltas, its sums
// of δ over the steps to row number of each matrix of t.vectors.
func (s *sample) backward(t *Trainer, w *scratch, label, number int, scale float32) {
	last := len(t.layers) - 1
	s.lossValue, s.right = w.loss.gradient(s.states[last], label, w.layers[last].errors.Grad, t.layers[last].Units.N, scale)
	for i, l := range t.layers {
		if l.Units.Output != asm.NoOutput {
			w.layers[i].slopes.Evaluate(&l.Units, s.states[i].Trace(), t.steps)
		}
	}
	for i := last; i >= 0; i-- {
		s.backwardLayer(t, w, i, number)
		if i > 0 {
			s.passDown(t, w, i, number*t.steps, float32(scale*t.cost))
		}
	}
}

// backwardLayer walks the steps of layer i backwards and passes Hᵀδ on to the
// layer itself one step before.
func (s *sample) backwardLayer(t *Trainer, w *scratch, i, number int) {
	l, ls, v := t.layers[i], &w.layers[i], &t.vectors[i]
	tr := l.Gates(s.states[i])
	e := &ls.errors
	e.First = number * t.steps
	e.Bias, e.Decay, e.Current = v.bias.Row(number), v.decay.Row(number), v.current.Row(number)
	for _, sums := range [][]float32{e.Next, e.Bias, e.Decay, e.Current} {
		clear(sums)
	}
	if !l.Recurrent {
		asm.Backward(&l.Units, tr, e, 0, t.steps)
		return
	}
	n := l.Units.N
	for k := t.steps - 1; k >= 0; k-- {
		asm.Backward(&l.Units, tr, e, k, k+1)
		if k > 0 {
			rows := ls.open(w.rows, k-1, l)
			dots := w.dots[:len(rows)]
			asm.DotRows(dots, &l.Weights, rows, e.Next)
			for m, r := range rows {
				e.Grad[(k-1)*n+int(r)-l.In] += dots[m]
			}
		}
	}
}

// open lists the rows of the weights of the recurrent layer l for its own
// neurons whose slope at step k is not 0.
func (ls *layerScratch) open(rows []uint32, k int, l *layer.Layer) []uint32 {
	rows = rows[:0]
	for j := range l.Out {
		if ls.slopes.Open.Has(j, k) {
			rows = append(rows, uint32(l.In+j))
		}
	}
	return rows
}

// passDown sets the gradient of the layer below layer i to Wᵀδ where the slope is
// not 0: nothing else can change the loss.
func (s *sample) passDown(t *Trainer, w *scratch, i, first int, cost float32) {
	l, below, ls := t.layers[i], t.layers[i-1], &w.layers[i-1]
	clear(ls.errors.Grad)
	asm.DotSteps(ls.errors.Grad, below.Out, &l.Weights, &t.deltas[i], first, &ls.slopes.Open)
	if below.Units.Output == asm.NoOutput || cost == 0 && (s.passed == nil || s.passed[i-1] == nil) {
		return
	}
	for k := range t.steps {
		s.charge(ls, i-1, k, below, cost)
	}
}

// charge adds to the gradients of layer i at step k what a hidden spike costs;
// one that was dropped does not reach the layer above.
func (s *sample) charge(ls *layerScratch, i, k int, l *layer.Layer, cost float32) {
	n := l.Units.N
	grad := ls.errors.Grad[k*n:][:n]
	for j := range l.Out {
		if !ls.slopes.Open.Has(j, k) {
			continue
		}
		if s.passed != nil && s.passed[i] != nil && !s.reached(i, k, j, n) {
			grad[j] = 0
		}
		grad[j] += cost
	}
}
