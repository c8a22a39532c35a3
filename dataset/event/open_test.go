package event

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDetect(t *testing.T) {
	for _, c := range []struct{ name, head, want string }{
		{"a.bin", "", "nmnist"},
		{"dir.es/A.BS2", "Event", "nmnist"},
		{"a.es", "", "es"},
		{"a.bin", "Event Stream\x02", "es"}, // the signature goes before the extension
		{"a.aedat", "#!AER-DAT2.0\r\n", "aedat2"},
		{"a.aedat", "#!AER-DAT3.1\r\n", "aedat3"},
		{"a.raw", "% date 2020\n% evt 2.0\n", "evt2"},
		{"a.raw", "% format EVT3;height=720;width=1280\n% end\n", "evt3"},
		{"", "% Data file containing CD events\n% Version 2\n", "dat"},
		{"a.dat", "", "dat"},
		{"a.csv", "x", "text"},
		{"", "# comment\nt,x,y,p\n", "text"},
		{"", "1,2,3,1\n4,5", "text"},
		{"", "# size 34x34\n", "text"},
		{"a.raw", "\x00\x00", ""},
		{"a.aedat", "#!AER-DAT1.0\r\n", ""},
		{"a.raw", "% evt 2.1\n", "evt21"},
		{"a.raw", "% evt 4.0\n", ""},
		{"", "% Data file containing Event2D events.\n% Height 240\n", "dat"},
		{"a.png", "\x89PNG", ""},
		{"a", "", ""},
		{"", "1,2,3\n", ""},
	} {
		got, err := Detect(c.name, []byte(c.head))
		if got != c.want || (err != nil) != (c.want == "") || err != nil && !errors.Is(err, ErrUnknownFormat) {
			t.Errorf("%q, %q: got %q, %v, want %q", c.name, c.head, got, err, c.want)
		}
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	for _, f := range fixtures {
		ext := map[string]string{"nmnist": ".bs2", "aedat2": ".aedat", "aedat3": ".aedat", "aedat4": ".aedat4", "evt2": ".raw", "evt21": ".raw", "evt3": ".raw", "dat": ".dat", "es": ".es", "text": ".csv"}[f.format]
		name := filepath.Join(dir, f.format+f.name+ext)
		if err := os.WriteFile(name, f.data, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(name, f.options)
		if err != nil {
			t.Fatal(err)
		}
		if r.Format() != f.format {
			t.Errorf("got format %s, want %s", r.Format(), f.format)
		}
		got, err := drain(r, 100)
		if err != nil {
			t.Fatal(err)
		}
		diff(t, got, f.want)
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestOpenErrors wants errors that name the file.
func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]error{
		"absent.es":  os.ErrNotExist,
		"cut.bs2":    ErrMalformed,
		"cut.es":     ErrMalformed,
		"which.raw":  ErrUnknownFormat,
		"which.jpeg": ErrUnknownFormat,
	} {
		path := filepath.Join(dir, name)
		if !strings.HasPrefix(name, "absent") {
			if err := os.WriteFile(path, []byte{1, 2}, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		f, err := Open(path, Options{})
		if err == nil {
			_, err = f.Read(make([]Event, 1))
			f.Close()
		}
		if !errors.Is(err, want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got error %v, want one that wraps %v and names the file", name, err, want)
		}
	}
}

func TestNewReaderErrors(t *testing.T) {
	if _, err := NewReader("gif", strings.NewReader(""), Options{}); !errors.Is(err, ErrUnknownFormat) {
		t.Errorf("got error %v, want ErrUnknownFormat", err)
	}
	if _, err := NewReader("", strings.NewReader("GIF8"), Options{}); !errors.Is(err, ErrUnknownFormat) {
		t.Errorf("got error %v, want ErrUnknownFormat", err)
	}
	for _, size := range []Size{{0, 3}, {3, 0}, {-1, 3}, {3, 1<<16 + 1}} {
		if _, err := NewReader("text", strings.NewReader(""), Options{Size: size}); err == nil {
			t.Errorf("size %v was taken", size)
		}
		if _, err := NewWriter("text", io.Discard, size); err == nil {
			t.Errorf("size %v was taken", size)
		}
	}
	if _, err := NewWriter("gif", io.Discard, Size{}); !errors.Is(err, ErrUnknownFormat) {
		t.Errorf("got error %v, want ErrUnknownFormat", err)
	}
	if _, err := NewWriter("dat", io.Discard, Size{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got error %v, want ErrUnsupported", err)
	}
}

var writable = []string{"nmnist", "aedat3", "evt2", "evt3", "es", "text"}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, format := range writable {
		size := Size{200, 100}
		if format == "aedat3" {
			size = Size{346, 260} // a size that a chip stands for
		}
		want := randomEvents(10_000, size, 60_000_000)
		data, err := write(format, size, want)
		if err != nil {
			t.Fatal(err)
		}
		got, src, err := readAll(format, data, Options{})
		if err != nil {
			t.Fatal(err)
		}
		diff(t, got, want)
		if format != "nmnist" && src.Size() != size {
			t.Errorf("%s: got size %v, want %v", format, src.Size(), size)
		}
	}
}

func TestWriterRefuses(t *testing.T) {
	size := Size{20, 10}
	first := Event{T: 100}
	for _, format := range writable {
		for name, e := range map[string]Event{
			"x":        {T: 100, X: 20},
			"y":        {T: 100, Y: 10},
			"polarity": {T: 100, P: 2},
			"negative": {T: -1},
			"order":    {T: 99},
			"gap":      {T: 100 + maxWriteGap + 1},
		} {
			_, err := write(format, size, []Event{first, e})
			allowed := format == "text" && (name == "order" || name == "gap") || format == "aedat3" && name == "gap"
			if (err == nil) != allowed {
				t.Errorf("%s: event with wrong %s: got error %v", format, name, err)
			}
		}
	}
	for format, size := range map[string]Size{"nmnist": {257, 10}, "aedat3": {1<<15 + 1, 1}, "evt2": {1, 2049}, "evt3": {2049, 1}, "es": {1 << 16, 1}} {
		if _, err := NewWriter(format, io.Discard, size); err == nil {
			t.Errorf("%s: size %v was taken", format, size)
		}
	}
	// The row that marks an overflow cannot be a pixel.
	if _, err := write("nmnist", Size{}, []Event{{Y: 240}}); err == nil {
		t.Error("nmnist: y=240 was taken")
	}
}

// failWriter fails after n bytes.
type failWriter struct{ n int }

var errFull = errors.New("disk full")

func (w *failWriter) Write(p []byte) (int, error) {
	if len(p) > w.n {
		return w.n, errFull
	}
	w.n -= len(p)
	return len(p), nil
}

func TestWriterError(t *testing.T) {
	events := randomEvents(50_000, Size{10, 10}, 100)
	for _, format := range writable {
		for _, room := range []int{0, windowSize} {
			w, err := NewWriter(format, &failWriter{room}, Size{10, 10})
			if err == nil {
				err = w.Write(events)
			}
			if !errors.Is(err, errFull) {
				t.Errorf("%s: Write to a full disk: got error %v", format, err)
			}
			if err := w.Close(); !errors.Is(err, errFull) {
				t.Errorf("%s: Close on a full disk: got error %v", format, err)
			}
		}
	}
}

// A nibble is a format for TestRegister: the bytes are the x of events.
type nibble struct {
	Source
	r io.Reader
}

func (n nibble) Read(dst []Event) (int, error) {
	b := make([]byte, len(dst))
	k, err := n.r.Read(b)
	for i, x := range b[:k] {
		dst[i] = Event{X: uint16(x)}
	}
	if k > 0 {
		err = nil
	}
	return k, err
}

func TestRegister(t *testing.T) {
	f := Format{
		Name:       "nibble",
		Extensions: []string{".nib"},
		Match:      func(head []byte) bool { return bytes.HasPrefix(head, []byte("NIB")) },
		NewReader:  func(r io.Reader, o Options) (Source, error) { return nibble{r: r}, nil },
	}
	before := registry.formats
	defer func() { registry.formats = before }()
	if err := Register(f); err != nil {
		t.Fatal(err)
	}
	got, _, err := readAll("", []byte("NIB"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	diff(t, got, []Event{{X: 'N'}, {X: 'I'}, {X: 'B'}})
	if name, err := Detect("a.nib", nil); name != "nibble" {
		t.Errorf("got %q, %v, want nibble", name, err)
	}
	for _, bad := range []Format{f, {Name: "es", NewReader: f.NewReader}, {NewReader: f.NewReader}, {Name: "new"}} {
		if err := Register(bad); err == nil {
			t.Errorf("format %q was taken", bad.Name)
		}
	}
}
