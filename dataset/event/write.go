package event

import (
	"bufio"
	"fmt"
	"io"
)

// maxWriteGap is the longest time between two events, or from 0 to the first,
// that a format takes which spends bytes on the passing of time: 1 h. Without a
// limit one event far in the future would fill the disk.
const maxWriteGap = 3_600_000_000

// An output is what the writers share: buffering and the checks of an event.
type output struct {
	*bufio.Writer
	format string
	limit  Size  // extent of the coordinates
	gaps   bool  // whether time between events costs bytes
	n      int64 // events written
	last   int64 // time of the last one
}

// newOutput returns an output for a sensor of the given size, or for the
// largest that the format holds if that is unknown.
func newOutput(format string, w io.Writer, size, largest Size) (output, error) {
	if size.Width > largest.Width || size.Height > largest.Height {
		return output{}, fmt.Errorf("event: %s: a %s sensor, expected at most %s", format, size, largest)
	}
	if !size.Known() {
		size = largest
	}
	return output{Writer: bufio.NewWriterSize(w, windowSize), format: format, limit: size}, nil
}

// admit checks an event and takes note of its time.
func (o *output) admit(e Event) error {
	switch {
	case int(e.X) >= o.limit.Width || int(e.Y) >= o.limit.Height:
		return o.refuse(e, "expected it inside %s", o.limit)
	case e.P > 1:
		return o.refuse(e, "expected polarity 0 or 1")
	case e.T < o.last:
		return o.refuse(e, "expected a time not before %d µs, as the format stores events in order of time", o.last)
	case o.gaps && e.T-o.last > maxWriteGap:
		return o.refuse(e, "expected at most %d µs after %d µs; subtract the recording's start", int64(maxWriteGap), o.last)
	}
	o.last = e.T
	o.n++
	return nil
}

func (o *output) refuse(e Event, msg string, args ...any) error {
	return fmt.Errorf("event: write %s: event %d (t=%d x=%d y=%d p=%d): %s", o.format, o.n, e.T, e.X, e.Y, e.P, fmt.Sprintf(msg, args...))
}

// Close implements [Writer].
func (o *output) Close() error { return o.Flush() }
