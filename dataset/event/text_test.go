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
		"1,2,3", "1,2,3,", ",2,3,1", "1,2,3,1,", "1,2,3,2", "1,2,3,-2", "1,2,3,0.5", "1,2,3,x", "-1,2,3,1", "1.5,2,3,1", "1e-3,2,3,1", "1,2.5,3,1", "1,2,-3,1", "NaN,2,3,1", "1,NaN,3,1", "1e300,2,3,1", "Inf,2,3,1", "1,65536,3,1",
		"9223372036854775808,2,3,1", "99999999999999999999999999,2,3,1", "1 1,2,3,1", "t,x,y,q", "1;2;3;1;1", "1 2 3", "1 2 3 1 1", "x", "1,34,3,1", "1,2,34,1",
	} {
		wantBad(t, "text", cat("1,2,3,1\n", line, "\n1,2,3,1\n"), Options{Size: Size{34, 34}}, 8, []Event{e}, []Event{e})
	}
	// Lines longer than the window.
	for _, long := range []string{strings.Repeat("1", 3*windowSize), "#" + strings.Repeat(" ", 3*windowSize)} {
		wantBad(t, "text", cat("1,2,3,1\n", long, "\n1,2,3,1\n"), Options{}, 8, []Event{e}, []Event{e})
	}
	_, _, err := readAll("text", cat("# comment\n\n1,2,3,1\n1,2,3\n"), Options{})
	if err == nil || !strings.Contains(err.Error(), "byte 19: line 4: \"1,2,3\": expected four numbers t,x,y,p") {
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

// TestTextForms reads the forms that people have: RPG's and E2VID's seconds,
// Metavision's order, other names, floats.
func TestTextForms(t *testing.T) {
	two := []Event{{T: 3811, X: 96, Y: 133, P: 0}, {T: 3_000_941, X: 99, Y: 134, P: 1}}
	late := []Event{{T: 0, X: 1, Y: 2, P: 1}, {T: 300, X: 3, Y: 4, P: 0}}
	for _, c := range []struct {
		text    string
		columns string
		want    []Event
		size    Size
	}{
		{"0.003811000 96 133 0\n3.000941000 99 134 1\n", "", two, Size{}},
		{"240 180\n3.811e-3 96 133 0\n3.000941 99 134 1\n", "", two, Size{240, 180}},
		{"3.811000000000000000e-03 9.6e+01 1.33e+02 0.0\n3.000941e+00 9.9e+01 1.34e+02 1.0\n", "", two, Size{}},
		{"%geometry:1280,720\n96,133,0,3811\n99,134,1,3000941\n", "", two, Size{1280, 720}},
		{"timestamp,x,y,polarity\n3811,96,133,0\n3000941,99,134,1\n", "", two, Size{}},
		{"X;Y;T [ns];label;on\n96;133;3811000;9;False\n99;134;3000941499;x;True\n", "", two, Size{}},
		{"# x y t(ms) p\n96 133 3.811 -1\n99 134 3000.9412 1\n", "", two, Size{}},
		{"\"t\", \"x\", \"y\", \"p\"\n3811, 96, 133, -1\n3000941, 99, 134, +1\n", "", two, Size{}},
		{"96 133 0 3811\n99 134 1 3000941\n", "x,y,p,t", two, Size{}},
		{"a,b,c,d,e\n3811,7,96,133,0\n3000941,7,99,134,1\n", "t,-,x,y,p", two, Size{}},
		{"p,x,y,t\n0,96,133,0.003811\n1,99,134,3.000941\n", "t_s,x,y,p", two, Size{}}, // names tell the order, the option the unit
		{"t,x,y,p\n0,1,2,1\nt,x,y,p\n300,3,4,0\n", "", late, Size{}},                  // another recording begins
		{"0 1 2 1\n0.0003 3 4 0\n", "", late, Size{}},
		{"0.0,1.0,2.0,1.0\n300.0,3.0,4.0,0.0\n", "", late, Size{}},
		{"0.000000,1.000000,2.000000,1.000000\n300.000000,3.000000,4.000000,0.000000\n", "", late, Size{}},
		{"0.0 1 2 1\n300.0 3 4 0\n", "", late, Size{}},
		{"0.000000 1 2 1\n0.000300 3 4 0\n", "", late, Size{}},
		{"0.25,1,2,1\n300.25,3,4,0\n", "t_us,x,y,p", late, Size{}},
		{"1.000000 1 2 1\n", "", []Event{{T: 1_000_000, X: 1, Y: 2, P: 1}}, Size{}},
		{"1589163005.536052 1 2 1\n", "", []Event{{T: 1_589_163_005_536_052, X: 1, Y: 2, P: 1}}, Size{}},
	} {
		got, src, err := readAll("text", []byte(c.text), Options{Columns: c.columns})
		if err != nil || src.Size() != c.size {
			t.Errorf("%q: %v, %v", c.text, src, err)
			continue
		}
		diff(t, got, c.want)
		if c.columns == "" {
			if format, err := Detect("", []byte(c.text)); err != nil || format != "text" {
				t.Errorf("%q is taken for %q, %v", c.text, format, err)
			}
		}
	}
}

// TestTextErrors names what a file is and what to try.
func TestTextErrors(t *testing.T) {
	for text, want := range map[string]string{
		"7,1,1,300\n":                          "--columns",
		"1,2,3,1,9\n":                          "--columns",
		"1.0 1 2 1\n1.00013 1 2 1\n":           "--columns t_s",
		"\xff\xfe1\x00,\x002\x00":              "UTF-16",
		"\xfe\xff\x001\x00,\x002":              "UTF-16",
		"t,x,y\n1,2,3\n":                       "--columns",
		"x,y,p,t,x\n1,2,1,3,4\n":               "--columns",
		"t,x,y,p\n1,2,3\n":                     "expected 4 columns",
		strings.Repeat("1,", 99) + "1\n":       "--columns",
		"%geometry:1280\n1,2,1,3\n":            "expected a size",
		"1.5 1 2 1\n99999999999999999 1 2 1\n": "expected t to be",
	} {
		_, _, err := readAll("text", []byte(text), Options{})
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got error %v, want ErrMalformed with %q", text, err, want)
		}
	}
	for _, columns := range []string{"t", "t,x,y", "t,x,y,p,p", "x,y"} {
		if _, err := NewReader("text", strings.NewReader("1,2,3,1\n"), Options{Columns: columns}); err == nil || !strings.Contains(err.Error(), columns) {
			t.Errorf("columns %q: got error %v", columns, err)
		}
	}
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
