package tensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/snurun/snurun/internal/float16"
)

// metadataKey is where a safetensors file keeps a description.
const metadataKey = "snurun"

// maxHeader is the longest header that the safetensors library reads.
const maxHeader = 100_000_000

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

// readSafetensors reads the format of github.com/huggingface/safetensors: the
// length of a header (uint64, little-endian), the header, a JSON object with
// dtype, shape and data_offsets of each tensor, and the data, which the tensors
// cover without holes or overlaps.
func readSafetensors(data []byte) (*File, error) {
	if len(data) < 8 {
		return nil, malformed("%d bytes, expected the 8 bytes that a safetensors file begins with, or a .npz archive", len(data))
	}
	length := binary.LittleEndian.Uint64(data)
	rest := data[8:]
	if length > uint64(len(rest)) || length > maxHeader {
		return nil, malformed("byte 0: a header of %d bytes, but %d are left: neither safetensors nor a .npz archive", length, len(rest))
	}
	f := &File{Tensors: map[string]Tensor{}, unread: map[string]error{}}
	entries, err := f.header(rest[:length])
	if err != nil {
		return nil, err
	}
	return f, f.data(entries, rest[length:])
}

// entry is what the header says of a tensor.
type entry struct {
	name    string
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets []uint64 `json:"data_offsets"`
}

// header reads the JSON object before the data. It sets the description.
func (f *File) header(text []byte) ([]entry, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	fail := func(err error) error { return malformed("header, byte %d: %v", 8+d.InputOffset(), err) }
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, malformed("byte 8: the header is not a JSON object: neither safetensors nor a .npz archive")
	}
	var entries []entry
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, fail(err)
		}
		name, ok := t.(string)
		if !ok || seen[name] {
			return nil, malformed("header, byte %d: %v, expected a name that did not occur before", 8+d.InputOffset(), t)
		}
		seen[name] = true
		if name == "__metadata__" {
			var m map[string]string
			if err := d.Decode(&m); err != nil {
				return nil, fail(err)
			}
			f.Description = m[metadataKey]
			continue
		}
		e := entry{name: name}
		if err := fields(d, &e); err != nil {
			return nil, fail(err)
		}
		entries = append(entries, e)
	}
	if _, err := d.Token(); err != nil {
		return nil, fail(err)
	}
	if _, err := d.Token(); err != io.EOF { // padding with spaces is allowed
		return nil, malformed("header, byte %d: something follows the JSON object", 8+d.InputOffset())
	}
	return entries, nil
}

// data reads the tensors of the header from what follows it.
func (f *File) data(entries []entry, data []byte) error {
	for i := range entries {
		if e := &entries[i]; len(e.Offsets) != 2 {
			return malformed("tensor %q: data_offsets has %d numbers, expected 2", e.name, len(e.Offsets))
		}
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		switch {
		case a.Offsets[0] != b.Offsets[0]:
			return cmpUint(a.Offsets[0], b.Offsets[0])
		default:
			return cmpUint(a.Offsets[1], b.Offsets[1])
		}
	})
	at := uint64(0)
	for _, e := range entries {
		from, to := e.Offsets[0], e.Offsets[1]
		if from != at || to < from || to > uint64(len(data)) {
			return malformed("tensor %q: data_offsets is %v, expected to begin at %d and to end by %d", e.name, e.Offsets, at, len(data))
		}
		at = to
		t, err := e.decode(data[from:to])
		if errors.Is(err, errDType) {
			f.unread[e.name] = fmt.Errorf("tensor %q: %w", e.name, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("tensor %q: %w", e.name, err)
		}
		f.Tensors[e.name] = t
	}
	if at != uint64(len(data)) {
		return malformed("the tensors end at byte %d of the data, the data at byte %d", at, len(data))
	}
	return nil
}

func cmpUint(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// dtypes are those that are read, otherDTypes those that safetensors has besides.
const dtypes = "F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8 or BOOL"

var otherDTypes = []string{"F8_E4M3", "F8_E5M2", "F8_E8M0", "F6_E2M3", "F6_E3M2", "F4", "C64"}

var errDType = fmt.Errorf("%w: elements that are not read", ErrFormat)

// decode decodes the elements of a tensor.
func (e *entry) decode(data []byte) (Tensor, error) {
	size, read := decoder(e.DType)
	switch {
	case read != nil:
	case slices.Contains(otherDTypes, e.DType):
		return Tensor{}, fmt.Errorf("%w: dtype is %q, expected %s", errDType, e.DType, dtypes)
	default:
		return Tensor{}, malformed("dtype is %q, expected %s", e.DType, dtypes)
	}
	n := uint64(1)
	for _, d := range e.Shape {
		if d < 0 || uint64(d) > uint64(len(data)) && d > 0 && n > 0 {
			return Tensor{}, malformed("shape is %v, but there are %d bytes of data", e.Shape, len(data))
		}
		if n *= uint64(d); n > uint64(len(data)) {
			return Tensor{}, malformed("shape is %v, but there are %d bytes of data", e.Shape, len(data))
		}
	}
	if n*uint64(size) != uint64(len(data)) {
		return Tensor{}, malformed("shape %v of %s needs %d bytes, but data_offsets holds %d", e.Shape, e.DType, n*uint64(size), len(data))
	}
	t := Tensor{e.Shape, make([]float32, n)}
	for i := range t.Data {
		t.Data[i] = read(data[i*size:])
	}
	return t, nil
}

// decoder returns the size of an element of a dtype, and what reads one; nil for
// an unknown one.
func decoder(dtype string) (int, func([]byte) float32) {
	le := binary.LittleEndian
	switch dtype {
	case "F64":
		return 8, func(b []byte) float32 { return float32(math.Float64frombits(le.Uint64(b))) }
	case "F32":
		return 4, func(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) }
	case "F16":
		return 2, func(b []byte) float32 { return float16.Float32(le.Uint16(b)) }
	case "BF16":
		return 2, func(b []byte) float32 { return math.Float32frombits(uint32(le.Uint16(b)) << 16) }
	case "U64":
		return 8, func(b []byte) float32 { return float32(le.Uint64(b)) }
	case "U32":
		return 4, func(b []byte) float32 { return float32(le.Uint32(b)) }
	case "U16":
		return 2, func(b []byte) float32 { return float32(le.Uint16(b)) }
	case "I64":
		return 8, func(b []byte) float32 { return float32(int64(le.Uint64(b))) }
	case "I32":
		return 4, func(b []byte) float32 { return float32(int32(le.Uint32(b))) }
	case "I16":
		return 2, func(b []byte) float32 { return float32(int16(le.Uint16(b))) }
	case "I8":
		return 1, func(b []byte) float32 { return float32(int8(b[0])) }
	case "U8", "BOOL":
		return 1, func(b []byte) float32 { return float32(b[0]) }
	}
	return 0, nil
}
