package dataset

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// TestParts reads the parts of a recording that a table beside it lists, from a list and
// on its own: the end of a part is not in it, and each is binned from its first event on.
func TestParts(t *testing.T) {
	dir := t.TempDir()
	var events []event.Event
	for i := range 20 {
		events = append(events, event.Event{T: int64(80_000_000 + 500*i), X: uint16(i % 4), Y: 1, P: 1})
	}
	name := write(t, dir, "user01_led.aedat", recorded(t, "aedat3", event.Size{Width: 4, Height: 3}, events))
	table := "class,startTime_usec,endTime_usec\n2,80000000,80002000\n5,80002100,80004001\n\n"
	write(t, dir, "user01_led_labels.csv", []byte(table))
	write(t, dir, "trials_to_test.txt", []byte("user01_led.aedat\n"))
	in := eventInput(2, 3, 4)
	in.Encoder.BinUS = 500
	folder, err := LoadFolder(t.Context(), dir, in, FolderOptions{List: filepath.Join(dir, "trials_to_test.txt")})
	if err != nil {
		t.Fatal(err)
	}
	m := &model.Network{Steps: 9, Input: in, Classes: []string{"1", "2", "5"}}
	single, err := Open(name, m)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		s      Source
		labels []int
	}{{folder, []int{2, 5}}, {single, []int{1, 2}}} {
		if c.s.Len() != 2 {
			t.Fatalf("%d samples, expected 2", c.s.Len())
		}
		for i, want := range [][]event.Event{events[:4], events[5:9]} {
			if c.s.Label(i) != c.labels[i] {
				t.Errorf("part %d: label %d, expected %d", i, c.s.Label(i), c.labels[i])
			}
			x := spike.NewTrain(9, 24)
			if err := c.s.Load(x, i, Key{}); err != nil {
				t.Fatal(err)
			}
			expected := spike.NewTrain(9, 24)
			for _, e := range want {
				expected.At(int((e.T - want[0].T) / int64(in.Encoder.BinUS))).Set(12 + 4*int(e.Y) + int(e.X))
			}
			if !slices.Equal(x.Words(), expected.Words()) {
				t.Errorf("part %d: %x, expected %x", i, x.Words(), expected.Words())
			}
		}
		if got := NameOf(c.s, 1); got != name+":80002100-80004001" {
			t.Errorf("part 1 is of %q", got)
		}
	}
	for bad, says := range map[string]string{
		"class,start,end\n2,1,2\n":                                 "_labels.csv:1: malformed data: found \"class,start,end",
		"class,startTime_usec,endTime_usec\n":                      "no parts of the recording",
		"class,startTime_usec,endTime_usec\n2,1\n":                 "_labels.csv:2: malformed data: found \"2,1\"",
		"class,startTime_usec,endTime_usec\n2,9,9\n":               "_labels.csv:2: malformed",
		"class,startTime_usec,endTime_usec\n2,x,9\n":               "_labels.csv:2: malformed",
		"class,startTime_usec,endTime_usec\n,1,9\n":                "_labels.csv:2: malformed",
		"class,startTime_usec,endTime_usec\n2,7,9\n":               "the recording has no events",
		"class,startTime_usec,endTime_usec\n3,80000000,80000001\n": `class "3", expected one of the 3`,
	} {
		write(t, dir, "user01_led_labels.csv", []byte(bad))
		if _, err := Open(name, m); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, expected %q", bad, err, says)
		}
	}
	write(t, dir, "alone.aedat", recorded(t, "aedat3", event.Size{Width: 4, Height: 3}, events))
	write(t, dir, "list.txt", []byte("alone.aedat\n"))
	if _, err := LoadFolder(t.Context(), dir, in, FolderOptions{List: filepath.Join(dir, "list.txt")}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "list.txt:1: malformed data: \"alone.aedat\", expected a recording") {
		t.Errorf("neither a class nor a table: %v, expected ErrFormat", err)
	}
}

// TestPartsEnd stops reading some events behind a part.
func TestPartsEnd(t *testing.T) {
	endless := &counter{}
	w := &within{Source: endless, part: &part{10, 20}}
	buf := make([]event.Event, 100)
	total := 0
	for {
		n, err := w.Read(buf)
		total += n
		if err != nil {
			break
		}
	}
	if total != 10 || endless.t > 2*patience {
		t.Errorf("%d events, %d read, expected 10 and few more than %d", total, endless.t, patience)
	}
}

// counter is a source without an end, an event a microsecond.
type counter struct{ t int64 }

func (c *counter) Read(dst []event.Event) (int, error) {
	for i := range dst {
		dst[i] = event.Event{T: c.t}
		c.t++
	}
	return len(dst), nil
}
func (c *counter) Size() event.Size { return event.Size{} }
func (c *counter) Skipped() int64   { return 0 }

// FuzzReadParts reads any table of the parts of a recording.
func FuzzReadParts(f *testing.F) {
	f.Add([]byte("class,startTime_usec,endTime_usec\n2,80000000,80002000\n5,80002100,80004001\n"))
	f.Add([]byte("class,startTime_usec,endTime_usec\n2,9,9\n"))
	table := filepath.Join(f.TempDir(), "x_labels.csv")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(table, data, 0o600); err != nil {
			t.Fatal(err)
		}
		parts, err := readParts("x", table)
		if (err == nil) != (len(parts) > 0) || err != nil && !errors.Is(err, ErrFormat) {
			t.Fatal(parts, err)
		}
		for _, e := range parts {
			if e.class == "" || e.part == nil || e.part.from < 0 || e.part.from >= e.part.to {
				t.Errorf("%+v", e)
			}
		}
	})
}
