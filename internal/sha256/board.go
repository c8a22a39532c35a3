//go:build board && !fleet

package sha256

import "hash"

// Size is the number of bytes of a digest.
const Size = size

// New returns a hash that nothing was written to.
func New() hash.Hash { return newDigest() }

// Sum256 returns the digest of data.
func Sum256(data []byte) (sum [Size]byte) {
	d := newDigest()
	d.Write(data)
	d.Sum(sum[:0])
	return sum
}
