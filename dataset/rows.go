package dataset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/spike"
)

// Rows reads lines of numbers, a row a time step and a column a channel, as of CSV:
// numbers with decimal points between commas, semicolons, tabs or blanks. Empty lines
// and those that begin with '#' are passed over. The first line may name the columns;
// then one that is named for the time is no channel.
type Rows struct {
	width   int      // channels, 0 if any number will do
	wanted  []string // columns that are channels, nil for all but that of the time
	begun   bool     // whether a line was read
	fields  int      // of a row, 0 if that is not known
	columns []int    // that are channels, nil for all
	split   [][]byte // scratch
}

// NewRows returns a reader of rows for so many channels, 0 for as many as there are.
// Columns, if not empty, says which columns these are, by their names or their numbers
// from 1, with commas between.
func NewRows(width int, columns string) *Rows {
	r := &Rows{width: width}
	if columns != "" {
		r.wanted = strings.Split(columns, ",")
	}
	return r
}

// isTime reports whether a column is one of times by its name: t, time, timestamp,
// seconds or elapsed, whatever unit follows, or a unit alone.
func isTime(name string) bool {
	name = strings.ToLower(name)
	for _, begin := range []string{"time", "seconds", "elapsed", "t_", "t ", "t(", "t["} {
		if strings.HasPrefix(name, begin) {
			return true
		}
	}
	return slices.Contains([]string{"t", "ms", "us", "ns"}, name)
}

// Parse appends the values of a line to dst. There are none in a line that is passed
// over or names columns.
func (r *Rows) Parse(dst []float32, line []byte) ([]float32, error) {
	if !r.begun {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	line = bytes.TrimSpace(line)
	if len(line) == 0 || line[0] == '#' {
		return dst, nil
	}
	r.cut(line)
	if !r.begun {
		// A first line that is malformed has not begun anything.
		named, columns, err := r.head()
		if err != nil {
			return dst, err
		}
		if !named && columns == nil {
			if err := r.fit(); err != nil {
				return dst, err
			}
		}
		r.begun, r.columns = true, columns
		if columns != nil {
			r.fields = len(r.split)
		}
		if named {
			return dst, nil
		}
	}
	if err := r.fit(); err != nil {
		return dst, err
	}
	for k := range max(len(r.columns), r.width) {
		at := k
		if r.columns != nil {
			at = r.columns[k]
		}
		field := r.split[at]
		v, err := strconv.ParseFloat(string(field), 32)
		if err != nil || v-v != 0 {
			if bytes.IndexByte(field, ',') >= 0 {
				return dst, fmt.Errorf("column %d is %.20q, expected a decimal point, not a comma", at+1, field)
			}
			return dst, fmt.Errorf("column %d is %.20q, expected a finite number", at+1, field)
		}
		dst = append(dst, float32(v))
	}
	return dst, nil
}

// cut splits a line into its fields.
func (r *Rows) cut(line []byte) {
	r.split = r.split[:0]
	for _, separator := range []byte(";,\t") {
		if bytes.IndexByte(line, separator) < 0 {
			continue
		}
		for rest, more := line, true; more; {
			var field []byte
			field, rest, more = bytes.Cut(rest, []byte{separator})
			r.split = append(r.split, unquoted(field))
		}
		return
	}
	for len(line) > 0 {
		end := bytes.IndexAny(line, " ")
		if end < 0 {
			end = len(line)
		}
		r.split = append(r.split, unquoted(line[:end]))
		line = bytes.TrimLeft(line[end:], " ")
	}
}

// unquoted returns a field without blanks and quotes around it.
func unquoted(field []byte) []byte {
	field = bytes.TrimSpace(field)
	if n := len(field); n >= 2 && field[0] == '"' && field[n-1] == '"' {
		field = field[1 : n-1]
	}
	return field
}

// head looks at the first line. It reports whether it names the columns, whether none
// of its fields is a number or begins like one and not all are empty, and which columns
// are channels, nil for all.
func (r *Rows) head() (named bool, columns []int, err error) {
	names := make([]string, len(r.split))
	numbers := false
	for i, field := range r.split {
		names[i] = string(field)
		if names[i] == "" {
			continue // as pandas calls the column of the row's number
		}
		named = true
		if _, err := strconv.ParseFloat(names[i], 64); err == nil || strings.IndexByte("+-.0123456789", names[i][0]) >= 0 {
			numbers = true
		}
	}
	named = named && !numbers
	if !named && r.wanted == nil {
		return false, nil, nil
	}
	if r.wanted == nil {
		for i, name := range names {
			if name != "" && !isTime(name) {
				columns = append(columns, i)
			}
		}
	}
	for _, want := range r.wanted {
		at := -1
		if named {
			at = slices.Index(names, want)
		}
		if n, err := strconv.Atoi(want); at < 0 && err == nil && 1 <= n && n <= len(names) {
			at = n - 1
		}
		if at < 0 && named {
			return false, nil, fmt.Errorf("there is no column %q among %q", want, names)
		}
		if at < 0 {
			return false, nil, fmt.Errorf("there is no column %q: the first line has %d numbers, and names none of them", want, len(names))
		}
		columns = append(columns, at)
	}
	if len(columns) == 0 || r.width > 0 && len(columns) != r.width {
		return false, nil, fmt.Errorf("%d columns are channels, expected %d; --columns says which", len(columns), max(r.width, 1))
	}
	return named, columns, nil
}

// fit holds the fields of a row against those of the rows before.
func (r *Rows) fit() error {
	n := len(r.split)
	if r.fields == 0 {
		if r.width > 0 && n != r.width {
			return fmt.Errorf("%d numbers, expected %d, one a channel; --columns says which columns they are", n, r.width)
		}
		r.fields, r.width = n, n
	}
	if n != r.fields {
		return fmt.Errorf("%d fields, expected %d as in the lines before", n, r.fields)
	}
	return nil
}

// maxRow bounds the bytes of a row.
const maxRow = 1 << 21

// ReadRows reads a recording from lines of numbers, as Rows reads them, of so many
// channels, 0 for as many as there are. Name is that of the stream in errors, which
// are ErrFormat.
func ReadRows(r io.Reader, name string, width int, columns string) (spike.Values, error) {
	limited := &io.LimitedReader{R: r, N: maxArchive}
	lines := bufio.NewScanner(limited)
	lines.Buffer(nil, maxRow)
	rows := NewRows(width, columns)
	var data []float32
	n := 0
	for lines.Scan() {
		n++
		if event.IsUTF16(lines.Bytes()) && n == 1 {
			return spike.Values{}, fmt.Errorf("dataset: %s: %w: the text is %s", name, ErrFormat, event.UTF16)
		}
		var err error
		if data, err = rows.Parse(data, lines.Bytes()); err != nil {
			return spike.Values{}, fmt.Errorf("dataset: %s:%d: %w: %.40q: %w", name, n, ErrFormat, bytes.TrimSpace(lines.Bytes()), err)
		}
	}
	channels := max(len(rows.columns), rows.width)
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return spike.Values{}, fmt.Errorf("dataset: %s:%d: %w: a line of more than %d bytes", name, n+1, ErrFormat, maxRow)
	case err != nil:
		return spike.Values{}, fmt.Errorf("dataset: %s: %w", name, err)
	case limited.N == 0:
		return spike.Values{}, fmt.Errorf("dataset: %s: %w: more than %d bytes", name, ErrFormat, maxArchive)
	case len(data) == 0:
		return spike.Values{}, fmt.Errorf("dataset: %s: %w: there are no rows, expected a line of numbers a time step", name, ErrFormat)
	}
	x, err := spike.FromData(len(data)/channels, channels, data)
	if err != nil {
		return x, fmt.Errorf("dataset: %s: %w: %w", name, ErrFormat, err)
	}
	return x, nil
}
