package hdf5

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// Builder is a group of a file to be written. It keeps the slices that it is
// given, which must not change before [Builder.WriteTo].
//
// A mistake, such as a name that occurs twice or data that do not fit their
// shape, is reported by WriteTo.
type Builder struct {
	members []*member
	names   map[string]bool
	errs    []error
}

// member is a group or a dataset of a group.
type member struct {
	name  string
	group *Builder // nil for a dataset

	shape []int
	typ   []byte // datatype message
	size  uint64 // bytes of all elements
	texts []string
	write func(w io.Writer) // writes the elements unless they are texts
	at    uint64            // where they are
}

// NewBuilder returns an empty group, the root of a file.
func NewBuilder() *Builder {
	return &Builder{names: map[string]bool{}}
}

// Group adds an empty group and returns it.
func (b *Builder) Group(name string) *Builder {
	g := NewBuilder()
	b.add(&member{name: name, group: g})
	return g
}

// Float32s adds a dataset of float32. Data are in row-major order; an empty
// shape makes a scalar, which has one element.
func (b *Builder) Float32s(name string, shape []int, data []float32) {
	b.array(&member{name: name, shape: shape, typ: typeFloat32, write: func(w io.Writer) {
		var p [4]byte
		for _, v := range data {
			binary.LittleEndian.PutUint32(p[:], math.Float32bits(v))
			w.Write(p[:])
		}
	}}, len(data), 4)
}

// Float64s is like [Builder.Float32s] for float64.
func (b *Builder) Float64s(name string, shape []int, data []float64) {
	b.array(&member{name: name, shape: shape, typ: typeFloat64, write: func(w io.Writer) {
		var p [8]byte
		for _, v := range data {
			binary.LittleEndian.PutUint64(p[:], math.Float64bits(v))
			w.Write(p[:])
		}
	}}, len(data), 8)
}

// Int64s is like [Builder.Float32s] for int64.
func (b *Builder) Int64s(name string, shape []int, data []int64) {
	b.array(&member{name: name, shape: shape, typ: typeInt64, write: func(w io.Writer) {
		var p [8]byte
		for _, v := range data {
			binary.LittleEndian.PutUint64(p[:], uint64(v))
			w.Write(p[:])
		}
	}}, len(data), 8)
}

// String adds a scalar string, which h5py returns as bytes.
func (b *Builder) String(name, value string) {
	b.Strings(name, nil, []string{value})
}

// Strings is like [Builder.Float32s] for strings of variable length. They must
// be UTF-8 without a NUL, which would end them.
func (b *Builder) Strings(name string, shape []int, data []string) {
	for i, s := range data {
		if !utf8.ValidString(s) || strings.Contains(s, "\x00") || uint64(len(s)) > math.MaxUint32 {
			b.mistake("dataset %.100q: string %d, %.100q, is not UTF-8 without NUL", name, i, s)
			return
		}
	}
	b.array(&member{name: name, shape: shape, typ: typeString, texts: data}, len(data), stringSize)
}

// array adds a dataset of n elements, which must be what its shape has.
func (b *Builder) array(m *member, n int, elementSize uint64) {
	count := uint64(1)
	for _, d := range m.shape {
		hi, lo := bits.Mul64(count, uint64(d))
		if d < 0 || hi != 0 {
			b.mistake("dataset %.100q: the shape %v is impossible", m.name, m.shape)
			return
		}
		count = lo
	}
	if count != uint64(n) || len(m.shape) > maxRank {
		b.mistake("dataset %.100q: %d elements for the shape %v of rank %d", m.name, n, m.shape, len(m.shape))
		return
	}
	m.size = count * elementSize
	b.add(m)
}

func (b *Builder) add(m *member) {
	switch {
	case !utf8.ValidString(m.name) || len(m.name) > maxName || !validName(m.name):
		b.mistake("%.100q cannot be the name of a member", m.name)
	case b.names[m.name]:
		b.mistake("the name %.100q occurs twice", m.name)
	default:
		b.names[m.name] = true
		b.members = append(b.members, m)
	}
}

func (b *Builder) mistake(format string, args ...any) {
	b.errs = append(b.errs, fmt.Errorf("hdf5: "+format, args...))
}

// err returns the mistakes in the tree.
func (b *Builder) err() error {
	errs := []error{errors.Join(b.errs...)}
	for _, m := range b.members {
		if m.group != nil {
			errs = append(errs, m.group.err())
		}
	}
	return errors.Join(errs...)
}
