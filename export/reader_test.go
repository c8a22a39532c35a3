package export_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/snurun/snurun/export"
)

// TestShortReads reads a model in pieces, and from a reader that fails.
func TestShortReads(t *testing.T) {
	data := golden(t)
	want, err := read(data)
	if err != nil {
		t.Fatal(err)
	}
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"one byte": iotest.OneByteReader, "half": iotest.HalfReader, "data with EOF": iotest.DataErrReader,
	} {
		got, err := export.Read(wrap(bytes.NewReader(data)))
		if err != nil || !same(got, want) {
			t.Errorf("%s: another network, %v", name, err)
		}
	}
	if _, err := export.Read(iotest.TimeoutReader(iotest.HalfReader(bytes.NewReader(data)))); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("error %v, expected that of the reader", err)
	}
}

// TestDamagedAndSealed damages each byte of a model and gives the file the
// digest of what it is now. What is still read must be a valid network.
func TestDamagedAndSealed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"tiny", "planes"} {
		t.Run(name, func(t *testing.T) { damageAndSeal(t, body(goldenFile(t, name))) })
	}
}

func damageAndSeal(t *testing.T, data []byte) {
	for at := range data {
		values := []byte{data[at] ^ 1, data[at] ^ 0x80, ^data[at], 0, 0xff, 0xc0, 0xc1, 0xdd, 0xdf, 0xc6, 0xdb, 0xc9}
		if testing.Short() {
			values = values[at%len(values):][:1]
		}
		for _, value := range values {
			damaged := bytes.Clone(data)
			damaged[at] = value
			m, err := read(seal(damaged))
			switch {
			case err != nil && !known(err):
				t.Errorf("byte %d is %#x: error is %v", at, value, err)
			case err == nil && m.Validate() != nil:
				t.Errorf("byte %d is %#x: read a network that is not valid: %v", at, value, m.Validate())
			}
		}
	}
}

// TestReadFileInfo reads a network and what identifies its file at once.
func TestReadFileInfo(t *testing.T) {
	name := filepath.Join("testdata", "tiny.msgpack")
	m, info, err := export.ReadFileInfo(name)
	if err != nil {
		t.Fatal(err)
	}
	want, err := export.Stat(name)
	if err != nil || info != want {
		t.Errorf("info %+v, %v, expected %+v", info, err, want)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if other, streamed, err := export.ReadInfo(f); err != nil || streamed != want || !same(m, other) {
		t.Errorf("of a stream %+v, %v, expected %+v", streamed, err, want)
	}
	if alone, err := export.ReadFile(name); err != nil || !same(m, alone) {
		t.Errorf("another network than ReadFile returns, %v", err)
	}
}

func TestUnusedCode(t *testing.T) {
	if _, err := read(insert(t, golden(t), "input", "\xa1x\xc1", 1)); !errors.Is(err, export.ErrCorrupt) {
		t.Errorf("the unused code 0xc1 as a value: error is %v", err)
	}
}
