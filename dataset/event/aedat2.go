package event

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// AEDAT 2.0: lines of text that begin with '#', then records of eight bytes, a
// big-endian address and a big-endian time in µs. How an address holds a pixel
// depends on the sensor, which the header names since 2014:
//
//	#!AER-DAT2.0
//	# AEChip: eu.seebetter.ini.chips.davis.DAVIS240C
//
//	DVS128  bit 31, 15 special event; bits 14-8 y, 7-1 x; bit 0: 0 is ON
//	DAVIS   bit 31 frame or inertial sample, bit 10 external event;
//	        bits 30-22 y, 21-12 x; bit 11: 1 is ON
//	DVS640  bit 31 special event; bits 20-11 y, 10-1 x; bit 0: 1 is ON
//
// In all, x counts from the right and y from the bottom. Source: iniVation,
// AEDAT file formats, 2.0, for the layout; jAER's DVS128, DavisBaseCamera and
// DVS640, which wrote the recordings, for the direction of x and for DVS128's
// polarity, where that text says otherwise; v2e's output for DVS640.

// A layout is how an address holds a pixel.
type layout struct {
	special uint32 // bits of an address that is no pixel's
	unused  uint32 // bits that the address of a pixel leaves 0
	x, y    uint   // lowest bits of the coordinates
	maxX    uint32
	maxY    uint32
	p       uint   // bit of the polarity
	on      uint32 // its value for ON
}

var (
	dvs128Layout = layout{special: 1<<31 | 1<<15, unused: 0x7fff << 16, x: 1, maxX: 0x7f, y: 8, maxY: 0x7f, p: 0, on: 0}
	davisLayout  = layout{special: 1<<31 | 1<<10, x: 12, maxX: 0x3ff, y: 22, maxY: 0x1ff, p: 11, on: 1}
	dvs640Layout = layout{special: 1 << 31, unused: 0x3ff << 21, x: 1, maxX: 0x3ff, y: 11, maxY: 0x3ff, p: 0, on: 1}
)

// pixel returns the coordinates that the address holds, as the sensor counts them.
func (l *layout) pixel(addr uint32) (x, y int) {
	return int(addr >> l.x & l.maxX), int(addr >> l.y & l.maxY)
}

// A chip is a sensor; prefix begins its names, in lower case.
type chip struct {
	prefix string
	size   Size
	layout *layout
}

var chips = []chip{
	{"dvs128", Size{128, 128}, &dvs128Layout},
	{"tmpdiff128", Size{128, 128}, &dvs128Layout},
	{"dvs640", Size{640, 480}, &dvs640Layout},
	{"davis128", Size{128, 128}, &davisLayout},
	{"davis208", Size{208, 192}, &davisLayout},
	{"davis240", Size{240, 180}, &davisLayout},
	{"davis346", Size{346, 260}, &davisLayout},
	{"davis640", Size{640, 480}, &davisLayout},
}

// chipNames lists the sensors for errors.
const chipNames = "DVS128, DVS640, DAVIS128, DAVIS208, DAVIS240, DAVIS346 or DAVIS640"

// chipOf returns the named sensor, nil for one that is not listed. The name may
// be that of a Java class.
func chipOf(name string) *chip {
	name = strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	for i := range chips {
		if strings.HasPrefix(name, chips[i].prefix) {
			return &chips[i]
		}
	}
	return nil
}

// matchAEDAT returns the Match of an AEDAT version.
func matchAEDAT(version string) func([]byte) bool {
	return func(head []byte) bool { return strings.HasPrefix(string(head), "#!AER-DAT"+version) }
}

type aedat2 struct {
	decoder
	layout *layout
	clock  clock
	timed  bool // whether there was a record
}

func newAEDAT2(w *window, o Options) (codec, error) {
	first, name := "", o.Chip
	err := w.headerLines("aedat2", '#', func(line string) bool {
		if first == "" {
			first = line
		}
		line = strings.TrimSpace(line[1:])
		if stated, ok := strings.CutPrefix(line, "AEChip:"); ok && o.Chip == "" {
			name = strings.TrimSpace(stated)
		}
		return strings.EqualFold(line, "End Of ASCII Header")
	})
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(first, aedat2Magic) {
		return nil, malformed("aedat2", 0, "first line %.32q, expected "+aedat2Magic, first)
	}
	var c *chip
	if name == "" {
		if c, err = w.guessChip(); err != nil {
			return nil, err
		}
	} else if c = chipOf(name); c == nil {
		return nil, unsupported("aedat2", w.off, "sensor %.64q, expected %s; Options.Chip (--chip) overrides the header", name, chipNames)
	}
	return &aedat2{decoder: newDecoder("aedat2", c.size, o), layout: c.layout, clock: clock{period: 1 << 32}}, nil
}

// chipRecords is how many records guessChip looks at.
const chipRecords = 1024

// guessChip tells the sensor of a recording without an AEChip line by its first
// addresses: of the years before that line, from DVS128 alone, or from a program
// that writes none, as v2e. What leaves a doubt is an error.
func (w *window) guessChip() (*chip, error) {
	for len(w.bytes()) < chipRecords*aedat2Record && w.fill() == nil {
	}
	b := w.bytes() // what broke the stream, if anything did, is met again behind it
	b = b[:min(len(b), chipRecords*aedat2Record)]
	if i := bytes.Index(b, []byte(aedat2Magic)); i >= 0 {
		b = b[:i] // another recording
	}
	var all uint32 // bits that occur
	var davisMax, dvs640Max struct{ x, y int }
	for ; len(b) >= aedat2Record; b = b[aedat2Record:] {
		addr := binary.BigEndian.Uint32(b)
		if addr>>31 != 0 {
			continue // of no pixel in any layout
		}
		all |= addr
		if addr&davisLayout.special == 0 {
			x, y := davisLayout.pixel(addr)
			davisMax.x, davisMax.y = max(davisMax.x, x), max(davisMax.y, y)
		}
		x, y := dvs640Layout.pixel(addr)
		dvs640Max.x, dvs640Max.y = max(dvs640Max.x, x), max(dvs640Max.y, y)
	}
	const davisSample = 1<<10 - 1 // bits 9-0, which only frames use
	var c *chip
	switch {
	case all>>16 == 0:
		c = chipOf("DVS128")
	case all&davisSample == 0:
		// The coordinates count from the far corner, so that the size decides on
		// all pixels: a small sensor is one that is used to its edges.
		x, y, small, large := davisMax.x, davisMax.y, chipOf("DAVIS240"), chipOf("DAVIS346")
		switch {
		case x >= large.size.Width || y >= large.size.Height:
		case x >= small.size.Width || y >= chipOf("DAVIS208").size.Height:
			c = large
		case y < small.size.Height && 10*x >= 9*small.size.Width && 10*y >= 9*small.size.Height:
			c = small
		}
	case all&dvs640Layout.unused == 0:
		if size := chipOf("DVS640").size; dvs640Max.x < size.Width && dvs640Max.y < size.Height {
			c = chipOf("DVS640")
		}
	}
	if c == nil {
		return nil, unsupported("aedat2", w.off, "no AEChip line, and the first addresses (bits %#08x) do not tell the sensor: name it by Options.Chip (--chip), one of %s", all, chipNames)
	}
	return c, nil
}

const (
	aedat2Magic  = "#!AER-DAT2.0"
	aedat2Record = 8
)

// valid reports whether r may be the record behind the last one.
func (d *aedat2) valid(r []byte) bool {
	addr := binary.BigEndian.Uint32(r)
	if d.timed && !d.near(int64(binary.BigEndian.Uint32(r[4:])), d.clock.last, d.clock.period) {
		return false
	}
	x, y := d.layout.pixel(addr)
	return addr>>31 != 0 || addr&d.layout.unused == 0 && (addr&d.layout.special != 0 || d.inside(x, y))
}

func (d *aedat2) decode(dst []Event, src []byte, off int64) (n, used int, err error) {
	for ; n < len(dst) && len(src)-used >= aedat2Record; used += aedat2Record {
		if !d.valid(src[used : used+aedat2Record]) {
			shift, wait := d.realign(src[used:], aedat2Record, d.valid, nil)
			if wait {
				return n, used, nil
			}
			if shift > 0 {
				used += shift - aedat2Record
				continue
			}
		}
		d.timed = true
		addr := binary.BigEndian.Uint32(src[used:])
		t := d.clock.at(int64(binary.BigEndian.Uint32(src[used+4:])))
		x, y := d.layout.pixel(addr)
		switch {
		case addr>>31 != 0:
		case addr&d.layout.unused != 0:
			err = d.bad(off+int64(used), "address %#08x, which no pixel of the %s sensor has: Options.Chip (--chip) names another", addr, d.size)
		case addr&d.layout.special != 0:
		case !d.inside(x, y):
			err = d.outside(off+int64(used), x, y)
		default:
			p := uint8(0)
			if addr>>d.layout.p&1 == d.layout.on {
				p = 1
			}
			dst[n] = Event{T: t, X: uint16(d.size.Width - 1 - x), Y: uint16(d.size.Height - 1 - y), P: p}
			n++
		}
		if err != nil {
			return n, used, err
		}
	}
	return n, used, nil
}

func (d *aedat2) end(left int, off int64) error { return d.cut(left, aedat2Record, off) }
