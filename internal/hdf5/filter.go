package hdf5

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Filters that a chunk may have passed through (section IV.A.2.l).
const (
	filterDeflate    = 1
	filterShuffle    = 2
	filterFletcher32 = 3
	filterLZF        = 32000 // registered by h5py
)

// maxFilters is the longest pipeline the format has.
const maxFilters = 32

// filterNames are those of filters that are not undone; 32001 and what follows are
// registered with The HDF Group.
var filterNames = map[uint16]string{
	4: "szip", 5: "nbit", 6: "scaleoffset", 307: "bzip2", 32001: "blosc", 32004: "lz4", 32008: "bitshuffle", 32015: "zstd", 32026: "blosc2", 36559: "Metavision ECF",
}

// filter is one step of a pipeline.
type filter struct {
	id          uint16
	elementSize uint64 // of shuffle
}

// filters reads a filter pipeline message.
func (im *image) filters(c cursor) ([]filter, error) {
	at := c.at
	version, count := c.u8(), int(c.u8())
	switch {
	case version == 1:
		c.skip(6)
	case version != 2:
		return nil, unsupported(at, "filter pipeline: version %d, expected 1 or 2", version)
	}
	if count > maxFilters {
		return nil, corrupt(at, "filter pipeline: %d filters, expected at most %d", count, maxFilters)
	}
	var filters []filter
	packed := 0
	for range count {
		at := c.at
		f := filter{id: c.u16()}
		var nameSize uint64
		const firstNamed = 256 // version 2 names only filters that users registered
		if version == 1 || f.id >= firstNamed {
			nameSize = uint64(c.u16())
		}
		c.skip(2) // flags
		values := uint64(c.u16())
		if version == 1 {
			nameSize += -nameSize % 8
		}
		c.skip(nameSize)
		params := im.cursor(c.bytes(4*values), at)
		if version == 1 && values%2 == 1 {
			c.skip(4)
		}
		if err := c.err("filter pipeline"); err != nil {
			return nil, err
		}
		switch f.id {
		case filterDeflate, filterLZF:
			if packed++; packed > 1 {
				return nil, unsupported(at, "two filters that compress")
			}
		case filterShuffle:
			f.elementSize = uint64(params.u32())
			if params.short || f.elementSize == 0 {
				return nil, corrupt(at, "filter shuffle without a size of elements")
			}
		case filterFletcher32:
		default:
			name := filterNames[f.id]
			if name == "" {
				name = "unknown"
			}
			return nil, unsupported(at, "filter %d (%s): h5repack -f GZIP=4 IN OUT packs a file with one that is read", f.id, name)
		}
		filters = append(filters, f)
	}
	return filters, nil
}

// pipeline undoes filters chunk after chunk. It keeps its buffers between them.
type pipeline struct {
	filters  []filter
	inflater io.ReadCloser
	inflated []byte
	shuffled []byte
}

// undo returns the size bytes that the filters, but for those whose bit of mask
// is set, turned into b, which is at byte at of the file. The result is valid
// until the next call.
func (p *pipeline) undo(b []byte, at, size uint64, mask uint32) ([]byte, error) {
	for i := len(p.filters) - 1; i >= 0; i-- {
		if mask>>i&1 != 0 {
			continue
		}
		var err error
		switch f := p.filters[i]; f.id {
		case filterDeflate, filterLZF:
			// What was compressed is the chunk and the checksums before.
			n := size
			for j, g := range p.filters[:i] {
				if g.id == filterFletcher32 && mask>>j&1 == 0 {
					n += 4
				}
			}
			if f.id == filterLZF {
				b, err = p.unpack(b, n)
			} else {
				b, err = p.inflate(b, n)
			}
		case filterShuffle:
			b = p.unshuffle(b, f.elementSize)
		case filterFletcher32:
			b, err = verifyFletcher32(b)
		}
		if err != nil {
			return nil, corrupt(at, "chunk: %v", err)
		}
	}
	if uint64(len(b)) != size {
		return nil, corrupt(at, "chunk has %d bytes, expected %d", len(b), size)
	}
	return b, nil
}

// inflate decompresses a zlib stream of size bytes.
func (p *pipeline) inflate(b []byte, size uint64) ([]byte, error) {
	src := bytes.NewReader(b)
	var err error
	if p.inflater == nil {
		p.inflater, err = zlib.NewReader(src)
	} else {
		err = p.inflater.(zlib.Resetter).Reset(src, nil)
	}
	if err != nil {
		return nil, err
	}
	p.inflated = grow(p.inflated, size)
	if n, err := io.ReadFull(p.inflater, p.inflated); err != nil {
		return nil, fmt.Errorf("inflated %d bytes, expected %d: %w", n, size, err)
	}
	// Reading on to the end verifies the stream's own checksum.
	var more [1]byte
	if n, err := io.ReadFull(p.inflater, more[:]); n != 0 {
		return nil, fmt.Errorf("inflates to more than %d bytes", size)
	} else if err != io.EOF {
		return nil, err
	}
	return p.inflated, nil
}

var errShortRun = errors.New("LZF data end within a run")

// unpack decompresses LZF data of size bytes: runs of literals, and copies of what
// came up to 8 kB before, of at least 3 bytes.
func (p *pipeline) unpack(b []byte, size uint64) ([]byte, error) {
	p.inflated = grow(p.inflated, size)[:0]
	out := p.inflated
	for len(b) > 0 {
		control := int(b[0])
		b = b[1:]
		if control < 32 {
			n := control + 1
			if n > len(b) {
				return nil, errShortRun
			}
			if uint64(len(out)+n) > size {
				return nil, fmt.Errorf("LZF data unpack to more than %d bytes", size)
			}
			out, b = append(out, b[:n]...), b[n:]
			continue
		}
		n := control >> 5
		if n == 7 {
			if len(b) == 0 {
				return nil, errShortRun
			}
			n, b = n+int(b[0]), b[1:]
		}
		if len(b) == 0 {
			return nil, errShortRun
		}
		n += 2
		back := control&31<<8 + int(b[0]) + 1
		b = b[1:]
		if back > len(out) {
			return nil, fmt.Errorf("LZF data copy from %d bytes back, but there are %d", back, len(out))
		}
		if uint64(len(out)+n) > size {
			return nil, fmt.Errorf("LZF data unpack to more than %d bytes", size)
		}
		for range n { // which may run into what it copies
			out = append(out, out[len(out)-back])
		}
	}
	if uint64(len(out)) != size {
		return nil, fmt.Errorf("LZF data unpack to %d bytes, expected %d", len(out), size)
	}
	p.inflated = out
	return out, nil
}

// unshuffle gathers the bytes of each element, which shuffle has spread over as
// many planes as an element has bytes. What is no whole element stays last.
func (p *pipeline) unshuffle(b []byte, elementSize uint64) []byte {
	n := uint64(len(b)) / elementSize
	if n <= 1 || elementSize == 1 {
		return b
	}
	p.shuffled = grow(p.shuffled, uint64(len(b)))
	whole := int(n * elementSize)
	for plane := range int(elementSize) {
		src := b[plane*int(n):][:n]
		for i, j := 0, plane; j < whole; i, j = i+1, j+int(elementSize) {
			p.shuffled[j] = src[i]
		}
	}
	copy(p.shuffled[whole:], b[whole:])
	return p.shuffled
}

// grow returns a buffer of n bytes, b if it has room.
func grow(b []byte, n uint64) []byte {
	if n <= uint64(cap(b)) {
		return b[:n]
	}
	return make([]byte, n)
}

// verifyFletcher32 checks and cuts the checksum at the end of b.
func verifyFletcher32(b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("%d bytes have no room for a checksum", len(b))
	}
	data, stored := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if sum := fletcher32(data); sum != stored {
		return nil, fmt.Errorf("Fletcher-32 checksum is %#08x, stored %#08x", sum, stored)
	}
	return data, nil
}

// fletcher32 is the checksum of b as 16-bit big-endian words, the last one
// padded with a zero byte.
func fletcher32(b []byte) uint32 {
	var lo, hi uint32
	for len(b) > 0 {
		// So many words cannot overflow 32 bits between reductions.
		n := min(len(b), 2*360)
		for i := 0; i < n; i += 2 {
			word := uint32(b[i]) << 8
			if i+1 < len(b) {
				word |= uint32(b[i+1])
			}
			lo += word
			hi += lo
		}
		b = b[n:]
		lo = lo&0xffff + lo>>16
		hi = hi&0xffff + hi>>16
	}
	lo = lo&0xffff + lo>>16
	hi = hi&0xffff + hi>>16
	return hi<<16 | lo
}
