package npy

import (
	"bytes"
	"errors"
	"io"
	"os"
	"reflect"
	"testing"
	"testing/iotest"
)

// TestShortReads reads an array in pieces, and from a reader that fails.
func TestShortReads(t *testing.T) {
	data, err := os.ReadFile("testdata/version-2.npy")
	if err != nil {
		t.Fatal(err)
	}
	want, err := Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"one byte": iotest.OneByteReader, "half": iotest.HalfReader, "data with EOF": iotest.DataErrReader,
	} {
		if got, err := Read(wrap(bytes.NewReader(data))); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v, expected %v", name, got, err, want)
		}
	}
	if _, err := Read(iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(data)))); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("error %v, expected that of the reader", err)
	}
}
