package hdf5

import (
	"fmt"
	"math"
	"math/bits"
)

// maxRank is the highest rank the format has.
const maxRank = 32

// dataspace is the shape of a dataset.
type dataspace struct {
	dims  []uint64 // each fits an int; empty for a scalar, [0] for a null dataspace
	grown []uint64 // the dims to which it may grow, where they are known
	count uint64   // elements; fits an int
}

// dataspace reads a dataspace message.
func (im *image) dataspace(c cursor) (dataspace, error) {
	var s dataspace
	at := c.at
	version, rank, flags := c.u8(), int(c.u8()), c.u8()
	kind := c.u8() // reserved in version 1
	const (
		hasMaximum     = 1 << 0
		hasPermutation = 1 << 1

		scalar, simple, null = 0, 1, 2
	)
	switch {
	case c.short:
	case version == 1:
		c.skip(4)
		kind = simple
		if rank == 0 {
			kind = scalar
		}
	case version != 2:
		return s, unsupported(at, "dataspace: version %d, expected 1 or 2", version)
	}
	if kind > null || kind != simple && rank != 0 || rank > maxRank || flags&hasPermutation != 0 {
		return s, corrupt(at, "dataspace: type %d of rank %d with flags %#02x", kind, rank, flags)
	}
	for range rank {
		s.dims = append(s.dims, c.length())
	}
	s.grown = s.dims
	if flags&hasMaximum != 0 {
		s.grown = nil
		for range rank {
			s.grown = append(s.grown, c.length())
		}
	}
	if err := c.err("dataspace"); err != nil {
		return s, err
	}
	if kind == null {
		s.dims, s.grown = []uint64{0}, []uint64{0}
	}
	s.count = 1
	for i, n := range s.dims {
		if s.grown[i] < n {
			return s, corrupt(at, "dataspace: dimension %d has %d elements, more than its maximum of %d", i, n, s.grown[i])
		}
		// Checked one by one too: a later dimension may be 0.
		hi, lo := bits.Mul64(s.count, n)
		if n > math.MaxInt || hi != 0 || lo > math.MaxInt {
			return s, fmt.Errorf("%w: a dataset of shape %v", ErrLimit, s.dims)
		}
		s.count = lo
	}
	return s, nil
}
