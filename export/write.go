package export

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/snurun/snurun/model"
	"github.com/snurun/snurun/spike"
)

// Write writes n as a model file. The same network always gives the same
// bytes. A network that is not valid, or that the format cannot hold, is
// refused with model.ErrInvalid or ErrLimit.
func Write(w io.Writer, n *model.Network) error {
	if err := write(w, n); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

func write(w io.Writer, n *model.Network) error {
	if err := n.Validate(); err != nil {
		return err
	}
	sum := sha256.New()
	buf := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16)
	e := &encoder{w: buf, mp: msgpack.NewEncoder(buf)}
	e.network(n)
	e.raw([]byte(trailer))
	e.do(buf.Flush)
	e.do(func() error {
		_, err := w.Write(sum.Sum(nil))
		return err
	})
	return e.err
}

// encoder writes MessagePack values until the first error, which it keeps.
type encoder struct {
	w   *bufio.Writer
	mp  *msgpack.Encoder
	err error
}

// do keeps the error of writing.
func (e *encoder) do(write func() error) {
	if e.err == nil {
		e.err = write()
	}
}

func (e *encoder) fail(kind error, where, format string, args ...any) {
	e.do(func() error { return fmt.Errorf("%w: %s: %s", kind, where, fmt.Sprintf(format, args...)) })
}

func (e *encoder) raw(b []byte) {
	e.do(func() error {
		_, err := e.w.Write(b)
		return err
	})
}

// mapOf and arrayOf write the header of what follows.
func (e *encoder) mapOf(n int)   { e.do(func() error { return e.mp.EncodeMapLen(n) }) }
func (e *encoder) arrayOf(n int) { e.do(func() error { return e.mp.EncodeArrayLen(n) }) }

func (e *encoder) str(s string)         { e.do(func() error { return e.mp.EncodeString(s) }) }
func (e *encoder) number(x float64)     { e.do(func() error { return e.mp.EncodeFloat64(x) }) }
func (e *encoder) float32(x float32)    { e.do(func() error { return e.mp.EncodeFloat32(x) }) }
func (e *encoder) boolean(b bool)       { e.do(func() error { return e.mp.EncodeBool(b) }) }
func (e *encoder) name(where, s string) { e.checked(where, s, maxName, badName) }
func (e *encoder) text(where, s string) { e.checked(where, s, maxText, badText) }

func (e *encoder) checked(where, s string, most int, bad func(string) string) {
	if len(s) > most {
		e.fail(ErrLimit, where, "found a string of %d bytes, at most %d are allowed", len(s), most)
	}
	if found := bad(s); found != "" {
		e.fail(model.ErrInvalid, where, "found %s", found)
	}
	e.str(s)
}

// count writes an integer that fits an int on every machine; Validate has
// checked that it is not negative.
func (e *encoder) count(where string, n int) {
	e.atMost(where, n, maxInt)
	e.do(func() error { return e.mp.EncodeUint(uint64(n)) })
}

func (e *encoder) atMost(where string, n, most int) {
	if n > most {
		e.fail(ErrLimit, where, "found %d, at most %d are allowed", n, most)
	}
}

func (e *encoder) network(n *model.Network) {
	keys := 12
	if n.SelfTest != nil {
		keys++
	}
	e.mapOf(keys)
	e.str("format")
	e.str(formatName)
	e.str("version")
	e.count("version", versionOf(n))
	e.str("name")
	e.name("name", n.Name)
	e.str("created_by")
	e.name("created_by", n.CreatedBy)
	e.str("metadata")
	e.metadata(n.Metadata)
	e.str("dt_ms")
	e.number(float64(n.Input.Dt))
	e.str("steps")
	e.count("steps", n.Steps)
	e.str("input")
	e.mapOf(2)
	e.str("shape")
	e.shape("input.shape", n.Input.Shape)
	e.str("encoder")
	e.encoder(n.Input.Encoder)
	e.str("classes")
	e.atMost("classes", len(n.Classes), maxClasses)
	e.arrayOf(len(n.Classes))
	for i, name := range n.Classes {
		e.name(fmt.Sprintf("classes[%d]", i), name)
	}
	e.str("layers")
	e.arrayOf(len(n.Layers))
	for i := range n.Layers {
		e.layer(fmt.Sprintf("layers[%d]", i), &n.Layers[i])
	}
	e.str("readout")
	e.readout(n.Readout)
	if n.SelfTest != nil {
		e.str("selftest")
		e.selfTest(n.SelfTest)
	}
}

func (e *encoder) metadata(m map[string]any) {
	e.atMost("metadata", len(m), maxMetadata)
	e.mapOf(len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		where := fmt.Sprintf("metadata[%q]", k)
		e.name(where, k)
		switch v := m[k].(type) {
		case string:
			e.text(where, v)
		case float64:
			e.number(v)
		}
	}
}

func (e *encoder) readout(r model.Readout) {
	fields := 1
	if r.Margin != 0 {
		fields++
	}
	if r.Floor != (model.Floor{}) {
		fields++
	}
	e.mapOf(fields)
	e.str("kind")
	e.str(string(r.Kind))
	if r.Margin != 0 {
		e.str("margin")
		e.float32(r.Margin)
	}
	if r.Floor != (model.Floor{}) {
		e.str("floor")
		e.mapOf(3)
		e.str("events")
		e.do(func() error { return e.mp.EncodeInt(r.Floor.Events) })
		e.str("score")
		e.float32(r.Floor.Score)
		e.str("lead")
		e.float32(r.Floor.Lead)
	}
}

func (e *encoder) selfTest(st *model.SelfTest) {
	e.mapOf(2)
	e.str("inputs")
	e.atMost("selftest.inputs", len(st.Inputs), maxSelfTests)
	e.arrayOf(len(st.Inputs))
	for _, x := range st.Inputs {
		switch x := x.(type) {
		case spike.Train:
			e.selfTestInput(x, "spikes")
			e.bin(8*uint64(len(x.Words())), "selftest.inputs")
			e.words(x.Words())
		case spike.Values:
			e.selfTestInput(x, "values")
			e.bin(4*uint64(x.Steps())*uint64(x.Size()), "selftest.inputs")
			e.floats(x.Data())
		}
	}
	e.str("digest")
	e.bin(uint64(len(st.Digest)), "selftest.digest")
	e.raw(st.Digest[:])
}

// selfTestInput writes an input up to the key of its data.
func (e *encoder) selfTestInput(x spike.Input, data string) {
	e.mapOf(3)
	e.str("steps")
	e.count("selftest.inputs", x.Steps())
	e.str("size")
	e.count("selftest.inputs", x.Size())
	e.str(data)
}

func (e *encoder) shape(where string, shape []int) {
	e.atMost(where+" (dimensions)", len(shape), maxRank)
	e.arrayOf(len(shape))
	for _, n := range shape {
		e.count(where, n)
	}
}

// parameter writes one value for all neurons, or a tensor of one each.
func (e *encoder) parameter(values []float32) {
	if len(values) == 1 {
		e.float32(values[0])
		return
	}
	e.tensor(&model.Tensor{Shape: []int{len(values)}, F32: values})
}

func (e *encoder) tensor(t *model.Tensor) {
	if t.I8 == nil {
		e.mapOf(3)
		e.tensorHead("f32", t.Shape)
		e.str("data")
		e.bin(4*uint64(len(t.F32)), "tensor")
		e.floats(t.F32)
		return
	}
	e.mapOf(4)
	dtype := "i8"
	if t.Integer {
		dtype = "q8"
	}
	e.tensorHead(dtype, t.Shape)
	e.str("scale")
	e.parameter(t.Scale)
	e.str("data")
	e.bin(uint64(len(t.I8)), "tensor")
	b := make([]byte, len(t.I8))
	for i, x := range t.I8 {
		b[i] = byte(x)
	}
	e.raw(b)
}

func (e *encoder) tensorHead(dtype string, shape []int) {
	e.str("dtype")
	e.str(dtype)
	e.str("shape")
	e.shape("shape", shape)
}

// bin writes the header of n bytes of binary data.
func (e *encoder) bin(n uint64, where string) {
	if n > maxInt {
		e.fail(ErrLimit, where, "found %d bytes, at most %d are allowed", n, maxInt)
		return
	}
	e.do(func() error { return e.mp.EncodeBytesLen(int(n)) })
}

func (e *encoder) floats(values []float32) {
	var b [1 << 10]byte
	for part := range slices.Chunk(values, len(b)/4) {
		for i, x := range part {
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(x))
		}
		e.raw(b[:4*len(part)])
	}
}

func (e *encoder) words(words []uint64) {
	var b [8]byte
	for _, w := range words {
		binary.LittleEndian.PutUint64(b[:], w)
		e.raw(b[:])
	}
}
