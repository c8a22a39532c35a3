package hdf5

import (
	"bytes"
	"testing"
)

// TestLZF: literals, short and long copies, and copies of what they write.
func TestLZF(t *testing.T) {
	for _, c := range []struct {
		packed, want string
	}{
		{"", ""},
		{"\x02abc", "abc"},
		{"\x02abc\x20\x02", "abcabc"}, // 3 bytes from 3 back
		{"\x00a\xe0\x05\x00", "a" + "aaaaaaaaaaaaaa"}, // 14 bytes from 1 back
		{"\x01ab\x40\x01\x00c", "ababab" + "c"},       // 4 from 2 back
	} {
		var p pipeline
		got, err := p.unpack([]byte(c.packed), uint64(len(c.want)))
		if err != nil || string(got) != c.want {
			t.Errorf("%q unpacks to %q, %v, expected %q", c.packed, got, err, c.want)
		}
		if _, err := p.unpack([]byte(c.packed), uint64(len(c.want))+1); err == nil {
			t.Errorf("%q unpacks to one byte more than it holds", c.packed)
		}
	}
	for _, bad := range []string{"\x02ab", "\x20\x00", "\x00a\x20\x01", "\x00a\xe0", "\x00a\xe0\x05", "\x00a\x20", "\x1f" + string(bytes.Repeat([]byte("x"), 32))} {
		var p pipeline
		if got, err := p.unpack([]byte(bad), 4); err == nil {
			t.Errorf("%q unpacks to %q, expected an error", bad, got)
		}
	}
}

// FuzzLZF: any data give at most what is asked for, or an error.
func FuzzLZF(f *testing.F) {
	f.Add([]byte("\x02abc\x20\x02"), uint16(6))
	f.Add([]byte("\x00a\xe0\x05\x00"), uint16(15))
	f.Fuzz(func(t *testing.T, data []byte, size uint16) {
		var p pipeline
		if out, err := p.unpack(data, uint64(size)); err == nil && len(out) != int(size) {
			t.Fatalf("%d bytes, expected %d", len(out), size)
		}
	})
}
