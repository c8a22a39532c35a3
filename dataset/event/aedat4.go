package event

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/pierrec/lz4/v4"

	"github.com/snurun/snurun/internal/bounded"
)

// AEDAT 4.0: the line "#!AER-DAT4.0\r\n", which a connection may lack, a header,
// then packets.
//
//	header  4 bytes size, FlatBuffer IOHE: compression (0 none, 1 and 2 LZ4,
//	        3 and 4 zstd), place of the table behind the last packet or -1, XML
//	        that lists the streams: kind, compression, size of the sensor
//	packet  4 bytes number of its stream, 4 bytes size; that many bytes, which are
//	        compressed: 4 bytes size, FlatBuffer, EVTS for one of events
//	event   16 bytes: time in µs since 1970, 8 bytes; x, y, 2 bytes each; 1 for ON
//
// All numbers are little-endian. (0, 0) is the upper left pixel. Streams of other
// kinds are passed over. Source: iniVation, AEDAT file formats, 4.0; the schemas
// of dv-processing.
const (
	aedat4Line      = "#!AER-DAT4.0\r\n"
	aedat4Packet    = 8
	aedat4Event     = 16
	aedat4MaxBytes  = 64 << 20 // of a packet, as it is and unpacked
	aedat4MaxHeader = 1 << 18  // bytes of the list of streams, whose tree takes many times as much
)

func matchAEDAT4(head []byte) bool {
	return strings.HasPrefix(string(head), aedat4Line) || len(head) >= 12 && string(head[8:12]) == "IOHE"
}

type aedat4 struct {
	decoder
	r      io.Reader
	off    int64 // bytes read
	table  int64 // offset at which the packets end, -1 if they go on to the end
	kind   int   // compression
	stream int32 // that of the events
	zstd   zstdDecoder
	lz4    *lz4.Reader
	body   []byte // of a packet
	packed bytes.Reader
	raw    []byte // the packet, unpacked
	events []byte // of the packet, not yet returned
	err    error  // final
}

func newAEDAT4(r io.Reader, o Options) (Source, error) {
	d := &aedat4{r: r, table: -1}
	d.format = "aedat4"
	head, err := d.take(len(aedat4Line), "header")
	if err != nil {
		return nil, err
	}
	first := head
	if string(head) == aedat4Line {
		if head, err = d.take(4, "header"); err != nil {
			return nil, err
		}
	} else if len(head) < 12 || string(head[8:12]) != "IOHE" {
		return nil, malformed("aedat4", 0, "first bytes %.14q, expected %q", head, aedat4Line)
	}
	size := binary.LittleEndian.Uint32(head)
	if size < uint32(len(head)-4) || size > aedat4MaxHeader {
		return nil, malformed("aedat4", d.off, "header of %d bytes, expected at most %d", size, aedat4MaxHeader)
	}
	rest, err := d.take(int(size)-(len(head)-4), "header")
	if err != nil {
		return nil, err
	}
	info, err := d.header(append(head[4:len(head):len(head)], rest...))
	if err != nil {
		return nil, malformed("aedat4", 0, "header: %v", err)
	}
	if string(first) != aedat4Line && d.table >= 0 {
		d.table -= int64(len(aedat4Line)) // a place in the file, which has the line
	}
	s, err := d.choose(info, o)
	if err != nil {
		return nil, err
	}
	d.decoder = newDecoder("aedat4", s.size, o)
	d.stream = s.number
	return d, nil
}

// header takes in the header and returns the streams that it lists.
func (d *aedat4) header(data []byte) ([]aedat4Stream, error) {
	b, root, err := openFlat(data, "IOHE")
	if err != nil {
		return nil, err
	}
	if at := b.field(root, 0); at > 0 {
		d.kind = int(b.u32(at))
	}
	if at := b.field(root, 1); at > 0 && b.has(at, 8) {
		d.table = int64(binary.LittleEndian.Uint64(b.data[at:]))
	}
	text := b.vector(root, 2, 1)
	if err := b.err(); err != nil {
		return nil, err
	}
	info, err := readNodes(text)
	if err != nil {
		return nil, fmt.Errorf("list of streams: %w", err)
	}
	return info.streams(nil), nil
}

// An aedat4Stream is a stream of events.
type aedat4Stream struct {
	number int32
	source string // the camera
	size   Size
}

// streams appends the streams of events in n and below it.
func (n *xmlNode) streams(all []aedat4Stream) []aedat4Stream {
	if n.attr("typeIdentifier") == "EVTS" {
		if number, err := strconv.ParseInt(strings.TrimSpace(n.name), 10, 32); err == nil {
			s := aedat4Stream{number: int32(number)}
			for _, info := range n.nodes {
				if info.name == "info" {
					s.source = info.attr("source")
					s.size = Size{side(info.attr("sizeX")), side(info.attr("sizeY"))}
				}
			}
			if s.size.Width < 1 || s.size.check() != nil {
				s.size = Size{}
			}
			all = append(all, s)
		}
	}
	for _, below := range n.nodes {
		all = below.streams(all)
	}
	return all
}

// choose returns the only stream of events, or that of the camera that the
// options name.
func (d *aedat4) choose(all []aedat4Stream, o Options) (aedat4Stream, error) {
	var cameras []string
	var chosen []aedat4Stream
	for _, s := range all {
		cameras = append(cameras, fmt.Sprintf("%q", s.source))
		if o.Chip == "" || strings.HasPrefix(strings.ToLower(s.source), strings.ToLower(o.Chip)) {
			chosen = append(chosen, s)
		}
	}
	switch {
	case len(all) == 0:
		return aedat4Stream{}, unsupported("aedat4", d.off, "no stream of events (EVTS), expected one")
	case len(chosen) != 1:
		return aedat4Stream{}, unsupported("aedat4", d.off, "streams of events of the cameras %s, expected one, or the name of one as Options.Chip (--chip)", strings.Join(cameras, ", "))
	case d.kind < 0 || d.kind > 4:
		return aedat4Stream{}, unsupported("aedat4", d.off, "compression %d, expected 0 (none), 1, 2 (LZ4), 3 or 4 (zstd)", d.kind)
	}
	return chosen[0], nil
}

// take reads n bytes.
func (d *aedat4) take(n int, what string) ([]byte, error) {
	b, err := bounded.Read(d.r, n)
	d.off += int64(len(b))
	if err == io.ErrUnexpectedEOF {
		return b, malformed("aedat4", d.off, "the recording ends in a %s: %d bytes are left, expected %d", what, len(b), n)
	}
	return b, err
}

// Read implements [Reader].
func (d *aedat4) Read(dst []Event) (n int, err error) {
	for n == 0 && len(dst) > 0 {
		if len(d.events) == 0 {
			if d.err == nil {
				d.err = d.packet()
			}
			if d.err != nil {
				return 0, d.err
			}
		}
		for ; n < len(dst) && len(d.events) > 0; d.events = d.events[aedat4Event:] {
			r := d.events[:aedat4Event]
			t, x, y := int64(binary.LittleEndian.Uint64(r)), int16(binary.LittleEndian.Uint16(r[8:])), int16(binary.LittleEndian.Uint16(r[10:]))
			at := d.off - int64(len(d.events))
			switch {
			case t < 0 || r[12] > 1:
				err = d.bad(at, "event at time %d with polarity %d, expected a time that is not negative and 0 or 1", t, r[12])
			case x < 0 || y < 0 || !d.inside(int(x), int(y)):
				err = d.outside(at, int(x), int(y))
			default:
				dst[n] = Event{T: t, X: uint16(x), Y: uint16(y), P: r[12]}
				n++
			}
			if err != nil {
				if n > 0 {
					return n, nil // met again by the next call
				}
				return 0, err
			}
		}
	}
	return n, nil
}

// packet reads the next packet of events. Its errors are final.
func (d *aedat4) packet() error {
	for {
		if d.table >= 0 && d.off >= d.table {
			return io.EOF
		}
		head, err := d.read(aedat4Packet)
		switch {
		case err == io.ErrUnexpectedEOF && len(head) == 0:
			return io.EOF
		case err == io.ErrUnexpectedEOF:
			return d.cutOff(len(head), aedat4Packet)
		case err != nil:
			return err
		}
		d.off += aedat4Packet
		stream, size := int32(binary.LittleEndian.Uint32(head)), int32(binary.LittleEndian.Uint32(head[4:]))
		if stream < 0 || size < 0 || size > aedat4MaxBytes {
			return malformed("aedat4", d.off-aedat4Packet, "packet of stream %d with %d bytes, expected a stream from 0 and at most %d bytes", stream, size, aedat4MaxBytes)
		}
		body, err := d.read(int(size))
		if err == io.ErrUnexpectedEOF {
			return d.cutOff(len(body), int(size))
		}
		if err != nil {
			return err
		}
		at := d.off
		d.off += int64(size)
		if stream != d.stream {
			continue
		}
		if d.events, err = d.unpack(body); err != nil {
			// The next packet begins behind this one, whatever it holds.
			if err := d.bad(at, "packet of events: %v", err); err != nil {
				return err
			}
			d.events = nil
		}
		if len(d.events) > 0 {
			return nil
		}
	}
}

// read reads n bytes, which are valid until the next call.
func (d *aedat4) read(n int) (b []byte, err error) {
	if n > cap(d.body) {
		b, err = bounded.Read(d.r, n)
		d.body = b
		return b, err
	}
	k, err := io.ReadFull(d.r, d.body[:n])
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return d.body[:k], err
}

// cutOff is the end of a recording inside a packet.
func (d *aedat4) cutOff(have, want int) error {
	if err := d.bad(d.off, "the recording ends inside a packet: %d bytes are left, expected %d", have, want); err != nil {
		return err
	}
	return io.EOF
}

// unpack returns the events of a packet. They are valid until the next call.
func (d *aedat4) unpack(body []byte) ([]byte, error) {
	raw, err := d.decompress(body)
	if err != nil {
		return nil, err
	}
	if len(raw) < 4 {
		return nil, fmt.Errorf("%d bytes, expected a FlatBuffer behind its size", len(raw))
	}
	raw = raw[4:]
	b, root, err := openFlat(raw, "EVTS")
	if err != nil {
		return nil, err
	}
	events := b.vector(root, 0, aedat4Event)
	return events, b.err()
}

var errTooLong = errors.New("unpacks to more than 64 MiB")

func (d *aedat4) decompress(body []byte) ([]byte, error) {
	switch d.kind {
	case 1, 2:
		if d.lz4 == nil {
			d.lz4 = lz4.NewReader(nil)
		}
		d.packed.Reset(body)
		d.lz4.Reset(&d.packed)
		d.raw = d.raw[:0]
		for {
			if len(d.raw) > aedat4MaxBytes {
				return nil, errTooLong
			}
			if len(d.raw) == cap(d.raw) {
				d.raw = append(d.raw, make([]byte, max(1<<16, len(d.raw)))...)[:len(d.raw)]
			}
			n, err := d.lz4.Read(d.raw[len(d.raw):cap(d.raw)])
			d.raw = d.raw[:len(d.raw)+n]
			if err == io.EOF {
				return d.raw, nil
			}
			if err != nil {
				return nil, err
			}
		}
	case 3, 4:
		raw, err := d.zstd.unpack(d.raw[:0], body)
		if err != nil {
			return nil, err
		}
		d.raw = raw
		return raw, nil
	}
	return body, nil
}
