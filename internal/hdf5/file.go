// Package hdf5 reads the part of HDF5 that files of the neuromorphic intermediate
// representation (NIR) and recordings of events, as h5py writes them, are made of, and
// writes that of NIR. It follows the HDF5 File Format Specification Version 3.0 of The
// HDF Group.
//
// # What is read
//
//   - Superblock versions 0 to 3 at byte 0, addresses and lengths of 4 or 8 bytes.
//   - Object headers of version 1 and 2 with continuation blocks.
//   - Groups: symbol tables (version 1 B-tree, symbol table nodes, local heap),
//     link messages, and dense storage (fractal heap, version 2 B-tree).
//   - Dataspaces: scalar, simple and null.
//   - Datatypes: IEEE 754 binary16, binary32 and binary64, integers of 8 to 64 bits, both
//     byte orders, enumerations over integers (h5py's booleans), strings of fixed
//     and variable length, compounds of these, sequences of numbers of variable
//     length.
//   - Layouts of version 3 and 4: compact, contiguous, and chunked with a version
//     1 B-tree, a single chunk, an implicit or a fixed array index.
//   - Filters: deflate, shuffle, Fletcher-32, h5py's LZF. Fill values.
//
// # What is not
//
// Attributes, comments and times are skipped. Soft and external links, committed
// datatypes, compounds in compounds, array types, other sequences, other chunk
// indexes (datasets that can grow, in files of libver "latest"), other filters,
// virtual and external storage, and user blocks give [ErrUnsupported]. So does a
// second hard link to a group: the groups of a [File] are a tree.
//
// # Hostile files
//
// Any input gives a value or an error. Offsets and lengths are checked against
// the file, checksums are verified, structures that overlap or form cycles are
// refused, and what reading allocates is bounded by the file's size and by
// [WithLimit].
package hdf5

import (
	"fmt"
	"math"
	"sync"
)

// DefaultLimit is the limit of a file opened without [WithLimit]: 512 MiB.
const DefaultLimit = 1 << 29

// File is an open HDF5 file. Its groups and datasets may be used from several
// goroutines at once.
type File struct {
	im   image
	root *Group

	mu   sync.Mutex
	left uint64 // bytes that may still be decoded
}

// Option changes how [Open] reads a file.
type Option func(*File)

// WithLimit sets how many bytes all reads from the file together may decode. The
// values that are returned count, and so do the chunks that they are decompressed
// from and the array where chunks are gathered. A negative limit is 0.
func WithLimit(bytes int64) Option {
	return func(f *File) { f.left = uint64(max(bytes, 0)) }
}

// Open reads the groups of an HDF5 file and the headers of its datasets, whose
// values are decoded when they are asked for. The File keeps data, which must
// not change.
//
// Open returns [ErrNotHDF5], [ErrCorrupt], [ErrUnsupported] or [ErrLimit]. A
// single object or link that is not supported is no error of Open: it is listed
// by its group, and asking for it returns the error.
func Open(data []byte, opts ...Option) (*File, error) {
	f := &File{left: DefaultLimit}
	for _, opt := range opts {
		opt(f)
	}
	f.im.data = data
	rootAt, err := f.im.superblock()
	if err != nil {
		return nil, fmt.Errorf("hdf5: %w", err)
	}
	// The walk counts its visits in an image of its own.
	w := walk{file: f, im: f.im, seen: map[uint64]node{}}
	root, err := w.object(rootAt, nil, "", 0)
	switch {
	case err != nil:
		return nil, err
	case root.err != nil:
		return nil, inObject("/", root.err)
	case root.group == nil:
		return nil, inObject("/", corrupt(rootAt, "the root is a dataset, expected a group"))
	}
	f.root = root.group
	return f, nil
}

// Root returns the group "/".
func (f *File) Root() *Group { return f.root }

// charge takes n bytes from the limit.
func (f *File) charge(n uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n > f.left || n > math.MaxInt/2 { // a 32-bit system has no more
		return fmt.Errorf("%w: %d bytes to decode, %d left", ErrLimit, n, f.left)
	}
	f.left -= n
	return nil
}
