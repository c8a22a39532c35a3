package dataset

import (
	"bytes"
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

// eventInput is the input of a network of events, in bins of 10 µs.
func eventInput(shape ...int) model.Input {
	return model.Input{Shape: shape, Encoder: model.Encoder{Coding: model.Events, BinUS: 10}}
}

// fewEvents take three bins of 10 µs; the first bin has one pixel twice.
var fewEvents = []event.Event{
	{T: 1005, X: 3, Y: 2, P: 1},
	{T: 1007, X: 3, Y: 2, P: 1},
	{T: 1014, X: 3, Y: 2, P: 0},
	{T: 1030, X: 0, Y: 1, P: 1},
}

// recorded returns events in a file format.
func recorded(t testing.TB, format string, size event.Size, events []event.Event) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := event.NewWriter(format, &b, size)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(events), w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// counted counts the events of each channel and step with plain loops.
func counted(events []event.Event, steps, polarities, height, width int) [][]float32 {
	values := make([][]float32, steps)
	for t := range values {
		values[t] = make([]float32, polarities*height*width)
	}
	for _, e := range events {
		if t := int(e.T-events[0].T) / 10; t < steps {
			values[t][(int(e.P)%polarities*height+int(e.Y))*width+int(e.X)]++
		}
	}
	return values
}

// Recordings are the same in every format, shape and form of the input.
func TestOpenEvents(t *testing.T) {
	dir := t.TempDir()
	size := event.Size{Width: 4, Height: 3}
	for _, c := range []struct {
		file, format string
		shape        []int
		polarities   int
	}{
		{"a.bs2", "nmnist", []int{2, 3, 4}, 2},
		{"a.bin", "nmnist", []int{1, 3, 4}, 1},
		{"a.raw", "evt2", []int{2, 3, 4}, 2},
		{"b.raw", "evt3", []int{3, 4}, 1},
		{"a.aedat", "aedat3", []int{2, 3, 4}, 2},
		{"no extension", "es", []int{24}, 2},
		{"a.es", "es", []int{12}, 1},
		{"a.csv", "text", nil, 2},
	} {
		path := write(t, dir, c.file, recorded(t, c.format, size, fewEvents))
		for _, steps := range []int{2, 3, 5} {
			want := counted(fewEvents, steps, c.polarities, 3, 4)
			in := eventInput(c.shape...)
			src, err := Open(path, &model.Network{Input: in})
			if err != nil {
				t.Errorf("%s: %v", c.file, err)
				continue
			}
			if Longest(src) != 3 || src.Len() != 1 || src.Label(0) != -1 {
				t.Errorf("%s: %d steps, expected 3", c.file, Longest(src))
			}
			spikes := spike.NewTrain(steps, c.polarities*12)
			spikes.Words()[0] = 1
			if err := src.Load(spikes, 0, Key{}); err != nil {
				t.Errorf("%s: %v", c.file, err)
			}
			in.Encoder.Counts = true
			if src, err = Open(path, &model.Network{Input: in}); err != nil {
				t.Fatal(err)
			}
			values := spike.NewValues(steps, c.polarities*12)
			values.At(0)[0] = 1
			if err := src.Load(values, 0, Key{}); err != nil {
				t.Errorf("%s: %v", c.file, err)
			}
			for step, row := range want {
				if !slices.Equal(values.At(step), row) {
					t.Errorf("%s, step %d of %d: %v, expected %v", c.file, step, steps, values.At(step), row)
				}
				for channel, n := range row {
					if spikes.At(step).Get(channel) != (n > 0) {
						t.Errorf("%s, step %d of %d: channel %d, expected a spike: %v", c.file, step, steps, channel, n > 0)
					}
				}
			}
		}
	}
}

// An event belongs to the bin of its time, wherever it stands.
func TestOpenEventsOutOfOrder(t *testing.T) {
	path := write(t, t.TempDir(), "x.csv", []byte("100,0,0,0\n125,1,0,0\n105,2,0,0\n"))
	src, err := Open(path, &model.Network{Input: eventInput(1, 1, 3)})
	if err != nil {
		t.Fatal(err)
	}
	x := spike.NewTrain(3, 3)
	if err := src.Load(x, 0, Key{}); err != nil || !slices.Equal(x.Words(), []uint64{5, 0, 2}) {
		t.Errorf("%v, %v", x.Words(), err)
	}
}

func TestOpenEventsRefuses(t *testing.T) {
	dir := t.TempDir()
	good := recorded(t, "nmnist", event.Size{}, fewEvents)
	wide := recorded(t, "evt2", event.Size{Width: 640, Height: 480}, []event.Event{{T: 5, X: 300, Y: 9}})
	events := model.Encoder{Coding: model.Events, BinUS: 10}
	bin := func(us float64) model.Encoder { return model.Encoder{Coding: model.Events, BinUS: us} }
	for name, c := range map[string]struct {
		data []byte
		in   model.Input
		want error
		text string
	}{
		"cut.bs2":      {good[:13], model.Input{Shape: []int{2, 3, 4}, Encoder: events}, ErrFormat, "byte 10"},
		"empty.bs2":    {nil, model.Input{Shape: []int{2, 3, 4}, Encoder: events}, ErrFormat, "no events"},
		"outside.bs2":  {good, model.Input{Shape: []int{2, 3, 3}, Encoder: events}, ErrMismatch, "x=3 y=2, t=1005 µs, of a sensor of unknown size is outside the 3x3 pixels of a network with input of shape [2 3 3]"},
		"wide.raw":     {wide, model.Input{Shape: []int{2, 34, 34}, Encoder: events}, ErrMismatch, "sensor of 640x480 size is outside the 34x34 pixels"},
		"colour.bs2":   {good, model.Input{Shape: []int{3, 3, 4}, Encoder: events}, ErrMismatch, "[3 3 4]"},
		"prime.bs2":    {good, model.Input{Shape: []int{23}, Encoder: events}, ErrMismatch, "[23]"},
		"shape.bs2":    {good, model.Input{Encoder: events}, ErrMismatch, "does not state the size"},
		"negative.bs2": {good, model.Input{Shape: []int{2, -3, 4}, Encoder: events}, ErrMismatch, "shape"},
		"huge.bs2":     {good, model.Input{Shape: []int{2, 1 << 14, 1 << 14}, Encoder: events}, errAny, "channels"},
		"poisson.bs2":  {good, model.Input{Shape: []int{2, 3, 4}, Encoder: model.Encoder{Coding: model.Poisson}}, ErrCoding, `"poisson", expected "events"`},
		"half.bs2":     {good, model.Input{Shape: []int{2, 3, 4}, Encoder: bin(0.5)}, ErrCoding, "0.5"},
		"third.bs2":    {good, model.Input{Shape: []int{2, 3, 4}, Encoder: bin(33.3)}, ErrCoding, "33.3"},
		"gap.csv":      {[]byte("1,0,0,0\n90000000000,0,0,0\n"), model.Input{Shape: []int{2, 3, 4}, Encoder: events}, event.ErrGap, "steps behind the first"},
		"bad.csv":      {[]byte("t,x,y,p\n1,0,0,0\nnonsense\n"), model.Input{Shape: []int{2, 3, 4}, Encoder: events}, ErrFormat, "line 3"},
	} {
		path := write(t, dir, name, c.data)
		_, err := Open(path, &model.Network{Input: c.in})
		if err == nil || c.want != errAny && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, expected %v with %q", name, err, c.want, c.text)
		}
	}
	src, err := Open(write(t, dir, "x.bs2", good), &model.Network{Input: eventInput(2, 3, 4)})
	if err != nil {
		t.Fatal(err)
	}
	counts := eventInput(2, 3, 4)
	counts.Encoder.Counts = true
	analog, err := Open(filepath.Join(dir, "x.bs2"), &model.Network{Input: counts})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ err, want error }{
		"values of spikes": {src.Load(spike.NewValues(1, 24), 0, Key{}), ErrCoding},
		"spikes of values": {analog.Load(spike.NewTrain(1, 24), 0, Key{}), ErrCoding},
		"size":             {src.Load(spike.NewTrain(1, 23), 0, Key{}), errAny},
		"analog size":      {analog.Load(spike.NewValues(1, 23), 0, Key{}), errAny},
		"index":            {src.Load(spike.NewTrain(1, 24), 1, Key{}), errAny},
		"analog index":     {analog.Load(spike.NewValues(1, 24), -1, Key{}), errAny},
	} {
		if c.err == nil || c.want != errAny && !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, expected %v", name, c.err, c.want)
		}
	}
}

// The real recording has the spikes that package event bins it into.
func TestOpenNMNIST(t *testing.T) {
	const path = "event/testdata/nmnist-43.bs2"
	in := model.Input{Shape: []int{2, 34, 34}, Encoder: model.Encoder{Coding: model.Events, BinUS: 1000, Counts: true}}
	src, err := Open(path, &model.Network{Input: in})
	if err != nil {
		t.Fatal(err)
	}
	steps := Longest(src)
	x := spike.NewValues(steps, in.Size())
	if err := src.Load(x, 0, Key{}); err != nil {
		t.Fatal(err)
	}
	sum := float32(0)
	for t := range steps {
		for _, v := range x.At(t) {
			sum += v
		}
	}
	// From 3,002 µs to 303,838 µs.
	if steps != 301 || sum != 2158 || x.At(0)[(34+27)*34+17] != 1 {
		t.Errorf("%d steps, %v events, expected 301 and 2158", steps, sum)
	}
	held := spike.Input(x)
	if n := testing.AllocsPerRun(3, func() { src.Load(held, 0, Key{}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// labelledFolder is a folder with the recordings a and b of fewEvents in its
// list, and c beside it.
func labelledFolder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	data := recorded(t, "nmnist", event.Size{}, fewEvents)
	for _, name := range []string{"a.bs2", "b.bs2", "c.bs2"} {
		write(t, dir, name, data)
	}
	write(t, dir, labelsFile, []byte("#sample #class\r\nb.bs2\t1\r\n\r\na 0\r\n"))
	return dir
}

func TestOpenFindsLabels(t *testing.T) {
	dir := labelledFolder(t)
	for _, c := range []struct {
		classes []string
		label   map[string]int
	}{
		{nil, map[string]int{"a.bs2": 0, "b.bs2": 1, "c.bs2": -1}},
		{[]string{"2", "1", "0"}, map[string]int{"a.bs2": 2, "b.bs2": 1, "c.bs2": -1}},
	} {
		for name, want := range c.label {
			src, err := Open(filepath.Join(dir, name), &model.Network{Input: eventInput(2, 3, 4), Classes: c.classes})
			if err != nil || src.Label(0) != want {
				t.Errorf("%s: %v, expected label %d", name, err, want)
			}
		}
	}
	m := &model.Network{Input: eventInput(2, 3, 4), Classes: []string{"left", "right"}}
	if _, err := Open(filepath.Join(dir, "b.bs2"), m); !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), "labels.txt:2: ") {
		t.Errorf("a class that the network has not: %v", err)
	}
	write(t, dir, labelsFile, []byte("b\n"))
	if _, err := Open(filepath.Join(dir, "b.bs2"), m); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "labels.txt:1: ") {
		t.Errorf("a broken list: %v", err)
	}
}

// An Opener reads the list of a folder once: what becomes of it later changes
// nothing. The first of several lines of a file counts.
func TestOpenerReadsListOnce(t *testing.T) {
	dir, other := labelledFolder(t), labelledFolder(t)
	write(t, dir, labelsFile, []byte("a.bs2 1\nb 0\na 0\nb.bs2 1\n"))
	o := Opener{Network: &model.Network{Input: eventInput(2, 3, 4)}}
	for _, c := range []struct {
		dir, file string
		label     int
	}{{dir, "a.bs2", 1}, {other, "a.bs2", 0}, {dir, "b.bs2", 0}, {dir, "c.bs2", -1}, {other, "b.bs2", 1}} {
		src, err := o.Open(filepath.Join(c.dir, c.file))
		if err != nil || src.Label(0) != c.label {
			t.Errorf("%s: %v, expected label %d", c.file, err, c.label)
		}
		write(t, c.dir, labelsFile, []byte("no list\n"))
	}
}

// The whole N-MNIST subset loads in the order of its lists.
func TestNMNISTLists(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "..", "shared", "data", "nmnist-small")
	if _, err := os.Stat(dir); err != nil {
		t.Skip(err)
	}
	in := model.Input{Shape: []int{2, 34, 34}, Encoder: model.Encoder{Coding: model.Events, BinUS: 10000}}
	training, err := LoadFolder(t.Context(), dir, in, FolderOptions{List: filepath.Join(dir, "train1K.txt")})
	if err != nil {
		t.Fatal(err)
	}
	test, err := LoadFolder(t.Context(), "", in, FolderOptions{List: filepath.Join(dir, "test100.txt"), Classes: training.Classes()})
	if err != nil {
		t.Fatal(err)
	}
	if training.Len() != 1000 || test.Len() != 100 || !slices.Equal(test.Classes(), digitNames) || training.Label(0) != 5 || test.Label(1) != 2 {
		t.Errorf("%d and %d samples, classes %q", training.Len(), test.Len(), test.Classes())
	}
	if n := Longest(training); n < 30 || n > 40 {
		t.Errorf("the longest recording has %d steps of 10 ms", n)
	}
}

// FuzzReadEvents reads any bytes as a recording of events. What is taken fits
// the network, counts and spikes alike.
func FuzzReadEvents(f *testing.F) {
	size := event.Size{Width: 4, Height: 3}
	for i, format := range []string{"nmnist", "evt2", "evt3", "es", "aedat3", "text"} {
		f.Add(uint8(i), recorded(f, format, size, fewEvents))
	}
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		shape := [][]int{{2, 3, 4}, {1, 3, 4}, {24}, {12}, {3, 4}, nil}[kind%6]
		m := &model.Network{Input: eventInput(shape...)}
		if bytes.HasPrefix(data, []byte("\x93NUMPY")) {
			return
		}
		name := "x" + event.Extensions()[int(kind)%len(event.Extensions())]
		src, err := Read(bytes.NewReader(data), name, m)
		m.Input.Encoder.Counts = true
		counts, errCounts := Read(bytes.NewReader(data), name, m)
		if (err == nil) != (errCounts == nil) {
			t.Fatalf("spikes: %v, counts: %v", err, errCounts)
		}
		if err != nil {
			return
		}
		n := 1
		for _, d := range src.Shape() {
			n *= d
		}
		steps := min(Longest(src), 50)
		if n > 1<<16 {
			return
		}
		x, v := spike.NewTrain(steps, n), spike.NewValues(steps, n)
		if err := errors.Join(src.Load(x, 0, Key{}), counts.Load(v, 0, Key{})); err != nil {
			t.Fatal(err)
		}
		for s := range steps {
			for c, k := range v.At(s) {
				if x.At(s).Get(c) != (k > 0) {
					t.Fatalf("step %d, channel %d: %v events and a spike: %v", s, c, k, x.At(s).Get(c))
				}
			}
		}
	})
}
