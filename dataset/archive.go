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

// npy reads a NumPy array: spikes or values or, for a network of events, records of
// events or an array [N, 4] of them.
func (j *job) npy(r io.Reader) (Source, error) {
	a, records, err := npy.ReadRecords(r)
	switch {
	case err != nil:
		return nil, arrayError(j.name, err)
	case records != nil:
		return j.table(columnsOf(records.Names, records.Fields))
	}
	return j.array(a)
}

// array returns the samples of an array.
func (j *job) array(a *npy.Array) (Source, error) {
	if j.listsEvents(a) {
		return j.table(event.Table{Rows: a.Shape[0], Cols: 4, At: func(row, col int) float64 { return a.At(4*row + col) }})
	}
	if j.in.Encoder.Analog() {
		values, err := valuesOf(a, j.name)
		return fromArray(values, err, j)
	}
	trains, err := spikesOf(a, j.name)
	return fromArray(trains, err, j)
}

// listsEvents reports whether an array is one of events, [N, 4], and not of time steps
// of four channels. Where the network's input has no shape yet, its numbers tell: steps
// of spikes have but 0 and 1, and no column of times.
func (j *job) listsEvents(a *npy.Array) bool {
	if j.in.Encoder.Coding != model.Events || len(a.Shape) != 2 || a.Shape[1] != 4 {
		return false
	}
	if j.in.Shape != nil {
		return j.in.Size() != 4
	}
	for i := range a.Len() {
		if v := a.At(i); v != 0 && v != 1 {
			return true
		}
	}
	return false
}

// columnsOf returns the table of named columns.
func columnsOf(names []string, columns []*npy.Array) event.Table {
	return event.Table{Names: names, Rows: columns[0].Len(), Cols: len(columns), At: func(row, col int) float64 { return columns[col].At(row) }}
}

// table reads events in columns.
func (j *job) table(t event.Table) (Source, error) {
	return j.events(func() (event.Source, error) { return event.NewTable(t, j.reading.events()) })
}

// maxArchive bounds the bytes of an archive.
const maxArchive = 1 << 30

// readWhole reads a file that is looked at as a whole.
func (j *job) readWhole(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxArchive+1))
	if err == nil && len(data) > maxArchive {
		err = fmt.Errorf("%w: more than %d bytes", ErrFormat, maxArchive)
	}
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", j.name, err)
	}
	return data, nil
}

// npz reads a NumPy archive: the array that is asked for, or columns t, x, y and p of
// events, or the only array that fits the network's input. Of several, one that is named
// x, input, spikes, data or events is meant, or as snurun simulate writes them,
// LAYER.spikes.
func (j *job) npz(r io.Reader) (Source, error) {
	data, err := j.readWhole(r)
	if err != nil {
		return nil, err
	}
	archive, err := npy.ReadArchive(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, arrayError(j.name, err)
	}
	names := archive.Names()
	if x, y := archive.Arrays["x"], archive.Arrays["y"]; j.member == "" && j.network != nil && j.network.Readout.Kind.EachStep() && x != nil && y != nil {
		outputs := j.classes
		if outputs == nil {
			outputs = numbers(j.network.Layers[len(j.network.Layers)-1].OutSize())
		}
		return sequencesOf(x, y, archive.Arrays["lengths"], j.name, j.in, outputs)
	}
	if j.member != "" {
		if !slices.Contains(names, j.member) {
			return nil, fmt.Errorf("dataset: %s: %w: no array %q, expected one of %q", j.name, ErrFormat, j.member, names)
		}
		return j.entry(archive, j.member)
	}
	if j.in.Encoder.Coding == model.Events {
		if t, ok := eventColumns(names, archive.Arrays); ok {
			return j.table(t)
		}
	}
	var fit, meant []string
	for _, key := range names {
		if !j.fits(archive, key) {
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
	if len(fit) == 1 {
		return j.entry(archive, fit[0])
	}
	unread := ""
	for _, key := range slices.Sorted(maps.Keys(archive.Unread)) {
		unread += fmt.Sprintf("; %v", archive.Unread[key])
	}
	return nil, fmt.Errorf("dataset: %s: %w: %d of the arrays %q fit a network with input of shape %v, expected one, or FILE.npz:NAME to say which%s", j.name, ErrMismatch, len(fit), names, j.in.Shape, unread)
}

// fits reports whether an entry of an archive may be the network's input.
func (j *job) fits(archive *npy.Archive, key string) bool {
	if r := archive.Records[key]; r != nil {
		return j.in.Encoder.Coding == model.Events && event.AreColumns(r.Names)
	}
	a := archive.Arrays[key]
	if a == nil {
		return false
	}
	_, _, size, err := dimensions(a, j.name)
	return err == nil && (j.in.Shape == nil || size == j.in.Size() || j.listsEvents(a))
}

// entry reads one entry of an archive.
func (j *job) entry(archive *npy.Archive, key string) (Source, error) {
	named := *j
	if j.member == "" {
		named.name += ":" + key
	}
	if err := archive.Unread[key]; err != nil {
		return nil, arrayError(named.name, err)
	}
	if r := archive.Records[key]; r != nil {
		return named.table(columnsOf(r.Names, r.Fields))
	}
	return named.array(archive.Arrays[key])
}

// eventColumns returns the columns of events among arrays: those of one dimension
// and the same length, if they have the names.
func eventColumns(names []string, arrays map[string]*npy.Array) (event.Table, bool) {
	var keys []string
	var columns []*npy.Array
	for _, key := range names {
		if a := arrays[key]; a != nil && len(a.Shape) == 1 && event.IsColumn(key) {
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
