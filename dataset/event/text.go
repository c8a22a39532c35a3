package event

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// The text form: a line an event, its numbers separated by commas, semicolons or
// blanks:
//
//	t,x,y,p          t in µs; p is 1 for ON, 0 or -1 for OFF
//
// What else a file may say before its first event:
//
//	# size 34x34     the sensor's size
//	240 180          the same, of RPG's and E2VID's files
//	timestamp x y on the columns, in other orders, with others between, and with
//	                 units, as t_s or "timestamp [us]"; also behind a '#'
//	%geometry:W,H    the size, of Metavision's files, whose columns are x,y,p,t
//
// Without a unit, times are µs if they are whole and seconds if they are not, see
// timeUnitOf. Numbers may be written as floats. Empty lines and lines that begin
// with '#' or '%' are passed over. Some editors put a byte order mark in front.
const (
	byteOrderMark = "\ufeff"

	textColumns  = "t,x,y,p"
	textSize     = "# size "
	textGeometry = "%geometry:"
	textMaxLine  = 4096
)

func matchText(head []byte) bool {
	w := &window{r: bytes.NewReader(head), buf: make([]byte, windowSize)}
	d, err := openText(w, Options{})
	if err != nil {
		return false
	}
	if d.told {
		return true
	}
	line, _, _ := bytes.Cut(w.bytes(), []byte("\n"))
	_, ok, err := d.parseLine(bytes.TrimSpace(line))
	return ok && err == nil
}

type text struct {
	decoder
	columns columns
	named   bool     // whether the options or the file tell the columns
	wanted  []string // the columns that the options name
	row     row
	told    bool  // whether the file tells its columns or the size
	line    int64 // lines used up
	discard bool  // whether the next bytes belong to an overlong line
}

func newText(w *window, o Options) (codec, error) {
	d, err := openText(w, o)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// openText reads what precedes the first event.
func openText(w *window, o Options) (*text, error) {
	// With a last newline of its own, every line ends in one.
	w.r = io.MultiReader(w.r, strings.NewReader("\n"))
	if err := w.textMark(); err != nil {
		return nil, err
	}
	d := &text{}
	var err error
	if d.wanted, err = o.wanted(); err != nil {
		return nil, err
	}
	d.columns = defaultColumns
	if d.wanted != nil {
		d.columns, _ = namedColumns(d.wanted)
		d.named = true
	}
	var size Size
	for {
		n, err := w.line()
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		line := strings.TrimRight(string(w.bytes()[:n]), "\r\n")
		used, err := d.head(line, &size)
		if err != nil {
			return nil, malformed("text", w.off, "line %d: %.40q: %v", d.line+1, line, err)
		}
		if !used {
			break
		}
		d.line++
		w.advance(n)
	}
	d.decoder = newDecoder("text", size, o)
	return d, nil
}

// textMark passes over a byte order mark, and reports text that is not UTF-8.
func (w *window) textMark() error {
	// One byte tells: a live stream may wait with the next.
	first, err := w.peek(1)
	if err != nil || len(first) == 0 || first[0] < 0x80 {
		return err
	}
	mark, err := w.peek(len(byteOrderMark))
	switch {
	case err != nil:
		return err
	case string(mark) == byteOrderMark:
		w.advance(len(byteOrderMark))
	case IsUTF16(mark):
		return malformed("text", w.off, "the text is %s", UTF16)
	}
	return nil
}

// UTF16 is what errors say of text in that coding.
const UTF16 = "in UTF-16, expected UTF-8, as iconv -f UTF-16 -t UTF-8 makes it"

// IsUTF16 reports whether text begins with the byte order mark of UTF-16.
func IsUTF16(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff"))
}

// line returns the length of the line that comes next, its newline included. It is
// 0 at the end of the stream and for a line, other than a comment, that is longer
// than one of the form.
func (w *window) line() (int, error) {
	for i := 0; ; i++ {
		b, err := w.peek(min(i+1, windowSize))
		if err != nil {
			return 0, err
		}
		switch {
		case len(b) == 0:
			return 0, nil
		case i < len(b) && b[i] == '\n':
			return i + 1, nil
		case b[0] != '#' && b[0] != '%' && i >= textMaxLine:
			return 0, nil
		case i >= len(b):
			return 0, malformed("text", w.off, "header line of %d bytes or more, expected it to end in a newline within %d", len(b), windowSize)
		}
	}
}

// head takes in a line before the first event. It reports false for one that may
// be an event.
func (d *text) head(line string, size *Size) (used bool, err error) {
	stated := func(width, height string) error {
		*size = Size{side(strings.TrimSpace(width)), side(strings.TrimSpace(height))}
		if !size.Known() || size.check() != nil {
			return fmt.Errorf("expected a size such as \"# size 34x34\" with sides from 1 to %d", maxSide)
		}
		return nil
	}
	if s, ok := strings.CutPrefix(line, textSize); ok {
		d.told = true
		width, height, _ := strings.Cut(strings.TrimSpace(s), "x")
		return true, stated(width, height)
	}
	if s, ok := strings.CutPrefix(line, textGeometry); ok {
		d.told = true
		width, height, _ := strings.Cut(s, ",")
		if !d.named {
			d.columns, _ = namedColumns([]string{"x", "y", "p", "t"})
		}
		return true, stated(width, height)
	}
	line = strings.TrimSpace(line)
	comment := line == "" || line[0] == '#' || line[0] == '%'
	if !d.row.split([]byte(strings.TrimLeft(line, "#% "))) {
		return comment, nil
	}
	if names := d.row.names(); names != nil {
		if AreColumns(names) {
			d.told = true
			return true, d.name(names)
		}
		if d.wanted != nil && !comment {
			return true, nil
		}
	}
	if width, height, two := strings.Cut(line, " "); two && !comment && d.row.n == 2 && !size.Known() && side(width) > 0 && side(height) > 0 {
		return true, stated(width, height)
	}
	return comment, nil
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
	if len(line) == 0 || line[0] == '#' || line[0] == '%' {
		return e, false, nil
	}
	if d.columns.plain() {
		e, ok = parsePlain(line)
		if e.T > 0 && d.columns.unit == unitUnknown {
			d.columns.unit, d.columns.guessed = unitUS, true
		}
	}
	if !ok {
		if e, err = d.parseRow(line); err != nil {
			if d.renamed() {
				return e, false, nil
			}
			return e, false, err
		}
	}
	if !d.inside(int(e.X), int(e.Y)) {
		return e, false, fmt.Errorf("expected it inside the %s sensor", d.size)
	}
	return e, true, nil
}

// name takes in the names of the columns.
func (d *text) name(names []string) (err error) {
	if d.wanted == nil {
		d.columns, err = namedColumns(names)
	} else {
		d.columns, err = among(d.wanted, names)
	}
	d.named = true
	return err
}

// renamed takes in the row last split as the names of columns, if it is that: another
// recording begins.
func (d *text) renamed() bool {
	names := d.row.names()
	if !AreColumns(names) || d.name(names) != nil {
		return false
	}
	d.reframed++
	return true
}

// parseRow parses an event whose columns may be anywhere.
func (d *text) parseRow(line []byte) (e Event, err error) {
	if !d.row.split(line) || d.row.n != d.columns.n {
		if d.named {
			return e, fmt.Errorf("expected %d columns", d.columns.n)
		}
		return e, fmt.Errorf("expected four numbers %s, or a first line that names the columns; --columns names them, too", textColumns)
	}
	if e, err = d.columns.event(&d.row); err != nil && !d.named {
		err = fmt.Errorf("%w; if the columns are not %s, --columns x,y,p,t names others", err, textColumns)
	}
	return e, err
}

func (d *text) end(left int, off int64) error { return nil }

// parsePlain parses an event as this package writes it, which is most of them.
func parsePlain(line []byte) (e Event, ok bool) {
	var v [4]uint64
	limits := [4]uint64{math.MaxInt64, maxSide - 1, maxSide - 1, 1}
	for i := range v {
		field := line
		if i < 3 {
			comma := bytes.IndexByte(line, ',')
			if comma < 0 {
				return e, false
			}
			field, line = line[:comma], line[comma+1:]
		}
		if v[i], ok = parseUint(field, limits[i]); !ok {
			return e, false
		}
	}
	return Event{T: int64(v[0]), X: uint16(v[1]), Y: uint16(v[2]), P: uint8(v[3])}, true
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
