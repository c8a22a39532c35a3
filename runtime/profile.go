package runtime

import "time"

// profile adds up the time that each layer takes.
type profile struct {
	times []time.Duration
	base  time.Time // readings of the clock are relative to it, which is cheaper
	last  time.Duration
}

// Profile makes the session measure the time that each layer takes from here
// on, and starts LayerTimes anew. Each layer then costs a reading of the clock
// a call: a share that Run keeps small, and Step does not.
func (s *Session) Profile() {
	if !s.closed() {
		s.profile = &profile{times: make([]time.Duration, len(s.states)), base: time.Now()}
	}
}

// LayerTimes returns the time that each layer has taken since Profile, with
// the listing of the spikes of the layer before it; nil without Profile. The
// slice is the session's own and changes with the next step.
func (s *Session) LayerTimes() []time.Duration {
	if s.profile == nil {
		return nil
	}
	return s.profile.times
}

func (p *profile) begin() { p.last = time.Since(p.base) }

// end takes the time since begin, or since the last end, as that of a layer.
func (p *profile) end(layer int) {
	now := time.Since(p.base)
	p.times[layer] += now - p.last
	p.last = now
}
