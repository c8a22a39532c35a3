package bounded

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

func TestRead(t *testing.T) {
	data := make([]byte, 5*firstChunk/2)
	for i := range data {
		data[i] = byte(i * 7 >> 3)
	}
	for _, n := range []int{0, 1, firstChunk - 1, firstChunk, firstChunk + 1, 2 * firstChunk, len(data)} {
		got, err := Read(bytes.NewReader(data), n)
		if err != nil || !bytes.Equal(got, data[:n]) {
			t.Errorf("Read %d: %d bytes, %v", n, len(got), err)
		}
	}
	for _, have := range []int{0, 1, firstChunk, len(data)} {
		got, err := Read(bytes.NewReader(data[:have]), len(data)+1)
		if err != io.ErrUnexpectedEOF || !bytes.Equal(got, data[:have]) {
			t.Errorf("Read of %d bytes: %d bytes, %v", have, len(got), err)
		}
	}
	broken := errors.New("broken")
	got, err := Read(io.MultiReader(bytes.NewReader(data[:9]), iotest.ErrReader(broken)), 20)
	if err != broken || len(got) != 9 {
		t.Errorf("broken reader: %d bytes, %v", len(got), err)
	}
}

// widest remembers the longest slice it was asked to fill.
type widest struct {
	r   io.Reader
	max int
}

func (w *widest) Read(p []byte) (int, error) {
	w.max = max(w.max, len(p))
	return w.r.Read(p)
}

func TestReadAllocatesAsDataArrive(t *testing.T) {
	for _, have := range []int{0, 10, 3 * firstChunk} {
		w := &widest{r: bytes.NewReader(make([]byte, have))}
		if _, err := Read(w, 1<<31-1); err != io.ErrUnexpectedEOF {
			t.Fatal(err)
		}
		if limit := max(firstChunk, 2*have); w.max > limit {
			t.Errorf("%d bytes allocated for a stream of %d", w.max, have)
		}
	}
}
