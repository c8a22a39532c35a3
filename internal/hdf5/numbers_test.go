package hdf5

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestColumns reads the fields of records, numbers and sequences, each by its own
// function alone.
func TestColumns(t *testing.T) {
	f, err := Open(unpack(t, "records-old.h5"))
	if err != nil {
		t.Fatal(err)
	}
	dataset := func(path string) *Dataset {
		d, err := f.Root().Dataset(path)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	events, units, mixed := dataset("events"), dataset("spikes/units"), dataset("mixed")
	if names := events.Fields(); !slices.Equal(names, []string{"x", "y", "p", "t"}) || units.Fields() != nil {
		t.Errorf("fields %q and %q", names, units.Fields())
	}
	columns, err := mixed.Columns()
	if err != nil || len(columns) != 5 || columns[1] != nil || columns[4] != nil || columns[3].Len() != 4 || columns[3].At(3) != -7 {
		t.Errorf("columns %v, %v", columns, err)
	}
	if _, err := units.Columns(); !errors.Is(err, ErrType) || !strings.Contains(err.Error(), "/spikes/units") {
		t.Errorf("columns of sequences: %v, expected ErrType", err)
	}
	if _, err := events.Sequences(); !errors.Is(err, ErrType) {
		t.Errorf("sequences of records: %v, expected ErrType", err)
	}
	if _, err := events.Float64s(); !errors.Is(err, ErrType) {
		t.Errorf("records as numbers: %v, expected ErrType", err)
	}
	if words, err := dataset("words").Columns(); err != nil || len(words) != 1 || words[0].At(1) != 2 {
		t.Errorf("an enumeration as a column: %v, %v", words, err)
	}
}

// TestNamesFilters names those that are not undone.
func TestNamesFilters(t *testing.T) {
	for id, name := range map[uint16]string{32001: "blosc", 32015: "zstd", 36559: "ECF", 40000: "unknown"} {
		im := image{}
		b := []byte{2, 1}
		b = binary.LittleEndian.AppendUint16(b, id)
		b = append(b, 0, 0, 0, 0, 0, 0) // neither a name, nor flags, nor parameters
		if _, err := im.filters(im.cursor(b, 0)); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "h5repack") {
			t.Errorf("filter %d: %v, expected %s named", id, err, name)
		}
	}
}
