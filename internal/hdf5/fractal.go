package hdf5

import (
	"math/bits"
	"slices"
)

// fractalHeap holds the links of a group in dense storage (section III.G). Its
// objects have addresses in a space of their own, which is cut into direct
// blocks; a doubling table says where each block is in the file.
type fractalHeap struct {
	im         *image
	at         uint64
	idSize     int // bytes of an object's identifier
	offsetSize int // bytes of an offset into the space
	sizeSize   int // bytes of an object's length
	checksums  bool

	width      uint64 // blocks in a row of the doubling table
	start      uint64 // size of the blocks of its first two rows; doubles from there
	directRows int    // rows of direct blocks; deeper rows are of indirect ones
	maxDirect  uint64 // size of the largest direct block
	spaceBits  int    // log2 of the size of the space

	blocks []heapBlock // ascending in offset
}

// heapBlock is a direct block: size bytes of the heap's space, and their place.
type heapBlock struct{ offset, size, at uint64 }

// fractalHeap reads the header at address at and finds all direct blocks.
func (im *image) fractalHeap(at uint64) (*fractalHeap, error) {
	const what = "fractal heap"
	size := uint64(4 + 1 + 2 + 2 + 1 + 4 + 12*im.lenSize + 3*im.offSize + 2 + 2 + 2 + 2 + 4)
	c, err := im.block(at, size, what)
	if err != nil {
		return nil, err
	}
	if err := c.signature("FRHP"); err != nil {
		return nil, err
	}
	version := c.u8()
	h := &fractalHeap{im: im, at: at, idSize: int(c.u16())}
	filters := c.u16()
	const hasChecksums = 1 << 1
	h.checksums = c.u8()&hasChecksums != 0
	maxManaged := uint64(c.u32())
	c.skip(uint64(im.lenSize + im.offSize)) // huge objects
	c.skip(uint64(im.lenSize + im.offSize)) // free space
	c.skip(uint64(8 * im.lenSize))          // managed space, counts of objects
	h.width = uint64(c.u16())
	h.start, h.maxDirect = c.length(), c.length()
	h.spaceBits = int(c.u16())
	c.skip(2) // rows that the root has at first
	root := c.address()
	rows := int(c.u16())
	if version != 0 || filters != 0 {
		return nil, unsupported(at, "%s: version %d with %d bytes of filters, expected version 0 without", what, version, filters)
	}
	if err := im.verify(at, &c, what); err != nil {
		return nil, err
	}
	if bits.OnesCount64(h.width) != 1 || bits.OnesCount64(h.start) != 1 || bits.OnesCount64(h.maxDirect) != 1 ||
		h.start > h.maxDirect || h.spaceBits < 1 || h.spaceBits > 63 || bits.Len64(h.maxDirect) > h.spaceBits {
		return nil, corrupt(at, "%s: a table of %d blocks a row, of %d to %d bytes in a space of %d bits, is impossible",
			what, h.width, h.start, h.maxDirect, h.spaceBits)
	}
	h.offsetSize = (h.spaceBits + 7) / 8
	h.sizeSize = min((bits.Len64(h.maxDirect)-1+7)/8, bytesFor(maxManaged))
	if h.idSize < 1+h.offsetSize+h.sizeSize {
		return nil, corrupt(at, "%s: an identifier of %d bytes is too short", what, h.idSize)
	}
	h.directRows = bits.Len64(h.maxDirect) - bits.Len64(h.start) + 2
	switch {
	case root == undefined:
	case rows == 0:
		err = h.direct(root, 0, h.start)
	default:
		err = h.indirect(root, 0, rows)
	}
	return h, err
}

// rowSize returns the size of a block in a row of the doubling table; rows is
// at most as many as the space has room for.
func (h *fractalHeap) rowSize(row int) uint64 {
	return h.start << max(row-1, 0)
}

// prefix reads what direct and indirect blocks begin with.
func (h *fractalHeap) prefix(c *cursor, sign string, offset uint64) error {
	at := c.at
	if err := c.signature(sign); err != nil {
		return err
	}
	version, heap, got := c.u8(), c.address(), c.uint(h.offsetSize)
	if version != 0 || heap != h.at || got != offset {
		return corrupt(at, "fractal heap block: version %d, offset %d of the heap at %d, expected 0, %d, %d", version, got, heap, offset, h.at)
	}
	return nil
}

// direct notes the direct block at address at.
func (h *fractalHeap) direct(at, offset, size uint64) error {
	c, err := h.im.block(at, size, "fractal heap block")
	if err != nil {
		return err
	}
	whole := c.b
	if err := h.prefix(&c, "FHDB", offset); err != nil {
		return err
	}
	if h.checksums {
		// The sum is taken with its own field zero.
		field := int(c.at - at)
		stored := c.u32()
		if err := c.err("fractal heap block"); err != nil {
			return err
		}
		zeroed := slices.Clone(whole)
		clear(zeroed[field : field+4])
		if err := h.im.compare(at, lookup3(zeroed), stored, "fractal heap block"); err != nil {
			return err
		}
	}
	if err := c.err("fractal heap block"); err != nil {
		return err
	}
	h.blocks = append(h.blocks, heapBlock{offset, size, at})
	return nil
}

// indirect reads the indirect block at address at, which has the given number
// of rows of the doubling table and begins at an offset of the heap's space.
func (h *fractalHeap) indirect(at, offset uint64, rows int) error {
	const what = "fractal heap indirect block"
	// The rows of a block cover width·start·2^(rows−1) bytes.
	if rows < 1 || rows-1+bits.Len64(h.width)-1+bits.Len64(h.start)-1 > h.spaceBits {
		return corrupt(at, "%s: %d rows exceed the heap's space", what, rows)
	}
	size := uint64(5+h.im.offSize+h.offsetSize) + uint64(rows)*h.width*uint64(h.im.offSize) + 4
	c, err := h.im.block(at, size, what)
	if err != nil {
		return err
	}
	if err := h.prefix(&c, "FHIB", offset); err != nil {
		return err
	}
	entries := c
	c.skip(uint64(rows) * h.width * uint64(h.im.offSize))
	if err := h.im.verify(at, &c, what); err != nil {
		return err
	}
	for row := range rows {
		size := h.rowSize(row)
		for range h.width {
			child := entries.address()
			switch {
			case child == undefined:
			case row < h.directRows:
				err = h.direct(child, offset, size)
			default:
				// A block of this size has the rows that fill it.
				childRows := bits.Len64(size) - bits.Len64(h.start) - (bits.Len64(h.width) - 1) + 1
				err = h.indirect(child, offset, childRows)
			}
			if err != nil {
				return err
			}
			offset += size
		}
	}
	return nil
}

// object returns the object with the identifier that c begins with.
func (h *fractalHeap) object(c cursor) (cursor, error) {
	at := c.at
	kind := c.u8()
	offset, size := c.uint(h.offsetSize), c.uint(h.sizeSize)
	if err := c.err("heap identifier"); err != nil {
		return c, err
	}
	if kind != 0 { // version 0 in the top bits, managed in the next two
		return c, unsupported(at, "fractal heap object of type %#02x, expected a managed one", kind)
	}
	i, found := slices.BinarySearchFunc(h.blocks, offset, func(b heapBlock, offset uint64) int {
		switch {
		case b.offset+b.size <= offset:
			return -1
		case b.offset > offset:
			return 1
		}
		return 0
	})
	if !found {
		return c, corrupt(at, "fractal heap has no block at offset %d", offset)
	}
	b := h.blocks[i]
	skip := offset - b.offset
	if size > b.size-skip {
		return c, corrupt(at, "fractal heap object of %d bytes does not fit its block", size)
	}
	return h.im.cursor(h.im.data[b.at+skip:b.at+skip+size], b.at+skip), nil
}
