package hdf5

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"github.com/snurun/snurun/internal/float16"
)

// Dataset is an array of numbers, strings, records or sequences in row-major order.
type Dataset struct {
	file   *File
	parent *Group
	name   string

	space  dataspace
	typ    datatype
	layout layout
	fill   []byte // one element, or nil for zeros
}

// Path returns the dataset's absolute path; of a dataset with several hard
// links, the first that was met.
func (d *Dataset) Path() string { return d.parent.join(d.name) }

// Group returns the group that the dataset is in.
func (d *Dataset) Group() *Group { return d.parent }

// Kind returns what the elements are.
func (d *Dataset) Kind() Kind { return d.typ.kind }

// Shape returns the dimensions: none for a scalar, which has one element, and
// [0] for a null dataspace (h5py.Empty), which has none.
func (d *Dataset) Shape() []int {
	shape := make([]int, len(d.space.dims))
	for i, n := range d.space.dims {
		shape[i] = int(n)
	}
	return shape
}

// dataset interprets the messages of a dataset's header.
func (im *image) dataset(h *header) (*Dataset, error) {
	var d Dataset
	typ, hasType := h.get(msgDatatype)
	space, hasSpace := h.get(msgDataspace)
	place, hasLayout := h.get(msgLayout)
	if hasType && !hasSpace && !hasLayout {
		return nil, unsupported(h.at, "committed datatype")
	}
	if !hasType || !hasSpace || !hasLayout {
		return nil, corrupt(h.at, "object is neither a group nor a dataset: datatype %t, dataspace %t, layout %t", hasType, hasSpace, hasLayout)
	}
	var err error
	if d.typ, err = im.datatype(&typ); err != nil {
		return nil, err
	}
	if d.space, err = im.dataspace(space); err != nil {
		return nil, err
	}
	if d.layout, err = im.layout(place, &d.space, d.typ.size); err != nil {
		return nil, err
	}
	if c, ok := h.get(msgFilters); ok {
		if d.layout.filters, err = im.filters(c); err != nil {
			return nil, err
		}
	}
	if d.fill, err = fillValue(h, d.typ.size); err != nil {
		return nil, err
	}
	return &d, nil
}

// fillValue returns the element that stands where nothing was written, nil for
// zeros. The old message counts where the new one is absent.
func fillValue(h *header, size uint32) ([]byte, error) {
	c, ok := h.get(msgFillValue)
	defined := true
	if ok {
		at := c.at
		switch version := c.u8(); version {
		case 1, 2:
			c.skip(2) // times of allocation and of writing
			defined = c.u8() != 0
		case 3:
			const hasValue = 1 << 5
			defined = c.u8()&hasValue != 0
		default:
			return nil, unsupported(at, "fill value: version %d, expected 1 to 3", version)
		}
	} else if c, ok = h.get(msgOldFillValue); !ok {
		return nil, nil
	}
	if !defined {
		return nil, c.err("fill value")
	}
	at := c.at
	n := c.u32()
	value := c.bytes(uint64(n))
	if err := c.err("fill value"); err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, nil
	}
	if n != size {
		return nil, corrupt(at, "fill value of %d bytes, elements have %d", n, size)
	}
	return value, nil
}

// Float64s returns the elements of a dataset of floats or integers, in row-major
// order. Integers beyond 2^53 are rounded to nearest.
//
// The error is [ErrType] for strings; [ErrCorrupt] if the stored data are
// damaged; [ErrLimit] if they exceed the file's limit.
func (d *Dataset) Float64s() ([]float64, error) { return numbers[float64](d) }

// Float32s is like [Dataset.Float64s] but rounds to nearest float32; what is out
// of its range becomes an infinity.
func (d *Dataset) Float32s() ([]float32, error) { return numbers[float32](d) }

func numbers[T float32 | float64](d *Dataset) ([]T, error) {
	if d.typ.kind == Int {
		return integers(d, func(v uint64) (T, bool) {
			if d.typ.signed {
				return T(int64(v)), true
			}
			return T(v), true
		})
	}
	raw, err := d.read(Float, binary.Size(T(0)))
	if err != nil {
		return nil, err
	}
	out := make([]T, d.space.count)
	switch d.typ.size {
	case 2:
		for i := range out {
			out[i] = T(float16.Float32(d.typ.order.Uint16(raw[2*i:])))
		}
		return out, nil
	case 4:
		for i := range out {
			out[i] = T(math.Float32frombits(d.typ.order.Uint32(raw[4*i:])))
		}
		return out, nil
	}
	for i := range out {
		out[i] = T(math.Float64frombits(d.typ.order.Uint64(raw[8*i:])))
	}
	return out, nil
}

// Int64s returns the elements of a dataset of integers, in row-major order. The
// errors are those of [Dataset.Float64s], with [ErrType] for floats and for an
// unsigned element beyond the range of int64.
func (d *Dataset) Int64s() ([]int64, error) {
	return integers(d, func(v uint64) (int64, bool) {
		return int64(v), d.typ.signed || v <= math.MaxInt64
	})
}

// integers converts each element, widened to 64 bits with its sign, unless
// convert refuses it.
func integers[T int64 | float32 | float64](d *Dataset, convert func(uint64) (T, bool)) ([]T, error) {
	raw, err := d.read(Int, binary.Size(T(0)))
	if err != nil {
		return nil, err
	}
	out := make([]T, d.space.count)
	size := int(d.typ.size)
	for i := range out {
		v := d.typ.integer(raw[size*i:])
		x, ok := convert(v)
		if !ok {
			return nil, inObject(d.Path(), fmt.Errorf("%w: element %d is %d, beyond int64", ErrType, i, v))
		}
		out[i] = x
	}
	return out, nil
}

// integer returns the integer at the front of p, widened to 64 bits with its sign.
func (t *datatype) integer(p []byte) uint64 {
	switch {
	case t.size == 1 && t.signed:
		return uint64(int8(p[0]))
	case t.size == 1:
		return uint64(p[0])
	case t.size == 2 && t.signed:
		return uint64(int16(t.order.Uint16(p)))
	case t.size == 2:
		return uint64(t.order.Uint16(p))
	case t.size == 4 && t.signed:
		return uint64(int32(t.order.Uint32(p)))
	case t.size == 4:
		return uint64(t.order.Uint32(p))
	}
	return t.order.Uint64(p)
}

// Strings returns the elements of a dataset of strings, in row-major order,
// without their padding; a string ends at its first NUL, as for h5py. The bytes
// are not checked to be UTF-8. The errors are those of [Dataset.Float64s], with
// [ErrType] for numbers.
func (d *Dataset) Strings() ([]string, error) {
	raw, err := d.read(String, 2*bits.UintSize/8) // a Go string besides its text

	if err != nil {
		return nil, err
	}
	im := d.file.im
	heap := globalHeap{im: &im}
	size := int(d.typ.size)
	out := make([]string, d.space.count)
	for i := range out {
		b := raw[size*i : size*(i+1)]
		if d.typ.vlen {
			if b, err = heap.elements(b, 1); err != nil {
				return nil, inObject(d.Path(), err)
			}
		}
		b = d.typ.trim(b)
		if err := d.file.charge(uint64(len(b))); err != nil {
			return nil, inObject(d.Path(), err)
		}
		out[i] = string(b)
	}
	return out, nil
}

// elements returns the stored bytes that a variable-length element refers to, each of
// its own elements taking size of them.
func (h *globalHeap) elements(element []byte, size uint32) ([]byte, error) {
	c := h.im.cursor(element, 0)
	n, at, index := uint64(c.u32())*uint64(size), c.address(), c.u32()
	if n == 0 {
		return nil, nil
	}
	b, err := h.object(at, index)
	if err != nil {
		return nil, err
	}
	if n > uint64(len(b)) {
		return nil, corrupt(at, "global heap object %d has %d bytes, an element of %d refers to it", index, len(b), n)
	}
	return b[:n], nil
}

// trim cuts the padding off a stored string.
func (t *datatype) trim(b []byte) []byte {
	if t.pad == padSpace && !t.vlen {
		return bytes.TrimRight(b, " ")
	}
	if n := bytes.IndexByte(b, 0); n >= 0 {
		return b[:n]
	}
	return b
}

// read returns the stored bytes of all elements, which must be of the kind
// given and will take outSize bytes each when decoded.
func (d *Dataset) read(want Kind, outSize int) ([]byte, error) {
	if d.typ.kind != want {
		return nil, inObject(d.Path(), fmt.Errorf("%w: holds %v, expected %v", ErrType, d.typ.kind, want))
	}
	raw, err := d.raw(outSize)
	if err != nil {
		return nil, inObject(d.Path(), err)
	}
	return raw, nil
}
