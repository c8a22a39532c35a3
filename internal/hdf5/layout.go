package hdf5

import (
	"fmt"
	"math/bits"
)

// Classes of layouts (section IV.A.2.i).
const (
	layoutCompact    = 0
	layoutContiguous = 1
	layoutChunked    = 2
	layoutVirtual    = 3
)

// Indexes that find the chunks of a dataset. The numbers from 1 on are those of
// a layout message of version 4; version 3 has none, its chunks are in a
// version 1 B-tree.
const (
	indexBtree1          = 0
	indexSingle          = 1
	indexImplicit        = 2
	indexFixedArray      = 3
	indexExtensibleArray = 4
	indexBtree2          = 5
)

// layout says where the elements of a dataset are.
type layout struct {
	class   uint8
	compact []byte // the elements themselves
	at      uint64 // of the elements, or of the index of their chunks
	size    uint64 // of the elements, in bytes, unless they are chunked

	chunk      []uint64 // dimensions of a chunk
	chunkBytes uint64   // bytes of a chunk, unfiltered
	index      uint8
	filters    []filter
	// edgesUnfiltered says that chunks which reach beyond the dataset skip
	// the filters.
	edgesUnfiltered bool
	singleSize      uint64 // stored bytes of a single filtered chunk
	singleMask      uint32
}

// layout reads a layout message for a dataset of the given shape and size of
// elements.
func (im *image) layout(c cursor, s *dataspace, elementSize uint32) (layout, error) {
	var l layout
	at := c.at
	version := c.u8()
	l.class = c.u8()
	if err := c.err("layout"); err != nil {
		return l, err
	}
	if version != 3 && version != 4 {
		return l, unsupported(at, "layout: version %d, expected 3 or 4", version)
	}
	switch l.class {
	case layoutCompact:
		l.size = uint64(c.u16())
		l.at = c.at
		l.compact = c.bytes(l.size)
	case layoutContiguous:
		l.at, l.size = c.address(), c.length()
	case layoutChunked:
		if err := im.chunking(&c, &l, version, s, elementSize); err != nil {
			return l, err
		}
	case layoutVirtual:
		return l, unsupported(at, "virtual dataset")
	default:
		return l, corrupt(at, "layout of class %d", l.class)
	}
	return l, c.err("layout")
}

// chunking reads the rest of a layout message of class chunked.
func (im *image) chunking(c *cursor, l *layout, version uint8, s *dataspace, elementSize uint32) error {
	const (
		edgesUnfiltered = 1 << 0
		singleFiltered  = 1 << 1
	)
	at := c.at
	var flags uint8
	width := 4
	if version == 4 {
		flags = c.u8()
	}
	rank := int(c.u8()) - 1 // the size of an element counts as a dimension
	if version == 4 {
		width = int(c.u8())
	} else {
		l.at = c.address()
	}
	if err := c.err("layout"); err != nil {
		return err
	}
	if rank < 1 || rank != len(s.dims) || width < 1 || width > 8 {
		return corrupt(at, "layout: chunks of rank %d in dimensions of %d bytes for a dataset of rank %d", rank, width, len(s.dims))
	}
	l.chunkBytes = uint64(elementSize)
	for range rank {
		n := c.uint(width)
		hi, lo := bits.Mul64(l.chunkBytes, n)
		if n == 0 || hi != 0 || lo > 1<<32-1 {
			return corrupt(at, "layout: a chunk has 1 to 2^32−1 bytes; dimension %d is %d", len(l.chunk), n)
		}
		l.chunk, l.chunkBytes = append(l.chunk, n), lo
	}
	if n := c.uint(width); n != uint64(elementSize) {
		return corrupt(at, "layout: elements of %d bytes, the datatype has %d", n, elementSize)
	}
	if version == 3 {
		return nil
	}
	l.edgesUnfiltered = flags&edgesUnfiltered != 0
	l.index = c.u8()
	switch l.index {
	case indexSingle:
		l.singleSize = l.chunkBytes
		if flags&singleFiltered != 0 {
			l.singleSize, l.singleMask = c.length(), c.u32()
		}
	case indexImplicit:
	case indexFixedArray:
		c.skip(1) // repeated in the array's header
	case indexExtensibleArray:
		return unsupported(at, "chunk index: extensible array")
	case indexBtree2:
		return unsupported(at, "chunk index: version 2 B-tree")
	default:
		return corrupt(at, "layout: chunk index of type %d", l.index)
	}
	l.at = c.address()
	return nil
}

// raw returns the stored bytes of all elements in row-major order, which may
// alias the file. The caller will decode them to outSize bytes each: these and
// what is allocated here are charged to the limit.
func (d *Dataset) raw(outSize int) ([]byte, error) {
	size, err := d.charge(outSize)
	if err != nil || size == 0 {
		return nil, err
	}
	l, im := &d.layout, d.file.im
	if l.class != layoutChunked {
		if l.at == undefined {
			return d.blank(size)
		}
		if size > l.size {
			return nil, corrupt(l.at, "the data have %d bytes, expected %d", l.size, size)
		}
		if l.class == layoutCompact {
			return l.compact[:size], nil
		}
		c, err := im.block(l.at, size, "contiguous data")
		return c.b, err
	}
	raw, err := d.blank(size)
	if err != nil || l.at == undefined {
		return raw, err
	}
	return raw, d.readChunks(&im, raw)
}

// charge takes the decoded elements from the limit and returns how many bytes
// they take in the file.
func (d *Dataset) charge(outSize int) (uint64, error) {
	hiOut, out := bits.Mul64(d.space.count, uint64(outSize))
	hi, size := bits.Mul64(d.space.count, uint64(d.typ.size))
	if hiOut != 0 || hi != 0 {
		return 0, fmt.Errorf("%w: %d elements of %d bytes", ErrLimit, d.space.count, d.typ.size)
	}
	return size, d.file.charge(out)
}

// blank returns size bytes of fill values.
func (d *Dataset) blank(size uint64) ([]byte, error) {
	if err := d.file.charge(size); err != nil {
		return nil, err
	}
	raw := make([]byte, size)
	if d.fill != nil {
		for b := raw; len(b) > 0; {
			b = b[copy(b, d.fill):]
		}
	}
	return raw, nil
}
