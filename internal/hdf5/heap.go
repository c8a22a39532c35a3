package hdf5

import "bytes"

// localHeap returns the data segment of the local heap at address at, where an
// old-style group keeps the names of its links.
func (im *image) localHeap(at uint64) (cursor, error) {
	c, err := im.block(at, uint64(8+2*im.lenSize+im.offSize), "local heap")
	if err != nil {
		return c, err
	}
	if err := c.signature("HEAP"); err != nil {
		return c, err
	}
	if version := c.u8(); version != 0 {
		return c, unsupported(at, "local heap: version %d, expected 0", version)
	}
	c.skip(3)
	size := c.length()
	c.length() // free list
	return im.block(c.address(), size, "local heap data")
}

// heapString returns the NUL-terminated string at an offset into the data
// segment of a local heap.
func (im *image) heapString(heap cursor, off uint64) (string, error) {
	if off >= uint64(len(heap.b)) {
		return "", corrupt(heap.at, "name at offset %d of a local heap of %d bytes", off, len(heap.b))
	}
	b := heap.b[off:]
	n := bytes.IndexByte(b, 0)
	if n < 0 {
		return "", corrupt(heap.at+off, "name in local heap has no end")
	}
	if err := im.visit(heap.at+off, uint64(n), "name"); err != nil {
		return "", err
	}
	return string(b[:n]), nil
}

// globalHeap reads variable-length values; each collection is parsed once.
type globalHeap struct {
	im          *image
	collections map[uint64]map[uint32][]byte
}

// object returns object index of the collection at address at.
func (h *globalHeap) object(at uint64, index uint32) ([]byte, error) {
	objects, ok := h.collections[at]
	if !ok {
		var err error
		if objects, err = h.im.collection(at); err != nil {
			return nil, err
		}
		if h.collections == nil {
			h.collections = map[uint64]map[uint32][]byte{}
		}
		h.collections[at] = objects
	}
	b, ok := objects[index]
	if !ok {
		return nil, corrupt(at, "global heap has no object %d", index)
	}
	return b, nil
}

// collection reads the objects of the global heap collection at address at.
func (im *image) collection(at uint64) (map[uint32][]byte, error) {
	const head = 16 // of the collection and of an object, padded to a multiple of 8
	c, err := im.block(at, head, "global heap")
	if err != nil {
		return nil, err
	}
	if err := c.signature("GCOL"); err != nil {
		return nil, err
	}
	if version := c.u8(); version != 1 {
		return nil, unsupported(at, "global heap: version %d, expected 1", version)
	}
	c.skip(3)
	size := c.length() // 4 or 8 bytes of the last 8
	if size < head {
		return nil, corrupt(at, "global heap of %d bytes, less than its header", size)
	}
	if c, err = im.block(at, size, "global heap"); err != nil {
		return nil, err
	}
	c.skip(head)
	objects := map[uint32][]byte{}
	for len(c.b) >= head {
		objectAt := c.at
		index := uint32(c.u16())
		c.skip(2 + 4) // reference count, reserved
		n := c.length()
		c.skip(uint64(8 - im.lenSize))
		if index == 0 { // the free space at the end
			break
		}
		b := c.bytes(n)
		if b == nil {
			return nil, corrupt(objectAt, "global heap object %d of %d bytes does not fit its collection", index, n)
		}
		if _, twice := objects[index]; twice {
			return nil, corrupt(objectAt, "global heap object %d occurs twice", index)
		}
		objects[index] = b
		c.skip(min(-n%8, uint64(len(c.b))))
	}
	return objects, nil
}
