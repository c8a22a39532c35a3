package event

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

const aedat2Head = "#!AER-DAT2.0\r\n# This is a raw AE data file - do not edit\r\n"

// The address of AEDAT file formats, DVS128. Data pixel (20, 10) counts from
// the lower right, which is (107, 117) from the upper left of 128x128.
var aedat2DVS128Fixture = fixture{
	format: "aedat2",
	name:   "DVS128",
	data: cat(aedat2Head,
		0, 0, 0x0a, 0x28, 0, 0, 0x10, 0, // y=10<<8 x=20<<1, bit 0 clear: ON
		0, 0, 0x80, 0x00, 0, 0, 0x10, 1, // special
		0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xf0, // y=127 x=127, OFF
		0, 0, 0x00, 0x00, 0, 0, 0, 0x10, // the time wrapped
	),
	want: []Event{
		{T: 0x1000, X: 107, Y: 117, P: 1},
		{T: 0xfffffff0, X: 0, Y: 0, P: 0},
		{T: 1<<32 + 0x10, X: 127, Y: 127, P: 1},
	},
	size: Size{128, 128},
	clean: func(n int) bool {
		// The version line alone is a recording without events.
		return n == len("#!AER-DAT2.0\r\n") || records(len(aedat2Head), 8)(n)
	},
}

const aedat2DAVISHead = "#!AER-DAT2.0\r\n# HardwareInterface: DAVIS FX2\r\n" +
	"# AEChip: eu.seebetter.ini.chips.davis.DAVIS240C\r\n#End Of ASCII Header\r\n"

// The address of AEDAT file formats, DAVIS. The first record begins with the
// mark of a comment, and the header says that it is none.
var aedat2DAVISFixture = fixture{
	format: "aedat2",
	name:   "DAVIS240",
	data: cat(aedat2DAVISHead,
		0x23, 0x4c, 0x88, 0, 0, 0, 0, 0x0a, // y=141<<22 x=200<<12 bit 11: ON
		0x80, 0, 0, 0x12, 0, 0, 0, 0x0b, // frame
		0x80, 0, 0x0c, 0, 0, 0, 0, 0x0b, // inertial sample
		0, 0, 0x04, 0, 0, 0, 0, 0x0b, // external event
		0, 0, 0, 0, 0, 0, 0, 0x0c, // y=0 x=0 OFF
		0x2c, 0xce, 0xf8, 0, 0, 0, 0, 0x09, // y=179 x=239 ON, 3 µs back
	),
	want: []Event{
		{T: 10, X: 39, Y: 38, P: 1},
		{T: 12, X: 239, Y: 179, P: 0},
		{T: 9, X: 0, Y: 0, P: 1},
	},
	size: Size{240, 180},
	clean: func(n int) bool {
		// So are the first lines of the header.
		return records(len(aedat2DAVISHead), 8)(n) || n < len(aedat2DAVISHead) && n > 0 && aedat2DAVISHead[n-1] == '\n'
	},
}

func TestAEDAT2Header(t *testing.T) {
	wantOpenError(t, "aedat2", nil, ErrMalformed)
	wantOpenError(t, "aedat2", cat("#!AER-DAT3.1\r\n"), ErrMalformed)
	wantOpenError(t, "aedat2", cat("#!AER-DAT2.0\r\n# AEChip: a.b.CochleaAMS1c\r\n"), errors.ErrUnsupported)

	// Without an end of header, control bytes tell data from a comment.
	data := cat("#!AER-DAT2.0\n# AEChip: DAVIS240\n", 0x23, 0x4c, 0x88, 0, 0, 0, 0, 0x0a)
	got, _, err := readAll("aedat2", data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	diff(t, got, []Event{{T: 10, X: 39, Y: 38, P: 1}})

	// The option overrides the header.
	got, src, err := readAll("aedat2", data, Options{Chip: "Davis346B"})
	if err != nil || src.Size() != (Size{346, 260}) {
		t.Fatal(src, err)
	}
	diff(t, got, []Event{{T: 10, X: 145, Y: 118, P: 1}})
}

// records of v2e, which writes no AEChip line.
const aedat2V2EHead = "#!AER-DAT2.0\r\n# This is a raw AE data file created by AEDat2Output in v2e\r\n"

var aedat2DVS640Fixture = fixture{
	format: "aedat2",
	name:   "DVS640",
	data: cat(aedat2V2EHead,
		0, 0x0a, 0x50, 0x24, 0, 0, 0, 18, // y=330<<11 x=18<<1 OFF
		0, 0x06, 0x43, 0xf9, 0, 0, 0, 48, // y=200<<11 x=508<<1 ON
	),
	want: []Event{{T: 18, X: 621, Y: 149, P: 0}, {T: 48, X: 131, Y: 279, P: 1}},
	size: Size{640, 480},
	clean: func(n int) bool {
		return records(len(aedat2V2EHead), 8)(n) || n < len(aedat2V2EHead) && n > 0 && aedat2V2EHead[n-1] == '\n'
	},
}

// TestAEDAT2Chip tells the sensor by the addresses, and names what it cannot.
func TestAEDAT2Chip(t *testing.T) {
	record := func(l *layout, c Size, x, y int) []byte {
		addr := uint32(c.Width-1-x)<<l.x | uint32(c.Height-1-y)<<l.y
		return append(binary.BigEndian.AppendUint32(nil, addr), 0, 0, 0, 9)
	}
	for _, c := range chips {
		corners := cat("#!AER-DAT2.0\r\n")
		for _, p := range [][2]int{{0, 0}, {c.size.Width - 1, c.size.Height - 1}, {3, 5}} {
			corners = append(corners, record(c.layout, c.size, p[0], p[1])...)
		}
		got, src, err := readAll("aedat2", corners, Options{})
		switch c.prefix {
		case "davis128", "davis208":
			// Smaller than any that goes without its name.
			if !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%s: got error %v, want ErrUnsupported", c.prefix, err)
			}
			continue
		case "davis640":
			if !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%s: got error %v, want ErrUnsupported", c.prefix, err)
			}
			continue
		}
		if err != nil || src.Size() != c.size {
			t.Errorf("%s: %v, %v", c.prefix, src, err)
			continue
		}
		diff(t, got, []Event{
			{T: 9, X: 0, Y: 0, P: uint8(1 - c.layout.on)},
			{T: 9, X: uint16(c.size.Width - 1), Y: uint16(c.size.Height - 1), P: uint8(1 - c.layout.on)},
			{T: 9, X: 3, Y: 5, P: uint8(1 - c.layout.on)},
		})
	}
	for name, data := range map[string][]byte{
		"the middle of a DAVIS": record(&davisLayout, Size{240, 180}, 120, 90),
		"no layout":             {0x40, 0x20, 0x00, 0x01, 0, 0, 0, 0},
	} {
		_, _, err := readAll("aedat2", cat("#!AER-DAT2.0\r\n", data), Options{})
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "--chip") {
			t.Errorf("%s: got error %v, want ErrUnsupported that names --chip", name, err)
		}
	}
	wide := cat("#!AER-DAT2.0\r\n# AEChip: DVS128\r\n", record(&davisLayout, Size{346, 260}, 1, 1), 0, 0, 0, 2, 0, 0, 0, 3)
	wantBad(t, "aedat2", wide, Options{}, 32, nil, []Event{{T: 3, X: 126, Y: 127, P: 1}})
}

func TestAEDAT2Outside(t *testing.T) {
	head := "#!AER-DAT2.0\r\n# AEChip: DAVIS240\r\n"
	data := cat(head,
		0x2d, 0, 0, 0, 0, 0, 0, 7, // y=180
		0, 0, 0, 0, 0, 0, 0, 8)
	wantBad(t, "aedat2", data, Options{}, len(head), nil, []Event{{T: 8, X: 239, Y: 179}})
}
