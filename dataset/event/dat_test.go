package event

import (
	"errors"
	"testing"
)

const datHead = "% Data file containing CD events\n% Date 2020-09-14 14:18:29\n% Version 2\n% Width 640\n% Height 480\n"

// The sections of docs.prophesee.ai, DAT File Format.
var datFixture = fixture{
	format: "dat",
	data: cat(datHead, 12, 8,
		le32(10, 639|479<<14|1<<28),
		le32(0xffffffff, 0|1<<14|0<<28),
		le32(2, 5|6<<14|1<<28), // the time wrapped
	),
	want: []Event{
		{T: 10, X: 639, Y: 479, P: 1},
		{T: 1<<32 - 1, X: 0, Y: 1, P: 0},
		{T: 1<<32 + 2, X: 5, Y: 6, P: 1},
	},
	size:  Size{640, 480},
	clean: records(len(datHead)+2, 8),
}

const datOldHead = "% Data file containing Event2D events.\n% Date 2015-3-1 10:0:0\n% Height 240\n% Width 304\n"

// The masks of load_atis_data for versions below 2.
var datOldFixture = fixture{
	format: "dat",
	name:   "old",
	data: cat(datOldHead, 0, 8,
		le32(100, 7|5<<9|1<<17),
		le32(90, 303|239<<9), // 10 µs back
	),
	want:  []Event{{T: 100, X: 7, Y: 5, P: 1}, {T: 90, X: 303, Y: 239}},
	size:  Size{304, 240},
	clean: records(len(datOldHead)+2, 8),
}

func TestDATHeader(t *testing.T) {
	wantOpenError(t, "dat", cat("% Version 3\n", 0, 8), errors.ErrUnsupported)
	wantOpenError(t, "dat", cat("% Version 2\n", 14, 8), errors.ErrUnsupported)
	wantOpenError(t, "dat", cat("% Version 2\n", 12, 16), ErrMalformed)
	wantOpenError(t, "dat", cat("% Version 2\n", 12), ErrMalformed)
	if _, src, err := readAll("dat", cat("% Version 2\n", 0, 8), Options{}); err != nil || src.Size().Known() {
		t.Errorf("got %v, error %v, want an unknown size", src, err)
	}
}

func TestDATBad(t *testing.T) {
	e := Event{T: 3, X: 1, Y: 2}
	good := le32(3, 1|2<<14)
	wantBad(t, "dat", cat(datHead, 0, 8, le32(1, 640), good), Options{}, len(datHead)+2, nil, []Event{e})
	wantBad(t, "dat", cat("% Version 1\n", 0, 8, le32(1, 1<<18), le32(3, 1|2<<9)), Options{}, len("% Version 1\n")+2, nil, []Event{e})
	wantBad(t, "dat", cat(datHead, 0, 8, good, le32(1, 2<<28), good), Options{}, len(datHead)+2+8, []Event{e}, []Event{e})
}
