package event

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

const aedat3Head = "#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n" +
	"#-Source 0: DAVIS240C\r\n#Start-Time: 2016-05-01 12:00:00 (TZ+0200)\r\n#!END-HEADER\r\n"

// le32 returns numbers as little-endian 32-bit words.
func le32(v ...uint32) []byte {
	var b []byte
	for _, v := range v {
		b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
	}
	return b
}

// The packets of AEDAT file formats, 3.1, Event Packets and Polarity Event. The
// first byte of data is the mark of a comment: the header ends before it.
var aedat3Fixture = fixture{
	format: "aedat3",
	data: cat(aedat3Head,
		0x23, 0, 1, 0, le32(6, 4, 0, 1, 1, 1), 1, 2, 3, 4, 5, 6, // a kind of packet to pass over
		1, 0, 1, 0, le32(8, 4, 0, 4, 3, 2), // room for 4 events, 3 there, 2 valid
		le32(1|1<<1|9<<2|7<<17, 100),
		le32(0|1<<1|9<<2|7<<17, 101), // invalid
		le32(1|0<<1|127<<2|0<<17, 0x7fffffff),
		le32(0, 0),                         // room
		1, 0, 1, 0, le32(8, 4, 1, 1, 1, 1), // one overflow
		le32(1|1<<1|0<<2|127<<17, 3),
	),
	want: []Event{
		{T: 100, X: 7, Y: 9, P: 1},
		{T: 1<<31 - 1, X: 0, Y: 127, P: 0},
		{T: 1<<31 + 3, X: 127, Y: 0, P: 1},
	},
	size: Size{128, 128},
	clean: func(n int) bool {
		switch n - len(aedat3Head) {
		case 0, 28 + 6, 28 + 6 + 28 + 4*8:
			return true
		}
		return false
	},
}

func TestAEDAT3Header(t *testing.T) {
	wantOpenError(t, "aedat3", nil, ErrMalformed)
	wantOpenError(t, "aedat3", cat("#!AER-DAT3.0\r\n#!END-HEADER\r\n"), ErrMalformed)
	wantOpenError(t, "aedat3", cat("#!AER-DAT3.1\r\n#Format: RAW\r\n", 1, 0), ErrMalformed)
	wantOpenError(t, "aedat3", cat("#!AER-DAT3.1\r\n#Format: SerializedTS\r\n#!END-HEADER\r\n"), errors.ErrUnsupported)

	two := strings.Replace(aedat3Head, "#-Source 0", "#Source 2", 1)
	if _, src, err := readAll("aedat3", []byte(two), Options{}); err != nil || src.Size().Known() {
		t.Errorf("two sources: got %v, %v, want an unknown size", src, err)
	}
}

func TestAEDAT3Bad(t *testing.T) {
	packet := func(number uint32, events ...uint32) []byte {
		return cat(aedat3Head, 1, 0, 1, 0, le32(8, 4, 0, number, number, number), le32(events...))
	}
	good := Event{T: 5, X: 1, Y: 1, P: 0}
	wantBad(t, "aedat3", packet(2, 1|128<<2, 4, 1|1<<2|1<<17, 5), Options{}, len(aedat3Head)+28, nil, []Event{good})
	wantBad(t, "aedat3", packet(2, 1|1<<2|1<<17, 5, 1, 1<<31), Options{}, len(aedat3Head)+28+8, []Event{good}, nil)

	for name, fields := range map[string][]uint32{
		"event size":      {16, 4, 0, 1, 1, 1},
		"time offset":     {8, 0, 0, 1, 1, 1},
		"overflow":        {8, 4, 1 << 31, 1, 1, 1},
		"number":          {8, 4, 0, 1, 2, 1},
		"valid":           {8, 4, 0, 1, 1, 2},
		"negative number": {8, 4, 0, 1, 1 << 31, 0},
		"negative room":   {8, 4, 0, 1 << 31, 0, 0},
	} {
		data := cat(aedat3Head, 1, 0, 1, 0, le32(fields...), le32(1, 1))
		for _, skip := range []bool{false, true} {
			if _, _, err := readAll("aedat3", data, Options{SkipBad: skip}); !errors.Is(err, ErrMalformed) {
				t.Errorf("%s, SkipBad %t: got error %v, want ErrMalformed", name, skip, err)
			}
		}
	}
}

func TestAEDAT3Writer(t *testing.T) {
	got, err := write("aedat3", Size{128, 128}, []Event{{T: 1<<31 - 1, X: 7, Y: 9, P: 1}, {T: 1<<31 + 3, X: 127}})
	if err != nil {
		t.Fatal(err)
	}
	want := cat("#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#Start-Time: 1970-01-01 00:00:00 (TZ+0000)\r\n#!END-HEADER\r\n",
		1, 0, 1, 0, le32(8, 4, 0, 1, 1, 1), le32(1|1<<1|9<<2|7<<17, 1<<31-1),
		1, 0, 1, 0, le32(8, 4, 1, 1, 1, 1), le32(1|127<<17, 3))
	if !bytes.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := write("aedat3", Size{}, []Event{{T: 1 << 62}}); err == nil {
		t.Error("a time of 2^62 µs was taken")
	}
}
