package runtime

import (
	"errors"
	"fmt"
	"iter"

	"github.com/snurun/snurun/internal/layer"
	"github.com/snurun/snurun/spike"
)

// chunkSteps bounds how many time steps run layer by layer at once, and with
// it a session's memory.
const chunkSteps = 32

// chunkInputs bounds the inputs of a chunk.
const chunkInputs = 1 << 22

// ErrClosed is the error of a session that is used after Close, or that is of no
// network, as the zero Session.
var ErrClosed = errors.New("runtime: the session is closed, or of no network")

// ErrRange is the error of a network whose sums leave the range of float32.
var ErrRange = errors.New("the sums leave the range of float32")

// Session is the state of one stream through a network: membranes, last
// spikes and readout. It allocates when it is made and never in a step. One
// goroutine at a time may use it. Network.NewSession makes one.
type Session struct {
	net     *Network
	states  []*layer.State
	input   *layer.Inputs // of the network, over a chunk of steps
	inner   *layer.Inputs // of the layer that runs next
	scratch *layer.Scratch
	chunk   int // time steps that run layer by layer at once
	readout layer.Readout
	stats   Stats
	profile *profile // nil unless it is asked for
}

// Stats counts the work of a session since its last Reset.
type Stats struct {
	Steps       int64   // time steps
	InputSpikes int64   // active inputs
	Spikes      []int64 // spikes of each layer; a soft or analog layer has none
	SynOps      []int64 // synaptic operations of each layer: active inputs × the neurons that each reaches
}

func newStats(layers int) Stats {
	return Stats{Spikes: make([]int64, layers), SynOps: make([]int64, layers)}
}

func (s *Stats) reset() {
	clear(s.Spikes)
	clear(s.SynOps)
	s.Steps, s.InputSpikes = 0, 0
}

// TotalSpikes returns the spikes of all layers, without the input's.
func (s *Stats) TotalSpikes() int64 { return sum(s.Spikes) }

// TotalSynOps returns the synaptic operations of all layers.
func (s *Stats) TotalSynOps() int64 { return sum(s.SynOps) }

func sum(counts []int64) (n int64) {
	for _, k := range counts {
		n += k
	}
	return n
}

// newReadout returns a readout of the last layer.
func (n *Network) newReadout() layer.Readout { return layer.NewReadout(n.model.Readout.Kind, n.out) }

// NewSession returns a session in the network's initial state.
func (n *Network) NewSession() *Session {
	if len(n.layers) == 0 {
		return new(Session)
	}
	s := &Session{
		net:     n,
		chunk:   n.chunk(),
		states:  make([]*layer.State, len(n.layers)),
		readout: n.newReadout(),
		stats:   newStats(len(n.layers)),
	}
	for i, l := range n.layers {
		if l != nil {
			s.states[i] = l.NewState(s.chunk, false)
		}
	}
	s.input = layer.NewInputs(s.chunk, n.in, n.analog)
	s.inner = layer.NewInputs(s.chunk, n.widest, n.analog)
	s.scratch = layer.NewScratch(n.layers, n.analog)
	s.Reset()
	return s
}

// closed reports whether there is no network to run.
func (s *Session) closed() bool { return s.net == nil }

// Close releases the session. It is then as the zero Session: what can fail
// returns ErrClosed, and there are no results.
func (s *Session) Close() {
	*s = Session{}
}

// Reset returns the session to the network's initial state and clears the
// readout and the statistics.
func (s *Session) Reset() {
	for i, st := range s.states {
		if st != nil {
			st.Reset(s.net.layers[i].Initial)
		}
	}
	s.readout.Reset()
	s.stats.reset()
}

// Step advances the network by step t of x. Whoever gets steps one by one fills
// an input of one step anew for each, and runs its step 0.
func (s *Session) Step(x spike.Input, t int) error {
	steps, err := s.stepsOf(x)
	if err != nil {
		return err
	}
	if t < 0 || t >= steps {
		return fmt.Errorf("runtime: %w: it has %d steps, there is no step %d", ErrInput, steps, t)
	}
	return s.run(x, t, t+1)
}

// Run advances the network over all steps of x. Its result is that of Step for
// each, to the bit; it is faster because each layer runs over many steps while
// its weights are in cache.
func (s *Session) Run(x spike.Input) error {
	steps, err := s.stepsOf(x)
	if err != nil {
		return err
	}
	return s.run(x, 0, steps)
}

func (s *Session) stepsOf(x spike.Input) (int, error) {
	if s.closed() {
		return 0, ErrClosed
	}
	return s.net.stepsOf(x)
}

// run runs the steps of x from t up to, not including, to.
func (s *Session) run(x spike.Input, t, to int) error {
	if err := s.net.check(x, t, to); err != nil {
		return err
	}
	chunk := s.chunk
	if _, values := x.(spike.Values); values && !s.net.analog {
		chunk = 1 // as the lists have room for the values of one step
	}
	for ; t < to; t += chunk {
		s.input.Take(x, t, min(to, t+chunk))
		s.advance()
	}
	return nil
}

// Classify resets the session, runs x and returns the result. An input without
// steps is an ErrEmpty.
func (s *Session) Classify(x spike.Input) (Result, error) {
	s.Reset()
	steps, err := s.stepsOf(x)
	if err == nil {
		err = s.run(x, 0, steps)
	}
	return s.finish(steps, err)
}

// Decisions resets the session, runs x and yields the result after each step: of a
// readout with a decision a step, that decision. The scores are valid until the next.
// An error, ErrRange where a score is not finite, is the last. For such a readout it is
// as fast as Run.
func (s *Session) Decisions(x spike.Input) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		s.Reset()
		steps, err := s.stepsOf(x)
		if err == nil && steps == 0 {
			err = errEmpty()
		}
		if err != nil {
			yield(Result{}, err)
			return
		}
		chunk := 1
		if s.readout.Kind.EachStep() { // whose scores are kept of a chunk
			chunk = s.chunk
		}
		last := s.states[len(s.states)-1]
		for t := 0; t < steps; t += chunk {
			if err := s.run(x, t, min(steps, t+chunk)); err != nil {
				yield(Result{}, err)
				return
			}
			for row := 1; row <= last.Steps(); row++ {
				r := s.Result()
				if chunk > 1 {
					u := last.Membrane(row)
					r = resultOf(u, u, s.net.bias, t+row)
				}
				err := r.Check()
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}

// ClassifyEarly is Classify, but stops after the first step at which the
// leading score is at least margin ahead of every other. Result.Steps says how
// many steps it took.
//
// The margin is in units of the score: spikes for spike_count, membrane for the
// membrane readouts; for first_spike any margin up to 1/T stops at the first
// spike of T steps, unless two come at once. A count of spikes that leads by
// more than the steps left is final; a smaller margin trades accuracy for steps.
// A margin of 0 or less stops after the first step.
func (s *Session) ClassifyEarly(x spike.Input, margin float32) (Result, error) {
	s.Reset()
	steps, err := s.stepsOf(x)
	for t := 0; err == nil && t < steps && (t == 0 || s.Lead() < margin); t++ {
		err = s.run(x, t, t+1)
	}
	return s.finish(steps, err)
}

// finish returns the result of a presentation of a number of steps that ended
// with err.
func (s *Session) finish(steps int, err error) (Result, error) {
	if err != nil {
		return Result{}, err
	}
	if steps == 0 {
		return Result{}, errEmpty()
	}
	r := s.Result()
	if err := r.Check(); err != nil {
		return Result{}, err
	}
	return r, nil
}

// Check returns ErrRange if a membrane or a score is not finite: what runs on from
// there may be so for ever. Scores that count spikes do not show it. Outputs are
// finite where their membranes are.
func (s *Session) Check() error {
	for i := range s.states {
		if j := notFinite(s.Membrane(i)); j >= 0 {
			return fmt.Errorf("runtime: %w: membrane %d of layer %d is %v", ErrRange, j, i, s.Membrane(i)[j])
		}
	}
	return s.Result().Check()
}

// Lead returns how far the leading score is ahead of the second: the quantity
// that an early decision waits for. It is 0 before the first step and +Inf with
// a single class.
func (s *Session) Lead() float32 {
	return lead(&s.readout)
}

// Result returns the scores and the class after the steps run so far.
func (s *Session) Result() Result {
	if s.closed() {
		return Result{}
	}
	last := len(s.states) - 1
	return result(&s.readout, s.states[last], s.net.bias)
}

// Stats returns the session's counts; its slices are the session's own and
// change with the next step.
func (s *Session) Stats() Stats { return s.stats }

// state returns the state of a layer, nil if it has none.
func (s *Session) state(layer int) *layer.State {
	if s.closed() {
		return nil
	}
	return s.states[layer]
}

// Spikes returns the spikes of a layer in the step run last, nil for a soft,
// counting or analog layer and for one without neurons. The vector is the session's own and
// changes with the next step.
func (s *Session) Spikes(layer int) spike.Vector {
	st := s.state(layer)
	if st == nil {
		return nil
	}
	return st.Spikes(st.Steps())
}

// Membrane returns the membranes s of a layer after the step run last; they
// are the session's own and change with the next step.
func (s *Session) Membrane(layer int) []float32 {
	st := s.state(layer)
	if st == nil {
		return nil
	}
	return st.Membrane(st.Steps())
}

// Outputs returns the outputs y of a soft layer, or one that counts its spikes, in
// the step run last, nil for other layers. They are the session's own and change with the next step.
func (s *Session) Outputs(layer int) []float32 {
	st := s.state(layer)
	if st == nil {
		return nil
	}
	return st.Soft(st.Steps())
}

// advance runs every layer over the steps listed in s.input; each layer's
// outputs become the list of the next.
func (s *Session) advance() {
	s.stats.Steps += int64(s.input.Steps())
	s.stats.InputSpikes += int64(s.input.Len())
	if s.profile != nil {
		s.profile.begin()
	}
	for i, l := range s.net.layers {
		if l == nil {
			continue
		}
		st := s.states[i]
		in := l.Feed(s.inner, s.input, s.net.layers, s.states)
		s.stats.SynOps[i] += l.Run(st, in, s.scratch)
		s.stats.Spikes[i] += st.CountSpikes()
		if s.profile != nil {
			s.profile.end(i)
		}
	}
	s.readout.Add(s.states[len(s.states)-1])
}
