package event

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// Event Stream 2.x: a header, then bytes whose meaning follows a state machine.
//
//	bytes 0-11   "Event Stream"
//	bytes 12-14  version: major, minor, patch
//	byte 15      kind of events: 1 is DVS, 2 ATIS
//	bytes 16-19  width and height, little-endian
//
//	DVS   0xff       overflow: 127 µs pass
//	      0xfe       reset: nothing, between events
//	      others     first byte of an event: bits 7-1 µs since the last event or
//	                 overflow, bit 0 polarity
//	ATIS  0xfc-0xff  overflow: 63 µs pass, times bits 1-0; 0xfc is a reset
//	      others     first byte of an event: bits 7-2 µs, bit 1 polarity; bit 0:
//	                 crossing of a threshold, which measures the light and is no
//	                 change: passed over
//
// Behind the first byte of an event come x and y, two bytes each, little-endian.
// y counts from the bottom. Source: neuromorphic-paris/event_stream, Version
// 2.0, DVS and ATIS events; neuromorphicsystems/event_stream, sepia.hpp, for the
// direction of y.
const (
	esMagic    = "Event Stream"
	esHeader   = len(esMagic) + 8
	esDVS      = 1
	esATIS     = 2
	esEvent    = 5
	esReset    = 0xfe
	esOverflow = 0xff
	esTick     = 127
	esATISTick = 63
)

// esKinds names the kinds of events of version 2.0.
var esKinds = [...]string{"generic", "DVS", "ATIS", "asynchronous display", "color"}

func matchES(head []byte) bool { return strings.HasPrefix(string(head), esMagic) }

type es struct {
	decoder
	atis bool
	t    int64
}

func newES(w *window, o Options) (codec, error) {
	b, err := w.peek(esHeader)
	if err != nil {
		return nil, err
	}
	// The kind comes before the rest of the header, which others may lack.
	rest := b[min(len(esMagic), len(b)):]
	switch {
	case !matchES(b):
		return nil, malformed("es", 0, "first bytes %.12q, expected %q", b, esMagic)
	case len(rest) >= 1 && rest[0] != 2:
		return nil, unsupported("es", int64(len(esMagic)), "version %d, expected 2", rest[0])
	case len(rest) >= 4 && rest[3] != esDVS && rest[3] != esATIS:
		kind := "unknown"
		if int(rest[3]) < len(esKinds) {
			kind = esKinds[rest[3]]
		}
		return nil, unsupported("es", int64(len(esMagic)+3), "events of kind %d (%s), expected 1 (DVS) or 2 (ATIS)", rest[3], kind)
	case len(b) < esHeader:
		return nil, malformed("es", int64(len(b)), "the recording ends in its header, expected %d bytes", esHeader)
	}
	size := Size{int(binary.LittleEndian.Uint16(rest[4:])), int(binary.LittleEndian.Uint16(rest[6:]))}
	if size.Width == 0 || size.Height == 0 {
		return nil, malformed("es", int64(len(esMagic)+4), "sensor of %dx%d, expected both sides above 0", size.Width, size.Height)
	}
	w.advance(esHeader)
	return &es{decoder: newDecoder("es", size, o), atis: rest[3] == esATIS}, nil
}

func (d *es) decode(dst []Event, src []byte, off int64) (n, used int, err error) {
	for n < len(dst) && used < len(src) {
		b := src[used]
		passed, event := d.first(b)
		if !event {
			d.t += passed
			used++
			continue
		}
		if len(src)-used < esEvent {
			return n, used, nil
		}
		x, y := int(binary.LittleEndian.Uint16(src[used+1:])), int(binary.LittleEndian.Uint16(src[used+3:]))
		switch {
		case !d.inside(x, y):
			if err := d.outside(off+int64(used), x, y); err != nil {
				return n, used, err
			}
		case !d.atis:
			dst[n] = Event{T: d.t + passed, X: uint16(x), Y: uint16(d.size.Height - 1 - y), P: b & 1}
			n++
		case b&1 == 0:
			dst[n] = Event{T: d.t + passed, X: uint16(x), Y: uint16(d.size.Height - 1 - y), P: b >> 1 & 1}
			n++
		}
		d.t += passed
		used += esEvent
	}
	return n, used, nil
}

// first returns what byte b, which is no coordinate, says: the µs that passed, and
// whether an event begins.
func (d *es) first(b byte) (passed int64, event bool) {
	switch {
	case d.atis && b>>2 == esATISTick:
		return esATISTick * int64(b&3), false
	case d.atis:
		return int64(b >> 2), true
	case b == esOverflow:
		return esTick, false
	case b == esReset:
		return 0, false
	default:
		return int64(b >> 1), true
	}
}

func (d *es) end(left int, off int64) error { return d.cut(left, esEvent, off) }

type esWriter struct {
	output
	t int64
}

func newESWriter(w io.Writer, size Size) (Writer, error) {
	if !size.Known() {
		return nil, fmt.Errorf("event: es: sensor of unknown size, expected the size, which the format stores")
	}
	o, err := newOutput("es", w, size, Size{1<<16 - 1, 1<<16 - 1})
	if err != nil {
		return nil, err
	}
	o.gaps = true
	h := append([]byte(esMagic), 2, 0, 0, esDVS)
	h = binary.LittleEndian.AppendUint16(h, uint16(size.Width))
	h = binary.LittleEndian.AppendUint16(h, uint16(size.Height))
	_, err = o.Write(h)
	return &esWriter{output: o}, err
}

func (w *esWriter) Write(events []Event) error {
	for _, e := range events {
		if err := w.admit(e); err != nil {
			return err
		}
		for ; e.T-w.t >= esTick; w.t += esTick {
			if err := w.WriteByte(esOverflow); err != nil {
				return err
			}
		}
		b := append(w.AvailableBuffer(), byte(e.T-w.t)<<1|e.P)
		b = binary.LittleEndian.AppendUint16(b, e.X)
		b = binary.LittleEndian.AppendUint16(b, uint16(w.limit.Height-1)-e.Y)
		if _, err := w.output.Write(b); err != nil {
			return err
		}
		w.t = e.T
	}
	return nil
}
