package event

import (
	"encoding/binary"
	"slices"
	"testing"
)

// packet64Of is an event as faery sends it: numpy's [("t", "<u8"), ("x", "<u2"), ("y",
// "<u2"), ("on", "?")].
func packet64Of(e Event) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(e.T))
	b = binary.LittleEndian.AppendUint16(b, e.X)
	return append(binary.LittleEndian.AppendUint16(b, e.Y), e.P)
}

var packetEvents = []Event{{T: 5, X: 639, Y: 479, P: 1}, {T: 1<<32 - 2, X: 0, Y: 1}, {T: 1<<32 + 3, X: 7, Y: 0x7fff, P: 1}}

func TestPackets64(t *testing.T) {
	t.Parallel()
	var data []byte
	for _, e := range packetEvents {
		data = append(data, packet64Of(e)...)
	}
	got, _, err := readAll("t64_x16_y16_on8", data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	diff(t, got, packetEvents)
	if PacketSize("t64_x16_y16_on8", data[:38]) != 26 {
		t.Errorf("38 bytes are not two events and a part")
	}
	bad := slices.Clone(data)
	bad[13+12] = 2
	wantBad(t, "t64_x16_y16_on8", bad, Options{}, 25, packetEvents[:1], packetEvents[2:])
	wantBad(t, "t64_x16_y16_on8", data, Options{Size: Size{8, 1 << 15}}, 0, nil, packetEvents[1:])
	wantBad(t, "t64_x16_y16_on8", data[:38], Options{}, 26, packetEvents[:2], nil)
	bad = slices.Clone(data)
	bad[7] = 0xff
	wantBad(t, "t64_x16_y16_on8", bad, Options{}, 0, nil, packetEvents[1:])
}

func TestPackets32(t *testing.T) {
	t.Parallel()
	var data []byte
	for _, e := range packetEvents {
		data = binary.LittleEndian.AppendUint32(data, uint32(e.T))
		data = binary.LittleEndian.AppendUint16(data, e.X)
		data = binary.LittleEndian.AppendUint16(data, e.Y<<1|uint16(e.P))
	}
	got, _, err := readAll("t32_x16_y15_on1", data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	diff(t, got, packetEvents)
	wantBad(t, "t32_x16_y15_on1", data, Options{Size: Size{640, 480}}, 16, packetEvents[:2], nil)
	wantBad(t, "t32_x16_y15_on1", data[:15], Options{}, 8, packetEvents[:1], nil)
}

func TestSPIF(t *testing.T) {
	t.Parallel()
	word := func(e Event) uint32 { return uint32(e.X)<<16 | uint32(e.P)<<15 | uint32(e.Y) }
	var data []byte
	for _, e := range packetEvents {
		data = binary.LittleEndian.AppendUint32(data, word(e))
		data = binary.LittleEndian.AppendUint32(data, uint32(e.T))
	}
	// What AEStream sends without times.
	data = binary.LittleEndian.AppendUint32(data, word(packetEvents[0])|1<<31)
	want := append(slices.Clone(packetEvents), Event{T: 1<<32 + 3, X: 639, Y: 479, P: 1})
	got, _, err := readAll("spif", data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	diff(t, got, want)
	stamped := Stamp(nil, data, 1<<32+77)
	want[3].T = 1<<32 + 77
	if got, _, err = readAll("spif", stamped, Options{}); err != nil {
		t.Fatal(err)
	}
	diff(t, got, want)
	if n := PacketSize("spif", data[:len(data)-5]); n != 16 {
		t.Errorf("%d bytes are whole, expected 16", n)
	}
	if n := PacketSize("spif", append(slices.Clone(data), 1)); n != len(data) {
		t.Errorf("%d bytes are whole, expected %d", n, len(data))
	}
	wantBad(t, "spif", data, Options{Size: Size{640, 480}}, 16, want[:2], []Event{{T: 1<<32 - 2, X: 639, Y: 479, P: 1}})
	wantBad(t, "spif", data[:12], Options{}, 8, want[:1], nil)
}
