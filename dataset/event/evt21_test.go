package event

import (
	"errors"
	"testing"
)

const evt21Head = "% evt 2.1\n% format EVT21;endianness=little;height=320;width=320\n% geometry 320x320\n% end\n"

// The words of docs.prophesee.ai, EVT 2.1 Format, low half first.
var evt21Fixture = fixture{
	format: "evt21",
	data: cat(evt21Head,
		le32(1, 0x10000025),                         // ON before any time: passed over
		le32(0, 0x80000002),                         // time bits 33-6: 2
		le32(0x80000005, 1<<28|5<<22|288<<11|319),   // ON at 2*64+5, x = 288, 290 and 319
		le32(0xffffffff, 0xa0000100),                // trigger
		le32(0, 1<<28|6<<22|319<<11|1),              // of no pixel
		le32(0, 0x8fffffff),                         // the last time before the wrap
		le32(1, 63<<22|0<<11|1),                     // OFF
		le32(0, 0x80000000), le32(1, 1<<28|3<<11|4), // the wrap
	),
	want: []Event{
		{T: 133, X: 288, Y: 319, P: 1}, {T: 133, X: 290, Y: 319, P: 1}, {T: 133, X: 319, Y: 319, P: 1},
		{T: 1<<34 - 1, X: 0, Y: 1, P: 0},
		{T: 1 << 34, X: 3, Y: 4, P: 1},
	},
	size: Size{320, 320},
	clean: func(n int) bool {
		return records(len(evt21Head), 8)(n) || n < len(evt21Head) && (n == 0 || evt21Head[n-1] == '\n')
	},
}

func TestEVT21Legacy(t *testing.T) {
	data := cat("% format EVT21;height=720;width=1280;endianness=legacy\n% end\n",
		le32(0x80000002, 0), le32(1<<28|5<<22|1248<<11|719, 0x80000001))
	got, src, err := readAll("evt21", data, Options{})
	if err != nil || src.Size() != (Size{1280, 720}) {
		t.Fatal(src, err)
	}
	diff(t, got, []Event{{T: 133, X: 1248, Y: 719, P: 1}, {T: 133, X: 1279, Y: 719, P: 1}})
}

func TestEVT21Bad(t *testing.T) {
	time, on := le32(0, 8<<28|1), le32(1, 1<<28|2<<11|3)
	e := Event{T: 64, X: 2, Y: 3, P: 1}
	for _, kind := range []uint32{0x2, 0x7, 0x9, 0xb, 0xc} {
		wantBad(t, "evt21", cat(time, on, le32(0, kind<<28), on), Options{}, 16, []Event{e}, []Event{e})
	}
	wantBad(t, "evt21", cat(time, le32(2, 99<<11), on), Options{Size: Size{100, 100}}, 8, nil, []Event{e})
	wantBad(t, "evt21", cat(time, le32(1<<31, 2040<<11), on), Options{}, 8, nil, []Event{e})
	wantOpenError(t, "evt21", cat("% evt 3.0\n"), errors.ErrUnsupported)
	wantOpenError(t, "evt21", cat("% format EVT21;endianness=big\n"), errors.ErrUnsupported)
}

// TestEVT21Valid looks at all pixels of a word where it tells where records begin.
func TestEVT21Valid(t *testing.T) {
	d := evt21{evtWords: evtWords{decoder: decoder{size: Size{320, 320}}}}
	for mask, want := range map[uint32]bool{0: true, 1: true, 2: false, 1 << 31: false} {
		if got := d.valid(le32(mask, 319<<11)); got != want {
			t.Errorf("pixels %#x from x=319 on of a sensor 320 wide: %v, want %v", mask, got, want)
		}
	}
}
