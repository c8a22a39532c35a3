package stream

import (
	"fmt"

	"github.com/snurun/snurun/model"
)

// What of a window was below its floor, or that windows do not agree: the values
// of Decision.Below.
const (
	BelowEvents = "events"
	BelowScore  = "score"
	BelowLead   = "lead"
	BelowAgree  = "agree"
)

// below returns which part of a floor a window does not reach, "" if it reaches
// all.
func below(f model.Floor, events int64, score, lead float32) string {
	switch {
	case events < f.Events:
		return BelowEvents
	case f.Score != 0 && !(score >= f.Score):
		return BelowScore
	case !(lead >= f.Lead):
		return BelowLead
	}
	return ""
}

// Agree is how many of how many windows must name a class for it to be decided:
// at least Windows of the last Of, the newest among them. The zero value lets
// every window decide alone.
type Agree struct{ Windows, Of int }

// maxAgree bounds Agree.Of.
const maxAgree = 1 << 16

func (a Agree) check() error {
	if a != (Agree{}) && !(1 <= a.Windows && a.Windows <= a.Of && a.Of <= maxAgree) {
		return fmt.Errorf("stream: agreement of %d of %d windows, expected 1 to N of N, N at most %d", a.Windows, a.Of, maxAgree)
	}
	return nil
}

// nothing is the class of a window without one.
const nothing = -1

// votes holds the classes of the last windows.
type votes struct {
	need   int
	last   []int // a ring, nothing where a window named no class
	at     int
	counts []int // of each class in last
}

func newVotes(a Agree, classes int) votes {
	v := votes{need: a.Windows, last: make([]int, a.Of), counts: make([]int, classes)}
	v.clear()
	return v
}

// clear forgets all votes.
func (v *votes) clear() {
	for i := range v.last {
		v.last[i] = nothing
	}
	clear(v.counts)
}

// add takes in the class of a window, or nothing, and returns what the last ones
// agree on: the class with the most votes, if it has enough; of several the one
// that was named last.
func (v *votes) add(class int) int {
	if len(v.last) == 0 {
		return class
	}
	if old := v.last[v.at]; old != nothing {
		v.counts[old]--
	}
	v.last[v.at] = class
	if class != nothing {
		v.counts[class]++
	}
	best, most := nothing, v.need-1
	for i := range v.last {
		// The newest first: another class must have more.
		c := v.last[(v.at+len(v.last)-i)%len(v.last)]
		if c != nothing && v.counts[c] > most {
			best, most = c, v.counts[c]
		}
	}
	v.at = (v.at + 1) % len(v.last)
	return best
}
