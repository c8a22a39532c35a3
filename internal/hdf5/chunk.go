package hdf5

import (
	"math/bits"
	"slices"
)

// chunks collects the chunks of a dataset into its elements.
type chunks struct {
	d        *Dataset
	im       *image
	raw      []byte // all elements
	pipeline pipeline
	grid     []uint64 // chunks along each dimension
	left     uint64   // chunks not met yet
}

// readChunks copies the chunks of d into raw, which has fill values elsewhere.
func (d *Dataset) readChunks(im *image, raw []byte) error {
	r := chunks{d: d, im: im, raw: raw, pipeline: pipeline{filters: d.layout.filters}, left: 1}
	for i, n := range d.space.dims {
		along := (n-1)/d.layout.chunk[i] + 1
		r.grid = append(r.grid, along)
		r.left *= along // at most the number of elements
	}
	l := &d.layout
	switch l.index {
	case indexBtree1:
		return r.btree1()
	case indexSingle:
		if r.left != 1 {
			return corrupt(l.at, "single chunk index of a dataset of %d chunks", r.left)
		}
		return r.read(make([]uint64, len(r.grid)), l.at, l.singleSize, l.singleMask)
	case indexImplicit:
		return r.implicit()
	default:
		return r.fixedArray()
	}
}

// read decodes the chunk whose first element is at origin and whose size stored
// bytes are at address at.
func (r *chunks) read(origin []uint64, at, size uint64, mask uint32) error {
	if r.left == 0 {
		return corrupt(at, "more chunks than the dataset has room for")
	}
	r.left--
	c, err := r.im.block(at, size, "chunk")
	if err != nil {
		return err
	}
	l := &r.d.layout
	filters := len(l.filters) > 0
	for i, o := range origin {
		if r.d.space.dims[i]-o < l.chunk[i] && l.edgesUnfiltered {
			filters = false
		}
	}
	b := c.b
	if filters {
		if err := r.d.file.charge(l.chunkBytes); err != nil {
			return err
		}
		b, err = r.pipeline.undo(b, at, l.chunkBytes, mask)
		if err != nil {
			return err
		}
	} else if size != l.chunkBytes {
		return corrupt(at, "chunk has %d bytes, expected %d", size, l.chunkBytes)
	}
	r.scatter(b, origin)
	return nil
}

// scatter copies the part of a chunk that is inside the dataset, row by row.
func (r *chunks) scatter(chunk []byte, origin []uint64) {
	dims, chunkDims, size := r.d.space.dims, r.d.layout.chunk, uint64(r.d.typ.size)
	rank := len(dims)
	extent := make([]uint64, rank) // elements along each dimension that are inside
	for i := range extent {
		extent[i] = min(chunkDims[i], dims[i]-origin[i])
	}
	row := extent[rank-1] * size
	at := make([]uint64, rank) // within the chunk
	for {
		var src, dst uint64 // elements
		for i := range at {
			src = src*chunkDims[i] + at[i]
			dst = dst*dims[i] + origin[i] + at[i]
		}
		copy(r.raw[dst*size:][:row], chunk[src*size:])
		i := rank - 2
		for ; i >= 0; i-- {
			if at[i]++; at[i] < extent[i] {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

// btree1 reads the chunks that a version 1 B-tree lists. Its keys are the stored
// size, the mask of skipped filters, and the origin, with a last 0 for the
// position within an element.
func (r *chunks) btree1() error {
	rank := len(r.grid)
	return r.im.btree1(r.d.layout.at, btreeChunk, 8+8*(rank+1), func(key cursor, child uint64) error {
		at := key.at
		size, mask := key.u32(), key.u32()
		origin := make([]uint64, rank)
		for i := range origin {
			origin[i] = key.u64()
			if origin[i]%r.d.layout.chunk[i] != 0 || origin[i] >= r.d.space.dims[i] {
				return corrupt(at, "chunk at element %d of dimension %d, which has %d in chunks of %d",
					origin[i], i, r.d.space.dims[i], r.d.layout.chunk[i])
			}
		}
		if last := key.u64(); last != 0 {
			return corrupt(at, "chunk at byte %d of an element", last)
		}
		return r.read(origin, child, uint64(size), mask)
	})
}

// implicit reads unfiltered chunks that follow each other in row-major order.
func (r *chunks) implicit() error {
	if len(r.d.layout.filters) > 0 {
		return corrupt(r.d.layout.at, "implicit chunk index of a filtered dataset")
	}
	return r.each(func(origin []uint64, index uint64) error {
		hi, off := bits.Mul64(index, r.d.layout.chunkBytes)
		at := r.d.layout.at + off
		if hi != 0 || at < off {
			return corrupt(r.d.layout.at, "chunk %d is outside the file", index)
		}
		return r.read(origin, at, r.d.layout.chunkBytes, 0)
	})
}

// each calls f with the origin of each chunk and with its index in the grid of
// all chunks that the dataset may grow to.
func (r *chunks) each(f func(origin []uint64, index uint64) error) error {
	if _, err := r.slots(); err != nil {
		return err
	}
	at := make([]uint64, len(r.grid))
	origin := make([]uint64, len(r.grid))
	for {
		var index uint64
		for i := range at {
			index = index*r.slotsAlong(i) + at[i]
			origin[i] = at[i] * r.d.layout.chunk[i]
		}
		if err := f(origin, index); err != nil {
			return err
		}
		i := len(at) - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] < r.grid[i] {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return nil
		}
	}
}

// slotsAlong returns the number of chunks along a dimension when it is grown.
func (r *chunks) slotsAlong(i int) uint64 {
	return (r.d.space.grown[i]-1)/r.d.layout.chunk[i] + 1
}

// slots returns the number of chunks when the dataset is grown.
func (r *chunks) slots() (uint64, error) {
	n := uint64(1)
	for i := range r.grid {
		hi, lo := bits.Mul64(n, r.slotsAlong(i))
		if hi != 0 || slices.Contains(r.d.space.grown, undefined) {
			return 0, corrupt(r.d.layout.at, "chunk index of fixed size for a dataset that can grow to %v", r.d.space.grown)
		}
		n = lo
	}
	return n, nil
}
