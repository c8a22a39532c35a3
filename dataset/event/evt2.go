package event

import (
	"encoding/binary"
	"fmt"
	"io"
)

// EVT 2.0: a percentHeader, which may be absent, then little-endian words of 32
// bits, the kind in bits 31-28.
//
//	0x0, 0x1  event OFF, ON: bits 27-22 time bits 5-0, 21-11 x, 10-0 y
//	0x8       bits 27-0: time bits 33-6 of the events that follow, in µs
//	0xa       external trigger, 0xd inertial sample, 0xe other, 0xf continued:
//	          passed over
//
// The time wraps after 2^34 µs. What precedes the first time word has no time
// and is passed over. y counts from the top. Source: docs.prophesee.ai, EVT 2.0
// Format; prophesee-ai/openeb, evt2_decoder.h.
const (
	evt2Word     = 4
	evt2TimeHigh = 0x8
	evtMaxSide   = 1 << 11
)

// evtHeader reads the header of a RAW file in the given encoding.
func (w *window) evtHeader(format, version string) (percentHeader, error) {
	h, err := w.percentHeader(format)
	if err != nil {
		return h, err
	}
	if h.evt != "" && h.evt != version {
		return h, unsupported(format, w.off, "header of encoding %.16q, expected %s", h.evt, version)
	}
	if h.big {
		return h, unsupported(format, w.off, "header with endianness=big, expected little")
	}
	return h, nil
}

// matchEVT returns the Match of an EVT version.
func matchEVT(version string) func([]byte) bool {
	return func(head []byte) bool { return percentHead(head).evt == version }
}

const (
	evtKinds = 1<<0 | 1<<1 | 1<<evt2TimeHigh | 1<<0xa | 1<<0xd | 1<<0xe | 1<<0xf
	evtJump  = 1_000_000 // µs between time words that make one suspicious
)

// evtWords is what the decoders of EVT 2.0 and 2.1 share: their words, or one half of
// them, are the same.
type evtWords struct {
	decoder
	clock clock
	high  int64 // time of the last time word
	timed bool  // whether there was one
}

func newEVTWords(w *window, o Options, format, version string) (evtWords, percentHeader, error) {
	h, err := w.evtHeader(format, version)
	return evtWords{decoder: newDecoder(format, h.size, o), clock: clock{period: 1 << 34}}, h, err
}

// follows reports whether a word may be the one behind the last; one of events is of
// pixels from x to x + wide.
func (d *evtWords) follows(word uint32, wide int) bool {
	switch kind := word >> 28; kind {
	case 0x0, 0x1:
		return d.holds(int(word>>11&0x7ff)+wide, int(word&0x7ff))
	case evt2TimeHigh:
		return !d.timed || d.near(int64(word&0x0fffffff)<<6, d.high, d.clock.period)
	default:
		return evtKinds>>kind&1 != 0
	}
}

// holds reports whether a pixel is one of the sensor, and of what the format can say.
func (d *evtWords) holds(x, y int) bool { return x < evtMaxSide && d.inside(x, y) }

// setTime takes in a time word.
func (d *evtWords) setTime(word uint32) {
	d.high = d.clock.at(int64(word&0x0fffffff) << 6)
	d.timed = true
}

// noKind is the error of a word of no kind that there is.
func (d *evtWords) noKind(off int64, word uint32) error {
	return d.bad(off, "word %#08x of kind %#x, expected one of 0x0 0x1 0x8 0xa 0xd 0xe 0xf", word, word>>28)
}

// near reports whether t is the time of a word that follows one of time last.
func (d *decoder) near(t, last, period int64) bool {
	jump := (t - last) & (period - 1)
	return jump <= evtJump || jump >= period-evtJump
}

type evt2 struct{ evtWords }

// valid reports whether r may be the word behind the last one.
func (d *evt2) valid(r []byte) bool { return d.follows(binary.LittleEndian.Uint32(r), 0) }

func newEVT2(w *window, o Options) (codec, error) {
	d, _, err := newEVTWords(w, o, "evt2", "2.0")
	if err != nil {
		return nil, err
	}
	return &evt2{d}, nil
}

func (d *evt2) decode(dst []Event, src []byte, off int64) (n, used int, err error) {
	for ; n < len(dst) && len(src)-used >= evt2Word; used += evt2Word {
		if !d.valid(src[used : used+evt2Word]) {
			shift, wait := d.realign(src[used:], evt2Word, d.valid, nil)
			if wait {
				return n, used, nil
			}
			if shift > 0 {
				used += shift - evt2Word
				continue
			}
		}
		word := binary.LittleEndian.Uint32(src[used:])
		switch kind := word >> 28; kind {
		case 0x0, 0x1:
			if !d.timed {
				continue
			}
			x, y := int(word>>11&0x7ff), int(word&0x7ff)
			if !d.inside(x, y) {
				err = d.outside(off+int64(used), x, y)
				break
			}
			dst[n] = Event{T: d.high | int64(word>>22&0x3f), X: uint16(x), Y: uint16(y), P: uint8(kind)}
			n++
		case evt2TimeHigh:
			d.setTime(word)
		case 0xa, 0xd, 0xe, 0xf:
		default:
			err = d.noKind(off+int64(used), word)
		}
		if err != nil {
			return n, used, err
		}
	}
	return n, used, nil
}

func (d *evt2) end(left int, off int64) error { return d.cut(left, evt2Word, off) }

// newEVTOutput writes the header of a RAW file in the given encoding.
func newEVTOutput(w io.Writer, size Size, format, version, name string) (output, error) {
	o, err := newOutput(format, w, size, Size{evtMaxSide, evtMaxSide})
	if err != nil {
		return o, err
	}
	o.gaps = true
	fmt.Fprintf(o, "%% evt %s\n", version)
	if size.Known() {
		fmt.Fprintf(o, "%% format %s;height=%d;width=%d\n%% geometry %s\n", name, size.Height, size.Width, size)
	}
	_, err = o.WriteString("% end\n")
	return o, err
}

type evt2Writer struct {
	output
	high int64 // time bits above 5 of the last time word, -1 before it
}

func newEVT2Writer(w io.Writer, size Size) (Writer, error) {
	o, err := newEVTOutput(w, size, "evt2", "2.0", "EVT2")
	if err != nil {
		return nil, err
	}
	return &evt2Writer{output: o, high: -1}, nil
}

func (w *evt2Writer) Write(events []Event) error {
	for _, e := range events {
		if err := w.admit(e); err != nil {
			return err
		}
		if high := e.T >> 6; high != w.high {
			w.high = high
			if err := w.word(evt2TimeHigh<<28 | uint32(high&0x0fffffff)); err != nil {
				return err
			}
		}
		if err := w.word(uint32(e.P)<<28 | uint32(e.T&0x3f)<<22 | uint32(e.X)<<11 | uint32(e.Y)); err != nil {
			return err
		}
	}
	return nil
}

func (w *evt2Writer) word(v uint32) error {
	_, err := w.output.Write(binary.LittleEndian.AppendUint32(w.AvailableBuffer(), v))
	return err
}
