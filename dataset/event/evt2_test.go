package event

import (
	"bytes"
	"errors"
	"testing"
)

const evt2Head = "% date 2020-09-14 14:18:29\n% evt 2.0\n% geometry 1280x720\n% end\n"

// The words of docs.prophesee.ai, EVT 2.0 Format. The first byte of data is
// the mark of a header line: "% end" comes before it.
var evt2Fixture = fixture{
	format: "evt2",
	data: cat(evt2Head,
		le32(0x10000025),               // ON before any time: passed over
		le32(0x80000002),               // time bits 33-6: 2
		le32(1<<28|5<<22|1279<<11|719), // ON at 2*64+5
		le32(0xa0000100),               // trigger
		le32(0x8fffffff),               // the last time before the wrap
		le32(63<<22|0<<11|1),           // OFF
		le32(0xe0000014, 0xf0000001),   // other, continued
		le32(0x80000000),               // the wrap
		le32(1<<28|3<<11|4),
	),
	want: []Event{
		{T: 133, X: 1279, Y: 719, P: 1},
		{T: 1<<34 - 1, X: 0, Y: 1, P: 0},
		{T: 1 << 34, X: 3, Y: 4, P: 1},
	},
	size: Size{1280, 720},
	clean: func(n int) bool {
		// Every whole line, and the first byte of none, is a recording.
		return records(len(evt2Head), 4)(n) || n < len(evt2Head) && (n == 0 || evt2Head[n-1] == '\n')
	},
}

func TestEVT2Bad(t *testing.T) {
	word := func(kind uint32) []byte { return le32(kind << 28) }
	time, on := le32(8<<28|1), le32(1<<28|2<<11|3)
	e := Event{T: 64, X: 2, Y: 3, P: 1}
	for _, kind := range []uint32{0x2, 0x3, 0x4, 0x5, 0x6, 0x7, 0x9, 0xb, 0xc} {
		wantBad(t, "evt2", cat(time, on, word(kind), on), Options{}, 8, []Event{e}, []Event{e})
	}
	wantBad(t, "evt2", cat(time, le32(100<<11), on), Options{Size: Size{100, 100}}, 4, nil, []Event{e})
}

func TestPercentHeader(t *testing.T) {
	for head, want := range map[string]Size{
		"":                            {},
		"% end\n":                     {},
		"% evt 2.0\n":                 {},
		"% Width 640\n% Height 480\n": {640, 480},
		"% geometry 304x240\n% end\n": {304, 240},
		"% format EVT2;height=3;width=4;endianness=little\r\n% end\r\n": {4, 3},
	} {
		_, src, err := readAll("evt2", []byte(head), Options{})
		if err != nil || src.Size() != want {
			t.Errorf("%q: got size %v, error %v, want %v", head, src.Size(), err, want)
		}
	}
	for _, head := range []string{"% evt 3.0\n", "% evt 2.1\n", "% format EVT21;height=3;width=4\n", "% format EVT4\n", "% format EVT2;endianness=big\n"} {
		wantOpenError(t, "evt2", []byte(head), errors.ErrUnsupported)
	}
	for _, head := range []string{"% Width 640\n", "% geometry 0x0x0\n", "% geometry 70000x2\n", "% Width -4\n% Height 3\n", "% evt 2.0"} {
		wantOpenError(t, "evt2", []byte(head), ErrMalformed)
	}
	wantOpenError(t, "evt2", append([]byte("%"), bytes.Repeat([]byte("a"), 2*windowSize)...), ErrMalformed)
}

func TestEVT2Writer(t *testing.T) {
	got, err := write("evt2", Size{4, 3}, []Event{{T: 0, X: 3, Y: 2, P: 1}, {T: 63, X: 1}, {T: 64}})
	if err != nil {
		t.Fatal(err)
	}
	want := cat("% evt 2.0\n% format EVT2;height=3;width=4\n% geometry 4x3\n% end\n",
		le32(0x80000000, 1<<28|3<<11|2, 63<<22|1<<11, 0x80000001, 0))
	if !bytes.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
