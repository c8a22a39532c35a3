package event

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// The text form: lines of t,x,y,p, all unsigned decimal numbers, t in µs, p 0
// or 1, with blanks around a number allowed. Empty lines and lines that begin
// with '#' are passed over, and so is a first line that reads "t,x,y,p". The
// comment "# size 34x34", before the first event, states the sensor's size. Some
// editors put a byte order mark in front.
const (
	byteOrderMark = "\ufeff"

	textColumns = "t,x,y,p"
	textSize    = "# size "
	textMaxLine = 4096
)

func matchText(head []byte) bool {
	head = bytes.TrimPrefix(head, []byte(byteOrderMark))
	for line := range bytes.Lines(head) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' {
			_, err := parseText(line)
			return string(line) == textColumns || err == nil
		}
	}
	return bytes.HasPrefix(head, []byte(textSize))
}

type text struct {
	decoder
	line    int64 // lines used up
	inBody  bool  // whether one of them was the columns or an event
	discard bool  // whether the next bytes belong to an overlong line
}

func newText(w *window, o Options) (codec, error) {
	// With a last newline of its own, every line ends in one.
	w.r = io.MultiReader(w.r, strings.NewReader("\n"))
	// One byte tells: a live stream may wait with the next.
	if first, err := w.peek(1); err == nil && len(first) == 1 && first[0] == byteOrderMark[0] {
		if mark, err := w.peek(len(byteOrderMark)); err == nil && string(mark) == byteOrderMark {
			w.advance(len(byteOrderMark))
		}
	}
	d := &text{}
	var size Size
	var bad error
	start := w.off
	err := w.headerLines("text", '#', func(line string) bool {
		d.line++
		if s, ok := strings.CutPrefix(line, textSize); ok {
			width, height, _ := strings.Cut(strings.TrimSpace(s), "x")
			size = Size{side(width), side(height)}
			if !size.Known() || size.check() != nil {
				bad = malformed("text", start, "line %d: %.40q: want \"# size 34x34\" with sides from 1 to %d", d.line, line, maxSide)
			}
		}
		start = w.off
		return bad != nil
	})
	if err == nil {
		err = bad
	}
	if err != nil {
		return nil, err
	}
	d.decoder = newDecoder("text", size, o)
	return d, nil
}

func (d *text) decode(dst []Event, src []byte, off int64) (n, used int, err error) {
	for n < len(dst) {
		rest := src[used:]
		if d.discard {
			i := bytes.IndexByte(rest, '\n')
			if i < 0 {
				return n, len(src), nil
			}
			d.discard = false
			used += i + 1
			d.line++
			continue
		}
		i := bytes.IndexByte(rest[:min(len(rest), textMaxLine)], '\n')
		if i < 0 && len(rest) < textMaxLine {
			return n, used, nil
		}
		if i < 0 {
			if err := d.bad(off+int64(used), "line %d: no end within %d bytes", d.line+1, textMaxLine); err != nil {
				return n, used, err
			}
			d.discard = true
			continue
		}
		e, ok, err := d.parseLine(bytes.TrimSpace(rest[:i]))
		if err != nil {
			if err := d.bad(off+int64(used), "line %d: %.40q: %v", d.line+1, rest[:i], err); err != nil {
				return n, used, err
			}
		}
		if ok {
			dst[n] = e
			n++
		}
		used += i + 1
		d.line++
	}
	return n, used, nil
}

// parseLine parses a line without surrounding blanks. It may hold an event.
func (d *text) parseLine(line []byte) (e Event, ok bool, err error) {
	if len(line) == 0 || line[0] == '#' {
		return e, false, nil
	}
	if !d.inBody && string(line) == textColumns {
		d.inBody = true
		return e, false, nil
	}
	e, err = parseText(line)
	if err == nil && !d.inside(int(e.X), int(e.Y)) {
		err = fmt.Errorf("want it inside the %s sensor", d.size)
	}
	if err == nil {
		d.inBody = true
	}
	return e, err == nil, err
}

func (d *text) end(left int, off int64) error { return nil }

// parseText parses an event.
func parseText(line []byte) (Event, error) {
	var v [4]uint64
	limits := [4]uint64{math.MaxInt64, maxSide - 1, maxSide - 1, 1}
	for i := range v {
		field := line
		if i < 3 {
			comma := bytes.IndexByte(line, ',')
			if comma < 0 {
				return Event{}, fmt.Errorf("want four numbers %s", textColumns)
			}
			field, line = line[:comma], line[comma+1:]
		}
		var ok bool
		if v[i], ok = parseUint(bytes.TrimSpace(field), limits[i]); !ok {
			return Event{}, fmt.Errorf("want %s to be a number from 0 to %d", textColumns[2*i:2*i+1], limits[i])
		}
	}
	return Event{T: int64(v[0]), X: uint16(v[1]), Y: uint16(v[2]), P: uint8(v[3])}, nil
}

func parseUint(b []byte, limit uint64) (v uint64, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' || v > (math.MaxUint64-9)/10 {
			return 0, false
		}
		v = 10*v + uint64(c-'0')
	}
	return v, len(b) > 0 && v <= limit
}

type textWriter struct {
	output
}

func newTextWriter(w io.Writer, size Size) (Writer, error) {
	o, err := newOutput("text", w, size, Size{maxSide, maxSide})
	if err != nil {
		return nil, err
	}
	if size.Known() {
		fmt.Fprintf(o, "%s%s\n", textSize, size)
	}
	_, err = o.WriteString(textColumns + "\n")
	return &textWriter{o}, err
}

func (w *textWriter) Write(events []Event) error {
	for _, e := range events {
		w.last = 0 // any order
		if err := w.admit(e); err != nil {
			return err
		}
		b := strconv.AppendInt(w.AvailableBuffer(), e.T, 10)
		b = strconv.AppendUint(append(b, ','), uint64(e.X), 10)
		b = strconv.AppendUint(append(b, ','), uint64(e.Y), 10)
		b = append(b, ',', '0'+e.P, '\n')
		if _, err := w.output.Write(b); err != nil {
			return err
		}
	}
	return nil
}
