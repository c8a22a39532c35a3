package sha256

import (
	"encoding/binary"
	"math/bits"
)

const (
	size  = 32
	block = 64
)

// A digest is the state of a hash: the eight words h, and what does not fill a block.
type digest struct {
	h      [8]uint32
	buffer [block]byte
	filled int
	length uint64 // bytes written
}

// first are the words before the first block: the first 32 bits of the fractional parts
// of the square roots of the first eight primes.
var first = [8]uint32{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}

// rounds are those of the cube roots of the first 64 primes.
var rounds = [64]uint32{
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
}

func newDigest() *digest { return &digest{h: first} }

func (d *digest) Size() int      { return size }
func (d *digest) BlockSize() int { return block }
func (d *digest) Reset()         { *d = digest{h: first} }

func (d *digest) Write(p []byte) (n int, err error) {
	n = len(p)
	d.length += uint64(n)
	if d.filled > 0 {
		k := copy(d.buffer[d.filled:], p)
		p = p[k:]
		if d.filled += k; d.filled < block {
			return n, nil
		}
		d.add(d.buffer[:])
		d.filled = 0
	}
	whole := len(p) &^ (block - 1)
	d.add(p[:whole])
	d.filled = copy(d.buffer[:], p[whole:])
	return n, nil
}

// Sum appends the digest of what was written: a bit 1 follows it, zeros, and its length
// in bits, which fill the last block.
func (d *digest) Sum(to []byte) []byte {
	last := *d // more may be written
	var end [block + 8]byte
	end[0] = 0x80
	zeros := (block + block - 1 - 8 - last.filled) % block
	binary.BigEndian.PutUint64(end[1+zeros:], 8*last.length)
	last.Write(end[:1+zeros+8])
	for _, h := range last.h {
		to = binary.BigEndian.AppendUint32(to, h)
	}
	return to
}

// add takes in whole blocks.
func (d *digest) add(p []byte) {
	var w [64]uint32
	a0, b0, c0, d0, e0, f0, g0, h0 := d.h[0], d.h[1], d.h[2], d.h[3], d.h[4], d.h[5], d.h[6], d.h[7]
	for ; len(p) >= block; p = p[block:] {
		for i := range 16 {
			w[i] = binary.BigEndian.Uint32(p[4*i:])
		}
		for i := 16; i < len(w); i++ {
			u, v := w[i-2], w[i-15]
			w[i] = (bits.RotateLeft32(u, -17) ^ bits.RotateLeft32(u, -19) ^ u>>10) + w[i-7] +
				(bits.RotateLeft32(v, -7) ^ bits.RotateLeft32(v, -18) ^ v>>3) + w[i-16]
		}
		a, b, c, d, e, f, g, h := a0, b0, c0, d0, e0, f0, g0, h0
		for i := range w {
			t := h + (bits.RotateLeft32(e, -6) ^ bits.RotateLeft32(e, -11) ^ bits.RotateLeft32(e, -25)) + (e&f ^ ^e&g) + rounds[i] + w[i]
			u := (bits.RotateLeft32(a, -2) ^ bits.RotateLeft32(a, -13) ^ bits.RotateLeft32(a, -22)) + (a&b ^ a&c ^ b&c)
			a, b, c, d, e, f, g, h = t+u, a, b, c, d+t, e, f, g
		}
		a0, b0, c0, d0, e0, f0, g0, h0 = a0+a, b0+b, c0+c, d0+d, e0+e, f0+f, g0+g, h0+h
	}
	d.h = [8]uint32{a0, b0, c0, d0, e0, f0, g0, h0}
}
