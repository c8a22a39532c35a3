package event

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// The columns of an event, in the order of Event's fields.
const (
	columnT = iota
	columnX
	columnY
	columnP
)

// A timeUnit is what a time is counted in; its value is the power of ten of µs,
// biased so that the zero value is unknown.
type timeUnit int8

const (
	unitUnknown timeUnit = 0
	unitNS      timeUnit = 10 - 3
	unitUS      timeUnit = 10
	unitMS      timeUnit = 10 + 3
	unitS       timeUnit = 10 + 6
)

var (
	columnWords = map[string]int{
		"t": columnT, "ts": columnT, "time": columnT, "times": columnT, "timestamp": columnT, "timestamps": columnT,
		"x": columnX, "xs": columnX, "col": columnX, "column": columnX,
		"y": columnY, "ys": columnY, "row": columnY,
		"p": columnP, "ps": columnP, "pol": columnP, "polarity": columnP, "polarities": columnP, "on": columnP, "sign": columnP,
	}
	unitWords = map[string]timeUnit{
		"ns": unitNS, "nsec": unitNS, "nsecs": unitNS, "nanos": unitNS, "nanosecond": unitNS, "nanoseconds": unitNS,
		"us": unitUS, "µs": unitUS, "μs": unitUS, "usec": unitUS, "usecs": unitUS, "micros": unitUS, "microsecond": unitUS, "microseconds": unitUS,
		"ms": unitMS, "msec": unitMS, "msecs": unitMS, "millis": unitMS, "millisecond": unitMS, "milliseconds": unitMS,
		"s": unitS, "sec": unitS, "secs": unitS, "second": unitS, "seconds": unitS,
		// What else the name of a time may have says no unit.
		"stamp": unitUnknown, "stamps": unitUnknown, "in": unitUnknown, "of": unitUnknown, "event": unitUnknown, "events": unitUnknown,
	}
)

// columns say where the numbers of an event stand in a row.
type columns struct {
	at [4]int // of t, x, y, p
	n  int    // columns in a row

	unit    timeUnit
	guessed bool // whether the unit is that of the first times
}

// plain reports whether the columns may be t,x,y,p with t in µs.
func (c *columns) plain() bool {
	return c.at == defaultColumns.at && c.n == defaultColumns.n && (c.unit == unitUnknown || c.unit == unitUS)
}

var defaultColumns = columns{at: [4]int{0, 1, 2, 3}, n: 4}

// maxColumns bounds the columns of a row.
const maxColumns = 64

// columnOf tells what a name says: which column of an event it is, -1 for another, and
// the unit of its times. A name is one of columnWords, in any case, with a unit behind
// it, as in "timestamp [us]"; an error names a unit that is not known.
func columnOf(name string) (which int, unit timeUnit, err error) {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) })
	if len(words) == 0 {
		return -1, 0, nil
	}
	which, known := columnWords[words[0]]
	if !known {
		return -1, 0, nil
	}
	if which != columnT {
		return which, 0, nil
	}
	for _, word := range words[1:] {
		u, known := unitWords[word]
		// A number before a unit is a multiple of it, as in t_100ns.
		if !known || u != unitUnknown && (unit != unitUnknown || strings.ContainsAny(name, "0123456789")) {
			return which, 0, fmt.Errorf("column %q: %q is no unit of time that is known, expected s, ms, us or ns, or --columns that say it, such as t_us,x,y,p", name, strings.Join(words[1:], " "))
		}
		unit = max(unit, u)
	}
	return which, unit, nil
}

// errNoColumns is the error of names that are not those of the columns of events.
var errNoColumns = errors.New("expected each of t, x, y and p once")

// namedColumns returns the columns of a row whose names are given. It is errNoColumns
// if they do not have each of t, x, y and p once, another error for a unit of time that
// is not known; other columns are passed over.
func namedColumns(names []string) (columns, error) {
	c := columns{at: [4]int{-1, -1, -1, -1}, n: len(names)}
	var unknown error
	for i, name := range names {
		which, unit, err := columnOf(name)
		if which < 0 {
			continue
		}
		if c.at[which] >= 0 {
			return c, errNoColumns
		}
		c.at[which] = i
		if which == columnT {
			c.unit, unknown = unit, err
		}
	}
	if slices.Contains(c.at[:], -1) || c.n > maxColumns {
		return c, errNoColumns
	}
	return c, unknown
}

// among returns the columns that the options name, wanted, of a row whose columns have
// names: each is the one of the same name or else the only one of the same meaning. If
// none of the names tells, the order of wanted does.
func among(wanted, names []string) (columns, error) {
	c, err := namedColumns(wanted)
	if err != nil {
		return c, err
	}
	byName, found := columns{n: len(names), unit: c.unit}, 0
	for which, at := range c.at {
		same, i, several := -1, -1, false
		for k, name := range names {
			if strings.EqualFold(name, wanted[at]) && same < 0 {
				same = k
			}
			if w, _, _ := columnOf(name); w == which {
				i, several = k, i >= 0
			}
		}
		if same >= 0 {
			i, several = same, false
		}
		if i < 0 || several {
			continue
		}
		found++
		byName.at[which] = i
		if which == columnT && c.unit == unitUnknown {
			if _, byName.unit, err = columnOf(names[i]); err != nil {
				return c, err
			}
		}
	}
	switch {
	case found == len(c.at) && byName.n <= maxColumns:
		return byName, nil
	case found == 0 && c.n == len(names):
		return c, nil
	}
	return c, fmt.Errorf("columns %q, expected %q to name four of them", names, wanted)
}

// AreColumns reports whether names are those of the columns of events: each of times,
// coordinates and polarities once.
func AreColumns(names []string) bool {
	_, err := namedColumns(names)
	return !errors.Is(err, errNoColumns)
}

// IsColumn reports whether a name is that of a column of events: of times,
// coordinates or polarities.
func IsColumn(name string) bool {
	which, _, _ := columnOf(name)
	return which >= 0
}

// wanted returns the names of columns in the options, nil for none.
func (o Options) wanted() ([]string, error) {
	if o.Columns == "" {
		return nil, nil
	}
	names := strings.FieldsFunc(o.Columns, func(r rune) bool { return r == ',' || r == ' ' })
	if _, err := namedColumns(names); err != nil {
		return nil, fmt.Errorf(`event: columns %q: %w, such as "x,y,p,t" or "t_s,x,y,p,-"; t_s, t_ms, t_us and t_ns tell the unit, - is a column to pass over`, o.Columns, err)
	}
	return names, nil
}

// A row is the fields of a line.
type row struct {
	field [maxColumns][]byte
	n     int
}

// split divides a line at its commas, semicolons or tabs or, if it has none, at
// blanks. It reports false for more than maxColumns fields.
func (r *row) split(line []byte) bool {
	r.n = 0
	blanks := !bytes.ContainsAny(line, ",;")
	for {
		if blanks {
			line = bytes.TrimLeft(line, " \t")
			if len(line) == 0 {
				return true
			}
		}
		if r.n == maxColumns {
			return false
		}
		end := bytes.IndexAny(line, ",;")
		if blanks {
			end = bytes.IndexAny(line, " \t")
		}
		field := line
		if end >= 0 {
			field, line = line[:end], line[end+1:]
		}
		r.field[r.n] = bytes.TrimSpace(field)
		r.n++
		if end < 0 {
			return true
		}
	}
}

// names returns the fields as words, if none of them is a number.
func (r *row) names() []string {
	var names []string
	for _, f := range r.field[:r.n] {
		if _, err := strconv.ParseFloat(string(f), 64); err == nil || len(f) == 0 {
			return nil
		}
		names = append(names, string(f))
	}
	return names
}

// event returns the event of a row. Where the unit of time is not known, the
// first time that tells decides it: see timeUnitOf.
func (c *columns) event(r *row) (e Event, err error) {
	x, ok := parseWhole(r.field[c.at[columnX]], maxSide-1)
	if !ok {
		return e, fmt.Errorf("expected x to be a number from 0 to %d", maxSide-1)
	}
	y, ok := parseWhole(r.field[c.at[columnY]], maxSide-1)
	if !ok {
		return e, fmt.Errorf("expected y to be a number from 0 to %d", maxSide-1)
	}
	e.X, e.Y = uint16(x), uint16(y)
	if e.P, ok = parsePolarity(r.field[c.at[columnP]]); !ok {
		return e, errors.New("expected p to be a number from 0 to 1, or -1 for OFF")
	}
	t := r.field[c.at[columnT]]
	unit := c.unit
	if unit == unitUnknown {
		unit = timeUnitOf(t, r.field[c.at[columnX]])
	}
	e.T, err = parseTime(t, unit, c.guessed)
	if err == nil && c.unit == unitUnknown && unit != unitUnknown {
		c.unit, c.guessed = unit, true
	}
	return e, err
}

// timeUnitOf tells the unit of the first times of a recording that does not state
// it: whole numbers are µs, and so are those that are written like the whole
// numbers beside them, as 300.0; fractions are seconds. 0 leaves it open.
func timeUnitOf(t, x []byte) timeUnit {
	point := bytes.IndexByte(t, '.')
	v, err := strconv.ParseFloat(string(t), 64)
	switch {
	case err != nil || v == 0:
		return unitUnknown
	case v != math.Trunc(v):
		return unitS
	case point >= 0 && len(t)-point > 2 && !bytes.ContainsAny(x, ".eE"):
		return unitS
	}
	return unitUS
}

// parseTime returns a time in µs, rounded to nearest. In µs a fraction is an error
// if the unit was guessed.
func parseTime(b []byte, unit timeUnit, guessed bool) (int64, error) {
	errTime := fmt.Errorf("expected t to be a number from 0 to %d", int64(math.MaxInt64))
	if unit == unitUnknown {
		unit = unitUS
	}
	if v, ok := parseUint(b, math.MaxInt64); ok && unit == unitUS {
		return int64(v), nil
	}
	exp := int(unit - unitUS)
	v, whole, ok := decimal(b, exp)
	if !ok {
		f, err := strconv.ParseFloat(string(b), 64)
		f *= math.Pow10(exp)
		if err != nil || !(f >= 0) || f > 1<<62 {
			return 0, errTime
		}
		v, whole = int64(math.Round(f)), f == math.Trunc(f)
	}
	if unit == unitUS && guessed && !whole {
		return 0, errors.New("expected t to be a whole number of µs, as the times before; --columns t_s,x,y,p says that they are seconds, t_us that they are µs with fractions")
	}
	return v, nil
}

// decimal returns b·10^exp rounded to nearest, half up, and whether it was whole,
// for digits with at most one point between; ok is false for other numbers and
// beyond int64.
func decimal(b []byte, exp int) (v int64, whole, ok bool) {
	digits, fraction, _ := bytes.Cut(b, []byte("."))
	power := len(digits) - 1 + exp // of ten, that the first digit counts
	whole = true
	up := false
	for _, part := range [2][]byte{digits, fraction} {
		for _, c := range part {
			if c < '0' || c > '9' || v > (math.MaxInt64-9)/10 {
				return 0, false, false
			}
			if power >= 0 {
				v = 10*v + int64(c-'0')
			} else {
				up = up || power == -1 && c >= '5'
				whole = whole && c == '0'
			}
			power--
		}
	}
	for ; power >= 0; power-- {
		if v > (math.MaxInt64-9)/10 {
			return 0, false, false
		}
		v *= 10
	}
	if up {
		v++
	}
	return v, whole, len(digits)+len(fraction) > 0
}

// parseWhole parses a whole number of up to limit, which may be written as a
// float.
func parseWhole(b []byte, limit uint64) (v uint64, ok bool) {
	if v, ok := parseUint(b, limit); ok {
		return v, true
	}
	if !bytes.ContainsAny(b, ".eE") {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || !(f >= 0 && f <= float64(limit)) || f != math.Trunc(f) {
		return 0, false
	}
	return uint64(f), true
}

// parsePolarity parses 0 or −1, false, for OFF and 1, true, for ON.
func parsePolarity(b []byte) (p uint8, ok bool) {
	switch string(b) {
	case "0", "-1", "false", "False", "FALSE":
		return 0, true
	case "1", "+1", "true", "True", "TRUE":
		return 1, true
	}
	f, err := strconv.ParseFloat(string(b), 64)
	p, ok = polarityOf(f)
	return p, ok && err == nil
}

// polarityOf returns the polarity that a number stands for: 1 is ON, 0 and -1 are OFF.
func polarityOf(v float64) (p uint8, ok bool) {
	return uint8(max(v, 0)), v == 0 || v == 1 || v == -1
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
