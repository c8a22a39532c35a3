package termpic

import (
	"bytes"
	"strings"
	"testing"
)

func TestImage(t *testing.T) {
	// A 3×3 image: top row 1 0 ½, then 0 1 ½, then 1 1 0.
	values := []float32{1, 0, 0.5, 0, 1, 0.5, 1, 1, 0}
	for _, c := range []struct {
		name     string
		values   []float32
		w, cells int
		style    Style
		want     string
	}{
		{"plain", values, 3, 80, Plain, "+++\n++ "},
		{"blocks", values, 3, 80, Blocks, "▀▄█\n▀▀ "},
		{"grey", []float32{1, 0, 0, 0.5}, 2, 80, Grey, "\x1b[38;5;255;48;5;232m▀\x1b[38;5;232;48;5;244m▀\x1b[0m"},
		{"half the width", []float32{1, 1, 0, 0, 1, 1, 0, 1}, 4, 2, Plain, "+."},
		{"a row that is not full", []float32{1, 1, 1}, 2, 80, Blocks, "█▀"},
		{"no room", []float32{1, 1}, 2, 0, Blocks, "▀"},
		{"nothing", nil, 2, 80, Blocks, ""},
	} {
		p := Image(c.values, c.w, c.cells, c.style)
		if got := strings.Join(p.Lines, "\n"); got != c.want {
			t.Errorf("%s: %q, expected %q", c.name, got, c.want)
		}
		if p.Width > max(1, c.cells) {
			t.Errorf("%s: %d cells in %d", c.name, p.Width, c.cells)
		}
	}
}

func TestRaster(t *testing.T) {
	rows := [][]float32{{0, 1, 0, 0, 1}, {0.5, 0.25, 0, 1, 1}}
	for _, c := range []struct {
		cells int
		style Style
		want  string
	}{
		{80, Plain, ".|..|\n53.||"},
		{80, Blocks, "·█··█\n▅▃·██"},
		{3, Plain, "5.|\n45|"},
		{3, Grey, "▅·█\n▄▅█"},
		{1, Plain, "4\n5"},
		{0, Plain, "4\n5"},
	} {
		p := Raster(rows, c.cells, c.style)
		if got := strings.Join(p.Lines, "\n"); got != c.want {
			t.Errorf("%d cells, style %d: %q, expected %q", c.cells, c.style, got, c.want)
		}
		if p.Width > max(1, c.cells) {
			t.Errorf("%d cells in %d", p.Width, c.cells)
		}
	}
}

func TestBeside(t *testing.T) {
	left, right := Picture{[]string{"ab", "cd"}, 2}, Picture{[]string{"1", "2", "3"}, 1}
	for _, c := range []struct {
		cells, width int
		want         string
	}{
		{6, 6, "ab   1\ncd   2\n     3"},
		{5, 2, "ab\ncd\n\n1\n2\n3"},
	} {
		p := Beside(left, right, 3, c.cells)
		if got := strings.Join(p.Lines, "\n"); got != c.want || p.Width != c.width {
			t.Errorf("%d cells: %q of width %d, expected %q of %d", c.cells, got, p.Width, c.want, c.width)
		}
	}
}

func TestDetect(t *testing.T) {
	for _, c := range []struct {
		terminal bool
		env      map[string]string
		want     Style
	}{
		{true, map[string]string{"TERM": "xterm"}, Grey},
		{true, map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, Blocks},
		{true, map[string]string{"TERM": "xterm", "NO_COLOR": ""}, Grey},
		{true, map[string]string{"TERM": "dumb"}, Plain},
		{true, nil, Plain},
		{false, map[string]string{"TERM": "xterm"}, Plain},
	} {
		if got := choose(c.terminal, func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("terminal %v, %v: style %d, expected %d", c.terminal, c.env, got, c.want)
		}
	}
	for columns, want := range map[string]int{"": 80, "132": 132, "0": 80, "-3": 80, "wide": 80} {
		style, width := Detect(new(bytes.Buffer), func(name string) string { return map[string]string{"COLUMNS": columns}[name] })
		if style != Plain || width != want {
			t.Errorf("COLUMNS=%s: style %d, width %d, expected %d", columns, style, width, want)
		}
	}
}
