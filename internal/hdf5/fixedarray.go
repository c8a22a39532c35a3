package hdf5

import "math/bits"

// Contents of a fixed array.
const (
	arrayOfChunks         = 0 // an address
	arrayOfFilteredChunks = 1 // an address, the stored size, the mask of skipped filters
)

// fixedArray is an index of chunks (section VII.C). Its entries are in one block
// with one checksum or, if they are many, in pages with one each.
type fixedArray struct {
	im          *image
	at          uint64 // of the header
	contents    uint8
	entrySize   uint64
	entries     uint64
	pageEntries uint64

	first   uint64 // where entry 0 is
	paged   bool
	written []byte // bitmap of the pages that were
}

// fixedArray reads the chunks that a fixed array lists.
func (r *chunks) fixedArray() error {
	slots, err := r.slots()
	if err != nil {
		return err
	}
	a := fixedArray{im: r.im, at: r.d.layout.at, entries: slots}
	if len(r.d.layout.filters) > 0 {
		a.contents = arrayOfFilteredChunks
	}
	block, err := a.header()
	if err != nil || block == undefined {
		return err
	}
	if err := a.block(block); err != nil {
		return err
	}
	return r.each(func(origin []uint64, index uint64) error {
		entry, written := a.entry(index)
		if !written {
			return nil
		}
		at := entry.address()
		if at == undefined {
			return nil
		}
		size, mask := r.d.layout.chunkBytes, uint32(0)
		if a.contents == arrayOfFilteredChunks {
			size = entry.uint(len(entry.b) - 4)
			mask = entry.u32()
		}
		return r.read(origin, at, size, mask)
	})
}

// header reads the array's header and returns the address of its block.
func (a *fixedArray) header() (uint64, error) {
	const what = "fixed array header"
	c, err := a.im.block(a.at, uint64(4+1+1+1+1+a.im.lenSize+a.im.offSize+4), what)
	if err != nil {
		return 0, err
	}
	if err := c.signature("FAHD"); err != nil {
		return 0, err
	}
	version, contents, entrySize, pageBits := c.u8(), c.u8(), c.u8(), c.u8()
	entries, block := c.length(), c.address()
	if err := a.im.verify(a.at, &c, what); err != nil {
		return 0, err
	}
	if version != 0 {
		return 0, unsupported(a.at, "%s: version %d, expected 0", what, version)
	}
	least, most := a.im.offSize, a.im.offSize
	if a.contents == arrayOfFilteredChunks {
		least, most = least+1+4, most+8+4
	}
	if contents != a.contents || entries != a.entries || int(entrySize) < least || int(entrySize) > most || pageBits > 31 {
		return 0, corrupt(a.at, "%s: contents %d with %d entries of %d bytes in pages of 2^%d, expected contents %d with %d entries of %d to %d bytes",
			what, contents, entries, entrySize, pageBits, a.contents, a.entries, least, most)
	}
	a.entrySize, a.pageEntries = uint64(entrySize), 1<<pageBits
	return block, nil
}

// block verifies the array's data block at address at.
func (a *fixedArray) block(at uint64) error {
	const what = "fixed array block"
	hi, size := bits.Mul64(a.entries, a.entrySize)
	if hi != 0 || size > uint64(len(a.im.data)) {
		return corrupt(at, "%s: %d entries of %d bytes do not fit the file", what, a.entries, a.entrySize)
	}
	var pages uint64
	if a.paged = a.entries > a.pageEntries; a.paged {
		pages = (a.entries-1)/a.pageEntries + 1
	}
	bitmap := (pages + 7) / 8
	c, err := a.im.block(at, uint64(4+1+1+a.im.offSize)+bitmap+size+4+4*pages, what)
	if err != nil {
		return err
	}
	if err := c.signature("FADB"); err != nil {
		return err
	}
	version, contents, header := c.u8(), c.u8(), c.address()
	if version != 0 || contents != a.contents || header != a.at {
		return corrupt(at, "%s: version %d and contents %d of the array at %d, expected 0, %d, %d", what, version, contents, header, a.contents, a.at)
	}
	if !a.paged {
		a.first = c.at
		c.skip(size)
		return a.im.verify(at, &c, what)
	}
	a.written = c.bytes(bitmap)
	if err := a.im.verify(at, &c, what); err != nil {
		return err
	}
	a.first = c.at
	for page := range pages {
		pageAt := c.at
		c.skip(min(a.pageEntries, a.entries-page*a.pageEntries) * a.entrySize)
		if !a.isWritten(page) {
			c.skip(4)
		} else if err := a.im.verify(pageAt, &c, what); err != nil {
			return err
		}
	}
	return nil
}

func (a *fixedArray) isWritten(page uint64) bool {
	return a.written[page/8]&(0x80>>(page%8)) != 0
}

// entry returns an entry and whether its page was written.
func (a *fixedArray) entry(i uint64) (cursor, bool) {
	at := a.first + i*a.entrySize
	if a.paged {
		page := i / a.pageEntries
		if !a.isWritten(page) {
			return cursor{}, false
		}
		at += 4 * page // the checksums of the pages before
	}
	return a.im.cursor(a.im.data[at:at+a.entrySize], at), true
}
