//go:build !board || fleet

// Package sha256 is SHA-256 (FIPS 180-4). It is the standard library's, but in a build
// for boards, where crypto/sha256 brings the module of FIPS 140 with it: 90 kB of random
// numbers, AES and tests of themselves at every start.
package sha256

import (
	"crypto/sha256"
	"hash"
)

// Size is the number of bytes of a digest.
const Size = sha256.Size

// New returns a hash that nothing was written to.
func New() hash.Hash { return sha256.New() }

// Sum256 returns the digest of data.
func Sum256(data []byte) [Size]byte { return sha256.Sum256(data) }
