package stream

import (
	"fmt"
	"time"

	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// maxOpen bounds the windows that are open at once, and with them the sessions.
const maxOpen = 1024

// WindowOptions say which steps make a window. Window w begins with step
// w·Stride and has Steps steps.
type WindowOptions struct {
	// Steps is the length of a window; 0 stands for the model's steps.
	Steps int

	// Stride is the number of steps from the beginning of one window to that of
	// the next, at most Steps. 0 stands for Steps: windows follow one another.
	// A smaller stride makes them slide.
	Stride int

	// Keep lets the membranes run on, for ever. One session serves all windows,
	// and a window's scores are the readout over its own steps. Otherwise every
	// window begins in the initial state, as a sample did in training: its
	// decision is that of Session.Classify on its steps, to the bit, and each of
	// the ⌈Steps/Stride⌉ windows open at once has a session of its own.
	Keep bool

	// Margin, if above 0, decides a window early, after the first step at which
	// its leading score is at least Margin ahead of every other, by the rule of
	// Session.ClassifyEarly.
	Margin float32

	// Rearm begins the next window with the step after a decision, instead of
	// at the next multiple of Stride. It is for windows that do not slide.
	Rearm bool
}

// Decision is what was decided of one window.
type Decision struct {
	Window int64 // number of the window, from 0
	Step   int64 // number of the step that it was decided at, from 0

	// Lead is how far the leading score is ahead of the second; +Inf with one
	// class.
	Lead float32

	// Result holds the class, the scores and the number of steps that they
	// are of. The scores belong to the Windows and change with the next step.
	runtime.Result

	// Set by Run.
	TimeUS  int64         // end of the step, on the input's clock
	Latency time.Duration // from Frame.Arrived to the decision
}

// Windows groups time steps into windows and decides each. One goroutine at a
// time may use it. NewWindows makes one.
type Windows struct {
	o         WindowOptions
	shared    *runtime.Session // runs through all windows, if membranes are kept
	slots     []slot           // window w has slot w mod len(slots)
	opened    int64
	lost      int64 // given up for their scores
	steps     int64
	until     int // steps to the beginning of the next window
	decisions []Decision
}

// A slot holds one of the windows that are open at once.
type slot struct {
	session *runtime.Session // nil if membranes are kept
	readout *runtime.Readout // of the shared session, or nil
	window  int64
	steps   int // run so far
	open    bool
}

// NewWindows returns windows over the steps of a network's input. It allocates
// all it needs.
func NewWindows(net *runtime.Network, o WindowOptions) (*Windows, error) {
	if o.Steps == 0 {
		o.Steps = net.Steps()
	}
	if o.Stride == 0 {
		o.Stride = o.Steps
	}
	switch {
	case o.Steps < 1:
		return nil, fmt.Errorf("stream: window of %d steps, expected at least 1", o.Steps)
	case o.Stride < 1 || o.Stride > o.Steps:
		return nil, fmt.Errorf("stream: stride of %d steps, expected 1 to %d, the length of a window", o.Stride, o.Steps)
	case !(o.Margin >= 0) || o.Margin-o.Margin != 0:
		return nil, fmt.Errorf("stream: margin %v, expected 0 or more", o.Margin)
	case o.Rearm && o.Stride != o.Steps:
		return nil, fmt.Errorf("stream: rearm needs windows that follow one another, found a stride of %d and windows of %d steps", o.Stride, o.Steps)
	}
	open := (o.Steps-1)/o.Stride + 1
	if open > maxOpen {
		return nil, fmt.Errorf("stream: windows of %d steps at a stride of %d: %d would be open at once, expected at most %d; enlarge the stride", o.Steps, o.Stride, open, maxOpen)
	}
	w := &Windows{o: o, slots: make([]slot, open), decisions: make([]Decision, 0, open)}
	if o.Keep {
		w.shared = net.NewSession()
	}
	for i := range w.slots {
		if o.Keep {
			w.slots[i].readout = w.shared.NewReadout()
		} else {
			w.slots[i].session = net.NewSession()
		}
	}
	return w, nil
}

// Step takes in step t of x, as Session.Step does, and returns the windows that it
// decides, in order of their numbers. The decisions are valid until the next
// step. A step that fails has not happened, but for runtime.ErrRange: then the
// step gives up the windows that would be decided on scores that are not finite,
// and returns the decisions of the others beside the error. If membranes run on,
// it also gives up all windows where one of them is not finite at a decision, and
// membranes begin anew.
func (w *Windows) Step(x spike.Input, t int) ([]Decision, error) {
	if len(w.slots) == 0 {
		return nil, ErrClosed
	}
	if w.shared != nil {
		if err := w.shared.Step(x, t); err != nil {
			return nil, err
		}
	}
	n := int64(len(w.slots))
	if w.until == 0 {
		w.slots[w.opened%n].begin(w.opened)
		w.opened++
		w.until = w.o.Stride
	}
	w.decisions = w.decisions[:0]
	var lost error // of the first window given up
	for i := range n {
		s := &w.slots[(w.opened+i)%n] // the oldest window first
		if !s.open {
			continue
		}
		// All sessions refuse the same inputs, so if any fails, the first does.
		if err := s.step(x, t); err != nil {
			return nil, err
		}
		lead := s.lead()
		if s.steps < w.o.Steps && !(w.o.Margin > 0 && lead >= w.o.Margin) {
			continue
		}
		s.open = false
		if w.o.Rearm {
			w.until = 1 // this step
		}
		r := s.result()
		err := r.Check()
		if err == nil && w.shared != nil {
			err = w.shared.Check()
		}
		if err != nil {
			w.lost++
			if lost == nil {
				lost = fmt.Errorf("stream: window %d: %w", s.window, err)
			}
			continue
		}
		w.decisions = append(w.decisions, Decision{Window: s.window, Step: w.steps, Lead: lead, Result: r})
	}
	w.until--
	w.steps++
	if lost != nil && w.o.Keep {
		w.Restart()
	}
	return w.decisions, lost
}

// Restart gives up the windows that are open and returns to the initial state.
// The next step begins a window.
func (w *Windows) Restart() {
	for i := range w.slots {
		w.slots[i].open = false
	}
	if w.shared != nil {
		w.shared.Reset()
	}
	w.until = 0
}

func (s *slot) begin(window int64) {
	s.window, s.steps, s.open = window, 0, true
	if s.session != nil {
		s.session.Reset()
	} else {
		s.readout.Reset()
	}
}

func (s *slot) step(x spike.Input, t int) error {
	if s.session == nil {
		s.readout.Add()
	} else if err := s.session.Step(x, t); err != nil {
		return err
	}
	s.steps++
	return nil
}

func (s *slot) lead() float32 {
	if s.session != nil {
		return s.session.Lead()
	}
	return s.readout.Lead()
}

func (s *slot) result() runtime.Result {
	if s.session != nil {
		return s.session.Result()
	}
	return s.readout.Result()
}
