package event

import (
	"bytes"
	"errors"
	"runtime"
	"testing"
)

// TestDamaged damages each byte of every recording in turn. Whatever is read of
// it, errors are of a known kind and memory is bounded by the file.
func TestDamaged(t *testing.T) {
	for _, x := range fixtures {
		for at := range x.data {
			for _, mask := range []byte{1, 0x80, 0xff} {
				for _, skip := range []bool{false, true} {
					data := bytes.Clone(x.data)
					data[at] ^= mask
					o := x.options
					o.SkipBad = skip
					var before, after runtime.MemStats
					runtime.ReadMemStats(&before)
					_, _, err := readAll(x.format, data, o)
					runtime.ReadMemStats(&after)
					if err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, errors.ErrUnsupported) {
						t.Errorf("%s: byte %d of %d xor %#x: %v", x.name, at, len(data), mask, err)
					}
					if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(4*len(data)+16<<20); got > limit {
						t.Errorf("%s: byte %d xor %#x: %d bytes allocated for a file of %d", x.name, at, mask, got, len(data))
					}
				}
			}
		}
	}
}
