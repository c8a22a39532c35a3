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
	a, err := readSome(r, size, limit)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(a.Records)) {
		return nil, fmt.Errorf("%w: entry %q: %w", ErrFormat, name+extension, a.Records[name].noNumbers())
	}
	for _, name := range slices.Sorted(maps.Keys(a.Unread)) {
		return nil, a.Unread[name]
	}
	return a.Arrays, nil
}

// Archive is what a .npz archive holds, by name, without the extension .npy.
type Archive struct {
	Arrays  map[string]*Array
	Records map[string]*Records
	Unread  map[string]error // why an entry is no array that this package reads
}

// Names returns the names of all entries, in their order.
func (a *Archive) Names() []string {
	names := slices.Collect(maps.Keys(a.Arrays))
	names = slices.AppendSeq(names, maps.Keys(a.Records))
	names = slices.AppendSeq(names, maps.Keys(a.Unread))
	slices.Sort(names)
	return names
}

// ReadArchive is ReadZip for an archive of which some entries may be records, or no
// arrays that this package reads.
func ReadArchive(r io.ReaderAt, size int64) (*Archive, error) {
	return readSome(r, size, maxArchive)
}

func readSome(r io.ReaderAt, size, limit int64) (*Archive, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	all := &Archive{make(map[string]*Array), make(map[string]*Records), make(map[string]error)}
	seen := make(map[string]bool)
	left := limit
	for _, f := range archive.File {
		name, ok := strings.CutSuffix(f.Name, extension)
		if seen[name] {
			return nil, fmt.Errorf("%w: entry %q of the archive occurs twice", ErrFormat, f.Name)
		}
		seen[name] = true
		if !ok {
			all.Unread[name] = fmt.Errorf("%w: entry %q of the archive, expected only names in %s", ErrFormat, f.Name, extension)
			continue
		}
		a, records, err := readEntry(f, &left)
		switch {
		case left == 0:
			return nil, fmt.Errorf("%w: entry %q: the archive holds more than %d bytes", ErrFormat, f.Name, limit)
		case err != nil:
			all.Unread[name] = fmt.Errorf("%w: entry %q: %w", ErrFormat, f.Name, err)
		case records != nil:
			all.Records[name] = records
		default:
			all.Arrays[name] = a
		}
	}
	return all, nil
}

// readEntry reads the array of an entry, of which left bytes may be read.
func readEntry(f *zip.File, left *int64) (*Array, *Records, error) {
	entry, err := f.Open()
	if err != nil {
		return nil, nil, err
	}
	defer entry.Close()
	limited := &io.LimitedReader{R: entry, N: *left}
	a, records, err := ReadRecords(limited)
	*left = limited.N
	return a, records, err
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
