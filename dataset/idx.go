package dataset

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/snurun/snurun/internal/bounded"
)

// ErrFormat is the error of data that are not what their format asks for.
var ErrFormat = errors.New("malformed data")

// The IDX format (http://yann.lecun.com/exdb/mnist): two zero bytes, an
// element type, the number of dimensions, each dimension as a big-endian
// uint32, then the elements, the last dimension fastest.
const (
	idxUbyte  = 0x08
	idxLabels = idxUbyte<<8 | 1
	idxImages = idxUbyte<<8 | 3
)

// maxIDX bounds the bytes of one IDX file, unpacked.
const maxIDX = 1 << 30

// LoadIDX reads the images of an IDX file, gzipped or not, and the labels of
// the file beside it that LabelsBeside finds, if there is one. The classes are
// then named 0, 1, … up to the largest label.
func LoadIDX(path string) (ImageSet, error) {
	set, err := loadIDX(path, LabelsBeside(path))
	if err != nil {
		return ImageSet{}, err
	}
	if set.Labels != nil {
		set.Classes = numbered(slices.Max(set.Labels) + 1)
	}
	return set, nil
}

// loadIDX reads images and, unless their path is empty, labels.
func loadIDX(images, labels string) (set ImageSet, err error) {
	err = readFile(images, func(r io.Reader, size int64) (err error) {
		set.Images, err = readIDXImages(r, images, size)
		return err
	})
	if err != nil || labels == "" {
		return set, err
	}
	err = readFile(labels, func(r io.Reader, size int64) (err error) {
		set.Labels, err = readIDXLabels(r, labels, size)
		return err
	})
	if err == nil && len(set.Labels) != set.Count {
		err = fmt.Errorf("dataset: %w: %s has %d labels for the %d images of %s", ErrMismatch, labels, len(set.Labels), set.Count, images)
	}
	return set, err
}

// ReadIDXImages reads images (idx3-ubyte) from a stream, gzipped or not. The
// name is that of the stream in errors; those of malformed data are ErrFormat.
func ReadIDXImages(r io.Reader, name string) (Images, error) {
	return readIDXImages(r, name, -1)
}

// ReadIDXLabels reads labels (idx1-ubyte) from a stream, gzipped or not.
func ReadIDXLabels(r io.Reader, name string) ([]int, error) {
	return readIDXLabels(r, name, -1)
}

// LabelsBeside returns the file with the labels of a file of IDX images: that
// of the same name in the same folder with "images" and "idx3" replaced by
// "labels" and "idx1", in the usual spellings, gzipped or not. It returns ""
// if there is none.
func LabelsBeside(path string) string {
	dir, base := filepath.Split(strings.TrimSuffix(path, ".gz"))
	i := strings.LastIndex(base, "images")
	if i < 0 {
		return ""
	}
	base = base[:i] + "labels" + strings.ReplaceAll(base[i+len("images"):], "idx3", "idx1")
	return findFile(dir, base)
}

// findFile returns the path of an IDX file in dir, gzipped or not, whose name
// may have a dot for the hyphen before "idx" or the other way round. It
// returns "" if there is none.
func findFile(dir, name string) string {
	for _, spelling := range []string{
		name,
		strings.ReplaceAll(name, ".idx", "-idx"),
		strings.ReplaceAll(name, "-idx", ".idx"),
	} {
		for _, ext := range []string{"", ".gz"} {
			path := filepath.Join(dir, spelling+ext)
			if info, err := os.Stat(path); err == nil && !info.IsDir() {
				return path
			}
		}
	}
	return ""
}

// readFile calls read with an open file and its size, −1 if it has none.
func readFile(path string, read func(r io.Reader, size int64) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	defer f.Close()
	size := int64(-1)
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	return read(f, size)
}

func readIDXImages(r io.Reader, name string, size int64) (Images, error) {
	dims, data, err := readIDX(r, name, size, idxImages)
	if err != nil {
		return Images{}, err
	}
	return Images{dims[0], dims[1], dims[2], data}, nil
}

func readIDXLabels(r io.Reader, name string, size int64) ([]int, error) {
	_, data, err := readIDX(r, name, size, idxLabels)
	if err != nil {
		return nil, err
	}
	labels := make([]int, len(data))
	for i, c := range data {
		labels[i] = int(c)
	}
	return labels, nil
}

// readIDX reads a file of the given magic number and returns its dimensions
// and elements. The size is that of the file, −1 if unknown.
func readIDX(r io.Reader, name string, size int64, magic uint32) (dims []int, data []byte, err error) {
	fail := func(offset int, format string, args ...any) ([]int, []byte, error) {
		return nil, nil, fmt.Errorf("dataset: %s: %w at byte %d: %w", name, ErrFormat, offset, fmt.Errorf(format, args...))
	}
	r, packed, err := unpack(r)
	if err != nil {
		return fail(0, "%w", err)
	}
	header, err := bounded.Read(r, 4+4*int(magic&0xff))
	if err != nil {
		return fail(len(header), "%w in the header of %d bytes", err, 4+4*int(magic&0xff))
	}
	switch found := binary.BigEndian.Uint32(header); {
	case found == magic:
	case found == idxImages:
		return fail(0, "the file holds images, expected labels (magic number %#08x)", magic)
	case found == idxLabels:
		return fail(0, "the file holds labels, expected images (magic number %#08x)", magic)
	default:
		return fail(0, "magic number is %#08x, expected %#08x: this is no IDX file of unsigned bytes with %d dimensions", found, magic, magic&0xff)
	}
	total := uint64(1)
	for i := 4; i < len(header); i += 4 {
		d := binary.BigEndian.Uint32(header[i:])
		if d == 0 {
			return fail(i, "dimension %d is 0, expected at least 1", i/4-1)
		}
		if total *= uint64(d); total > maxIDX {
			return fail(i, "dimension %d is %d, which makes more than %d bytes together with those before it", i/4-1, d, maxIDX)
		}
		dims = append(dims, int(d))
	}
	if want := uint64(len(header)) + total; !packed && size >= 0 && uint64(size) != want {
		return fail(len(header), "the file has %d bytes, its dimensions %v need %d", size, dims, want)
	}
	if data, err = bounded.Read(r, int(total)); err != nil {
		return fail(len(header)+len(data), "%w: the dimensions %v need %d bytes more", err, dims, int(total)-len(data))
	}
	switch n, err := io.ReadFull(r, make([]byte, 1)); {
	case n > 0:
		return fail(len(header)+len(data), "there are data past the end that the dimensions %v give", dims)
	case err != io.EOF:
		return fail(len(header)+len(data), "%w", err)
	}
	return dims, data, nil
}

// unpack returns a reader of the content of r, and whether it was gzipped,
// which shows in its first bytes and not in its name.
func unpack(r io.Reader) (content io.Reader, packed bool, err error) {
	buffered := bufio.NewReader(r)
	head, err := buffered.Peek(2)
	switch {
	case err != nil && err != io.EOF:
		return nil, false, err
	case !bytes.Equal(head, []byte{0x1f, 0x8b}): // as a stream too short to look at
		return buffered, false, nil
	}
	content, err = gzip.NewReader(buffered)
	return content, true, err
}
