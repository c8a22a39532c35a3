package hdf5

// Node types of a version 1 B-tree.
const (
	btreeGroup = 0
	btreeChunk = 1
)

// btree1 walks the version 1 B-tree at address at (section III.A.1) in order
// and calls leaf with each entry of its leaves: a cursor on the key, of keySize
// bytes, and the child's address.
func (im *image) btree1(at uint64, kind uint8, keySize int, leaf func(key cursor, child uint64) error) error {
	return im.btree1Node(at, kind, -1, keySize, leaf)
}

// btree1Node walks one node, which must be of the level given, or of any if
// level is negative. Levels fall by one from node to child, so the depth is at
// most 256.
func (im *image) btree1Node(at uint64, kind uint8, level, keySize int, leaf func(cursor, uint64) error) error {
	c, err := im.block(at, uint64(8+2*im.offSize), "B-tree node")
	if err != nil {
		return err
	}
	if err := c.signature("TREE"); err != nil {
		return err
	}
	gotKind, gotLevel, entries := c.u8(), int(c.u8()), int(c.u16())
	if gotKind != kind {
		return corrupt(at, "B-tree node has type %d, expected %d", gotKind, kind)
	}
	if level >= 0 && gotLevel != level {
		return corrupt(at, "B-tree node is at level %d, expected %d", gotLevel, level)
	}
	c.skip(uint64(2 * im.offSize)) // siblings
	c, err = im.block(c.at, uint64(entries)*uint64(keySize+im.offSize), "B-tree entries")
	if err != nil {
		return err
	}
	for range entries {
		keyAt := c.at
		key := im.cursor(c.bytes(uint64(keySize)), keyAt)
		child := c.address()
		if gotLevel > 0 {
			err = im.btree1Node(child, kind, gotLevel-1, keySize, leaf)
		} else {
			err = leaf(key, child)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
