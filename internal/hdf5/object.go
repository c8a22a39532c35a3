package hdf5

// Types of the object header messages that this package interprets (section
// IV.A.2 of the specification).
const (
	msgDataspace     = 0x01
	msgLinkInfo      = 0x02
	msgDatatype      = 0x03
	msgOldFillValue  = 0x04
	msgFillValue     = 0x05
	msgLink          = 0x06
	msgExternalFiles = 0x07
	msgLayout        = 0x08
	msgGroupInfo     = 0x0a
	msgFilters       = 0x0b
	msgContinuation  = 0x10
	msgSymbolTable   = 0x11
	lastKnownMessage = 0x17
)

// Flags of a message.
const (
	flagShared        = 1 << 1 // the body is a reference to a message elsewhere
	flagFailIfUnknown = 1 << 7 // a reader that does not know the type must give up
)

// Flags of a header of version 2; the lowest two bits are log2 of the width of
// its size.
const (
	headerSizeWidth = 3
	headerHasOrder  = 1 << 2 // each message carries its order of creation
	headerHasLimits = 1 << 4 // of the storage of attributes
	headerHasTimes  = 1 << 5
	headerReserved  = 0xc0
)

// block is a range of bytes of the file.
type block struct{ at, size uint64 }

// header holds the messages of one object that this package interprets; the
// others are skipped. An absent message has a nil body.
type header struct {
	at     uint64
	single [lastKnownMessage + 1]cursor
	links  []block
	// refused is the first thing that keeps the object from being used,
	// though its header is sound.
	refused error
}

// get returns a message that occurs at most once, and whether it is there.
func (h *header) get(kind int) (cursor, bool) {
	c := h.single[kind]
	return c, c.b != nil
}

// header reads the object header at address at, of version 1 or 2, with its
// continuation blocks.
func (im *image) header(at uint64) (*header, error) {
	c, err := im.rest(at, "object header")
	if err != nil {
		return nil, err
	}
	h := &header{at: at}
	if c.b[0] == 'O' {
		return h, im.headerV2(h, c)
	}
	return h, im.headerV1(h, c)
}

func (im *image) headerV1(h *header, c cursor) error {
	version := c.u8()
	c.skip(1)
	count := uint64(c.u16())
	c.skip(4) // reference count
	size := uint64(c.u32())
	c.skip(4) // padding to a multiple of 8
	if err := c.err("object header"); err != nil {
		return err
	}
	if version != 1 {
		return corrupt(h.at, "object header: version %d, expected 1 or the signature OHDR", version)
	}
	next := []block{{c.at, size}}
	seen := map[uint64]bool{}
	for len(next) > 0 && count > 0 {
		b := next[0]
		next = next[1:]
		c, err := im.block(b.at, b.size, "object header block")
		if err != nil {
			return err
		}
		for len(c.b) > 0 && count > 0 {
			at := c.at
			kind, size, flags := c.u16(), c.u16(), c.u8()
			c.skip(3)
			body := im.cursor(c.bytes(uint64(size)), at+8)
			if c.short {
				return corrupt(at, "message of %d bytes does not fit its object header block", size)
			}
			count--
			if kind != msgContinuation {
				if err := h.add(kind, flags, body); err != nil {
					return err
				}
				continue
			}
			more, err := continuation(body, seen)
			if err != nil {
				return err
			}
			next = append(next, more)
		}
	}
	if count > 0 {
		return corrupt(h.at, "object header: %d messages are missing", count)
	}
	return nil
}

func (im *image) headerV2(h *header, c cursor) error {
	if err := c.signature("OHDR"); err != nil {
		return err
	}
	version, flags := c.u8(), c.u8()
	if flags&headerHasTimes != 0 {
		c.skip(16)
	}
	if flags&headerHasLimits != 0 {
		c.skip(4)
	}
	size := c.uint(1 << (flags & headerSizeWidth))
	if err := c.err("object header"); err != nil {
		return err
	}
	if version != 2 || flags&headerReserved != 0 {
		return corrupt(h.at, "object header: version %d with flags %#02x, expected version 2", version, flags)
	}
	// The sum covers the block from its signature to the sum itself.
	prefix := c.at - h.at
	if size > uint64(len(im.data)) {
		return corrupt(h.at, "object header of %d bytes does not fit the file of %d bytes", size, len(im.data))
	}
	next := []block{{h.at, prefix + size + 4}}
	seen := map[uint64]bool{}
	for len(next) > 0 {
		b := next[0]
		next = next[1:]
		c, err := im.block(b.at, b.size, "object header block")
		if err != nil {
			return err
		}
		if b.at != h.at {
			if err := c.signature("OCHK"); err != nil {
				return err
			}
		} else {
			c.skip(prefix)
		}
		if len(c.b) < 4 {
			return corrupt(b.at, "object header block of %d bytes has no room for its checksum", b.size)
		}
		body := c.bytes(uint64(len(c.b) - 4))
		if err := im.verify(b.at, &c, "object header block"); err != nil {
			return err
		}
		c = im.cursor(body, b.at+b.size-4-uint64(len(body)))

		head := 4
		if flags&headerHasOrder != 0 {
			head += 2
		}
		// What is too short for a message is a gap.
		for len(c.b) >= head {
			at := c.at
			kind, size, mflags := c.u8(), c.u16(), c.u8()
			c.skip(uint64(head - 4))
			bodyAt := c.at
			body := im.cursor(c.bytes(uint64(size)), bodyAt)
			if c.short {
				return corrupt(at, "message of %d bytes does not fit its object header block", size)
			}
			if kind != msgContinuation {
				if err := h.add(uint16(kind), mflags, body); err != nil {
					return err
				}
				continue
			}
			more, err := continuation(body, seen)
			if err != nil {
				return err
			}
			next = append(next, more)
		}
	}
	return nil
}

// continuation decodes the place of a further block and refuses a second visit.
func continuation(c cursor, seen map[uint64]bool) (block, error) {
	at := c.at
	b := block{c.address(), c.length()}
	if err := c.err("continuation message"); err != nil {
		return b, err
	}
	if seen[b.at] {
		return b, corrupt(at, "continuation block %d occurs twice", b.at)
	}
	seen[b.at] = true
	return b, nil
}

// add keeps a message if it is of use.
func (h *header) add(kind uint16, flags uint8, body cursor) error {
	switch kind {
	case msgDataspace, msgLinkInfo, msgDatatype, msgOldFillValue, msgFillValue,
		msgLink, msgLayout, msgFilters, msgSymbolTable:
	case msgExternalFiles:
		h.refuse(unsupported(body.at, "dataset in external files"))
		return nil
	default:
		if kind > lastKnownMessage && flags&flagFailIfUnknown != 0 {
			h.refuse(unsupported(body.at, "critical message of unknown type %#04x", kind))
		}
		return nil
	}
	if flags&flagShared != 0 {
		h.refuse(unsupported(body.at, "shared message of type %#04x (committed datatype?)", kind))
		return nil
	}
	if len(body.b) == 0 {
		return corrupt(body.at, "message of type %#04x is empty", kind)
	}
	if kind == msgLink {
		h.links = append(h.links, block{body.at, uint64(len(body.b))})
		return nil
	}
	if h.single[kind].b != nil {
		return corrupt(body.at, "message of type %#04x occurs twice", kind)
	}
	h.single[kind] = body
	return nil
}

func (h *header) refuse(err error) {
	if h.refused == nil {
		h.refused = err
	}
}
