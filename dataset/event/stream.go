package event

import (
	"errors"
	"fmt"
	"io"
)

// windowSize is the memory of a reader. It exceeds every record and every line
// that a decoder waits for.
const windowSize = 1 << 16

// A window is the part of a byte stream that was read and not yet decoded.
type window struct {
	r        io.Reader
	buf      []byte
	beg, end int
	off      int64 // offset of buf[beg] in the stream
	err      error // of r, once it has come
}

func (w *window) bytes() []byte { return w.buf[w.beg:w.end] }

func (w *window) advance(n int) {
	w.beg += n
	w.off += int64(n)
}

// fill appends what one read of the stream yields, at least a byte if the reader is
// honest.
func (w *window) fill() error {
	if w.err != nil {
		return w.err
	}
	w.end = copy(w.buf, w.buf[w.beg:w.end])
	w.beg = 0
	n, err := w.r.Read(w.buf[w.end:])
	w.end += n
	if w.err = err; n > 0 {
		return nil
	}
	return err
}

// peek returns the next n bytes without using them up, or fewer at the end of
// the stream.
func (w *window) peek(n int) ([]byte, error) {
	for len(w.bytes()) < n {
		if err := w.fill(); err == io.EOF {
			return w.bytes(), nil
		} else if err != nil {
			return nil, err
		}
	}
	return w.bytes()[:n], nil
}

// An honest reader is one that returns no impossible count, and bytes or an error
// before long.
type honest struct{ io.Reader }

func (h honest) Read(p []byte) (int, error) {
	for range 100 {
		n, err := h.Reader.Read(p)
		if n < 0 || n > len(p) {
			return 0, errors.New("event: the underlying reader returned an impossible count")
		}
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// A codec decodes one format.
type codec interface {
	// decode decodes whole records of src, which starts at offset off of the
	// stream, into dst. It returns the events written and the bytes used. It
	// stops at a full dst, at an incomplete record, or at a malformed one,
	// which it leaves unused and reports.
	decode(dst []Event, src []byte, off int64) (n, used int, err error)

	// end reports what is missing if the stream ends at offset off, with left
	// bytes undecoded.
	end(left int, off int64) error

	// atEnd says that no bytes follow those that decode is given.
	atEnd()

	Size() Size
	Skipped() int64
	Reframed() int64
}

// A stream reads events through a codec.
type stream struct {
	codec
	win   *window
	done  bool
	ended bool // whether the codec knows that no bytes follow

	// Recordings may follow each other, each with its header.
	again    *restarter
	skipped  int64 // of those before
	reframed int64
}

// Skipped implements [Source].
func (s *stream) Skipped() int64 { return s.skipped + s.codec.Skipped() }

// Reframed returns how often records were out of step or a header came.
func (s *stream) Reframed() int64 { return s.reframed + s.codec.Reframed() }

// restart reads the header at the beginning of the window, behind left bytes that
// are no whole record.
func (s *stream) restart(left int) error {
	s.win.advance(left)
	c, err := s.again.opened(s.win, s.again.o)
	if err != nil {
		return err
	}
	s.skipped, s.reframed = s.Skipped(), s.Reframed()+1
	s.codec = c
	s.ended = false
	return nil
}

// readerOf makes the NewReader of a format out of a function that reads the header and
// returns the codec for what follows. header is how another recording in the same stream
// begins, "" if nothing tells that.
func readerOf(header string, open func(w *window, o Options) (codec, error)) func(io.Reader, Options) (Source, error) {
	var again func(o Options) *restarter
	if header != "" {
		again = func(o Options) *restarter { return &restarter{header, open, o} }
	}
	return func(r io.Reader, o Options) (Source, error) {
		w := &window{r: r, buf: make([]byte, windowSize)}
		c, err := open(w, o)
		if err != nil {
			return nil, err
		}
		s := &stream{codec: c, win: w}
		if again != nil {
			s.again = again(o)
		}
		return s, nil
	}
}

// Read implements [Reader].
func (s *stream) Read(dst []Event) (int, error) {
	if len(dst) == 0 {
		return 0, nil
	}
	if s.done {
		return 0, io.EOF
	}
	for {
		b, whole := s.win.bytes(), false
		if s.again != nil {
			var end int
			if end, whole = s.again.find(b, s.win.err != nil); end < len(b) {
				b = b[:end]
			}
		}
		n, used, err := s.decode(dst, b, s.win.off)
		s.win.advance(used)
		if n > 0 {
			// A malformed record behind these events is met again by the
			// next call.
			return n, nil
		}
		if err != nil {
			return 0, err
		}
		if used > 0 {
			continue
		}
		if whole {
			if !s.ended { // nothing follows what is before the header
				s.ended = true
				s.atEnd()
				continue
			}
			if err := s.restart(len(b)); err != nil {
				return 0, err
			}
			continue
		}
		err = s.win.fill()
		if err != nil && !s.ended {
			s.ended = true
			s.atEnd()
			continue
		}
		if err == io.EOF {
			if bad := s.end(len(s.win.bytes()), s.win.off); bad != nil {
				return 0, bad
			}
			s.done = true
		}
		if err != nil {
			return 0, err
		}
	}
}

// A decoder is what the codecs share: the sensor's size and the treatment of
// malformed records.
type decoder struct {
	format  string
	size    Size
	skipBad bool
	skipped int64

	reframed int64 // see realign
	final    bool  // whether no bytes follow
}

// newDecoder returns a decoder for the size that the recording states or else
// the one that the options do.
func newDecoder(format string, stated Size, o Options) decoder {
	if !stated.Known() {
		stated = o.Size
	}
	return decoder{format: format, size: stated, skipBad: o.SkipBad}
}

// Size implements [Source].
func (d *decoder) Size() Size { return d.size }

// Skipped implements [Source].
func (d *decoder) Skipped() int64 { return d.skipped }

// inside reports whether the size, if known, holds the pixel.
func (d *decoder) inside(x, y int) bool {
	return !d.size.Known() || x < d.size.Width && y < d.size.Height
}

// bad returns the error for the malformed record at offset off, or counts the
// record and returns nil if such are to be skipped.
func (d *decoder) bad(off int64, msg string, args ...any) error {
	if d.skipBad {
		d.skipped++
		return nil
	}
	return malformed(d.format, off, msg, args...)
}

// outside is bad for an event beyond the sensor.
func (d *decoder) outside(off int64, x, y int) error {
	return d.bad(off, "event at x=%d y=%d, expected it inside the %s sensor", x, y, d.size)
}

// cut reports a stream that ends within a record of size bytes.
func (d *decoder) cut(left, size int, off int64) error {
	if left == 0 {
		return nil
	}
	return d.bad(off, "the recording ends inside a record: %d bytes are left, expected %d", left, size)
}

func malformed(format string, off int64, msg string, args ...any) error {
	return fmt.Errorf("event: %s: byte %d: %s: %w", format, off, fmt.Sprintf(msg, args...), ErrMalformed)
}

func unsupported(format string, off int64, msg string, args ...any) error {
	return fmt.Errorf("event: %s: byte %d: %s: %w", format, off, fmt.Sprintf(msg, args...), errors.ErrUnsupported)
}

// A clock undoes the wraps of a counter. A fall by more than half the period is
// a wrap; a lesser one is an event out of order and stands. After a wrap, a
// rise by more than half the period is a late event from before it.
type clock struct {
	period     int64
	last, base int64
}

// at returns the unwrapped time of a counter value in [0, period). Asked again
// for the same value it returns the same time.
func (c *clock) at(raw int64) int64 {
	switch d := raw - c.last; {
	case d < -c.period/2 && c.base < 1<<62: // far from overflow, whatever the file says
		c.base += c.period
	case d > c.period/2 && c.base > 0:
		return c.base - c.period + raw
	}
	c.last = raw
	return c.base + raw
}
