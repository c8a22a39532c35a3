package hdf5

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

// ignoreSums is an option that turns off the checksums of metadata.
func ignoreSums(f *File) { f.im.ignoreSums = true }

// walkAll reads everything; an error is as good as a value.
func walkAll(data []byte, opts ...Option) (map[string]object, error) {
	f, err := Open(data, append(opts, WithLimit(1<<22))...)
	if err != nil {
		return nil, err
	}
	got := map[string]object{}
	contents(f.Root(), got)
	return got, nil
}

func FuzzOpen(f *testing.F) {
	names, err := filepath.Glob("testdata/*.h5.gz")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		f.Add(unpack(f, strings.TrimSuffix(filepath.Base(name), ".gz")))
	}
	f.Add(write(f, network()))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, opts := range [][]Option{nil, {ignoreSums}} {
			got, err := walkAll(data, opts...)
			if err != nil && strings.HasPrefix(errorName(err), "without") {
				t.Error(errorName(err))
			}
			for path, o := range got {
				if strings.HasPrefix(o.Error, "without") {
					t.Errorf("%s: %s", path, o.Error)
				}
			}
		}
	})
}

func TestTruncated(t *testing.T) {
	for name, data := range map[string][]byte{
		"new": unpack(t, "growing-new.h5"), "old": unpack(t, "growing-old.h5"), "written": write(t, network()),
	} {
		for n := range data {
			if _, err := Open(data[:n]); !errors.Is(err, ErrCorrupt) && (n >= len(signature) || !errors.Is(err, ErrNotHDF5)) {
				t.Fatalf("%s: the first %d of %d bytes: %v", name, n, len(data), err)
			}
		}
	}
}

// TestFlipped damages each byte in turn. What has a checksum must not pass.
func TestFlipped(t *testing.T) {
	t.Parallel()
	stride := 1
	if testing.Short() {
		stride = 5
	}
	for _, name := range []string{"growing-old.h5", "growing-new.h5", "records-old.h5"} {
		data := unpack(t, name)
		for i := 0; i < len(data); i += stride {
			for _, mask := range []byte{1, 0xff} {
				data[i] ^= mask
				walkAll(data)
				walkAll(data, ignoreSums)
				data[i] ^= mask
			}
		}
	}

	b := NewBuilder()
	b.Group("a").Group("b")
	b.Int64s("c", []int{0}, nil)
	data := write(t, b) // no elements and no strings: nothing but checked blocks and padding
	for i := range data {
		data[i] ^= 0x10
		if got, err := walkAll(data); err == nil && (len(got) != 1 || got["/c"].Kind != "integers") {
			t.Errorf("byte %d is changed: read %v without an error", i, got)
		}
		data[i] ^= 0x10
	}
}

// TestShuffledBlocks points structures at each other, which single flips do not.
func TestShuffledBlocks(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"links-old.h5", "growing-old.h5", "tracked.h5", "records-new.h5"} {
		clean := unpack(t, name)
		for range 2000 {
			data := bytes.Clone(clean)
			for range 3 {
				// An address that some structure has, over 8 others.
				from, to := random.IntN(len(data)/8-1)*8, random.IntN(len(data)/8-1)*8
				copy(data[to:to+8], clean[from:from+8])
			}
			walkAll(data, ignoreSums)
		}
	}
}

// file makes a file of a root header at byte 48, where the superblock ends, and
// what follows it.
func file(body []byte) []byte {
	s := append([]byte(signature), 2, 8, 8, 0)
	for _, v := range []uint64{0, undefined, 48 + uint64(len(body)), 48} {
		s = binary.LittleEndian.AppendUint64(s, v)
	}
	s = binary.LittleEndian.AppendUint32(s, lookup3(s))
	return append(s, body...)
}

// headerV1 makes an object header of version 1 that says it has count messages.
func headerV1(count int, messages ...[]byte) []byte {
	size := 0
	for _, m := range messages {
		size += len(m)
	}
	h := []byte{1, 0, byte(count), byte(count >> 8), 1, 0, 0, 0}
	h = binary.LittleEndian.AppendUint32(h, uint32(size))
	h = append(h, 0, 0, 0, 0)
	for _, m := range messages {
		h = append(h, m...)
	}
	return h
}

func messageV1(kind uint16, body ...uint64) []byte {
	m := binary.LittleEndian.AppendUint16(nil, kind)
	m = binary.LittleEndian.AppendUint16(m, uint16(8*len(body)))
	m = append(m, 0, 0, 0, 0)
	for _, v := range body {
		m = binary.LittleEndian.AppendUint64(m, v)
	}
	return m
}

func TestHostile(t *testing.T) {
	nested := NewBuilder()
	for b, i := nested, 0; i <= maxDepth; i++ {
		b = b.Group("g")
	}
	huge := messages{}
	huge.add(msgDataspace, binary.LittleEndian.AppendUint64([]byte{2, 1, 0, 1}, math.MaxUint64-1))
	huge.add(msgDatatype, typeInt64)
	huge.add(msgLayout, append([]byte{3, layoutContiguous}, make([]byte, 16)...))
	w := writer{base: 48}
	w.header(huge)

	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty":               {nil, ErrNotHDF5},
		"text":                {[]byte(strings.Repeat("text", 100)), ErrNotHDF5},
		"user block":          {append(make([]byte, 1024), signature...), ErrUnsupported},
		"future superblock":   {append([]byte(signature), 4), ErrUnsupported},
		"nested too deep":     {write(t, nested), ErrLimit},
		"huge dataset":        {file(w.buf), ErrLimit},
		"no root":             {file(nil), ErrCorrupt},
		"root is a dataset":   {file(headerV1(0)), ErrCorrupt},
		"missing messages":    {file(headerV1(2, messageV1(0))), ErrCorrupt},
		"continues in itself": {file(headerV1(1000, messageV1(msgContinuation, 64, 24))), ErrCorrupt},
		"endless B-tree":      {file(headerV1(1, messageV1(msgSymbolTable, 48, 48))), ErrCorrupt},
		"undefined B-tree":    {file(headerV1(1, messageV1(msgSymbolTable, undefined, undefined))), ErrCorrupt},
		"critical unknown":    {file(headerV1(1, []byte{0xff, 0, 0, 0, flagFailIfUnknown, 0, 0, 0})), ErrUnsupported},
		"shared message":      {file(headerV1(1, []byte{msgDatatype, 0, 0, 0, flagShared, 0, 0, 0})), ErrUnsupported},
	} {
		if _, err := Open(c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, expected %v", name, err, c.want)
		}
	}
}

// TestOverlap has many B-tree leaves share one long name: what a walk visits must
// stay in proportion to the file.
func TestOverlap(t *testing.T) {
	im := image{data: make([]byte, 1000), offSize: 8, lenSize: 8}
	heap := im.cursor(bytes.Repeat([]byte{'n'}, 900), 0)
	heap.b[899] = 0
	var err error
	n := uint64(0)
	for ; err == nil && n < 100; n++ {
		_, err = im.heapString(heap, n)
	}
	if !errors.Is(err, ErrCorrupt) || n > 1+overlapFactor*1000/800 {
		t.Errorf("%d names of 800 bytes and more in a file of 1000 bytes: %v", n, err)
	}
}

func TestLimit(t *testing.T) {
	b := NewBuilder()
	b.Float32s("x", []int{100}, make([]float32, 100))
	b.String("s", strings.Repeat("s", 100))
	f, err := Open(write(t, b), WithLimit(1000))
	if err != nil {
		t.Fatal(err)
	}
	x, err := f.Root().Dataset("x")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []error{nil, nil, ErrLimit} { // 400 bytes each
		if _, err := x.Float32s(); !errors.Is(err, want) {
			t.Errorf("%v, expected %v", err, want)
		}
	}
	s, err := f.Root().Dataset("s")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Strings(); err != nil { // 200 bytes are left
		t.Error(err)
	}
	if _, err := s.Strings(); !errors.Is(err, ErrLimit) {
		t.Errorf("%v, expected %v", err, ErrLimit)
	}
}

// TestBomb inflates a chunk to more, and to less, than it may have.
func TestBomb(t *testing.T) {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	w.Write(make([]byte, 1<<20))
	w.Close()
	p := pipeline{filters: []filter{{id: filterDeflate}}}
	for _, size := range []uint64{0, 100, 1<<20 - 1, 1<<20 + 1} {
		if b, err := p.undo(z.Bytes(), 0, size, 0); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d bytes and %v from a chunk that should have %d", len(b), err, size)
		}
		if uint64(cap(p.inflated)) > max(size, 1<<20-1) {
			t.Errorf("a buffer of %d bytes for a chunk of %d", cap(p.inflated), size)
		}
	}
	if b, err := p.undo(z.Bytes(), 0, 1<<20, 0); err != nil || len(b) != 1<<20 {
		t.Errorf("%d bytes and %v, expected %d", len(b), err, 1<<20)
	}
}

func TestNames(t *testing.T) {
	f, err := Open(write(t, network()))
	if err != nil {
		t.Fatal(err)
	}
	root := f.Root()
	for _, c := range []struct {
		path           string
		group, dataset error
	}{
		{"node", nil, ErrType},
		{"node/nodes/größe/weight", ErrType, nil},
		{"node/nodes/none", fs.ErrNotExist, fs.ErrNotExist},
		{"node/edges/x", ErrType, ErrType},
		{"", fs.ErrNotExist, fs.ErrNotExist},
		{"/node", fs.ErrNotExist, fs.ErrNotExist},
		{"node/", fs.ErrNotExist, fs.ErrNotExist},
	} {
		if _, err := root.Group(c.path); !errors.Is(err, c.group) {
			t.Errorf("Group(%q): %v, expected %v", c.path, err, c.group)
		}
		if _, err := root.Dataset(c.path); !errors.Is(err, c.dataset) {
			t.Errorf("Dataset(%q): %v, expected %v", c.path, err, c.dataset)
		}
	}

	nodes, err := root.Group("node/nodes")
	if err != nil {
		t.Fatal(err)
	}
	d, err := nodes.Dataset("größe/weight")
	if err != nil {
		t.Fatal(err)
	}
	if root.Path() != "/" || nodes.Path() != "/node/nodes" || d.Path() != "/node/nodes/größe/weight" {
		t.Errorf("paths %q, %q, %q", root.Path(), nodes.Path(), d.Path())
	}
}

// TestConversion reads elements as types that they do not have.
func TestConversion(t *testing.T) {
	b := NewBuilder()
	b.Float64s("f", []int{3}, []float64{0.1, math.MaxFloat64, -1e-50})
	b.Int64s("i", []int{2}, []int64{1<<53 + 1, -3})
	b.String("s", "text")
	f, err := Open(write(t, b))
	if err != nil {
		t.Fatal(err)
	}
	get := func(name string) *Dataset {
		d, err := f.Root().Dataset(name)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if v, err := get("f").Float32s(); err != nil || v[0] != 0.1 || !math.IsInf(float64(v[1]), 1) || v[2] != 0 {
		t.Errorf("Float32s of floats: %v, %v", v, err)
	}
	if v, err := get("i").Float64s(); err != nil || v[0] != 1<<53 || v[1] != -3 {
		t.Errorf("Float64s of integers: %v, %v", v, err)
	}
	_, errFloat := get("f").Int64s()
	_, errString := get("f").Strings()
	_, errNumber := get("s").Float64s()
	for _, err := range []error{errFloat, errString, errNumber} {
		if !errors.Is(err, ErrType) {
			t.Errorf("%v, expected %v", err, ErrType)
		}
	}
}

func TestLookup3(t *testing.T) {
	// The first two are from the comments of Bob Jenkins' lookup3.c.
	for text, want := range map[string]uint32{
		"":                               0xdeadbeef,
		"Four score and seven years ago": 0x17770551,
	} {
		if got := lookup3([]byte(text)); got != want {
			t.Errorf("lookup3(%q) = %#08x, expected %#08x", text, got, want)
		}
	}
}

// TestSharedSequences has many elements that are the same sequence: few bytes that stand
// for more numbers than anybody has time for.
func TestSharedSequences(t *testing.T) {
	data := unpack(t, "records-old.h5")
	open := func(data []byte) *Dataset {
		f, err := Open(data)
		if err != nil {
			t.Fatal(err)
		}
		d, err := f.Root().Dataset("spikes/times")
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := open(data)
	all, err := d.Sequences()
	if err != nil {
		t.Fatal(err)
	}
	longest := 0
	for i := range all {
		if len(all[i].raw) > len(all[longest].raw) {
			longest = i
		}
	}
	size, most := int(d.typ.size), len(all[longest].raw)
	element := bytes.Clone(data[int(d.layout.at)+size*longest:][:size])
	shared := open(data)
	shared.file.im.data = append(bytes.Clone(data), bytes.Repeat(element, len(data))...)
	shared.layout.at, shared.layout.size = uint64(len(data)), uint64(size*len(data))
	shared.space.count = uint64(len(data))
	if most <= size+1 {
		t.Fatalf("the longest sequence has %d bytes, expected more than its element, %d", most, size)
	}
	if _, err := shared.Sequences(); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "more bytes") {
		t.Errorf("%v, expected ErrCorrupt", err)
	}
}
