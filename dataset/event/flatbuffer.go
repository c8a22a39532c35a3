package event

import (
	"encoding/binary"
	"fmt"
)

// A flatbuffer reads the few things that AEDAT 4 keeps in FlatBuffers. Every
// offset is checked: one that leads out of the data is an error, which ok turns
// false for good. Source: the FlatBuffers binary format, flatbuffers.dev.
type flatbuffer struct {
	data []byte
	ok   bool
}

// A flatTable is a table: where it lies, and its vtable.
type flatTable struct {
	at, vtable, fields int
}

// openFlat returns the root table of a buffer that begins with its identifier
// behind the root's offset.
func openFlat(data []byte, identifier string) (flatbuffer, flatTable, error) {
	b := flatbuffer{data, true}
	root := b.follow(0)
	if len(data) < 8 || string(data[4:8]) != identifier {
		return b, flatTable{}, fmt.Errorf("FlatBuffer with identifier %.4q, expected %q", data[min(4, len(data)):min(8, len(data))], identifier)
	}
	t := flatTable{at: root}
	t.vtable = root - int(int32(b.u32(root)))
	t.fields = int(b.u16(t.vtable))/2 - 2
	return b, t, b.err()
}

func (b *flatbuffer) err() error {
	if !b.ok {
		return fmt.Errorf("FlatBuffer with an offset beyond its %d bytes", len(b.data))
	}
	return nil
}

// has reports whether there are n bytes at at.
func (b *flatbuffer) has(at, n int) bool {
	b.ok = b.ok && at >= 0 && n >= 0 && at <= len(b.data)-n
	return b.ok
}

func (b *flatbuffer) u16(at int) uint16 {
	if !b.has(at, 2) {
		return 0
	}
	return binary.LittleEndian.Uint16(b.data[at:])
}

func (b *flatbuffer) u32(at int) uint32 {
	if !b.has(at, 4) {
		return 0
	}
	return binary.LittleEndian.Uint32(b.data[at:])
}

// follow returns where the offset at at leads.
func (b *flatbuffer) follow(at int) int { return at + int(min(b.u32(at), 1<<30)) }

// field returns where field i of a table lies, 0 if the table does not have it.
func (b *flatbuffer) field(t flatTable, i int) int {
	if i >= t.fields {
		return 0
	}
	if offset := int(b.u16(t.vtable + 4 + 2*i)); offset > 0 {
		return t.at + offset
	}
	return 0
}

// vector returns the elements, of size bytes, of the vector in field i of a table.
func (b *flatbuffer) vector(t flatTable, i, size int) []byte {
	at := b.field(t, i)
	if at == 0 {
		return nil
	}
	at = b.follow(at)
	n := int(min(b.u32(at), 1<<30))
	if n > len(b.data)/size {
		b.ok = false
	}
	if !b.has(at+4, n*size) {
		return nil
	}
	return b.data[at+4:][:n*size]
}
