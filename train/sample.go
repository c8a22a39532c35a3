package train

import (
	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/dataset"
	"github.com/snurun/snurun/internal/layer"
)

// sample is what one sample of a batch needs: its input, the states of all
// layers over all steps, and the gradients of its own.
type sample struct {
	input  *dataset.Presentation
	states []*layer.State
	loss   *lossState
	layers []sampleLayer

	lossValue float64
	right     bool
	count     int // spikes of hidden layers
}

// sampleLayer is one layer's share of the backward pass of a sample. A row is
// Units.N values, a row a time step.
type sampleLayer struct {
	slope []float32  // surrogate at u, or derivative of the soft output
	open  [][]uint32 // per step, the neurons where slope is not 0
	grad  []float32  // derivative of the loss by the layer's output
	bias, decay,
	current []float32 // derivatives by the parameters
}

// scratch belongs to one worker.
type scratch struct {
	input, step *layer.Inputs
	dp, next    []float32 // δ of step t and t+1
	dots        []float32
	rows        []uint32
}

func newSample(t *Trainer) *sample {
	s := &sample{input: dataset.NewPresentation(t.model.Input, t.steps), states: make([]*layer.State, len(t.layers)), layers: make([]sampleLayer, len(t.layers))}
	for i, l := range t.layers {
		s.states[i] = l.NewState(t.steps, true)
		n := l.Units.N
		sl := &s.layers[i]
		sl.grad = asm.Floats(t.steps * n)
		sl.bias, sl.decay, sl.current = asm.Floats(n), asm.Floats(n), asm.Floats(n)
		if l.Units.Output != asm.NoOutput {
			sl.slope = asm.Floats(t.steps * n)
			sl.open = make([][]uint32, t.steps)
		}
	}
	s.loss = newLossState(t.config.Loss, t.model.Readout.Kind, t.layers[len(t.layers)-1].Out, t.steps)
	return s
}

func newScratch(t *Trainer) *scratch {
	widest := 0
	for _, l := range t.layers {
		widest = max(widest, l.Units.N, asm.Pad(l.In))
	}
	return &scratch{
		input: layer.NewInputs(0, 0), step: layer.NewInputs(0, 0),
		dp: asm.Floats(widest), next: asm.Floats(widest), dots: asm.Floats(widest),
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
	s.count = 0
	for i, l := range t.layers {
		if i > 0 {
			t.layers[i-1].List(w.input, s.states[i-1])
		}
		s.states[i].Reset(l.Initial)
		l.Run(s.states[i], w.input, w.step)
		if i < len(t.layers)-1 {
			s.count += s.states[i].CountSpikes()
		}
	}
	return nil
}

// backward sets the loss and the gradients of the sample, whose row of δ at
// step k is row first + k of each matrix of t.deltas. The gradients are scaled
// by scale.
func (s *sample) backward(t *Trainer, w *scratch, label, first int, scale float32) {
	last := len(t.layers) - 1
	n := t.layers[last].Units.N
	s.lossValue, s.right = s.loss.gradient(s.states[last], label, s.layers[last].grad, n, scale)
	for i := range t.layers {
		s.slopes(t, i)
	}
	for i := last; i >= 0; i-- {
		s.backwardLayer(t, w, i, first)
	}
}

// slopes evaluates the derivative of the output of layer i by u, at all steps.
func (s *sample) slopes(t *Trainer, i int) {
	l, sl := t.layers[i], &s.layers[i]
	if sl.slope == nil {
		return
	}
	for k := range t.steps {
		row := sl.slope[k*l.Units.N:][:l.Out]
		if l.Spikes() {
			t.config.Surrogate.slope(row, s.states[i].Membrane(k+1), l.Units.Bias)
		} else {
			for j, y := range s.states[i].Soft(k + 1) {
				row[j] = y * (1 - y)
			}
		}
		open := sl.open[k][:0]
		for j, d := range row {
			if d != 0 {
				open = append(open, uint32(j))
			}
		}
		sl.open[k] = open
	}
}

// backwardLayer walks the steps of layer i backwards. With p, s, u, y of
// package model and G the derivative of the loss by the layer's output,
//
//	du_t = (G_t + reset_t)·slope(u_t)     reset_t = −dp_{t+1}·l·s_t (zero) or −dp_{t+1}·θ (subtract)
//	ds_t = du_t + dp_{t+1}·l·(1 − y_t)    without the gate unless the reset is zero; G_t if there is no output
//	dp_t = ds_t·g'(p_t)
//
// It stores dp as δ and passes Wᵀ·δ on to the layer below, where that one's
// slope is not 0, and Hᵀ·δ to the layer itself one step before.
func (s *sample) backwardLayer(t *Trainer, w *scratch, i, first int) {
	l, sl, st := t.layers[i], &s.layers[i], s.states[i]
	n := l.Units.N
	clear(sl.bias)
	clear(sl.decay)
	clear(sl.current)
	dp, next := w.dp[:n], w.next[:n]
	clear(dp)
	clear(next)
	for k := t.steps - 1; k >= 0; k-- {
		s.errors(t, i, k, dp, next)
		t.deltas[i].SetRow(first+k, dp)
		for j, d := range dp {
			sl.current[j] += d
		}
		if t.learnsDecay(i) {
			decayGradient(sl.decay[:l.Out], dp, st, k, l.Units.Reset)
		}
		if l.Recurrent && k > 0 {
			rows := sl.open[k-1]
			dots := w.dots[:len(rows)]
			asm.DotRows(dots, &l.Weights, offsetRows(w, rows, l.In), dp)
			for m, j := range rows {
				sl.grad[(k-1)*n+int(j)] += dots[m]
			}
		}
		if i > 0 {
			s.passDown(t, w, i, k, dp)
		}
		dp, next = next, dp
	}
}

// errors sets dp to the derivative of the loss by p at step k of layer i, from
// that of step k+1 in next, and adds to the gradient of the bias.
func (s *sample) errors(t *Trainer, i, k int, dp, next []float32) {
	l, sl, st := t.layers[i], &s.layers[i], s.states[i]
	u := &l.Units
	grad := sl.grad[k*u.N:][:l.Out]
	membrane := st.Membrane(k + 1)[:l.Out]
	decay := u.Decay[:l.Out]
	dp, next = dp[:l.Out], next[:l.Out]
	if u.Output == asm.NoOutput {
		for j, g := range grad {
			ds := g + float32(next[j]*decay[j])
			dp[j] = float32(ds * derivative(u, membrane[j]))
		}
		return
	}
	slope := sl.slope[k*u.N:][:l.Out]
	bias := sl.bias[:l.Out]
	spikes, soft := st.Spikes(k+1), st.Soft(k+1)
	for j, g := range grad {
		carried := float32(next[j] * decay[j])
		gate := float32(1)
		if spikes != nil {
			if spikes.Get(j) {
				gate = 0
			}
		} else {
			gate = 1 - soft[j]
		}
		back := carried
		switch {
		case u.Reset == asm.ResetZero:
			back = float32(carried * gate)
			if !t.config.DetachReset {
				g -= float32(carried * membrane[j])
			}
		case u.Reset == asm.ResetSubtract && !t.config.DetachReset:
			g -= float32(next[j] * u.Theta[j])
		}
		du := float32(g * slope[j])
		bias[j] += du
		dp[j] = float32((du + back) * derivative(u, membrane[j]))
	}
}

// derivative returns g'(p) from s = g(p).
func derivative(u *asm.Units, s float32) float32 {
	if s > 0 || u.Activation == asm.Identity {
		return 1
	}
	switch u.Activation {
	case asm.ReLU:
		return 0
	case asm.LeakyReLU:
		return u.Slope
	default: // ELU: exp(p) = s + 1
		return s + 1
	}
}

// decayGradient adds dp·∂p/∂l of step k to dst.
func decayGradient(dst, dp []float32, st *layer.State, k int, reset asm.Reset) {
	before := st.Membrane(k)
	spikes, soft := st.Spikes(k), st.Soft(k)
	for j := range dst {
		carried := before[j]
		if reset == asm.ResetZero {
			if spikes != nil {
				if spikes.Get(j) {
					continue
				}
			} else {
				carried = float32(carried * (1 - soft[j]))
			}
		}
		dst[j] += float32(dp[j] * carried)
	}
}

// passDown sets the gradient of the layer below at step k.
func (s *sample) passDown(t *Trainer, w *scratch, i, k int, dp []float32) {
	below, sl := t.layers[i-1], &s.layers[i-1]
	grad := sl.grad[k*below.Units.N:][:below.Out]
	if sl.open == nil { // an analog layer passes every gradient on
		asm.DotRows(grad, &t.layers[i].Weights, t.allRows[:below.Out], dp)
		return
	}
	clear(grad)
	rows := sl.open[k]
	dots := w.dots[:len(rows)]
	asm.DotRows(dots, &t.layers[i].Weights, rows, dp)
	for m, j := range rows {
		grad[j] = dots[m]
	}
}

// offsetRows returns rows, each plus base, in the worker's scratch.
func offsetRows(w *scratch, rows []uint32, base int) []uint32 {
	w.rows = w.rows[:0]
	for _, r := range rows {
		w.rows = append(w.rows, r+uint32(base))
	}
	return w.rows
}
