package hdf5

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
)

// WriteTo writes a file whose root is b. Equal trees, built in the same order,
// give equal bytes.
//
// The file has a superblock of version 2, object headers of version 2 with link
// messages, and contiguous data, which HDF5 reads since release 1.8. Its parts
// are the superblock, the elements of all datasets of numbers, and the strings
// and headers, members before their groups; only the last part is assembled in
// memory.
func (b *Builder) WriteTo(w io.Writer) (int64, error) {
	if err := b.err(); err != nil {
		return 0, err
	}
	const superblockSize = 48
	f := writer{base: superblockSize}
	f.place(b)
	f.elements = f.heap()
	root := f.group(b)

	s := append([]byte(signature), 2, 8, 8, 0) // version, widths of addresses and lengths, flags
	s = binary.LittleEndian.AppendUint64(s, 0)
	s = binary.LittleEndian.AppendUint64(s, undefined) // no extension
	s = binary.LittleEndian.AppendUint64(s, f.end())
	s = binary.LittleEndian.AppendUint64(s, root)
	s = binary.LittleEndian.AppendUint32(s, lookup3(s))

	// A buffered writer keeps its first error until it is flushed.
	n := counter{w: w}
	out := bufio.NewWriter(&n)
	out.Write(s)
	for _, m := range f.numbers {
		m.write(out)
		out.Write(make([]byte, -m.size%8))
	}
	out.Write(f.buf)
	err := out.Flush()
	return n.n, err
}

// counter counts the bytes written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// Datatype messages: class and version, bits, size, properties.
var (
	typeFloat32 = []byte{0x11, 0x20, 0x1f, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0}
	typeFloat64 = []byte{0x11, 0x20, 0x3f, 0, 8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52, 0xff, 0x03, 0, 0}
	typeInt64   = []byte{0x10, 0x08, 0, 0, 8, 0, 0, 0, 0, 0, 64, 0}
	// A variable-length string in UTF-8 over unsigned bytes.
	typeString = []byte{0x19, 0x01, 0x01, 0, stringSize, 0, 0, 0, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0}
)

// stringSize is the size of a variable-length string in a dataset: its length
// and its place in the global heap.
const stringSize = 4 + 8 + 4

// maxName is the longest name that fits a link message.
const maxName = math.MaxUint16 - (3 + 2 + 8)

// Bounds of a global heap collection: the size below which readers refuse one,
// and the highest index of an object.
const (
	minCollection = 4096
	maxObject     = math.MaxUint16
)

// writer assembles the strings and headers of a file, which begin at address
// base, after the numbers.
type writer struct {
	base     uint64
	buf      []byte
	numbers  []*member
	texts    []string // of all datasets of strings, in the order of the tree
	elements []byte   // what refers to them, in the same order
}

// end returns the address after all that was assembled.
func (f *writer) end() uint64 { return f.base + uint64(len(f.buf)) }

// place gives the numbers of the tree their addresses, multiples of 8, and
// collects its strings.
func (f *writer) place(b *Builder) {
	for _, m := range b.members {
		switch {
		case m.group != nil:
			f.place(m.group)
		case m.size == 0:
			m.at = undefined // nothing is stored
		case m.write == nil:
			f.texts = append(f.texts, m.texts...)
		default:
			m.at = f.base
			f.numbers = append(f.numbers, m)
			f.base += m.size + -m.size%8
		}
	}
}

// heap writes the strings into global heap collections and returns the elements
// that refer to them. An empty string has no object.
func (f *writer) heap() []byte {
	texts := f.texts
	elements := make([]byte, 0, stringSize*len(texts))
	for len(texts) > 0 {
		at := f.end()
		collection := append([]byte("GCOL\x01\x00\x00\x00"), make([]byte, 8)...)
		for index := uint64(1); len(texts) > 0 && index <= maxObject; texts = texts[1:] {
			s := texts[0]
			if s == "" {
				elements = append(elements, make([]byte, stringSize)...)
				continue
			}
			const references = 1 << 16 // one, after the index
			collection = binary.LittleEndian.AppendUint64(collection, index|references)
			collection = binary.LittleEndian.AppendUint64(collection, uint64(len(s)))
			collection = pad8(append(collection, s...))
			elements = binary.LittleEndian.AppendUint32(elements, uint32(len(s)))
			elements = binary.LittleEndian.AppendUint64(elements, at)
			elements = binary.LittleEndian.AppendUint32(elements, uint32(index))
			index++
		}
		// What is left free is an object with index 0, its header included.
		if free := minCollection - len(collection); free > 0 {
			object := make([]byte, free)
			if free >= 16 {
				binary.LittleEndian.PutUint64(object[8:], uint64(free))
			}
			collection = append(collection, object...)
		}
		binary.LittleEndian.PutUint64(collection[8:], uint64(len(collection)))
		f.buf = append(f.buf, collection...)
	}
	return elements
}

// group writes a group and returns the address of its header.
func (f *writer) group(b *Builder) uint64 {
	var m messages
	info := binary.LittleEndian.AppendUint64([]byte{0, 0}, undefined) // no dense storage
	m.add(msgLinkInfo, binary.LittleEndian.AppendUint64(info, undefined))
	m.add(msgGroupInfo, []byte{0, 0})
	for _, child := range b.members {
		var at uint64
		if child.group != nil {
			at = f.group(child.group)
		} else {
			at = f.dataset(child)
		}
		const width, utf8Charset = 1, 1
		link := []byte{1, linkHasCharset | width, utf8Charset}
		link = binary.LittleEndian.AppendUint16(link, uint16(len(child.name)))
		link = append(link, child.name...)
		m.add(msgLink, binary.LittleEndian.AppendUint64(link, at))
	}
	return f.header(m)
}

// dataset writes the header of a dataset, after its elements if they are
// strings, and returns its address.
func (f *writer) dataset(d *member) uint64 {
	at := d.at
	if d.write == nil && d.size > 0 {
		at = f.end()
		f.buf = append(f.buf, f.elements[:d.size]...)
		f.elements = f.elements[d.size:]
	}
	var m messages
	space := []byte{2, byte(len(d.shape)), 0, 0}
	if len(d.shape) > 0 {
		space[3] = 1 // simple
	}
	for _, n := range d.shape {
		space = binary.LittleEndian.AppendUint64(space, uint64(n))
	}
	m.add(msgDataspace, space)
	m.add(msgDatatype, d.typ)
	const allocateLate, writeIfSet = 2, 2 << 2
	m.add(msgFillValue, []byte{3, allocateLate | writeIfSet})
	place := binary.LittleEndian.AppendUint64([]byte{3, layoutContiguous}, at)
	m.add(msgLayout, binary.LittleEndian.AppendUint64(place, d.size))
	return f.header(m)
}

// header writes an object header and returns its address.
func (f *writer) header(m messages) uint64 {
	at := f.end()
	const sizeWidth = 2 // log2 of the width of the size that follows
	h := append([]byte("OHDR\x02"), sizeWidth)
	h = binary.LittleEndian.AppendUint32(h, uint32(len(m)))
	h = append(h, m...)
	h = binary.LittleEndian.AppendUint32(h, lookup3(h))
	f.buf = append(f.buf, pad8(h)...)
	return at
}

// pad8 pads b to a multiple of 8 bytes.
func pad8(b []byte) []byte { return append(b, make([]byte, -len(b)&7)...) }

// messages are the encoded messages of an object header.
type messages []byte

func (m *messages) add(kind byte, body []byte) {
	*m = append(*m, kind)
	*m = binary.LittleEndian.AppendUint16(*m, uint16(len(body)))
	*m = append(*m, 0) // flags
	*m = append(*m, body...)
}
