package dataset

import (
	"bytes"
	"errors"
	"image"
	"io"
	"reflect"
	"testing"
	"testing/iotest"
)

// errAny stands for any error.
var errAny = errors.New("any")

// TestShortReads reads each format in pieces, and from a reader that fails.
func TestShortReads(t *testing.T) {
	images := idx(idxImages, []uint32{2, 3, 4}, bytes.Repeat([]byte{1, 200, 3}, 8))
	for _, c := range []struct {
		name string
		data []byte
		read func(io.Reader) (any, error)
	}{
		{"IDX images", images, func(r io.Reader) (any, error) { return ReadIDXImages(r, "x") }},
		{"IDX images, packed", packed(images), func(r io.Reader) (any, error) { return ReadIDXImages(r, "x") }},
		{"IDX labels", twoLabels, func(r io.Reader) (any, error) { return ReadIDXLabels(r, "x") }},
		{"PNG", encodePNG(t, image.NewGray(image.Rect(0, 0, 28, 28))), func(r io.Reader) (any, error) { return ReadPicture(r, "x", 28, 28, PictureOptions{}) }},
		{"spikes", npyFile(t, []uint8{0, 1, 1, 0}, 2, 2), func(r io.Reader) (any, error) { return ReadSpikes(r, "x") }},
		{"values", npyFile(t, []float32{0, 0.5}, 1, 1, 2), func(r io.Reader) (any, error) { return ReadValues(r, "x") }},
	} {
		want, err := c.read(bytes.NewReader(c.data))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for name, wrap := range map[string]func(io.Reader) io.Reader{
			"one byte": iotest.OneByteReader, "half": iotest.HalfReader, "data with EOF": iotest.DataErrReader,
		} {
			if got, err := c.read(wrap(bytes.NewReader(c.data))); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s: %v, %v, expected %v", c.name, name, got, err, want)
			}
		}
		if _, err := c.read(iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(c.data)))); !errors.Is(err, iotest.ErrTimeout) {
			t.Errorf("%s: error %v, expected that of the reader", c.name, err)
		}
	}
}
