package event

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// tableOf returns a table of rows.
func tableOf(names []string, rows ...[]float64) Table {
	return Table{Names: names, Rows: len(rows), Cols: len(rows[0]), At: func(row, col int) float64 { return rows[row][col] }}
}

func TestTable(t *testing.T) {
	want := []Event{{T: 100, X: 9, Y: 8, P: 1}, {T: 250, X: 2, Y: 3, P: 0}}
	for _, c := range []struct {
		name    string
		table   Table
		columns string
	}{
		{"records", tableOf([]string{"x", "y", "timestamp", "polarity"}, []float64{9, 8, 100, 1}, []float64{2, 3, 250, 0}), ""},
		{"seconds", tableOf([]string{"ts", "xs", "ys", "ps"}, []float64{100e-6, 9, 8, 1}, []float64{250e-6, 2, 3, -1}), ""},
		{"t,x,y,p", tableOf(nil, []float64{100, 9, 8, 1}, []float64{250, 2, 3, 0}), ""},
		{"x,y,t,p", tableOf(nil, []float64{9, 8, 100, 1}, []float64{2, 3, 250, 0}), ""},
		{"x,y,p,t", tableOf(nil, []float64{9, 8, 1, 100}, []float64{2, 3, 0, 250}), ""},
		{"named and told by the options", tableOf([]string{"x", "ts", "y", "p"}, []float64{9, 0.1, 8, 1}, []float64{2, 0.25, 3, 0}), "t_ms,x,y,p"},
		{"one of two times", tableOf([]string{"t", "ts", "x", "y", "p"}, []float64{7, 100, 9, 8, 1}, []float64{5, 250, 2, 3, 0}), "x,y,p,ts"},
		{"names that say nothing", tableOf([]string{"a", "b", "c", "d"}, []float64{1, 9, 8, 0.1}, []float64{0, 2, 3, 0.25}), "p,x,y,t_ms"},
		{"milliseconds", tableOf([]string{"Timestamp [millis]", "x", "y", "p"}, []float64{0.1, 9, 8, 1}, []float64{0.25, 2, 3, 0}), ""},
		{"named by the options", tableOf(nil, []float64{1, 9, 8, 0.1}, []float64{0, 2, 3, 0.25}), "p,x,y,t_ms"},
	} {
		src, err := NewTable(c.table, Options{Columns: c.columns})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got, err := drain(src, 1)
		if err != nil {
			t.Fatal(err)
		}
		diff(t, got, want)
	}
	for name, table := range map[string]Table{
		"no order fits":       tableOf(nil, []float64{9, 8, 7, 6}, []float64{2, 3, 4, 5}),
		"two orders fit":      tableOf(nil, []float64{9, 8, 0, 1}, []float64{2, 3, 1, 1}),
		"three columns":       tableOf(nil, []float64{9, 8, 0}),
		"a unit that is none": tableOf([]string{"t_ticks", "x", "y", "p"}, []float64{9, 8, 0, 1}),
		"a multiple of one":   tableOf([]string{"t_100ns", "x", "y", "p"}, []float64{9, 8, 0, 1}),
		"names without p":     tableOf([]string{"t", "x", "y", "q"}, []float64{9, 8, 0, 1}),
	} {
		if _, err := NewTable(table, Options{}); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v, want ErrUnsupported", name, err)
		}
	}
	bad := tableOf([]string{"t", "x", "y", "p"}, []float64{1, 0.5, 0, 1}, []float64{2, 1, 1, 1}, []float64{3, 1, 1, 5})
	src, err := NewTable(bad, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := drain(src, 9); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "table: row 0: t=1 x=0.5") {
		t.Errorf("a column of 0.5: %v, want ErrMalformed with the row", err)
	}
	if src, err = NewTable(bad, Options{SkipBad: true}); err != nil {
		t.Fatal(err)
	}
	if got, err := drain(src, 9); err != nil || len(got) != 1 || src.Skipped() != 2 {
		t.Errorf("%v, %v, %d skipped, want one event and 2", got, err, src.Skipped())
	}
}

// TestTimeUnits takes every name of a unit, and refuses others by name.
func TestTimeUnits(t *testing.T) {
	for unit, words := range map[timeUnit]string{
		unitNS: "t_ns ts[nanoseconds] Time(nsec)", unitUS: "t_us timestamp[µs] t[μs] time_usecs time_micros", unitUnknown: "t timestamp time_stamp ts0",
		unitMS: "t_ms t_millis time-msecs timestamp_milliseconds", unitS: "t_s t_secs time(second) timestamp[seconds]",
	} {
		for _, name := range strings.Fields(words) {
			if which, got, err := columnOf(name); which != columnT || got != unit || err != nil {
				t.Errorf("%s: column %d, unit %d, %v, want %d", name, which, got, err, unit)
			}
		}
	}
	for _, name := range []string{"t_min", "timestamp [ticks]", "t_10us", "time_s_us"} {
		if _, _, err := columnOf(name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want an error that names it", name, err)
		}
	}
	for _, head := range []string{"t_ticks,x,y,p\n", "# x y p t_ticks\n"} {
		if _, _, err := readAll("text", []byte(head+"1,2,3,1\n"), Options{}); err == nil || !strings.Contains(err.Error(), `"ticks"`) {
			t.Errorf("%q: %v, want the unit named", head, err)
		}
		got, _, err := readAll("text", []byte(head+"1,1,1,1\n"), Options{Columns: "x,y,p,t_ms"})
		if want := []Event{{T: 1000, X: 1, Y: 1, P: 1}}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%q with columns: %v, %v, want %v", head, got, err, want)
		}
	}
	got, _, err := readAll("text", []byte("t,x,y,p\n9,2,3,1\n"), Options{Columns: "x,y,p,t_ms"})
	if want := []Event{{T: 9000, X: 2, Y: 3, P: 1}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("columns of a file that names them: %v, %v, want %v", got, err, want)
	}
}
