package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/snurun/snurun/internal/bounded"
)

// magic starts a .npy file; a major and a minor version follow.
const magic = "\x93NUMPY"

// maxHeader bounds the length of a header. NumPy's own are a few hundred bytes.
const maxHeader = 1 << 16

// Read reads one array and expects the end of r after it. Memory grows with
// the data that arrive. Errors are ErrFormat, or those of r.
func Read(r io.Reader) (*Array, error) {
	a, records, err := ReadRecords(r)
	if records != nil {
		return nil, records.noNumbers()
	}
	return a, err
}

// Records is an array of records of numbers, of any shape.
type Records struct {
	Names  []string
	Fields []*Array // of each name, in C order
}

// noNumbers is the error of records where numbers are expected.
func (r *Records) noNumbers() error {
	return fmt.Errorf("%w: an array of records with the fields %q, expected numbers", ErrFormat, r.Names)
}

// ReadRecords is Read for an array that may be one of records; the other is nil.
func ReadRecords(r io.Reader) (*Array, *Records, error) {
	at := 0
	// take reads n bytes of what.
	take := func(n int, what string) ([]byte, error) {
		b, err := bounded.Read(r, n)
		at += len(b)
		switch err {
		case nil:
			return b, nil
		case io.ErrUnexpectedEOF:
			return nil, fmt.Errorf("%w at byte %d: the data end after %d of %d bytes of %s", ErrFormat, at, len(b), n, what)
		default:
			return nil, fmt.Errorf("byte %d: %w", at, err)
		}
	}
	b, err := take(len(magic)+2, "magic string and version")
	if err != nil {
		return nil, nil, err
	}
	if string(b[:len(magic)]) != magic {
		return nil, nil, fmt.Errorf("%w at byte 0: found %q, expected %q", ErrFormat, b[:len(magic)], magic)
	}
	major, minor := b[len(magic)], b[len(magic)+1]
	lengthSize := 4
	switch {
	case minor != 0 || major < 1 || major > 3:
		return nil, nil, fmt.Errorf("%w at byte %d: version %d.%d, expected 1.0, 2.0 or 3.0", ErrFormat, len(magic), major, minor)
	case major == 1:
		lengthSize = 2
	}
	if b, err = take(lengthSize, "header length"); err != nil {
		return nil, nil, err
	}
	length := binary.LittleEndian.Uint32(append(b, 0, 0, 0, 0))
	if length > maxHeader {
		return nil, nil, fmt.Errorf("%w at byte %d: a header of %d bytes, expected at most %d", ErrFormat, at-lengthSize, length, maxHeader)
	}
	if b, err = take(int(length), "header"); err != nil {
		return nil, nil, err
	}
	h, err := parseHeader(string(b))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	n, err := volume(h.shape, h.stride())
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	a := &Array{Type: h.typ, Shape: h.shape}
	if a.data, err = take(n*h.stride(), "elements"); err != nil {
		return nil, nil, err
	}
	if k, err := io.ReadFull(r, make([]byte, 1)); k > 0 {
		return nil, nil, fmt.Errorf("%w at byte %d: data past the end of shape %v", ErrFormat, at, h.shape)
	} else if err != io.EOF {
		return nil, nil, fmt.Errorf("byte %d: %w", at, err)
	}
	if h.fields != nil {
		return nil, h.split(a.data, n), nil
	}
	if h.typ == Bool {
		if i := slices.IndexFunc(a.data, func(b byte) bool { return b > 1 }); i >= 0 {
			return nil, nil, fmt.Errorf("%w at byte %d: a boolean of %d, expected 0 or 1", ErrFormat, at-len(a.data)+i, a.data[i])
		}
	}
	if h.big {
		swapBytes(a.data, h.typ.size())
	}
	if h.fortran {
		a.data = cOrder(a.data, h.shape, h.typ.size())
	}
	return a, nil, nil
}

// split divides n records into their fields.
func (h *header) split(data []byte, n int) *Records {
	r := &Records{}
	at, stride := 0, h.stride()
	for _, f := range h.fields {
		size := f.size()
		if f.pad > 0 {
			at += size
			continue
		}
		a := &Array{Type: f.typ, Shape: h.shape, data: make([]byte, 0, n*size)}
		for i := range n {
			a.data = append(a.data, data[i*stride+at:][:size]...)
		}
		if f.big {
			swapBytes(a.data, size)
		}
		r.Names, r.Fields = append(r.Names, f.name), append(r.Fields, a)
		at += size
	}
	return r
}

// swapBytes reverses the bytes of every element.
func swapBytes(data []byte, size int) {
	for i := 0; i < len(data); i += size {
		slices.Reverse(data[i : i+size])
	}
}

// cOrder returns a copy of data, in which the first dimension is the fastest,
// in C order.
func cOrder(data []byte, shape []int, size int) []byte {
	out := make([]byte, 0, len(data))
	strides := make([]int, len(shape))
	stride := size
	for k, d := range shape {
		strides[k] = stride
		stride *= d
	}
	index := make([]int, len(shape))
	for from := 0; len(out) < len(data); {
		out = append(out, data[from:from+size]...)
		// Count up, the last dimension first.
		for k := len(shape) - 1; k >= 0; k-- {
			index[k]++
			from += strides[k]
			if index[k] < shape[k] {
				break
			}
			from -= index[k] * strides[k]
			index[k] = 0
		}
	}
	return out
}
