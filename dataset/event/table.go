package event

import (
	"errors"
	"fmt"
	"io"
	"math"
)

// A Table is events in columns, as arrays of NumPy and HDF5 hold them.
type Table struct {
	Names []string // of the columns; nil if they have none
	Rows  int
	Cols  int
	At    func(row, col int) float64
	Size  Size // of the sensor, if it is known
}

// NewTable returns the events of a table. Its columns are those that the options
// name, or those that it names. Four without names are t,x,y,p if times are in
// order and polarities 0 and 1, or -1 and 1; else the only one of x,y,t,p and x,y,p,t
// that is so; or an error. Times without a unit are µs if all are whole, else
// seconds.
func NewTable(t Table, o Options) (Source, error) {
	if err := o.Size.check(); err != nil {
		return nil, err
	}
	wanted, err := o.wanted()
	if err != nil {
		return nil, err
	}
	var c columns
	switch {
	case wanted != nil && t.Names != nil:
		if c, err = among(wanted, t.Names); err != nil {
			return nil, noTable("%w", err)
		}
	case wanted != nil:
		c, _ = namedColumns(wanted)
	case t.Names != nil:
		if c, err = namedColumns(t.Names); err != nil {
			return nil, noTable("columns %q: %w; Options.Columns (--columns) names others", t.Names, err)
		}
	case t.Cols != 4:
		return nil, noTable("%d columns without names, expected four, or Options.Columns (--columns)", t.Cols)
	default:
		if c, err = t.guess(); err != nil {
			return nil, err
		}
	}
	if c.n != t.Cols {
		return nil, noTable("%d columns, expected %d, as the options name", t.Cols, c.n)
	}
	if c.unit == unitUnknown {
		c.unit = unitUS
		for i := range t.Rows {
			if v := t.At(i, c.at[columnT]); v != math.Trunc(v) {
				c.unit = unitS
				break
			}
		}
	}
	d := &table{t: t, c: c}
	d.decoder = newDecoder("table", t.Size, o)
	return d, nil
}

// noTable is the error of a table whose columns are not those of events.
func noTable(text string, args ...any) error {
	return fmt.Errorf("event: table: %w: %w", fmt.Errorf(text, args...), errors.ErrUnsupported)
}

// guess tells the columns of a table without names.
func (t *Table) guess() (columns, error) {
	var fit []columns
	for _, order := range []string{"t x y p", "x y t p", "x y p t"} {
		var names []string
		for i := 0; i < len(order); i += 2 {
			names = append(names, order[i:i+1])
		}
		c, _ := namedColumns(names)
		if t.fits(c) {
			fit = append(fit, c)
		}
	}
	if len(fit) > 0 && (len(fit) == 1 || fit[0].at == defaultColumns.at) {
		return fit[0], nil
	}
	return columns{}, noTable("four columns without names that may be events in %d orders, expected Options.Columns (--columns), such as x,y,t,p", len(fit))
}

// fits reports whether times are in order and polarities are some.
func (t *Table) fits(c columns) bool {
	last := math.Inf(-1)
	for i := range t.Rows {
		now := t.At(i, c.at[columnT])
		if _, ok := polarityOf(t.At(i, c.at[columnP])); !ok || !(now >= last) {
			return false
		}
		last = now
	}
	return true
}

type table struct {
	decoder
	t   Table
	c   columns
	row int
}

func (d *table) Read(dst []Event) (n int, err error) {
	scale := math.Pow10(int(d.c.unit - unitUS))
	for n < len(dst) && d.row < d.t.Rows {
		t := math.Round(d.t.At(d.row, d.c.at[columnT]) * scale)
		x, y, sign := d.t.At(d.row, d.c.at[columnX]), d.t.At(d.row, d.c.at[columnY]), d.t.At(d.row, d.c.at[columnP])
		whole := func(v float64) bool { return v == math.Trunc(v) && v >= 0 && v < maxSide }
		p, ok := polarityOf(sign)
		switch {
		case !ok || !whole(x) || !whole(y) || !(t >= 0 && t < 1<<62):
			err = d.badRow("t=%v x=%v y=%v p=%v, expected a time of 0 or more, whole coordinates below %d, and p 0 or 1, or -1 for OFF", t, x, y, sign, maxSide)
		case !d.inside(int(x), int(y)):
			err = d.badRow("event at x=%v y=%v, expected it inside the %s sensor", x, y, d.size)
		default:
			dst[n] = Event{T: int64(t), X: uint16(x), Y: uint16(y), P: p}
			n++
		}
		if err != nil {
			if n > 0 {
				return n, nil // met again by the next call
			}
			return 0, err
		}
		d.row++
	}
	if n == 0 && len(dst) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// badRow is the error of the current row, or nil if such are to be skipped.
func (d *table) badRow(text string, args ...any) error {
	if d.skipBad {
		d.skipped++
		return nil
	}
	return fmt.Errorf("event: table: row %d: %s: %w", d.row, fmt.Sprintf(text, args...), ErrMalformed)
}
