package event

import (
	"bytes"
	"errors"
	"testing"
)

// The bytes of neuromorphic-paris/event_stream, Version 2.0, DVS events. A
// reset is five bytes: inside an event they would be its rest.
var esFixture = fixture{
	format: "es",
	data: cat("Event Stream", 2, 0, 0, 1, 0x40, 1, 0xf0, 0, // 320x240
		5<<1|1, 0x3f, 1, 0, 0, // t=5 ON x=319 y=0, the bottom row
		0xfe, 0xfe, 0xfe, 0xfe, 0xfe, // reset
		0xff, 0xff, // 254 µs
		126<<1, 0, 0, 0xef, 0, // 126 µs OFF x=0 y=239
		0<<1|1, 0xfe, 0, 0xff&0x12, 0, // at the same time ON x=254 y=18
	),
	want: []Event{
		{T: 5, X: 319, Y: 239, P: 1},
		{T: 385, X: 0, Y: 0, P: 0},
		{T: 385, X: 254, Y: 221, P: 1},
	},
	size: Size{320, 240},
	clean: func(n int) bool {
		return n == 20 || n >= 25 && n <= 32 || n == 37
	},
}

var esATISFixture = fixture{
	format: "es",
	name:   "ATIS",
	data: cat("Event Stream", 2, 1, 0, 2, 0x30, 1, 0xf0, 0, // 304x240
		5<<2|2, 0x2f, 1, 0, 0, // t=5 ON x=303 y=0, the bottom row
		0xfc, 0xfc, 0xfc, 0xfc, 0xfc, // reset
		0xff, 0xfe, // 5*63 µs
		62<<2|1, 1, 0, 1, 0, // 62 µs, the crossing of a threshold
		3<<2, 0, 0, 0xef, 0, // 3 µs OFF x=0 y=239
	),
	want: []Event{{T: 5, X: 303, Y: 239, P: 1}, {T: 5 + 315 + 65, X: 0, Y: 0, P: 0}},
	size: Size{304, 240},
	clean: func(n int) bool {
		return n == 20 || n >= 25 && n <= 32 || n == 37 || n == 42
	},
}

func TestESHeader(t *testing.T) {
	wantOpenError(t, "es", cat("Event Strean", 2, 0, 0, 1), ErrMalformed)
	wantOpenError(t, "es", cat("Event Stream", 1, 0, 0, 1), errors.ErrUnsupported)
	for _, kind := range []int{0, 3, 4, 5} {
		wantOpenError(t, "es", cat("Event Stream", 2, 1, 0, kind), errors.ErrUnsupported)
	}
	wantOpenError(t, "es", cat("Event Stream", 2, 0, 0, 1, 0, 0, 5, 0), ErrMalformed)
}

func TestESBad(t *testing.T) {
	data := cat("Event Stream", 2, 0, 0, 1, 4, 0, 3, 0,
		2<<1, 4, 0, 0, 0, // x=4
		3<<1, 1, 0, 3, 0) // y=3
	if _, _, err := readAll("es", data, Options{}); !errors.Is(err, ErrMalformed) {
		t.Errorf("got error %v, want ErrMalformed", err)
	}
	// What a bad event says of time still holds.
	wantBad(t, "es", cat(data[:25], 7<<1|1, 1, 0, 0, 0), Options{}, 20, nil, []Event{{T: 9, X: 1, Y: 2, P: 1}})
}

func TestESWriter(t *testing.T) {
	got, err := write("es", Size{320, 240}, []Event{{T: 5, X: 319, Y: 239, P: 1}, {T: 5 + 127, X: 0, Y: 0}})
	if err != nil {
		t.Fatal(err)
	}
	want := cat("Event Stream", 2, 0, 0, 1, 0x40, 1, 0xf0, 0, 5<<1|1, 0x3f, 1, 0, 0, 0xff, 0, 0, 0, 0xef, 0)
	if !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
	if _, err := NewWriter("es", &bytes.Buffer{}, Size{}); err == nil {
		t.Error("an unknown size was taken")
	}
}
