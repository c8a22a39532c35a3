package asm

import (
	"os"
	"syscall"
	"testing"
	"unsafe"
)

// guardSize is the room for one guarded slice, in bytes.
const guardSize = 4 << 20

// guard hands out slices that end, but for a few elements, where a page begins
// that may not be touched: a kernel that reads or writes past a slice crashes
// the test.
type guard struct {
	slots [][]byte
	next  int
}

// reset makes all memory available again.
func (g *guard) reset() { g.next = 0 }

func (g *guard) bytes(t testing.TB, n int) []byte {
	t.Helper()
	if n > guardSize {
		t.Fatalf("guarded slice of %d bytes, at most %d", n, guardSize)
	}
	if g.next == len(g.slots) {
		page := os.Getpagesize()
		b, err := syscall.Mmap(-1, 0, guardSize+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mprotect(b[guardSize:], syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
		g.slots = append(g.slots, b[:guardSize])
	}
	b := g.slots[g.next][guardSize-n:]
	g.next++
	return b[:n:n]
}

// guarded returns n zeros, skip elements before the guard page.
func guarded[T uint32 | int32 | uint64 | float32](t testing.TB, g *guard, n, skip int) []T {
	t.Helper()
	if n == 0 {
		return nil
	}
	var zero T
	b := g.bytes(t, (n+skip)*int(unsafe.Sizeof(zero)))
	clear(b)
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), n)
}
