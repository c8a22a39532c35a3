package event

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

var errBroken = errors.New("broken")

// brokenAfter reads or writes n bytes and fails then.
type brokenAfter struct{ n int }

func (b *brokenAfter) Write(p []byte) (int, error) {
	if len(p) > b.n {
		n := b.n
		b.n = 0
		return n, errBroken
	}
	b.n -= len(p)
	return len(p), nil
}

// TestBrokenReaders reads every recording from a reader that fails after each
// of its bytes. The error is that of the reader.
func TestBrokenReaders(t *testing.T) {
	for _, x := range fixtures {
		for n := range len(x.data) + 1 {
			r := io.MultiReader(bytes.NewReader(x.data[:n]), iotest.ErrReader(errBroken))
			src, err := NewReader(x.format, r, x.options)
			if err == nil {
				_, err = drain(src, 2)
			}
			if !errors.Is(err, errBroken) {
				t.Errorf("%s, broken after %d of %d bytes: error is %v", x.name, n, len(x.data), err)
			}
		}
	}
}

// TestBrokenWriters writes events of every format to a writer that fails after
// each of their bytes. Write or Close returns the error of the writer.
func TestBrokenWriters(t *testing.T) {
	events := []Event{{T: 10, X: 1, Y: 2, P: 1}, {T: 5000, X: 100, Y: 50}, {T: 70_000, X: 3, Y: 99, P: 1}}
	for _, format := range writable {
		whole, err := write(format, Size{128, 128}, events)
		if err != nil {
			t.Fatal(err)
		}
		for n := range whole {
			w, err := NewWriter(format, &brokenAfter{n}, Size{128, 128})
			if err == nil {
				err = w.Write(events)
				if errClose := w.Close(); err == nil {
					err = errClose
				}
			}
			if !errors.Is(err, errBroken) {
				t.Errorf("%s, broken after %d of %d bytes: error is %v", format, n, len(whole), err)
			}
		}
	}
}

// lying is a reader that breaks the rules of io.Reader.
type lying int

func (l lying) Read(p []byte) (int, error) {
	if l > 0 {
		return len(p) + 1, nil
	}
	return int(l), nil
}

func TestLyingReaders(t *testing.T) {
	for _, format := range Formats() {
		for _, l := range []lying{-1, 0, 1} {
			src, err := NewReader(format, l, Options{Size: Size{34, 34}})
			if err == nil {
				_, err = drain(src, 2)
			}
			if err == nil {
				t.Errorf("%s: a reader that returns %d of 0 bytes gives no error", format, l)
			}
		}
	}
}

// TestBrokenHeads opens what cannot be read at all.
func TestBrokenHeads(t *testing.T) {
	if _, err := NewReader("", iotest.ErrReader(errBroken), Options{}); !errors.Is(err, errBroken) {
		t.Errorf("error is %v, expected that of the reader", err)
	}
	dir := t.TempDir()
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("opening a folder: error is %v, expected one that names it", err)
	}
}

// TestNoRoom reads into no room, which is neither an error nor the end.
func TestNoRoom(t *testing.T) {
	for _, x := range fixtures {
		src, err := NewReader(x.format, bytes.NewReader(x.data), x.options)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := src.Read(nil); n != 0 || err != nil {
			t.Errorf("%s: %d events, %v, expected none", x.name, n, err)
		}
		if events, err := drain(src, 3); err != nil || len(events) != len(x.want) {
			t.Errorf("%s: then %d events, %v, expected %d", x.name, len(events), err, len(x.want))
		}
	}
}
