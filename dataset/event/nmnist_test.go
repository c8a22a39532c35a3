package event

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// The record of read_dataset in gorchard/event-Python.
var nmnistFixture = fixture{
	format: "nmnist",
	data: cat(
		7, 9, 0x80, 0x13, 0xdf, // x=7 y=9 ON t=0x13df
		33, 0, 0x7f, 0xff, 0xff, // OFF, the largest time
		49, 240, 0x80, 1, 2, // overflow
		0, 33, 0x80, 0, 1,
		0, 240, 0, 0, 0, // overflow
		0, 240, 0, 0, 0, // overflow
		1, 2, 0x00, 0, 0,
	),
	want: []Event{
		{T: 0x13df, X: 7, Y: 9, P: 1},
		{T: 1<<23 - 1, X: 33, Y: 0, P: 0},
		{T: 8192 + 1, X: 0, Y: 33, P: 1},
		{T: 3 * 8192, X: 1, Y: 2, P: 0},
	},
	clean: records(0, 5),
}

func TestNMNISTOutside(t *testing.T) {
	wantBad(t, "nmnist", cat(1, 2, 0x80, 0, 3, 34, 2, 0x80, 0, 4, 3, 4, 0, 0, 5), Options{Size: Size{34, 34}}, 5,
		[]Event{{T: 3, X: 1, Y: 2, P: 1}}, []Event{{T: 5, X: 3, Y: 4}})
}

func TestNMNISTWriter(t *testing.T) {
	got, err := write("nmnist", Size{34, 34}, []Event{{T: 0x13df, X: 7, Y: 9, P: 1}, {T: 1 << 23, X: 33, Y: 0}})
	if err != nil {
		t.Fatal(err)
	}
	want := cat(7, 9, 0x80, 0x13, 0xdf, 49, 240, 0, 0, 0, 33, 0, 0x7f, 0xe0, 0x00)
	if !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
}

// TestNMNISTSeven reads a recording of a 7, which is wide at its top and leans
// to the lower left if it is neither upside down nor mirrored.
func TestNMNISTSeven(t *testing.T) {
	f, err := Open("testdata/nmnist-43.bs2", Options{Size: Size{34, 34}})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	events, err := drain(f, 512)
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != 2158 || f.Format() != "nmnist" {
		t.Errorf("got %d events in format %s, want 2158 in nmnist", len(events), f.Format())
	}
	if first, last := events[0], events[len(events)-1]; first != (Event{T: 0x0bba, X: 17, Y: 27, P: 1}) || last != (Event{T: 0x04a2de, X: 9, Y: 15}) {
		t.Errorf("got %+v to %+v", first, last)
	}
	var pixel [34][34]int
	for _, e := range events {
		pixel[e.Y][e.X]++
	}
	extent := func(y0, y1 int) (width, middle float64) {
		n, sum := 0, 0
		for _, row := range pixel[y0:y1] {
			for x, c := range row {
				if c > 2 {
					n++
					sum += x
				}
			}
		}
		return float64(n) / float64(y1-y0), float64(sum) / float64(n)
	}
	topWidth, topMiddle := extent(8, 12)
	footWidth, footMiddle := extent(26, 30)
	if topWidth <= footWidth || topMiddle <= footMiddle {
		t.Errorf("top: %.1f pixels wide around x=%.1f; foot: %.1f around %.1f: want a wider top, right of the foot", topWidth, topMiddle, footWidth, footMiddle)
	}
}

// TestNMNISTSet reads a folder of recordings, named by SNURUN_NMNIST, with a
// list of them in test100.txt.
func TestNMNISTSet(t *testing.T) {
	dir := os.Getenv("SNURUN_NMNIST")
	if dir == "" {
		t.Skip("SNURUN_NMNIST is not set")
	}
	list, err := os.ReadFile(filepath.Join(dir, "test100.txt"))
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for lines := bufio.NewScanner(bytes.NewReader(list)); lines.Scan(); {
		var sample, class int
		if n, _ := fmt.Sscan(lines.Text(), &sample, &class); n != 2 {
			continue
		}
		name := filepath.Join(dir, fmt.Sprint(sample, ".bs2"))
		stat, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Open(name, Options{Size: Size{34, 34}})
		if err != nil {
			t.Fatal(err)
		}
		events, err := drain(f, 512)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(events)) != stat.Size()/5 {
			t.Errorf("%s: %d events in %d bytes", name, len(events), stat.Size())
		}
		for i, e := range events {
			if i > 0 && e.T < events[i-1].T || e.T > 350_000 {
				t.Errorf("%s: event %d at %d µs: want the order of time and at most 350 ms", name, i, e.T)
			}
		}
		files++
	}
	if files == 0 {
		t.Error("no recordings")
	}
}
