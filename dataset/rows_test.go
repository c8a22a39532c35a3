package dataset

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestReadRows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		width      int
		columns    string
		channels   int
		want       []float32
	}{
		{"commas", "1,2\n3,4\n", 0, "", 2, []float32{1, 2, 3, 4}},
		{"no last newline, returns, blanks", " 1 , 2\r\n\r\n3, 4", 2, "", 2, []float32{1, 2, 3, 4}},
		{"semicolons", "1;2;-3e-1\n", 3, "", 3, []float32{1, 2, -0.3}},
		{"tabs", "1\t2\n", 0, "", 2, []float32{1, 2}},
		{"blanks", "1  2 3\n", 0, "", 3, []float32{1, 2, 3}},
		{"one channel", "1\n2\n", 1, "", 1, []float32{1, 2}},
		{"comments", "# a recording\n\n1,2\n# the end\n", 0, "", 2, []float32{1, 2}},
		{"names", "ax,ay\n1,2\n", 2, "", 2, []float32{1, 2}},
		{"a time", "\ufefft_ms,\"ax\",ay\n0,1,2\n10,3,4\n", 2, "", 2, []float32{1, 2, 3, 4}},
		{"a time in the middle", "ax,Time,ay\n1,x,2\n", 0, "", 2, []float32{1, 2}},
		{"columns by name", "time,ax,ay,az\n0,1,2,3\n", 2, "az,ax", 2, []float32{3, 1}},
		{"columns by number", "0,1,2,3\n", 2, "4,2", 2, []float32{3, 1}},
		{"a number that is a name", "2,1\n", 1, "1", 1, []float32{2}},
		{"time asked for", "t,x\n7,1\n", 0, "t", 1, []float32{7}},
		{"text elsewhere", "id,x\nleft,1\nright,2\n", 0, "x", 1, []float32{1, 2}},
	} {
		x, err := ReadRows(strings.NewReader(c.text), "f", c.width, c.columns)
		if err != nil || x.Size() != c.channels || !slices.Equal(x.Data(), c.want) {
			t.Errorf("%s: %v in %d channels, %v", c.name, x.Data(), x.Size(), err)
		}
	}
	for _, c := range []struct {
		name, text string
		width      int
		columns    string
		want       []string
	}{
		{"nothing", "", 0, "", []string{"f:", "no rows"}},
		{"only names", "a,b\n", 0, "", []string{"no rows"}},
		{"text", "1,2\n1,b\n", 0, "", []string{"f:2", "column 2", `"b"`}},
		{"an empty field", "1,\n", 0, "", []string{"f:1", "column 2"}},
		{"decimal commas", "1,5;2,5\n", 2, "", []string{"column 1", "decimal point"}},
		{"not finite", "1,Inf\n", 0, "", []string{"column 2", "Inf"}},
		{"beyond float32", "1e39\n", 0, "", []string{"column 1", "1e39"}},
		{"a row too long", "1,2\n1,2,3\n", 0, "", []string{"f:2", "3 fields", "2"}},
		{"another number of channels", "1,2,3\n", 2, "", []string{"3 numbers", "expected 2", "--columns"}},
		{"another number of names", "a,b,c\n", 2, "", []string{"3 columns", "expected 2", "--columns"}},
		{"no such name", "a,b\n1,2\n", 0, "c", []string{`"c"`, "a", "b"}},
		{"no names", "1,2\n", 0, "a", []string{`"a"`, "names none"}},
		{"no such number", "1,2\n", 0, "3", []string{`"3"`}},
		{"names again", "a,b\n1,2\na,b\n", 0, "", []string{"f:3", `"a"`}},
		{"UTF-16", "\xff\xfe1\x00", 0, "", []string{"UTF-16"}},
		{"a line without end", strings.Repeat("1,", maxRow), 0, "", []string{"f:1", "more than"}},
	} {
		_, err := ReadRows(strings.NewReader(c.text), "f", c.width, c.columns)
		if !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, expected %s in it", c.name, err, want)
			}
		}
	}
}

// FuzzReadRows: whatever the text, there are whole steps of finite values, or an error.
func FuzzReadRows(f *testing.F) {
	for _, text := range []string{"1,2\n3,4\n", "t,x\n1,2\n", "1;2", "\ufeff\"a\"\t\"b\"\n1\t2", "1 2\n1  2 ", "#\n", "1e400,NaN"} {
		f.Add(text, 0, "")
		f.Add(text, 2, "1,x")
	}
	f.Fuzz(func(t *testing.T, text string, width int, columns string) {
		width = max(0, width%9)
		x, err := ReadRows(strings.NewReader(text), "f", width, columns)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Error(err)
			}
			return
		}
		if x.Steps() < 1 || x.Size() < 1 || width > 0 && x.Size() != width {
			t.Errorf("%d steps of %d channels, expected %d", x.Steps(), x.Size(), width)
		}
	})
}

// TestRowsGoOn reads on after lines that are malformed, the first among them.
func TestRowsGoOn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		width   int
		columns string
		lines   []string
		want    [][]float32 // nil where an error is expected
	}{
		{2, "", []string{"a", "1,2", "1", "3,4"}, [][]float32{nil, {1, 2}, nil, {3, 4}}},
		{2, "", []string{"hello world you", "x,y", "1,2"}, [][]float32{nil, {}, {1, 2}}},
		{2, "2,3", []string{"5", "1,2,3", "4,5", "4,5,6"}, [][]float32{nil, {2, 3}, nil, {5, 6}}},
		{2, "", []string{"1", "1,2,3", "1,2"}, [][]float32{nil, nil, {1, 2}}},
		{0, "", []string{",ax,ay", "0,1,2"}, [][]float32{{}, {1, 2}}},
		{0, "", []string{"timestamp_ms,seconds_elapsed,Time (s),x", "1,2,3,4"}, [][]float32{{}, {4}}},
		{0, "", []string{"t", "1,2"}, [][]float32{nil, {1, 2}}},
	} {
		r := NewRows(c.width, c.columns)
		for i, line := range c.lines {
			got, err := r.Parse([]float32{}, []byte(line))
			if (err != nil) != (c.want[i] == nil) || err == nil && !slices.Equal(got, c.want[i]) {
				t.Errorf("width %d, columns %q: line %d of %q: %v, error %v, expected %v", c.width, c.columns, i, c.lines, got, err, c.want[i])
			}
		}
	}
}

// FuzzRows reads lines on, whatever is malformed.
func FuzzRows(f *testing.F) {
	f.Add(2, "", "a\n1,2\n")
	f.Add(0, "2,3", "5\n1,2,3\n")
	f.Add(3, "x", "x,y\n1;2\n")
	f.Fuzz(func(t *testing.T, width int, columns, text string) {
		r := NewRows(max(0, width%64), columns)
		for line := range strings.Lines(text) {
			got, err := r.Parse(nil, []byte(line))
			if err == nil && len(got) > 0 && width%64 > 0 && len(got) != width%64 {
				t.Fatalf("%d values of %q, expected %d", len(got), line, width%64)
			}
		}
	})
}
