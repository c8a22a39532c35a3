package runtime

import "github.com/snurun/snurun/internal/layer"

// Readout reads a result from some steps of a session that runs on, beside the
// session's own readout, which takes in every step since Reset. A stream whose
// membranes run on has one for each of its overlapping windows. One of a closed
// session, as the zero Readout, takes in nothing.
type Readout struct {
	session *Session
	readout layer.Readout
}

// NewReadout returns a readout of the session that has taken in no step.
func (s *Session) NewReadout() *Readout {
	r := &Readout{session: s}
	if !s.closed() {
		r.readout = s.net.newReadout()
	}
	return r
}

// Reset forgets all steps. The session is not touched.
func (r *Readout) Reset() { r.readout.Reset() }

// Add takes in the step that the session ran last, by Step. It
// allocates nothing.
func (r *Readout) Add() {
	if s := r.session; s != nil && !s.closed() {
		r.readout.Add(s.states[len(s.states)-1])
	}
}

// Lead is Session.Lead over the steps taken in.
func (r *Readout) Lead() float32 { return lead(&r.readout) }

// Result is Session.Result over the steps taken in. A first_spike score counts
// its step from the first one taken in. The scores are the readout's own and
// change with its next Add or Reset.
func (r *Readout) Result() Result {
	s := r.session
	if s == nil || s.closed() {
		return Result{}
	}
	last := len(s.states) - 1
	return result(&r.readout, s.states[last], s.net.bias)
}
