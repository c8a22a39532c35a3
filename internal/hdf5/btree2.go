package hdf5

import "math/bits"

// btreeLinkName is the type of a version 2 B-tree that indexes links by name.
const btreeLinkName = 5

// linkNameSize returns the size of a record of such a tree: the hash of the
// name and the place of the link in the heap.
func linkNameSize(h *fractalHeap) int { return 4 + h.idSize }

// Bytes of a node of a version 2 B-tree besides its records and pointers:
// signature, version, type, checksum.
const btree2Overhead = 4 + 1 + 1 + 4

// tree2 is a version 2 B-tree (section III.A.2).
type tree2 struct {
	im         *image
	kind       uint8
	nodeSize   uint64
	recordSize uint64
	leaf       func(record cursor) error
	left       uint64 // records the header promises that have not been met

	// A pointer to a child has its address, its number of records and, for
	// a child that is no leaf, the number in its whole subtree. The widths
	// of both numbers follow from how many records fit.
	countSize int
	totalSize []int // by depth of the child
}

// btree2 walks the version 2 B-tree at address at in order and calls leaf with
// each record.
func (im *image) btree2(at uint64, kind uint8, recordSize int, leaf func(record cursor) error) error {
	const what = "version 2 B-tree header"
	size := uint64(4 + 1 + 1 + 4 + 2 + 2 + 1 + 1 + im.offSize + 2 + im.lenSize + 4)
	c, err := im.block(at, size, what)
	if err != nil {
		return err
	}
	if err := c.signature("BTHD"); err != nil {
		return err
	}
	version, gotKind := c.u8(), c.u8()
	t := tree2{im: im, kind: kind, nodeSize: uint64(c.u32()), recordSize: uint64(c.u16()), leaf: leaf}
	depth := int(c.u16())
	c.skip(2) // when nodes split and merge
	root, records := c.address(), uint64(c.u16())
	t.left = c.length()
	if err := im.verify(at, &c, what); err != nil {
		return err
	}
	switch {
	case version != 0:
		return unsupported(at, "%s: version %d, expected 0", what, version)
	case gotKind != kind || t.recordSize != uint64(recordSize):
		return corrupt(at, "%s: type %d with records of %d bytes, expected %d of %d", what, gotKind, t.recordSize, kind, recordSize)
	case t.nodeSize < btree2Overhead+t.recordSize:
		return corrupt(at, "%s: nodes of %d bytes hold no record", what, t.nodeSize)
	case t.left == 0:
		return nil
	}
	if err := t.widths(at, depth); err != nil {
		return err
	}
	if err := t.node(root, records, depth); err != nil {
		return err
	}
	if t.left != 0 {
		return corrupt(at, "%s: %d records are missing", what, t.left)
	}
	return nil
}

// widths computes the widths of the pointers in a tree of the given depth.
func (t *tree2) widths(at uint64, depth int) error {
	fit := (t.nodeSize - btree2Overhead) / t.recordSize // records in a leaf
	total := fit                                        // records in a subtree
	t.countSize = bytesFor(fit)
	t.totalSize = []int{0} // of a leaf, the count is the total
	for d := 1; d <= depth; d++ {
		pointer := uint64(t.im.offSize + t.countSize + t.totalSize[d-1])
		if t.nodeSize < btree2Overhead+pointer+pointer+t.recordSize {
			return corrupt(at, "version 2 B-tree: nodes of %d bytes hold no two children", t.nodeSize)
		}
		fit = (t.nodeSize - btree2Overhead - pointer) / (t.recordSize + pointer)
		hi, lo := bits.Mul64(fit+1, total)
		if total = lo + fit; hi != 0 || total < lo {
			return corrupt(at, "version 2 B-tree: a depth of %d is impossible", depth)
		}
		t.totalSize = append(t.totalSize, bytesFor(total))
	}
	return nil
}

// bytesFor returns how many bytes the format gives a number that is at most n.
func bytesFor(n uint64) int { return max(bits.Len64(n)-1, 0)/8 + 1 }

// node walks the node at address at, which has the given number of records.
func (t *tree2) node(at, records uint64, depth int) error {
	sign := "BTLF"
	size := btree2Overhead + records*t.recordSize
	pointer := 0
	if depth > 0 {
		sign = "BTIN"
		pointer = t.im.offSize + t.countSize + t.totalSize[depth-1]
		size += (records + 1) * uint64(pointer)
	}
	if size > t.nodeSize {
		return corrupt(at, "version 2 B-tree node: %d records do not fit %d bytes", records, t.nodeSize)
	}
	c, err := t.im.block(at, size, "version 2 B-tree node")
	if err != nil {
		return err
	}
	if err := c.signature(sign); err != nil {
		return err
	}
	version, kind := c.u8(), c.u8()
	if version != 0 || kind != t.kind {
		return corrupt(at, "version 2 B-tree node: version %d and type %d, expected 0 and %d", version, kind, t.kind)
	}
	recordsAt := c.at
	recs := t.im.cursor(c.bytes(records*t.recordSize), recordsAt)
	children := c
	c.skip(size - btree2Overhead - records*t.recordSize)
	if err := t.im.verify(at, &c, "version 2 B-tree node"); err != nil {
		return err
	}
	for i := uint64(0); i <= records; i++ {
		if depth > 0 {
			child := children.address()
			count := children.uint(t.countSize)
			children.skip(uint64(t.totalSize[depth-1]))
			if err := t.node(child, count, depth-1); err != nil {
				return err
			}
		}
		if i == records {
			break
		}
		if t.left == 0 {
			return corrupt(at, "version 2 B-tree node: more records than its header says")
		}
		t.left--
		recordAt := recs.at
		if err := t.leaf(t.im.cursor(recs.bytes(t.recordSize), recordAt)); err != nil {
			return err
		}
	}
	return nil
}
