package event

import (
	"encoding/binary"
	"math/bits"
)

// EVT 2.1: a percentHeader, which may be absent, then little-endian words of 64
// bits, the kind in bits 63-60.
//
//	0x0, 0x1  events OFF, ON: bits 59-54 time bits 5-0, 53-43 x, 42-32 y; bit i
//	          of 31-0 set is an event at x+i
//	0x8       bits 59-32: time bits 33-6 of the events that follow, in µs
//	0xa       external trigger, 0xd inertial sample, 0xe other, 0xf continued:
//	          passed over
//
// Where the header says endianness=legacy, as of IMX636 and Gen4.1, the halves of
// a word are exchanged: the kind is in bits 31-28. The time wraps after 2^34 µs.
// What precedes the first time word has no time and is passed over. y counts from
// the top. Source: docs.prophesee.ai, EVT 2.1 Format; prophesee-ai/openeb,
// evt21_event_types.h, for the legacy order.
const evt21Word = 8

type evt21 struct {
	evtWords
	legacy bool

	// The rest of the last word of events, where dst had no room for it.
	mask uint32
	rest Event
}

func newEVT21(w *window, o Options) (codec, error) {
	d, h, err := newEVTWords(w, o, "evt21", "2.1")
	if err != nil {
		return nil, err
	}
	return &evt21{evtWords: d, legacy: h.legacy}, nil
}

// halves returns the pixels of a word of events and the half that says what it is.
func (d *evt21) halves(r []byte) (mask, word uint32) {
	mask, word = binary.LittleEndian.Uint32(r), binary.LittleEndian.Uint32(r[4:])
	if d.legacy {
		mask, word = word, mask
	}
	return mask, word
}

// valid reports whether r may be the word behind the last one.
func (d *evt21) valid(r []byte) bool {
	mask, word := d.halves(r)
	return d.follows(word, max(0, bits.Len32(mask)-1))
}

func (d *evt21) decode(dst []Event, src []byte, off int64) (n, used int, err error) {
	for {
		for ; d.mask != 0 && n < len(dst); d.mask &= d.mask - 1 {
			dst[n] = d.rest
			dst[n].X += uint16(bits.TrailingZeros32(d.mask))
			n++
		}
		if n == len(dst) || len(src)-used < evt21Word {
			return n, used, nil
		}
		if !d.valid(src[used : used+evt21Word]) {
			shift, wait := d.realign(src[used:], evt21Word, d.valid, nil)
			if wait {
				return n, used, nil
			}
			if shift > 0 {
				used += shift
				continue
			}
		}
		mask, word := d.halves(src[used:])
		switch kind := word >> 28; kind {
		case 0x0, 0x1:
			if !d.timed || mask == 0 {
				break
			}
			x, y := int(word>>11&0x7ff), int(word&0x7ff)
			if last := x + bits.Len32(mask) - 1; !d.holds(last, y) {
				err = d.outside(off+int64(used), last, y)
				break
			}
			d.mask = mask
			d.rest = Event{T: d.high | int64(word>>22&0x3f), X: uint16(x), Y: uint16(y), P: uint8(kind)}
		case evt2TimeHigh:
			d.setTime(word)
		case 0xa, 0xd, 0xe, 0xf:
		default:
			err = d.noKind(off+int64(used), word)
		}
		if err != nil {
			return n, used, err
		}
		used += evt21Word
	}
}

func (d *evt21) end(left int, off int64) error { return d.cut(left, evt21Word, off) }
