package npy

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/snurun/snurun/internal/outside"
)

func load(t testing.TB, name string) *Array {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	a, err := Read(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return a
}

func elements(a *Array) []float64 {
	x := make([]float64, a.Len())
	for i := range x {
		x[i] = a.At(i)
	}
	return x
}

func counting(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i)
	}
	return x
}

// The arrays in testdata were written by NumPy.
func TestReadNumPy(t *testing.T) {
	signed := []float64{-7, -6, -5, -4, -3, 243}
	unsigned := []float64{0, 1, 2, 3, 4, 250}
	for name, want := range map[string][]float64{
		"b1": {0, 0, 0, 1, 1, 1}, "i1": {-7, -6, -5, -4, -3, -13}, "u1": unsigned,
		"little-i2": signed, "little-i4": signed, "little-i8": signed, "little-f4": signed, "little-f8": signed,
		"big-i2": signed, "big-i4": signed, "big-i8": signed, "big-f4": signed, "big-f8": signed,
		"little-u2": unsigned, "little-u4": unsigned, "little-u8": unsigned,
		"big-u2": unsigned, "big-u4": unsigned, "big-u8": unsigned,
	} {
		a := load(t, name+".npy")
		if !slices.Equal(a.Shape, []int{2, 3}) || !slices.Equal(elements(a), want) || !strings.HasSuffix(name, string(a.Type)) {
			t.Errorf("%s: %s of shape %v: %v, expected %v", name, a.Type, a.Shape, elements(a), want)
		}
	}
	for name, want := range map[string]struct {
		shape    []int
		elements []float64
	}{
		"c-order":       {[]int{2, 3, 4}, counting(24)},
		"fortran-order": {[]int{2, 3, 4}, counting(24)},
		"version-2":     {[]int{2, 3, 4}, counting(24)},
		"version-3":     {[]int{2, 3, 4}, counting(24)},
		"scalar":        {[]int{}, []float64{2.5}},
		"vector":        {[]int{3}, counting(3)},
		"empty":         {[]int{0, 5}, []float64{}},
	} {
		a := load(t, name+".npy")
		if !slices.Equal(a.Shape, want.shape) || !slices.Equal(elements(a), want.elements) {
			t.Errorf("%s: shape %v: %v, expected %v", name, a.Shape, elements(a), want)
		}
	}
	for _, name := range []string{"stored.npz", "packed.npz"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		arrays, err := ReadZip(bytes.NewReader(data), int64(len(data)))
		if err != nil || len(arrays) != 2 || !slices.Equal(elements(arrays["a"]), counting(24)) || !slices.Equal(elements(arrays["b"]), []float64{1.5}) {
			t.Errorf("%s: %v, %v", name, arrays, err)
		}
	}
}

// all returns arrays of every type that New makes.
func all(t testing.TB) map[string]*Array {
	t.Helper()
	arrays := make(map[string]*Array)
	add := func(name string, a *Array, err error) {
		if err != nil {
			t.Fatal(err)
		}
		arrays[name] = a
	}
	a, err := New([]uint8{0, 255, 7}, 3)
	add("layer0.spikes", a, err)
	a, err = New([]int32{math.MinInt32, 5}, 2, 1)
	add("int32", a, err)
	a, err = New([]int64{-6})
	add("class", a, err)
	a, err = New([]float32{1, float32(math.Inf(-1)), math.SmallestNonzeroFloat32, 3, 4, 5}, 1, 2, 3)
	add("layer0.membrane", a, err)
	a, err = New([]float64{}, 7, 0)
	add("float64", a, err)
	return arrays
}

func TestRoundTrip(t *testing.T) {
	arrays := all(t)
	var archive bytes.Buffer
	z := NewZipWriter(&archive)
	for name, a := range arrays {
		var b bytes.Buffer
		if err := a.Write(&b); err != nil {
			t.Fatal(err)
		}
		if start := b.Len() - len(a.data); start%64 != 0 {
			t.Errorf("%s: the elements start at byte %d, expected a multiple of 64", name, start)
		}
		again, err := Read(&b)
		if err != nil || again.Type != a.Type || !slices.Equal(again.Shape, a.Shape) || !bytes.Equal(again.data, a.data) {
			t.Errorf("%s: %+v became %+v, %v", name, a, again, err)
		}
		if err := z.Add(name, a); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := ReadZip(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
	if err != nil || len(again) != len(arrays) {
		t.Fatalf("%d arrays, %v", len(again), err)
	}
	for name, a := range arrays {
		if !bytes.Equal(again[name].data, a.data) {
			t.Errorf("%s changed in the archive", name)
		}
	}
}

func TestArchiveIsDeterministic(t *testing.T) {
	a := load(t, "c-order.npy")
	write := func() []byte {
		var b bytes.Buffer
		z := NewZipWriter(&b)
		if err := errors.Join(z.Add("x", a), z.Add("y", a), z.Close()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	first := write()
	if !bytes.Equal(first, write()) {
		t.Error("the same arrays gave other bytes")
	}
	r, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		if f.ModifiedDate != 0 || f.ModifiedTime != 0 || f.Method != zip.Store || len(f.Extra) != 0 {
			t.Errorf("%s: time %x %x, method %d, %d extra bytes", f.Name, f.ModifiedDate, f.ModifiedTime, f.Method, len(f.Extra))
		}
	}
}

// With NumPy at hand, it must read what is written, and this package what
// NumPy makes of it.
func TestAgainstNumPy(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Python")
	}
	python := "python3"
	if exec.Command(python, "-c", "import numpy").Run() != nil {
		python = "/usr/bin/python3" // Debian's, which has Debian's NumPy
	}
	if exec.Command(python, "-c", "import numpy").Run() != nil {
		outside.Missing(t, "python3 with NumPy")
	}
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "in.npz"))
	if err != nil {
		t.Fatal(err)
	}
	z := NewZipWriter(f)
	arrays := all(t)
	for name, a := range arrays {
		if err := z.Add(name, a); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	script := "import numpy as np, sys\n" +
		"x = np.load('in.npz')\n" +
		"np.savez_compressed('out.npz', **{k: np.asfortranarray(v).astype(v.dtype.newbyteorder('>')) for k, v in x.items()})\n" +
		"print(*sorted((k, v.dtype.str, v.shape) for k, v in x.items()))"
	cmd := exec.Command(python, "-c", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	want := "('class', '<i8', ()) ('float64', '<f8', (7, 0)) ('int32', '<i4', (2, 1)) ('layer0.membrane', '<f4', (1, 2, 3)) ('layer0.spikes', '|u1', (3,))\n"
	if err != nil || string(out) != want {
		t.Fatalf("NumPy says %s, %v, expected %s", out, err, want)
	}
	data, err := os.ReadFile(filepath.Join(dir, "out.npz"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadZip(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range arrays {
		// asfortranarray makes a vector of a scalar.
		if b := again[name]; b.Type != a.Type || !bytes.Equal(b.data, a.data) || name != "class" && !slices.Equal(b.Shape, a.Shape) {
			t.Errorf("%s: %+v became %+v", name, a, b)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, shape := range [][]int{{}, {2}, {-1, -3}, {1 << 20, 1 << 20, 1 << 20, 1 << 20}, make([]int, 33)} {
		if _, err := New([]float32{1, 2, 3}, shape...); err == nil {
			t.Errorf("3 elements made shape %v", shape)
		}
	}
}

// file returns a .npy file of version 1.0 with the given header.
func file(header string, data ...byte) []byte {
	return append([]byte(magic+"\x01\x00"+string([]byte{byte(len(header)), byte(len(header) >> 8)})+header), data...)
}

func TestReadRefuses(t *testing.T) {
	good := file("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }", 1, 2)
	if _, err := Read(bytes.NewReader(good)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		data []byte
		want string // in the error
	}{
		{nil, "byte 0"},
		{good[:5], "byte 5"},
		{[]byte("PK\x03\x04 a zip archive"), `found "PK`},
		{[]byte(magic + "\x04\x00......"), "version 4.0"},
		{[]byte(magic + "\x01\x01......"), "version 1.1"},
		{good[:9], "header length"},
		{good[:20], "bytes of header"},
		{[]byte(magic + "\x02\x00\xff\xff\xff\xff"), "header of 4294967295 bytes"},
		{good[:len(good)-1], "1 of 2 bytes of elements"},
		{append(bytes.Clone(good), 3), "past the end"},
		{file("{'descr': '|b1', 'fortran_order': False, 'shape': (1,)}", 2), "boolean of 2"},
		{file(""), `expected "{"`},
		{file("{"), "expected a string"},
		{file("{'descr"), "expected a string"},
		{file("{}"), "keys []"},
		{file("{'descr' '|u1'}"), `expected ":"`},
		{file("{'descr': '|u1' 'shape'"), `expected "}"`},
		{file("{'descr': '|u1', 'shape': (1,)}"), `keys ["descr" "shape"]`},
		{file("{'descr': '|u1', 'descr': '|u1', 'shape': (1,)}"), "second time"},
		{file("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'x': 1}"), `key "x"`},
		{file("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} x"), "expected the end"},
		{file("{'descr': '|u1', 'fortran_order': 0, 'shape': (1,)}"), "expected True or False"},
		{file("{'descr': '|u1', 'fortran_order': False, 'shape': 1}"), `expected "("`},
		{file("{'descr': '|u1', 'fortran_order': False, 'shape': (1 2)}"), `expected ")"`},
		{file("{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}"), "expected a dimension"},
		{file("{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999,)}"), "expected a dimension"},
		{file("{'descr': '|u1', 'fortran_order': False, 'shape': (65536, 65536)}"), "more than"},
		{file("{'descr': '<f8', 'fortran_order': True, 'shape': (2000000000, 2000000000, 2000000000, 2000000000)}"), "more than"},
		{file("{'descr': '|u1', 'fortran_order': False, 'shape': (" + strings.Repeat("1,", 33) + ")}"), "33 dimensions"},
		{file("{'descr': '|u1', 'fortran_order': False, 'shape': (2000000000,)}"), "0 of 2000000000 bytes"},
		{file("{'descr': '', 'fortran_order': False, 'shape': ()}"), `descr is ""`},
		{file("{'descr': 'u1', 'fortran_order': False, 'shape': ()}"), `descr is "u1"`},
		{file("{'descr': '|f4', 'fortran_order': False, 'shape': ()}"), `descr is "|f4"`},
		{file("{'descr': '<c8', 'fortran_order': False, 'shape': ()}"), `descr is "<c8"`},
		{file("{'descr': '|O', 'fortran_order': False, 'shape': ()}"), `descr is "|O"`},
		{file("{'descr': [('x', '<f4', (2,))], 'fortran_order': False, 'shape': ()}"), "field \"x\" is an array"},
	} {
		if _, err := Read(bytes.NewReader(c.data)); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, expected an ErrFormat with %s", c.data, err, c.want)
		}
	}
	broken := errors.New("broken")
	for _, n := range []int{0, 30, len(good)} {
		if _, err := Read(io.MultiReader(bytes.NewReader(good[:n]), iotest.ErrReader(broken))); !errors.Is(err, broken) || errors.Is(err, ErrFormat) {
			t.Errorf("broken after %d bytes: %v", n, err)
		}
	}
}

// archive returns a zip archive of the given entries.
func archive(t testing.TB, entries ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		w, err := z.Create(e[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadZipRefuses(t *testing.T) {
	x := string(file("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }", 1, 2))
	method := archive(t, [2]string{"x.npy", x})
	for i := range method {
		if i+10 < len(method) && string(method[i:i+4]) == "PK\x01\x02" {
			method[i+10] = 99
		}
	}
	flipped := archive(t, [2]string{"x.npy", x})
	flipped[bytes.Index(flipped, []byte("x.npy"))+12] ^= 0x55
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"no archive":     {[]byte(x), "zip"},
		"another entry":  {archive(t, [2]string{"x.txt", x}), `"x.txt"`},
		"twice":          {archive(t, [2]string{"x.npy", x}, [2]string{"x.npy", x}), "twice"},
		"no array":       {archive(t, [2]string{"x.npy", "hello"}), `entry "x.npy"`},
		"unknown method": {method, `entry "x.npy"`},
		"flipped":        {flipped, `entry "x.npy"`},
	} {
		if _, err := ReadZip(bytes.NewReader(c.data), int64(len(c.data))); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, expected an ErrFormat with %s", name, err, c.want)
		}
	}
	big := archive(t, [2]string{"a.npy", x}, [2]string{"b.npy", x})
	if _, err := readZip(bytes.NewReader(big), int64(len(big)), int64(2*len(x))); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "more than") {
		t.Errorf("an archive over the limit: %v", err)
	}
	if _, err := readZip(bytes.NewReader(big), int64(len(big)), int64(2*len(x)+1)); err != nil {
		t.Errorf("an archive below the limit: %v", err)
	}
}

// failing fails to write after n bytes.
type failing struct{ n int }

func (f *failing) Write(p []byte) (int, error) {
	if f.n -= len(p); f.n < 0 {
		return 0, errors.New("full")
	}
	return len(p), nil
}

func TestWriteFails(t *testing.T) {
	a := load(t, "c-order.npy")
	for _, n := range []int{0, 130} {
		if err := a.Write(&failing{n}); err == nil {
			t.Errorf("wrote after %d bytes", n)
		}
	}
	large, err := New(make([]float32, 10000), 10000)
	if err != nil {
		t.Fatal(err)
	}
	z := NewZipWriter(&failing{})
	if err := z.Add("x", large); err == nil {
		t.Error("wrote an archive")
	}
	if err := z.Add("x", large); err == nil {
		t.Error("wrote an archive after a failure")
	}
	if err := z.Close(); err == nil {
		t.Error("closed an archive")
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"b1", "big-f4", "little-i8", "fortran-order", "version-2", "version-3", "scalar", "empty"} {
		data, err := os.ReadFile(filepath.Join("testdata", name+".npy"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(file("{'descr': '<f8', 'fortran_order': True, 'shape': (2000000000, 0, 2000000000)}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Read(bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatal(err)
			}
			return
		}
		var b bytes.Buffer
		if err := a.Write(&b); err != nil {
			t.Fatal(err)
		}
		again, err := Read(&b)
		if err != nil || again.Type != a.Type || !slices.Equal(again.Shape, a.Shape) || !bytes.Equal(again.data, a.data) {
			t.Fatalf("%+v became %+v, %v", a, again, err)
		}
		if n := a.Len(); n > 0 {
			a.At(n - 1)
		}
	})
}

func FuzzReadZip(f *testing.F) {
	for _, name := range []string{"stored.npz", "packed.npz"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		archive, err := readSome(bytes.NewReader(data), int64(len(data)), 1<<24)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatal(err)
			}
			return
		}
		for _, a := range archive.Arrays {
			elements(a)
		}
		for _, r := range archive.Records {
			records(t, r)
		}
	})
}

// records expects the fields of records to be as many as their names, and as long as
// each other.
func records(t *testing.T, r *Records) {
	if len(r.Names) != len(r.Fields) || len(r.Fields) == 0 {
		t.Fatalf("%d names, %d fields", len(r.Names), len(r.Fields))
	}
	for _, a := range r.Fields {
		if a.Len() != r.Fields[0].Len() {
			t.Fatalf("fields of %d and %d elements", a.Len(), r.Fields[0].Len())
		}
		elements(a)
	}
}

// recordFile returns an array of records with a header of version 1.0.
func recordFile(header string, data ...byte) []byte {
	head := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
	return append(append(head, header...), data...)
}

const recordHeader = "{'descr': [('t', '<i8'), ('x', '>i2'), ('p', '|b1')], 'fortran_order': False, 'shape': (2L,), }"

func FuzzReadRecords(f *testing.F) {
	f.Add(recordFile(recordHeader, make([]byte, 22)...))
	f.Add(recordFile("{'descr': [('x', '<u2'), ('', '|V2'), ('t', '<i4')], 'fortran_order': False, 'shape': (1, 2)}", make([]byte, 16)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, r, err := ReadRecords(bytes.NewReader(data))
		if err != nil && !errors.Is(err, ErrFormat) || err == nil && (a == nil) == (r == nil) {
			t.Fatal(a, r, err)
		}
		if err == nil && r != nil {
			records(t, r)
		}
	})
}

// TestReadRecords reads an array of records, of both byte orders, and a header of
// Python 2.
func TestReadRecords(t *testing.T) {
	data := recordFile(recordHeader, 7, 0, 0, 0, 0, 0, 0, 0, 1, 2, 1, 8, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0)
	a, r, err := ReadRecords(bytes.NewReader(data))
	if err != nil || a != nil || !slices.Equal(r.Names, []string{"t", "x", "p"}) {
		t.Fatal(a, r, err)
	}
	for i, want := range [][]float64{{7, 8}, {258, 3}, {1, 0}} {
		if got := []float64{r.Fields[i].At(0), r.Fields[i].At(1)}; !slices.Equal(got, want) || r.Fields[i].Len() != 2 {
			t.Errorf("field %d is %v, expected %v", i, got, want)
		}
	}
	if _, err := Read(bytes.NewReader(data)); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), `records with the fields ["t" "x" "p"]`) {
		t.Errorf("records as an array: %v", err)
	}
	for _, descr := range []string{"[]", "[('t')]", "[('t', '<i8', (2,))]", "[('t', '<c8')]", "[('t', '<i8'", "[('t', '<i8'),, ]", "[('', '|V4')]", "[('t', '<i8'), ('', '|V-1')]", "[('t', '<i8'), ('', '|V9999')]", "[('v', '|V4')]"} {
		if _, _, err := ReadRecords(bytes.NewReader(recordFile("{'descr': " + descr + ", 'fortran_order': False, 'shape': ()}"))); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v, expected ErrFormat", descr, err)
		}
	}
}

// TestReadAlignedRecords passes over what lies between fields, as in the records of
// Metavision's events.
func TestReadAlignedRecords(t *testing.T) {
	_, r, err := ReadRecords(bytes.NewReader(recordFile("{'descr': [('x', '<u2'), ('p', '|i1'), ('', '|V1'), ('t', '<i4')], 'fortran_order': False, 'shape': (2,)}",
		1, 0, 255, 9, 7, 0, 0, 0, 2, 0, 1, 9, 8, 0, 0, 0)))
	if err != nil || !slices.Equal(r.Names, []string{"x", "p", "t"}) {
		t.Fatal(r, err)
	}
	for i, want := range [][]float64{{1, 2}, {-1, 1}, {7, 8}} {
		if got := []float64{r.Fields[i].At(0), r.Fields[i].At(1)}; !slices.Equal(got, want) {
			t.Errorf("field %d is %v, expected %v", i, got, want)
		}
	}
}

// TestReadArchive reads records beside arrays, and tells why others are not read.
func TestReadArchive(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range []struct {
		name string
		data []byte
	}{
		{"events.npy", recordFile(recordHeader, make([]byte, 22)...)},
		{"words.npy", recordFile("{'descr': '<U3', 'fortran_order': False, 'shape': ()}")},
		{"x.npy", recordFile("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", 5)},
	} {
		w, err := z.Create(e.name)
		if err == nil {
			_, err = w.Write(e.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	a, err := ReadArchive(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil || !slices.Equal(a.Names(), []string{"events", "words", "x"}) || a.Records["events"] == nil || a.Arrays["x"].At(0) != 5 || !strings.Contains(a.Unread["words"].Error(), "<U3") {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := ReadZip(bytes.NewReader(b.Bytes()), int64(b.Len())); err == nil || !strings.Contains(err.Error(), `"events.npy": malformed NumPy array: an array of records`) {
		t.Errorf("records as an array: %v", err)
	}
}
