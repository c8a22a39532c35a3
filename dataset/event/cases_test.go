package event

import (
	"path/filepath"
	"testing"
)

// cases are files like those of people's bug reports.
const cases = "../../testdata/cases"

// readCase reads one of the cases.
func readCase(t *testing.T, name string, o Options) ([]Event, *File) {
	t.Helper()
	f, err := Open(filepath.Join(cases, name), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	events, err := drain(f, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return events, f
}

// TestCasesOfChips compares recordings of v2e without an AEChip line with the
// events that were written.
func TestCasesOfChips(t *testing.T) {
	for name, size := range map[string]Size{"346": {346, 260}, "640": {640, 480}} {
		got, f := readCase(t, "14-v2e-aedat2/v2e_"+name+".aedat", Options{})
		want, _ := readCase(t, "14-v2e-aedat2/v2e_"+name+".csv", Options{})
		if f.Size() != size || len(want) != 2000 {
			t.Errorf("%s: sensor %v, %d events", name, f.Size(), len(want))
		}
		diff(t, got, want)
	}
	if got, f := readCase(t, "16-aedat2-chips/davis240c.aedat", Options{}); f.Size() != (Size{240, 180}) || len(got) == 0 {
		t.Errorf("DAVIS240C: sensor %v, %d events", f.Size(), len(got))
	}
}

// TestCasesOfForms reads what other programs write.
func TestCasesOfForms(t *testing.T) {
	plain, _ := readCase(t, "01-evt3-padding-9999/plain.raw", Options{})
	filled, _ := readCase(t, "01-evt3-padding-9999/lucid.raw", Options{})
	if len(plain) == 0 {
		t.Error("no events")
	}
	diff(t, filled, plain)

	for _, c := range []struct {
		name    string
		format  string
		o       Options
		n       int
		second  Event
		last    Event
		size    Size
		skipped int64
	}{
		{"02-evt21/genx320.raw", "evt21", Options{}, 9, Event{6403, 33, 5, 1}, Event{6409, 64, 6, 0}, Size{320, 320}, 0},
		{"05-rpg-txt/events.txt", "text", Options{}, 400, Event{3941, 99, 134, 1}, Event{55681, 93, 172, 1}, Size{}, 0},
		{"06-metavision-csv/cd.csv", "text", Options{}, 400, Event{300, 7, 1, 1}, Event{119700, 233, 399, 1}, Size{1280, 720}, 0},
		{"07-csv-columns/dv.csv", "text", Options{}, 100, Event{1589163005536352, 3, 1, 1}, Event{1589163005565752, 297, 99, 1}, Size{}, 0},
		{"07-csv-columns/faery.csv", "text", Options{}, 100, Event{300, 3, 1, 1}, Event{29700, 297, 99, 1}, Size{}, 0},
		{"07-csv-columns/float_p.csv", "text", Options{}, 100, Event{300, 3, 1, 1}, Event{29700, 297, 99, 1}, Size{}, 0},
		{"07-csv-columns/minus1.csv", "text", Options{}, 100, Event{300, 3, 1, 1}, Event{29700, 297, 99, 1}, Size{}, 0},
		{"07-csv-columns/spacehead.csv", "text", Options{}, 100, Event{300, 3, 1, 1}, Event{29700, 297, 99, 1}, Size{}, 0},
		{"17-dat-versions/v0_noversion.dat", "dat", Options{}, 200, Event{100, 7, 5, 1}, Event{19900, 177, 35, 1}, Size{304, 240}, 0},
		{"18-evt3-outside/y_outside.raw", "evt3", Options{SkipBad: true}, 399, Event{5060, 7, 5, 1}, Event{28940, 233, 555, 1}, Size{1280, 720}, 1},
		{"08-truncated/cut.bs2", "nmnist", Options{SkipBad: true}, 3329, Event{6544, 19, 13, 1}, Event{305179, 16, 21, 1}, Size{}, 1},
	} {
		got, f := readCase(t, c.name, c.o)
		if len(got) != c.n || got[1] != c.second || got[c.n-1] != c.last {
			t.Errorf("%s: %d events, %v, %v … %v", c.name, len(got), got[0], got[1], got[len(got)-1])
		}
		if f.Format() != c.format || f.Size() != c.size || f.Skipped() != c.skipped {
			t.Errorf("%s: %s, sensor %v, %d skipped", c.name, f.Format(), f.Size(), f.Skipped())
		}
	}
}
