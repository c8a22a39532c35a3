package sha256

import (
	"bytes"
	library "crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestDigest: the digest is the standard library's at every length up to some blocks,
// however it is written, and more may be written behind a Sum.
func TestDigest(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 5*block)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	for n := range data {
		want := library.Sum256(data[:n])
		d := newDigest()
		for rest := data[:n]; len(rest) > 0; {
			k := 1 + r.IntN(len(rest))
			d.Write(rest[:k])
			d.Sum(nil)
			rest = rest[k:]
		}
		if got := d.Sum([]byte("x")); !bytes.Equal(got, append([]byte("x"), want[:]...)) {
			t.Fatalf("%d bytes: %x, expected %x", n, got, want)
		}
		d.Reset()
		d.Write(data[:n])
		if got := d.Sum(nil); !bytes.Equal(got, want[:]) {
			t.Fatalf("%d bytes after Reset: %x, expected %x", n, got, want)
		}
		if got := Sum256(data[:n]); got != want {
			t.Fatalf("Sum256 of %d bytes: %x, expected %x", n, got, want)
		}
	}
	if got := fmt.Sprintf("%x", newDigest().Sum(nil)); got != "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		t.Errorf("of nothing: %s", got)
	}
}

func BenchmarkDigest(b *testing.B) {
	data := make([]byte, 1<<20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		d := newDigest()
		d.Write(data)
		d.Sum(nil)
	}
}
