package event

import (
	"encoding/binary"
	"strings"
)

// DAT: a percentHeader, a byte with the kind of the events, a byte with their
// size, then the events, little-endian.
//
//	kind  0 Event2d, 12 EventCD; 14 external triggers and others are refused
//	size  8
//
//	bytes 0-3  time in µs
//	bytes 4-7  version 2: bits 13-0 x, 27-14 y, 31-28 polarity
//	           0, 1:      bits 8-0 x, 16-9 y, 17 polarity
//
// A header without a Version line is of version 0. The time wraps after 2^32 µs.
// y counts from the top. Source: docs.prophesee.ai, DAT File Format;
// prophesee-ai/openeb, event2d.h; Prophesee's load_atis_data for versions 0, 1.
const (
	datRecord    = 8
	datEvent2D   = 0
	datEventCD   = 12
	datWantKinds = "0 (Event2d) or 12 (EventCD)"
)

func matchDAT(head []byte) bool {
	return strings.Contains(string(head), "% Data file containing ")
}

type dat struct {
	decoder
	old   bool // version 0 or 1
	clock clock
	timed bool // whether there was an event
}

func newDAT(w *window, o Options) (codec, error) {
	h, err := w.percentHeader("dat")
	if err != nil {
		return nil, err
	}
	old := h.dat == "" && w.off > 0
	switch h.dat {
	case "", "2":
	case "0", "1":
		old = true
	default:
		return nil, unsupported("dat", w.off, "header of version %.16q, expected 0, 1 or 2", h.dat)
	}
	b, err := w.peek(2)
	switch {
	case err != nil:
		return nil, err
	case len(b) < 2:
		return nil, malformed("dat", w.off, "the recording ends in its header: %d bytes are left, expected kind and size of the events", len(b))
	case b[0] != datEvent2D && b[0] != datEventCD:
		return nil, unsupported("dat", w.off, "events of kind %d, expected %s", b[0], datWantKinds)
	case b[1] != datRecord:
		return nil, malformed("dat", w.off+1, "events of %d bytes, expected %d", b[1], datRecord)
	}
	w.advance(2)
	return &dat{decoder: newDecoder("dat", h.size, o), old: old, clock: clock{period: 1 << 32}}, nil
}

// valid reports whether r may be the event behind the last one.
func (d *dat) valid(r []byte) bool {
	word := binary.LittleEndian.Uint32(r[4:])
	x, y, rest := int(word&0x3fff), int(word>>14&0x3fff), word>>29
	if d.old {
		x, y, rest = int(word&0x1ff), int(word>>9&0xff), word>>18
	}
	return rest == 0 && d.inside(x, y) && (!d.timed || d.near(int64(binary.LittleEndian.Uint32(r)), d.clock.last, d.clock.period))
}

func (d *dat) decode(dst []Event, src []byte, off int64) (n, used int, err error) {
	for ; n < len(dst) && len(src)-used >= datRecord; used += datRecord {
		if !d.valid(src[used : used+datRecord]) {
			shift, wait := d.realign(src[used:], datRecord, d.valid, nil)
			if wait {
				return n, used, nil
			}
			if shift > 0 {
				used += shift - datRecord
				continue
			}
		}
		d.timed = true
		t := d.clock.at(int64(binary.LittleEndian.Uint32(src[used:])))
		word := binary.LittleEndian.Uint32(src[used+4:])
		x, y, p := int(word&0x3fff), int(word>>14&0x3fff), word>>28
		if d.old {
			x, y, p = int(word&0x1ff), int(word>>9&0xff), word>>17&1
		}
		switch {
		case d.old && word>>18 != 0:
			err = d.bad(off+int64(used), "address %#08x of more than 18 bits, expected those of version 0 or 1, as the header states no other", word)
		case p > 1:
			err = d.bad(off+int64(used), "event of polarity %d, expected 0 or 1", p)
		case !d.inside(x, y):
			err = d.outside(off+int64(used), x, y)
		default:
			dst[n] = Event{T: t, X: uint16(x), Y: uint16(y), P: uint8(p)}
			n++
		}
		if err != nil {
			return n, used, err
		}
	}
	return n, used, nil
}

func (d *dat) end(left int, off int64) error { return d.cut(left, datRecord, off) }
