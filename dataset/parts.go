package dataset

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/snurun/snurun/dataset/event"
)

// A part of a recording is what happens from one time to another, the end not included,
// in µs.
type part struct{ from, to int64 }

func (p *part) String() string { return fmt.Sprintf("%d-%d", p.from, p.to) }

// partsOf returns the path of the table that says which parts of a recording are of
// which class, as of DVS-Gesture: NAME_labels.csv beside NAME.aedat. It is "" if there
// is none.
func partsOf(recording string) string {
	table := strings.TrimSuffix(recording, filepath.Ext(recording)) + "_labels.csv"
	if info, err := os.Stat(table); err != nil || info.IsDir() {
		return ""
	}
	return table
}

// readParts returns the parts of a recording that its table lists: a line each, of class,
// begin and end, behind one that says so.
func readParts(recording, table string) ([]entry, error) {
	text, err := readText(table, maxClasses)
	if err != nil {
		return nil, err
	}
	var all []entry
	n := 0
	for line := range strings.Lines(text) {
		n++
		fields := strings.Split(strings.TrimSpace(line), ",")
		if n == 1 {
			if head := []string{"class", "starttime_usec", "endtime_usec"}; !slices.EqualFunc(fields, head, strings.EqualFold) {
				return nil, fmt.Errorf("dataset: %s:1: %w: found %.80q, expected class,startTime_usec,endTime_usec", table, ErrFormat, line)
			}
			continue
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		e := entry{file: recording, list: table, line: n}
		if len(fields) == 3 {
			from, errFrom := strconv.ParseInt(strings.TrimSpace(fields[1]), 10, 64)
			to, errTo := strconv.ParseInt(strings.TrimSpace(fields[2]), 10, 64)
			if e.class = strings.TrimSpace(fields[0]); e.class != "" && errFrom == nil && errTo == nil && 0 <= from && from < to {
				e.part = &part{from, to}
			}
		}
		if e.part == nil {
			return nil, fmt.Errorf("dataset: %s:%d: %w: found %.80q, expected a class, the begin of a part of the recording and its end in µs", table, n, ErrFormat, strings.TrimSpace(line))
		}
		all = append(all, e)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("dataset: %s: %w: no parts of the recording, expected class,startTime_usec,endTime_usec a line", table, ErrFormat)
	}
	return all, nil
}

// within passes on the events of a part.
type within struct {
	event.Source
	part   *part
	behind int // events in a row behind the part
}

// patience is how many events in a row behind all that are wanted end a recording, whose
// events need not be in order.
const patience = 1 << 12

func (w *within) Read(dst []event.Event) (int, error) {
	for {
		n, err := w.Source.Read(dst)
		kept := 0
		for _, e := range dst[:n] {
			if e.T < w.part.to {
				w.behind = 0
			} else {
				w.behind++
			}
			if w.part.from <= e.T && e.T < w.part.to {
				dst[kept] = e
				kept++
			}
		}
		if kept > 0 || err != nil || len(dst) == 0 {
			return kept, err
		}
		if w.behind >= patience {
			return 0, io.EOF
		}
	}
}
