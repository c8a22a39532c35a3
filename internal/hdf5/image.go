package hdf5

import (
	"encoding/binary"
	"math"
)

// undefined is the address of something that has no place in the file.
const undefined = math.MaxUint64

// overlapFactor bounds the bytes of structure that one walk may visit, in
// files. Structures of a sound file do not overlap, and none is visited more
// than a few times; a hostile file may chain blocks that share bytes, and would
// otherwise make a walk quadratic in its size.
const overlapFactor = 4

// image is a file in memory together with the widths of its addresses and
// lengths. It counts the bytes visited; a walk of its own takes a copy.
type image struct {
	data             []byte
	offSize, lenSize int
	visited          uint64
	// ignoreSums lets tests get past the checksums, as an attacker does who
	// computes them.
	ignoreSums bool
}

// block returns a cursor on the n bytes at address at.
func (im *image) block(at, n uint64, what string) (cursor, error) {
	size := uint64(len(im.data))
	if at == undefined {
		return cursor{}, corrupt(undefined, "%s: its address is undefined", what)
	}
	if at > size || n > size-at {
		return cursor{}, corrupt(at, "%s: %d bytes do not fit the file of %d bytes", what, n, size)
	}
	if err := im.visit(at, n, what); err != nil {
		return cursor{}, err
	}
	return im.cursor(im.data[at:at+n], at), nil
}

// visit counts n bytes, at most the file's size, of structure at address at.
func (im *image) visit(at, n uint64, what string) error {
	im.visited += n
	if im.visited > overlapFactor*uint64(len(im.data)) {
		return corrupt(at, "%s: the structures add up to more than the file: they overlap", what)
	}
	return nil
}

// rest returns a cursor on everything from at to the end of the file, without
// counting it: the caller counts what it takes.
func (im *image) rest(at uint64, what string) (cursor, error) {
	if at >= uint64(len(im.data)) {
		return cursor{}, corrupt(at, "%s: outside the file of %d bytes", what, len(im.data))
	}
	return im.cursor(im.data[at:], at), nil
}

func (im *image) cursor(b []byte, at uint64) cursor {
	return cursor{b: b, at: at, offSize: im.offSize, lenSize: im.lenSize}
}

// cursor decodes little-endian fields from the front of b, which is at byte at
// of the file. Reading past the end gives zeros and sets short, so that a
// structure of fixed shape needs one check, by err, after its last field.
type cursor struct {
	b                []byte
	at               uint64
	offSize, lenSize int
	short            bool
}

// bytes takes the next n bytes, or none if fewer are left.
func (c *cursor) bytes(n uint64) []byte {
	if n > uint64(len(c.b)) {
		c.short = true
		c.at += uint64(len(c.b))
		c.b = nil
		return nil
	}
	p := c.b[:n:n]
	c.b = c.b[n:]
	c.at += n
	return p
}

func (c *cursor) skip(n uint64) { c.bytes(n) }

// uint takes an unsigned integer of n bytes, n at most 8.
func (c *cursor) uint(n int) uint64 {
	var v [8]byte
	copy(v[:], c.bytes(uint64(n)))
	return binary.LittleEndian.Uint64(v[:])
}

func (c *cursor) u8() uint8   { return uint8(c.uint(1)) }
func (c *cursor) u16() uint16 { return uint16(c.uint(2)) }
func (c *cursor) u32() uint32 { return uint32(c.uint(4)) }
func (c *cursor) u64() uint64 { return c.uint(8) }

// length takes a size in the file's width of lengths.
func (c *cursor) length() uint64 { return c.uint(c.lenSize) }

// address takes an address in the file's width; all ones are undefined.
func (c *cursor) address() uint64 {
	a := c.uint(c.offSize)
	if a == 1<<(8*c.offSize)-1 {
		return undefined
	}
	return a
}

// signature takes the four bytes that open a block.
func (c *cursor) signature(want string) error {
	at := c.at
	if got := c.bytes(4); string(got) != want {
		return corrupt(at, "signature is %q, expected %q", got, want)
	}
	return nil
}

// err reports whether a field was read past the end.
func (c *cursor) err(what string) error {
	if c.short {
		return corrupt(c.at, "%s ends early", what)
	}
	return nil
}

// verify takes the lookup3 sum that stands at c and compares it with that of
// everything from byte at up to it.
func (im *image) verify(at uint64, c *cursor, what string) error {
	covered := im.data[at:c.at]
	stored := c.u32()
	if err := c.err(what); err != nil {
		return err
	}
	return im.compare(at, lookup3(covered), stored, what)
}

// compare compares a computed checksum with the stored one.
func (im *image) compare(at uint64, sum, stored uint32, what string) error {
	if sum != stored && !im.ignoreSums {
		return corrupt(at, "%s: checksum is %#08x, stored %#08x", what, sum, stored)
	}
	return nil
}
