package hdf5

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Kind is what the elements of a dataset are.
type Kind uint8

// The kinds of elements.
const (
	// Float is an IEEE 754 number of 32 or 64 bits.
	Float Kind = iota + 1
	// Int is a signed or unsigned integer of 8, 16, 32 or 64 bits, or an
	// enumeration over one; h5py stores booleans as such an enumeration.
	Int
	// String is a string of fixed or variable length.
	String
	// Record is several numbers and strings, each with a name; HDF5 calls it a
	// compound.
	Record
	// Sequence is any number of numbers, as many for each element as it has.
	Sequence
)

// String returns the kind's name in the plural, as errors use it.
func (k Kind) String() string {
	switch k {
	case Float:
		return "floats"
	case Int:
		return "integers"
	case String:
		return "strings"
	case Record:
		return "records"
	case Sequence:
		return "sequences"
	}
	return "unknown elements"
}

// Classes of datatypes (section IV.A.2.d).
const (
	classFixed    = 0
	classFloat    = 1
	classString   = 3
	classCompound = 6
	classEnum     = 8
	classVlen     = 9
)

var classNames = [...]string{
	"fixed-point", "floating-point", "time", "string", "bit field", "opaque",
	"compound", "reference", "enumeration", "variable-length", "array", "complex",
}

// Padding of a fixed-length string.
const (
	padNulTerminated = 0
	padNul           = 1
	padSpace         = 2
)

// datatype is the type of one element.
type datatype struct {
	kind   Kind
	size   uint32 // bytes an element takes in the file
	order  binary.ByteOrder
	signed bool  // of an Int
	vlen   bool  // of a String: a length and a place in the global heap
	pad    uint8 // of a String of fixed length

	fields []field   // of a Record
	base   *datatype // of the elements of a Sequence
}

// field is one part of a Record.
type field struct {
	name string
	at   uint32 // its first byte in the record
	typ  datatype
}

// The bits of an IEEE 754 number as a datatype message describes them: offset,
// precision, exponent location and size, mantissa location and size, bias.
var (
	ieee16 = [7]uint32{0, 16, 10, 5, 0, 10, 15}
	ieee32 = [7]uint32{0, 32, 23, 8, 0, 23, 127}
	ieee64 = [7]uint32{0, 64, 52, 11, 0, 52, 1023}
)

// datatype reads a datatype message, or the part of one that describes a type.
func (im *image) datatype(c *cursor) (datatype, error) {
	at := c.at
	head := c.u8()
	class, version := head&0xf, head>>4
	flags := uint32(c.uint(3))
	t := datatype{size: c.u32(), order: binary.LittleEndian}
	if err := c.err("datatype"); err != nil {
		return t, err
	}
	// Versions differ in types that are not read here.
	if version < 1 || version > 5 {
		return t, unsupported(at, "datatype: version %d, expected 1 to 5", version)
	}
	switch class {
	case classFixed:
		t.kind = Int
		t.signed = flags&8 != 0
		if flags&1 != 0 {
			t.order = binary.BigEndian
		}
		offset, precision := c.u16(), c.u16()
		if err := c.err("datatype"); err != nil {
			return t, err
		}
		switch t.size {
		case 1, 2, 4, 8:
		default:
			return t, unsupported(at, "integer of %d bytes, expected 1, 2, 4 or 8", t.size)
		}
		if offset != 0 || uint32(precision) != 8*t.size {
			return t, unsupported(at, "integer of %d bits at bit %d in %d bytes", precision, offset, t.size)
		}

	case classFloat:
		t.kind = Float
		var order binary.ByteOrder
		switch flags & (1<<6 | 1) {
		case 0:
			order = binary.LittleEndian
		case 1:
			order = binary.BigEndian
		default:
			return t, unsupported(at, "floating-point number in VAX byte order")
		}
		t.order = order
		got := [7]uint32{
			uint32(c.u16()), uint32(c.u16()),
			uint32(c.u8()), uint32(c.u8()), uint32(c.u8()), uint32(c.u8()), c.u32(),
		}
		if err := c.err("datatype"); err != nil {
			return t, err
		}
		const implied = 2 // normalisation: the mantissa's leading one is not stored
		ieee := t.size == 2 && got == ieee16 || t.size == 4 && got == ieee32 || t.size == 8 && got == ieee64
		if !ieee || flags>>4&3 != implied || flags>>8&0xff != 8*t.size-1 {
			return t, unsupported(at, "floating-point number of %d bytes is not IEEE 754 binary16, binary32 or binary64", t.size)
		}

	case classString:
		t.kind = String
		t.pad = uint8(flags & 0xf)
		if t.size == 0 || t.pad > padSpace {
			return t, corrupt(at, "string of %d bytes with padding type %d", t.size, t.pad)
		}

	case classEnum:
		// The base type comes first, the names and values of the members,
		// which do not matter here, after it.
		base, err := im.datatype(c)
		if err != nil {
			return t, err
		}
		if base.kind != Int || base.size != t.size {
			return t, corrupt(at, "enumeration of %d bytes over %v of %d bytes", t.size, base.kind, base.size)
		}
		members := flags & 0xffff
		for range members {
			c.name(version)
		}
		c.skip(uint64(members) * uint64(base.size))
		return base, c.err("datatype")

	case classCompound:
		t.kind = Record
		err := im.compound(c, &t, at, version, flags&0xffff)
		return t, err

	case classVlen:
		base, err := im.datatype(c)
		if err != nil {
			return t, err
		}
		const ofString = 1
		switch {
		case flags&0xf == ofString:
			t.kind, t.vlen = String, true
		case base.kind == Int || base.kind == Float:
			t.kind, t.base = Sequence, &base
		default:
			return t, unsupported(at, "variable-length sequence of %v", base.kind)
		}
		if int(t.size) != 8+im.offSize {
			return t, corrupt(at, "variable-length element of %d bytes, expected %d", t.size, 8+im.offSize)
		}

	default:
		name := "unknown"
		if int(class) < len(classNames) {
			name = classNames[class]
		}
		return t, unsupported(at, "datatype of class %d (%s)", class, name)
	}
	return t, nil
}

// name takes the name of a field or a member, up to its NUL. Before version 3 it is
// padded to a multiple of 8 bytes.
func (c *cursor) name(version uint8) string {
	n := bytes.IndexByte(c.b, 0)
	if n < 0 {
		c.skip(uint64(len(c.b)) + 1) // ends early
		return ""
	}
	name := string(c.bytes(uint64(n)))
	end := uint64(1)
	if version < 3 {
		end = 8 - uint64(n)%8
	}
	c.skip(end)
	return name
}

// compound reads the fields of a record.
func (im *image) compound(c *cursor, t *datatype, at uint64, version uint8, count uint32) error {
	// From version 3 on an offset takes as many bytes as the size of a record needs.
	width := 4
	if version >= 3 {
		width = (bits.Len32(t.size) + 7) / 8
	}
	for range count {
		f := field{name: c.name(version), at: uint32(c.uint(width))}
		if version == 1 {
			if rank := c.u8(); rank != 0 {
				return unsupported(at, "field %.200q of %d dimensions", f.name, rank)
			}
			c.skip(3 + 4 + 4 + 4*4) // reserved, a permutation, dimensions
		}
		if err := c.err("datatype"); err != nil {
			return err
		}
		var err error
		if f.typ, err = im.datatype(c); err != nil {
			return err
		}
		switch f.typ.kind {
		case Int, Float, String:
		default:
			return unsupported(at, "field %.200q of %v", f.name, f.typ.kind)
		}
		if f.at > t.size || f.typ.size > t.size-f.at {
			return corrupt(at, "field %.200q of %d bytes at byte %d of a record of %d", f.name, f.typ.size, f.at, t.size)
		}
		t.fields = append(t.fields, f)
	}
	if len(t.fields) == 0 {
		return corrupt(at, "record without fields")
	}
	return nil
}
