//go:build !board

package dataset

import (
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/internal/hdf5"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// hdf5 reads events in an HDF5 file, or in the part of it that is asked for: a group of
// the columns t, x, y and p (DSEC, E2VID), a dataset of records with these fields
// (Metavision) or of shape [N, 4] (v2e, MVSEC), or a group of the sequences times and
// units, one of each a sample (SHD, SSC).
func (j *job) hdf5(r io.Reader) (Source, error) {
	data, err := j.readWhole(r)
	if err != nil {
		return nil, err
	}
	f, err := hdf5.Open(data, hdf5.WithLimit(maxArchive))
	if err != nil {
		return nil, hdf5Error(j.name, err)
	}
	s := search{job: j}
	s.group(f.Root())
	if len(s.fallback) == 1 && len(s.found) == 0 {
		s.found = s.fallback
	}
	switch {
	case len(s.found) == 1:
		return s.found[0].read()
	case len(s.found) > 1:
		var names []string
		for _, c := range s.found {
			names = append(names, c.path)
		}
		return nil, fmt.Errorf("dataset: %s: %w: events in %s, expected one of them: FILE:%s", j.name, ErrFormat, strings.Join(names, ", "), strings.TrimPrefix(names[0], "/"))
	case s.network:
		return nil, fmt.Errorf("dataset: %s: %w: it is a network in NIR, no input: snurun convert makes a model of it", j.name, ErrFormat)
	case s.unread != nil:
		return nil, hdf5Error(j.name, s.unread)
	}
	what := "no events: neither columns t, x, y, p, nor records with these fields, nor spikes/times and spikes/units"
	if j.member != "" {
		what += " at " + j.member
	}
	return nil, fmt.Errorf("dataset: %s: %w: %s; it has %s", j.name, ErrFormat, what, strings.Join(s.names, ", "))
}

// hdf5Error names the file of an error of package hdf5.
func hdf5Error(name string, err error) error {
	return fmt.Errorf("dataset: %s: %w: %w", name, ErrFormat, err)
}

// A candidate is a part of an HDF5 file that may be what is meant.
type candidate struct {
	path string
	read func() (Source, error)
}

// search finds the events in an HDF5 file.
type search struct {
	job      *job
	found    []candidate
	fallback []candidate // [N, 4] of any name
	network  bool        // whether the file is of NIR
	unread   error       // of the first object that is not read
	names    []string    // of datasets and of what is not read, some of them
}

// maxNames bounds the names in an error.
const maxNames = 12

// asked reports whether the part at a path may be meant.
func (s *search) asked(at string) bool {
	return s.job.member == "" || strings.Trim(s.job.member, "/") == strings.Trim(at, "/")
}

// group looks at what is in a group.
func (s *search) group(g *hdf5.Group) {
	var names []string // of columns
	var columns []*hdf5.Dataset
	sequences := map[string]*hdf5.Dataset{}
	for _, name := range g.Names() {
		sub, err := g.Group(name)
		if err == nil {
			s.network = s.network || g.Path() == "/" && name == "node"
			s.group(sub)
			continue
		}
		d, err := g.Dataset(name)
		at := path.Join(g.Path(), name)
		if len(s.names) < maxNames {
			s.names = append(s.names, at)
		}
		if err != nil {
			if s.unread == nil && (event.IsColumn(name) || name == "events" || s.asked(at) && s.job.member != "") {
				s.unread = err
			}
			continue
		}
		shape, numbers := d.Shape(), d.Kind() == hdf5.Int || d.Kind() == hdf5.Float
		switch {
		case d.Kind() == hdf5.Record && event.AreColumns(d.Fields()) && s.asked(at):
			s.found = append(s.found, candidate{at, func() (Source, error) { return s.job.records(d) }})
		case numbers && len(shape) == 2 && shape[1] == 4 && s.asked(at):
			c := candidate{at, func() (Source, error) { return s.job.rows(d) }}
			if name == "events" || s.job.member != "" {
				s.found = append(s.found, c)
			} else {
				s.fallback = append(s.fallback, c)
			}
		case numbers && len(shape) == 1 && event.IsColumn(name):
			names, columns = append(names, name), append(columns, d)
		case d.Kind() == hdf5.Sequence:
			sequences[name] = d
		}
	}
	if !s.asked(g.Path()) {
		return
	}
	if len(names) == 4 && event.AreColumns(names) {
		s.found = append(s.found, candidate{g.Path(), func() (Source, error) { return s.job.columns(names, columns) }})
	}
	if times, units := sequences["times"], sequences["units"]; times != nil && units != nil {
		s.found = append(s.found, candidate{g.Path(), func() (Source, error) { return s.job.sequences(times, units) }})
	}
}

// records reads events that are records.
func (j *job) records(d *hdf5.Dataset) (Source, error) {
	fields, err := d.Columns()
	if err != nil {
		return nil, hdf5Error(j.name, err)
	}
	// Text beside the numbers is no column.
	names, columns := d.Fields(), fields[:0:0]
	var kept []string
	for i, x := range fields {
		if x != nil {
			kept, columns = append(kept, names[i]), append(columns, x)
		}
	}
	return j.hdf5Table(kept, columns)
}

// rows reads events that are the rows of an array [N, 4].
func (j *job) rows(d *hdf5.Dataset) (Source, error) {
	all, err := d.Columns()
	if err != nil {
		return nil, hdf5Error(j.name, err)
	}
	x := all[0]
	return j.table(event.Table{Rows: x.Len() / 4, Cols: 4, At: func(row, col int) float64 { return x.At(4*row + col) }})
}

// columns reads events whose numbers are datasets of their own.
func (j *job) columns(names []string, datasets []*hdf5.Dataset) (Source, error) {
	var columns []*hdf5.Numbers
	for _, d := range datasets {
		x, err := d.Columns()
		if err != nil {
			return nil, hdf5Error(j.name, err)
		}
		columns = append(columns, x[0])
	}
	return j.hdf5Table(names, columns)
}

func (j *job) hdf5Table(names []string, columns []*hdf5.Numbers) (Source, error) {
	rows := 0
	if len(columns) > 0 {
		rows = columns[0].Len()
	}
	for i, x := range columns {
		if x.Len() != rows {
			return nil, fmt.Errorf("dataset: %s: %w: %d elements of %s, expected %d as of %s", j.name, ErrFormat, x.Len(), names[i], rows, names[0])
		}
	}
	return j.table(event.Table{Names: names, Rows: rows, Cols: len(columns), At: func(row, col int) float64 { return columns[col].At(row) }})
}

// spikeSet is samples that each are a sequence of times and one of the units that spike
// at them. Both stay as they are in the file until a sample is loaded.
type spikeSet struct {
	labelled
	analog       bool
	step         int64 // µs
	scale        float64
	times, units []hdf5.Numbers
	steps        []uint32
}

// sequences reads samples of a network of events whose input is one channel a unit. A
// spike at t is in bin ⌊t/bin⌋: t = 0 is when the sample begins, as that of a word.
func (j *job) sequences(times, units *hdf5.Dataset) (Source, error) {
	s, err := j.spikeSet(times, units)
	if err != nil {
		return nil, eventError(j.name, err)
	}
	return s, nil
}

func (j *job) spikeSet(times, units *hdf5.Dataset) (*spikeSet, error) {
	step, err := wholeBin(j.in.Encoder)
	if err != nil {
		return nil, err
	}
	s := &spikeSet{analog: j.in.Encoder.Analog(), step: step, scale: 1}
	if s.times, err = times.Sequences(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if s.units, err = units.Sequences(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if len(s.times) != len(s.units) || len(s.times) == 0 {
		return nil, fmt.Errorf("%w: %d samples of times and %d of units, expected as many, and at least one", ErrFormat, len(s.times), len(s.units))
	}
	if !s.times[0].Whole() {
		s.scale = 1e6 // seconds
	}
	size, known := j.in.Size(), j.in.Shape != nil
	if !known {
		size = 1 << channelBits
	}
	largest, skipped := 0, int64(0)
	s.steps = make([]uint32, len(s.times))
	for i := range s.times {
		t, u := &s.times[i], &s.units[i]
		if t.Len() != u.Len() {
			return nil, fmt.Errorf("%w: sample %d has %d times and %d units", ErrFormat, i, t.Len(), u.Len())
		}
		for k := range t.Len() {
			at, unit, ok := s.spike(i, k, size)
			if !ok {
				if !j.reading.SkipBad {
					return nil, fmt.Errorf("%w: sample %d, spike %d: time %v, unit %v: expected a time of 0 or more, and a unit below %d", ErrFormat, i, k, t.At(k), u.At(k), size)
				}
				skipped++
				continue
			}
			largest = max(largest, unit)
			if at < model.MaxSteps {
				s.steps[i] = max(s.steps[i], uint32(at)+1)
			}
		}
	}
	if skipped > 0 {
		if err := j.reading.remark(j.name, RemarkSkipped, skipped, "%d malformed or misplaced spikes were passed over", skipped); err != nil {
			return nil, err
		}
	}
	shape := j.in.Shape
	if !known {
		shape = []int{largest + 1}
	}
	labels, classes, err := j.labels(times, len(s.times))
	if err != nil {
		return nil, err
	}
	s.labelled, err = newLabelled(shape, len(s.times), labels, classes)
	return s, err
}

// labels returns the classes of samples, which are in a dataset beside their group, and
// their names. The network's go before those of the file, extra/keys.
func (j *job) labels(times *hdf5.Dataset, samples int) (labels []int, classes []string, err error) {
	if j.class.label >= 0 {
		return j.class.labels(samples), j.class.names, nil
	}
	root := times.Group().Parent()
	if root == nil {
		return nil, nil, nil
	}
	d, err := root.Dataset("labels")
	if err != nil {
		return nil, j.classes, nil // none are known
	}
	numbers, err := d.Int64s()
	if err != nil || len(numbers) != samples {
		return nil, nil, fmt.Errorf("%w: %d labels of %d samples: %w", ErrFormat, len(numbers), samples, errors.Join(err, ErrMismatch))
	}
	largest := slices.Max(numbers)
	if slices.Min(numbers) < 0 || largest >= maxNumbered {
		return nil, nil, fmt.Errorf("%w: labels from %d to %d, expected 0 to %d", ErrFormat, slices.Min(numbers), largest, maxNumbered-1)
	}
	classes = j.classes
	if len(classes) == 0 {
		if keys, err := root.Dataset("extra/keys"); err == nil {
			classes, _ = keys.Strings()
		}
		if int64(len(classes)) <= largest {
			classes = numbered(int(largest) + 1)
		}
	}
	if largest >= int64(len(classes)) {
		return nil, nil, fmt.Errorf("%w: a label of %d, expected one of the %d classes", ErrMismatch, largest, len(classes))
	}
	for _, n := range numbers {
		labels = append(labels, int(n))
	}
	return labels, classes, nil
}

// spike returns the bin and the unit of spike k of sample i; ok is false for what is none
// of size units.
func (s *spikeSet) spike(i, k, size int) (bin int64, unit int, ok bool) {
	t, u := math.Round(s.times[i].At(k)*s.scale), s.units[i].At(k)
	if !(t >= 0 && t < 1<<62 && u >= 0 && u < float64(size)) || u != math.Trunc(u) {
		return 0, 0, false
	}
	return int64(t) / s.step, int(u), true
}

func (s *spikeSet) Length(i int) int { return max(1, int(s.steps[i])) }

func (s *spikeSet) Load(dst spike.Input, i int, _ Key) error {
	if err := s.check(dst, i); err != nil {
		return err
	}
	if s.analog {
		d, err := values(dst)
		if err != nil {
			return err
		}
		d.Clear()
		for k := range s.times[i].Len() {
			if t, c, ok := s.spike(i, k, s.size); ok && t < int64(d.Steps()) {
				d.At(int(t))[c]++
			}
		}
		return nil
	}
	d, err := spikes(dst)
	if err != nil {
		return err
	}
	d.Clear()
	for k := range s.times[i].Len() {
		if t, c, ok := s.spike(i, k, s.size); ok && t < int64(d.Steps()) {
			d.At(int(t)).Set(c)
		}
	}
	return nil
}
