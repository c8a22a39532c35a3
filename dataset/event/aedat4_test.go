package event

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// aedat4Info is a list of streams as DV writes it, shortened: one of events for each
// camera, and one of another kind.
func aedat4Info(cameras ...string) string {
	var b strings.Builder
	b.WriteString(`<dv><node name="outInfo">`)
	for i, camera := range cameras {
		fmt.Fprintf(&b, `<node name="%d"><attr key="typeIdentifier">EVTS</attr><node name="info"><attr key="sizeX">320</attr>`+
			`<attr key="sizeY">240</attr><attr key="source">%s</attr></node></node>`, i, camera)
	}
	b.WriteString(`<node name="9"><attr key="typeIdentifier">IMUS</attr></node></node></dv>`)
	return b.String()
}

// aedat4Head returns a header, in the layout of FlatBuffers' own writer.
func aedat4Head(kind int, table int64, info string) []byte {
	flat := cat(le32(24), "IOHE",
		0, 0, 0, 0, // padding
		10, 0, 20, 0, 4, 0, 8, 0, 16, 0, 0, 0, // vtable of 10 bytes; table of 20; fields at 4, 8 and 16
		le32(12), le32(uint32(kind)), // the vtable is 12 bytes before
		binary.LittleEndian.AppendUint64(nil, uint64(table)),
		le32(4), le32(uint32(len(info))), info, 0)
	return cat(aedat4Line, le32(uint32(len(flat))), flat)
}

// aedat4Packed returns a packet.
func aedat4Packed(kind int, stream uint32, events []Event) []byte {
	var rows []byte
	for _, e := range events {
		rows = binary.LittleEndian.AppendUint64(rows, uint64(e.T))
		rows = append(rows, byte(e.X), byte(e.X>>8), byte(e.Y), byte(e.Y>>8), e.P, 0, 0, 0)
	}
	flat := cat(le32(16), "EVTS", 0, 0, 6, 0, 8, 0, 4, 0, le32(6), le32(4), le32(uint32(len(events))), rows)
	raw := cat(le32(uint32(len(flat))), flat)
	body := raw
	switch kind {
	case 1:
		var b bytes.Buffer
		w := lz4.NewWriter(&b)
		w.Apply(lz4.BlockSizeOption(lz4.Block64Kb))
		w.Write(raw)
		w.Close()
		body = b.Bytes()
	case 3:
		w, _ := zstd.NewWriter(nil)
		body = w.EncodeAll(raw, nil)
	}
	return cat(le32(stream), le32(uint32(len(body))), body)
}

var aedat4Events = []Event{
	{T: 1605537493718345, X: 319, Y: 239, P: 1},
	{T: 1605537493718346, X: 0, Y: 1, P: 0},
	{T: 1605537493718340, X: 1, Y: 0, P: 1}, // 6 µs back
}

// aedat4Fixture has two packets of events, one of another stream between them, and
// one that is empty.
func aedat4Fixture(kind int, name string) fixture {
	packets := [][]byte{
		aedat4Packed(kind, 0, aedat4Events[:2]), aedat4Packed(kind, 9, nil),
		aedat4Packed(kind, 0, nil), aedat4Packed(kind, 0, aedat4Events[2:]),
	}
	data := aedat4Head(kind, -1, aedat4Info("DVXplorer_1"))
	ends := map[int]bool{len(data): true}
	for _, p := range packets {
		data = append(data, p...)
		ends[len(data)] = true
	}
	return fixture{
		format: "aedat4", name: name, data: data,
		want:  aedat4Events,
		size:  Size{320, 240},
		clean: func(n int) bool { return ends[n] },
	}
}

// TestAEDAT4Sample reads a recording of a DVXplorer: its own table of packets, and a
// reading with the packages lz4 and flatbuffers of Python, count 111,954 events as well.
func TestAEDAT4Sample(t *testing.T) {
	const sample = "../../../shared/data/aedat4/sample.aedat4"
	if _, err := os.Stat(sample); err != nil {
		t.Skip("no recording of a DVXplorer beside the repository")
	}
	f, err := Open(sample, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	events, err := drain(f, 1000)
	if err != nil {
		t.Fatal(err)
	}
	first, last := Event{1605537493718345, 154, 204, 0}, Event{1605537494308262, 88, 237, 1}
	if n := len(events); f.Size() != (Size{320, 240}) || n != 111954 || events[0] != first || events[n-1] != last {
		t.Errorf("sensor %v, %d events, %v … %v", f.Size(), n, events[0], events[n-1])
	}
	for i := 1; i < len(events); i++ {
		if events[i].T < events[i-1].T {
			t.Fatalf("event %d is %d µs before the one before it", i, events[i-1].T-events[i].T)
		}
	}
}

// TestAEDAT4TableOfConnection ends with the packets where a file is sent without its
// first line: the place of its table is that in the file.
func TestAEDAT4TableOfConnection(t *testing.T) {
	packet := aedat4Packed(0, 0, aedat4Events)
	head := aedat4Head(0, -1, aedat4Info("a"))
	whole := cat(aedat4Head(0, int64(len(head)+len(packet)), aedat4Info("a")), packet, "the table is no packet")
	for _, data := range [][]byte{whole, whole[len(aedat4Line):]} {
		got, _, err := readAll("aedat4", data, Options{})
		if err != nil {
			t.Fatal(err)
		}
		diff(t, got, aedat4Events)
	}
}

// TestAEDAT4Connection reads what a connection carries: without the first line,
// and from the header on.
func TestAEDAT4Connection(t *testing.T) {
	x := aedat4Fixture(1, "")
	data := x.data[len(aedat4Line):]
	for _, format := range []string{"", "aedat4"} {
		got, _, err := readAll(format, data, Options{})
		if err != nil {
			t.Fatal(err)
		}
		diff(t, got, x.want)
	}
}

func TestAEDAT4Streams(t *testing.T) {
	packet := func(stream uint32, e Event) []byte { return aedat4Packed(0, stream, []Event{e}) }
	data := cat(aedat4Head(0, -1, aedat4Info("DVXplorer_1", "DAVIS346_2")), packet(0, aedat4Events[0]), packet(1, aedat4Events[1]))
	if _, _, err := readAll("aedat4", data, Options{}); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "DAVIS346_2") {
		t.Errorf("got error %v, want ErrUnsupported that names the cameras", err)
	}
	got, _, err := readAll("aedat4", data, Options{Chip: "davis"})
	if err != nil {
		t.Fatal(err)
	}
	diff(t, got, aedat4Events[1:2])
	wantOpenError(t, "aedat4", aedat4Head(0, -1, aedat4Info()), errors.ErrUnsupported)
	wantOpenError(t, "aedat4", aedat4Head(5, -1, aedat4Info("a")), errors.ErrUnsupported)
	wantOpenError(t, "aedat4", aedat4Head(0, -1, "<dv"), ErrMalformed)

	// What lies behind the place of the table is no packet.
	head := aedat4Head(0, -1, aedat4Info("a"))
	table := len(head) + len(packet(0, aedat4Events[0]))
	got, _, err = readAll("aedat4", cat(aedat4Head(0, int64(table), aedat4Info("a")), packet(0, aedat4Events[0]), "\xff\xff\xff\xff\xff"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	diff(t, got, aedat4Events[:1])
}

func TestAEDAT4Bad(t *testing.T) {
	head := aedat4Head(0, -1, aedat4Info("a"))
	good := aedat4Packed(0, 0, aedat4Events[:1])
	one, two := aedat4Events[:1], aedat4Events[:1]
	broken := bytes.Clone(good)
	broken[8+4+4] = 'X' // the identifier
	wantBad(t, "aedat4", cat(head, good, broken, good), Options{}, len(head)+len(good)+8, one, two)
	for _, e := range []Event{{T: 1, X: 320}, {T: 1, Y: 240}, {T: 1, X: 1 << 15}, {T: 1, P: 2}, {T: -1}} {
		wantBad(t, "aedat4", cat(head, good, aedat4Packed(0, 0, []Event{e}), good), Options{}, len(head)+2*len(good)-16, one, two)
	}
	for _, long := range []uint32{1 << 31, aedat4MaxBytes + 1} {
		_, _, err := readAll("aedat4", cat(head, le32(0, long)), Options{SkipBad: true})
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("packet of %d bytes: got error %v, want ErrMalformed", long, err)
		}
	}
}
