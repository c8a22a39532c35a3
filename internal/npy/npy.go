// Package npy reads and writes NumPy's array files: .npy (versions 1 to 3 of
// numpy.lib.format) and .npz, a zip archive of them. It reads arrays of
// booleans, integers and floats of either byte order and either memory order,
// and trusts nothing that a file says about its size.
package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/snurun/snurun/internal/float16"
)

// ErrFormat is the error of data that are no array that this package reads.
var ErrFormat = errors.New("malformed NumPy array")

// Type is the type of an array's elements, written as NumPy writes it, without
// the byte order.
type Type string

// The types that are read and written.
const (
	Bool    Type = "b1"
	Int8    Type = "i1"
	Int16   Type = "i2"
	Int32   Type = "i4"
	Int64   Type = "i8"
	Uint8   Type = "u1"
	Uint16  Type = "u2"
	Uint32  Type = "u4"
	Uint64  Type = "u8"
	Float16 Type = "f2"
	Float32 Type = "f4"
	Float64 Type = "f8"
)

var types = []Type{Bool, Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32, Uint64, Float16, Float32, Float64}

// size returns the bytes of one element.
func (t Type) size() int { return int(t[1] - '0') }

// Array is an array in C order: the last dimension is the fastest.
type Array struct {
	Type  Type
	Shape []int
	data  []byte // little-endian
}

// Element is what the elements of a new array can be.
type Element interface {
	uint8 | int32 | int64 | float32 | float64
}

// New returns an array with a copy of data, whose length must be the product
// of the shape.
func New[E Element](data []E, shape ...int) (*Array, error) {
	a := &Array{Shape: slices.Clone(shape)}
	switch any(data).(type) {
	case []uint8:
		a.Type = Uint8
	case []int32:
		a.Type = Int32
	case []int64:
		a.Type = Int64
	case []float32:
		a.Type = Float32
	case []float64:
		a.Type = Float64
	}
	n, err := volume(shape, a.Type.size())
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	if n != len(data) {
		return nil, fmt.Errorf("npy: %d elements for shape %v, expected %d", len(data), shape, n)
	}
	// Append fails only for types without a fixed size.
	a.data, err = binary.Append(make([]byte, 0, n*a.Type.size()), binary.LittleEndian, data)
	return a, err
}

// Len returns the number of elements.
func (a *Array) Len() int { return len(a.data) / a.Type.size() }

// At returns element i, in C order, as a float64; integers beyond 2⁵³ are
// rounded.
func (a *Array) At(i int) float64 {
	le := binary.LittleEndian
	switch a.Type {
	case Int8:
		return float64(int8(a.data[i]))
	case Int16:
		return float64(int16(le.Uint16(a.data[2*i:])))
	case Uint16:
		return float64(le.Uint16(a.data[2*i:]))
	case Int32:
		return float64(int32(le.Uint32(a.data[4*i:])))
	case Uint32:
		return float64(le.Uint32(a.data[4*i:]))
	case Int64:
		return float64(int64(le.Uint64(a.data[8*i:])))
	case Uint64:
		return float64(le.Uint64(a.data[8*i:]))
	case Float16:
		return float64(float16.Float32(le.Uint16(a.data[2*i:])))
	case Float32:
		return float64(math.Float32frombits(le.Uint32(a.data[4*i:])))
	case Float64:
		return math.Float64frombits(le.Uint64(a.data[8*i:]))
	default: // Bool, Uint8
		return float64(a.data[i])
	}
}

// Limits of one array. maxBytes is what an int holds on every platform.
const (
	maxBytes = math.MaxInt32
	maxRank  = 32
)

// volume multiplies a shape and checks that its elements fit in maxBytes.
func volume(shape []int, size int) (int, error) {
	if len(shape) > maxRank {
		return 0, fmt.Errorf("%d dimensions, expected at most %d", len(shape), maxRank)
	}
	n := 1
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %v, expected dimensions of at least 0", shape)
		}
		if d > 0 && n > maxBytes/size/d {
			return 0, fmt.Errorf("shape %v, more than %d bytes", shape, maxBytes)
		}
		n *= d
	}
	return n, nil
}
