package hdf5

import "bytes"

// signature opens every HDF5 file. It holds bytes that a transfer in text mode
// would change.
const signature = "\x89HDF\r\n\x1a\n"

// superblock reads the superblock (section II.A of the specification), sets the
// widths of im, cuts im to the end of file that the superblock states, and
// returns the address of the root group's object header.
func (im *image) superblock() (root uint64, err error) {
	if !im.signed(0) {
		// A user block of 512 bytes or a larger power of two may precede it.
		for at := uint64(512); at < uint64(len(im.data)); at *= 2 {
			if im.signed(at) {
				return 0, unsupported(at, "superblock after a user block")
			}
		}
		return 0, ErrNotHDF5
	}
	c := im.cursor(im.data, 0)
	c.skip(uint64(len(signature)))
	version := c.u8()
	if err := c.err("superblock"); err != nil {
		return 0, err
	}

	var base, eof uint64
	switch version {
	case 0, 1:
		c.skip(4) // versions of the free space, root entry and shared messages; reserved
		if err := im.widths(&c); err != nil {
			return 0, err
		}
		c.skip(1 + 2 + 2 + 4) // reserved, B-tree fan-outs, flags
		if version == 1 {
			c.skip(4) // fan-out of chunk B-trees, reserved
		}
		base = c.address()
		c.address() // free space
		eof = c.address()
		driver := c.address()
		c.address() // name of the root group
		root = c.address()
		if err := c.err("superblock"); err != nil {
			return 0, err
		}
		if driver != undefined {
			return 0, unsupported(0, "superblock: a file driver's information block")
		}
	case 2, 3:
		if err := im.widths(&c); err != nil {
			return 0, err
		}
		c.skip(1) // flags
		base = c.address()
		c.address() // extension
		eof = c.address()
		root = c.address()
		if err := im.verify(0, &c, "superblock"); err != nil {
			return 0, err
		}
	default:
		return 0, unsupported(8, "superblock: version %d, expected 0 to 3", version)
	}

	if base != 0 {
		return 0, unsupported(0, "superblock: base address %d, expected 0", base)
	}
	if eof > uint64(len(im.data)) {
		return 0, corrupt(0, "superblock: the file should have %d bytes, it has %d: it is cut short", eof, len(im.data))
	}
	if eof < c.at {
		return 0, corrupt(0, "superblock: the end of file, %d, is inside the superblock", eof)
	}
	im.data = im.data[:eof]
	return root, nil
}

// signed reports whether the signature is at byte at, which is in the file or
// at its end.
func (im *image) signed(at uint64) bool {
	return bytes.HasPrefix(im.data[at:], []byte(signature))
}

// widths takes the widths of addresses and lengths, for im and for c itself.
func (im *image) widths(c *cursor) error {
	at := c.at
	im.offSize, im.lenSize = int(c.u8()), int(c.u8())
	if err := c.err("superblock"); err != nil {
		return err
	}
	for _, n := range []int{im.offSize, im.lenSize} {
		if n != 4 && n != 8 {
			return unsupported(at, "superblock: addresses of %d and lengths of %d bytes, expected 4 or 8", im.offSize, im.lenSize)
		}
	}
	c.offSize, c.lenSize = im.offSize, im.lenSize
	return nil
}
