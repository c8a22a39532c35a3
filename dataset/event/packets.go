package event

import "encoding/binary"

// The events that AEStream and faery send over the network, back to back and without a
// header; a datagram holds whole ones. Little-endian, y counts from the top.
//
//	t64_x16_y16_on8   13 bytes: t in µs (8), x (2), y (2), polarity (1)
//	t32_x16_y15_on1   8 bytes: t in µs (4), x (2), bits 15-1 y and bit 0 polarity (2)
//	spif              words of 4 bytes: bits 30-16 x, bit 15 polarity, 14-0 y; bit 31
//	                  says that no time follows, else the next word is t in µs
//
// Times of 32 bits wrap. An event without a time has that of the one before; Stamp adds
// what a receiver knows. Source: aestream/faery, udp_encoder.py and udp_decoder.py;
// aestream/aestream, dvs_to_udp.cpp.
const (
	packet64   = 13
	packet32   = 8
	packetSPIF = 4

	spifNoTime = 1 << 31
)

// PacketSize returns how many bytes of p, which begins with an event in one of the
// packet forms, are whole events: all of p for other formats.
func PacketSize(format string, p []byte) int {
	switch format {
	case "t64_x16_y16_on8":
		return len(p) - len(p)%packet64
	case "t32_x16_y15_on1":
		return len(p) - len(p)%packet32
	case "spif":
		n := 0
		for len(p)-n >= packetSPIF {
			size := spifSize(p[n:])
			if len(p)-n < size {
				break
			}
			n += size
		}
		return n
	}
	return len(p)
}

// spifSize returns the length of the event that begins with a word.
func spifSize(p []byte) int {
	if binary.LittleEndian.Uint32(p)&spifNoTime != 0 {
		return packetSPIF
	}
	return 2 * packetSPIF
}

// packets64 decodes t64_x16_y16_on8.
type packets64 struct{ decoder }

func newPackets64(_ *window, o Options) (codec, error) {
	return &packets64{newDecoder("t64_x16_y16_on8", Size{}, o)}, nil
}

func (d *packets64) decode(dst []Event, src []byte, off int64) (n, used int, err error) {
	for ; n < len(dst) && len(src)-used >= packet64; used += packet64 {
		r := src[used:]
		t, x, y, p := binary.LittleEndian.Uint64(r), int(binary.LittleEndian.Uint16(r[8:])), int(binary.LittleEndian.Uint16(r[10:])), r[12]
		switch {
		case t >= 1<<62:
			err = d.bad(off+int64(used), "time %d: want µs below 2^62", t)
		case p > 1:
			err = d.bad(off+int64(used)+12, "event of polarity %d: want 0 or 1", p)
		case !d.inside(x, y):
			err = d.outside(off+int64(used), x, y)
		default:
			dst[n] = Event{T: int64(t), X: uint16(x), Y: uint16(y), P: p}
			n++
		}
		if err != nil {
			return n, used, err
		}
	}
	return n, used, nil
}

func (d *packets64) end(left int, off int64) error { return d.cut(left, packet64, off) }

// packets32 decodes t32_x16_y15_on1.
type packets32 struct {
	decoder
	clock clock
}

func newPackets32(_ *window, o Options) (codec, error) {
	return &packets32{newDecoder("t32_x16_y15_on1", Size{}, o), clock{period: 1 << 32}}, nil
}

func (d *packets32) decode(dst []Event, src []byte, off int64) (n, used int, err error) {
	for ; n < len(dst) && len(src)-used >= packet32; used += packet32 {
		r := src[used:]
		t := d.clock.at(int64(binary.LittleEndian.Uint32(r)))
		x, y := int(binary.LittleEndian.Uint16(r[4:])), int(binary.LittleEndian.Uint16(r[6:]))
		if !d.inside(x, y>>1) {
			if err := d.outside(off+int64(used), x, y>>1); err != nil {
				return n, used, err
			}
			continue
		}
		dst[n] = Event{T: t, X: uint16(x), Y: uint16(y >> 1), P: uint8(y & 1)}
		n++
	}
	return n, used, nil
}

func (d *packets32) end(left int, off int64) error { return d.cut(left, packet32, off) }

// Stamp appends the events of spif in p, all whole, to dst, and gives those without a
// time the time t in µs.
func Stamp(dst, p []byte, t int64) []byte {
	for len(p) >= packetSPIF {
		size := spifSize(p)
		if len(p) < size {
			break
		}
		if size > packetSPIF {
			dst = append(dst, p[:size]...)
		} else {
			dst = binary.LittleEndian.AppendUint32(dst, binary.LittleEndian.Uint32(p)&^spifNoTime)
			dst = binary.LittleEndian.AppendUint32(dst, uint32(t))
		}
		p = p[size:]
	}
	return dst
}

// spif decodes the words of SPIF.
type spif struct {
	decoder
	clock clock
	t     int64 // of the last event
}

func newSPIF(_ *window, o Options) (codec, error) {
	return &spif{decoder: newDecoder("spif", Size{}, o), clock: clock{period: 1 << 32}}, nil
}

func (d *spif) decode(dst []Event, src []byte, off int64) (n, used int, err error) {
	for n < len(dst) && len(src)-used >= packetSPIF {
		r := src[used:]
		size := spifSize(r)
		if len(r) < size {
			break
		}
		word := binary.LittleEndian.Uint32(r)
		x, y, p := int(word>>16&0x7fff), int(word&0x7fff), uint8(word>>15&1)
		if !d.inside(x, y) {
			if err := d.outside(off+int64(used), x, y); err != nil {
				return n, used, err
			}
			used += size
			continue
		}
		if size > packetSPIF {
			d.t = d.clock.at(int64(binary.LittleEndian.Uint32(r[packetSPIF:])))
		}
		dst[n] = Event{T: d.t, X: uint16(x), Y: uint16(y), P: p}
		n++
		used += size
	}
	return n, used, nil
}

func (d *spif) end(left int, off int64) error { return d.cut(left, 2*packetSPIF, off) }
