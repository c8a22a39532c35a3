package event

import (
	"bytes"
	"slices"
	"testing"
)

// le16 returns numbers as little-endian 16-bit words.
func le16(v ...uint16) []byte {
	var b []byte
	for _, v := range v {
		b = append(b, byte(v), byte(v>>8))
	}
	return b
}

const evt3Head = "% format EVT3;height=720;width=1280\n% end\n"

// The words of docs.prophesee.ai, EVT 3.0 Format.
var evt3Fixture = fixture{
	format: "evt3",
	data: cat(evt3Head,
		le16(0x0005, 0x2007),                 // y=5, x=7 before any time: passed over
		le16(0x8ffe, 0x6123),                 // time 0xffe123
		le16(0x02cf, 0x2cff),                 // y=719 x=1279 ON
		le16(0x8ffe, 0x24fe),                 // the same time again keeps its low bits
		le16(0x8fff),                         // time 0xfff000
		le16(0x3864, 0x4803, 0x5081, 0x5f01), // base 100 ON: 100 101 111, 112 119, 120
		le16(0xa001, 0xe014, 0x7001, 0xf000), // trigger, other, continued
		le16(0x1003, 0x2001, 0x4001),         // exposure: passed over, the base moves on
		le16(0x0000, 0x4001),                 // y=0: base is 128+12
		le16(0x8000, 0x6001, 0x2000),         // the time wrapped; x=0 OFF
	),
	want: []Event{
		{T: 0xffe123, X: 1279, Y: 719, P: 1},
		{T: 0xffe123, X: 1278, Y: 719, P: 0},
		{T: 0xfff000, X: 100, Y: 719, P: 1},
		{T: 0xfff000, X: 101, Y: 719, P: 1},
		{T: 0xfff000, X: 111, Y: 719, P: 1},
		{T: 0xfff000, X: 112, Y: 719, P: 1},
		{T: 0xfff000, X: 119, Y: 719, P: 1},
		{T: 0xfff000, X: 120, Y: 719, P: 1},
		{T: 0xfff000, X: 140, Y: 0, P: 1},
		{T: 0x1000001, X: 0, Y: 0, P: 0},
	},
	size: Size{1280, 720},
	clean: func(n int) bool {
		return records(len(evt3Head), 2)(n) || n < len(evt3Head) && (n == 0 || evt3Head[n-1] == '\n')
	},
}

func TestEVT3Bad(t *testing.T) {
	head := []uint16{0x8000, 0x6001, 0x0002}
	e := Event{T: 1, X: 3, Y: 2, P: 1}
	for _, c := range []struct {
		words []uint16
		off   int
		n     int // events before and after it
		m     int
	}{
		{[]uint16{0x2803, 0x9000, 0x2803}, 8, 1, 1},
		{[]uint16{0x2803, 0xb000, 0x2803}, 8, 1, 1},
		{[]uint16{0x2803, 0xc000, 0x2803}, 8, 1, 1},
		{[]uint16{0x2803, 0x2064, 0x2803}, 8, 1, 1},         // x=100
		{[]uint16{0x4001, 0x2803}, 6, 0, 1},                 // no base
		{[]uint16{0x3060, 0x4010, 0x2803}, 8, 0, 1},         // x=96+4
		{[]uint16{0x0064, 0x2801, 0x0002, 0x2803}, 8, 0, 1}, // y=100
	} {
		data := le16(append(slices.Clone(head), c.words...)...)
		wantBad(t, "evt3", data, Options{Size: Size{100, 100}}, c.off, slices.Repeat([]Event{e}, c.n), slices.Repeat([]Event{e}, c.m))
	}
	wantBad(t, "evt3", le16(0x8000, 0x2803, 0x0002, 0x6001, 0x2803), Options{}, 2, nil, []Event{e}) // no y
	wantBad(t, "evt3", le16(0x8000, 0x0002, 0x37ff, 0x4002), Options{}, 6, nil, nil)                // x=2048
}

// TestEVT3Filler passes over the words with which a Lucid camera fills packets.
func TestEVT3Filler(t *testing.T) {
	data := le16(0x9999, 0x8000, 0x9999, 0x6001, 0x0002, 0x9999, 0x2803, 0x3005, 0x9999, 0x4003)
	got, src, err := readAll("evt3", data, Options{})
	if err != nil || src.Skipped() != 0 {
		t.Fatal(src, err)
	}
	diff(t, got, []Event{{T: 1, X: 3, Y: 2, P: 1}, {T: 1, X: 5, Y: 2}, {T: 1, X: 6, Y: 2}})
}

// TestEVT3Base runs the base of vectors off the sensor for good.
func TestEVT3Base(t *testing.T) {
	words := append([]uint16{0x8000, 0x0002, 0x3000}, slices.Repeat([]uint16{0x4000}, 1000)...)
	wantBad(t, "evt3", le16(append(words, 0x4001)...), Options{}, 2006, nil, nil)
}

func TestEVT3Writer(t *testing.T) {
	got, err := write("evt3", Size{}, []Event{{T: 0, X: 3, Y: 2, P: 1}, {T: 5, X: 2047, Y: 2}, {T: 1025 << 12, X: 1, Y: 1}})
	if err != nil {
		t.Fatal(err)
	}
	want := cat("% evt 3.0\n% end\n", le16(0x8000, 0x0002, 0x2803, 0x6005, 0x27ff, 0x8400, 0x8401, 0x0001, 0x2001))
	if !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
}
