package train

import (
	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/internal/layer"
	"github.com/snurun/snurun/spike"
)

// sample is what one sample of a batch needs: its input, the states of all
// layers over all steps, and the gradients of its own.
type sample struct {
	input  *dataset.Presentation
	states []*layer.State
	loss   *lossState
	layers []sampleLayer

	passed  [][]uint64  // with dropout: the spikes of each hidden layer that reach the next
	initial [][]float32 // with initial noise: the membranes of each layer before the first step

	lossValue float64
	right     bool
	counts    []int // spikes of each layer
}

// sampleLayer is one layer's share of the backward pass of a sample.
type sampleLayer struct {
	slopes asm.Slopes
	errors asm.Errors
}

// scratch belongs to one worker.
type scratch struct {
	input, step *layer.Inputs
	rows        []uint32
	dots        []float32
}

func newSample(t *Trainer) *sample {
	s := &sample{
		input:  dataset.NewPresentation(t.model.Input, t.steps),
		states: make([]*layer.State, len(t.layers)),
		layers: make([]sampleLayer, len(t.layers)),
		counts: make([]int, len(t.layers)),
		loss:   newLossState(t.config.Loss, t.model.Readout.Kind, t.layers[len(t.layers)-1].Out, t.steps),
	}
	for i, l := range t.layers {
		s.states[i] = l.NewState(t.steps, true)
		n := l.Units.N
		sl := &s.layers[i]
		sl.errors = asm.Errors{
			Grad: asm.Floats(t.steps * n), Delta: asm.Floats(t.steps * n), Next: asm.Floats(n),
			Bias: asm.Floats(n), Decay: asm.Floats(n), Current: asm.Floats(n),
			Detach: t.config.DetachReset || l.Lateral,
		}
		if l.Units.Output != asm.NoOutput {
			sl.slopes = asm.Slopes{
				Surrogate: t.config.Surrogate.kernel(), Width: t.config.Surrogate.Width, Neurons: l.Out,
				D: asm.Floats(t.steps * n), Open: make([]uint64, t.steps*spike.Words(n)),
			}
			sl.errors.Slope = sl.slopes.D
		}
	}
	return s
}

func newScratch(t *Trainer) *scratch {
	widest := 0
	for _, l := range t.layers {
		widest = max(widest, l.Units.N)
	}
	return &scratch{
		input: layer.NewInputs(0, 0), step: layer.NewInputs(0, 0),
		rows: make([]uint32, spike.Words(widest)*spike.WordBits), dots: asm.Floats(widest),
	}
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
// δ of step k goes to row first + k of each matrix of t.deltas.
func (s *sample) backward(t *Trainer, w *scratch, label, first int, scale float32) {
	last := len(t.layers) - 1
	s.lossValue, s.right = s.loss.gradient(s.states[last], label, s.layers[last].errors.Grad, t.layers[last].Units.N, scale)
	for i, l := range t.layers {
		if l.Units.Output != asm.NoOutput {
			s.layers[i].slopes.Evaluate(&l.Units, s.states[i].Trace(), t.steps)
		}
	}
	for i := last; i >= 0; i-- {
		s.backwardLayer(t, w, i, scale)
		n := t.layers[i].Units.N
		for k := range t.steps {
			t.deltas[i].SetRow(first+k, s.layers[i].errors.Delta[k*n:][:n])
		}
	}
}

// backwardLayer walks the steps of layer i backwards, passes Hᵀδ on to the
// layer itself one step before and Wᵀδ to the layer below.
func (s *sample) backwardLayer(t *Trainer, w *scratch, i int, scale float32) {
	l, sl := t.layers[i], &s.layers[i]
	tr := l.Gates(s.states[i])
	n := l.Units.N
	e := &sl.errors
	clear(e.Next)
	clear(e.Bias)
	clear(e.Decay)
	clear(e.Current)
	if l.Recurrent {
		for k := t.steps - 1; k >= 0; k-- {
			asm.Backward(&l.Units, tr, e, k, k+1)
			if k > 0 {
				rows := sl.open(w, k-1, n, l.In)
				dots := w.dots[:len(rows)]
				asm.DotRows(dots, &l.Weights, rows, e.Delta[k*n:][:n])
				for m, r := range rows {
					e.Grad[(k-1)*n+int(r)-l.In] += dots[m]
				}
			}
		}
	} else {
		asm.Backward(&l.Units, tr, e, 0, t.steps)
	}
	if i > 0 {
		s.passDown(t, w, i, float32(scale*t.cost))
	}
}

// open lists, each plus base, the neurons whose slope at step k is not 0: no
// other can change the loss.
func (sl *sampleLayer) open(w *scratch, k, n, base int) []uint32 {
	words := spike.Words(n)
	return w.rows[:asm.Indices(w.rows, sl.slopes.Open[k*words:][:words], uint32(base))]
}

// passDown sets the gradient of the layer below layer i. A hidden spike costs
// cost; one that was dropped does not reach layer i.
func (s *sample) passDown(t *Trainer, w *scratch, i int, cost float32) {
	weights, below, sl := &t.layers[i].Weights, t.layers[i-1], &s.layers[i-1]
	above, n := t.layers[i].Units.N, below.Units.N
	for k := range t.steps {
		delta := s.layers[i].errors.Delta[k*above:][:above]
		grad := sl.errors.Grad[k*n:][:n]
		if below.Units.Output == asm.NoOutput { // an analog layer passes every gradient on
			asm.DotRows(grad[:below.Out], weights, t.allRows[:below.Out], delta)
			continue
		}
		clear(grad)
		rows := sl.open(w, k, n, 0)
		dots := w.dots[:len(rows)]
		asm.DotRows(dots, weights, rows, delta)
		for m, r := range rows {
			if s.passed == nil || s.passed[i-1] == nil || s.reached(i-1, k, int(r), n) {
				grad[r] = dots[m]
			}
			grad[r] += cost
		}
	}
}
