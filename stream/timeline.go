package stream

// maxPosition bounds positions on a timeline: 285 years of µs, which fit a
// time.Duration and a float64.
const maxPosition = 1 << 53

// A place is where a position lies, seen from the step being filled.
type place uint8

const (
	within place = iota // in the step
	late                // before it
	later               // behind it
	beyond              // more than the gap away, or before time has begun
)

// A timeline divides positions, times in µs or numbers of steps, into steps of
// equal width.
type timeline struct {
	width int64
	gap   int64
	back  int64 // a lateness beyond that of events on their way
	from  int64 // beginning of the step being filled
	begun bool  // whether from is known
}

// begin makes p the beginning of a step.
func (l *timeline) begin(p int64) { l.from, l.begun = p, true }

// place returns where p lies; both p and from are within [0, maxPosition].
func (l *timeline) place(p int64) place {
	switch d := p - l.from; {
	case !l.begun || d < -l.gap || d >= l.width && d > l.gap:
		return beyond
	case d < 0:
		return late
	case d < l.width:
		return within
	default:
		return later
	}
}
