package event

import (
	"encoding/binary"
	"io"
	"math/bits"
)

// EVT 3.0: a percentHeader, which may be absent, then little-endian words of 16
// bits, the kind in bits 15-12. Words change a state; some yield events from it.
//
//	0x0  bits 10-0 y of the pixel events that follow
//	0x1  y of exposure events: those that follow are passed over
//	0x2  event: bit 11 polarity, bits 10-0 x
//	0x3  bit 11 polarity and bits 10-0 base x of the vectors that follow
//	0x4  vector: bit i set is an event at base+i, i < 12; then base += 12
//	0x5  vector: the same with i < 8; then base += 8
//	0x6  bits 11-0: time bits 11-0, in µs
//	0x8  bits 11-0: time bits 23-12; if it changes, bits 11-0 become 0
//	0xa  external trigger, 0xd inertial sample, 0xe other, 0x7 and 0xf
//	     continued: passed over
//
// So is the word 0x9999, with which some cameras fill their packets. The time
// wraps after 2^24 µs, 16.8 s. Events before the first 0x8 have no time and are
// passed over. y counts from the top. Source: docs.prophesee.ai, EVT 3.0 Format;
// prophesee-ai/openeb, evt3_decoder.h.
const (
	evt3Word     = 2
	evt3Y        = 0x0
	evt3X        = 0x2
	evt3Base     = 0x3
	evt3Vector12 = 0x4
	evt3Vector8  = 0x5
	evt3TimeLow  = 0x6
	evt3TimeHigh = 0x8
	evt3Filler   = 0x9999
)

type evt3 struct {
	decoder
	clock     clock
	high, low int64
	timed     bool // whether there was a time word

	y        int
	hasY     bool
	exposure bool // whether y is that of exposure events

	base    int // x of the next vector
	hasBase bool
	p       uint8 // polarity of the vectors

	// The rest of the last vector, where dst had no room for it.
	mask  uint16
	maskX int
}

func newEVT3(w *window, o Options) (codec, error) {
	h, err := w.evtHeader("evt3", "3.0")
	if err != nil {
		return nil, err
	}
	return &evt3{decoder: newDecoder("evt3", h.size, o), clock: clock{period: 1 << 24}}, nil
}

// valid reports whether r may be the word behind the last one.
func (d *evt3) valid(r []byte) bool {
	word := binary.LittleEndian.Uint16(r)
	value := int(word & 0x7ff)
	switch kind := word >> 12; kind {
	case evt3Y:
		return !d.size.Known() || value < d.size.Height
	case evt3X, evt3Base:
		return !d.size.Known() || value < d.size.Width
	case evt3TimeHigh:
		return !d.timed || d.near(int64(word&0xfff)<<12, d.high, d.clock.period)
	case 0x9, 0xb, 0xc:
		return word == evt3Filler
	}
	return true
}

// jumps reports whether src begins with a time that is far from the last one, as
// after a long silence, and words behind it that are valid at any time.
func (d *evt3) jumps(src []byte) bool {
	after := evt3{decoder: d.decoder}
	for k := range alignRecords + 1 {
		if len(src) < evt3Word {
			return d.final
		}
		if k == 0 && src[1]>>4 != evt3TimeHigh || !after.valid(src[:evt3Word]) {
			return false
		}
		src = src[evt3Word:]
	}
	return true
}

func (d *evt3) decode(dst []Event, src []byte, off int64) (n, used int, err error) {
	for {
		for ; d.mask != 0 && n < len(dst); d.mask &= d.mask - 1 {
			dst[n] = Event{T: d.high | d.low, X: uint16(d.maskX + bits.TrailingZeros16(d.mask)), Y: uint16(d.y), P: d.p}
			n++
		}
		if n == len(dst) || len(src)-used < evt3Word {
			return n, used, nil
		}
		if !d.valid(src[used:used+evt3Word]) && !d.jumps(src[used:]) {
			shift, wait := d.realign(src[used:], evt3Word, d.valid, nil)
			if wait {
				return n, used, nil
			}
			if shift > 0 {
				used += shift
				continue
			}
		}
		word := binary.LittleEndian.Uint16(src[used:])
		value := word & 0xfff
		switch kind := word >> 12; kind {
		case evt3X:
			if !d.timed || d.exposure {
				break
			}
			x := int(value & 0x7ff)
			if !d.hasY || !d.inside(x, d.y) {
				err = d.misplaced(off+int64(used), x)
				break
			}
			dst[n] = Event{T: d.high | d.low, X: uint16(x), Y: uint16(d.y), P: uint8(value >> 11)}
			n++
		case evt3Vector12, evt3Vector8:
			width := 12
			if kind == evt3Vector8 {
				width = 8
				value &= 0xff
			}
			if value != 0 && d.timed && !d.exposure {
				x := d.base + bits.Len16(value) - 1
				if !d.hasBase || !d.hasY || x >= evtMaxSide || !d.inside(x, d.y) {
					err = d.misplaced(off+int64(used), x)
				} else {
					d.mask, d.maskX = value, d.base
				}
			}
			if err == nil {
				d.base = min(d.base+width, evtMaxSide)
			}
		case evt3Y, 0x1:
			d.y, d.hasY, d.exposure = int(value&0x7ff), true, kind != evt3Y
		case evt3Base:
			d.base, d.p, d.hasBase = int(value&0x7ff), uint8(value>>11), true
		case evt3TimeLow:
			d.low = int64(value)
		case evt3TimeHigh:
			if high := d.clock.at(int64(value) << 12); high != d.high || !d.timed {
				d.high, d.low, d.timed = high, 0, true
			}
		case 0x7, 0xa, 0xd, 0xe, 0xf:
		default:
			if word == evt3Filler {
				break
			}
			err = d.bad(off+int64(used), "word %#04x of kind %#x, expected one of 0x0-0x8 0xa 0xd 0xe 0xf", word, kind)
		}
		if err != nil {
			return n, used, err
		}
		used += evt3Word
	}
}

// misplaced is bad for an event that has no place on the sensor, x being that
// of the vector's last event.
func (d *evt3) misplaced(off int64, x int) error {
	if !d.hasY {
		return d.bad(off, "event at x=%d before any y, expected a word of kind 0x0 first", x)
	}
	if x < evtMaxSide && d.inside(x, d.y) {
		return d.bad(off, "vector before any base, expected a word of kind 0x3 first")
	}
	return d.outside(off, x, d.y)
}

func (d *evt3) end(left int, off int64) error { return d.cut(left, evt3Word, off) }

// An evt3Writer writes single events, no vectors.
type evt3Writer struct {
	output
	high, low, y int64 // as last written, -1 if not yet
}

func newEVT3Writer(w io.Writer, size Size) (Writer, error) {
	o, err := newEVTOutput(w, size, "evt3", "3.0", "EVT3")
	if err != nil {
		return nil, err
	}
	return &evt3Writer{output: o, high: -1, low: -1, y: -1}, nil
}

func (w *evt3Writer) Write(events []Event) error {
	for _, e := range events {
		if err := w.admit(e); err != nil {
			return err
		}
		for high := e.T >> 12; w.high != high; {
			// Steps of a quarter of the period leave no doubt about wraps.
			w.high = min(high, w.high+1<<10)
			w.low = 0
			if err := w.word(evt3TimeHigh, w.high&0xfff); err != nil {
				return err
			}
		}
		if low := e.T & 0xfff; w.low != low {
			w.low = low
			if err := w.word(evt3TimeLow, low); err != nil {
				return err
			}
		}
		if y := int64(e.Y); w.y != y {
			w.y = y
			if err := w.word(evt3Y, y); err != nil {
				return err
			}
		}
		if err := w.word(evt3X, int64(e.P)<<11|int64(e.X)); err != nil {
			return err
		}
	}
	return nil
}

func (w *evt3Writer) word(kind uint16, value int64) error {
	_, err := w.output.Write(binary.LittleEndian.AppendUint16(w.AvailableBuffer(), kind<<12|uint16(value)))
	return err
}
