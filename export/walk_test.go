package export_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
)

const trailer = "\xa6sha256\xc4\x20"

// seal ends body with the right digest.
func seal(body []byte) []byte {
	b := append(slices.Clip(body), trailer...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// body undoes seal.
func body(file []byte) []byte { return file[:len(file)-len(trailer)-sha256.Size] }

// node is a MessagePack value of a file: file[at:end].
type node struct {
	path    string // as errors give it; a key has none
	at, end int
	key     bool   // it is a key
	pair    int    // of a map's value: where its key begins
	class   string // nil, bool, int, float, str, bin, array, map, ext
	n       int    // of an array or map: its length
	parent  int    // index of the map or array it lies in, −1 for the root
}

// walk lists the values of a well-formed file, outer before inner.
func walk(file []byte) []node {
	w := walker{b: file}
	w.value("", 0, -1, -1, false)
	return w.nodes
}

type walker struct {
	b     []byte
	nodes []node
}

func (w *walker) value(path string, at, pair, parent int, key bool) (end int) {
	me := len(w.nodes)
	w.nodes = append(w.nodes, node{path: path, at: at, pair: pair, parent: parent, key: key})
	class, header, n := headerOf(w.b[at:])
	end = at + header
	switch class {
	case "array":
		for i := range n {
			end = w.value(fmt.Sprintf("%s[%d]", path, i), end, -1, me, false)
		}
	case "map":
		for range n {
			from := end
			end = w.value("", from, -1, me, true)
			_, h, _ := headerOf(w.b[from:])
			inner := string(w.b[from+h : end])
			if path != "" {
				inner = path + "." + inner
			}
			end = w.value(inner, end, from, me, false)
		}
	default:
		end += n
	}
	m := &w.nodes[me]
	m.end, m.class, m.n = end, class, n
	return end
}

// headerOf returns the class of a value, the size of its header and how many
// elements, pairs or bytes follow.
func headerOf(b []byte) (class string, size, n int) {
	be := func(k int) int {
		var x [8]byte
		copy(x[8-k:], b[1:1+k])
		return int(binary.BigEndian.Uint64(x[:]))
	}
	sized := func(class string, k int) (string, int, int) { return class, 1 + k, be(k) }
	switch c := b[0]; {
	case c < 0x80 || c >= 0xe0:
		return "int", 1, 0
	case c < 0x90:
		return "map", 1, int(c & 15)
	case c < 0xa0:
		return "array", 1, int(c & 15)
	case c < 0xc0:
		return "str", 1, int(c & 31)
	case c == 0xc0:
		return "nil", 1, 0
	case c == 0xc2 || c == 0xc3:
		return "bool", 1, 0
	case c >= 0xc4 && c <= 0xc6:
		return sized("bin", 1<<(c-0xc4))
	case c == 0xca || c == 0xcb:
		return "float", 1, 4 << (c - 0xca)
	case c >= 0xcc && c <= 0xd3:
		return "int", 1, 1 << (c & 3)
	case c >= 0xd9 && c <= 0xdb:
		return sized("str", 1<<(c-0xd9))
	case c == 0xdc || c == 0xdd:
		return sized("array", 2<<(c-0xdc))
	case c == 0xde || c == 0xdf:
		return sized("map", 2<<(c-0xde))
	}
	panic(fmt.Sprintf("code %#x", b[0]))
}

func find(tb testing.TB, nodes []node, path string) node {
	tb.Helper()
	for _, n := range nodes {
		if n.path == path && !n.key {
			return n
		}
	}
	tb.Fatalf("the file has no %s", path)
	return node{}
}

// splice returns b with b[from:to] replaced.
func splice(b []byte, from, to int, by string) []byte {
	return slices.Concat(b[:from], []byte(by), b[to:])
}

// with returns a file with the value at path replaced.
func with(tb testing.TB, file []byte, path, value string) []byte {
	tb.Helper()
	n := find(tb, walk(file), path)
	return seal(splice(body(file), n.at, n.end, value))
}

// lengthen adds n to the length of the map that begins at byte at, whose header
// keeps its size.
func lengthen(b []byte, at, n int) {
	if b[at] == 0xde {
		at += 2
	}
	b[at] += byte(n)
}

// insert returns a file with pairs put at the end of the map at path.
func insert(tb testing.TB, file []byte, path, pairs string, n int) []byte {
	tb.Helper()
	m := find(tb, walk(file), path)
	end := min(m.end, len(body(file))) // sha256 stays the last of the root
	b := splice(body(file), end, end, pairs)
	lengthen(b, m.at, n)
	return seal(b)
}

// without returns a file without the key and value at path.
func without(tb testing.TB, file []byte, path string) []byte {
	tb.Helper()
	nodes := walk(file)
	v := find(tb, nodes, path)
	b := splice(body(file), v.pair, v.end, "")
	lengthen(b, nodes[v.parent].at, -1)
	return seal(b)
}
