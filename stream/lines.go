package stream

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/snurun/snurun/dataset/event"
)

const lineBuffer = 1 << 16

var errLong = errors.New("line too long")

// lines reads lines of up to max bytes.
type lines struct {
	r    *bufio.Reader
	max  int
	long []byte // a line that exceeds the buffer of r
	n    int64  // lines read
}

func newLines(r io.Reader, max int) *lines {
	return &lines{r: bufio.NewReaderSize(r, lineBuffer), max: max}
}

// byteOrderMark is what some editors put before text.
var byteOrderMark = []byte("\ufeff")

// next returns a line without blanks around it; it is valid until the next
// call. The last line need not end in a newline. Of a line beyond max it
// returns the beginning and errLong, and passes over the rest.
func (l *lines) next() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		line, err = l.rest(line)
	}
	if err == io.EOF && len(line) > 0 {
		err = nil
	}
	if err == nil && len(line) > l.max {
		line, err = line[:l.max], errLong
	}
	if l.n == 0 {
		line = bytes.TrimPrefix(line, byteOrderMark)
		if event.IsUTF16(line) {
			return nil, fmt.Errorf("the text is %s: %w", event.UTF16, event.ErrMalformed)
		}
	}
	if err == nil || err == errLong {
		l.n++
	}
	return bytes.TrimSpace(line), err
}

// rest reads on to the end of a line that begins with part.
func (l *lines) rest(part []byte) ([]byte, error) {
	l.long = l.long[:0]
	err := bufio.ErrBufferFull
	for {
		l.long = append(l.long, part[:min(len(part), l.max+1-len(l.long))]...)
		if err != bufio.ErrBufferFull {
			return l.long, err
		}
		part, err = l.r.ReadSlice('\n')
	}
}

// lineReader reads chunks from lines of text.
type lineReader struct {
	lines   *lines
	format  string
	skipBad bool
	skipped int64

	// parse fills an empty chunk from a line, which may hold nothing.
	parse func(c *chunk, line []byte) (something bool, err error)

	// silent says that a line that is skipped is a silent step, because lines
	// are time.
	silent bool
}

func (r *lineReader) read(c *chunk) error {
	for something := false; !something; {
		c.clear()
		line, err := r.lines.next()
		if err == nil {
			something, err = r.parse(c, line)
		} else if err != errLong {
			c.skipped = r.skipped
			return err
		}
		if err == nil {
			continue
		}
		if !r.skipBad {
			return fmt.Errorf("stream: %s: line %d: %.40q: %w: %w", r.format, r.lines.n, line, err, event.ErrMalformed)
		}
		r.skipped++
		c.clear()
		c.isStep, something = r.silent, r.silent
	}
	c.skipped = r.skipped
	return nil
}
