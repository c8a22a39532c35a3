package event

import (
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
//
// In both, x counts from the right and y from the bottom. Source: iniVation,
// AEDAT file formats, 2.0, for the layout; jAER's DVS128 and DavisBaseCamera,
// which wrote the recordings, for the direction of x and for DVS128's polarity,
// where that text says otherwise.

// chips are the sensors, by the prefix of their names in lower case.
var chips = []struct {
	prefix string
	size   Size
	davis  bool
}{
	{"dvs128", Size{128, 128}, false},
	{"tmpdiff128", Size{128, 128}, false},
	{"davis240", Size{240, 180}, true},
	{"davis346", Size{346, 260}, true},
	{"davis640", Size{640, 480}, true},
}

// chipSize returns the size and kind of the named sensor, the unknown size for
// one that is not listed. The name may be that of a Java class.
func chipSize(name string) (size Size, davis bool) {
	name = strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	for _, c := range chips {
		if strings.HasPrefix(name, c.prefix) {
			return c.size, c.davis
		}
	}
	return Size{}, false
}

// matchAEDAT returns the Match of an AEDAT version.
func matchAEDAT(version string) func([]byte) bool {
	return func(head []byte) bool { return strings.HasPrefix(string(head), "#!AER-DAT"+version) }
}

type aedat2 struct {
	decoder
	davis bool
	clock clock
}

func newAEDAT2(w *window, o Options) (codec, error) {
	first, chip := "", o.Chip
	err := w.headerLines("aedat2", '#', func(line string) bool {
		if first == "" {
			first = line
		}
		line = strings.TrimSpace(line[1:])
		if name, ok := strings.CutPrefix(line, "AEChip:"); ok && o.Chip == "" {
			chip = strings.TrimSpace(name)
		}
		return strings.EqualFold(line, "End Of ASCII Header")
	})
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(first, "#!AER-DAT2.0") {
		return nil, malformed("aedat2", 0, "first line %.32q: want #!AER-DAT2.0", first)
	}
	if chip == "" {
		chip = "DVS128" // the sensor of the years before the AEChip line
	}
	size, davis := chipSize(chip)
	if !size.Known() {
		return nil, unsupported("aedat2", w.off, "sensor %.64q: want DVS128, DAVIS240, DAVIS346 or DAVIS640; Options.Chip overrides the header", chip)
	}
	return &aedat2{decoder: newDecoder("aedat2", size, o), davis: davis, clock: clock{period: 1 << 32}}, nil
}

const aedat2Record = 8

func (d *aedat2) decode(dst []Event, src []byte, off int64) (n, used int, err error) {
	for ; n < len(dst) && len(src)-used >= aedat2Record; used += aedat2Record {
		addr := binary.BigEndian.Uint32(src[used:])
		t := d.clock.at(int64(binary.BigEndian.Uint32(src[used+4:])))
		var x, y int
		var p uint8
		if d.davis {
			if addr&(1<<31|1<<10) != 0 {
				continue
			}
			x, y, p = int(addr>>12&0x3ff), int(addr>>22&0x1ff), uint8(addr>>11&1)
		} else {
			if addr&(1<<31|1<<15) != 0 {
				continue
			}
			x, y, p = int(addr>>1&0x7f), int(addr>>8&0x7f), uint8(^addr&1)
		}
		if !d.inside(x, y) {
			if err := d.outside(off+int64(used), x, y); err != nil {
				return n, used, err
			}
			continue
		}
		dst[n] = Event{T: t, X: uint16(d.size.Width - 1 - x), Y: uint16(d.size.Height - 1 - y), P: p}
		n++
	}
	return n, used, nil
}

func (d *aedat2) end(left int, off int64) error { return d.cut(left, aedat2Record, off) }
