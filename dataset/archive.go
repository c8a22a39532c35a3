package dataset

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/internal/npy"
	"github.com/snurun/snurun/model"
)

// readNPY reads a NumPy array: spikes or values or, for a network of events, records
// of events or an array [N, 4] of them.
func readNPY(r io.Reader, name string, in model.Input, c class, o *Reading) (Source, error) {
	a, records, err := npy.ReadRecords(r)
	switch {
	case err != nil:
		return nil, arrayError(name, err)
	case records != nil:
		return readTable(columnsOf(records.Names, records.Fields), name, in, c, o)
	}
	return fromNPY(a, name, in, c, o)
}

// fromNPY returns the samples of an array.
func fromNPY(a *npy.Array, name string, in model.Input, c class, o *Reading) (Source, error) {
	if in.Encoder.Coding == model.Events && len(a.Shape) == 2 && a.Shape[1] == 4 && (in.Shape == nil || in.Size() != 4) {
		t := event.Table{Rows: a.Shape[0], Cols: 4, At: func(row, col int) float64 { return a.At(4*row + col) }}
		return readTable(t, name, in, c, o)
	}
	if in.Encoder.Analog() {
		values, err := valuesOf(a, name)
		return fromArray(values, err, name, in, c)
	}
	trains, err := spikesOf(a, name)
	return fromArray(trains, err, name, in, c)
}

// columnsOf returns the table of named columns.
func columnsOf(names []string, columns []*npy.Array) event.Table {
	return event.Table{Names: names, Rows: columns[0].Len(), Cols: len(columns), At: func(row, col int) float64 { return columns[col].At(row) }}
}

// readTable reads events in columns.
func readTable(t event.Table, name string, in model.Input, c class, o *Reading) (Source, error) {
	return eventsOf(func() (event.Source, error) { return event.NewTable(t, o.events()) }, name, in, c, o)
}

// maxArchive bounds the bytes of an archive.
const maxArchive = 1 << 30

// readNPZ reads a NumPy archive: columns t, x, y and p of events, or the only array
// that fits the network's input. Of several, one that is named x, input, spikes or
// data is meant, or as snurun simulate writes them, LAYER.spikes.
func readNPZ(r io.Reader, name string, in model.Input, c class, o *Reading) (Source, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxArchive+1))
	if err == nil && len(data) > maxArchive {
		err = fmt.Errorf("%w: more than %d bytes", ErrFormat, maxArchive)
	}
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", name, err)
	}
	arrays, _, err := npy.ReadSome(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, arrayError(name, err)
	}
	names := slices.Sorted(maps.Keys(arrays))
	if in.Encoder.Coding == model.Events {
		if t, ok := eventColumns(names, arrays); ok {
			return readTable(t, name, in, c, o)
		}
	}
	var fit, meant []string
	for _, key := range names {
		a := arrays[key]
		_, _, size, err := dimensions(a, name)
		events := in.Encoder.Coding == model.Events && len(a.Shape) == 2 && a.Shape[1] == 4
		if err != nil || !events && in.Shape != nil && size != in.Size() {
			continue
		}
		fit = append(fit, key)
		if slices.Contains([]string{"x", "input", "inputs", "spikes", "data", "events"}, key) || strings.HasSuffix(key, ".spikes") {
			meant = append(meant, key)
		}
	}
	if len(meant) > 0 {
		fit = meant
	}
	if len(fit) != 1 {
		return nil, fmt.Errorf("dataset: %s: %w: %d of the arrays %q fit a network with input of shape %v, expected one, or one of them named x", name, ErrMismatch, len(fit), names, in.Shape)
	}
	return fromNPY(arrays[fit[0]], name+":"+fit[0], in, c, o)
}

// eventColumns returns the columns of events among arrays: those of one dimension
// and the same length, if they have the names.
func eventColumns(names []string, arrays map[string]*npy.Array) (event.Table, bool) {
	var keys []string
	var columns []*npy.Array
	for _, key := range names {
		if a := arrays[key]; len(a.Shape) == 1 && event.IsColumn(key) {
			keys, columns = append(keys, key), append(columns, a)
		}
	}
	if len(keys) != 4 {
		return event.Table{}, false
	}
	for _, a := range columns {
		if a.Len() != columns[0].Len() {
			return event.Table{}, false
		}
	}
	return columnsOf(keys, columns), true
}
