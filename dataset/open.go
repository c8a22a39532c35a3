package dataset

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/snurun/snurun/model"
)

// Open reads the samples of a file for a network's input, with time steps of
// dtMS milliseconds. What the file is follows from its content:
//
//   - IDX images, gzipped or not, with the labels found beside them (LabelsBeside)
//   - a PNG picture, as one digit (ReadPNG)
//   - a NumPy array .npy of recordings (ReadSpikes, or ReadValues if the
//     network's input is analog)
//
// Labels that are not known are −1.
func Open(path string, in model.Input, dtMS float64) (Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer f.Close()
	r := bufio.NewReader(f)
	if kindOf(r) == "idx" {
		set, err := LoadIDX(path)
		if err != nil {
			return nil, err
		}
		return coded(set, path, in, dtMS)
	}
	return Read(r, path, in, dtMS)
}

// Read is Open for a stream, whose name is for errors; IDX images in it have no
// labels.
func Read(stream io.Reader, name string, in model.Input, dtMS float64) (Source, error) {
	r := bufio.NewReader(stream)
	switch kindOf(r) {
	case "idx":
		images, err := ReadIDXImages(r, name)
		if err != nil {
			return nil, err
		}
		return coded(ImageSet{Images: images}, name, in, dtMS)
	case "png":
		height, width, err := plane(in.Shape, name)
		if err != nil {
			return nil, err
		}
		pixels, err := ReadPNG(r, name, height, width)
		if err != nil {
			return nil, err
		}
		return coded(ImageSet{Images: Images{1, height, width, pixels}}, name, in, dtMS)
	case "npy":
		if in.Encoder.Analog() {
			values, err := ReadValues(r, name)
			if err != nil {
				return nil, err
			}
			return named(FromValues(values, in.Shape, nil, nil))(name)
		}
		trains, err := ReadSpikes(r, name)
		if err != nil {
			return nil, err
		}
		return named(FromTrains(trains, in.Shape, nil, nil))(name)
	}
	return nil, fmt.Errorf("dataset: %s: %w: neither IDX images, nor PNG, nor a NumPy array (.npy)", name, ErrFormat)
}

// kindOf tells what a stream holds by its first bytes.
func kindOf(r *bufio.Reader) string {
	head, _ := r.Peek(8) // a short or failing stream is reported by its reader
	for _, k := range []struct{ kind, magic string }{
		{"png", "\x89PNG\r\n\x1a\n"}, {"npy", "\x93NUMPY"}, {"idx", "\x1f\x8b"}, {"idx", "\x00\x00\x08"},
	} {
		if bytes.HasPrefix(head, []byte(k.magic)) {
			return k.kind
		}
	}
	return ""
}

// coded returns images as a source under the network's encoder.
func coded(set ImageSet, name string, in model.Input, dtMS float64) (Source, error) {
	encoder, err := NewEncoder(in, dtMS)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return named(FromImages(set, encoder))(name)
}

// named adds a file's name to the error of a source.
func named(s Source, err error) func(name string) (Source, error) {
	return func(name string) (Source, error) {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return s, nil
	}
}

// plane returns the height and width of an input of grey images: [h·w] for a
// square, or [1, h, w].
func plane(shape []int, name string) (height, width int, err error) {
	switch {
	case len(shape) == 3 && shape[0] == 1:
		return shape[1], shape[2], nil
	case len(shape) == 2:
		return shape[0], shape[1], nil
	case len(shape) == 1:
		for side := 1; side*side <= shape[0]; side++ {
			if side*side == shape[0] {
				return side, side, nil
			}
		}
	}
	return 0, 0, fmt.Errorf("dataset: %s: %w: a picture for a network with input of shape %v, expected one grey image", name, ErrMismatch, shape)
}

// Steps returns the number of steps of the longest recording of a source, or
// unlimited for sources that can be presented for as long as one likes.
func Steps(s Source, unlimited int) int {
	switch s := s.(type) {
	case *trainSource:
		longest := 0
		for _, t := range s.trains {
			longest = max(longest, t.Steps())
		}
		return longest
	case *valueSource:
		longest := 0
		for _, v := range s.values {
			longest = max(longest, v.Steps())
		}
		return longest
	case *subset:
		return Steps(s.Source, unlimited)
	}
	return unlimited
}
