package serve

import (
	"encoding/binary"
	"math"
)

// rawSize is the length of the elements as raw bytes.
func (t *tensor) rawSize() int {
	if t.datatype != typeBytes {
		return t.len() * elementSize(t.datatype)
	}
	n := 0
	for _, text := range t.texts {
		n += 4 + len(text)
	}
	return n
}

// appendRaw appends the elements as raw bytes: little-endian and without gaps, a text
// behind its length as an uint32.
func (t *tensor) appendRaw(b []byte) []byte {
	switch t.datatype {
	case typeFP32:
		for _, v := range t.floats {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
	case typeInt32:
		for _, v := range t.ints {
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		}
	case typeInt64:
		for _, v := range t.ints {
			b = binary.LittleEndian.AppendUint64(b, uint64(v))
		}
	case typeBytes:
		for _, text := range t.texts {
			b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
			b = append(b, text...)
		}
	default:
		b = append(b, t.bytes...)
	}
	return b
}

// readRaw takes the elements from raw bytes, of which texts keep the memory.
func (t *tensor) readRaw(b []byte) error {
	n, err := t.volume()
	if err != nil {
		return err
	}
	if size := elementSize(t.datatype); size > 0 && len(b) != n*size {
		return badRequest("input %q has %d bytes, %s of shape %v takes %d", short(t.name), len(b), t.datatype, t.shape, n*size)
	}
	switch t.datatype {
	case typeUint8, typeBool:
		t.bytes = append(t.bytes, b...)
	case typeFP32:
		for i := range n {
			t.floats = append(t.floats, math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
		}
	case typeInt32:
		for i := range n {
			t.ints = append(t.ints, int64(int32(binary.LittleEndian.Uint32(b[4*i:]))))
		}
	case typeInt64:
		for i := range n {
			t.ints = append(t.ints, int64(binary.LittleEndian.Uint64(b[8*i:])))
		}
	case typeBytes:
		for len(b) > 0 {
			if len(t.texts) == n {
				return badRequest("input %q has more texts than the %d of its shape %v", short(t.name), n, t.shape)
			}
			if len(b) < 4 || uint64(len(b)-4) < uint64(binary.LittleEndian.Uint32(b)) {
				return badRequest("input %q: text %d is cut short", short(t.name), len(t.texts))
			}
			end := 4 + int(binary.LittleEndian.Uint32(b))
			t.texts = append(t.texts, b[4:end])
			b = b[end:]
		}
	default:
		return unknownType(t)
	}
	return nil
}

// later notes that so many raw bytes follow the JSON.
func (t *tensor) later(size int) { t.isRaw, t.raw = true, size }

// readBinary takes the elements that follow the JSON of a request, tensor after
// tensor.
func (q *request) readBinary(b []byte) error {
	for i := range q.inputs {
		t := &q.inputs[i]
		if !t.isRaw {
			continue
		}
		if t.raw > len(b) {
			return badRequest("input %q: binary_data_size is %d, %d bytes are left", short(t.name), t.raw, len(b))
		}
		if err := t.readRaw(b[:t.raw]); err != nil {
			return err
		}
		b = b[t.raw:]
	}
	if len(b) > 0 {
		return badRequest("%d bytes follow the last input", len(b))
	}
	return nil
}

// isBinary reports whether output i goes out as raw bytes.
func (q *request) isBinary(i int) bool {
	if i < len(q.outputs) && q.outputs[i].form != formDefault {
		return q.outputs[i].form == formBinary
	}
	return q.binary
}
