package event

import (
	"errors"
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
		"no order fits":   tableOf(nil, []float64{9, 8, 7, 6}, []float64{2, 3, 4, 5}),
		"two orders fit":  tableOf(nil, []float64{9, 8, 0, 1}, []float64{2, 3, 1, 1}),
		"three columns":   tableOf(nil, []float64{9, 8, 0}),
		"names without p": tableOf([]string{"t", "x", "y", "q"}, []float64{9, 8, 0, 1}),
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
	if _, err := drain(src, 9); !errors.Is(err, ErrMalformed) {
		t.Errorf("a column of 0.5: %v, want ErrMalformed", err)
	}
	if src, err = NewTable(bad, Options{SkipBad: true}); err != nil {
		t.Fatal(err)
	}
	if got, err := drain(src, 9); err != nil || len(got) != 1 || src.Skipped() != 2 {
		t.Errorf("%v, %v, %d skipped, want one event and 2", got, err, src.Skipped())
	}
}
