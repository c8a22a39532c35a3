// Package export turns networks into model files and back: one MessagePack
// map that ends in the SHA-256 of everything before it. docs/FORMAT.md
// specifies the file.
//
// A file is untrusted input. Every length in it is checked against the bytes
// that are left before anything is allocated, and loading takes less memory than
// four times the size of the file and 16 MB.
package export

import (
	"crypto/sha256"
	"math"
	"unicode"
	"unicode/utf8"

	"github.com/snurun/snurun/model"
)

// Version is the latest version of the format that this package reads and writes.
// A file has the first in which all that its network needs is known.
const Version = 4

// What the first versions of something are: integer weights, names of activations,
// outputs and resets, and readouts with a decision a step.
const (
	integerVersion = 2
	newNames       = 2
	stepReadouts   = 3
)

// versionOf returns the version of a network's file.
func versionOf(n *model.Network) int {
	v := max(1, n.Input.Encoder.Coding.Spec().Version)
	if n.Readout.Kind.EachStep() {
		return max(v, stepReadouts)
	}
	if n.HasIntegers() {
		v = max(v, integerVersion)
	}
	for i := range n.Layers {
		l := &n.Layers[i]
		if l.Output == model.Count || l.Activation == model.Clipped ||
			l.Reset == model.ResetRefractory || l.Reset == model.ResetLagged || n.PoolsValues(i) {
			v = max(v, newNames)
		}
	}
	return v
}

const formatName = "snurun/model"

// trailer is the last key of a file and the header of its value, which is the
// last thing in the file: the SHA-256 of every byte before the value.
const (
	trailer     = "\xa6sha256\xc4\x20"
	trailerSize = len(trailer) + sha256.Size
)

// What the format itself allows. Unlike Limits these bounds cannot be raised.
const (
	maxName      = 1 << 10 // bytes of a name or key
	maxText      = 1 << 16 // bytes of a metadata string
	maxRank      = 8       // dimensions of a shape
	maxFrom      = 64      // layers whose outputs come into one
	maxKeys      = 64      // keys of a map other than metadata
	maxMetadata  = 1 << 10 // entries of metadata
	maxClasses   = 1 << 16 // class names
	maxWidth     = 1 << 16 // values of a signal's time step
	maxSelfTests = 1 << 10 // inputs of the self-test
	maxDepth     = 32      // maps and arrays within an unknown key's value
	maxInt       = math.MaxInt32
	maxElements  = maxInt / 4 // of a tensor or a self-test input, as in package model
	maxWholeReal = 1 << 53    // the largest integer that may stand for a real number
)

// badName says what keeps s from being a name, or nothing if it is one. Names
// are shown on terminals, so control characters have no place in them.
func badName(s string) string {
	if bad := badText(s); bad != "" {
		return bad
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return "a name with a control character"
		}
	}
	return ""
}

func badText(s string) string {
	if !utf8.ValidString(s) {
		return "a string that is not UTF-8"
	}
	return ""
}

// elements multiplies a shape. It stops growing past what a file can hold, so
// that it cannot overflow.
func elements(shape []int) uint64 {
	n := uint64(1)
	for _, d := range shape {
		n = min(n*uint64(d), 1<<32)
	}
	return n
}
