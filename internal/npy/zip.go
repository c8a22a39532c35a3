package npy

import (
	"archive/zip"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// maxArchive bounds the bytes of all arrays of an archive, unpacked.
const maxArchive = 1 << 30

const extension = ".npy"

// ReadZip reads all arrays of a .npz archive of size bytes, by name, without
// the extension .npy.
func ReadZip(r io.ReaderAt, size int64) (map[string]*Array, error) {
	return readZip(r, size, maxArchive)
}

// readZip is ReadZip for an archive of less than limit bytes, unpacked.
func readZip(r io.ReaderAt, size, limit int64) (map[string]*Array, error) {
	arrays, unread, err := readSome(r, size, limit)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(unread)) {
		return nil, unread[name]
	}
	return arrays, nil
}

// ReadSome is ReadZip for an archive of which some entries may be no arrays that
// this package reads. It returns why for each of them.
func ReadSome(r io.ReaderAt, size int64) (arrays map[string]*Array, unread map[string]error, err error) {
	return readSome(r, size, maxArchive)
}

func readSome(r io.ReaderAt, size, limit int64) (arrays map[string]*Array, unread map[string]error, err error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	arrays, unread = make(map[string]*Array), make(map[string]error)
	left := limit
	for _, f := range archive.File {
		name, ok := strings.CutSuffix(f.Name, extension)
		if arrays[name] != nil || unread[name] != nil {
			return nil, nil, fmt.Errorf("%w: entry %q of the archive occurs twice", ErrFormat, f.Name)
		}
		if !ok {
			unread[name] = fmt.Errorf("%w: entry %q of the archive, expected only names in %s", ErrFormat, f.Name, extension)
			continue
		}
		a, err := readEntry(f, &left)
		if left == 0 {
			return nil, nil, fmt.Errorf("%w: entry %q: the archive holds more than %d bytes", ErrFormat, f.Name, limit)
		}
		if err != nil {
			unread[name] = fmt.Errorf("%w: entry %q: %w", ErrFormat, f.Name, err)
			continue
		}
		arrays[name] = a
	}
	return arrays, unread, nil
}

// readEntry reads the array of an entry, of which left bytes may be read.
func readEntry(f *zip.File, left *int64) (*Array, error) {
	entry, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer entry.Close()
	limited := &io.LimitedReader{R: entry, N: *left}
	a, err := Read(limited)
	*left = limited.N
	return a, err
}

// ZipWriter writes a .npz archive as numpy.savez does: stored, not packed. The
// same arrays give the same bytes, for the entries carry no time.
type ZipWriter struct {
	zip *zip.Writer
}

// NewZipWriter returns a writer of an archive to w.
func NewZipWriter(w io.Writer) *ZipWriter { return &ZipWriter{zip.NewWriter(w)} }

// Add writes an array under a name without extension.
func (z *ZipWriter) Add(name string, a *Array) error {
	w, err := z.zip.CreateHeader(&zip.FileHeader{Name: name + extension, Method: zip.Store})
	if err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return a.Write(w)
}

// Close ends the archive; it does not close the writer below.
func (z *ZipWriter) Close() error {
	if err := z.zip.Close(); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return nil
}
