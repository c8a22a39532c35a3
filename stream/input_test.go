package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/snurun/snurun/dataset/event"
	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

var formats = []string{"text", "nmnist", "evt2", "evt3", "aedat3", "es", JSONL}

// recordLines is record, for JSON Lines too.
func recordLines(t testing.TB, format string, events []event.Event) []byte {
	if format != JSONL {
		return record(t, format, events)
	}
	var b bytes.Buffer
	for _, e := range events {
		fmt.Fprintf(&b, `{"y":%d,"x":%d, "t":%d,"p":%d,"camera":"left"}`+"\n", e.Y, e.X, e.T, e.P)
	}
	return b.Bytes()
}

// TestEventsAreBinned compares with event.Binner, over whole and byte by byte
// reads of every format.
func TestEventsAreBinned(t *testing.T) {
	events := randomEvents(3000)
	for _, format := range formats {
		for _, policy := range []event.LatePolicy{event.DropLate, event.FoldLate} {
			for _, counts := range []bool{false, true} {
				m := network(model.SpikeCount)
				m.Input.Encoder.Counts = counts
				data := recordLines(t, format, events)
				o := InputOptions{Format: format, Late: policy}
				in := newInput(t, bytes.NewReader(data), m, o)
				got, err := frames(in)
				if err != nil {
					t.Fatal(format, err)
				}
				slow, err := frames(newInput(t, iotest.OneByteReader(bytes.NewReader(data)), m, o))
				if err != nil || !reflect.DeepEqual(got, slow) {
					t.Fatalf("%s: byte by byte: %v, or other frames", format, err)
				}
				sameAsBinner(t, format, data, policy, in, got)
			}
		}
	}
}

func sameAsBinner(t *testing.T, format string, data []byte, policy event.LatePolicy, in *Input, got []Frame) {
	t.Helper()
	if format == JSONL {
		format, data = "text", record(t, "text", randomEvents(3000))
	}
	src, err := event.NewReader(format, bytes.NewReader(data), event.Options{Size: sensor})
	if err != nil {
		t.Fatal(err)
	}
	b, err := event.NewBinner(src, event.BinOptions{Size: sensor, Step: 1000, Late: policy})
	if err != nil {
		t.Fatal(err)
	}
	var s event.Step
	for k, f := range got {
		if err := b.Next(&s); err != nil {
			t.Fatal(err)
		}
		if f.EndUS != s.Start+1000 || f.Events != s.Events || f.Restart || f.ByClock {
			t.Fatalf("%s: step %d is %+v, expected %+v", format, k, f, s)
		}
		if _, spikes := f.Input.(spike.Train); spikes {
			if !slices.Equal(channels(f), s.Active) {
				t.Fatalf("%s: step %d: channels %v, expected %v", format, k, channels(f), s.Active)
			}
			continue
		}
		values := make([]float32, 60)
		for i, c := range s.Active {
			values[c] = float32(s.Count[i])
		}
		if !slices.Equal(valuesOf(f), values) {
			t.Fatalf("%s: step %d: values %v, expected %v", format, k, valuesOf(f), values)
		}
	}
	if err := b.Next(&s); err != io.EOF {
		t.Fatalf("%s: the binner has more steps: %v", format, err)
	}
	if in.Late() != b.Late() || in.Skipped() != 0 {
		t.Fatalf("%s: %d late, %d skipped, expected %d and 0", format, in.Late(), in.Skipped(), b.Late())
	}
	if format == "text" && b.Late() == 0 {
		t.Fatal("no event was late")
	}
}

// step is what a test expects of a frame.
type step struct {
	channels []uint32
	endUS    int64
	restart  bool
}

func sameSteps(t *testing.T, got []Frame, want []step) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d steps %+v, expected %d", len(got), got, len(want))
	}
	for i, f := range got {
		w := want[i]
		if !slices.Equal(channels(f), w.channels) || f.EndUS != w.endUS || f.Restart != w.restart {
			t.Errorf("step %d: channels %v, end %d, restart %v, expected %+v", i, channels(f), f.EndUS, f.Restart, w)
		}
	}
}

func TestSteps(t *testing.T) {
	short := InputOptions{Gap: 5 * time.Millisecond}
	for _, c := range []struct {
		name, format, data string
		o                  InputOptions
		want               []step
		late               int64
	}{
		{"lines", Spikes, "1 2,3\n\n# a comment\n \t 59,, 0\r\n7", InputOptions{},
			[]step{{[]uint32{1, 2, 3}, 1000, false}, {nil, 2000, false}, {[]uint32{0, 59}, 3000, false}, {[]uint32{7}, 4000, false}}, 0},
		{"nothing", Spikes, "", InputOptions{}, nil, 0},
		{"length of a step", Spikes, "\n\n\n", InputOptions{Step: 333 * time.Nanosecond},
			[]step{{nil, 0, false}, {nil, 1, false}, {nil, 1, false}}, 0},
		{"objects", JSONL, "{\"spikes\":[5, 6]}\n\n{\"spikes\":[]}\n{\"spikes\":[7],\"step\":4}\n{\"spikes\":[8]}", InputOptions{},
			[]step{{[]uint32{5, 6}, 1000, false}, {nil, 2000, false}, {nil, 3000, false}, {nil, 4000, false}, {[]uint32{7}, 5000, false}, {[]uint32{8}, 6000, false}}, 0},
		{"late steps dropped", JSONL, "{\"spikes\":[1],\"step\":3}\n{\"spikes\":[2],\"step\":3}\n{\"spikes\":[3],\"step\":4}", InputOptions{},
			[]step{{[]uint32{1}, 4000, false}, {[]uint32{3}, 5000, false}}, 1},
		{"late steps folded", JSONL, "{\"spikes\":[1],\"step\":3}\n{\"spikes\":[2],\"step\":3}\n{\"spikes\":[3],\"step\":4}\n{\"spikes\":[4],\"step\":4}", InputOptions{Late: event.FoldLate},
			[]step{{[]uint32{1}, 4000, false}, {[]uint32{2, 3}, 5000, false}, {[]uint32{4}, 6000, false}}, 2},
		{"jumps of steps", JSONL, "{\"spikes\":[1],\"step\":3}\n{\"spikes\":[2],\"step\":9}\n{\"spikes\":[3],\"step\":16}\n{\"spikes\":[4],\"step\":2}", short,
			[]step{{[]uint32{1}, 4000, false}, {nil, 5000, false}, {nil, 6000, false}, {nil, 7000, false}, {nil, 8000, false}, {nil, 9000, false}, {[]uint32{2}, 10000, false},
				{[]uint32{3}, 17000, true}, {[]uint32{4}, 3000, true}}, 0},
		{"jumps of events", "text", "9000,0,0,0\n9500,1,0,0\n15001,2,0,0\n50000,3,0,0\n1000,4,0,0\n", short,
			[]step{{[]uint32{0, 1}, 10000, false}, {[]uint32{2}, 16001, true}, {[]uint32{3}, 51000, true}, {[]uint32{4}, 2000, true}}, 0},
		{"length of a bin", "text", "9000,0,0,0\n9500,1,0,1\n14001,2,4,1\n", InputOptions{Step: 5 * time.Millisecond},
			[]step{{[]uint32{0, 31}, 14000, false}, {[]uint32{56}, 19000, false}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := network(model.SpikeCount)
			c.o.Format = c.format
			in := newInput(t, strings.NewReader(c.data), m, c.o)
			got, err := frames(in)
			if err != nil {
				t.Fatal(err)
			}
			sameSteps(t, got, c.want)
			if in.Late() != c.late {
				t.Errorf("%d late, expected %d", in.Late(), c.late)
			}
		})
	}
}

func TestAnalogSteps(t *testing.T) {
	m := network(model.MembraneSum)
	m.Input = model.Input{Shape: []int{3}, Dt: 1, Encoder: model.Encoder{Coding: model.Direct}}
	in := newInput(t, strings.NewReader("{\"values\":[0.5,-1e2, 0]}\n{\"spikes\":[2,2,0]}\n"), m, InputOptions{})
	got, err := frames(in)
	if err != nil || len(got) != 2 || !slices.Equal(valuesOf(got[0]), []float32{0.5, -100, 0}) || !slices.Equal(valuesOf(got[1]), []float32{1, 0, 2}) {
		t.Errorf("%v, %+v, expected [0.5 -100 0] and [1 0 2]", err, got)
	}
}

// Some editors put a byte order mark before text.
func TestByteOrderMark(t *testing.T) {
	for format, data := range map[string]string{Spikes: "1 2\n", JSONL: `{"spikes":[1,2]}`, "text": "0,1,0,0\n0,2,0,0\n"} {
		got, err := frames(newInput(t, strings.NewReader("\ufeff"+data), network(model.SpikeCount), InputOptions{Format: format}))
		if err != nil {
			t.Fatal(err)
		}
		sameSteps(t, got, []step{{[]uint32{1, 2}, 1000, false}})
	}
}

// TestOnePolarity gives both polarities one channel, and takes the size from
// the options.
func TestOnePolarity(t *testing.T) {
	for _, c := range []struct {
		shape []int
		size  event.Size
	}{{[]int{1, 5, 12}, event.Size{}}, {[]int{60}, event.Size{Width: 12, Height: 5}}} {
		m := network(model.SpikeCount)
		m.Input.Shape = c.shape
		got, err := frames(newInput(t, strings.NewReader("0,11,4,0\n0,1,1,1\n"), m, InputOptions{Size: c.size}))
		if err != nil {
			t.Fatal(err)
		}
		sameSteps(t, got, []step{{[]uint32{13, 59}, 1000, false}})
	}
}

// TestMalformed fails at the line, or counts it and goes on.
func TestMalformed(t *testing.T) {
	long := strings.Repeat("1 ", lineBuffer+32*60)
	for _, c := range []struct {
		format, before, bad, after string
		says                       string
		steps                      int // with SkipBad
	}{
		{Spikes, "1\n", "60\n", "2\n", `spikes: line 2: "60": "60" is no channel, expected 0 to 59`, 3},
		{Spikes, "1\n", "-1\n", "2\n", `"-1" is no channel`, 3},
		{Spikes, "1\n", "1;2\n", "2\n", `"1;2" is no channel`, 3},
		{Spikes, "1\n", "18446744073709551617\n", "2\n", `is no channel`, 3},
		{Spikes, "1\n", long + "\n", "2\n", `line 2: "1 1 1 `, 3},
		{Spikes, "1\n2\n", long, "", `line too long`, 3},
		{JSONL, "{\"spikes\":[1]}\n", "{\"spikes\":[1}\n", "{\"spikes\":[1]}\n", `jsonl: line 2: "{\"spikes\":[1}": invalid character`, 2},
		{JSONL, "", "1\n", "{\"spikes\":[1]}\n", "expected a JSON object", 1},
		{JSONL, "", "[1]\n", "{\"spikes\":[1]}\n", "values for a network that takes spikes", 1},
		{JSONL, "", "{\"x\":[1],\"values\":[1]}\n", "{\"spikes\":[1]}\n", `expected "t", "x", "y", "p", or "spikes"`, 1},
		{JSONL, "", "{}\n", "{\"spikes\":[1]}\n", `expected "t", "x", "y", "p", or "spikes", or "values"`, 1},
		{JSONL, "", "{\"spikes\":[1],\"values\":[1]}\n", "{\"spikes\":[1]}\n", `expected "t", "x", "y", "p", or "spikes"`, 1},
		{JSONL, "", "{\"spikes\":null}\n", "{\"spikes\":[1]}\n", "found null, expected an array", 1},
		{JSONL, "", "{\"spikes\":[60]}\n", "{\"spikes\":[1]}\n", `"60" is no channel`, 1},
		{JSONL, "", "{\"spikes\":[[1]]}\n", "{\"spikes\":[1]}\n", `"[1]" is no channel`, 1},
		{JSONL, "", "{\"step\":-1,\"spikes\":[]}\n", "{\"spikes\":[1]}\n", "found -1, expected a whole number", 1},
		{JSONL, "", "{\"step\":9007199254740992,\"spikes\":[]}\n", "{\"spikes\":[1]}\n", "expected a step of at most 9007199254740", 1},
		{JSONL, "", "{\"values\":[1]}\n", "{\"spikes\":[1]}\n", "values for a network that takes spikes", 1},
		{JSONL, "{\"spikes\":[1]}\n", "{\"t\":1,\"x\":1,\"y\":1,\"p\":0}\n", "{\"spikes\":[1]}\n", "events and steps in one stream", 2},
		{JSONL, "", "{\"t\":1,\"x\":1,\"y\":1}\n", "{\"t\":1,\"x\":1,\"y\":1,\"p\":0}\n", `expected all of "t", "x", "y", "p"`, 1},
		{JSONL, "", "{\"t\":1,\"x\":6,\"y\":1,\"p\":0}\n", "{\"t\":1,\"x\":1,\"y\":1,\"p\":0}\n", "expected an event inside 6x5", 1},
		{JSONL, "", "{\"t\":1,\"step\":1,\"x\":1,\"y\":1,\"p\":0}\n", "{\"t\":1,\"x\":1,\"y\":1,\"p\":0}\n", "an event and a step at once", 1},
		{JSONL, "{\"t\":1,\"x\":1,\"y\":1,\"p\":0}\n", "{\"spikes\":[60]}\n", "{\"t\":1,\"x\":2,\"y\":1,\"p\":0}\n", "events and steps in one stream", 1},
		{JSONL, "", "{\"spikes\":[1,60]}\n", "{\"t\":1,\"x\":2,\"y\":1,\"p\":0}\n", `"60" is no channel`, 1},
		{"text", "1,1,1,1\n", "1,6,1,1\n", "9,1,1,1\n", "event: text: byte 8: line 2", 1},
		{"text", "# size 99x99\n1,1,1,1\n", "2,7,1,1\n", "9,1,1,1\n", "stream: text: event at t=2 µs, x=7 y=1 p=1: expected it inside 6x5", 1},
		{"text", "1,1,1,1\n", "9007199254740993,1,1,1\n", "9,1,1,1\n", "a time from 0 to 2^53 µs", 1},
		{"evt2", string(record(t, "evt2", randomEvents(10))), "\xff\xff\xff\x9f", "", "event: evt2: byte ", 9},
	} {
		m := network(model.SpikeCount)
		data := c.before + c.bad + c.after
		_, err := frames(newInput(t, strings.NewReader(data), m, InputOptions{Format: c.format}))
		if !errors.Is(err, event.ErrMalformed) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %.40q: error %v, expected %q", c.format, c.bad, err, c.says)
		}
		in := newInput(t, iotest.OneByteReader(strings.NewReader(data)), m, InputOptions{Format: c.format, SkipBad: true})
		got, err := frames(in)
		if err != nil || in.Skipped() != 1 || c.format != "evt2" && len(got) != c.steps {
			t.Errorf("%s: %.40q skipped: error %v, %d skipped, %d steps, expected 1 and %d", c.format, c.bad, err, in.Skipped(), len(got), c.steps)
		}
	}
	m := network(model.MembraneSum)
	m.Input.Encoder.Counts = true
	for line, says := range map[string]string{
		`{"values":[1,2]}`: "2 values, expected 60",
		`{"values":[1e39` + strings.Repeat(",0", 59) + `]}`: `"1e39" is no value`,
		`{"values":[true` + strings.Repeat(",0", 59) + `]}`: `"true" is no value`,
		`{"values":7}`: "found 7, expected an array",
	} {
		if _, err := frames(newInput(t, strings.NewReader(line), m, InputOptions{Format: JSONL})); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40s: error %v, expected %q", line, err, says)
		}
	}
}

func TestInputErrors(t *testing.T) {
	flat := network(model.SpikeCount)
	flat.Input.Shape = []int{60}
	deep := network(model.SpikeCount)
	deep.Input.Shape = []int{3, 4, 5}
	odd := network(model.SpikeCount)
	odd.Input.Encoder.BinUS = 0.5
	for _, c := range []struct {
		m    *model.Network
		o    InputOptions
		says string
	}{
		{flat, InputOptions{Format: "gif"}, `format "gif" is unknown, expected one of spikes, jsonl, csv, s16le, nmnist`},
		{flat, InputOptions{Late: 2}, "late policy 2"},
		{flat, InputOptions{Gap: -1}, "gap -1ns"},
		{flat, InputOptions{Jitter: -1}, "jitter -1ns"},
		{deep, InputOptions{}, "input of shape [3 4 5] does not say which pixels it sees"},
		{flat, InputOptions{Size: event.Size{Width: 6, Height: 6}}, "size 6x6 for input of shape [60]: where an event belongs is not known"},
		{network(model.SpikeCount), InputOptions{Size: event.Size{Width: 5, Height: 6}}, "size 5x6 for input of shape [2 5 6]"},
		{flat, InputOptions{Size: event.Size{Width: -6, Height: -5}}, "expected sides from 1"},
		{odd, InputOptions{}, "time steps of 0.5 µs, expected whole µs"},
		{flat, InputOptions{Format: CSV}, "lines of values for a network that takes spikes"},
		{signals(), InputOptions{Format: "text"}, "events for a network of signals"},
		{odd, InputOptions{Step: -1}, "time steps of -0.001 µs"},
	} {
		if _, err := NewInput(strings.NewReader(""), c.m, c.o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: error %v, expected %q", c.o, err, c.says)
		}
	}
	// Where the form is only known from its lines, so is the error.
	if _, err := frames(newInput(t, strings.NewReader("0,1,1,1\n"), flat, InputOptions{Format: "text"})); err == nil || !strings.Contains(err.Error(), "input of shape [60] does not say which pixels it sees") {
		t.Errorf("events of a sensor of unknown size: error %v", err)
	}
	for _, m := range []*model.Network{flat, odd} {
		_, err := frames(newInput(t, strings.NewReader(`{"t":1,"x":1,"y":1,"p":0}`), m, InputOptions{Format: JSONL}))
		if err == nil || !strings.Contains(err.Error(), "expected") {
			t.Errorf("events for input %v in bins of %v µs: error %v", m.Input.Shape, m.Input.Encoder.BinUS, err)
		}
	}
}

// TestReadError hands on an error of the reader behind the steps before it, and
// the header of a recording that is none.
func TestReadError(t *testing.T) {
	broken := errors.New("broken pipe")
	for _, format := range []string{Spikes, JSONL, "text"} {
		line := map[string]string{Spikes: "1\n", JSONL: "{\"spikes\":[1]}\n", "text": "0,1,1,1\n2000,1,1,1\n"}[format]
		in := newInput(t, io.MultiReader(strings.NewReader(line), iotest.ErrReader(broken)), network(model.SpikeCount), InputOptions{Format: format})
		got, err := frames(in)
		if !errors.Is(err, broken) || len(got) < 1 {
			t.Errorf("%s: %d steps, error %v, expected %v", format, len(got), err, broken)
		}
		if _, again := in.Next(context.Background()); again != err {
			t.Errorf("%s: error %v after %v", format, again, err)
		}
	}
	if _, err := frames(newInput(t, strings.NewReader("GIF89a"), network(model.SpikeCount), InputOptions{Format: "es"})); !errors.Is(err, event.ErrMalformed) {
		t.Errorf("error %v, expected ErrMalformed", err)
	}
}

func TestDefaultFormat(t *testing.T) {
	planes, channels := []int{2, 8, 8}, []int{128}
	for _, c := range []struct {
		in   model.Input
		want string
	}{
		{model.Input{Shape: planes, Encoder: model.Encoder{Coding: model.Events}}, "text"},
		{model.Input{Shape: planes, Encoder: model.Encoder{Coding: model.Events, Counts: true}}, "text"},
		{model.Input{Shape: channels, Encoder: model.Encoder{Coding: model.Events}}, Spikes},
		{model.Input{Shape: channels, Encoder: model.Encoder{Coding: model.Events, Counts: true}}, JSONL},
		{model.Input{Shape: channels, Encoder: model.Encoder{Coding: model.Direct}}, JSONL},
		{model.Input{Shape: channels, Encoder: model.Encoder{Coding: model.Poisson}}, Spikes},
		{model.Input{Shape: channels, Encoder: model.Encoder{Coding: model.Latency}}, Spikes},
		{model.Input{Shape: channels, Encoder: model.Encoder{Coding: model.Sounds}}, S16LE},
	} {
		if got := DefaultFormat(c.in); got != c.want {
			t.Errorf("%+v: %s, expected %s", c.in, got, c.want)
		}
	}
}
