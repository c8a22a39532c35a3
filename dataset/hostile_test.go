package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"io"
	"runtime"
	"slices"
	"testing"

	"github.com/snurun/snurun/internal/npy"
)

// hostileFormats are small files with the functions that read them.
func hostileFormats(t *testing.T) map[string]struct {
	data []byte
	read func(io.Reader) error
} {
	images := func(r io.Reader) error { _, err := ReadIDXImages(r, "x"); return err }
	labels := func(r io.Reader) error { _, err := ReadIDXLabels(r, "x"); return err }
	png := func(r io.Reader) error { _, err := ReadPicture(r, "x", 28, 28, PictureOptions{}); return err }
	spikes := func(r io.Reader) error { _, err := ReadSpikes(r, "x"); return err }
	values := func(r io.Reader) error { _, err := ReadValues(r, "x"); return err }
	return map[string]struct {
		data []byte
		read func(io.Reader) error
	}{
		"IDX images":         {twoImages, images},
		"IDX images, packed": {packed(twoImages), images},
		"IDX labels":         {twoLabels, labels},
		"PNG":                {encodePNG(t, image.NewNRGBA(image.Rect(0, 0, 5, 4))), png},
		"spikes":             {npyFile(t, []uint8{0, 1, 1, 0, 1, 1}, 3, 2), spikes},
		"values":             {npyFile(t, []float32{0, 0.5, 1, 2}, 1, 2, 2), values},
	}
}

// known reports whether err is of a documented kind.
func known(err error) bool {
	return errors.Is(err, ErrFormat) || errors.Is(err, ErrCoding) || errors.Is(err, npy.ErrFormat)
}

// allocated returns the bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestHostileFiles cuts every file at every byte, damages every byte and puts
// the largest numbers everywhere. Nothing panics, errors are of a known kind,
// and memory is bounded by the file.
func TestHostileFiles(t *testing.T) {
	for name, c := range hostileFormats(t) {
		if err := c.read(bytes.NewReader(c.data)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for n := range c.data {
			if err := c.read(bytes.NewReader(c.data[:n])); !known(err) {
				t.Errorf("%s: the first %d of %d bytes: error is %v", name, n, len(c.data), err)
			}
		}
		try := func(what string, at int, data []byte) {
			var err error
			if got, limit := allocated(func() { err = c.read(bytes.NewReader(data)) }), uint64(4*len(data)+16<<20); got > limit {
				t.Errorf("%s, %s at byte %d: %d bytes allocated for a file of %d", name, what, at, got, len(data))
			}
			if err != nil && !known(err) {
				t.Errorf("%s, %s at byte %d: error is %v", name, what, at, err)
			}
		}
		for at := range c.data {
			for _, mask := range []byte{1, 0x80, 0xff} {
				damaged := bytes.Clone(c.data)
				damaged[at] ^= mask
				try("damaged", at, damaged)
			}
			for _, bomb := range []uint32{0xffffffff, 0x7fffffff, 0x80000000, 0x40000000, 0x00ffffff} {
				for _, put := range []func([]byte, uint32){binary.BigEndian.PutUint32, binary.LittleEndian.PutUint32} {
					if at+4 <= len(c.data) {
						damaged := bytes.Clone(c.data)
						put(damaged[at:], bomb)
						try("a bomb", at, damaged)
					}
				}
			}
		}
		try("trailing bytes", len(c.data), slices.Concat(c.data, make([]byte, 100)))
	}
}
