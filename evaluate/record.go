package evaluate

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// Record is what one layer did, step by step. What was not asked for, or what the
// layer does not have, is empty.
type Record struct {
	// Outputs are what the layer hands on: y, a spike.Train, or spike.Values of a
	// soft layer; of an analog layer s.
	Outputs  spike.Input
	Membrane spike.Values // s after each step
}

// What says what a Recorder keeps of a layer.
type What struct{ Outputs, Membrane bool }

// Recorder keeps what layers of a network do in a session, step by step.
type Recorder struct {
	Layers []Record // one a layer of the network; one without neurons has nothing
	step   int
}

// NewRecorder makes room for so many steps of a network; what tells what of each
// layer is kept.
func NewRecorder(net *runtime.Network, steps int, what func(layer int) What) (*Recorder, error) {
	r := &Recorder{Layers: make([]Record, net.Layers())}
	s := net.NewSession()
	defer s.Close()
	for i := range r.Layers {
		w, n := what(i), len(s.Membrane(i))
		if n == 0 || w == (What{}) {
			continue
		}
		if steps > math.MaxInt/4/n {
			return nil, fmt.Errorf("%d steps of the %d neurons of layer %d are more than this machine can address", steps, n, i)
		}
		if w.Outputs && s.Spikes(i) != nil {
			r.Layers[i].Outputs = spike.NewTrain(steps, n)
		} else if w.Outputs {
			r.Layers[i].Outputs = spike.NewValues(steps, n)
		}
		if w.Membrane {
			r.Layers[i].Membrane = spike.NewValues(steps, n)
		}
	}
	return r, nil
}

// Add records the step that a session has just made. Past the room that there is
// nothing is kept.
func (r *Recorder) Add(s *runtime.Session) {
	for i := range r.Layers {
		l := &r.Layers[i]
		switch x := l.Outputs.(type) {
		case spike.Train:
			if r.step < x.Steps() {
				copy(x.At(r.step), s.Spikes(i))
			}
		case spike.Values:
			y := s.Outputs(i)
			if y == nil {
				y = s.Membrane(i)
			}
			if r.step < x.Steps() {
				copy(x.At(r.step), y)
			}
		}
		if r.step < l.Membrane.Steps() {
			copy(l.Membrane.At(r.step), s.Membrane(i))
		}
	}
	r.step++
}

// Reset makes the next step that is added the first one again. What was kept stays
// until it is overwritten.
func (r *Recorder) Reset() { r.step = 0 }

// Record runs x from the initial state, step by step, and returns what its layers
// did and the result, of which the caller checks whether it is finite.
func (e *Evaluator) Record(ctx context.Context, x spike.Input, what func(layer int) What) (*Recorder, runtime.Result, error) {
	r, err := NewRecorder(e.net, x.Steps(), what)
	if err != nil {
		return nil, runtime.Result{}, err
	}
	w := e.worker(x.Steps())
	defer e.release(w)
	w.session.Reset()
	for t := range x.Steps() {
		if err := ctx.Err(); err != nil {
			return nil, runtime.Result{}, err
		}
		if err := w.session.Step(x, t); err != nil {
			return nil, runtime.Result{}, err
		}
		r.Add(w.session)
	}
	result := w.session.Result()
	result.Scores = slices.Clone(result.Scores)
	return r, result, nil
}
