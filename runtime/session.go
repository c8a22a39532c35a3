package runtime

import (
	"errors"
	"fmt"

	"github.com/snurun/snurun/asm"
	"github.com/snurun/snurun/spike"
)

// chunkSteps bounds how many time steps run layer by layer at once, and with
// it a session's memory.
const chunkSteps = 32

// ErrClosed is the error of a session that was used after Close.
var ErrClosed = errors.New("runtime: the session is closed")

// Session is the state of one stream through a network: membranes, last
// spikes and readout. It allocates when it is made and never in a step. One
// goroutine at a time may use it.
type Session struct {
	net     *Network
	states  []state
	input   inputs // of the layer that runs next, over a chunk of steps
	scratch inputs // of one step of a recurrent layer
	readout readout
	stats   Stats
	closed  bool
}

// Stats counts the work of a session since its last Reset.
type Stats struct {
	Steps       int     // time steps
	InputSpikes int     // active inputs
	Spikes      []int   // spikes of each layer; a soft or analog layer has none
	SynOps      []int64 // synaptic operations of each layer: active inputs × neurons
}

// TotalSpikes returns the spikes of all layers, without the input's.
func (s *Stats) TotalSpikes() int {
	n := 0
	for _, k := range s.Spikes {
		n += k
	}
	return n
}

// TotalSynOps returns the synaptic operations of all layers.
func (s *Stats) TotalSynOps() int64 {
	var n int64
	for _, k := range s.SynOps {
		n += k
	}
	return n
}

// NewSession returns a session in the network's initial state.
func (n *Network) NewSession() *Session {
	chunk := min(n.steps, chunkSteps)
	s := &Session{
		net:     n,
		states:  make([]state, len(n.layers)),
		readout: newReadout(n),
		stats:   Stats{Spikes: make([]int, len(n.layers)), SynOps: make([]int64, len(n.layers))},
	}
	widest, recurrent := n.in, 0
	for i := range n.layers {
		l := &n.layers[i]
		s.states[i] = newState(l, chunk)
		widest = max(widest, l.in)
		if l.recurrent {
			recurrent = max(recurrent, l.weights.Rows()+spike.WordBits)
		}
	}
	s.input = newInputs(chunk, widest)
	s.scratch = newInputs(1, recurrent)
	s.Reset()
	return s
}

// Close releases the session; it must not be used any more.
func (s *Session) Close() {
	*s = Session{closed: true}
}

// Reset returns the session to the network's initial state and clears the
// readout and the statistics.
func (s *Session) Reset() {
	for i := range s.states {
		s.states[i].reset(s.net.layers[i].initial)
	}
	s.readout.reset()
	clear(s.stats.Spikes)
	clear(s.stats.SynOps)
	s.stats.Steps, s.stats.InputSpikes = 0, 0
}

// Step advances the network by one time step of input spikes.
func (s *Session) Step(x spike.Vector) error {
	if err := s.check(len(x), "words", spike.Words); err != nil {
		return err
	}
	if !x.TailZero(s.net.in) {
		return fmt.Errorf("runtime: the input has spikes past channel %d", s.net.in-1)
	}
	s.input.begin(false)
	s.input.addSpikes(x, 0)
	s.input.endStep()
	s.advance()
	return nil
}

// StepValues advances the network by one time step of analog input, one value
// a channel.
func (s *Session) StepValues(x []float32) error {
	if err := s.check(len(x), "values", channels); err != nil {
		return err
	}
	if err := checkFinite(x, s.stats.Steps); err != nil {
		return err
	}
	s.input.begin(true)
	s.input.addValues(x, 0)
	s.input.endStep()
	s.advance()
	return nil
}

// Run advances the network over all steps of a spike train. Its result is
// that of Step for each, to the bit; it is faster because each layer runs over
// many steps while its weights are in cache.
func (s *Session) Run(x spike.Train) error {
	if err := s.check(x.Size(), "channels", channels); err != nil {
		return err
	}
	for t := 0; t < x.Steps(); {
		s.input.begin(false)
		for ; t < x.Steps() && s.input.steps < len(s.input.ends); t++ {
			s.input.addSpikes(x.At(t), 0)
			s.input.endStep()
		}
		s.advance()
	}
	return nil
}

// RunValues is Run for analog input.
func (s *Session) RunValues(x spike.Values) error {
	if err := s.check(x.Size(), "channels", channels); err != nil {
		return err
	}
	for t := range x.Steps() {
		if err := checkFinite(x.At(t), t); err != nil {
			return err
		}
	}
	for t := 0; t < x.Steps(); {
		s.input.begin(true)
		for ; t < x.Steps() && s.input.steps < len(s.input.ends); t++ {
			s.input.addValues(x.At(t), 0)
			s.input.endStep()
		}
		s.advance()
	}
	return nil
}

// Classify resets the session, runs a spike train and returns the result.
func (s *Session) Classify(x spike.Train) (Result, error) {
	s.Reset()
	if err := s.Run(x); err != nil {
		return Result{}, err
	}
	return s.Result(), nil
}

// ClassifyValues is Classify for analog input.
func (s *Session) ClassifyValues(x spike.Values) (Result, error) {
	s.Reset()
	if err := s.RunValues(x); err != nil {
		return Result{}, err
	}
	return s.Result(), nil
}

// Result returns the scores and the class after the steps run so far.
func (s *Session) Result() Result {
	if s.closed {
		return Result{}
	}
	return s.readout.result(&s.states[len(s.states)-1], s.net.tieBias)
}

// Stats returns the session's counts; its slices are the session's own and
// change with the next step.
func (s *Session) Stats() Stats { return s.stats }

// Spikes returns the spikes of a layer in the step run last, nil for a soft or
// analog layer. The vector is the session's own and changes with the next step.
func (s *Session) Spikes(layer int) spike.Vector {
	st := &s.states[layer]
	if st.trace.Y == nil {
		return nil
	}
	return st.spikes(st.last)
}

// Membrane returns the membranes s of a layer after the step run last; they
// are the session's own and change with the next step.
func (s *Session) Membrane(layer int) []float32 {
	st := &s.states[layer]
	return st.membrane(st.last)[:s.net.layers[layer].out]
}

// Outputs returns the outputs y of a soft layer in the step run last, nil for
// other layers. They are the session's own and change with the next step.
func (s *Session) Outputs(layer int) []float32 {
	st := &s.states[layer]
	if st.trace.Soft == nil {
		return nil
	}
	return st.soft(st.last)[:s.net.layers[layer].out]
}

func channels(n int) int { return n }

// check compares the size of an input with that of the network, both in unit.
func (s *Session) check(got int, unit string, of func(int) int) error {
	if s.closed {
		return ErrClosed
	}
	if want := of(s.net.in); got != want {
		return fmt.Errorf("runtime: the input has %d %s, the network takes %d", got, unit, want)
	}
	return nil
}

// advance runs every layer over the steps listed in s.input.
func (s *Session) advance() {
	steps := s.input.steps
	s.stats.Steps += steps
	s.stats.InputSpikes += s.input.n
	for i := range s.net.layers {
		l, st := &s.net.layers[i], &s.states[i]
		if i > 0 {
			s.listOutputs(i-1, steps)
		}
		st.rewind()
		active := s.input.n
		if l.recurrent {
			active = s.runRecurrent(l, st)
		} else {
			asm.Forward(&l.weights, &l.units, s.input.view(), &st.trace)
		}
		st.last = steps
		s.stats.SynOps[i] += int64(active) * int64(l.out)
		if hardOutput(l) {
			w := st.trace.YStride
			s.stats.Spikes[i] += spike.Vector(st.trace.Y[w : (steps+1)*w]).Count()
		}
	}
	s.readout.add(&s.states[len(s.states)-1], steps)
}

// listOutputs makes the outputs of layer i the input of the next one.
func (s *Session) listOutputs(i, steps int) {
	l, st := &s.net.layers[i], &s.states[i]
	s.input.begin(!hardOutput(l))
	for row := 1; row <= steps; row++ {
		st.appendOutput(&s.input, l, row, 0)
		s.input.endStep()
	}
}

// runRecurrent steps a layer whose own outputs are inputs of the next step and
// returns the number of active inputs, its own included.
func (s *Session) runRecurrent(l *layer, st *state) (active int) {
	for t := range s.input.steps {
		s.scratch.begin(s.input.analog || !hardOutput(l))
		s.scratch.addStep(&s.input, t)
		st.appendOutput(&s.scratch, l, t, l.in)
		s.scratch.endStep()
		asm.Forward(&l.weights, &l.units, s.scratch.view(), st.step(t))
		active += s.scratch.n
	}
	return active
}
