package event

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// A fixture is a recording with known content.
type fixture struct {
	format  string
	name    string
	data    []byte
	options Options
	want    []Event
	size    Size
	clean   func(n int) bool // whether the first n bytes are a whole recording
}

// fixtures holds one recording or more a format; see the tests of the formats
// for the bytes.
var fixtures = []fixture{
	nmnistFixture,
	aedat2DVS128Fixture, aedat2DAVISFixture, aedat2DVS640Fixture,
	aedat3Fixture,
	aedat4Fixture(0, "plain"), aedat4Fixture(1, "LZ4"), aedat4Fixture(3, "zstd"),
	evt2Fixture, evt21Fixture, evt3Fixture, datFixture, datOldFixture,
	esFixture, esATISFixture,
	textFixture,
}

// cat joins strings, bytes and byte slices.
func cat(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		case int:
			b = append(b, byte(p))
		}
	}
	return b
}

// records is the clean of a header of head bytes and records of size bytes.
func records(head, size int) func(int) bool {
	return func(n int) bool { return n >= head && (n-head)%size == 0 }
}

// drain reads r to its end with a buffer of size events.
func drain(r Reader, size int) ([]Event, error) {
	var all []Event
	buf := make([]Event, size)
	for {
		n, err := r.Read(buf)
		all = append(all, buf[:n]...)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}

// readAll reads a whole recording.
func readAll(format string, data []byte, o Options) ([]Event, Source, error) {
	src, err := NewReader(format, bytes.NewReader(data), o)
	if err != nil {
		return nil, nil, err
	}
	events, err := drain(src, 100)
	return events, src, err
}

// diff reports the first difference of two lists of events.
func diff(t *testing.T, got, want []Event) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("event %d: got %+v, want %+v", i, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("got %d events, want %d", len(got), len(want))
	}
}

// wantBad reads data and expects the events before a malformed record at byte
// off, the same error again, and with SkipBad the events of both sides of it.
func wantBad(t *testing.T, format string, data []byte, o Options, off int, before, after []Event) {
	t.Helper()
	got, src, err := readAll(format, data, o)
	diff(t, got, before)
	if !errors.Is(err, ErrMalformed) || !strings.HasPrefix(err.Error(), fmt.Sprintf("event: %s: byte %d: ", format, off)) {
		t.Fatalf("got error %v, want ErrMalformed at byte %d", err, off)
	}
	if _, again := src.Read(make([]Event, 1)); again == nil || again.Error() != err.Error() {
		t.Fatalf("got error %v after %v, want the same", again, err)
	}
	o.SkipBad = true
	got, src, err = readAll(format, data, o)
	if err != nil {
		t.Fatalf("with SkipBad: %v", err)
	}
	diff(t, got, slices.Concat(before, after))
	if src.Skipped() != 1 {
		t.Fatalf("got %d records skipped, want 1", src.Skipped())
	}
}

// wantOpenError expects NewReader to fail with an error that wraps kind.
func wantOpenError(t *testing.T, format string, data []byte, kind error) {
	t.Helper()
	if _, err := NewReader(format, bytes.NewReader(data), Options{}); !errors.Is(err, kind) {
		t.Errorf("%.60q: got error %v, want one that wraps %v", data, err, kind)
	}
}

// write returns events as a recording.
func write(format string, size Size, events []Event) ([]byte, error) {
	var b bytes.Buffer
	w, err := NewWriter(format, &b, size)
	if err != nil {
		return nil, err
	}
	if err := w.Write(events); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}

// randomEvents returns n events in order of time, mostly microseconds and now
// and then up to gap apart.
func randomEvents(n int, size Size, gap int64) []Event {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	events := make([]Event, n)
	var t int64
	for i := range events {
		if t += r.Int64N(40); r.IntN(50) == 0 {
			t += r.Int64N(gap)
		}
		events[i] = Event{T: t, X: uint16(r.IntN(size.Width)), Y: uint16(r.IntN(size.Height)), P: uint8(r.IntN(2))}
	}
	return events
}

func TestKnownBytes(t *testing.T) {
	for _, f := range fixtures {
		t.Run(f.format+"/"+f.name, func(t *testing.T) {
			for _, format := range []string{f.format, ""} {
				if format == "" && f.format == "nmnist" {
					continue // no signature
				}
				src, err := NewReader(format, bytes.NewReader(f.data), f.options)
				if err != nil {
					t.Fatal(err)
				}
				if src.Size() != f.size {
					t.Errorf("got size %v, want %v", src.Size(), f.size)
				}
				got, err := drain(src, 100)
				if err != nil {
					t.Fatal(err)
				}
				diff(t, got, f.want)
				if n, err := src.Read(make([]Event, 1)); n != 0 || err != io.EOF {
					t.Errorf("after the end: got %d, %v, want 0, EOF", n, err)
				}
			}
		})
	}
}

// TestShortReads reads byte by byte, event by event, and with data and EOF in
// one call.
func TestShortReads(t *testing.T) {
	for _, f := range fixtures {
		for _, wrap := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader} {
			for _, size := range []int{1, 2, 100} {
				src, err := NewReader(f.format, wrap(bytes.NewReader(f.data)), f.options)
				if err != nil {
					t.Fatal(f.format, err)
				}
				got, err := drain(src, size)
				if err != nil {
					t.Fatal(f.format, err)
				}
				diff(t, got, f.want)
			}
		}
	}
}

// TestTruncated cuts every recording at every byte.
func TestTruncated(t *testing.T) {
	for _, f := range fixtures {
		for n := range f.data {
			got, src, err := readAll(f.format, f.data[:n], f.options)
			if len(got) > len(f.want) {
				t.Fatalf("%s/%s: %d events of the first %d bytes, %d of all", f.format, f.name, len(got), n, len(f.want))
			}
			diff(t, got, f.want[:len(got)])
			if f.clean(n) {
				if err != nil {
					t.Errorf("%s/%s: first %d bytes: %v", f.format, f.name, n, err)
				}
				continue
			}
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("%s/%s: first %d bytes: got error %v, want ErrMalformed", f.format, f.name, n, err)
			}
			if src == nil {
				continue // the header is cut
			}
			o := f.options
			o.SkipBad = true
			if _, src, err = readAll(f.format, f.data[:n], o); err != nil || src.Skipped() != 1 {
				t.Errorf("%s/%s: first %d bytes with SkipBad: %v, want one record skipped", f.format, f.name, n, err)
			}
		}
	}
}

// TestReadError hands on an error of the underlying reader, after the events
// before it.
func TestReadError(t *testing.T) {
	broken := errors.New("broken pipe")
	for _, f := range fixtures {
		data := f.data
		if f.format == "text" {
			data = cat(data, "\n") // the last line of a broken stream may be cut
		}
		src, err := NewReader(f.format, io.MultiReader(bytes.NewReader(data), iotest.ErrReader(broken)), f.options)
		if err != nil {
			t.Fatal(err)
		}
		got, err := drain(src, 100)
		if !errors.Is(err, broken) {
			t.Errorf("%s: got error %v, want %v", f.format, err, broken)
		}
		diff(t, got, f.want)
	}
}

// TestReadAllocs holds readers to their window.
func TestReadAllocs(t *testing.T) {
	for _, format := range Formats() {
		data := benchData(t, format)
		src, err := NewReader(format, bytes.NewReader(data), Options{})
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]Event, 16)
		if n := testing.AllocsPerRun(1000, func() { src.Read(buf) }); n > 0 {
			t.Errorf("%s: %v allocations a read", format, n)
		}
	}
}

func TestClock(t *testing.T) {
	for _, c := range []struct{ raw, want []int64 }{
		{[]int64{0, 99, 0, 49, 98, 3}, []int64{0, 99, 100, 149, 198, 203}},
		{[]int64{70, 60, 10, 60}, []int64{70, 60, 10, 60}}, // falls by half the period or less stand
		{[]int64{90, 5, 95, 6}, []int64{90, 105, 95, 106}}, // a late event from before the wrap
		{[]int64{5, 95, 96, 4}, []int64{5, 95, 96, 104}},   // before the first wrap a rise stands
	} {
		k := clock{period: 100}
		for i, raw := range c.raw {
			for range 2 {
				if got := k.at(raw); got != c.want[i] {
					t.Errorf("%v: time %d is %d, want %d", c.raw, i, got, c.want[i])
				}
			}
		}
	}
}
