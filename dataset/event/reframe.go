package event

import "bytes"

// Reframed returns how often a reader found its records out of step, because some
// bytes are missing, or a new header among them, because another recording began,
// and went on from the next whole record.
func Reframed(r Reader) int64 {
	switch r := r.(type) {
	case interface{ Reframed() int64 }:
		return r.Reframed()
	case *File:
		return Reframed(r.Source)
	case *Plausible:
		return Reframed(r.Source)
	case *mapped:
		return Reframed(r.Source)
	}
	return 0
}

// alignRecords is how many records in a row tell where records begin.
const alignRecords = 32

// shift returns how many bytes behind the beginning of src, at which stands a
// suspicious record of the given width, records begin that are all valid; 0 if
// those behind the suspicious one are valid as they stand, or if none are. It
// reports false if more bytes are needed. Where records that were out of step may have
// been taken for valid, follows, if it is not nil, tells whether one goes with that before.
func (d *decoder) shift(src []byte, width int, valid func(record []byte) bool, follows func(before, record []byte) bool) (n int, known bool) {
	if len(src) < (alignRecords+1)*width && !d.final {
		return 0, false
	}
	for n := range width {
		from, records := n, 0
		if n == 0 {
			from = width // it may stand alone
		}
		ok := true
		for ; ok && records < alignRecords && from+width <= len(src); from += width {
			record := src[from : from+width]
			switch {
			case n == 0 || follows == nil:
				ok = valid(record)
			case records == 0:
				ok = follows(record, record)
			default:
				ok = follows(src[from-width:from], record)
			}
			records++
		}
		if ok && (n == 0 || records >= alignRecords/2) {
			return n, true
		}
	}
	return 0, true
}

// realign passes over the bytes that shift finds at a suspicious record, and counts
// that. It reports true if it did, or if more bytes are needed to tell.
func (d *decoder) realign(src []byte, width int, valid func(record []byte) bool, follows func(before, record []byte) bool) (used int, wait bool) {
	n, known := d.shift(src, width, valid, follows)
	if n > 0 {
		d.reframed++
	}
	return n, !known
}

// Reframed returns how often that was so.
func (d *decoder) Reframed() int64 { return d.reframed }

func (d *decoder) atEnd() { d.final = true }

// A restarter finds the header of another recording in the bytes of a stream.
type restarter struct {
	magic  string // what it begins with; "% " stands for lines of a percentHeader
	opened func(w *window, o Options) (codec, error)
	o      Options
}

// maxHeaderLine bounds a line of a percentHeader that begins a recording.
const maxHeaderLine = 256

// find returns where in b the next header begins, or may begin if more bytes come,
// len(b) if nowhere; whole reports whether it surely begins there.
func (r *restarter) find(b []byte, final bool) (at int, whole bool) {
	if r.magic != "% " {
		if i := bytes.Index(b, []byte(r.magic)); i >= 0 {
			return i, true
		}
		for n := min(len(b), len(r.magic)-1); n >= 1 && !final; n-- {
			if bytes.HasPrefix([]byte(r.magic), b[len(b)-n:]) {
				return len(b) - n, false
			}
		}
		return len(b), false
	}
	// A line of text that begins with "% ", and ends in front of another one.
	for from := 0; ; {
		i := bytes.Index(b[from:], []byte("% "))
		if i < 0 {
			break
		}
		at = from + i
		end := at
		for end < len(b) && end-at < maxHeaderLine && (b[end] >= ' ' && b[end] < 0x7f || b[end] == '\t' || b[end] == '\r') {
			end++
		}
		switch {
		case end+2 < len(b) && b[end] == '\n':
			if b[end+1] == '%' && b[end+2] == ' ' {
				return at, true
			}
		case end-at < maxHeaderLine && (end == len(b) || b[end] == '\n') && !final:
			return at, false
		}
		from = at + 2
	}
	return len(b), false
}
