package npy

import (
	"archive/zip"
	"fmt"
	"io"
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

// readZip reads an archive of less than limit bytes, unpacked.
func readZip(r io.ReaderAt, size, limit int64) (map[string]*Array, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	arrays := make(map[string]*Array)
	left := limit
	for _, f := range archive.File {
		name, ok := strings.CutSuffix(f.Name, extension)
		if !ok {
			return nil, fmt.Errorf("%w: entry %q of the archive, expected only names in %s", ErrFormat, f.Name, extension)
		}
		if arrays[name] != nil {
			return nil, fmt.Errorf("%w: entry %q of the archive occurs twice", ErrFormat, f.Name)
		}
		entry, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("%w: entry %q: %w", ErrFormat, f.Name, err)
		}
		limited := &io.LimitedReader{R: entry, N: left}
		a, err := Read(limited)
		entry.Close()
		if limited.N == 0 {
			return nil, fmt.Errorf("%w: entry %q: the archive holds more than %d bytes", ErrFormat, f.Name, limit)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: entry %q: %w", ErrFormat, f.Name, err)
		}
		arrays[name] = a
		left = limited.N
	}
	return arrays, nil
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
