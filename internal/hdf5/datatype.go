package hdf5

import (
	"encoding/binary"
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
	}
	return "unknown elements"
}

// Classes of datatypes (section IV.A.2.d).
const (
	classFixed  = 0
	classFloat  = 1
	classString = 3
	classEnum   = 8
	classVlen   = 9
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
}

// The bits of an IEEE 754 number as a datatype message describes them: offset,
// precision, exponent location and size, mantissa location and size, bias.
var (
	ieee16 = [7]uint32{0, 16, 10, 5, 0, 10, 15}
	ieee32 = [7]uint32{0, 32, 23, 8, 0, 23, 127}
	ieee64 = [7]uint32{0, 64, 52, 11, 0, 52, 1023}
)

// datatype reads a datatype message.
func (im *image) datatype(c cursor) (datatype, error) {
	at := c.at
	head := c.u8()
	class, version := head&0xf, head>>4
	bits := uint32(c.uint(3))
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
		t.signed = bits&8 != 0
		if bits&1 != 0 {
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
		switch bits & (1<<6 | 1) {
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
		if !ieee || bits>>4&3 != implied || bits>>8&0xff != 8*t.size-1 {
			return t, unsupported(at, "floating-point number of %d bytes is not IEEE 754 binary16, binary32 or binary64", t.size)
		}

	case classString:
		t.kind = String
		t.pad = uint8(bits & 0xf)
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
		return base, nil

	case classVlen:
		const ofString = 1
		if bits&0xf != ofString {
			return t, unsupported(at, "variable-length sequence that is not a string")
		}
		t.kind = String
		t.vlen = true
		if int(t.size) != 8+im.offSize {
			return t, corrupt(at, "variable-length string of %d bytes, expected %d", t.size, 8+im.offSize)
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
