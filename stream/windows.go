package stream

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/runtime"
	"github.com/snurun/snurun/spike"
)

// maxOpen bounds the windows that are open at once, and with them the sessions.
const maxOpen = 1024

// WindowOptions say which steps make a window. Window w begins with step
// w·Stride and has Steps steps. A network with a decision a step decides windows of
// one step, and its membranes run on: there Steps is 0 or 1 and Keep goes without saying.
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

	// Onset, if given, is what lets a window begin, and the next one after it. It is
	// for windows that do not slide.
	Onset Onset

	// Floor is what a window must reach to be of a class: see Decision.Below. No
	// window is decided early before it reaches it.
	Floor model.Floor

	// Agree lets windows decide together, see there.
	Agree Agree

	// Threads is how many threads Run lets windows that are open at once go on with,
	// each in a session of its own; up to 1 is one. Decisions are the same, in the same
	// order. It pays where a step takes some µs.
	Threads int
}

// Onset is how something begins: a step of at least Events events, or active channels,
// behind Quiet steps of fewer. The zero value is none: windows begin when their time
// has come.
type Onset struct{ Events, Quiet int }

// given reports whether there is something to wait for.
func (o Onset) given() bool { return o.Events > 0 }

// Decision is what was decided of one window.
type Decision struct {
	Window int64 // number of the window, from 0
	Step   int64 // number of the step that it was decided at, from 0

	// Lead is how far the leading score is ahead of the second; +Inf with one
	// class.
	Lead float32

	// Events is how many events, or active channels, the window has.
	Events int64

	// Below says why the decision is for no class: BelowEvents, BelowScore or
	// BelowLead of WindowOptions.Floor, or BelowAgree. It is empty if Class is
	// decided.
	Below string

	// Leading is the class of the window's largest score, whatever Below is. Class
	// is that too, but with WindowOptions.Agree, what windows agree on.
	Leading int

	// Changed says that the one before was another class, or none; the first is
	// a change if it has a class.
	Changed bool

	// Partial says that the end of the window did not come: Flush decided it.
	Partial bool

	// Result holds the class, the scores and the number of steps that they
	// are of. The scores belong to the Windows and change with the next step.
	runtime.Result

	// Model is the outline of the network that the window ran through.
	Model *model.Network

	// Set by Run.
	TimeUS  int64         // end of the step, on the input's clock
	Latency time.Duration // from Frame.Arrived to the decision
}

// Windows groups time steps into windows and decides each. One goroutine at a
// time may use it. NewWindows makes one.
type Windows struct {
	o         WindowOptions
	net       *runtime.Network
	next      atomic.Pointer[successor]
	sessions  []*runtime.Session // of a successor, for the slots that begin a window
	shared    *runtime.Session   // runs through all windows, if membranes are kept
	slots     []slot             // window w has slot w mod len(slots)
	opened    int64
	lost      int64 // given up for their scores
	steps     int64
	until     int // steps to the beginning of the next window
	quiet     int // steps in a row with fewer events than Onset, so far
	decisions []Decision
	votes     votes
	class     int // decided last, or nothing
	crew      *crew
}

// A slot holds one of the windows that are open at once.
type slot struct {
	net     *runtime.Network
	session *runtime.Session // nil if membranes are kept
	readout *runtime.Readout // of the shared session, or nil
	window  int64
	steps   int   // run so far
	events  int64 // in them
	open    bool
	err     error // of its last step
}

// NewWindows returns windows over the steps of a network's input. It allocates
// all it needs.
func NewWindows(net *runtime.Network, o WindowOptions) (*Windows, error) {
	o = o.completed(net)
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
	case o.Floor.Check() != nil:
		return nil, fmt.Errorf("stream: %w", o.Floor.Check())
	case o.Threads < 0:
		return nil, fmt.Errorf("stream: %d threads, expected 0 or more", o.Threads)
	case o.Agree.check() != nil:
		return nil, o.Agree.check()
	case o.Rearm && o.Stride != o.Steps:
		return nil, fmt.Errorf("stream: rearm needs windows that follow one another, found a stride of %d and windows of %d steps", o.Stride, o.Steps)
	}
	if o.Onset.Events < 0 || o.Onset.Quiet < 0 || o.Onset.Events == 0 && o.Onset.Quiet > 0 {
		return nil, fmt.Errorf("stream: onset of %d events behind %d steps, expected 1 or more and 0 or more", o.Onset.Events, o.Onset.Quiet)
	}
	if o.Onset.given() && o.Stride != o.Steps {
		return nil, fmt.Errorf("stream: an onset needs windows that follow one another, found a stride of %d and windows of %d steps", o.Stride, o.Steps)
	}
	if kind := net.Readout().Kind; kind.EachStep() && (o.Steps != 1 || o.Margin > 0) {
		return nil, fmt.Errorf("stream: readout %s decides at every step: windows of %d steps and a margin of %v, expected a window of 1 step and none", kind, o.Steps, o.Margin)
	}
	open := (o.Steps-1)/o.Stride + 1
	if open > maxOpen {
		return nil, fmt.Errorf("stream: windows of %d steps at a stride of %d: %d would be open at once, expected at most %d; enlarge the stride", o.Steps, o.Stride, open, maxOpen)
	}
	w := &Windows{
		o: o, net: net, slots: make([]slot, open), decisions: make([]Decision, 0, open),
		votes: newVotes(o.Agree, net.OutSize()), class: nothing,
	}
	if o.Keep {
		w.shared = net.NewSession()
	}
	for i := range w.slots {
		w.slots[i].net = net
		if o.Keep {
			w.slots[i].readout = w.shared.NewReadout()
		} else {
			w.slots[i].session = net.NewSession()
		}
	}
	return w, nil
}

// completed returns the options with the length of a window for net.
func (o WindowOptions) completed(net *runtime.Network) WindowOptions {
	if net.Readout().Kind.EachStep() {
		o.Keep, o.Steps = true, cmp.Or(o.Steps, 1)
	}
	o.Steps = cmp.Or(o.Steps, net.Steps())
	return o
}

// A successor is a network that windows go on with.
type successor struct {
	net      *runtime.Network
	o        WindowOptions
	sessions []*runtime.Session
	shared   *runtime.Session
	readouts []*runtime.Readout
}

// Replace lets the windows that begin from now on run through net, with the
// Margin, Floor and Agree of o; those that are open end with the network that they
// began with. If membranes run on, windows that are open are given up when the
// next one begins. The network must take the same input, and o must have the same
// windows. Replace may be called from any goroutine.
func (w *Windows) Replace(net *runtime.Network, o WindowOptions) error {
	if len(w.slots) == 0 {
		return ErrClosed
	}
	n, err := NewWindows(net, o)
	if err != nil {
		return err
	}
	is, was := n.o, w.o
	switch a, b := net.Input(), w.net.Input(); {
	case !slices.Equal(a.Shape, b.Shape) || a.Encoder.Analog() != b.Encoder.Analog() || a.Encoder.Coding != b.Encoder.Coding || a.Step() != b.Step() ||
		!slices.Equal(a.Encoder.Delta, b.Encoder.Delta) || a.Encoder.Difference != b.Encoder.Difference || !reflect.DeepEqual(a.Encoder.Sound, b.Encoder.Sound):
		return fmt.Errorf("stream: the network takes input of shape %v, %v, in steps of %v ms, expected %v, %v, %v ms and, of signals, the same parameters: %w", a.Shape, a.Encoder, a.Step(), b.Shape, b.Encoder, b.Step(), runtime.ErrInput)
	case is.Steps != was.Steps || is.Stride != was.Stride || is.Keep != was.Keep || is.Rearm != was.Rearm:
		return fmt.Errorf("stream: windows of %d steps at a stride of %d, expected those of before, %d at %d", is.Steps, is.Stride, was.Steps, was.Stride)
	}
	s := &successor{net: net, o: n.o, shared: n.shared}
	for i := range n.slots {
		s.sessions = append(s.sessions, n.slots[i].session)
		s.readouts = append(s.readouts, n.slots[i].readout)
	}
	w.next.Store(s)
	return nil
}

// succeed goes on with a successor. The slots that are open keep their sessions.
func (w *Windows) succeed(s *successor) {
	w.net, w.o, w.sessions = s.net, s.o, s.sessions
	w.votes, w.class = newVotes(s.o.Agree, s.net.OutSize()), nothing
	if w.shared == nil {
		return
	}
	w.Restart()
	w.shared, w.sessions = s.shared, nil
	for i := range w.slots {
		w.slots[i].readout, w.slots[i].net = s.readouts[i], s.net
	}
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
	return w.step(x, t, active(x, t))
}

// active returns the number of active channels of a step, 0 if there is none. It
// calls no method of the interface: x would escape to the heap.
func active(x spike.Input, t int) (n int) {
	switch x := x.(type) {
	case spike.Train:
		if 0 <= t && t < x.Steps() {
			n = x.At(t).Count()
		}
	case spike.Values:
		if 0 <= t && t < x.Steps() {
			for _, v := range x.At(t) {
				if v != 0 {
					n++
				}
			}
		}
	}
	return n
}

// step is Step of an input with so many events.
func (w *Windows) step(x spike.Input, t, events int) ([]Decision, error) {
	n := int64(len(w.slots))
	if w.until == 0 {
		if s := w.next.Swap(nil); s != nil {
			w.succeed(s)
		}
	}
	if w.shared != nil {
		if err := w.shared.Step(x, t); err != nil {
			return nil, err
		}
	}
	if begins := w.begins(events); begins && w.until == 0 {
		at := w.opened % n
		if w.sessions != nil && w.sessions[at] != nil {
			w.slots[at].session, w.slots[at].net, w.sessions[at] = w.sessions[at], w.net, nil
		}
		w.slots[at].begin(w.opened)
		w.opened++
		w.until = w.o.Stride
	}
	w.decisions = w.decisions[:0]
	together := w.crew != nil && w.shared == nil && n > 1
	if together {
		w.crew.step(x, t)
	}
	var lost error // of the first window given up
	for i := range n {
		s := &w.slots[(w.opened+i)%n] // the oldest window first
		if !s.open {
			continue
		}
		if !together {
			s.err = s.step(x, t)
		}
		// All sessions refuse the same inputs, so if any fails, the first does.
		if s.err != nil {
			return nil, s.err
		}
		s.events += int64(events)
		if s.steps < w.o.Steps && !w.early(s) {
			continue
		}
		if w.o.Rearm || w.o.Onset.given() {
			w.until = 1 // this step
		}
		if err := w.decide(s, w.steps); err != nil && lost == nil {
			lost = err
		}
	}
	w.until = max(w.until-1, 0) // 0 while an onset is waited for
	w.steps++
	if lost != nil && w.o.Keep {
		w.Restart()
	}
	return w.decisions, lost
}

// begins reports whether something begins with a step of so many events: a window, if
// none is open. It is asked at every step.
func (w *Windows) begins(events int) bool {
	o := w.o.Onset
	if !o.given() {
		return true
	}
	quiet := w.quiet
	if events < o.Events {
		w.quiet++
		return false
	}
	w.quiet = 0
	return quiet >= o.Quiet
}

// early reports whether a window is decided before its end.
func (w *Windows) early(s *slot) bool {
	if !(w.o.Margin > 0) {
		return false
	}
	lead := s.lead()
	if lead < w.o.Margin {
		return false
	}
	r := s.result()
	return below(w.o.Floor, s.events, r.Scores[r.Class], lead) == ""
}

// decide closes a window at a step and appends its decision, or returns why it
// has none.
func (w *Windows) decide(s *slot, step int64) error {
	s.open = false
	r := s.result()
	err := r.Check()
	if err == nil && w.shared != nil {
		err = w.shared.Check()
	}
	if err != nil {
		w.lost++
		return fmt.Errorf("stream: window %d: %w", s.window, err)
	}
	d := Decision{Window: s.window, Step: step, Lead: s.lead(), Events: s.events, Leading: r.Class, Model: s.net.Model(), Result: r}
	d.Below = below(w.o.Floor, d.Events, r.Scores[r.Class], d.Lead)
	class := r.Class
	if d.Below != "" {
		class = nothing
	}
	switch {
	case s.net == w.net:
		class = w.votes.add(class)
	case w.o.Agree.Of > 0:
		class = nothing // of a network that no longer votes
	}
	if class != nothing {
		d.Class, d.Below = class, ""
	} else if d.Below == "" {
		d.Below = BelowAgree
	}
	d.Changed = class != w.class
	w.class = class
	w.decisions = append(w.decisions, d)
	return nil
}

// Length returns the number of steps of a window, and from the beginning of one to
// that of the next.
func (w *Windows) Length() (steps, stride int) { return w.o.Steps, w.o.Stride }

// Open returns how many windows have begun and are not decided, and how many steps
// the oldest of them has.
func (w *Windows) Open() (windows, steps int) {
	for i := range w.slots {
		if s := &w.slots[i]; s.open {
			windows, steps = windows+1, max(steps, s.steps)
		}
	}
	return windows, steps
}

// Flush decides the windows that are open on the steps that they have, in order of
// their numbers, as at the end of an input. Decisions and errors are as those of
// Step; the next step begins a window.
func (w *Windows) Flush() ([]Decision, error) {
	if len(w.slots) == 0 {
		return nil, ErrClosed
	}
	w.decisions = w.decisions[:0]
	var lost error
	n := int64(len(w.slots))
	for i := range n {
		s := &w.slots[(w.opened+i)%n]
		if !s.open {
			continue
		}
		if err := w.decide(s, w.steps-1); err != nil {
			lost = cmp.Or(lost, err)
			continue
		}
		w.decisions[len(w.decisions)-1].Partial = true
	}
	w.until = 0
	if lost != nil && w.o.Keep {
		w.Restart()
	}
	return w.decisions, lost
}

// Restart gives up the windows that are open, with what they agreed on, and
// returns to the initial state.
// The next step begins a window.
func (w *Windows) Restart() {
	for i := range w.slots {
		w.slots[i].open = false
	}
	if w.shared != nil {
		w.shared.Reset()
	}
	w.votes.clear()
	w.until, w.quiet = 0, 0
}

func (s *slot) begin(window int64) {
	s.window, s.steps, s.events, s.open = window, 0, 0, true
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
