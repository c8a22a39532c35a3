package event

import (
	"encoding/binary"
	"io"
	"strings"
)

// AEDAT 3.1: lines of text that begin with '#', up to #!END-HEADER, then
// packets: a header of 28 bytes and events of one kind, all little-endian.
//
//	bytes 0-1    kind: 1 is polarity, the others are passed over
//	bytes 2-3    source; those of all sources are returned
//	bytes 4-7    size of an event
//	bytes 8-11   offset of the time in an event
//	bytes 12-15  overflows of the time
//	bytes 16-19  events there is room for, which sets the length of the packet
//	bytes 20-23  events that are there
//	bytes 24-27  valid events
//
//	polarity event, bytes 0-3: bit 0 valid, bit 1 polarity, bits 16-2 y, 31-17 x
//	                bytes 4-7: time in µs, 31 bits
//
// The full time is overflows<<31 | time. (0, 0) is the upper left pixel. Events
// marked invalid are left out. After a timestamp reset time starts again at 0.
// Source: iniVation, AEDAT file formats, 3.1.
const (
	aedat3Packet     = 28
	aedat3Polarity   = 1
	aedat3Event      = 8
	aedat3TimeOffset = 4
	aedat3MaxSide    = 1 << 15
	aedat3PerPacket  = 4096 // events in a packet that is written
)

type aedat3 struct {
	decoder
	base   int64 // time of the packet's overflows
	events int64 // polarity events of the packet still to come
	rest   int64 // bytes behind them to pass over
}

func newAEDAT3(w *window, o Options) (codec, error) {
	const version, format, source, end = "#!AER-DAT3.1", "#Format:", "#Source ", "#!END-HEADER"
	var first, encoding string
	var size Size
	sources, ended := 0, false
	err := w.headerLines("aedat3", '#', func(line string) bool {
		if first == "" {
			first = line
		}
		if s, ok := strings.CutPrefix(line, format); ok {
			encoding = strings.TrimSpace(s)
		}
		if s, ok := strings.CutPrefix(line, source); ok {
			_, name, _ := strings.Cut(s, ":")
			size = Size{}
			if c := chipOf(strings.TrimSpace(name)); c != nil {
				size = c.size
			}
			sources++
		}
		ended = line == end
		return ended
	})
	switch {
	case err != nil:
		return nil, err
	case !strings.HasPrefix(first, version):
		return nil, malformed("aedat3", 0, "first line %.32q, expected %s", first, version)
	case !ended:
		return nil, malformed("aedat3", w.off, "the header ends without %s", end)
	case encoding != "RAW":
		return nil, unsupported("aedat3", w.off, "packets in format %.32q, expected RAW", encoding)
	case sources > 1:
		size = Size{} // no size holds for all
	}
	return &aedat3{decoder: newDecoder("aedat3", size, o)}, nil
}

func (d *aedat3) decode(dst []Event, src []byte, off int64) (n, used int, err error) {
	for {
		b := src[used:]
		switch {
		case d.events > 0:
			if n == len(dst) || len(b) < aedat3Event {
				return n, used, nil
			}
			data, t := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[aedat3TimeOffset:])
			e := Event{T: d.base | int64(t), X: uint16(data >> 17), Y: uint16(data >> 2 & 0x7fff), P: uint8(data >> 1 & 1)}
			switch {
			case data&1 == 0:
			case t>>31 != 0:
				err = d.bad(off+int64(used), "event at time %d, expected a time that is not negative", int32(t))
			case !d.inside(int(e.X), int(e.Y)):
				err = d.outside(off+int64(used), int(e.X), int(e.Y))
			default:
				dst[n] = e
				n++
			}
			if err != nil {
				return n, used, err
			}
			used += aedat3Event
			d.events--
		case d.rest > 0:
			if len(b) == 0 {
				return n, used, nil
			}
			k := min(d.rest, int64(len(b)))
			used += int(k)
			d.rest -= k
		default:
			if n == len(dst) || len(b) < aedat3Packet {
				return n, used, nil
			}
			if err := d.packet(b, off+int64(used)); err != nil {
				return n, used, err
			}
			used += aedat3Packet
		}
	}
}

// packet takes in a packet header. Its errors are final: it alone tells where
// the next packet begins.
func (d *aedat3) packet(b []byte, off int64) error {
	field := func(at int) int64 { return int64(int32(binary.LittleEndian.Uint32(b[at:]))) }
	kind := binary.LittleEndian.Uint16(b)
	size, timeOffset, overflow, room, number, valid := field(4), field(8), field(12), field(16), field(20), field(24)
	if size < 0 || room < 0 || number < 0 || number > room || valid < 0 || valid > number {
		return malformed(d.format, off, "packet with event size %d, capacity %d, number %d, valid %d, expected 0 <= valid <= number <= capacity and a size that is not negative", size, room, number, valid)
	}
	if kind != aedat3Polarity {
		d.rest = size * room
		return nil
	}
	if size != aedat3Event || timeOffset != aedat3TimeOffset || overflow < 0 {
		return malformed(d.format, off, "polarity packet with event size %d, time offset %d, overflow %d, expected %d, %d and 0 or more", size, timeOffset, overflow, aedat3Event, aedat3TimeOffset)
	}
	d.base = overflow << 31
	d.events = number
	d.rest = (room - number) * size
	return nil
}

func (d *aedat3) end(left int, off int64) error {
	if missing := d.events*aedat3Event + d.rest; missing > 0 {
		return d.bad(off, "the recording ends inside a packet: %d bytes are left, expected %d", left, missing)
	}
	return d.cut(left, aedat3Packet, off)
}

type aedat3Writer struct {
	output
	overflow int64
	packet   []byte // header and events of the packet being filled
}

func newAEDAT3Writer(w io.Writer, size Size) (Writer, error) {
	o, err := newOutput("aedat3", w, size, Size{aedat3MaxSide, aedat3MaxSide})
	if err != nil {
		return nil, err
	}
	// A sensor of a listed size is named, so that readers know the size.
	name := "File"
	for _, c := range chips {
		if c.size == size {
			name = strings.ToUpper(c.prefix)
			break
		}
	}
	// The time of the recording is not known here; writing the same events
	// gives the same bytes.
	_, err = o.WriteString("#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: " + name +
		"\r\n#Start-Time: 1970-01-01 00:00:00 (TZ+0000)\r\n#!END-HEADER\r\n")
	return &aedat3Writer{output: o, packet: make([]byte, aedat3Packet, aedat3Packet+aedat3PerPacket*aedat3Event)}, err
}

func (w *aedat3Writer) Write(events []Event) error {
	for _, e := range events {
		if e.T>>31 > 1<<31-1 {
			return w.refuse(e, "expected a time below 2^62 µs")
		}
		if err := w.admit(e); err != nil {
			return err
		}
		if len(w.packet) == cap(w.packet) || e.T>>31 != w.overflow {
			if err := w.flushPacket(); err != nil {
				return err
			}
			w.overflow = e.T >> 31
		}
		w.packet = binary.LittleEndian.AppendUint32(w.packet, uint32(e.X)<<17|uint32(e.Y)<<2|uint32(e.P)<<1|1)
		w.packet = binary.LittleEndian.AppendUint32(w.packet, uint32(e.T&(1<<31-1)))
	}
	return nil
}

func (w *aedat3Writer) flushPacket() error {
	number := uint32(len(w.packet)-aedat3Packet) / aedat3Event
	if number == 0 {
		return nil
	}
	le := binary.LittleEndian
	le.PutUint16(w.packet[0:], aedat3Polarity)
	le.PutUint16(w.packet[2:], 1)
	le.PutUint32(w.packet[4:], aedat3Event)
	le.PutUint32(w.packet[8:], aedat3TimeOffset)
	le.PutUint32(w.packet[12:], uint32(w.overflow))
	for at := 16; at < aedat3Packet; at += 4 {
		le.PutUint32(w.packet[at:], number)
	}
	_, err := w.output.Write(w.packet)
	w.packet = w.packet[:aedat3Packet]
	return err
}

func (w *aedat3Writer) Close() error {
	if err := w.flushPacket(); err != nil {
		return err
	}
	return w.output.Close()
}
