package event

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const textHead = "# made by hand\n# size 34x35\n"

var textData = cat(textHead, "t,x,y,p\n",
	"9223372036854775807,33,34,1\r\n",
	"\n",
	"# a comment\n",
	" 7 , 0,\t1,0 \n",
	"0007,00,1,1",
)

// textWhole matches the beginnings of textData's lines that are whole lines.
var textWhole = regexp.MustCompile(`^(\s*|#|# [ma].*|# (s(i(z(e)?)?)?)?|# size \d+x\d+|t,x,y,p|\s*\d+\s*,\s*\d+\s*,\s*\d+\s*,\s*\d+\s*)$`)

var textFixture = fixture{
	format: "text",
	data:   textData,
	want: []Event{
		{T: 1<<63 - 1, X: 33, Y: 34, P: 1},
		{T: 7, X: 0, Y: 1, P: 0},
		{T: 7, X: 0, Y: 1, P: 1},
	},
	size: Size{34, 35},
	clean: func(n int) bool {
		return textWhole.Match(textData[bytes.LastIndexByte(textData[:n], '\n')+1 : n])
	},
}

func TestTextBad(t *testing.T) {
	e := Event{T: 1, X: 2, Y: 3, P: 1}
	for _, line := range []string{
		"1,2,3", "1,2,3,", ",2,3,1", "1,2,3,1,", "1,2,3,2", "1,2,3,-1", "-1,2,3,1", "1.5,2,3,1", "1e3,2,3,1", "1,65536,3,1",
		"9223372036854775808,2,3,1", "99999999999999999999999999,2,3,1", "1 1,2,3,1", "t,x,y,p", "1;2;3;1", "x", "1,34,3,1", "1,2,34,1",
	} {
		wantBad(t, "text", cat("1,2,3,1\n", line, "\n1,2,3,1\n"), Options{Size: Size{34, 34}}, 8, []Event{e}, []Event{e})
	}
	// Lines longer than the window.
	for _, long := range []string{strings.Repeat("1", 3*windowSize), "#" + strings.Repeat(" ", 3*windowSize)} {
		wantBad(t, "text", cat("1,2,3,1\n", long, "\n1,2,3,1\n"), Options{}, 8, []Event{e}, []Event{e})
	}
	_, _, err := readAll("text", cat("# comment\n\n1,2,3,1\n1,2,3\n"), Options{})
	if err == nil || !strings.Contains(err.Error(), "byte 19: line 4: \"1,2,3\": want four numbers t,x,y,p") {
		t.Errorf("got error %v, want one at line 4", err)
	}
}

func TestTextHeader(t *testing.T) {
	for _, size := range []string{"", "34", "34x", "x34", "0x0", "34x34x34", "70000x1"} {
		wantOpenError(t, "text", cat("# size ", size, "\n"), ErrMalformed)
	}
	wantOpenError(t, "text", cat("#", strings.Repeat(" ", 2*windowSize)), ErrMalformed)
}

func TestTextWithByteOrderMark(t *testing.T) {
	marked := cat("\ufeff", string(textData))
	got, _, err := readAll("text", marked, Options{})
	if err != nil || !slices.Equal(got, textFixture.want) {
		t.Errorf("%v, %v, expected %v", got, err, textFixture.want)
	}
	if format, err := Detect("", marked); err != nil || format != "text" {
		t.Errorf("is taken for %q, %v", format, err)
	}
	wantBad(t, "text", []byte("\ufeff1,2,3,1\nx\n"), Options{}, 11, []Event{{T: 1, X: 2, Y: 3, P: 1}}, nil)
}

func TestTextWriter(t *testing.T) {
	got, err := write("text", Size{34, 35}, []Event{{T: 1<<63 - 1, X: 33, Y: 34, P: 1}, {T: 7, Y: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if want := "# size 34x35\nt,x,y,p\n9223372036854775807,33,34,1\n7,0,1,0\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := write("text", Size{}, []Event{{T: -1}}); err == nil || errors.Is(err, ErrMalformed) {
		t.Errorf("time -1: got error %v", err)
	}
}
