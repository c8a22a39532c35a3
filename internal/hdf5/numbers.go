package hdf5

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/snurun/snurun/internal/float16"
)

// Numbers are floats or integers as the file has them, decoded one by one: the elements
// of a dataset, a field of its records, or one of its sequences. They share the memory
// of the file.
type Numbers struct {
	typ    *datatype
	raw    []byte // from the first number on
	stride int    // bytes from one number to the next
	n      int
}

// Len returns how many there are.
func (x *Numbers) Len() int { return x.n }

// At returns number i; integers beyond 2^53 are rounded to nearest.
func (x *Numbers) At(i int) float64 {
	p, order := x.raw[i*x.stride:], x.typ.order
	switch {
	case x.typ.kind == Float && x.typ.size == 2:
		return float64(float16.Float32(order.Uint16(p)))
	case x.typ.kind == Float && x.typ.size == 4:
		return float64(math.Float32frombits(order.Uint32(p)))
	case x.typ.kind == Float:
		return math.Float64frombits(order.Uint64(p))
	}
	v := x.typ.integer(p)
	if x.typ.signed {
		return float64(int64(v))
	}
	return float64(v)
}

// Whole reports whether they are integers.
func (x *Numbers) Whole() bool { return x.typ.kind == Int }

// Fields returns the names of the fields of records, nil for other elements.
func (d *Dataset) Fields() []string {
	var names []string
	for _, f := range d.typ.fields {
		names = append(names, f.name)
	}
	return names
}

// Columns returns the fields of a dataset of records, nil for one of strings, or the
// only column of one of numbers. The errors are those of [Dataset.Float64s].
func (d *Dataset) Columns() ([]*Numbers, error) {
	fields := d.typ.fields
	switch d.typ.kind {
	case Record:
	case Int, Float:
		fields = []field{{typ: d.typ}}
	default:
		return nil, inObject(d.Path(), fmt.Errorf("%w: holds %v, expected numbers or records", ErrType, d.typ.kind))
	}
	raw, err := d.read(d.typ.kind, 0)
	if err != nil {
		return nil, err
	}
	var all []*Numbers
	for i, f := range fields {
		if f.typ.kind == String {
			all = append(all, nil)
			continue
		}
		x := &Numbers{typ: &fields[i].typ, stride: int(d.typ.size), n: int(d.space.count)}
		if x.n > 0 {
			x.raw = raw[f.at:]
		}
		all = append(all, x)
	}
	return all, nil
}

// Sequences returns the elements of a dataset of sequences, in row-major order. The
// errors are those of [Dataset.Float64s], with [ErrType] for other elements.
func (d *Dataset) Sequences() ([]Numbers, error) {
	raw, err := d.read(Sequence, int(unsafe.Sizeof(Numbers{})))
	if err != nil {
		return nil, err
	}
	im := d.file.im
	heap := globalHeap{im: &im}
	size, left := int(d.typ.size), uint64(len(im.data))
	out := make([]Numbers, d.space.count)
	for i := range out {
		b, err := heap.elements(raw[size*i:size*(i+1)], d.typ.base.size)
		if err != nil {
			return nil, inObject(d.Path(), err)
		}
		// Elements that share their numbers could be more than anybody has time for.
		if uint64(len(b)) > left {
			return nil, inObject(d.Path(), corrupt(d.layout.at, "sequences of more bytes than the file has, %d", len(im.data)))
		}
		left -= uint64(len(b))
		out[i] = Numbers{d.typ.base, b, int(d.typ.base.size), len(b) / int(d.typ.base.size)}
	}
	return out, nil
}
